"""Who exists: the server says nothing of recipients whom it does not find."""

from __future__ import annotations

from ..query.model import Condition, OrderNode, QueryDef, SelectNode
from ..session import Connection
from ..xtk.text import literal_text, to_text
from .people import RECIPIENT, Part, People, Person, bracketed

_AT_ONCE = 500


def unknown_rows(
    connection: Connection, people: People, rows: list[tuple[int, Person]]
) -> set[int]:
    """Return the rows whose key no recipient has, by a query for every 500 rows.

    Case does not count, as it need not in the database.
    """
    unknown: set[int] = set()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        found = _found(connection, people.key, [person.key for _, person in some])
        unknown |= {row for row, person in some if _folded(person.key) not in found}
    return unknown


def _found(
    connection: Connection, key: tuple[Part, ...], keys: list[tuple[str, ...]]
) -> set[tuple[str, ...]]:
    paths = [bracketed(part.path) for part in key]
    query = QueryDef(
        schema=RECIPIENT,
        select=tuple(SelectNode(expr=path) for path in paths),
        where=(Condition(expr=_test(key, paths, keys)),),
        order_by=(OrderNode(expr="@id"),),
    )
    table = connection.read(query, limit=None).table
    columns = [
        [to_text(part.field.type, value) for value in column.to_pylist()]
        for part, column in zip(key, table.columns, strict=True)
    ]
    return {_folded(one) for one in zip(*columns, strict=True)}


def _test(key: tuple[Part, ...], paths: list[str], keys: list[tuple[str, ...]]) -> str:
    if len(key) == 1:
        kind = key[0].field.type
        values = ", ".join(literal_text(kind, text) for (text,) in keys)
        return f"{paths[0]} IN ({values})"
    return " OR ".join(
        "("
        + " AND ".join(
            f"{path} = {literal_text(part.field.type, text)}"
            for part, path, text in zip(key, paths, texts, strict=True)
        )
        + ")"
        for texts in keys
    )


def _folded(key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.casefold() for text in key)
