"""The fault matrix: the sandbox fails to order, and nothing is lost or sent twice.

Each case is run as a read, as a write and as a logon.  A write inserts one folder:
afterwards the sandbox itself is asked how often it landed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any

import pytest
from soap.calls import WRITE

from campaign_magics import Sandbox
from campaign_magics.errors import (
    AnswerLost,
    BadAnswer,
    CallTimeout,
    CampaignError,
    NotCampaign,
    ServerError,
    SessionExpired,
    Throttled,
    Unreachable,
)
from campaign_magics.soap.client import SoapClient
from campaign_magics.soap.logon import PasswordLogin
from campaign_magics.soap.methods import EXECUTE_QUERY
from campaign_magics.soap.retry import Backoff, Timeouts
from campaign_magics.soap.transport import CampaignTransport
from campaign_magics.throttle import Budget

APIS = {
    "read": "xtk:queryDef#ExecuteQuery",
    "write": "xtk:persist|xtk:session#Write",
    "logon": "xtk:session#Logon",
}
TRIES = 4
"""One, and three repetitions."""

pytestmark = pytest.mark.slow

numbers = count(1)
Outcome = type[CampaignError] | None
Order = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What is ordered, and what becomes of a call; None is the right answer.

    ``tries`` and ``write_tries`` are requests that reach the server (None: it depends);
    ``landed`` is how often the server carries a write out.  A logon fares as a read;
    where it is ``logon_unharmed`` it gets no order.
    """

    orders: tuple[Order, ...]
    read: Outcome = None
    write: Outcome = None
    tries: int | None = 1
    write_tries: int | None = 1
    landed: int = 1
    logon_unharmed: bool = False

    def expected(self, what: str) -> tuple[Outcome, int | None]:
        """Return the outcome and the requests of a read, a write or a logon."""
        if what == "write":
            return self.write, self.write_tries
        if what == "logon" and self.logon_unharmed:
            return None, None
        return self.read, self.tries


def order(kind: str, **words: Any) -> Order:
    return {"kind": kind, **words}


def once(kind: str, **words: Any) -> tuple[Order, ...]:
    return (order(kind, calls=1, **words),)


def always(kind: str, **words: Any) -> tuple[Order, ...]:
    return (order(kind, **words),)


def refused(*orders: Order, tries: int = 2) -> Case:
    """HTTP 429: not carried out, so that even a write is sent again."""
    return Case(orders, tries=tries, write_tries=tries)


def passing(*orders: Order, tries: int = 2, landed: int = 0) -> Case:
    """Repeated where that is safe; a write is not, and its answer is lost."""
    return Case(orders, write=AnswerLost, tries=tries, landed=landed)


def lasting(kind: type[CampaignError], *orders: Order, landed: int = 0) -> Case:
    """Repeated in vain."""
    return Case(orders, kind, AnswerLost, tries=TRIES, landed=landed)


def told(kind: type[CampaignError], *orders: Order, landed: int = 0) -> Case:
    """Not repeated: another try would not help."""
    return Case(orders, kind, AnswerLost, landed=landed)


CASES: dict[str, Case] = {
    # late
    "0.1 s late": Case(once("latency", seconds=0.1)),
    "too late": told(CallTimeout, *once("latency", seconds=0.8), landed=1),
    "late, then 503": passing(
        order("latency", seconds=0.1, calls=1), order("status", status=503, calls=1)
    ),
    # over the limit
    "429": refused(*once("status", status=429)),
    "429, wait 0 s": refused(*once("status", status=429, retry_after=0)),
    "429, wait 1 s": refused(*once("status", status=429, retry_after=1)),
    "429, wait until a date": refused(
        *once("status", status=429, retry_after=0.2, http_date=True)
    ),
    "429 three times": refused(
        order("status", status=429, retry_after=0, calls=3), tries=4
    ),
    "429 for ever": Case(
        always("status", status=429, retry_after=0),
        Throttled,
        Throttled,
        tries=None,
        write_tries=None,
        landed=0,
    ),
    "429, wait an hour": Case(
        once("status", status=429, retry_after=3600), Throttled, Throttled, landed=0
    ),
    "429 for every other call": Case(
        always("status", status=429, retry_after=0, probability=0.5, seed=3),
        tries=None,
        write_tries=None,
    ),
    # in trouble
    "500": told(ServerError, *once("status", status=500)),
    "500 for ever": told(ServerError, *always("status", status=500)),
    "502": passing(*once("status", status=502)),
    "503": passing(*once("status", status=503)),
    "504": passing(*once("status", status=504)),
    "503, wait 0 s": passing(*once("status", status=503, retry_after=0)),
    "503, wait until a date": passing(
        *once("status", status=503, retry_after=0.2, http_date=True)
    ),
    "503, wait an hour": told(
        ServerError, *once("status", status=503, retry_after=3600)
    ),
    "503 three times": passing(order("status", status=503, calls=3), tries=4),
    "502 for ever": lasting(ServerError, *always("status", status=502)),
    "503 for ever": lasting(ServerError, *always("status", status=503)),
    "504 for ever": lasting(ServerError, *always("status", status=504)),
    "503, then 429": passing(
        order("status", status=503, calls=1),
        order("status", status=429, retry_after=0, skip=1, calls=1),
        tries=3,
    ),
    "429, then 503": Case(
        (
            order("status", status=429, retry_after=0, calls=1),
            order("status", status=503, skip=1, calls=1),
        ),
        write=AnswerLost,
        tries=3,
        write_tries=2,
        landed=0,
    ),
    # connection lost
    "reset before": passing(*once("reset", moment="before")),
    "reset during": passing(*once("reset", moment="during"), landed=1),
    "reset after": passing(*once("reset", moment="after"), landed=1),
    "reset before, for ever": lasting(Unreachable, *always("reset", moment="before")),
    "reset during, for ever": lasting(
        BadAnswer, *always("reset", moment="during"), landed=1
    ),
    "reset after, for ever": lasting(
        Unreachable, *always("reset", moment="after"), landed=1
    ),
    "429, then reset after": Case(
        (
            order("status", status=429, retry_after=0, calls=1),
            order("reset", moment="after", skip=1, calls=1),
        ),
        write=AnswerLost,
        tries=3,
        write_tries=2,
        landed=1,
    ),
    "resets of all three kinds": passing(
        order("reset", moment="before", calls=1),
        order("reset", moment="during", skip=1, calls=1),
        order("reset", moment="after", skip=2, calls=1),
        tries=4,
    ),
    # cut
    "nothing but a head": passing(*once("truncate", keep=0), landed=1),
    "half an answer": passing(*once("truncate", keep=0.5), landed=1),
    "almost all of it": passing(*once("truncate", keep=0.99), landed=1),
    "half an answer, for ever": lasting(
        BadAnswer, *always("truncate", keep=0.5), landed=1
    ),
    "half an answer that claims to be all": told(
        BadAnswer, *once("truncate", keep=0.5, complete=True), landed=1
    ),
    "an empty answer": told(
        BadAnswer, *once("truncate", keep=0, complete=True), landed=1
    ),
    # something else
    "a login page": Case(once("login_page"), NotCampaign, NotCampaign, landed=0),
    "503, then a login page": Case(
        (order("status", status=503, calls=1), order("login_page", skip=1, calls=1)),
        NotCampaign,
        AnswerLost,
        tries=2,
        landed=0,
    ),
    # expired, which harms no logon
    "expired": Case(once("expire"), tries=2, write_tries=2, logon_unharmed=True),
    "expired twice": Case(
        (order("expire", calls=2),),
        SessionExpired,
        SessionExpired,
        tries=2,
        write_tries=2,
        logon_unharmed=True,
        landed=0,
    ),
    "expired, then reset after": Case(
        (
            order("expire", calls=1),
            order("reset", moment="after", skip=1, calls=1),
        ),
        write=AnswerLost,
        tries=3,
        write_tries=2,
        logon_unharmed=True,
    ),
    # slow
    "a quick drip": Case(once("drip", bytes_per_second=1_000_000)),
    "a drip without end": told(
        CallTimeout, *once("drip", bytes_per_second=100), landed=1
    ),
}


@dataclass
class Stage:
    """The sandbox, and clients with little patience."""

    sandbox: Sandbox
    made: list[SoapClient] = field(default_factory=list)

    def client(self) -> SoapClient:
        transport = CampaignTransport(
            self.sandbox.url,
            Budget("test"),
            backoff=Backoff(first=0.001),
            timeouts=Timeouts(connect=2, read=0.4, total=1.5),
        )
        login = PasswordLogin(self.sandbox.user, self.sandbox.password)
        self.made.append(SoapClient(transport, login))
        return self.made[-1]

    def landed(self, name: str) -> int:
        """Return how many folders of that name the server has."""
        query = f"""<queryDef schema="xtk:folder" operation="count">
            <where><condition expr="@name = '{name}'"/></where></queryDef>"""
        answer = self.client().call(EXECUTE_QUERY, entity=query)
        return int(answer.value.get("count"))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def own() -> Iterator[Sandbox]:
    """A sandbox that nobody else suffers from, without a limit."""
    with Sandbox(tps=0, rows=10) as server:
        yield server


@pytest.fixture
def stage(own: Sandbox) -> Iterator[Stage]:
    made = Stage(own)
    yield made
    own.faults("off")
    for client in made.made:
        client.close()


def calls(stage: Stage, what: str) -> Callable[[], object]:
    """Return the call of a case, its session (if it needs one) begun already."""
    client = stage.client()
    if what == "logon":
        return client.log_on
    client.log_on()
    if what == "read":
        query = '<queryDef schema="xtk:folder" operation="count"/>'
        return lambda: client.call(EXECUTE_QUERY, entity=query)
    folder = {"xtkschema": "xtk:folder", "_operation": "insert", "label": "x"}
    document = {"folder": {**folder, "name": f"fault{next(numbers)}"}}
    call: Callable[[], object] = lambda: client.call(WRITE, [document])  # noqa: E731
    call.__name__ = document["folder"]["name"]
    return call


@pytest.mark.parametrize("name", CASES)
def test_every_fault_ends_as_it_must(stage: Stage, name: str) -> None:
    """The right answer or the right error, after as many requests as make sense.

    Read, write and logon suffer at the same time, each from orders of its own.
    """
    case = CASES[name]
    ready = {what: calls(stage, what) for what in APIS}
    harmed = [what for what in APIS if what != "logon" or not case.logon_unharmed]
    for what, one in product(harmed, case.orders):
        words = {k: v for k, v in one.items() if k != "kind"}
        stage.sandbox.faults(one["kind"], api=APIS[what], **words)
    with ThreadPoolExecutor() as pool:
        done = {what: pool.submit(call) for what, call in ready.items()}
    seen = {o["api"]: o["seen"] for o in reversed(stage.sandbox.faults())}
    stage.sandbox.faults("off")
    for what in APIS:
        outcome, tries = case.expected(what)
        error = done[what].exception()
        assert type(error) is (outcome or type(None)), what
        if isinstance(error, CampaignError):
            check_error(error, APIS[what])
        assert tries is None or seen[APIS[what]] == tries, what
    assert landed(stage, ready["write"].__name__, case.landed) == case.landed


def check_error(error: CampaignError, api: str) -> None:
    """Cause in one line with a full stop, a hint, and the facts of the call."""
    assert error.hint
    assert not error.hint.endswith(".")
    assert "\n" not in error.message
    assert error.facts["method"] == api
    assert error.facts["request_id"]
    assert error.facts["seconds"] >= 0
    assert not {"sent", "transient"} & set(error.facts)


def landed(stage: Stage, name: str, expected: int) -> int:
    """Count, for a while: the server carries a late call out after we have left."""
    deadline = time.monotonic() + 3
    while (found := stage.landed(name)) < expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_there_are_more_than_forty_cases() -> None:
    assert len(CASES) > 40
