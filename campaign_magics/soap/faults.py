"""An HTTP answer is a SOAP answer, or the error that says why not.

Sources: protocol.md §2.2 (answers), §2.3 (faults and status), §2.4 (expiry), §12
(codes).  Only the head and the tail of an answer are looked at, so that rows in
their megabytes cost nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from lxml import etree

from ..errors import (
    AccessDenied,
    BadAnswer,
    CampaignError,
    NotCampaign,
    ServerError,
    SessionExpired,
    SoapFault,
)
from ..xtk.xml import XmlError, child, local_name, parse_xml

SOAP_ENV = "http://schemas.xmlsoap.org/soap/envelope/"
_CODE = re.compile(r"\b[A-Z]{3}-\d{6}\b")
_EXPIRED = "XSV-350008"
_REFUSED = ("XSV-350012", "XSV-350013", "XSV-350023", "XTK-170019", "SOP-330023")
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_DOCTYPE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL
)
_TAIL = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>\s*(?:<!--.*?-->\s*)*\Z", re.DOTALL)

HINTS: Mapping[str, str] = {
    "XSV-350012": "check the operator and the password",
    "XSV-350013": "ask for this machine's IP address to be allowed (security zones)",
    "XSV-350008": "connect again",
    "XTK-170019": "ask for the right to read or write this data",
    "SOP-330023": "check the operator's rights; the server hides the cause",
    "SOP-330006": "see what the schema offers with %campaign_schema",
    "SOP-330024": "call an interface method on its interface, like xtk:persist",
    "XTK-170036": "see the attributes with %campaign_schema",
    "XTK-170006": "check the function's name and its arguments",
    "XTK-170037": "give both operands to every operator",
    "XFR-180000": "check the name of the entity or file on this instance",
    "PGS-220000": "look for a duplicate key or a value out of range",
}
"""What to try, by the code nearest to the cause (protocol.md §12)."""

_GROUPING = "GROUP BY every column that no function such as COUNT() adds up"
_ANY_FAULT = "read the server's whole text in the error's facts"


class Name(NamedTuple):
    """An element's name in two parts; lxml's QName refuses a brace in a namespace."""

    namespace: str
    localname: str


class Head(NamedTuple):
    """The first elements of an answer: what it is, before it is parsed."""

    root: Name
    first: Name | None


def check_answer(
    status: int,
    body: bytes,
    *,
    method: str,
    redact: Callable[[str], str],
) -> None:
    """Return if the answer is ``{method}Response`` in a SOAP 1.1 envelope.

    ``redact`` is applied to every word of the server that enters an error.  Raises
    SoapFault, AccessDenied, SessionExpired, NotCampaign, BadAnswer or ServerError.
    """
    head = _head(body)
    if head is None:
        raise _not_xml(status, body, redact)
    if head.root.localname != "Envelope":
        raise _not_soap(status, body, head, redact)
    if head.root.namespace != SOAP_ENV:
        raise BadAnswer(
            f"The envelope is in namespace {redact(str(head.root.namespace))!r}.",
            hint="check the address: something other than Campaign may answer there",
        )
    if head.first is None:
        raise _cut(body)
    if head.first.localname == "Fault":
        raise fault_error(body, redact)
    if status >= 400:
        raise ServerError(f"HTTP {status} came with a SOAP answer.", hint="try again")
    if head.first.localname != f"{method}Response":
        raise BadAnswer(
            f"Asked for {method}, the server answered {redact(head.first.localname)}.",
            hint="try again; if it goes on, look for a proxy that mixes up answers",
        )
    if not _is_closed(body):
        raise _cut(body)


def fault_error(body: bytes, redact: Callable[[str], str]) -> ServerError:
    """Read a SOAP fault: the cause in one line, its codes and texts as facts."""
    try:
        envelope = parse_xml(body)
    except XmlError as error:
        return _cut(body, error)
    found = next((e for e in envelope.iter() if local_name(e) == "Fault"), envelope)
    fault_code, text, detail = (
        redact(_text_of(found, name)) for name in ("faultcode", "faultstring", "detail")
    )
    codes = _CODE.findall(f"{detail} {text}")
    cause = (
        _first_line(detail)
        or _first_line(text)
        or "The server answered a fault without a text."
    )
    hint = next((HINTS[code] for code in codes if code in HINTS), _ANY_FAULT)
    return _kind(f"{text} {detail}")(
        cause,
        hint=_GROUPING if "GROUP BY" in cause else hint,
        server_code=next(iter(_CODE.findall(text)), next(iter(codes), "")),
        fault_code=fault_code,
        fault=text,
        detail=detail,
    )


def _kind(text: str) -> type[ServerError]:
    if _EXPIRED in text:
        return SessionExpired
    return AccessDenied if any(code in text for code in _REFUSED) else SoapFault


def _head(body: bytes) -> Head | None:
    """Return root and the Body's first child, or None if this is not XML."""
    if _DOCTYPE.match(body[:4096]):
        return None  # an HTML page, or entities that nobody here wants to expand
    seen: list[Name] = []
    for element in _elements(body):
        namespace, _, local = str(element.tag).removeprefix("{").rpartition("}")
        seen.append(Name(namespace, local))
        if len(seen) > 1 and seen[-2].localname == "Body":
            return Head(seen[0], seen[-1])
        if seen[0].localname != "Envelope" or len(seen) > 64:
            break
    return Head(seen[0], None) if seen else None


def _elements(body: bytes) -> Iterator[etree._Element]:
    """Yield elements as they open, up to the first mistake, a piece at a time."""
    puller = etree.XMLPullParser(
        ("start",), resolve_entities=False, no_network=True, load_dtd=False
    )
    sound = True
    for start in range(0, len(body), 4096):
        try:
            puller.feed(body[start : start + 4096])
        except etree.LxmlError:
            sound = False
        for _, element in puller.read_events():
            assert isinstance(element, etree._Element)  # noqa: S101 - for mypy
            yield element
        if not sound:
            return


def _is_closed(body: bytes) -> bool:
    """Tell whether the envelope's end is there; encodings other than ASCII's pass."""
    if b"\0" in body[:4]:
        return True
    return _TAIL.search(body[-512:]) is not None


def _not_xml(status: int, body: bytes, redact: Callable[[str], str]) -> CampaignError:
    """Name a text, an HTML page or nothing at all."""
    text = redact(_first_line(body[:4096].decode("utf-8", "replace")))
    if _EXPIRED in text:
        return SessionExpired(text, hint=HINTS[_EXPIRED], server_code=_EXPIRED)
    for code in _REFUSED:
        if code in text:
            return AccessDenied(text, hint=HINTS.get(code, ""), server_code=code)
    if status == 401:
        return SessionExpired(
            "HTTP 401: the session is not accepted.",
            hint=HINTS[_EXPIRED],
            server_code="",
        )
    if status == 407:
        return AccessDenied(
            "HTTP 407: the proxy asks for a login.", hint="check `proxy` in the profile"
        )
    if _HTML.search(body[:4096]):
        return _html(status)
    if status == 403:
        return AccessDenied(
            f"HTTP 403: {text or 'the call is forbidden.'}",
            hint="ask for this machine to be allowed in (security zones)",
        )
    if status in {404, 405, 410} or 300 <= status < 400:
        return _not_here(status)
    if status >= 400:
        return ServerError(
            f"HTTP {status}: {text or 'the call failed.'}",
            hint="try again in a while: the instance is in trouble or restarting",
        )
    if not body.strip():
        return BadAnswer("The answer is empty.", hint="try again")
    return BadAnswer(
        f"The answer is not XML that we take: {text[:80]!r}.",
        hint="check the address: something other than Campaign may answer there",
    )


def _not_soap(
    status: int, body: bytes, head: Head, redact: Callable[[str], str]
) -> CampaignError:
    """Name an XML or XHTML document that is no envelope."""
    if _HTML.search(body[:4096]) or status != 200:
        return _not_xml(status, body, redact)
    return NotCampaign(
        f"XML answers at this address, but no SOAP: <{redact(head.root.localname)}>.",
        hint="give the instance's address without a path, like https://host",
    )


def _html(status: int) -> CampaignError:
    if status in {500, 502, 503, 504}:
        return ServerError(
            f"HTTP {status}: a page came instead of an answer.",
            hint="try again in a while: the instance is in trouble or restarting",
        )
    if status == 403:
        return AccessDenied(
            "HTTP 403: a page forbids the call.",
            hint="look for a proxy or firewall before the instance",
        )
    return NotCampaign(
        "An HTML page answers at this address, not Campaign's SOAP router.",
        hint="give the instance's address without a path, like https://host",
    )


def _not_here(status: int) -> NotCampaign:
    if 300 <= status < 400:
        return NotCampaign(
            f"HTTP {status}: this address sends its callers elsewhere.",
            hint="use the final address (https, not http?); no login page follows it",
        )
    return NotCampaign(
        f"HTTP {status}: no SOAP router answers at this address.",
        hint="give the instance's address without a path, like https://host",
    )


def _cut(body: bytes, error: XmlError | None = None) -> BadAnswer:
    where = f" ({error})" if error else ""
    return BadAnswer(
        f"The answer is truncated or malformed after {len(body):,} bytes{where}.",
        hint="try again; if it goes on, ask for fewer rows at a time",
    )


def _text_of(parent: etree._Element, name: str) -> str:
    found = child(parent, name)
    if found is None:
        return ""
    return " ".join("".join(map(str, found.itertext())).split())


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:500]
