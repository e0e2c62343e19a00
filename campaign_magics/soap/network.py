"""The pool of connections to one instance."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from .. import __version__

AGENT = f"campaign_magics/{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How to reach the instance: proxy URL, CA bundle and client certificate files.

    ``client_cert`` is one PEM file, or certificate and key.
    """

    proxy: str | None = None
    ca_bundle: str | None = None
    client_cert: str | tuple[str, str] | None = None

    @property
    def proxies(self) -> dict[str, str] | None:
        """The proxy for requests, or None to let the environment decide."""
        return {"http": self.proxy, "https": self.proxy} if self.proxy else None


def http_session(network: Network, url: str) -> requests.Session:
    """Return a pool for 64 threads that keeps no cookie and reads no ``.netrc``."""
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


def host_of(url: str) -> str:
    """Return host and port, for messages: never the whole URL, which may hold more."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand where requests would put a login of its own over our header."""
    return request
