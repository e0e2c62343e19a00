"""Columns → the record they write and the records it is linked to (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..errors import InvalidOption
from ..frames.encode import Element
from ..schemas.model import Field, Link, Schema
from ..schemas.resolve import Hop, Lookup
from .columns import Target, bracketed, check_writable, list_of, target
from .keys import candidates, choose_key

OPERATION: Final = "_operation"
"""The column that says what becomes of each row."""
OPERATIONS: Final = ("insertOrUpdate", "insert", "update", "delete")
LINK_OPERATIONS: Final = ("none", "update", "insertOrUpdate", "insert")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One column of texts.

    ``name`` is what the frame calls it, empty for one that the layout adds; ``path``
    leads there from the written record, ``local`` from the entity that has the field.
    ``is_written`` is False where a link is only found and the column is not needed for
    that.
    """

    name: str
    path: str
    local: str
    field: Field
    is_key: bool = False
    is_written: bool = True

    @property
    def expr(self) -> str:
        """The path as a query selects it."""
        return bracketed(self.path)

    @property
    def is_derived(self) -> bool:
        """True for a foreign key that no column gives: it empties a link."""
        return not self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """The written record (``link`` None) or one that it is linked to.

    ``path`` leads to it from the written record; ``key`` are local paths.
    """

    schema: Schema
    path: str = ""
    link: Link | None = None
    operation: str | None = None
    key: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    links: tuple[Entity, ...] = ()

    @property
    def key_paths(self) -> tuple[str, ...]:
        """The key's paths from the written record."""
        return tuple(_join(self.path, path) for path in self.key)

    def all_slots(self) -> Iterator[Slot]:
        """Yield the columns of this entity and of those it is linked to."""
        yield from self.slots
        for link in self.links:
            yield from link.all_slots()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each column goes.

    ``notes`` are sentences that a preview should show.
    """

    root: Entity
    element: Element
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The paths of the key: ``@email``, ``folder/@name``."""
        return self.root.key

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What is written, links included, in the order of ``Rows.table``."""
        return tuple(slot for slot in self.root.all_slots() if slot.is_written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user said about a write besides its rows."""

    key: str | Sequence[str] | None = None
    operation: str = "insertOrUpdate"
    links: Mapping[str, str] | None = None


def plan_layout(
    names: Sequence[str], schema: Schema, lookup: Lookup, wishes: Wishes
) -> Layout:
    """Return where the columns of a frame go.

    Raises UnknownName for a column that is no field, UserError for one that the server
    computes, InvalidOption for a key, a link or an operation that does not fit.
    """
    if wishes.operation not in OPERATIONS:
        raise _unknown_operation(wishes.operation, OPERATIONS)
    targets = _targets(names, schema, lookup)
    links = _link_operations(wishes.links or {}, targets, schema, lookup)
    root = _Builder(links).entity(schema, targets)
    root = _keyed(root, wishes, lookup)
    per_row = OPERATION in names
    element = _element(root, wishes.operation, per_row=per_row)
    return Layout(root=root, element=element, notes=tuple(_notes(root)))


def _targets(names: Sequence[str], schema: Schema, lookup: Lookup) -> list[Target]:
    targets: dict[str, Target] = {}
    for name in names:
        if name == OPERATION:
            continue
        found = target(name, schema, lookup)
        check_writable(found)
        if (other := targets.get(found.path)) is not None:
            raise InvalidOption(
                f"The columns {other.name!r} and {name!r} are both {found.path}.",
                hint="drop one of them",
            )
        targets[found.path] = found
    return list(targets.values())


def _link_operations(
    links: Mapping[str, str], targets: Iterable[Target], schema: Schema, lookup: Lookup
) -> dict[str, str]:
    """Return the operations of links by path."""
    used = {
        "/".join(hop.link.path for hop in one.found.hops[: count + 1])
        for one in targets
        for count in range(len(one.found.hops))
    }
    operations = {}
    for name, operation in links.items():
        found = target(name, schema, lookup)
        if found.path not in used:
            raise InvalidOption(
                f"No column belongs to the link {name!r}.",
                hint=f"links with columns: {', '.join(sorted(used)) or 'none'}",
            )
        if operation not in LINK_OPERATIONS:
            raise _unknown_operation(operation, LINK_OPERATIONS)
        operations[found.path] = operation
    return operations


def _unknown_operation(operation: str, known: Sequence[str]) -> InvalidOption:
    return InvalidOption(
        f"{operation!r} is no operation.", hint=f"use one of {', '.join(known)}"
    )


@dataclass(frozen=True, slots=True)
class _Builder:
    """Sorts columns into entities."""

    operations: Mapping[str, str]

    def entity(
        self, schema: Schema, targets: Iterable[Target], depth: int = 0
    ) -> Entity:
        """Return the entity of these columns, with the links ``depth`` hops away."""
        own: list[Target] = []
        prefix: Sequence[Hop] = ()
        linked: dict[str, list[Target]] = {}
        for one in targets:
            hops = one.found.hops
            prefix = hops[:depth]
            if len(hops) == depth:
                own.append(one)
            else:
                linked.setdefault(hops[depth].link.path, []).append(one)
        links = tuple(self._link(group, depth) for group in linked.values())
        slots = [_slot(one) for one in own]
        path = "/".join(hop.link.path for hop in prefix)
        return Entity(
            schema=schema,
            path=path,
            slots=(*slots, *_foreign_keys(schema, path, slots, links)),
            links=links,
        )

    def _link(self, targets: Sequence[Target], depth: int) -> Entity:
        hops = targets[0].found.hops[: depth + 1]
        path = "/".join(hop.link.path for hop in hops)
        inner = self.entity(hops[-1].target, targets, depth + 1)
        operation = self.operations.get(path, "none")
        given = _given(inner)
        key = choose_key(inner.schema, given) or _all_of(given)
        written = operation != "none"
        return replace(
            inner,
            path=path,
            link=hops[-1].link,
            operation=operation,
            key=key,
            slots=tuple(
                replace(slot, is_written=written or slot.local in key)
                for slot in inner.slots
            ),
            links=tuple(
                link
                for link in inner.links
                if written or any(k.startswith(f"{_tail(link)}/") for k in key)
            ),
        )


def _slot(one: Target) -> Slot:
    field = one.found.field
    if field is None:  # check_writable has refused it
        raise InvalidOption(f"{one.name!r} is no field.")
    prefix = "/".join(hop.link.path for hop in one.found.hops)
    return Slot(
        name=one.name, path=_join(prefix, field.path), local=field.path, field=field
    )


def _foreign_keys(
    schema: Schema, path: str, slots: Iterable[Slot], links: Iterable[Entity]
) -> Iterator[Slot]:
    """Yield the fields that empty a link, where no column of the data is one."""
    known = {slot.local for slot in slots}
    for link in links:
        for join in link.link.joins if link.link is not None else ():
            field = schema.field_by_path.get(join.source)
            if field is not None and field.expr is None and join.source not in known:
                known.add(join.source)
                full = _join(path, join.source)
                yield Slot(name="", path=full, local=join.source, field=field)


def _given(entity: Entity) -> dict[str, tuple[str, ...]]:
    """Return what columns give a local path: itself, or the key of its link."""
    given: dict[str, tuple[str, ...]] = {
        slot.local: (slot.local,) for slot in entity.slots if slot.name
    }
    for one in entity.links:
        paths = tuple(f"{_tail(one)}/{path}" for path in one.key)
        for join in one.link.joins if one.link is not None else ():
            given.setdefault(join.source, paths)
    return given


def _all_of(given: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return every column as a key: what there is must do."""
    return tuple(dict.fromkeys(path for paths in given.values() for path in paths))


def _tail(entity: Entity) -> str:
    return entity.link.path if entity.link is not None else ""


def _join(prefix: str, path: str) -> str:
    return f"{prefix}/{path}" if prefix else path


def _keyed(root: Entity, wishes: Wishes, lookup: Lookup) -> Entity:
    """Return the record with its key: the user's, else one of the schema's."""
    usable = (s for s in root.all_slots() if s.is_written and not s.is_derived)
    known = {slot.path: slot for slot in usable}
    if wishes.key:
        key = tuple(
            _key_part(name, root, known, lookup) for name in list_of(wishes.key)
        )
    else:
        chosen = choose_key(root.schema, _given(root))
        if chosen is None:
            raise InvalidOption(
                f"No column of the data tells which {root.schema.id} a row is.",
                hint=candidates(root.schema, known),
            )
        key = chosen
    return _with_keys(root, key, frozenset(key))


def _key_part(
    name: str, root: Entity, known: Mapping[str, Slot], lookup: Lookup
) -> str:
    found = target(name, root.schema, lookup)
    if found.path not in known:
        raise InvalidOption(
            f"The key {name!r} is no column of the data.",
            hint=f"the columns are {', '.join(slot.name for slot in known.values())}",
        )
    return found.path


def _with_keys(entity: Entity, key: tuple[str, ...], paths: frozenset[str]) -> Entity:
    return replace(
        entity,
        key=key,
        slots=tuple(replace(s, is_key=s.path in paths) for s in entity.slots),
        links=tuple(_with_keys(link, link.key, paths) for link in entity.links),
    )


def _element(root: Entity, operation: str, *, per_row: bool) -> Element:
    constants = {} if per_row else {"_operation": operation}
    attributes = {"_operation": OPERATION} if per_row else {}
    if operation != "insert" or per_row:
        constants["_key"] = _key_text(root)
    return _entity_element(root, root.schema.name, constants, attributes)


def _key_text(entity: Entity) -> str:
    return ",".join(map(bracketed, entity.key))


def _entity_element(
    entity: Entity,
    name: str,
    constants: Mapping[str, str],
    attributes: Mapping[str, str],
) -> Element:
    parts: list[_Part] = [
        (tuple(slot.local.split("/")), slot.path)
        for slot in entity.slots
        if slot.is_written
    ]
    for link in entity.links:
        steps = tuple(_tail(link).split("/"))
        instructions = {"_operation": link.operation or "none"}
        if link.operation != "insert":
            instructions["_key"] = _key_text(link)
        inner = _entity_element(link, steps[-1], instructions, {})
        parts.append((steps[:-1], inner))
    grouped = _grouped(name, parts)
    return Element(
        name=name,
        constants=constants,
        attributes={**attributes, **grouped.attributes},
        text=grouped.text,
        children=grouped.children,
    )


_Part = tuple[tuple[str, ...], str | Element]
"""Where in an element something stands: a column, or an element."""


def _grouped(name: str, parts: Iterable[_Part]) -> Element:
    """Return an element with the elements that group its fields (``location``)."""
    attributes: dict[str, str] = {}
    text: str | None = None
    children: list[Element] = []
    groups: dict[str, list[_Part]] = {}
    for steps, what in parts:
        if isinstance(what, Element) and not steps:
            children.append(what)
        elif isinstance(what, str) and not steps:
            text = what
        elif isinstance(what, str) and len(steps) == 1 and steps[0].startswith("@"):
            attributes[steps[0][1:]] = what
        else:
            groups.setdefault(steps[0], []).append((steps[1:], what))
    inner = [_grouped(group, found) for group, found in groups.items()]
    return Element(
        name=name, attributes=attributes, text=text, children=(*inner, *children)
    )


def _notes(root: Entity) -> Iterator[str]:
    for link in root.links:
        own = {key.paths for key in link.schema.keys}
        if link.operation == "none" and link.key not in own:
            yield (
                f"{link.path} is found by {', '.join(link.key)}, which is no key of "
                f"{link.schema.id}: the first such record counts."
            )
        unused = [
            slot.name
            for slot in link.all_slots()
            if not slot.is_written and not slot.is_derived
        ]
        if unused:
            yield (
                f"{', '.join(unused)}: not written, {link.path} is only found; "
                f"links={{'{link.path}': 'update'}} writes it."
            )
        yield from _notes(link)
