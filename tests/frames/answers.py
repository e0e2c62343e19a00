"""Answers of an ExecuteQuery, put together by hand (protocol.md §2.2)."""

from __future__ import annotations

from campaign_magics.xtk.columns import Column
from campaign_magics.xtk.types import TYPES, EnumValue

HEAD = (
    "<?xml version='1.0'?><SOAP-ENV:Envelope "
    "xmlns:xsd='http://www.w3.org/2001/XMLSchema' "
    "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
    "xmlns:ns='urn:xtk:queryDef' "
    "xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body>"
    "<ExecuteQueryResponse xmlns='urn:xtk:queryDef' SOAP-ENV:encodingStyle='x'>"
    "<pdomOutput xsi:type='ns:Element'>"
)
TAIL = "</pdomOutput></ExecuteQueryResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"


def output(content: str) -> bytes:
    """Wrap the content of ``pdomOutput`` in its envelope."""
    return f"{HEAD}{content}{TAIL}".encode()


def select(rows: str) -> bytes:
    """Wrap rows as the answer of a select on nms:recipient."""
    return output(f"<recipient-collection>{rows}</recipient-collection>")


def column(path: str, type_name: str = "string", **more: object) -> Column:
    """Make a column named by its path: ``folder/@label``."""
    return Column(
        name=path, steps=tuple(path.split("/")), type=TYPES[type_name], **more
    )


GENDER = (
    EnumValue(value="0", name="unknown", label="Not specified"),
    EnumValue(value="1", name="male", label="Male"),
    EnumValue(value="2", name="female", label="Female"),
)
