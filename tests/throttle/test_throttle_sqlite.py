"""The shared file: crashes, corruption, other processes."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from throttle.calls import API

from campaign_magics.errors import InvalidOption
from campaign_magics.throttle import (
    Budget,
    BudgetNotShared,
    Limits,
    MemoryStore,
    SQLiteStore,
    budget_path,
    open_store,
)
from campaign_magics.throttle.ledger import Ask


def test_what_one_store_writes_another_reads(tmp_path: Path, clock: Any) -> None:
    """Slots, tickets, eased rates and history are all in the file."""
    path = tmp_path / "b.sqlite"
    one, two = SQLiteStore(path), SQLiteStore(path)
    first = Budget("x", Limits(4), one, clock)
    with first.turn(API) as turn:
        turn.finish(bytes=7)
    with first.turn("a#B") as turn:
        turn.throttled(3)
    one.ask(Ask(api=API, limits=Limits(4), headroom=0.0), clock)
    assert one.view(600, clock).ledger == two.view(600, clock).ledger
    snapshot = Budget("x", Limits(4), two, clock).snapshot()
    assert (snapshot.waiting, snapshot.blocked, snapshot.rate) == (1, 3.0, 2)
    assert [a.total.bytes for a in snapshot.apis] == [0, 7]
    one.close()
    two.close()


def test_a_reboot_starts_afresh(tmp_path: Path, clock: Any) -> None:
    """Monotonic time began again: what was written before means nothing."""
    store = SQLiteStore(tmp_path / "b.sqlite")
    budget = Budget("x", Limits(1), store, clock)
    with budget.turn(API) as turn:
        turn.throttled(500)
    clock.seconds = 3.0
    with budget.turn(API) as turn:
        assert turn.waited == 0
    assert budget.snapshot().blocked == 0
    assert [row.calls for row in budget.snapshot().history] == [1]
    store.close()


def test_a_busy_file_is_waited_for(tmp_path: Path) -> None:
    """Another program holds the write lock for 0.2 s."""
    store = SQLiteStore(tmp_path / "b.sqlite")
    other = sqlite3.connect(
        tmp_path / "b.sqlite", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
    release.start()
    with Budget("x", Limits(5), store).turn(API):
        pass
    release.join()
    other.close()
    store.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0"])
def test_a_corrupt_file_gives_one_warning_and_memory(
    tmp_path: Path, content: bytes
) -> None:
    """The notebook works on with a limit of its own."""
    path = tmp_path / "b.sqlite"
    path.write_bytes(content)
    with pytest.warns(BudgetNotShared, match=r"b\.sqlite"):
        store = open_store(f"sqlite:{path}", "x")
    budget = Budget("x", Limits(5), store)
    for _ in range(3):
        with budget.turn(API):
            pass
    assert not budget.snapshot().shared
    assert budget.snapshot().used == 3
    budget.close()


def test_a_file_that_breaks_later_gives_one_warning_too(tmp_path: Path) -> None:
    """Its content is no ledger any more."""
    path = tmp_path / "b.sqlite"
    store = open_store(f"sqlite:{path}", "x")
    budget = Budget("x", Limits(5), store)
    with budget.turn(API):
        pass
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("UPDATE ledger SET header = '[]'")
    other.close()
    with pytest.warns(BudgetNotShared):
        budget.turn(API).__enter__().finish()
    for _ in range(2):
        with budget.turn(API) as turn:
            assert turn.waited == 0
    budget.close()


@pytest.mark.parametrize("header", ["5", "[]", "[1, 2, 3, [[1]], []]", "{"])
def test_a_ledger_that_cannot_be_read_is_an_error_of_the_file(
    tmp_path: Path, clock: Any, header: str
) -> None:
    """Whatever stands there instead."""
    store = SQLiteStore(tmp_path / "b.sqlite")
    with Budget("x", Limits(5), store, clock).turn(API):
        pass
    with sqlite3.connect(tmp_path / "b.sqlite") as other:
        other.execute("UPDATE ledger SET header = ?", (header,))
    other.close()
    with pytest.raises(sqlite3.DatabaseError, match="no ledger"):
        store.view(0, clock)
    store.close()


def test_a_call_that_ends_after_the_budget_closed_is_no_trouble(
    tmp_path: Path,
) -> None:
    """No warning, no error: the file is simply not written any more."""
    budget = Budget("x", Limits(5), open_store(f"sqlite:{tmp_path}/b.sqlite", "x"))
    heard = threading.Event()
    budget.subscribe(lambda snapshot: heard.set())
    with budget.turn(API):
        assert heard.wait(2)
        budget.close()
    assert "campaign-budget-watch" not in {t.name for t in threading.enumerate()}


def test_an_unwritable_folder_gives_one_warning(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.warns(BudgetNotShared):
        store = open_store(f"sqlite:{tmp_path}/file/b.sqlite", "x")
    store.close()


def test_each_instance_has_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named after the host, so that people can tell; old ones are removed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one = budget_path("https://acme.campaign.adobe.com")
    assert one == budget_path("https://acme.campaign.adobe.com")
    assert one != budget_path("https://acme.campaign.adobe.com:8443")
    assert one.name.startswith("acme.campaign.adobe.com-")
    open_store("sqlite", "https://acme.campaign.adobe.com").close()
    assert one.exists()
    assert one.parent.stat().st_mode & 0o077 == 0
    os.utime(one, (0, 0))
    budget_path("https://other")
    assert not one.exists()


def test_stores_are_named_in_profiles(tmp_path: Path) -> None:
    """An unknown name is an error that lists the known ones."""
    assert isinstance(open_store("memory", "x"), MemoryStore)
    with pytest.raises(InvalidOption) as caught:
        open_store("etcd://x", "x")
    assert "memory" in caught.value.hint
