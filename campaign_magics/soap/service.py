"""Envelopes, built and checked by zeep from the WSDL of `wsdl`.

The session token stays empty in the body: cookie and header carry it
(protocol.md §1, §2.1), so one envelope serves again after a new logon.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import zeep
import zeep.exceptions
from lxml import etree

from ..errors import InvalidValue
from ..schemas.model import Method
from ..secret import Sealed
from .arguments import WireValue, signature
from .methods import action_of
from .wsdl import build_wsdl


class Services:
    """One zeep service for each URN, grown as methods become known; thread-safe."""

    def __init__(self, address: str, transport: zeep.Transport) -> None:
        self._address = address
        self._transport = transport
        self._lock = threading.Lock()
        self._methods: dict[str, dict[str, Method]] = {}
        self._clients: dict[str, zeep.Client] = {}

    def add(self, methods: Iterable[Method]) -> None:
        """Make methods known; a service that gains one is built anew when used."""
        with self._lock:
            for method in methods:
                known = self._methods.setdefault(method.urn, {})
                if known.get(method.name) != method:
                    known[method.name] = method
                    self._clients.pop(method.urn, None)

    def client(self, urn: str) -> zeep.Client:
        """Return zeep's own client of one service, on our transport."""
        with self._lock:
            if urn not in self._clients:
                methods = self._methods.get(urn, {}).values()
                wsdl = build_wsdl(urn, methods, self._address)
                self._clients[urn] = zeep.Client(  # type: ignore[no-untyped-call]
                    io.BytesIO(wsdl), transport=self._transport
                )
            return self._clients[urn]

    def envelope(
        self,
        method: Method,
        values: Sequence[WireValue],
        entity: etree._Element | None = None,
    ) -> Sealed:
        """Return the SOAP request of one call, in UTF-8.

        ``values`` are the inputs in their order, ``entity`` the object of a method
        that is not static.  Raises InvalidValue when zeep finds them unfit.
        """
        self.add([method])
        client = self.client(method.urn)
        fields: dict[str, Any] = {"sessiontoken": ""}
        if not method.static:
            fields["entity"] = _wrapped(entity)
        for parameter, value in zip(method.inputs, values, strict=True):
            dom = isinstance(value, etree._Element) or value is None
            fields[parameter.name] = _wrapped(value) if dom else value
        try:
            root = client.create_message(  # type: ignore[no-untyped-call]
                client.service, method.name, **fields
            )
        except (zeep.exceptions.Error, TypeError, ValueError) as error:
            raise InvalidValue(
                f"The arguments do not fit {action_of(method)}.",
                hint=f"call it as {signature(method)}",
            ) from error
        return Sealed(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _wrapped(element: WireValue) -> dict[str, WireValue]:
    """Hand zeep a document the way its ``xsd:any`` takes one."""
    return {} if element is None else {"_value_1": element}
