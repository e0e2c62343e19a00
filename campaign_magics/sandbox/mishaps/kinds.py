"""What can go wrong with a call, and how an order for it is written.

An order is a JSON object: ``kind``, the details of that kind, and which calls it is
for (``api``, ``skip``, ``calls``, ``probability``, ``windows``, ``period``, ``seed``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from ...xtk.names import did_you_mean

_MOST_SECONDS: Final = 86_400.0
_MOST_CALLS: Final = 10**9
_STATUSES: Final = (429, 500, 502, 503, 504)
_MOMENTS: Final = ("before", "during", "after")


class BadOrder(ValueError):
    """An order that cannot be carried out; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The call waits ``seconds`` before anything else happens to it."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The call is not run; HTTP ``status`` is the answer.

    ``retry_after`` seconds go into the header of that name, as an HTTP date when
    ``http_date`` is set; None leaves the header out.
    """

    status: int = 503
    retry_after: float | None = None
    http_date: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is reset (TCP RST).

    ``moment`` is ``before`` (the call is not run), ``during`` (part of the answer
    came) or ``after`` (the call was run, its answer is lost).
    """

    moment: str = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """The call is run, and ``keep``, a share of its answer's first block, is sent.

    The connection then closes early; with ``complete`` HTTP says that this was all,
    and only the missing end of the envelope tells.
    """

    keep: float = 0.5
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """The call is not run; a log-on page in HTML is the answer, with status 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """The caller's session ends just before the call, which gets XSV-350008."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """The call is run; its answer comes at ``bytes_per_second``."""

    bytes_per_second: float = 1_000.0


Mishap = Latency | Status | Reset | Truncate | LoginPage | Expire | Drip

KINDS: Final[Mapping[str, type[Mishap]]] = {
    "latency": Latency,
    "status": Status,
    "reset": Reset,
    "truncate": Truncate,
    "login_page": LoginPage,
    "expire": Expire,
    "drip": Drip,
}
"""What an order's ``kind`` may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which calls an order is for.

    ``api`` is a pattern (``xtk:queryDef#*``) for the SOAPAction, or for the path of
    another page (``/r/test``).  Of the calls that match, and fall into a window if
    there are any, the first ``skip`` are left alone and the next ``calls`` are hit,
    each with ``probability``.  ``windows`` are [from, to] in seconds after the order,
    repeated every ``period`` seconds.  ``seed`` decides which calls are hit.
    """

    api: str = "*"
    skip: int = 0
    calls: int | None = None
    probability: float = 1.0
    windows: tuple[tuple[float, float], ...] = ()
    period: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One mishap for some calls; ``kind`` names it in ``KINDS``."""

    kind: str
    mishap: Mishap
    target: Target

    def as_json(self) -> dict[str, Any]:
        """Return the order as it may be written; what is None is left out."""
        parts = (*_items(self.mishap), *_items(self.target))
        return {"kind": self.kind, **{k: v for k, v in parts if v is not None}}


def read_order(what: Mapping[str, Any]) -> Order:
    """Read an order.  Raises BadOrder, which names the word it does not like."""
    kind = what.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        listed = ", ".join(KINDS)
        raise BadOrder(f"kind is one of {listed}")
    details = {f.name for f in fields(KINDS[kind])}
    target = {f.name for f in fields(Target)}
    for word in what:
        if word not in details | target | {"kind"}:
            near = did_you_mean(word, sorted(details | target))
            hint = f" ({near})" if near else ""
            raise BadOrder(f"{kind} takes no '{word}'{hint}")
    given = {w: _CHECKS[w](w, v) for w, v in what.items() if w != "kind"}
    return Order(
        kind=kind,
        mishap=KINDS[kind](**{w: v for w, v in given.items() if w in details}),
        target=Target(**{w: v for w, v in given.items() if w in target}),
    )


def _items(of: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(of, field.name)) for field in fields(of)]


_Check = Callable[[str, Any], Any]


def _number(low: float, high: float) -> _Check:
    def check(word: str, value: Any) -> float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not (fits and math.isfinite(value) and low <= value <= high):
            raise BadOrder(f"{word} is a number from {low:g} to {high:g}")
        return float(value)

    return check


def _whole(low: int, high: int) -> _Check:
    def check(word: str, value: Any) -> int:
        fits = isinstance(value, int) and not isinstance(value, bool)
        if not (fits and low <= value <= high):
            raise BadOrder(f"{word} is a whole number from {low} to {high}")
        return int(value)

    return check


def _choice(*allowed: str | int) -> _Check:
    def check(word: str, value: Any) -> Any:
        if value not in allowed or isinstance(value, bool):
            raise BadOrder(f"{word} is one of {', '.join(map(str, allowed))}")
        return value

    return check


def _optional(inner: _Check) -> _Check:
    return lambda word, value: None if value is None else inner(word, value)


def _flag(word: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadOrder(f"{word} is true or false")
    return value


def _pattern(word: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise BadOrder(f"{word} is a pattern such as xtk:queryDef#*")
    return value


def _windows(word: str, value: Any) -> tuple[tuple[float, float], ...]:
    seconds = _number(0, _MOST_SECONDS)
    found = []
    for pair in value if isinstance(value, list) else [None]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadOrder(f"{word} is a list of [from, to] in seconds")
        start, end = (seconds(word, edge) for edge in pair)
        if end <= start:
            raise BadOrder(f"{word}: a window ends after it starts")
        found.append((start, end))
    return tuple(found)


_SECONDS = _number(0, _MOST_SECONDS)
_CHECKS: Final[Mapping[str, _Check]] = {
    "seconds": _SECONDS,
    "status": _choice(*_STATUSES),
    "retry_after": _optional(_SECONDS),
    "http_date": _flag,
    "moment": _choice(*_MOMENTS),
    "keep": _number(0, 1),
    "complete": _flag,
    "bytes_per_second": _number(1, 1e9),
    "api": _pattern,
    "skip": _whole(0, _MOST_CALLS),
    "calls": _optional(_whole(1, _MOST_CALLS)),
    "probability": _number(0, 1),
    "windows": _windows,
    "period": _optional(_number(0.001, _MOST_SECONDS)),
    "seed": _whole(0, 2**63),
}
"""Every word of an order, and what its value must be."""
