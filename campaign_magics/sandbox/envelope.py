"""SOAP envelopes: reading both request dialects, writing answers (protocol.md §2).

Answers follow the letter of what Adobe's own client accepts: prefix ``SOAP-ENV``, an
unprefixed ``{Method}Response``, outputs in order with exact ``xsi:type``, single quotes
around attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from lxml import etree

from ..schemas.model import Parameter
from ..xtk.xml import XmlError, local_name, parse_xml
from .faults import Fault

MAX_BYTES = 64 * 1024 * 1024
"""Longest request body, after decompression too."""

_MAX_DEPTH = 250
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_LITERAL = "http://xml.apache.org/xml-soap/literalxml"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_CHARSETS = {"iso-8859-1", "iso-8859-15", "windows-1252", "us-ascii", "utf-16"}
"""A closed list: some of Python's codecs take quadratic time."""

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\bencoding\s*=")
_TEXT = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}
_ATTRIBUTE = {
    **_TEXT,
    ord("'"): "&apos;",
    ord('"'): "&quot;",
    ord("\n"): "&#10;",
    ord("\t"): "&#9;",
}
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Value = str | bool | int | datetime | date | bytes | Iterator[bytes] | None
"""One output: text, or an XML payload as bytes, at once or piece by piece."""


@dataclass(frozen=True, slots=True)
class _Wire:
    """How a declared parameter type looks on the wire."""

    prefix: str
    xsi_type: str


_WIRE = {
    "string": _Wire("str", "xsd:string"),
    "primarykey": _Wire("", "xsd:primarykey"),
    "boolean": _Wire("b", "xsd:boolean"),
    "byte": _Wire("bt", "xsd:byte"),
    "short": _Wire("s", "xsd:short"),
    "long": _Wire("l", "xsd:int"),
    "int64": _Wire("l", "xsd:long"),
    "datetime": _Wire("tm", "xsd:dateTime"),
    "date": _Wire("dt", "xsd:date"),
    "DOMElement": _Wire("elem", "ns:Element"),
    "DOMDocument": _Wire("dom", "ns:Element"),
}
"""protocol.md §2.2; a type named after a schema's element (``sessionUserInfo``) is
``ns:Element`` with no prefix."""

_ELEMENT = _Wire("", "ns:Element")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request as it lies on the wire, before a method is known to bind it to.

    ``parts`` are the children of the method element in order; ``security_token`` and
    ``session_token`` are those of the SOAP header, if it names them.
    """

    urn: str
    method: str
    parts: tuple[etree._Element, ...] = field(repr=False)
    session_token: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)


class BadMessage(Exception):
    """The body is no SOAP envelope; the text says why, without quoting it."""


def read_message(body: bytes, content_type: str = "") -> Message:
    """Parse a request.  Raises BadMessage."""
    root = _parse(_recode(body, content_type))
    if local_name(root) != "Envelope":
        raise BadMessage(f"the root element is '{local_name(root)}', not 'Envelope'")
    parts = {local_name(child): child for child in _elements(root)}
    call = next(_elements(parts["Body"]), None) if "Body" in parts else None
    if call is None:
        raise BadMessage("the envelope has no body with a method in it")
    header = {local_name(e): e for e in _elements(parts.get("Header"))}
    return Message(
        urn=_urn(call),
        method=local_name(call),
        parts=tuple(_elements(call)),
        session_token=_cookie_token(element_text(header.get("Cookie"))),
        security_token=element_text(header.get("X-Security-Token")),
    )


def element_text(element: etree._Element | None) -> str:
    """Return all text in an element, ``""`` for none."""
    return "" if element is None else "".join(map(str, element.itertext()))


def document_of(element: etree._Element | None) -> etree._Element | None:
    """Return the XML inside a DOM parameter, free of namespaces; None when empty.

    A payload copied from an answer drags ``xmlns="urn:…"`` along, which means nothing.
    """
    inner = next(_elements(element), None)
    if inner is None:
        return None
    payload = deepcopy(inner)  # a tree of its own, which the envelope's names leave
    payload.tail = None
    for node in payload.iter(etree.Element):
        if node.tag.startswith("{"):
            node.tag = local_name(node)
    etree.cleanup_namespaces(payload)
    return payload


def output_name(parameter: Parameter) -> str:
    """Return an output's element name: ``pstrSessionToken``, ``pdomOutput``."""
    return f"p{input_name(parameter)}"


def input_name(parameter: Parameter) -> str:
    """Return an input's Hungarian name as WSDL gives it: ``strLogin``, ``domDoc``."""
    prefix = _WIRE.get(parameter.type, _ELEMENT).prefix
    return f"{prefix}{parameter.name[:1].upper()}{parameter.name[1:]}"


def answer(
    urn: str,
    method: str,
    outputs: Sequence[tuple[Parameter, Value]],
    *,
    entity: bytes | None = None,
) -> Iterator[bytes]:
    """Yield a response envelope; payloads that are iterators stay streams."""
    opening = _opening(f" xmlns:ns={attribute(f'urn:{urn}')}")
    yield (
        f"{opening}<{method}Response xmlns={attribute(f'urn:{urn}')} "
        f"SOAP-ENV:encodingStyle='{_ENCODING}'>"
    ).encode()
    if entity is not None:
        yield from _payload("entity", entity)
    for parameter, value in outputs:
        yield from _output(parameter, value)
    yield f"</{method}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>".encode()


def fault_answer(fault: Fault, *, by_client: bool = False) -> bytes:
    """Return a fault envelope (protocol.md §2.3)."""
    return (
        f"{_opening('')}<SOAP-ENV:Fault>"
        f"<faultcode>SOAP-ENV:{'Client' if by_client else 'Server'}</faultcode>"
        f"<faultstring xsi:type='xsd:string'>{text(f'{fault.code} {fault.text}')}"
        f"</faultstring><detail xsi:type='xsd:string'>{text(fault.detail)}</detail>"
        "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()


def text(value: str) -> str:
    """Escape element text; a character XML cannot hold becomes U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", value).translate(_TEXT)


def attribute(value: str) -> str:
    """Quote and escape an attribute value; line breaks survive as ``&#10;``."""
    return f"'{_UNWRITABLE.sub(chr(0xFFFD), value).translate(_ATTRIBUTE)}'"


def attributes(values: Iterable[tuple[str, str]]) -> str:
    """Return attributes ready to follow an element's name."""
    return "".join(f" {name}={attribute(value)}" for name, value in values)


def server_time(when: datetime, *, separator: str = " ") -> str:
    """Return a time as servers write it: ``2020-07-05 14:11:31.986Z``."""
    stamp = when.astimezone(UTC).isoformat(sep=separator, timespec="milliseconds")
    return f"{stamp.removesuffix('+00:00')}Z"


def _opening(namespaces: str) -> str:
    return (
        "<?xml version='1.0'?><SOAP-ENV:Envelope "
        "xmlns:xsd='http://www.w3.org/2001/XMLSchema' "
        f"xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'{namespaces} "
        f"xmlns:SOAP-ENV='{_SOAP}'><SOAP-ENV:Body>"
    )


def _output(parameter: Parameter, value: Value) -> Iterator[bytes]:
    wire = _WIRE.get(parameter.type, _ELEMENT)
    name = output_name(parameter)
    if wire.xsi_type == "ns:Element":
        yield from _payload(name, value)
    else:
        content = text(_value_text(value))
        yield f"<{name} xsi:type='{wire.xsi_type}'>{content}</{name}>".encode()


def _payload(name: str, value: Any) -> Iterator[bytes]:
    yield (
        f"<{name} xsi:type='ns:Element' SOAP-ENV:encodingStyle='{_LITERAL}'>"
    ).encode()
    if isinstance(value, bytes):
        yield value
    elif value is not None:
        yield from value
    yield f"</{name}>".encode()


def _value_text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return server_time(value, separator="T")
    return value.isoformat() if isinstance(value, date) else str(value)


def _parse(body: bytes | str) -> etree._Element:
    try:
        return parse_xml(body, max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH)
    except XmlError as exc:
        raise BadMessage(str(exc)) from exc


def _urn(call: etree._Element) -> str:
    # QName() refuses names whose namespace holds a brace, which XML allows.
    namespace = str(call.tag).rpartition("}")[0].removeprefix("{")
    return namespace.removeprefix("urn:")


def _recode(body: bytes, content_type: str) -> bytes | str:
    """Decode by the header's charset when the document itself names none."""
    charset = _CHARSET.search(content_type)
    if charset is None or _DECLARATION.match(body):
        return body
    name = charset[1].lower()
    if name in ("utf-8", "utf8"):
        return body
    if name not in _CHARSETS:
        raise BadMessage("the charset of the body is not known here")
    try:
        return body.decode(name)
    except UnicodeError as exc:
        raise BadMessage(f"the body is not in charset {name}") from exc


def _elements(parent: etree._Element | None) -> Iterator[etree._Element]:
    if parent is not None:
        yield from (child for child in parent if isinstance(child.tag, str))


def _cookie_token(cookie: str) -> str:
    name, _, value = cookie.partition("=")
    return value.strip() if name.strip() == "__sessiontoken" else ""
