"""The commands of ``%campaign_sandbox``: each does one thing and shows it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..errors import InvalidOption
from .arguments import named_values
from .footer import show, show_footer, table
from .subcommands import Command, Commands

_PLAIN: Final = {
    "api": "*",
    "skip": 0,
    "calls": None,
    "probability": 1.0,
    "windows": [],
    "period": None,
    "seed": 0,
}
"""What an order of a fault says anyway, and need not be shown."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a sandbox; ``driver`` is of ``front.sandbox_driver``."""

    driver: Any
    words: Sequence[str]
    options: Namespace


def _status(order: Order) -> None:
    counted = order.driver.stats()
    limit, busiest = counted["limit"], counted["max_in_a_second"]
    rows = [
        ("calls", f"{counted['calls']:,}"),
        ("refused (429)", f"{counted['throttled']:,}"),
        ("limit", "none" if limit is None else f"{limit:g} calls a second"),
        ("busiest second", _calls(busiest)),
        ("time", f"{counted['seconds']:.1f} s from the first call to the last"),
    ]
    if counted["used"] is not None:
        rows.append(("used", f"{counted['used']:.0%} of the limit"))
    rows += [(api, _calls(one["calls"])) for api, one in counted["apis"].items()]
    width = max(len(name) for name, _ in rows)
    text = "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
    show(text, table(rows, "Sandbox"))


def _calls(number: int) -> str:
    return f"{number:,} call" if number == 1 else f"{number:,} calls"


def _throttle(order: Order) -> None:
    tps, words = order.options.tps, list(order.words)
    if words not in ([], ["off"]) or (tps is None) != (words == ["off"]):
        raise InvalidOption(
            "throttle wants calls a second, or off.",
            hint="%campaign_sandbox throttle --tps 2, or throttle off",
        )
    order.driver.throttle(tps)
    limit = "any number of calls" if tps is None else f"{tps:g} TPS"
    show_footer(f"the sandbox allows {limit}")


def _expire(order: Order) -> None:
    ended = order.driver.expire()
    show_footer(f"{ended:,} session{'' if ended == 1 else 's'} ended")


def _replicate(order: Order) -> None:
    order.driver.replicate()
    show_footer("staged and reference rows are in the cloud database")


def _reset(order: Order) -> None:
    order.driver.reset()
    show_footer("the rows are as they were at the start")


def _faults(order: Order) -> None:
    kind = order.words[0] if order.words else None
    asked = named_values(
        order.words[1:], "%campaign_sandbox faults latency seconds=0.5"
    )
    standing = [_fault(one) for one in order.driver.faults(kind, **asked)]
    if not standing:
        show_footer("no fault is ordered")
        return
    rows = [(str(number), line) for number, line in enumerate(standing, 1)]
    show("\n".join(standing), table(rows, "Ordered faults"))


def _fault(one: Mapping[str, Any]) -> str:
    """Return an order as it is typed, and what came of it."""
    own = {
        name: value
        for name, value in one.items()
        if name not in ("kind", "seen", "struck") and value != _PLAIN.get(name, ...)
    }
    typed = " ".join([one["kind"], *(f"{name}={own[name]}" for name in own)])
    return f"{typed} · {_calls(one['seen'])} seen, {one['struck']:,} struck"


SANDBOX: Final[Commands] = {
    "status": Command(run=_status, help="what it counted: calls, refusals, limit"),
    "replicate": Command(run=_replicate, help="send staged rows to the cloud database"),
    "reset": Command(run=_reset, help="make all rows as they were at the start"),
    "expire": Command(run=_expire, help="end all sessions"),
    "throttle": Command(
        run=_throttle,
        help="set the limit of calls a second",
        words="[off]",
        options=("tps",),
    ),
    "faults": Command(
        run=_faults,
        help="make calls go wrong, or show what is ordered; off ends it",
        words="[KIND] [NAME=VALUE …]",
    ),
}
"""The commands, for help and completion too."""
