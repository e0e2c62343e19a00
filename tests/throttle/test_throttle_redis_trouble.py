"""Redis when it fails: away, restarted, hanging, interrupted, full of other things."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from throttle.calls import API, take
from throttle.redis_server import RedisServer, free_port

from campaign_magics.throttle import (
    Budget,
    BudgetNotShared,
    Limits,
    RedisStore,
    StoreFailed,
    open_store,
)
from campaign_magics.throttle.redis import key_of


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
    redis = redis_server.client()
    if isinstance(content, list):
        redis.rpush(key_of(instance), *content)
    else:
        redis.set(key_of(instance), content)
    redis.close()
    with pytest.raises(StoreFailed):
        RedisStore(redis_server.url, instance)
