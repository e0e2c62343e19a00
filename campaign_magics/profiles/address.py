"""The address of an instance: what users paste, and what we keep of it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from ..errors import InvalidOption

_EXAMPLE = "write it as https://acme.campaign.adobe.com"

_PAGES = re.compile(r"/(?:nl|xtk|view|r)(?:/.*)?\Z")
"""Campaign's own pages, the console's and the web client's; what stands before them
is where a proxy put the instance."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalise_url(text: str) -> str:
    """Return ``scheme://host[:port][/path]`` without a slash at the end.

    A pasted page of the instance (``…/nl/jsp/soaprouter.jsp``, ``…/view/home``) is cut
    off, any other path is kept.  Raises InvalidOption for what is no address, and for a
    password in it.
    """
    parts = _split(text.strip())
    if "@" in parts.netloc:
        raise InvalidOption(
            "The address holds a user or a password before its '@'.",
            hint="give user= and let the password come from keyring or environment",
        )
    port = parts.port
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    path = _PAGES.sub("", parts.path.rstrip("/")).rstrip("/")
    return f"{parts.scheme}://{host}{path}"


def is_url(text: str) -> bool:
    """Tell an address from the name of a profile."""
    return "://" in text


def _split(text: str) -> SplitResult:
    """Split an address; no message quotes it, since it may hold a password."""
    if not is_url(text):
        shown = f" '{text}'" if "@" not in text else ""
        raise InvalidOption(f"The address{shown} has no https://.", hint=_EXAMPLE)
    try:
        parts = urlsplit(text)
        valid = parts.port is None or parts.port > 0
    except ValueError:
        raise InvalidOption("The address cannot be read.", hint=_EXAMPLE) from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidOption(
            f"The address begins with {parts.scheme}://, not https://.", hint=_EXAMPLE
        )
    if not valid or not parts.hostname or re.search(r"\s", text):
        raise InvalidOption("The address names no host.", hint=_EXAMPLE)
    return parts
