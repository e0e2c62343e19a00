"""Bisection without a server: all bad rows are found, with few calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_magics.errors import CampaignError, SoapFault
from campaign_magics.write.batches import Batch, cut
from campaign_magics.write.delivery import Delivered, mark_of
from campaign_magics.write.journal import Job, Journal
from campaign_magics.write.route import Parcel, choose_route, parcel
from campaign_magics.write.rows import Rows
from campaign_magics.write.sending import Sending

pytestmark = pytest.mark.pure

Read = Callable[..., Rows]


class Server:
    """Takes batches all or none, as Campaign does; counts calls and rows taken."""

    def __init__(self, work: Parcel, bad: Sequence[int], reason: str = "bad") -> None:
        self._parcel = work
        self._bad = {*bad}
        self._reason = reason
        self.calls: list[Batch] = []
        self.taken: list[int] = []

    def deliver(self, batch: Batch, *, doubt: bool) -> Delivered:
        self.calls.append(batch)
        rows = range(batch.start, batch.stop)
        if found := self._bad.intersection(rows):
            reason = f"{self._reason} 'row {min(found)}'."
            return Delivered(fault=SoapFault(reason, server_code="SOP-330011"))
        self.taken += rows
        return Delivered(landed=len(batch))


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    opened = Journal(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def work(rows: Read) -> Callable[[int], Parcel]:
    def make(count: int) -> Parcel:
        frame = pd.DataFrame({"email": [f"r{n}@x.example" for n in range(count)]})
        read = rows(frame)
        return parcel(read, choose_route(read, False))

    return make


def send(
    journal: Journal, work: Parcel, bad: Sequence[int], size: int
) -> tuple[Sending, Server]:
    server = Server(work, bad)
    job = journal.begin(Job(schema="s", operation="o", key="k", route="r", rows=0))
    batches = list(cut(work, size))
    sending = Sending(work, batches, {}, journal, job, force=True)
    sending._at_once = 1
    for _ in sending.run(server):  # type: ignore[arg-type]  # a Delivery of its own
        pass
    return sending, server


@pytest.mark.parametrize("size", [2, 3, 10, 64, 100, 1000])
def test_one_bad_row_costs_few_calls(
    journal: Journal, work: Callable[[int], Parcel], size: int
) -> None:
    """At most 2·log2(batch) extra calls, wherever the row is."""
    many = work(size)
    places = range(size) if size <= 100 else [0, 1, 499, 500, 624, 998, 999]
    for bad in places:
        sending, server = send(journal, many, [bad], size)
        assert [one.row for one in sending.tallied.refusals] == [bad]
        assert sending.tallied.landed == size - 1
        assert len(server.calls) - 1 <= 2 * math.log2(size)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), count=st.integers(1, 60), size=st.integers(1, 25))
def test_every_bad_row_is_found_and_every_other_taken_once(
    journal: Journal,
    work: Callable[[int], Parcel],
    data: st.DataObject,
    count: int,
    size: int,
) -> None:
    """Unless all rows that were tried are bad, in which case it gives up."""
    bad = data.draw(st.lists(st.integers(0, count - 1), unique=True, max_size=count))
    sending, server = send(journal, work(count), bad, size)
    tallied = sending.tallied
    assert sorted(server.taken) == sorted({*server.taken})
    if isinstance(tallied.failure, CampaignError):
        assert len(tallied.refusals) >= 8
        assert not server.taken
        return
    assert sorted(one.row for one in tallied.refusals) == sorted(bad)
    assert sorted(server.taken) == sorted({*range(count)} - {*bad})


def test_a_fault_of_every_row_ends_after_few_calls(
    journal: Journal, work: Callable[[int], Parcel]
) -> None:
    """A missing right is not looked for row by row."""
    many = work(10_000)
    sending, server = send(journal, many, range(10_000), 500)
    failure = sending.tallied.failure
    assert isinstance(failure, SoapFault)
    assert "Every row tried was refused" in failure.message
    assert len(server.calls) < 100


def test_bad_rows_at_the_start_do_not_look_like_a_fault_of_every_row(
    journal: Journal, work: Callable[[int], Parcel]
) -> None:
    """Rows are tried at the end too before anything is given up."""
    sending, server = send(journal, work(1_000), range(30), 1_000)
    assert sending.tallied.failure is None
    assert len(sending.tallied.refusals) == 30
    assert len(server.taken) == 970


def test_batches_have_limits_of_rows_and_of_size(rows: Read) -> None:
    """A call has at most so many rows, and about a megabyte of XML."""
    frame = pd.DataFrame(
        {
            "email": [f"r{n}@x.example" for n in range(40)],
            "comment": ["x" * 60_000 if n % 2 else "" for n in range(40)],
        }
    )
    read = rows(frame)
    work = parcel(read, choose_route(read, False))
    batches = list(cut(work, 1_000))
    assert [batch.start for batch in batches[1:]] == [b.stop for b in batches[:-1]]
    assert (batches[0].start, batches[-1].stop) == (0, 40)
    sizes = [sum(map(len, work.sent.documents(b.start, b.stop))) for b in batches]
    assert all(size <= 1_000_000 for size in sizes)
    assert len(batches) == 2
    assert [len(batch) for batch in cut(work, 15)] == [15, 15, 10]


def test_a_batch_is_known_by_all_that_it_does(rows: Read, tmp_path: Path) -> None:
    """Other values, another operation or another route make another batch."""
    frame = pd.DataFrame({"email": ["a@x.example"], "text1": ["1"]})
    digests = set()
    for data, wishes, ingest in (
        (frame, {}, False),
        (frame, {}, True),
        (frame, {"operation": "insert"}, False),
        (frame, {"operation": "update"}, False),
        (frame.assign(text1="2"), {}, False),
    ):
        read = rows(data, **wishes)
        work = parcel(read, choose_route(read, ingest))
        (batch,) = cut(work, 10)
        digests.add(batch.digest)
        assert len(mark_of(work, batch).marks) == 8
    assert len(digests) == 5
