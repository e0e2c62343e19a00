"""``multipart/form-data`` (RFC 7578), as browsers send files: read whole, bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser

_MOST_PARTS = 20
_HEADER_BYTES = 8 * 1024
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class BadForm(ValueError):
    """The body is not the form that its Content-Type announces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a form; ``filename`` is None unless it is a file."""

    name: str
    filename: str | None
    data: bytes = field(repr=False)


def read_form(body: bytes, content_type: str) -> tuple[Part, ...]:
    """Return the fields of a form in their order.  Raises BadForm."""
    delimiter = b"--" + _boundary(content_type).encode()
    # The first delimiter has no line break before it, all others own theirs.
    _, found, rest = (b"\r\n" + body).partition(b"\r\n" + delimiter)
    if not found:
        raise BadForm("the form does not begin with its boundary")
    pieces = rest.split(b"\r\n" + delimiter, _MOST_PARTS + 1)
    if not pieces[-1].startswith(b"--"):
        raise BadForm("the form does not end, or has too many fields")
    return tuple(_part(piece) for piece in pieces[:-1])


def _boundary(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data":
        raise BadForm("the body is not multipart/form-data")
    if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
        raise BadForm("the form has no boundary")
    return boundary


def _part(piece: bytes) -> Part:
    head, blank, data = piece.partition(b"\r\n\r\n")
    if not blank or len(head) > _HEADER_BYTES:
        raise BadForm("a field of the form has no header")
    # White space may follow a boundary; what is left starts with the line's end.
    text = head.lstrip(b" \t").removeprefix(b"\r\n").decode("utf-8", "replace")
    header = HeaderParser().parsestr(text)
    name = header.get_param("name", header="Content-Disposition")
    if not isinstance(name, str) or not name:
        raise BadForm("a field of the form has no name")
    return Part(name=name, filename=header.get_filename(), data=data)
