"""Other libraries' exceptions become ours, once, here.

`FOREIGN` is read along an exception's class order, most specific first; a test walks
the exception classes of requests, urllib3, zeep and lxml and finds each one covered.
Texts of foreign exceptions are not copied: some hold headers, hence tokens.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import requests.exceptions as web
import urllib3.exceptions as pool
import zeep.exceptions as soap
from lxml import etree

from ..errors import (
    BadAnswer,
    CallTimeout,
    CampaignError,
    InvalidValue,
    NetworkError,
    NotCampaign,
    ServerError,
    SoapFault,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one foreign exception means: our class, the cause and what to try."""

    kind: type[CampaignError]
    cause: str
    hint: str = ""
    transient: bool = False
    """True when the same call may work a moment later."""


_REFUSED = Verdict(
    Unreachable,
    "No connection to {host}.",
    "check that the server (or the sandbox) runs, and the address",
    transient=True,
)
_BROKEN = Verdict(
    Unreachable,
    "{host} closed the connection without an answer.",
    "try again; if it goes on, look at the server or a proxy before it",
    transient=True,
)
_NOT_HTTP = Verdict(
    NotCampaign,
    "What answers at {host} does not speak HTTP.",
    "check host and port, and whether it is https or plain http",
)
_NO_NAME = Verdict(
    Unreachable,
    "No host is named {host}.",
    "check the address for a typing error, and the network or VPN",
    transient=True,
)
_TLS = Verdict(
    Unreachable,
    "{host} failed the TLS check.",
    "name the authority that signed its certificate as ca_bundle in the profile",
)
_PROXY = Verdict(
    Unreachable,
    "The proxy on the way to {host} does not let the call through.",
    "check `proxy` in the profile, or HTTPS_PROXY and NO_PROXY",
    transient=True,
)
_SLOW_CONNECT = Verdict(
    CallTimeout,
    "{host} did not accept a connection in time.",
    "check that the server is up and a firewall lets you through",
    transient=True,
)
_SLOW = Verdict(
    CallTimeout,
    "No answer came from {host} in time.",
    "ask for less (fewer rows or columns), or raise read_timeout in the profile",
)
_CUT = Verdict(
    BadAnswer,
    "The answer of {host} broke off.",
    "try again; if it goes on, look for a proxy that cuts long answers",
    transient=True,
)
_ENCODING = Verdict(
    BadAnswer,
    "The answer of {host} cannot be decompressed.",
    "try again; if it goes on, look for a proxy that damages answers",
)
_ADDRESS = Verdict(
    InvalidValue,
    "The address of the instance is not one that can be called.",
    "write it as https://host or http://127.0.0.1:8080",
)
_HEADER = Verdict(
    InvalidValue,
    "A token or name holds a character that no HTTP header can carry.",
    "copy the token again, without spaces or line ends",
)
_ARGUMENT = Verdict(
    InvalidValue,
    "An argument does not fit the method's signature.",
    "see the signature with %campaign_call or in the schema's methods",
)
_XML = Verdict(
    BadAnswer,
    "The answer of {host} is not well-formed XML.",
    "try again; if it goes on, look for a proxy that alters answers",
)
_UNSAFE = Verdict(
    BadAnswer,
    "The answer of {host} holds a DTD or an entity, which is refused.",
    "check what answers at this address: Campaign never sends one",
)
_ODD = Verdict(NetworkError, "The call to {host} failed.", "see the error's __cause__")

FOREIGN: Mapping[type[BaseException], Verdict] = MappingProxyType(
    {
        # requests
        web.ConnectTimeout: _SLOW_CONNECT,
        web.ReadTimeout: _SLOW,
        web.Timeout: _SLOW,
        web.SSLError: _TLS,
        web.ProxyError: _PROXY,
        web.ConnectionError: _REFUSED,
        web.ChunkedEncodingError: _CUT,
        web.ContentDecodingError: _ENCODING,
        web.TooManyRedirects: Verdict(
            NotCampaign,
            "{host} redirects in a circle.",
            "check the address: it is the instance's, without a path",
        ),
        web.MissingSchema: _ADDRESS,
        web.InvalidSchema: _ADDRESS,
        web.InvalidURL: _ADDRESS,
        web.URLRequired: _ADDRESS,
        web.InvalidHeader: _HEADER,
        web.RequestException: _ODD,
        # urllib3, met while an answer's body is read
        pool.NameResolutionError: _NO_NAME,
        pool.NewConnectionError: _REFUSED,
        pool.ConnectTimeoutError: _SLOW_CONNECT,
        pool.TimeoutError: _SLOW,
        pool.TimeoutStateError: _ODD,
        pool.SSLError: _TLS,
        pool.ProxyError: _PROXY,
        pool.ProxySchemeUnknown: _PROXY,
        pool.ProxySchemeUnsupported: _PROXY,
        pool.ProtocolError: _CUT,
        pool.IncompleteRead: _CUT,
        pool.InvalidChunkLength: _CUT,
        pool.DecodeError: _ENCODING,
        pool.LocationValueError: _ADDRESS,
        pool.HTTPError: _ODD,
        pool.HTTPWarning: _ODD,
        # zeep
        soap.Fault: Verdict(SoapFault, "{host} answered with a fault."),
        soap.TransportError: Verdict(
            ServerError, "{host} answered with an HTTP error."
        ),
        soap.XMLSyntaxError: _XML,
        soap.XMLParseError: _XML,
        soap.DTDForbidden: _UNSAFE,
        soap.EntitiesForbidden: _UNSAFE,
        soap.ExternalReferenceForbidden: _UNSAFE,
        soap.Error: _ARGUMENT,
        # lxml
        etree.XMLSyntaxError: _XML,
        etree.Error: _XML,
        # the standard library, below all of them
        ssl.SSLError: _TLS,
        TimeoutError: _SLOW,
        ConnectionError: _REFUSED,
        http.client.HTTPException: _CUT,
        UnicodeError: _ADDRESS,
        OSError: Verdict(
            Unreachable,
            "No connection to {host}.",
            "check the address, and the paths of ca_bundle and client_cert if set",
        ),
    }
)


@contextmanager
def our_errors(host: str, *, answering: bool = False) -> Iterator[None]:
    """Raise `CampaignError` for whatever the wire's libraries raise.

    ``answering`` says that an answer had begun: what is lost then broke off.
    ``facts`` of the error gains ``transient``: the same call may work in a moment.
    """
    try:
        yield
    except tuple(FOREIGN) as error:
        raise translate(error, host, answering=answering) from error


def translate(
    error: BaseException, host: str, *, answering: bool = False
) -> CampaignError:
    """Return the `CampaignError` for a foreign exception, without its text."""
    verdict = verdict_on(error)
    if answering and verdict is _BROKEN:
        verdict = _CUT
    _forget_request(error)
    return verdict.kind(
        verdict.cause.format(host=host),
        hint=verdict.hint,
        transient=verdict.transient,
    )


_TELLING: Mapping[type[BaseException], Verdict] = MappingProxyType(
    {
        pool.NameResolutionError: _NO_NAME,
        pool.ProxyError: _PROXY,
        http.client.RemoteDisconnected: _BROKEN,
        http.client.BadStatusLine: _NOT_HTTP,
        http.client.LineTooLong: _NOT_HTTP,
        ConnectionResetError: _BROKEN,
        BrokenPipeError: _BROKEN,
    }
)
"""Exceptions that say more than the ones they are wrapped in."""


def verdict_on(error: BaseException) -> Verdict:
    """Look an exception up by its classes; a wrapped, more telling one goes first."""
    for inner in _chain(error):
        for kind in type(inner).__mro__:
            if kind in _TELLING:
                return _TELLING[kind]
    return verdict_for(type(error))


def verdict_for(kind: type[BaseException]) -> Verdict:
    """Return the nearest verdict along the class order."""
    return next(FOREIGN[base] for base in kind.__mro__ if base in FOREIGN)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and those it wraps (arguments, ``reason``, context)."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        queue += [*item.args, getattr(item, "reason", None), item.__cause__]
        queue.append(item.__context__)


def _forget_request(error: BaseException) -> None:
    """Drop the request from requests' exceptions: its body may hold the password."""
    for inner in _chain(error):
        if isinstance(inner, web.RequestException):
            inner.request = None
            inner.response = None
