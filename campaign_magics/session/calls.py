"""From a schema's name and a method's name to the method that is called."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UnknownName
from ..schemas.catalog import Catalog
from ..schemas.model import Method
from ..xtk.names import closest

Answered = object
"""None, one value, a tuple of values, or the changed object of the call."""


def find_method(catalog: Catalog, schema: str, name: str) -> Method:
    """Return a method of a schema, its own or one of the interface it implements.

    ``xtk:jobInterface|nms:delivery`` takes an interface's methods for a schema that
    does not say that it implements it.  Raises UnknownName, for schema or method,
    with the nearest name as hint.
    """
    interface, bar, entity = schema.partition("|")
    methods = catalog.interface(interface, entity) if bar else catalog.methods(schema)
    for method in methods:
        if method.name == name:
            return method
    raise UnknownName(
        f"{schema} has no method {name}.",
        hint=_hint(name, [m.name for m in methods if not m.hidden]),
        source=name,
        span=(0, len(name)),
    )


def _hint(name: str, known: Sequence[str]) -> str:
    if near := closest(name, known):
        return f"did you mean {near}?"
    return f"choose from {', '.join(known)}" if known else "choose another schema"
