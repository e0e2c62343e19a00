"""Records that people name: found by id or internal name, or a better name is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from ..errors import InvalidValue, UnknownName
from ..query.model import Condition, OrderNode, QueryDef, SelectNode
from ..schemas.model import Schema
from ..session import Connection
from ..xtk.names import closest

Columns = Mapping[str, str]
"""What is read: each column as people type it, and the path of its field."""

Row = dict[str, Any]
"""Values by column; enumerations by name, times with their zone."""

_LONGEST_ID = 18
_LOOKED_AT = 2_000
"""Names that a misspelt one is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of record: its schema, what people call it, the columns worth reading.

    ``name`` is the field that names a record; ``where`` holds for all of the kind.
    """

    schema: str
    noun: str
    columns: Columns
    name: str = "@internalName"
    where: tuple[str, ...] = ()


def find(connection: Connection, kind: Kind, which: object) -> Row:
    """Return the record with this id or internal name, in one call.

    Raises InvalidValue for what is neither, UnknownName when there is none, with the
    nearest name as hint.
    """
    text = _text(kind, which)
    tests = [f"{kind.name} = :name"]
    params: dict[str, Any] = {"name": text}
    number = int(text) if text.isdecimal() and len(text) <= _LONGEST_ID else 0
    if number:
        tests, params["id"] = [f"@id = :id OR {tests[0]}"], number
    rows = read(connection, kind, tests, params, limit=2)
    for row in rows:
        if number and row["id"] == number:
            return row
    if rows:
        return rows[0]
    raise _unknown(connection, kind, text)


def read(
    connection: Connection,
    kind: Kind,
    where: list[str],
    params: Mapping[str, Any],
    *,
    limit: int,
) -> list[Row]:
    """Return records of a kind that fulfil all conditions, ordered by id."""
    query = query_of(
        connection.schemas[kind.schema], kind.columns, [*kind.where, *where]
    )
    rows: list[Row] = connection.read(query, params, limit=limit).arrow().to_pylist()
    return rows


def query_of(
    schema: Schema,
    columns: Columns,
    where: list[str],
    *,
    order: tuple[OrderNode, ...] = (OrderNode(expr="@id"),),
) -> QueryDef:
    """Return the query for the columns whose fields the instance's schema has."""
    return QueryDef(
        schema=schema.id,
        select=tuple(
            SelectNode(expr=path, name=name)
            for name, path in columns.items()
            if has(schema, path)
        ),
        where=tuple(Condition(expr=test) for test in where),
        order_by=order,
    )


def has(schema: Schema, path: str) -> bool:
    """Tell whether a schema has a field, or the link that a path goes through."""
    path = path.strip("[]")
    return path in schema.field_by_path or path.partition("/")[0] in schema.link_by_path


def state_label(connection: Connection, schema: str, path: str, name: str) -> str:
    """Return how the console calls a state: ``started`` → ``Started``."""
    field = connection.schemas[schema].field_by_path.get(path)
    values = field.enum.values if field is not None and field.enum is not None else ()
    return next((value.label for value in values if value.name == name), name)


def states_of(
    connection: Connection, schema: str, path: str, states: object
) -> tuple[str, ...]:
    """Return the names of one state or several, which the schema's enumeration has.

    Raises UnknownName for another, with the name of a number or label as hint.
    """
    if isinstance(states, str) or not isinstance(states, Iterable):
        states = (states,)
    names = tuple(map(str, states))
    field = connection.schemas[schema].field_by_path.get(path)
    if field is None or field.enum is None:
        return names
    values = field.enum.values
    known = [value.name for value in values]
    for name in names:
        if name not in known:
            meant = [v.name for v in values if name in (v.value, v.label)]
            near = meant[0] if meant else closest(name, known)
            raise UnknownName(
                f"{schema} has no state '{name}'.",
                hint=f"did you mean {near}?" if near else f"it has {', '.join(known)}",
            )
    return names


def free_name(connection: Connection, kind: Kind, name: object) -> str:
    """Return an internal name that no record of the schema has.

    Raises InvalidValue when one has it, and for a number: it would be taken for an id.
    """
    text = _text(kind, name)
    if text.isdecimal():
        raise InvalidValue(
            f"The name '{text}' would be taken for an id.", hint="add a letter to it"
        )
    anything = Kind(schema=kind.schema, noun=kind.noun, columns={"id": "@id"})
    if read(connection, anything, [f"{kind.name} = :name"], {"name": text}, limit=1):
        raise InvalidValue(
            f"There is already a {kind.noun} '{text}'.",
            hint="give another name, or none: one is made up",
        )
    return text


def _text(kind: Kind, which: object) -> str:
    known = isinstance(which, Integral | str) and not isinstance(which, bool)
    text = str(which).strip() if known else ""
    if not text:
        what = "An empty text" if known else f"A value of type {type(which).__name__}"
        raise InvalidValue(
            f"{what} names no {kind.noun}.", hint="give its internal name or its id"
        )
    return text


def _unknown(connection: Connection, kind: Kind, text: str) -> UnknownName:
    """Look for the nearest internal name or label."""
    named = Kind(
        schema=kind.schema,
        noun=kind.noun,
        columns={"name": kind.name, "label": "@label"},
        where=kind.where,
    )
    rows = read(connection, named, [], {}, limit=_LOOKED_AT)
    by_word: dict[str, Row] = {}
    for row in rows:
        by_word.setdefault(str(row["name"] or ""), row)
        by_word.setdefault(str(row.get("label") or ""), row)
    near = closest(text, by_word)
    if near is not None:
        row = by_word[near]
        hint = f"did you mean {row['name']} ({row.get('label') or 'no label'})?"
    else:
        names = ", ".join(str(row["name"]) for row in rows[:8])
        more = " …" if len(rows) > 8 else ""
        hint = f"there are {names}{more}" if names else "there is none yet"
    return UnknownName(f"There is no {kind.noun} '{text}'.", hint=hint)
