"""The pool of connections to one instance, and one exchange over it."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from .. import __version__
from ..errors import BadAnswer, CallTimeout
from ..secret import Sealed
from .foreign import our_errors
from .parcel import HttpAnswer
from .retry import Timeouts

AGENT = f"campaign_magics/{__version__}"

_PIECE = 1 << 18
_SHORT = 1 << 20
"""Bytes of an answer that may be a logon's or a fault's; longer ones hold rows, and
are not copied to be sealed."""

_MAX_ANSWER = 2 << 30
"""Bytes of one answer, decompressed; beyond it a compression bomb is likelier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How to reach the instance: proxy URL, CA bundle and client certificate files.

    ``client_cert`` is one PEM file, or certificate and key.
    """

    proxy: str | None = None
    ca_bundle: str | None = None
    client_cert: str | tuple[str, str] | None = None


class Pool:
    """Connections to one host, for all threads.

    ``session`` is requests' own; it keeps no cookie and reads no ``.netrc``.
    """

    def __init__(self, url: str, network: Network, timeouts: Timeouts) -> None:
        self.host = host_of(url)
        self.session = _session(network, url)
        self._timeouts = timeouts
        proxies = {"http": network.proxy, "https": network.proxy}
        self._options: dict[str, Any] = {
            "verify": network.ca_bundle or True,
            "proxies": proxies if network.proxy else None,
            "allow_redirects": False,  # a password is not carried to another host
            "stream": True,
        }

    def exchange(
        self,
        method: str,
        url: str,
        *,
        body: BytesIO | None = None,
        headers: dict[str, str] | None = None,
        left: float | None = None,
    ) -> HttpAnswer:
        """Send a request and read the answer; an exception drops the connection.

        ``left`` bounds the whole in seconds.  Raises Unreachable, CallTimeout,
        BadAnswer (broken off), InvalidValue (address, header).
        """
        limits = self._timeouts
        left = limits.total if left is None else max(0.001, left)
        deadline = time.monotonic() + left
        options = {**self._options, "data": body, "headers": headers}
        options["timeout"] = (min(limits.connect, left), min(limits.read, left))
        try:
            with our_errors(self.host):
                response = self.session.request(method, url, **options)
            with our_errors(self.host, answering=True), closing(response):
                content = self._read(response, deadline)
        except KeyboardInterrupt:
            # Shown with its local variables (%xmode Verbose), the way down to the
            # socket would show the request: the traceback begins anew, here.
            raise KeyboardInterrupt from None
        return HttpAnswer(
            status=response.status_code, headers=response.headers, body=content
        )

    def close(self) -> None:
        """Close the connections that are idle."""
        self.session.close()

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """Read a body piece by piece, so that a dripping server meets the deadline."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > _MAX_ANSWER:
                raise BadAnswer(
                    f"The answer of {self.host} is larger than {_MAX_ANSWER >> 30} GB.",
                    hint="ask for fewer rows at a time",
                )
            if time.monotonic() > deadline:
                raise CallTimeout(
                    f"The answer of {self.host} did not end in time.",
                    hint="ask for fewer rows, or raise total_timeout in the profile",
                )
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return Sealed(content) if size < _SHORT else content


def host_of(url: str) -> str:
    """Return host and port, for messages: never the whole URL, which may hold more."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


def _session(network: Network, url: str) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=64, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _as_it_is
    session.cert = network.client_cert
    session.trust_env = not _is_loopback(url)  # HTTP_PROXY must not catch a sandbox
    session.headers["User-Agent"] = AGENT
    return session


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand where requests would put a login of its own over our header."""
    return request
