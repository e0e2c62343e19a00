"""`Session`: the one object users hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
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
from ..soap.methods import BUILD_QUERY, EXECUTE_QUERY
from ..throttle import Budget
from . import facts
from .calls import Answered, find_method
from .fetching import SchemaSource
from .goodbye import Goodbye
from .limits import PROFILE_LIMIT, Limit
from .namespaces import Namespace
from .select import prepare, select_frame
from .status import Status

if TYPE_CHECKING:
    import pandas as pd


class Session:
    """A connection to one instance as one operator; any thread may use it.

    Made by ``connect()``.  It logs on at the first call, renews an expired session by
    itself, stays within the profile's calls a second together with the other kernels
    of this machine, and logs off at ``close()``, at the end of its with-block or when
    Python ends.

    ``schemas`` are the instance's schemas, fetched when asked for and kept on disk,
    apart for each instance and build: ``session.schemas["nms:recipient"]``.  Their
    methods are attributes of their namespaces: ``session.nms.delivery.Prepare(…)``;
    namespaces other than nms and xtk appear once the list of schemas is known.
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
        return f"Session({self.describe()!r})"

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
        labels: bool = False,
    ) -> pd.DataFrame:
        """Run a query and return its rows.

        ``what`` is queryDef XML, queryDef JSON, a mapping or a QueryDef; ``params``
        fill its ``:names``.  ``limit`` is a number of rows; left out, the query's own
        lineCount or 200; None for every row.  ``labels`` shows enumerations by label.
        ``frame.attrs["campaign"]`` tells whether more rows exist, and what it cost.

        Raises QuerySyntaxError, UnknownName, InvalidValue before anything is sent;
        SoapFault and the other server and network errors after.
        """
        return select_frame(self.check(what, params), limit, self._run, labels=labels)

    def count(self, what: Readable, params: Mapping[str, Any] | None = None) -> int:
        """Return how many records a query finds, whatever its lineCount."""
        checked = prepare(what, params, self.schemas.__getitem__, operation="count")
        counting = replace(checked.query, order_by=(), line_count=None, start_line=None)
        return row_count(self._run(counting).raw, element=checked.element)

    def build_sql(self, what: Readable, params: Mapping[str, Any] | None = None) -> str:
        """Return the SQL that the server would run (``xtk:queryDef#BuildQuery``)."""
        query = self.check(what, params).query
        return str(self._client.call(BUILD_QUERY, entity=to_xml(query)).value)

    def check(self, what: Readable, params: Mapping[str, Any] | None = None) -> Checked:
        """Read a query and check it against the schemas; the query is not run."""
        return prepare(what, params, self.schemas.__getitem__)

    def call(
        self, schema: str, method: str, *args: object, entity: object = None
    ) -> Answered:
        """Call any method of any schema.

        ``args`` are converted by their declared types; a document is XML text, an
        lxml element or a mapping with one root.  ``entity`` is the object of a method
        that is not static.  Returns None, the one output, a tuple of several, or the
        changed object.  Raises UnknownName, InvalidValue, SoapFault, AnswerLost.
        """
        found = find_method(self.schemas, schema, method)
        return self._client.call(found, args, entity=entity).value

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
        status = self.status()
        limit = status.budget.limit
        parts = [
            f"{status.profile} ({status.url})",
            f"as {status.operator}" if status.operator else "",
            f"build {status.build}" if status.build else "",
            "no TPS limit" if limit is None else f"{limit:g} calls a second",
        ]
        return " · ".join(part for part in parts if part)

    def footer(self, frame: pd.DataFrame) -> str:
        """Return the line under a result; empty for a frame that is not a result."""
        about = frame.attrs.get("campaign")
        return facts.footer(about, self.budget.snapshot(0)) if about else ""

    def close(self) -> None:
        """Log off and let go of connections and files; may be called again."""
        self._goodbye.said()
        self._client.close()
        self.budget.close()

    def _run(self, query: QueryDef) -> Answer:
        return self._client.call(EXECUTE_QUERY, entity=to_xml(query))

    def _add_namespaces(self, summaries: Iterable[SchemaSummary]) -> None:
        """Make ``session.cus`` an attribute, unless it would hide one of ours."""
        for name in {summary.id.partition(":")[0] for summary in summaries}:
            if not hasattr(self, name):
                setattr(self, name, Namespace(name, self.schemas, self.call))


def _instance(url: str, client: SoapClient) -> str:
    """Name instance and build, which the schema cache keeps apart."""
    return f"{url} {client.server_facts().get('buildNumber', '')}"
