"""By which values a document means a record (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...schemas.model import Key
from ..engine.scope import first_link
from .causes import NotSaved, not_saved
from .document import Record
from .rows import Values
from .shape import Shape


class _Absent:
    """The value of a foreign key whose record is yet to be made."""

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What to look a record up by."""

    paths: tuple[str, ...]
    values: Values

    @property
    def is_hopeless(self) -> bool:
        """True when no record can match, for a linked one does not exist yet."""
        return ABSENT in self.values


def choose_key(
    record: Record, known: Mapping[str, Any], implied: Iterable[str]
) -> Look | None:
    """Return what a record is looked up by, None when its document gives no key.

    ``known`` are its values by path, those of links included; ``implied`` the paths
    that the entity around it gives.  ``_key`` decides if there is one, else the
    internal key if all its parts are given, else the first such key of the schema.
    Raises NotSaved when ``_key`` names what the document does not hold.
    """
    if record.key is not None:
        return _forced(record, known, implied)
    schema = record.shape.schema
    internal = schema.internal_key
    others = [key for key in schema.keys if key is not internal]
    for key in [internal, *others] if internal else others:
        if _is_given(record.shape, key, known):
            return Look(paths=key.paths, values=tuple(known[p] for p in key.paths))
    return None


def _is_given(shape: Shape, key: Key, known: Mapping[str, Any]) -> bool:
    if any(path not in known or path not in shape.columns for path in key.paths):
        return False
    if shape.numbered and key.paths == shape.key:
        return bool(known[shape.key[0]])
    empty = [_is_empty(known[path]) for path in key.paths]
    return not any(empty) or (key.allow_empty_part and not all(empty))


def _forced(record: Record, known: Mapping[str, Any], implied: Iterable[str]) -> Look:
    paths: dict[str, Any] = {}
    for part in record.key or ():
        paths.update(_part(record, part, known))
    for path in implied:
        paths[path] = known[path]
    allowed = {k.paths for k in record.shape.schema.keys if k.allow_empty_part}
    if tuple(paths) not in allowed:
        for path, value in paths.items():
            if _is_empty(value):
                raise _missing(record, path)
    return Look(paths=tuple(paths), values=tuple(paths.values()))


def _part(record: Record, part: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a part of ``_key`` stands for, with their values."""
    shape = record.shape
    if part in shape.columns:
        if part not in known:
            raise _missing(record, part)
        return {part: known[part]}
    link, rest = first_link(shape.schema, tuple(part.split("/")))
    if link is None or link.unbound:
        raise not_saved(shape.schema, f"'{part}' of _key is no stored value.")
    joins = {join.source: join.target for join in link.joins}
    given = link.path in record.links or [*joins.values()] == ["/".join(rest)]
    if not given or any(path not in known for path in joins):
        raise _missing(record, part)
    return {path: known[path] for path in joins}


def _missing(record: Record, path: str) -> NotSaved:
    cause = f"The document has no value for '{path}', which its _key names."
    return not_saved(record.shape.schema, cause)


def _is_empty(value: object) -> bool:
    return value is None or value == ""
