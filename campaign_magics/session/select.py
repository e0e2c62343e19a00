"""A query from what the user wrote to what can be sent: read, bound, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..query.check import Checked, check
from ..query.model import Operation, QueryDef
from ..query.params import bind
from ..query.read import Readable, read
from ..schemas.model import Schema
from ..soap.answer import Answer

if TYPE_CHECKING:
    pass

Execute = Callable[[QueryDef], Answer]
Lookup = Callable[[str], Schema]


def prepare(
    what: Readable,
    params: Mapping[str, Any] | None,
    lookup: Lookup,
    *,
    operation: Operation | None = None,
) -> Checked:
    """Read, fill in parameters and check, so that only sound queries are sent.

    ``operation`` replaces the query's own.  Raises QuerySyntaxError, UnknownName or
    InvalidValue, with a caret where possible.
    """
    reading = read(what, lookup)
    query = bind(reading.query, params or {}, reading.source, lookup)
    if operation is not None:
        query = replace(query, operation=operation)
    return check(query, lookup, reading.source)
