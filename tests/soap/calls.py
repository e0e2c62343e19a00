"""Methods for tests to call, each declared in a line."""

from __future__ import annotations

from collections.abc import Callable

from campaign_magics.schemas.model import Method, Parameter
from campaign_magics.soap.client import SoapClient

Connect = Callable[..., SoapClient]


def method(
    name: str, *params: str, urn: str = "xtk:session", **options: bool
) -> Method:
    """``method("GetOption", "name: string", "value: string out")``."""
    parameters = []
    for text in params:
        label, _, rest = text.partition(": ")
        kind, _, inout = rest.partition(" ")
        parameters.append(
            Parameter(name=label, type=kind, inout="out" if inout else "in")
        )
    options.setdefault("static", True)
    return Method(name=name, urn=urn, parameters=tuple(parameters), **options)


WRITE = method("Write", "doc: DOMDocument", urn="xtk:persist|xtk:session")
GET_OPTION = method("GetOption", "name: string", "value: string out", "type: byte out")
PING = method("TestCnx")
