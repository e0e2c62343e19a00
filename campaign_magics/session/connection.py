"""`Connection`: one operator on one instance; reads, and any method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..clock import SYSTEM_CLOCK, Clock
from ..frames import row_count
from ..profiles import Profile
from ..query.check import Checked
from ..query.model import QueryDef
from ..query.read import Readable
from ..query.to_xml import to_xml
from ..schemas.catalog import Catalog
from ..schemas.store import SchemaSummary
from ..soap.answer import Answer
from ..soap.client import SoapClient
from ..soap.exchange import Watcher
from ..soap.methods import BUILD_QUERY, EXECUTE_QUERY, action_of
from ..throttle import Budget
from . import facts
from .calls import Answered, find_method
from .dataset import Extract, write_dataset
from .estimate import Estimate, estimate
from .fetching import SchemaSource
from .gather import Kept, cut_short, digest_of, frames, gather, resumable, told
from .goodbye import Goodbye
from .limits import PROFILE_LIMIT, Limit, rows_wanted
from .namespaces import Namespace
from .outputs import Form, shaped
from .progress import Underway, Watch
from .reading import PAGE_SIZE, Plan, Reading, counting
from .result import Look, Result
from .select import prepare
from .status import Status

if TYPE_CHECKING:
    import pandas as pd


class Connection:
    """A connection to one instance as one operator; any thread may use it.

    Made by ``connect()``.  It logs on at the first call, renews an expired session by
    itself, stays within the profile's calls a second together with the other kernels
    of this machine, and logs off at ``close()``, at the end of its with-block or when
    Python ends.

    ``schemas`` are the instance's schemas, fetched when asked for and kept on disk,
    apart for each instance and build: ``session.schemas["nms:recipient"]``.  Their
    methods are attributes of their namespaces: ``session.nms.delivery.Prepare(…)``;
    namespaces other than nms and xtk appear once the list of schemas is known.
    ``underway.now`` is the long work in progress, as `Progress`; ``closed`` says that
    there will be no more of it.
    """

    def __init__(
        self,
        profile: Profile,
        client: SoapClient,
        budget: Budget,
        *,
        cache: Path,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.profile = profile
        self.budget = budget
        self._client = client
        self._cache = cache
        self._clock = clock
        self._kept: Kept | None = None
        self.underway = Underway(clock)
        self.closed = False
        self._at_close: list[Callable[[], object]] = []
        source = SchemaSource(client)
        self.schemas = Catalog(
            source.fetch,
            source.names,
            cache,
            partial(_instance, profile.url, client),
            clock=clock,
            listed=self._add_namespaces,
        )
        self.nms = Namespace("nms", self.schemas, self.call)
        self.xtk = Namespace("xtk", self.schemas, self.call)
        self._goodbye = Goodbye(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.describe()!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def log_on(self) -> None:
        """Log on now instead of at the first call.

        Raises AccessDenied, Unreachable, NotCampaign, NoCredentials.
        """
        self._client.log_on()
        self.schemas.open()

    def query(
        self,
        what: Readable,
        params: Mapping[str, Any] | None = None,
        *,
        limit: Limit = PROFILE_LIMIT,
        page_size: int = PAGE_SIZE,
        labels: bool = False,
        explode: bool = False,
        resume: bool = False,
        progress: Watch | None = None,
    ) -> pd.DataFrame:
        """Run a query and return its rows.

        ``what`` is SQL, queryDef XML or JSON, a mapping or a QueryDef; ``params`` fill
        its ``:names``.  ``limit`` is a number of rows; left out, the query's own
        lineCount or 200; None for every row.  ``labels`` shows enumerations by label;
        ``explode`` makes a row of each item of a collection.  More rows than
        ``page_size`` come in pages, by key where that is possible.
        ``frame.attrs["campaign"]`` tells whether more rows exist, and what it cost.

        An interrupt ends it at once, with the rows so far in ``session.partial``;
        ``resume`` goes on behind them.  ``progress`` is called with `Progress`.

        Raises QuerySyntaxError, UnknownName, InvalidValue before anything is sent;
        SoapFault and the other server and network errors after.
        """
        return self.read(
            what,
            params,
            limit=limit,
            page_size=page_size,
            labels=labels,
            explode=explode,
            resume=resume,
            progress=progress,
        ).pandas()

    def read(
        self,
        what: Readable,
        params: Mapping[str, Any] | None = None,
        *,
        limit: Limit = PROFILE_LIMIT,
        page_size: int = PAGE_SIZE,
        labels: bool = False,
        explode: bool = False,
        resume: bool = False,
        progress: Watch | None = None,
    ) -> Result:
        """Run a query as ``query`` does; return rows with ``pandas()``, ``arrow()``
        and ``polars()``."""
        look = Look(labels=labels, explode=explode)
        plan = self._plan(what, params, limit, page_size)
        kept = Kept(digest=digest_of(plan.checked), checked=plan.checked, look=look)
        if resume:
            kept = replace(resumable(self._kept, kept.digest), look=look)
            plan = plan.go_on(kept.behind, kept.rows)
        reading = self._reading(plan)
        try:
            gather(reading, kept, self.underway.reporter(progress, done=kept.rows))
        except BaseException as failure:
            if not kept.pages:
                raise
            self._kept = kept
            raise cut_short(failure, kept, "they are in session.partial") from None
        if resume:
            self._kept = None
        return kept.result(told(reading, kept, plan.limit))

    @property
    def partial(self) -> pd.DataFrame | None:
        """The rows of the last reading that was cut short; None once resumed."""
        kept = self._kept
        if kept is None:
            return None
        facts = {"schema": kept.checked.query.schema, "interrupted": True}
        return kept.result(facts).pandas()

    def pages(
        self,
        what: Readable,
        params: Mapping[str, Any] | None = None,
        *,
        page_size: int = PAGE_SIZE,
        limit: int | None = None,
        labels: bool = False,
        explode: bool = False,
    ) -> Iterator[pd.DataFrame]:
        """Return a query's rows page by page, in constant memory.

        Every page is a frame as ``query`` returns; there is at least one.  The next
        ones are asked for while you work on this one.  Raises as ``query`` does.
        """
        reading = self._reading(self._plan(what, params, limit, page_size))
        look = Look(labels=labels, explode=explode)
        return frames(reading, look, self.underway.reporter(None))

    def to_parquet(
        self,
        what: Readable,
        directory: str | Path,
        params: Mapping[str, Any] | None = None,
        *,
        resume: bool = False,
        page_size: int = PAGE_SIZE,
        limit: int | None = None,
        labels: bool = False,
        explode: bool = False,
        progress: Watch | None = None,
    ) -> Extract:
        """Write a query's rows to a folder of Parquet files, in constant memory.

        Each page is a file; ``_campaign.json`` counts those that are whole.  After an
        interrupt, or the end of the process, ``resume`` goes on behind the last one;
        no row is lost or doubled.  Raises InvalidOption for a folder that holds
        something else, and as ``query`` does.
        """
        return write_dataset(
            Path(directory),
            self._plan(what, params, limit, page_size),
            Look(labels=labels, explode=explode),
            resume=resume,
            start=self._reading,
            report=lambda done: self.underway.reporter(progress, done=done),
        )

    def dry_run(
        self,
        what: Readable,
        params: Mapping[str, Any] | None = None,
        *,
        limit: Limit = PROFILE_LIMIT,
        page_size: int = PAGE_SIZE,
    ) -> Estimate:
        """Return what a query would cost; two calls find out, no row is read."""
        plan = self._plan(what, params, limit, page_size)
        sql = self._client.call(BUILD_QUERY, entity=to_xml(plan.first)).value
        found = self._count(plan.checked)
        return estimate(plan, found=found, tps=self._rate(), sql=str(sql))

    def count(self, what: Readable, params: Mapping[str, Any] | None = None) -> int:
        """Return how many records a query finds, whatever its lineCount."""
        lookup = self.schemas.__getitem__
        return self._count(prepare(what, params, lookup, operation="count"))

    def build_sql(self, what: Readable, params: Mapping[str, Any] | None = None) -> str:
        """Return the SQL that the server would run (``xtk:queryDef#BuildQuery``)."""
        query = self.check(what, params).query
        return str(self._client.call(BUILD_QUERY, entity=to_xml(query)).value)

    def check(self, what: Readable, params: Mapping[str, Any] | None = None) -> Checked:
        """Read a query and check it against the schemas; the query is not run."""
        return prepare(what, params, self.schemas.__getitem__)

    def call(
        self,
        schema: str,
        method: str,
        *args: object,
        entity: object = None,
        output: Form = "value",
        cancel: Event | None = None,
    ) -> Answered:
        """Call any method of any schema.

        ``args`` are converted by their declared types; a document is XML text, an
        lxml element or a mapping with one root.  ``entity`` is the object of a method
        that is not static.  Returns None, the one output, a tuple of several, or the
        changed object; a document among them is an lxml element, or with ``output``
        its text (``xml``) or its rows as a DataFrame (``frame``).  Setting ``cancel``
        ends a wait for the budget with WaitCancelled.  Raises UnknownName,
        InvalidValue, SoapFault, AnswerLost.
        """
        found = find_method(self.schemas, schema, method)
        answer = self._client.call(found, args, entity=entity, cancel=cancel)
        return shaped(answer.value, output)

    def trace(self, watcher: Watcher) -> AbstractContextManager[None]:
        """Tell ``watcher`` of every call made in the with-block, as an `Exchange`."""
        return self._client.trace(watcher)

    def status(self) -> Status:
        """Return what the session knows of itself; the server is not asked."""
        identity = self._client.identity
        info = identity.info if identity else {}
        since = self._client.logged_on_at
        return Status(
            profile=self.profile.name,
            url=self.profile.url,
            operator=info.get("login") or self.profile.user or "",
            production=self.profile.production,
            age=None if since is None else self._clock.monotonic() - since,
            instance=info.get("instanceName", ""),
            version=info.get("version", ""),
            build=info.get("buildNumber", ""),
            budget=self.budget.snapshot(0),
            cache=str(self._cache),
        )

    def describe(self) -> str:
        """Return one line: which instance, as whom, how fast."""
        return self.status().line()

    def footer(self, result: pd.DataFrame | Result | Extract) -> str:
        """Return the line under a result; empty for a frame that is not a result.

        A second line warns where the rows may not be the whole truth.
        """
        if isinstance(result, (Result, Extract)):
            told: Any = result.facts
        else:
            told = result.attrs.get("campaign")
        return facts.footer(told, self.budget.snapshot(0)) if told else ""

    def at_close(self, work: Callable[[], object]) -> Callable[[], None]:
        """Do ``work`` first when this is closed; return what takes it back."""
        self._at_close.append(work)

        def take_back() -> None:
            with suppress(ValueError):
                self._at_close.remove(work)

        return take_back

    def close(self) -> None:
        """Log off and let go of connections and files; may be called again."""
        self.closed = True
        while self._at_close:
            self._at_close.pop()()
        self._goodbye.said()
        self._client.close()
        self.budget.close()

    def _plan(
        self,
        what: Readable,
        params: Mapping[str, Any] | None,
        limit: Limit,
        page_size: int,
    ) -> Plan:
        checked = self.check(what, params)
        is_select = checked.query.operation == "select"
        wanted = rows_wanted(checked.query, limit) if is_select else None
        return Plan(checked=checked, wanted=wanted, page_size=page_size)

    def _reading(self, plan: Plan) -> Reading:
        return Reading(plan, self._ask, self._rate)

    def _count(self, checked: Checked) -> int:
        answer = self._ask(counting(checked.query))
        return row_count(answer.raw, element=checked.element)

    def _ask(self, query: QueryDef, cancel: Event | None = None) -> Answer:
        return self._client.call(EXECUTE_QUERY, entity=to_xml(query), cancel=cancel)

    def _rate(self) -> float | None:
        """Return the calls a second that queries may make now, None for no limit."""
        seen = self.budget.snapshot(0)
        apis = [api.rate for api in seen.apis if api.api == action_of(EXECUTE_QUERY)]
        return min((r for r in (seen.rate, *apis) if r is not None), default=None)

    def _add_namespaces(self, summaries: Iterable[SchemaSummary]) -> None:
        """Make ``session.cus`` an attribute, unless it would hide one of ours."""
        for name in {summary.id.partition(":")[0] for summary in summaries}:
            if not hasattr(self, name):
                setattr(self, name, Namespace(name, self.schemas, self.call))


def _instance(url: str, client: SoapClient) -> str:
    """Name instance and build, which the schema cache keeps apart."""
    return f"{url} {client.server_facts().get('buildNumber', '')}"
