"""What a delivery is made of: the fragment that overrides a template, its target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from numbers import Real
from typing import Any, Final

from lxml import etree

from ..errors import InvalidOption, InvalidValue, UnknownName
from ..query.model import Condition, QueryDef
from ..query.to_xml import to_xml
from ..session import Connection
from ..soap.documents import to_element
from ..xtk.names import did_you_mean
from ..xtk.text import literal_text
from ..xtk.types import LONG, STRING, XtkType
from ..xtk.xml import child, local_name
from .people import RECIPIENT, to_frame

Content = str | bytes | etree._Element | Mapping[str, Any] | None
"""A ``<delivery>`` fragment, or the parts by the names of `PARTS`; a part that is None
is the template's."""

Targets = object
"""A condition, a query, rows with ``id`` or ``email``, XML, or None for the template's.
"""

PARTS: Final[Mapping[str, str]] = {
    "subject": "mailParameters/subject",
    "from_name": "mailParameters/senderName",
    "from_address": "mailParameters/senderAddress",
    "reply_to": "mailParameters/replyAddress",
    "html": "content/html/source",
    "text": "content/text/source",
    "sms": "content/sms/source",
}
"""Short names of what a delivery says, and where each stands in its document."""

_AT_ONCE: Final = 500
_MOST: Final = 20_000
"""People that may be named one by one; more are better found by a condition."""

_KEYS: Final[Mapping[str, XtkType]] = {"id": LONG, "email": STRING}


def fragment(
    content: Content, targets: etree._Element | None, attributes: Mapping[str, str]
) -> etree._Element:
    """Return the ``<delivery>`` fragment of SubmitDelivery and CreateFromModel.

    Raises InvalidValue for XML that is none, UnknownName for an unknown part.
    """
    root = _document(content)
    for name, value in attributes.items():
        root.set(name, _text(name, value))
    if targets is not None:
        for old in [e for e in root if local_name(e) == "targets"]:
            root.remove(old)
        root.append(targets)
    return root


def read_targets(
    connection: Connection, targets: Targets, params: Mapping[str, Any] | None
) -> etree._Element | None:
    """Return ``<targets>``: whom the delivery goes to; None keeps the template's.

    ``targets`` is a condition (``"email LIKE '%.org'"``), a query on nms:recipient,
    rows with a column ``id`` or ``email`` (DataFrame, list of dicts), addresses or ids
    (list, Series, array), or XML: ``<targets>``, ``<where>``.  Raises InvalidValue for
    what is none of them, and as a query does.
    """
    if targets is None:
        return None
    if isinstance(targets, etree._Element) or _is_xml(targets):
        return _given(to_element(targets, name="targets"))
    if isinstance(targets, QueryDef | Mapping):
        return _part(_where_of(connection, targets, params))
    if isinstance(targets, str):
        text = targets if _is_query(targets) else _as_query(targets)
        return _part(_where_of(connection, text, params))
    return _part(_named(targets))


def _document(content: Content) -> etree._Element:
    if content is None:
        return etree.Element("delivery")
    if isinstance(content, Mapping) and set(content) != {"delivery"}:
        root = etree.Element("delivery")
        for name, value in content.items():
            if name not in PARTS:
                raise UnknownName(
                    f"A delivery's content has no part '{name}'.",
                    hint=did_you_mean(name, PARTS) or f"parts are {', '.join(PARTS)}",
                )
            if value is not None:
                _put(root, PARTS[name], _text(name, value))
        return root
    found = to_element(content, name="content")
    if found is None or local_name(found) != "delivery":
        name = "" if found is None else local_name(found)
        raise InvalidValue(
            f"content: a <delivery> is expected, not <{name}>.",
            hint='write <delivery>…</delivery>, or {"subject": …, "html": …}',
        )
    return found


def _put(root: etree._Element, path: str, text: str) -> None:
    element = root
    for step in path.split("/"):
        inner = child(element, step)
        element = etree.SubElement(element, step) if inner is None else inner
    # A source is CDATA by its schema; what ends one inside cannot be written so.
    source = path.endswith("source") and "]]>" not in text
    element.text = etree.CDATA(text) if source else text


def _text(name: str, value: object) -> str:
    """Return a text that XML can hold."""
    from pandas.api.types import is_scalar

    if isinstance(value, bytes):
        raise InvalidValue(f"{name} is bytes.", hint="give text: .decode()")
    if not is_scalar(value):
        raise InvalidValue(f"{name} is a {type(value).__name__}.", hint="give text")
    text = str(value)
    try:
        etree.Element("x").text = text
    except ValueError as exc:
        raise InvalidValue(
            f"{name} holds a character that XML cannot.",
            hint="take control characters out",
        ) from exc
    return text


def _is_xml(targets: Targets) -> bool:
    return isinstance(targets, str) and targets.lstrip().startswith("<")


def _is_query(text: str) -> bool:
    words = text.split(maxsplit=1)
    return bool(words) and words[0].casefold() in ("select", "with")


def _as_query(condition: str) -> str:
    if not condition.strip():
        raise InvalidValue(
            "The condition is empty.", hint="leave targets out to keep the template's"
        )
    # Our own reader parses it; whatever is no condition is refused there.
    return f"SELECT id FROM {RECIPIENT} WHERE {condition}"  # noqa: S608


def _given(element: etree._Element | None) -> etree._Element:
    """Take ``<targets>`` as it is, and put a ``<where>`` or queryDef's into one."""
    name = "" if element is None else local_name(element)
    if element is not None and name == "targets":
        return element
    where = element
    if element is not None and name == "queryDef":
        where = child(element, "where")
    if where is None or local_name(where) != "where":
        raise InvalidValue(
            f"targets: <targets> or <where> is expected, not <{name}>.",
            hint="or give a condition as text",
        )
    return _part(deepcopy(where))


def _part(where: etree._Element) -> etree._Element:
    """Put a condition where a delivery keeps its target."""
    root = etree.Element("targets")
    target = etree.SubElement(root, "deliveryTarget")
    etree.SubElement(target, "targetPart", type="query", exclusion="false").append(
        where
    )
    return root


def _where_of(
    connection: Connection, what: Any, params: Mapping[str, Any] | None
) -> etree._Element:
    """Return the conditions of a query that does nothing but choose recipients."""
    query = connection.check(what, params).query
    if query.schema != RECIPIENT:
        raise InvalidValue(
            f"targets: a query on {query.schema} finds no recipients.",
            hint=f"choose from {RECIPIENT}",
        )
    if query.line_count is not None or query.group_by or query.having:
        raise InvalidValue(
            "targets: only the conditions of a query choose the target, "
            "not its LIMIT or GROUP BY.",
            hint="run the query and give the rows it returns",
        )
    where = to_xml(query).find("where")
    return etree.Element("where") if where is None else where


def _named(rows: Targets) -> etree._Element:
    """Return the condition that finds the people of a frame or a list."""
    column, values = _people(rows)
    if len(values) > _MOST:
        raise InvalidValue(
            f"{len(values):,} recipients are too many to be named one by one.",
            hint="give the condition that finds them",
        )
    kind = _KEYS[column]
    path = f"@{column}"
    tests = [
        ", ".join(literal_text(kind, value) for value in values[start:][:_AT_ONCE])
        for start in range(0, len(values), _AT_ONCE)
    ]
    conditions = tuple(
        Condition(expr=f"{path} IN ({test})", bool_operator="OR") for test in tests
    )
    where = to_xml(QueryDef(schema=RECIPIENT, where=conditions)).find("where")
    if where is None:
        raise InvalidValue(
            "targets: the rows name nobody.",
            hint="leave targets out to keep the template's",
        )
    return where


def _people(rows: Any) -> tuple[str, list[Any]]:
    """Return ``id`` or ``email``, and each value once; missing ones are left out.

    Values without a name are ids if they are numbers, else addresses.
    """
    import pandas as pd

    if hasattr(rows, "to_pandas"):
        rows = rows.to_pandas()
    values = rows if isinstance(rows, Iterable) else ()
    known = (v for v in values if not (pd.api.types.is_scalar(v) and pd.isna(v)))
    first = next(known, None)  # NaN is a number, and may be a missing address
    frame = to_frame(rows, "id" if isinstance(first, Real) else "email")
    names = {str(name).removeprefix("@"): name for name in frame.columns}
    for column in _KEYS:
        if column in names:
            values = frame[names[column]].dropna().drop_duplicates()
            return column, values.tolist()
    if frame.empty:
        return "id", []
    raise InvalidOption(
        "targets: the rows have neither a column id nor one email.",
        hint=f"their columns are {', '.join(map(str, frame.columns))}",
    )
