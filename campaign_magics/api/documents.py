"""Documents that methods take: instance variables, whole records, mere references."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from ..errors import InvalidValue, UnknownName
from ..session import Connection
from ..xtk.text import to_text
from ..xtk.types import STRING

Values = Mapping[str, object]


def variables(values: Values) -> etree._Element:
    """Return ``<variables name="value"/>`` (protocol.md §8).

    Numbers, booleans and dates are written as Campaign writes them; None is empty.
    Raises InvalidValue for a name or a text that XML cannot hold, for a value that
    is no single one, and for what is no mapping.
    """
    if not isinstance(values, Mapping):
        raise InvalidValue(
            f"Variables cannot be read from a {type(values).__name__}.",
            hint='give {"name": value, …}',
        )
    from pandas.api.types import is_scalar

    root = etree.Element("variables")
    for name, value in values.items():
        if not is_scalar(value) or isinstance(value, bytes):
            raise InvalidValue(
                f"The variable {name} is a {type(value).__name__}.",
                hint="give one value for each variable, for a list a text with commas",
            )
        try:
            root.set(name, to_text(STRING, value))
        except (TypeError, ValueError) as exc:
            raise InvalidValue(
                f"The variable {name!r} is nothing that XML can hold.",
                hint="letters and digits in names, no control characters in values",
            ) from exc
    return root


def reference(schema: str, number: int) -> etree._Element:
    """Return the entity that says only which record is meant."""
    return etree.Element(schema.partition(":")[2], xtkschema=schema, id=str(number))


def whole(connection: Connection, schema: str, number: int) -> etree._Element:
    """Return a record with all its fields, which some methods want (protocol.md §8).

    Two calls: SelectAll names the fields, the query reads them.
    """
    query = {
        "queryDef": {
            "schema": schema,
            "operation": "getIfExists",
            "where": {"condition": {"expr": f"@id = {int(number)}"}},
        }
    }
    question = connection.call("xtk:queryDef", "SelectAll", False, entity=query)
    found = connection.call("xtk:queryDef", "ExecuteQuery", entity=question)
    if not isinstance(found, etree._Element) or not (found.attrib or len(found)):
        raise UnknownName(
            f"There is no record {number} of {schema}.", hint="look it up by a query"
        )
    found.set("xtkschema", schema)
    return found
