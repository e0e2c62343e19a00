"""What the server has: records read by key, within the budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..frames.texts import to_texts
from ..query.model import Condition, OrderNode, QueryDef, SelectNode
from ..schemas.model import Field, Schema
from ..session import Connection
from ..xtk.text import from_text, literal_text
from ..xtk.types import Kind
from .columns import bracketed

Key = tuple[str, ...]
"""The texts of a key, in the order of its paths."""

Record = Mapping[str, str]
"""Texts by path, as ``plain`` makes them."""

_KEYS: Final = 500
"""Keys in a query."""
_MOST: Final = 5_000
"""Rows of an answer; keys that find more are divided.  The parts of a composite key are
looked for each by itself, which finds other combinations of them too."""

_ZERO: Final = {
    Kind.INTEGER: "0",
    Kind.NUMBER: "0",
    Kind.TIMESPAN: "0",
    Kind.BOOLEAN: "false",
}
"""What no value reads as (protocol.md §10: numbers are 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A value to be read: the path that selects it, and its field."""

    path: str
    field: Field


@dataclass(slots=True)
class Found:
    """Records by key; ``several`` are keys that more than one record has."""

    records: dict[Key, Record]
    several: set[Key]
    calls: int = 0


class Reader:
    """Reads records of one schema by key: the first one of each, by internal key.

    ``key`` are the columns that make the key, ``others`` what else is wanted.
    """

    def __init__(
        self,
        connection: Connection,
        schema: Schema,
        key: Sequence[Column],
        others: Iterable[Column] = (),
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._key = tuple(key)
        known = {column.path for column in self._key}
        self._columns = (*self._key, *(c for c in others if c.path not in known))

    def find(self, keys: Iterable[Key]) -> Found:
        """Return the records that have these keys.  Raises what a query raises."""
        found = Found({}, set())
        distinct = list(dict.fromkeys(keys))
        for start in range(0, len(distinct), _KEYS):
            self._read(distinct[start : start + _KEYS], found)
        return found

    def _read(self, keys: Sequence[Key], found: Found) -> None:
        wanted = set(keys)
        result = self._connection.read(self._query(keys), limit=_MOST)
        found.calls += 1
        if result.facts["truncated"] and len(keys) > 1:
            middle = len(keys) // 2
            self._read(keys[:middle], found)
            self._read(keys[middle:], found)
            return
        paths = [column.path for column in self._columns]
        texts = [
            _texts(result.table.column(at).combine_chunks(), column.field)
            for at, column in enumerate(self._columns)
        ]
        width = len(self._key)
        for row in zip(*texts, strict=True):
            key = row[:width]
            if key not in wanted:
                continue
            if key in found.records:
                found.several.add(key)
            else:
                found.records[key] = dict(zip(paths, row, strict=True))

    def _query(self, keys: Sequence[Key]) -> QueryDef:
        internal = self._schema.internal_key
        order = internal.paths if internal else ()
        return QueryDef(
            schema=self._schema.id,
            select=tuple(
                SelectNode(expr=bracketed(column.path), alias=f"@c{at}")
                for at, column in enumerate(self._columns)
            ),
            where=tuple(
                Condition(expr=_among(column, [key[at] for key in keys]))
                for at, column in enumerate(self._key)
            ),
            order_by=tuple(OrderNode(expr=bracketed(path)) for path in order),
        )


def queries(keys: int) -> int:
    """Return how many queries look for so many keys, unless they find too much."""
    return -(-keys // _KEYS)


def plain(text: str | None, field: Field) -> str:
    """Return the one text of a value: null, ``""`` and a number's 0 are alike."""
    if text:
        return text
    return _ZERO.get(field.type.kind, "")


def _among(column: Column, texts: Iterable[str]) -> str:
    """Return the condition that a value is one of some."""
    kind = column.field.type
    literals = dict.fromkeys(literal_text(kind, from_text(kind, t)) for t in texts)
    return f"{bracketed(column.path)} IN ({', '.join(literals)})"


def _texts(values: Any, field: Field) -> list[str]:
    texts = to_texts(values, field.type).text.to_pylist()
    return [plain(text, field) for text in texts]
