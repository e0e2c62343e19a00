"""The way to a Redis server: its address, its password, its failures.

The package ``redis`` is an extra and loads when a store is wanted, not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import InvalidOption
from ..secret import Secret

PASSWORD_VARIABLE = "CAMPAIGN_REDIS_PASSWORD"  # noqa: S105 - its name
"""Where the password comes from; a profile holds none."""

_PATIENCE = 2.0
"""Seconds to wait for a connection, and for an answer; twice before giving up."""

_MOST = 1000
"""Connections at once: one for each thread that asks just now."""


class StoreFailed(OSError):
    """Redis is out of reach, refuses, or answers what nobody can read."""


class RedisClient:
    """Connections to one server, safe for threads and forks; none is open at first.

    ``name`` is the URL without password and options.  Raises InvalidOption for a URL
    that is none, or without the package.
    """

    def __init__(self, url: str, password: Secret | None = None) -> None:
        parts = _parts(url)
        self.name = shown(url)
        self._redis = _package()
        self._password = password or Secret(unquote(parts.password or ""))
        self._client = self._open(parts)

    def script(self, text: str) -> Any:
        """Return a function that runs a Lua script: (keys, args) to its answer."""
        run = self._client.register_script(text)

        def call(key: str, *args: str) -> Any:
            with self._failures():
                return run(keys=[key], args=args)

        return call

    def hashes(self, keys: list[str]) -> list[dict[bytes, bytes]]:
        """Return the content of hashes, empty for those that do not exist."""
        with self._failures():
            pipe = self._client.pipeline(transaction=False)
            for key in keys:
                pipe.hgetall(key)
            found: list[dict[bytes, bytes]] = pipe.execute()
            return found

    def close(self) -> None:
        """Close the connections that nobody uses just now."""
        self._client.connection_pool.disconnect(inuse_connections=False)

    def _open(self, parts: SplitResult) -> Any:
        redis = self._redis
        options: dict[str, Any] = {
            "socket_timeout": _PATIENCE,
            "socket_connect_timeout": _PATIENCE,
            "socket_keepalive": True,
            "max_connections": _MOST,
            # Once, and at once: an idle connection may have been cut meanwhile.
            "retry": redis.retry.Retry(redis.backoff.NoBackoff(), 1),
            "protocol": 2,
        }
        if parts.scheme == "rediss":
            options["ssl_check_hostname"] = True
        user = unquote(parts.username or "") or None
        if user or self._password:
            # An object of its own, so that no repr of the pool shows the password.
            options["credential_provider"] = redis.UsernamePasswordCredentialProvider(
                user, self._password.reveal()
            )
        host = parts.netloc.rpartition("@")[2]
        try:
            return redis.Redis.from_url(parts._replace(netloc=host).geturl(), **options)
        except (TypeError, ValueError):
            raise InvalidOption(
                f"The options after {self.name} are not understood.",
                hint="leave them out; ?ssl_ca_certs=/path/ca.pem is one that works",
            ) from None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._redis.RedisError as exc:
            # Without its cause: a server may quote the command it refused, AUTH too.
            raise StoreFailed(_without(str(exc), self._password)) from None
        except BaseException:
            # An interrupt came between question and answer, which must not be taken
            # for the answer to the next question.
            self.close()
            raise


def shown(url: str) -> str:
    """Return a Redis URL without password and options, for people to read.

    Raises InvalidOption for what is no such URL.
    """
    parts = _parts(url)
    user = f"{parts.username}@" if parts.username else ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{user}{host}{parts.path}"


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if (
            parts.scheme in ("redis", "rediss")
            and parts.hostname
            and parts.port != 0
            and re.fullmatch(r"/?\d*", parts.path)
            and "password" not in parts.query
        ):
            return parts
    except ValueError:
        pass  # its message may quote the password
    raise InvalidOption(
        "The budget store is no address of a Redis server.",
        hint="write redis://host:6379/0, or rediss://… for TLS; the password comes from"
        f" {PASSWORD_VARIABLE}",
    )


def _package() -> Any:
    try:
        import redis
        import redis.backoff
        import redis.retry
    except ImportError:
        raise InvalidOption(
            "A budget store in Redis needs the package 'redis'.",
            hint="pip install 'campaign-magics[redis]'",
        ) from None
    return redis


def _without(message: str, secret: Secret) -> str:
    text = secret.reveal()
    return message.replace(text, "***") if text else message
