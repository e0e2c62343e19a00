"""queryDef JSON → QueryDef, in the shape of Adobe's JavaScript SDK ("SimpleJson").

Scalars are attributes, objects and lists are child elements; so JSON becomes XML and
is read by one reader, with the same checks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lxml import etree

from ..errors import QuerySyntaxError
from .from_xml import from_xml
from .model import QueryDef

_EXAMPLE = '{"schema": "nms:recipient", "select": {"node": [{"expr": "@email"}]}}'


def from_json(text: str) -> QueryDef:
    """Read JSON text; raises QuerySyntaxError with a caret at the first fault."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        raise QuerySyntaxError(
            f"The JSON cannot be read: {exc.msg}.",
            hint=f"a query looks like {_EXAMPLE}",
            source=text,
            span=(exc.pos, exc.pos + 1),
        ) from exc
    except RecursionError:
        raise QuerySyntaxError("The JSON is nested too deep.") from None
    return from_dict(value)


def from_dict(value: object) -> QueryDef:
    """Read a mapping such as ``{"schema": …, "select": {"node": […]}}``."""
    if not isinstance(value, Mapping):
        raise QuerySyntaxError(
            f"A query is a JSON object, not a {type(value).__name__}.",
            hint=f"write {_EXAMPLE}",
        )
    return from_xml(_element("queryDef", value))


def _element(name: str, value: Mapping[str, Any]) -> etree._Element:
    try:
        element = etree.Element(name)
        for key, inner in value.items():
            _add(element, key, inner)
    except (ValueError, TypeError) as exc:
        raise QuerySyntaxError(f"'{name}' cannot be written as XML: {exc}.") from exc
    except RecursionError:
        raise QuerySyntaxError("The query is nested too deep.") from None
    return element


def _add(element: etree._Element, key: str, value: object) -> None:
    match value:
        case None:
            return
        case Mapping():
            element.append(_element(key, value))
        case list() | tuple():
            for item in value:
                _add(element, key, item)
        case bool():
            element.set(key, "true" if value else "false")
        case _:
            element.set(key, str(value))
