"""The budget in Redis: its keys, other machines' clocks, many callers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from clocks import StillClock
from throttle.calls import API, take
from throttle.redis_server import RedisServer

from campaign_magics.clock import SystemClock
from campaign_magics.throttle import Budget, Limits, RedisStore
from campaign_magics.throttle.delays import HEADROOM
from campaign_magics.throttle.ledger import Ask, Ledger, Permit
from campaign_magics.throttle.redis import key_of


def test_every_key_expires_and_names_its_instance(
    redis_server: RedisServer, instance: str
) -> None:
    """Ten minutes and a little after the last use nothing is left; one shard holds all.

    A pause that a 429 asked for is not forgotten before it is over.
    """
    store = RedisStore(redis_server.url, instance)
    budget = Budget(instance, Limits(5), store)
    take(budget)
    redis = redis_server.client()
    keys = set(redis.scan_iter(match=f"{key_of(instance)}*"))
    assert {key.split(":v1")[1].rstrip("0123456789") for key in keys} == {
        "",
        ":slots:",
        f":slots:{API}",
        ":usage:",
    }
    assert {key.split("{")[1].split("}")[0] for key in keys} == {
        key_of(instance).split("{")[1].split("}")[0]
    }
    assert {key: redis.ttl(key) for key in keys if not 600 < redis.ttl(key) < 721} == {}
    with budget.turn(API) as turn:
        turn.throttled(5_000)
    assert 5_000 < redis.ttl(key_of(instance)) <= 5_100
    redis.close()
    store.close()


def test_two_machines_share_what_one_server_knows(
    redis_server: RedisServer, instance: str
) -> None:
    """Their monotonic clocks differ; the limit, a 429 and the history are the same."""

    class Elsewhere(SystemClock):
        def monotonic(self) -> float:
            return super().monotonic() + 5e6

    here = Budget(instance, Limits(4), RedisStore(redis_server.url, instance))
    there = Budget(
        instance, Limits(4), RedisStore(redis_server.url, instance), Elsewhere()
    )
    for budget in (here, there, here, there):
        with budget.turn(API) as turn:
            assert turn.waited == 0
            turn.finish(bytes=3)
    with there.turn(API) as turn:
        assert turn.waited == pytest.approx(0.8, abs=0.3)
        turn.throttled(9)
    assert here.snapshot().blocked == pytest.approx(9, abs=0.5)
    (usage,) = here.snapshot().apis
    assert (usage.total.calls, usage.total.bytes, usage.total.throttled) == (5, 12, 1)
    assert here.snapshot().history[0].second == pytest.approx(time.time(), abs=5)
    here.close()
    there.close()


def test_minutes_that_are_over_are_read_once(
    redis_server: RedisServer, instance: str, clock: Any
) -> None:
    """A meter that looks five times a second asks for the running minute alone."""
    store = RedisStore(redis_server.url, instance, clock=clock)
    budget = Budget(instance, Limits(), store, clock)
    for _ in range(3):
        take(budget)
        clock.wait(61)
    assert [row.calls for row in budget.snapshot().history] == [1, 1, 1]
    redis = redis_server.client()
    for key in redis.scan_iter(match=f"{key_of(instance)}:usage:*"):
        redis.delete(key)
    redis.close()
    assert len(budget.snapshot().history) == 3
    clock.wait(600)
    assert budget.snapshot().history == ()
    store.close()


def test_a_server_clock_that_is_set_back_does_not_stop_the_budget(
    redis_server: RedisServer, instance: str, clock: Any
) -> None:
    """Time goes on from where it was, slots and all."""
    store = RedisStore(redis_server.url, instance, clock=clock)
    budget = Budget(instance, Limits(2), store, clock)
    for _ in range(2):
        with budget.turn(API):
            clock.wait(0.1)
    clock.seconds -= 3_600
    with budget.turn(API) as turn:
        assert turn.waited == pytest.approx(0.8 + HEADROOM, abs=0.003)
    store.close()


def test_a_permit_that_was_long_on_its_way_is_old_when_it_comes(
    redis_server: RedisServer, instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call then tells that it leaves late, and its successor waits for it."""
    store = RedisStore(redis_server.url, instance)
    budget = Budget(instance, Limits(2), store)
    take(budget)
    run = store._run

    def slow(operation: str, **given: Any) -> Any:
        answer = run(operation, **given)
        time.sleep(0.2 if operation == "ask" else 0)
        return answer

    monkeypatch.setattr(store, "_run", slow)
    with budget.turn(API) as turn:
        before = store.view(0, budget._clock).ledger.bucket("").slots[-1]
        turn.sent()
        after = store.view(0, budget._clock).ledger.bucket("").slots[-1]
    assert after - before == pytest.approx(0.2, abs=0.1)
    budget.close()


def test_many_threads_ask_at_once(redis_server: RedisServer, instance: str) -> None:
    """Forty threads, a limit of thirty: each gets its turn, and thirty go at once."""
    budget = Budget(instance, Limits(30), RedisStore(redis_server.url, instance))
    with ThreadPoolExecutor(max_workers=40) as threads:
        waits = [wait for (wait,) in threads.map(take, [budget] * 40)]
    assert sorted(waits)[29] < 0.9 < sorted(waits)[30]
    assert budget.snapshot().waiting == 0
    budget.close()


def test_ledgers_of_two_instances_do_not_meet(redis_server: RedisServer) -> None:
    """One server serves many instances."""
    unique = str(time.monotonic_ns())
    stores = [
        RedisStore(redis_server.url, f"https://{n}.{unique}", clock=StillClock())
        for n in "ab"
    ]
    wish = Ask(api=API, limits=Limits(1), headroom=0.0)
    assert all(isinstance(store.ask(wish, StillClock()), Permit) for store in stores)
    fresh = RedisStore(redis_server.url, f"https://c.{unique}").view(0, StillClock())
    assert replace(fresh.ledger, written=0) == Ledger(written=0)
    for store in stores:
        store.close()
