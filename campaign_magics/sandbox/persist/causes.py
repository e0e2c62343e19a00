"""Why a document is not written, as Campaign words it (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Sequence

from ...schemas.model import Database, Field, Schema
from ...xtk.names import did_you_mean
from ..engine.causes import BadExpression, unknown_step


class NotSaved(Exception):
    """A document that cannot be written; the text is the fault's detail."""


def not_saved(schema: Schema, cause: str) -> NotSaved:
    """Return a cause with the sentence that names the kind of document."""
    return NotSaved(f"{cause} Impossible to save document of type '{shown(schema)}'.")


def shown(schema: Schema) -> str:
    """Name a schema as Campaign's messages do: ``Recipients (nms:recipient)``."""
    return f"{schema.label or schema.name} ({schema.id})"


def unknown(schema: Schema, path: str, known: Sequence[str]) -> NotSaved:
    """Return the cause of an attribute or element that the schema does not have."""
    step: BadExpression = unknown_step(path.rpartition("/")[2], schema)
    hint = did_you_mean(path, known)
    cause = str(step.within(path))
    return not_saved(schema, f"{cause} {hint[:1].upper()}{hint[1:]}".strip())


def not_in_enumeration(schema: Schema, field: Field, text: str) -> NotSaved:
    """Return the documented cause of a value that a closed list does not hold."""
    name = field.enum.name if field.enum else ""
    cause = (
        f"The value '{clipped(text)}' is not valid for the '{name}' enumeration of the "
        f"'{field.path}' field."
    )
    return not_saved(schema, cause)


def too_long(schema: Schema, field: Field, text: str) -> NotSaved:
    """Return what the database says of a text longer than its column."""
    if schema.database == "local":
        cause = (
            "PGS-220000 PostgreSQL error: ERROR:  value too long for type "
            f"character varying({field.length}) (field '{field.path}')."
        )
    else:
        cause = (
            f"ODB-240000 ODBC error: String '{clipped(text)}' is too long and would be "
            f"truncated: '{field.path}' holds {field.length} characters."
        )
    return not_saved(schema, cause)


def duplicate(
    schema: Schema, index: str, columns: Sequence[str], values: Sequence[object]
) -> NotSaved:
    """Return the documented cause of a key that another record already has."""
    constraint = f"{schema.table}_{index}".lower()
    names = ", ".join(columns).lower()
    held = clipped(", ".join(str(value) for value in values))
    cause = (
        "PGS-220000 PostgreSQL error: ERROR:  duplicate key value violates unique "
        f'constraint "{constraint}" DETAIL:  Key ({names})=({held}) already exists.'
    )
    return not_saved(schema, cause)


def database_said(schema: Schema, database: Database, text: str) -> NotSaved:
    """Return a database's own error under the code of its kind."""
    code = "PGS-220000 PostgreSQL" if database == "local" else "ODB-240000 ODBC"
    return not_saved(schema, f"{code} error: {clipped(' '.join(text.split()), 400)}.")


def clipped(text: str, length: int = 80) -> str:
    """Return a text as a message quotes it."""
    return text if len(text) <= length else f"{text[:length]}…"
