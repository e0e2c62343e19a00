"""The second path: rows through lxml, one at a time, whatever the size.

It reads everything the first path declines (nested collections, documents, single
rows, odd numbers), words the errors, and is the oracle the first path is tested
against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import accumulate
from typing import Any

import pyarrow as pa
from lxml import etree

from ..errors import BadAnswer
from ..xtk.columns import Column
from ..xtk.types import STRING as XTK_STRING
from ..xtk.types import Kind
from ..xtk.xml import children, local_name
from .cast import from_text
from .dtypes import STRING, arrow_schema, arrow_type
from .envelope import READER_OPTIONS, Envelope, malformed

Row = list[Any]
"""One value per column: text, None, or the list of a collection's rows."""


@dataclass(slots=True)
class _Plan:
    """What to take from one element: attributes, its text, children, collections."""

    attributes: list[tuple[str, int]] = field(default_factory=list)
    texts: list[tuple[Kind, int]] = field(default_factory=list)
    children: dict[str, _Plan] = field(default_factory=dict)
    collections: dict[str, list[tuple[_Reader, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How to read the rows of an answer, or of a collection inside a row."""

    plan: _Plan
    columns: Sequence[Column]

    def read(self, element: etree._Element, number: int) -> Row:
        row: Row = [[] if column.items else None for column in self.columns]
        _fill(row, element, self.plan, number)
        return row


def read_tree(envelope: Envelope, columns: Sequence[Column]) -> pa.Table:
    """Return the typed rows of any answer.

    Raises BadAnswer for malformed XML, rows of several names, a child that is there
    twice where a column needs one, a value that does not fit its type.
    """
    reader = _reader(columns)
    rows = [
        reader.read(element, number)
        for number, element in enumerate(_elements(envelope))
    ]
    arrays = _arrays(rows, columns, range(len(rows)))
    return pa.Table.from_arrays(arrays, schema=arrow_schema(columns))


def _elements(envelope: Envelope) -> Iterator[etree._Element]:
    """Yield the row elements; each is forgotten when the next one comes."""
    wanted = (envelope.row or "*").rpartition(":")[2]
    events = etree.iterparse(
        BytesIO(envelope.data), ("end",), tag="{*}" + wanted, **READER_OPTIONS
    )
    last: etree._Element | None = None
    try:
        for _, element in events:
            if envelope.row and _ancestors(element) == envelope.container:
                _forget_before(element)
                if envelope.is_collection or _has_content(element):
                    yield element
                last = element
                element.clear(keep_tail=False)
    except etree.XMLSyntaxError as error:
        raise malformed(error) from error
    if last is not None:
        for other in last.itersiblings("*"):
            raise _mixed(last, other)


def _ancestors(element: etree._Element) -> tuple[str, ...]:
    names = [local_name(parent) for parent in element.iterancestors()]
    return tuple(reversed(names))


def _has_content(element: etree._Element) -> bool:
    """Tell a row from the empty element that means no row (protocol.md §5.3)."""
    return bool(element.attrib or len(element) or (element.text or "").strip())


def _forget_before(element: etree._Element) -> None:
    parent = element.getparent()
    previous = element.getprevious()
    while parent is not None and previous is not None:
        name = local_name(previous)  # empty for a comment
        if name and name != local_name(element):
            raise _mixed(element, previous)
        parent.remove(previous)
        previous = element.getprevious()


def _mixed(row: etree._Element, other: etree._Element) -> BadAnswer:
    return BadAnswer(
        f"The answer mixes <{local_name(row)}> and <{local_name(other)}> rows.",
        hint="query one schema at a time",
    )


def _reader(columns: Sequence[Column]) -> _Reader:
    plan = _Plan()
    for slot, column in enumerate(columns):
        *links, last = column.steps or ("",)
        place = plan
        for link in links:
            place = place.children.setdefault(link, _Plan())
        if column.items:
            target = place.collections.setdefault(last, [])
            target.append((_reader(column.items), slot))
        elif last.startswith("@"):
            place.attributes.append((last[1:], slot))
        else:
            if last:
                place = place.children.setdefault(last, _Plan())
            place.texts.append((column.type.kind, slot))
    return _Reader(plan, columns)


def _fill(row: Row, element: etree._Element, plan: _Plan, number: int) -> None:
    for name, slot in plan.attributes:
        row[slot] = element.get(name)
    for kind, slot in plan.texts:
        row[slot] = _document(element) if kind is Kind.ELEMENT else _text(element)
    if not plan.children and not plan.collections:
        return
    seen: set[str] = set()
    for inner in children(element):
        name = local_name(inner)
        for reader, slot in plan.collections.get(name, ()):
            row[slot].append(reader.read(inner, number))
        below = plan.children.get(name)
        if below is None:
            continue
        if name in seen:
            raise _repeated(name, number)
        seen.add(name)
        _fill(row, inner, below, number)


def _repeated(name: str, number: int) -> BadAnswer:
    return BadAnswer(
        f"Row {number + 1} holds <{name}> more than once where one was expected.",
        hint=f"select '{name}' as a collection, with nodes inside its node",
        row=number,
    )


def _text(element: etree._Element) -> str:
    """Return the element's own text, CDATA included, that of children left out."""
    return (element.text or "") + "".join(inner.tail or "" for inner in element)


def _document(element: etree._Element) -> str:
    """Return the element as XML, without the namespace the envelope lends it."""
    copy = deepcopy(element)
    for inner in copy.iter("*"):
        inner.tag = local_name(inner)
    etree.cleanup_namespaces(copy)
    return etree.tostring(copy, encoding="unicode", with_tail=False)


def _arrays(
    rows: Sequence[Row], columns: Sequence[Column], numbers: Sequence[int]
) -> list[pa.Array]:
    return [
        _array([row[slot] for row in rows], column, numbers)
        for slot, column in enumerate(columns)
    ]


def _array(values: Row, column: Column, numbers: Sequence[int]) -> pa.Array:
    """Type one column; ``numbers`` are the rows its values come from."""
    if not column.items:
        return from_text(pa.array(values, STRING), column, rows=numbers)
    inside = [_stored(item) for item in column.items]
    items = [item for value in values for item in value]
    origin = [n for n, value in zip(numbers, values, strict=True) for _ in value]
    struct = pa.StructArray.from_arrays(
        _arrays(items, inside, origin), fields=list(arrow_type(column).value_type)
    )
    offsets = accumulate(map(len, values), initial=0)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)


def _stored(item: Column) -> Column:
    """Keep an enumeration inside a collection as its stored text."""
    return replace(item, type=XTK_STRING, values=()) if item.values else item
