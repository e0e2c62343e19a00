"""XML from outside, read without its dangers.

No document type, so no entities: neither expansion bombs nor files nor addresses can
be pulled in.  No network.  Bounded size and nesting.  One text value may be as large
as the document (memo fields hold whole e-mails), which lxml refuses unless asked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

MAX_BYTES: Final = 256 * 1024 * 1024
MAX_DEPTH: Final = 100
"""Campaign's own documents (workflows, deliveries) nest some twenty levels."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16|(us-)?ascii|iso-?8859-\d+|windows-125\d|cp125\d"
)
_PROLOG = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)


class XmlError(ValueError):
    """The text is not XML that we read; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})"


def parse_xml(
    data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> etree._Element:
    """Return the root element of a document.

    A ``str`` is taken as it is, whatever encoding its declaration names; ``bytes``
    may be UTF-8, UTF-16, ISO-8859-x or Windows-125x, with or without a byte order
    mark.  Comments, CDATA, processing instructions and white space before the
    declaration (a cell's first line) are accepted.

    Raises ``XmlError`` for malformed XML, a document type, an unknown encoding, more
    than ``max_bytes`` (counted as UTF-8) or elements nested beyond ``max_depth``.
    """
    text = _as_utf8(data)
    if len(text) > max_bytes:
        raise XmlError(f"the document is larger than {max_bytes:,} bytes")
    _refuse_document_type(text)
    root = _parse(text, max_depth)
    # One step per level: libxml2 visits each element once, and in C.
    if root.xpath("boolean(" + "/*" * (max_depth + 1) + ")"):
        raise _too_deep(max_depth, line=1)
    return root


def local_name(element: etree._Element) -> str:
    """Return the name without its namespace; empty for a comment or instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(
    element: etree._Element, local: str | None = None
) -> Iterator[etree._Element]:
    """Yield child elements of that local name (all of them without a name)."""
    for item in element.iterchildren("*"):
        if local is None or local_name(item) == local:
            yield item


def child(element: etree._Element, local: str) -> etree._Element | None:
    """Return the first child element of that local name, or None."""
    return next(children(element, local), None)


def _as_utf8(data: bytes | str) -> bytes:
    if isinstance(data, str):
        try:
            return data.removeprefix("\ufeff").encode()
        except UnicodeEncodeError as exc:
            raise XmlError("the text holds half of a surrogate pair") from exc
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _recode(data[len(mark) :], encoding)
    found = _DECLARED.match(data[:400])
    encoding = found[1].decode().lower() if found else "utf-8"
    if not _ENCODINGS.fullmatch(encoding):
        raise XmlError(f"the encoding {encoding} is not supported")
    return _recode(data, encoding)


def _recode(data: bytes, encoding: str) -> bytes:
    if encoding in ("utf-8", "utf8"):
        return data  # libxml2 checks it
    try:
        return data.decode(encoding).encode()
    except (UnicodeDecodeError, LookupError) as exc:
        raise XmlError(f"the bytes are not {encoding}") from exc


def _refuse_document_type(text: bytes) -> None:
    """Stop before libxml2 sees a DTD: it expands entities inside attributes."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    if text.startswith(b"<!DOCTYPE", at):
        line = text.count(b"\n", 0, at) + 1
        column = at - text.rfind(b"\n", 0, at)
        raise XmlError("a document type is not accepted", line=line, column=column)


def _parse(text: bytes, max_depth: int) -> etree._Element:
    document = text.lstrip()
    above = text[: len(text) - len(document)].count(b"\n")
    try:
        return etree.fromstring(document, _parser())
    except etree.XMLSyntaxError as exc:
        if "is not a valid URI" in exc.msg:
            return _parse_odd_namespaces(document, above)
        line, column = above + max(1, exc.position[0]), max(1, exc.position[1])
        if exc.msg.startswith("Excessive depth"):  # libxml2's own limit, 2048
            raise _too_deep(max_depth, line, column) from exc
        cause = exc.msg.partition(", line ")[0].strip()
        raise XmlError(cause, line=line, column=column) from exc


def _parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",  # ours by now, whatever the declaration says
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        recover=recover,
    )


def _parse_odd_namespaces(document: bytes, above: int) -> etree._Element:
    """Parse what is well-formed but for a namespace that libxml2 takes for no URI.

    Campaign's interfaces have such names: ``urn:xtk:persist|nms:delivery``
    (protocol.md §4.4).  Any other complaint is an error all the same.
    """
    parser = _parser(recover=True)
    root = etree.fromstring(document, parser)
    for entry in parser.error_log:
        if entry.type_name != "WAR_NS_URI":
            raise XmlError(entry.message, line=above + entry.line, column=entry.column)
    return root


def _too_deep(max_depth: int, line: int, column: int = 1) -> XmlError:
    return XmlError(
        f"elements are nested more than {max_depth} deep", line=line, column=column
    )
