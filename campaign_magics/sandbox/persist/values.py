"""Text of a document ⇄ value of a column, by the schema's types (protocol.md §10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ...errors import InvalidValue
from ...schemas.model import Database, Enumeration, Field, Schema
from ...xtk.text import coerce
from ...xtk.types import Kind
from ..stores.columns import storage
from .causes import clipped, not_in_enumeration, not_saved, too_long

Stored = Any
"""A value as its column keeps it: str, int, float, date, naive datetime (UTC), None."""

_TEXTS = (Kind.STRING, Kind.ELEMENT)


def stored_value(
    schema: Schema, field: Field, value: object, database: Database
) -> Stored:
    """Return a document's text, or a computed value, as the database keeps it.

    Empty text is no value: null, or 0 for numbers.  A name of a closed list stands for
    its value.  Raises NotSaved for what does not fit the field.
    """
    if isinstance(value, str) and field.enum is not None and value.strip():
        value = _listed(schema, field, field.enum, value.strip())
    try:
        known = coerce(field.type, value)
    except InvalidValue:
        shown = clipped(str(value))
        cause = f"The value '{shown}' of '{field.path}' is not a {field.type.name}."
        raise not_saved(schema, cause) from None
    if isinstance(known, str) and field.length and len(known) > field.length:
        raise too_long(schema, field, known)
    if known is None or known == "":
        return storage(field.type).default
    return _kept(known, database)


def value_text(field: Field, value: Stored) -> str:
    """Return a stored value as servers write it: ``2020-07-05 14:11:31.986Z``."""
    if value is None:
        return ""
    kind = field.type.kind
    if kind is Kind.BOOLEAN:
        return "true" if value else "false"
    if kind in (Kind.DATETIME, Kind.LOCAL_DATETIME):
        zone = "Z" if kind is Kind.DATETIME else ""
        return f"{_moment(value)}{zone}"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


def memo_text(schema: Schema, field: Field, text: str) -> str:
    """Return the text of a field that is stored as XML; booleans are 1 and 0.

    Raises NotSaved for what does not fit the field.
    """
    if field.type.kind in _TEXTS or not text.strip():
        return text
    value = stored_value(schema, field, text, "cloud")
    return (
        value_text(field, value) if field.type.kind is not Kind.BOOLEAN else f"{value}"
    )


def _listed(schema: Schema, field: Field, listed: Enumeration, text: str) -> str:
    """Return the value of a closed list that a document means: a value or a name."""
    values = {one.value: one.value for one in listed.values}
    names = {one.name: one.value for one in listed.values}
    if field.type.kind is Kind.BOOLEAN:
        return text
    if (found := values.get(text, names.get(text))) is None:
        raise not_in_enumeration(schema, field, text)
    return found


def _kept(value: Any, database: Database) -> Stored:
    match value:
        case bool():
            return int(value)
        case Decimal():
            return float(value)
        case timedelta():
            return int(value.total_seconds())
        case datetime():
            utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            kept = utc.replace(microsecond=utc.microsecond // 1000 * 1000)
            return _moment(kept) if database == "local" else kept
        case date():
            return value.isoformat() if database == "local" else value
    return value


def _moment(value: str | datetime) -> str:
    return value if isinstance(value, str) else value.isoformat(" ", "milliseconds")
