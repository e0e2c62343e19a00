"""How Redis is named: addresses, its password, its package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from clocks import StillClock
from throttle.calls import API
from throttle.redis_server import RedisServer

from campaign_magics.errors import InvalidOption
from campaign_magics.secret import Secret
from campaign_magics.throttle import (
    Budget,
    BudgetNotShared,
    Limits,
    RedisStore,
    StoreFailed,
    open_store,
)

CANARY = "canary-7f3a"


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
        assert store.view(0, StillClock()).ledger.bucket("").slots
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
