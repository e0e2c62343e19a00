"""queryDef JSON → QueryDef, in the shape of Adobe's JavaScript SDK ("SimpleJson").

Scalars are attributes, objects and lists are child elements; so JSON becomes XML and
is read by one reader, with the same checks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from ..errors import QuerySyntaxError, Span
from .from_xml import from_xml
from .model import QueryDef

_EXAMPLE = '{"schema": "nms:recipient", "select": {"node": [{"expr": "@email"}]}}'
_PLACE = re.compile(r":(\d+) (.*) at column (\d+)", re.DOTALL)


def from_json(text: str) -> QueryDef:
    """Read JSON, or what JavaScript takes for it: trailing commas, 'single quotes',
    bare names, comments.

    Raises QuerySyntaxError with a caret at the first fault.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        value = _forgiving(text)
    except RecursionError:
        raise QuerySyntaxError("The JSON is nested too deep.") from None
    return from_dict(value)


def _forgiving(text: str) -> object:
    """Read JSON5, which is what people paste from JavaScript; slow, hence second."""
    import json5  # only where it is needed

    try:
        return json5.loads(text, object_pairs_hook=_once)
    except QuerySyntaxError:
        raise
    except ValueError as exc:
        cause, span = _fault(text, str(exc))
        raise QuerySyntaxError(
            f"The JSON cannot be read: {cause}.",
            hint=f"a query looks like {_EXAMPLE}",
            source=text,
            span=span,
        ) from exc
    except RecursionError:
        raise QuerySyntaxError("The JSON is nested too deep.") from None


def _fault(text: str, message: str) -> tuple[str, Span | None]:
    """Return what json5 found wrong, and where: it counts lines and columns from 1."""
    found = _PLACE.search(message)
    if found is None:
        return message.rstrip("."), None
    lines = text.splitlines(keepends=True)[: int(found[1]) - 1]
    at = min(sum(map(len, lines)) + int(found[3]) - 1, max(len(text) - 1, 0))
    return found[2][:1].lower() + found[2][1:], (at, at + 1)


def _once(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: the second would silently hide the first."""
    pairs = list(given)
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise QuerySyntaxError(
            f"'{twice}' stands twice in one object.",
            hint=f'put both into a list: "{twice}": [{{…}}, {{…}}]',
        )
    return value


def from_dict(value: object) -> QueryDef:
    """Read a mapping such as ``{"schema": …, "select": {"node": […]}}``."""
    if not isinstance(value, Mapping):
        raise QuerySyntaxError(
            f"A query is SQL, XML, JSON or a dict, not a {type(value).__name__}.",
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
