"""The budget in Redis: the same law, other machines' clocks, a server that fails."""

from __future__ import annotations

import os
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from throttle.redis_server import RedisServer, free_port

from campaign_magics.errors import InvalidOption
from campaign_magics.secret import Secret
from campaign_magics.throttle import (
    Budget,
    BudgetNotShared,
    Limits,
    MemoryStore,
    RedisStore,
    Store,
    StoreFailed,
    Usage,
    open_store,
)
from campaign_magics.throttle.delays import HEADROOM
from campaign_magics.throttle.ledger import Ask, Ledger, Permit, Wait
from campaign_magics.throttle.redis import key_of

API = "xtk:queryDef#ExecuteQuery"
CANARY = "canary-7f3a"


def raw(server: RedisServer, **options: Any) -> Any:
    """Return a plain client, to look at what the store wrote."""
    import redis

    return redis.Redis(port=server.port, decode_responses=True, **options)


def take(budget: Budget, count: int = 1) -> list[float]:
    """Make calls in a row; return how long each waited."""
    waits = []
    for _ in range(count):
        with budget.turn(API, timeout=20) as turn:
            waits.append(turn.waited)
    return waits


class Pair:
    """The law in Python and the law in Lua, asked the same, at the same time."""

    def __init__(self, redis: Store, limits: Limits, clock: Any) -> None:
        self.stores = (MemoryStore(), redis)
        self.limits = limits
        self.clock = clock
        self.permits: list[tuple[Permit, Permit]] = []
        self.tickets: list[tuple[int, str]] = []

    def ask(self, api: str, which: int) -> None:
        ticket = None
        if self.tickets and which % 3:
            ticket, api = self.tickets.pop(which % len(self.tickets))
        wish = Ask(
            api=api, limits=self.limits, headroom=0.016, ticket=ticket, kernel="k-1"
        )
        python, lua = (store.ask(wish, self.clock) for store in self.stores)
        assert python == lua
        if isinstance(python, Wait):
            self.tickets.append((python.ticket, api))
        else:
            assert isinstance(lua, Permit)
            self.permits.append((python, lua))

    def sent(self, which: int) -> None:
        if self.permits:
            pair = self.permits.pop(which % len(self.permits))
            moved = [
                store.sent(permit, 0.016, self.clock)
                for store, permit in zip(self.stores, pair, strict=True)
            ]
            assert moved[0] == moved[1]
            self.permits.append((moved[0], moved[1]))

    def settle(self, which: int) -> None:
        if self.permits:
            pair = self.permits.pop(which % len(self.permits))
            for store, permit in zip(self.stores, pair, strict=True):
                counts = Usage(second=0, api=permit.api, kernel="k-1", bytes=which)
                held_up = 0.02 * (which % 2)
                store.settle(permit, counts, self.clock, held_up=held_up)

    def refuse(self, which: int) -> None:
        if self.permits:
            pair = self.permits.pop(which % len(self.permits))
            for store, permit in zip(self.stores, pair, strict=True):
                wish = [None, 0.0, 0.7, 2.0][which % 4]
                store.refuse(permit, "k-2", self.limits, wish, self.clock)

    def leave(self, which: int) -> None:
        if self.tickets:
            number, _ = self.tickets.pop(which % len(self.tickets))
            for store in self.stores:
                store.leave(number)

    def compare(self) -> None:
        views = [store.view(30, self.clock) for store in self.stores]
        assert views[0].usage == views[1].usage
        ledgers = [replace(view.ledger, written=0.0) for view in views]
        assert ledgers[0] == ledgers[1]


LIMITS = [
    Limits(),
    Limits(3),
    Limits(2.5, {"a#A": 1}),
    Limits(0.4),
    Limits(12, {"a#A": 5, "b#B": 7.5}),
    Limits(None, {"a#A": 2}),
]
STEPS = st.tuples(
    st.sampled_from(["ask"] * 6 + ["settle"] * 3 + ["sent", "refuse", "leave"]),
    st.sampled_from(["a#A", "b#B", "c#C d"]),
    st.integers(0, 11),
    st.sampled_from([0.0007, 0.003, 0.011, 0.09, 0.31, 1.7, 16.0]),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(limits=st.sampled_from(LIMITS), steps=st.lists(STEPS, max_size=60))
def test_the_law_in_lua_is_the_law_in_python(
    redis_server: RedisServer, limits: Limits, steps: list[Any]
) -> None:
    """Every answer is equal to the last digit, and so is what is kept in the end."""
    clock = _Moving()
    store = RedisStore(redis_server.url, f"https://{time.monotonic_ns()}", clock=clock)
    pair = Pair(store, limits, clock)
    for number, (step, api, which, seconds) in enumerate(steps):
        # No two steps at one time: equal slots have one name in Lua, two in Python.
        clock.time += seconds * (1 + 1e-3 * number)
        if step == "ask":
            pair.ask(api, which)
        else:
            getattr(pair, step)(which)
    pair.compare()
    store.close()


class _Moving:
    time = 1_000.25

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float, cancel: object = None) -> bool:
        raise AssertionError("nobody sleeps here")


def test_every_key_expires_and_names_its_instance(
    redis_server: RedisServer, instance: str
) -> None:
    """Ten minutes and a little after the last use nothing is left; one shard holds all.

    A pause that a 429 asked for is not forgotten before it is over.
    """
    store = RedisStore(redis_server.url, instance)
    budget = Budget(instance, Limits(5), store)
    take(budget)
    redis = raw(redis_server)
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

    class Elsewhere(_Moving):
        def now(self) -> float:
            return time.time()

        def monotonic(self) -> float:
            return time.monotonic() + 5e6

        def wait(self, seconds: float, cancel: object = None) -> bool:
            time.sleep(seconds)
            return False

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
    redis = raw(redis_server)
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
    clock.time -= 3_600
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


def test_a_forked_child_shares_the_budget(
    redis_server: RedisServer, instance: str
) -> None:
    """Connections do not cross the fork; the budget does."""
    budget = Budget(instance, Limits(5), RedisStore(redis_server.url, instance))
    take(budget)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        with budget.turn(API):
            pass
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    take(budget)
    assert budget.snapshot().used == 3
    budget.close()


def test_a_dead_waiter_is_passed_over(
    redis_server: RedisServer, instance: str, clock: Any
) -> None:
    """Its ticket stands first; after the grace the next one goes."""
    store = RedisStore(redis_server.url, instance, clock=clock)
    wish = Ask(api=API, limits=Limits(1), headroom=0.0)
    assert isinstance(store.ask(wish, clock), Permit)
    dead, waiting = store.ask(wish, clock), store.ask(wish, clock)
    assert isinstance(dead, Wait)
    assert isinstance(waiting, Wait)
    clock.time += 1.05
    assert isinstance(store.ask(replace(wish, ticket=waiting.ticket), clock), Wait)
    clock.time += 0.1
    assert isinstance(store.ask(replace(wish, ticket=waiting.ticket), clock), Permit)
    store.close()


def test_an_unreachable_server_gives_one_warning_and_the_machines_file(
    instance: str,
) -> None:
    """Kernels of this machine still share; the warning names the server."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.warns(BudgetNotShared, match=r"redis://127\.0\.0\.1") as warned:
        budgets = [Budget(instance, Limits(9), open_store(url, instance))]
    assert len(warned) == 1
    with pytest.warns(BudgetNotShared):
        budgets.append(Budget(instance, Limits(9), open_store(url, instance)))
    for budget in budgets:
        with budget.turn(API):
            pass
    assert [budget.snapshot().used for budget in budgets] == [2, 2]
    assert budgets[0].snapshot().shared
    for budget in budgets:
        budget.close()


def test_a_server_that_dies_and_returns_is_used_again(
    own_redis: RedisServer, instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One warning, calls go on, and after a while the budget is shared again."""
    monkeypatch.setattr("campaign_magics.throttle.places._AGAIN", 0.2)
    store = open_store(own_redis.url, instance)
    budget = Budget(instance, Limits(50), store)
    take(budget)
    own_redis.stop()
    with pytest.warns(BudgetNotShared) as warned:
        take(budget, 5)
    assert len(warned) == 1
    time.sleep(0.25)
    take(budget)
    own_redis.start()
    time.sleep(0.25)
    take(budget)
    other = Budget(instance, Limits(50), RedisStore(own_redis.url, instance))
    assert other.snapshot().used == 1
    budget.close()
    other.close()


def test_a_restart_between_two_calls_is_not_noticed(
    own_redis: RedisServer, instance: str
) -> None:
    """A connection that was cut while idle is made anew, the script loaded again."""
    budget = Budget(instance, Limits(5), open_store(own_redis.url, instance))
    take(budget)
    own_redis.stop()
    own_redis.start()
    take(budget)
    assert budget.snapshot().used == 1
    budget.close()


def test_a_server_that_hangs_costs_seconds_and_one_warning(
    own_redis: RedisServer, instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts, and does not answer; eight threads wait side by side."""
    monkeypatch.setattr("campaign_magics.throttle.redis_client._PATIENCE", 0.2)
    budget = Budget(instance, Limits(50), open_store(own_redis.url, instance))
    own_redis.pause()
    started = time.monotonic()

    with (
        pytest.warns(BudgetNotShared) as warned,
        ThreadPoolExecutor(max_workers=8) as threads,
    ):
        list(threads.map(take, [budget] * 8))
    assert len(warned) == 1
    assert time.monotonic() - started < 3
    assert budget.snapshot().used == 8
    own_redis.go_on()
    budget.close()


def test_an_interrupt_does_not_mix_up_answers(
    redis_server: RedisServer, instance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between question and answer: the next question gets its own answer."""
    import redis

    store = RedisStore(redis_server.url, instance)
    budget = Budget(instance, Limits(50), store)
    read = redis.connection.Connection.read_response

    def interrupted(self: Any, *args: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(redis.connection.Connection, "read_response", interrupted)
    with pytest.raises(KeyboardInterrupt), budget.turn(API):
        raise AssertionError
    monkeypatch.setattr(redis.connection.Connection, "read_response", read)
    for _ in range(3):
        with budget.turn(API) as turn:
            assert turn.waited == 0
    assert budget.snapshot().used == 4  # the interrupted one was granted
    budget.close()


@pytest.mark.parametrize("content", ["no ledger", ["a", "list"]])
def test_foreign_content_is_an_error_of_the_store(
    redis_server: RedisServer, instance: str, content: Any
) -> None:
    """Somebody else wrote under our name."""
    redis = raw(redis_server)
    if isinstance(content, list):
        redis.rpush(key_of(instance), *content)
    else:
        redis.set(key_of(instance), content)
    redis.close()
    with pytest.raises(StoreFailed):
        RedisStore(redis_server.url, instance)


def test_the_password_is_used_and_never_shown(
    tmp_path: Path,
    instance: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the URL or the environment; not in reprs, warnings, errors or DEBUG logs."""
    caplog.set_level("DEBUG")
    with RedisServer(tmp_path, "--requirepass", CANARY) as server:
        url = f"redis://:{CANARY}@127.0.0.1:{server.port}/0"
        said = [repr(RedisStore(url, instance))]
        store = RedisStore(server.url, instance, password=Secret(CANARY))
        said += [repr(store), repr(vars(store)), repr(vars(store._client))]
        said.append(repr(store._client._client.connection_pool.connection_kwargs))
        said.append(repr(store._client._client))
        monkeypatch.setenv("CAMPAIGN_REDIS_PASSWORD", CANARY)
        safe = open_store(server.url, instance)
        with Budget(instance, Limits(5), safe).turn(API):
            pass
        assert store.view(0, _Moving()).ledger.bucket("").slots
        monkeypatch.setenv("CAMPAIGN_REDIS_PASSWORD", f"wrong-{CANARY}")
        with pytest.warns(BudgetNotShared, match=r"(?i)password") as warned:
            open_store(server.url, instance)
        said.append(str(warned[0].message))
        with pytest.raises(StoreFailed) as caught:
            RedisStore(url.replace(":" + CANARY, ":no" + CANARY), instance)
        said += [repr(caught.value), repr(caught.value.__cause__)]
    with pytest.warns(BudgetNotShared) as warned:
        open_store(url, instance)
    said += [str(warned[0].message), caplog.text]
    assert not [text for text in said if CANARY in text]


@pytest.mark.pure
@pytest.mark.parametrize(
    "spec",
    [
        "redis:",
        "redis://",
        "redis:///0",
        f"redis://:{CANARY}@host:port/0",
        f"redis://:{CANARY}@host/zero",
        f"redis://host?password={CANARY}",
        f"redis://host:0/0?password={CANARY}",
        f"rediss://u:{CANARY}@[::1/0",
        f"redis://host?db={CANARY}",
        f"redis+{CANARY}://host",
    ],
)
def test_an_address_that_is_none_is_an_error(spec: str) -> None:
    """It says how to write one, and does not quote what may be a password."""
    with pytest.raises(InvalidOption) as caught:
        open_store(spec, "https://x")
    assert caught.value.hint
    assert CANARY not in f"{caught.value!r}{caught.value.__cause__!r}" or "+" in spec


@pytest.mark.pure
def test_a_missing_package_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is an extra; nothing else needs it."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(InvalidOption, match="package 'redis'") as caught:
        open_store("redis://127.0.0.1", "https://x")
    assert "campaign-magics[redis]" in caught.value.hint


def test_ledgers_of_two_instances_do_not_meet(redis_server: RedisServer) -> None:
    """One server serves many instances."""
    unique = str(time.monotonic_ns())
    stores = [
        RedisStore(redis_server.url, f"https://{n}.{unique}", clock=_Moving())
        for n in "ab"
    ]
    wish = Ask(api=API, limits=Limits(1), headroom=0.0)
    assert all(isinstance(store.ask(wish, _Moving()), Permit) for store in stores)
    fresh = RedisStore(redis_server.url, f"https://c.{unique}").view(0, _Moving())
    assert replace(fresh.ledger, written=0) == Ledger(written=0)
    for store in stores:
        store.close()
