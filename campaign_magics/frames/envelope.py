"""The outside of an ExecuteQuery answer: is it one, and where are its rows?

Shapes (protocol.md §2.2, §5.3): below ``Envelope/Body/…Response/pdomOutput`` stands
``<x-collection>`` with rows (select), or one row ``<x …/>`` (get, count), or nothing.
Names are local names; prefixes and namespaces vary between servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypedDict

from lxml import etree

from ..errors import BadAnswer
from ..xtk.xml import XmlError, child, local_name, parse_xml

MAX_BYTES: Final = 2**31 - 1
"""An Arrow string column counts its bytes in 31 bits."""

_COLLECTION: Final = "-collection"
_OUTPUT, _COLLECTED = 4, 5
"""Depth of ``pdomOutput`` and of a collection in it."""

_FIRST_CHUNK: Final = 16_384
_PLAIN = re.compile(rb"(<\?xml\s[^>]{0,200}\?>)?\s*<[^!?]")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An answer made plain: UTF-8, no document type, ``\\n`` line ends.

    ``container`` are the names from the root to the parent of the rows; ``row`` is
    the tag of a row as written, with its prefix, or None when there is no row.
    """

    data: bytes
    container: tuple[str, ...]
    row: str | None

    @property
    def is_collection(self) -> bool:
        """True for the answer of a select: any number of rows."""
        return len(self.container) == _COLLECTED


def open_envelope(answer: bytes, *, element: str) -> Envelope:
    """Find the rows of ``answer``; ``element`` is their name, empty if unknown.

    Raises BadAnswer for anything that is not the answer of an ExecuteQuery: a fault,
    another document, malformed XML before the first row, rows of another element.
    """
    if len(answer) > MAX_BYTES:
        raise BadAnswer(
            f"The answer has {len(answer):,} bytes, more than a table can hold.",
            hint="ask for fewer rows a page",
        )
    data = _plain(answer)
    try:
        envelope = _sniff(data)
    except etree.XMLSyntaxError as error:
        raise malformed(error) from error
    if envelope.row and element and not _same(envelope.row, element):
        raise BadAnswer(
            f"The answer holds <{envelope.row}> rows where <{element}> was expected.",
            hint="the query's schema and the answer's do not agree",
        )
    return envelope


def malformed(error: etree.XMLSyntaxError | XmlError) -> BadAnswer:
    """Return the BadAnswer for XML that a parser refused."""
    cause = error.msg if isinstance(error, etree.XMLSyntaxError) else str(error)
    if "xmlChar" in cause or "invalid Char" in cause:
        return BadAnswer(
            f"A text of the answer holds a character XML does not allow: {cause}.",
            hint="leave that column out, or clean the text in Campaign",
        )
    return BadAnswer(
        f"The answer is cut short or malformed: {cause}.",
        hint="run it again; if that does not help, ask for fewer rows a page",
    )


class ReaderOptions(TypedDict):
    """How lxml reads answers; document types were refused before."""

    resolve_entities: bool
    load_dtd: bool
    no_network: bool
    huge_tree: bool


READER_OPTIONS: Final = ReaderOptions(
    resolve_entities=False,
    load_dtd=False,
    no_network=True,
    huge_tree=True,  # one memo may be larger than libxml2's default of 10 MB
)


def _plain(answer: bytes) -> bytes:
    """Return the same document in UTF-8, without what the fast parser trips over."""
    start = _PLAIN.match(answer)
    encoding = _ENCODING.search(start[1]) if start and start[1] else None
    if not start or (encoding and encoding[1].lower() not in (b"utf-8", b"utf8")):
        try:
            root = parse_xml(answer, max_bytes=2 * MAX_BYTES)
        except XmlError as error:
            raise malformed(error) from error
        answer = etree.tostring(root, encoding="utf-8")
    if b"\r" in answer:  # XML's rule for line ends, which the fast parser leaves out
        answer = answer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return answer


def _sniff(data: bytes) -> Envelope:
    """Read start tags until a row is seen, or the end of where rows would be."""
    path: list[str] = []
    for event, element in _events(data):
        if event == "start":
            path.append(local_name(element))
            _check_head(data, path)
            if _is_row(path):
                name = f"{element.prefix}:{path[-1]}" if element.prefix else path[-1]
                return Envelope(data=data, container=tuple(path[:-1]), row=name)
        else:
            if len(path) in (_OUTPUT, _COLLECTED) and path[1] == "Body":
                return Envelope(data=data, container=tuple(path), row=None)
            path.pop()
    raise BadAnswer(
        "The answer has no output, so it is not the answer of a query.",
        hint="run it again; if that does not help, look at the call with a trace",
    )


def _events(data: bytes) -> Iterator[tuple[str, etree._Element]]:
    parser = etree.XMLPullParser(("start", "end"), **READER_OPTIONS)
    at, size = 0, _FIRST_CHUNK
    while at < len(data):
        parser.feed(data[at : at + size])
        for event, item in parser.read_events():
            if isinstance(item, etree._Element):
                yield event, item
        at, size = at + size, size * 2
    parser.close()


def _check_head(data: bytes, path: list[str]) -> None:
    if len(path) == 1 and path[0] != "Envelope":
        raise BadAnswer(
            f"The answer is not a SOAP envelope, it starts with <{path[0]}>.",
            hint="check the address: something else than Campaign may answer there",
        )
    if path[1:] == ["Body", "Fault"]:
        raise BadAnswer(
            f"The answer is a SOAP fault: {_fault_text(data)}.",
            hint="the instance refused the query",
        )


def _fault_text(data: bytes) -> str:
    try:
        fault = parse_xml(data)
        for name in ("Body", "Fault", "faultstring"):
            found = child(fault, name)
            if found is None:
                return "no text"
            fault = found
    except XmlError:
        return "no text"
    return " ".join(str(fault.xpath("string()")).split())


def _is_row(path: list[str]) -> bool:
    if path[1:2] != ["Body"]:
        return False
    single = len(path) == _OUTPUT + 1 and not path[-1].endswith(_COLLECTION)
    return single or len(path) == _COLLECTED + 1


def _same(row: str, element: str) -> bool:
    """Compare tags; a temporary schema writes ``_`` for ``:`` (protocol.md §5.3)."""
    names = sorted([row.rpartition(":")[2], element.replace(":", "_")], key=len)
    return names[0] == names[1] or names[1].endswith("_" + names[0])
