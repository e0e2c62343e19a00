"""Methods of a delivery as jobs: at once when called, in time when submitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..stores.world import World
from . import analysis, deliveries, jobs, models
from .refusals import Impossible

_MOVES: Final[Mapping[str, Callable[[World, int, float], None]]] = {
    "Start": deliveries.start,
    "Pause": deliveries.pause,
    "Stop": deliveries.stop,
}
METHODS: Final = frozenset({*_MOVES, "Prepare", "PrepareAndStart", "PrepareProof"})
"""What may run as a job: the non-static methods of nms:delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """When a method runs and for whom.

    With ``wait`` an analysis is over when the method returns; ``start`` is what
    PrepareProof is told.
    """

    when: float
    author: int
    start: bool = False
    wait: bool = True


def run(world: World, method: str, delivery: int, order: Order) -> int:
    """Run a method of a delivery and return its job.  Raises Impossible."""
    when = order.when
    if method in _MOVES:
        _MOVES[method](world, delivery, when)
        job = jobs.open_job(world, deliveries.SCHEMA, method, delivery, when, 0.0)
        jobs.finish(world, job, when)
        return job
    start = method == "PrepareAndStart"
    if method == "PrepareProof":
        start = order.start
        delivery = models.make_proof(world, delivery, order.author, when)
    analysis.check(world, delivery)
    lasting = 0.0 if order.wait else analysis.LASTING
    job = jobs.open_job(world, deliveries.SCHEMA, method, delivery, when, lasting)
    begin = analysis.at_once if order.wait else analysis.begin
    begin(world, delivery, job, when, then_start=start)
    return job


def submit(world: World, method: str, delivery: int, order: Order) -> int:
    """Run a method as a job; what cannot be done ends the job with an error."""
    try:
        return run(world, method, delivery, order)
    except Impossible as exc:
        when = order.when
        job = jobs.open_job(world, deliveries.SCHEMA, method, delivery, when, 0.0)
        jobs.fail(world, job, when, str(exc))
        return job


def cancel(world: World, job: int, delivery: int, when: float, *, pause: bool) -> None:
    """Ask the job of an analysis to end; its delivery can be edited again.

    A paused analysis is begun anew, as nothing says how to resume it [assumed].
    """
    analysis.abandon(world, delivery, when)
    jobs.ask_to_end(world, job, pause=pause)
