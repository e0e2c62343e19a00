"""A schema as rows to show: fields, groups of elements, links that open lazily.

Paths start from the schema that was picked (``folder/@label``), so a row's path is
what an expression writes between square brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ...schemas.model import Collection, Field, Link, Schema
from ...xtk.types import EnumValue

Lookup = Callable[[str], Schema]
Sort = Literal["field", "group", "link", "collection"]
"""``collection``: many items stored in the record as XML.  `session.query` selects
none of them, so their fields are not offered; the line says that they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the tree; all texts but ``sort`` and ``path`` come from a server.

    ``is_open`` is None for what cannot be opened; ``many`` marks what has several
    items for each record.
    """

    path: str
    sort: Sort
    label: str
    depth: int = 0
    type: str = ""
    marks: tuple[str, ...] = ()
    values: tuple[EnumValue, ...] = ()
    description: str = ""
    is_open: bool | None = None
    many: bool = False

    @property
    def can_be_chosen(self) -> bool:
        """Whether a query can select it: a field, or the text of a 1-1 link."""
        return self.sort == "field" or (self.sort == "link" and not self.many)

    def holds(self, words: list[str]) -> bool:
        """Tell whether every word stands in its path, label or description."""
        text = f"{self.path}\n{self.label}\n{self.description}".casefold()
        return all(word in text for word in words)


@dataclass(frozen=True, slots=True)
class _Branch:
    """A row and what stands below it; None below a link that was never opened."""

    row: Row
    below: tuple[_Branch, ...] | None = ()


class Tree:
    """The rows of one schema.  Links are followed when they are opened, not before.

    ``lookup`` finds the schemas that links lead to; it may ask a server.
    """

    def __init__(self, schema: Schema, lookup: Lookup) -> None:
        self.schema = schema
        self._lookup = lookup
        self._levels: dict[str, tuple[_Branch, ...]] = {"": _level(schema, "", 0)}
        self._opened: set[str] = {
            branch.row.path for branch in self._levels[""] if branch.row.sort == "group"
        }
        self._targets: dict[str, Schema] = {}

    def toggle(self, path: str) -> None:
        """Open or close a row.  Raises what ``lookup`` raises for a link's schema."""
        if path in self._opened:
            self._opened.remove(path)
            return
        branch = next((b for b in self._known() if b.row.path == path), None)
        if branch is None or branch.row.is_open is None:
            return
        if branch.row.sort == "link" and path not in self._levels:
            self._follow(path, branch.row)
        self._opened.add(path)

    def reveal(self, search: str) -> None:
        """Open whatever holds a row that fits; no link is followed for it."""
        words = search.casefold().split()
        if words:
            self._reveal(self._levels[""], words)

    def rows(self, search: str = "") -> list[Row]:
        """Return the rows in order: those that are open to view, or that fit.

        With words, rows that hold all of them, with the rows they stand under; a row
        that fits and is open shows all it has if none of that fits.  A link that was
        never opened is not followed for it.
        """
        words = search.casefold().split()
        top = self._levels[""]
        return list(self._found(top, words) if words else self._shown(top))

    def _follow(self, path: str, row: Row) -> None:
        owner, prefix = self.schema, ""
        for known in sorted(self._targets, key=len):
            if path.startswith(f"{known}/"):
                owner, prefix = self._targets[known], f"{known}/"
        link = owner.link_by_path[path.removeprefix(prefix)]
        target = self._lookup(link.target)
        self._targets[path] = target
        level = _level(target, f"{path}/", row.depth + 1)
        self._levels[path] = level
        self._opened |= {b.row.path for b in level if b.row.sort == "group"}

    def _known(self) -> Iterator[_Branch]:
        for level in self._levels.values():
            for branch in level:
                yield branch
                yield from branch.below or ()

    def _below(self, branch: _Branch) -> tuple[_Branch, ...]:
        if branch.row.sort == "link":
            return self._levels.get(branch.row.path, ())
        return branch.below or ()

    def _shown(self, level: tuple[_Branch, ...]) -> Iterator[Row]:
        for branch in level:
            is_open = branch.row.path in self._opened
            yield self._drawn(branch.row, is_open)
            if is_open:
                yield from self._shown(self._below(branch))

    def _reveal(self, level: tuple[_Branch, ...], words: list[str]) -> bool:
        """Open what stands above rows that fit; tell whether the level has any."""
        fits = False
        for branch in level:
            inside = self._reveal(self._below(branch), words)
            if inside:
                self._opened.add(branch.row.path)
            fits = fits or inside or branch.row.holds(words)
        return fits

    def _found(self, level: tuple[_Branch, ...], words: list[str]) -> Iterator[Row]:
        for branch in level:
            inside = self._below(branch)
            below = list(self._found(inside, words))
            if not below and not branch.row.holds(words):
                continue
            is_open = branch.row.path in self._opened
            yield self._drawn(branch.row, is_open)
            if is_open:
                yield from below or self._shown(inside)

    def _drawn(self, row: Row, is_open: bool) -> Row:
        if row.is_open is None:
            return row
        target = self._targets.get(row.path)
        marks = row.marks if target is None else (*row.marks, place(target))
        return replace(row, is_open=is_open, marks=marks)


def place(schema: Schema) -> str:
    """Return where a schema's records live: ``local``, ``cloud``, ``staged, cloud``."""
    return "staged, cloud" if schema.staged else schema.database


def _level(schema: Schema, prefix: str, depth: int) -> tuple[_Branch, ...]:
    """Return what stands directly in a schema: fields, groups, collections, links."""
    keys = _key_marks(schema)
    own: list[_Branch] = []
    groups: dict[str, list[_Branch]] = {}

    def put(path: str, row: Row, below: tuple[_Branch, ...] | None = ()) -> None:
        head = path.rpartition("/")[0]
        if head:
            row = replace(row, depth=depth + 1)
        groups.setdefault(head, own if not head else []).append(_Branch(row, below))

    for field in schema.fields:
        put(field.path, _field(field, prefix, depth, keys.get(field.path, ())))
    for collection in schema.collections:
        put(collection.path, _collection(collection, prefix, depth))
    for link in schema.links:
        put(link.path, _link(link, prefix, depth), None)
    made_groups = [
        _Branch(_group(head, prefix, depth), tuple(inside))
        for head, inside in groups.items()
        if head
    ]
    fields = [b for b in own if b.row.sort == "field"]
    others = [b for b in own if b.row.sort != "field"]
    return (*fields, *made_groups, *others)


def _field(field: Field, prefix: str, depth: int, keys: tuple[str, ...]) -> Row:
    length = "" if field.length is None else f"({field.length})"
    kinds = (
        (field.required, "required"),
        (field.expr is not None, "computed"),
        (field.xml and field.expr is None, "stored as XML"),
    )
    return Row(
        path=prefix + field.path,
        sort="field",
        label=_words(field.label) or field.path,
        depth=depth,
        type=f"{field.type.name}{length}",
        marks=(*keys, *(word for holds, word in kinds if holds)),
        values=field.enum.values if field.enum else (),
        description=_words(field.description),
    )


def _group(head: str, prefix: str, depth: int) -> Row:
    return Row(
        path=prefix + head,
        sort="group",
        label=head,
        depth=depth,
        type="group",
        is_open=False,
    )


def _link(link: Link, prefix: str, depth: int) -> Row:
    return Row(
        path=prefix + link.path,
        sort="link",
        label=_words(link.label) or link.path,
        depth=depth,
        type=f"→ {link.target}",
        marks=("many",) if link.unbound else (),
        description=_words(link.description),
        is_open=False,
        many=link.unbound,
    )


def _collection(collection: Collection, prefix: str, depth: int) -> Row:
    return Row(
        path=prefix + collection.path,
        sort="collection",
        label=_words(collection.label) or collection.path,
        depth=depth,
        type="collection",
        marks=("many", "stored as XML", "in no query"),
        many=True,
    )


def _key_marks(schema: Schema) -> dict[str, tuple[str, ...]]:
    """Return the marks of fields that stand in keys, or else in indexes."""
    marks: dict[str, tuple[str, ...]] = {}

    def mark(paths: tuple[str, ...], word: str) -> None:
        for path in paths:
            if word not in marks.get(path, ()):
                marks[path] = (*marks.get(path, ()), word)

    for key in schema.keys:
        mark(key.paths, "primary key" if key is schema.internal_key else "key")
    keyed = frozenset(marks)
    for index in schema.indexes:
        others = tuple(path for path in index.paths if path not in keyed)
        mark(others, "unique index" if index.unique else "index")
    return marks


def _words(text: str) -> str:
    """Return a text of a server on one line."""
    return " ".join(text.split())
