"""What a call hands back: Python values, XML text, or a DataFrame of a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from lxml import etree

from ..xtk.xml import children, local_name

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["value", "xml", "frame"]
"""``value``: documents are lxml elements; ``xml``: indented text; ``frame``: a
DataFrame."""


def shaped(value: object, form: Form) -> object:
    """Return outputs with their documents in the form asked for."""
    if isinstance(value, tuple):
        return tuple(shaped(part, form) for part in value)
    if form == "value" or not isinstance(value, etree._Element):
        return value
    return to_xml_text(value) if form == "xml" else to_frame(value)


def to_xml_text(document: etree._Element) -> str:
    """Return a document as indented text."""
    etree.indent(document)
    return etree.tostring(document, encoding="unicode")


def to_frame(document: etree._Element) -> pd.DataFrame:
    """Return the rows of a document, which are strings: no schema tells their types.

    A row is each child of a plain list (``<recipient-collection>``), else the document
    itself.  Columns are named as a query names them (``folder.label``), an element's
    own text after the element; what occurs more than once in a row is a list.
    """
    import pandas as pd

    rows = [_row(element) for element in _rows(document)]
    frame = pd.DataFrame(rows)
    for name in frame.columns:
        if not any(isinstance(row.get(str(name)), list) for row in rows):
            frame[name] = frame[name].astype("string")
    return frame


def _rows(document: etree._Element) -> list[etree._Element]:
    inner = list(children(document))
    plain = not document.attrib and len({local_name(row) for row in inner}) <= 1
    return inner if plain and (inner or not document.text) else [document]


def _row(element: etree._Element) -> dict[str, str | list[str]]:
    row: dict[str, str | list[str]] = {}
    for name, text in _values(element, ""):
        before = row.get(name)
        if before is None:
            row[name] = text
        else:
            row[name] = [*(before if isinstance(before, list) else [before]), text]
    return row


def _values(element: etree._Element, place: str) -> Iterator[tuple[str, str]]:
    """Yield column and text of each attribute and each text, in document order."""
    for name, value in element.attrib.items():
        yield f"{place}.{name!s}".lstrip("."), str(value)
    if text := (element.text or "").strip():
        yield place or local_name(element), text
    for inner in children(element):
        yield from _values(inner, f"{place}.{local_name(inner)}".lstrip("."))
