"""Reading a query's rows page by page, in order, with as many calls as it takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from threading import Event

from ..errors import CampaignError, InvalidValue
from ..frames import row_count
from ..query.check import Checked
from ..query.model import QueryDef
from ..soap.answer import Answer
from ..xtk.columns import Column
from .crew import Crew, Job
from .limits import one_more
from .page import Ask, Fetched, Page, fetch, kept_by_key
from .tally import Tally
from .walk import Brought, KeyWalk, LineWalk, Step, Walk, pages_in_flight
from .way import ByKey, ByLine, Key, Way, way_of

PAGE_SIZE = 5_000
"""Rows a page: large enough that calls are few, small enough to come in a second."""

_SAMPLE = 8
"""Pages that tell how long one takes: looked at for each of the first, and then now
and again."""

Rate = Callable[[], float | None]
"""Returns the calls a second that are allowed now, None for no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to read: a query, how many rows of it, and where to go on.

    ``wanted`` None is every row.  ``behind`` is where an earlier reading stopped
    (``Page.behind``), after ``done`` rows.
    """

    checked: Checked
    wanted: int | None
    page_size: int = PAGE_SIZE
    behind: Key | None = None
    done: int = 0

    def __post_init__(self) -> None:
        if self.page_size < 1:
            raise InvalidValue(
                f"A page of {self.page_size} rows makes no sense.",
                hint=f"give a number of rows, such as {PAGE_SIZE}",
            )

    @property
    def limit(self) -> int | None:
        """Rows wanted in all, those of an earlier reading included."""
        return None if self.wanted is None else self.wanted + self.done

    def go_on(self, behind: Key | None, done: int) -> Plan:
        """Return the plan for what is left when ``done`` rows are here."""
        wanted = self.wanted
        if wanted is not None:
            wanted = max(0, wanted - done)
        return replace(self, wanted=wanted, behind=behind, done=done)

    @property
    def is_one_call(self) -> bool:
        """True when one answer has it all; it is then sent as it is."""
        if self.checked.query.operation != "select":
            return True
        return self.wanted is not None and self.wanted <= self.page_size

    @property
    def way(self) -> Way:
        """How its pages are read."""
        return way_of(self.checked)

    @property
    def first(self) -> QueryDef:
        """The first query to be sent."""
        if self.is_one_call:
            return one_more(self.checked.query, self.wanted)
        return replace(self.way.query, line_count=self.page_size + 1)


class Reading:
    """One reading of a plan: iterate over it once for its pages.

    Pages are asked for ahead, one by default and more where a page takes longer than
    the budget's turns.  An interrupt, or giving up the iteration, ends it at once.
    """

    def __init__(self, plan: Plan, ask: Ask, rate: Rate) -> None:
        self.plan = plan
        self.tally = Tally()
        self._ask = ask
        self.rate = rate
        self._crew = Crew()
        self._counting: Job[int] | None = None
        self._way = None if plan.is_one_call and plan.behind is None else plan.way

    @property
    def warning(self) -> str:
        """What the reader of the result must know; empty when all is well."""
        several = self.tally.pages > 1 or self.plan.done
        return self._way.warning if isinstance(self._way, ByLine) and several else ""

    def __iter__(self) -> Generator[Page]:
        """Yield pages, at least one.  Raises what ``Session.query`` does."""
        if self._way is None:
            yield self._single()
            return
        try:
            yield from self._limited(self._pages(self._way))
        finally:
            self._crew.stop()

    def count_ahead(self) -> None:
        """Let the query's records be counted meanwhile: one call more, once."""
        records = isinstance(self._way, ByKey) or not self.plan.checked.query.group_by
        if self._counting is None and self._way is not None and records:
            self._counting = self._crew.do(self._count)

    @property
    def total(self) -> int | None:
        """Rows there will be, those of an earlier reading included; None: unknown."""
        counting, limit = self._counting, self.plan.limit
        if counting is None or not counting.done:
            return self.plan.limit
        with suppress(CampaignError):  # the count is a courtesy
            count = counting.result()
            return count if limit is None else min(count, limit)
        return None

    def _single(self) -> Page:
        plan = self.plan
        checked, wanted = plan.checked, plan.wanted
        query = one_more(checked.query, wanted)
        fetched = fetch(self._asked, query, checked.columns, checked.element)
        table = fetched.table
        self.tally.decoded(fetched.decode_seconds)
        is_select = checked.query.operation == "select"
        more = is_select and wanted is not None and table.num_rows > wanted
        table = table.slice(0, wanted) if more else table
        return Page(table=table, behind=None, more=more)

    def _limited(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Hand out what is wanted; the row behind it only tells that it exists."""
        left = self.plan.wanted
        for page in pages:
            if left is not None and page.table.num_rows > left:
                yield replace(page, table=page.table.slice(0, left), more=True)
                return
            yield page
            if left is not None:
                left -= page.table.num_rows

    def _pages(self, way: Way) -> Iterator[Page]:
        walk = self._walk(way)
        queue: deque[_Sent] = deque()
        lately: deque[float] = deque(maxlen=_SAMPLE)
        at_once = 1
        away = 0.0  # what the reader takes for a page counts too: nothing is sent then
        while True:
            self._send(walk, queue, at_once, way)
            if not queue:
                return
            sent = queue.popleft()
            fetched = (sent.job or self._fetch(sent.step.query, way.columns)).result()
            self.tally.decoded(fetched.decode_seconds)
            brought = _brought(fetched, way, walk, sent.step)
            steps = walk.arrived(sent.step, brought)
            if walk.ended:
                queue.clear()
            lately.append(fetched.seconds + away)
            if 2 <= self.tally.pages <= _SAMPLE or self.tally.pages % _SAMPLE == 0:
                at_once = max(walk.eager, pages_in_flight(median(lately), self.rate()))
            if at_once > 1 and steps and self._split(walk, way):
                steps = ()
            queue.extendleft(_Sent(step) for step in reversed(steps))
            self._send(walk, queue, at_once, way)
            if brought.kept or self.tally.pages == 1:
                left = self.tally.seconds
                yield self._page(way, fetched, brought)
                away = self.tally.seconds - left

    def _walk(self, way: Way) -> Walk:
        plan = self.plan
        most = None if plan.wanted is None else plan.wanted + 1
        if isinstance(way, ByKey):
            return KeyWalk(way, plan.page_size, most=most, after=plan.behind)
        most = None if most is None else most + plan.done
        return LineWalk(way, plan.page_size, most=most, done=plan.done)

    def _send(self, walk: Walk, queue: deque[_Sent], at_once: int, way: Way) -> None:
        """Have the first ``at_once`` steps on their way."""
        while len(queue) < at_once and (step := walk.next_step()) is not None:
            queue.append(_Sent(step))
        for sent, _ in zip(queue, range(at_once), strict=False):
            if sent.job is None:
                sent.job = self._fetch(sent.step.query, way.columns)

    def _fetch(self, query: QueryDef, columns: tuple[Column, ...]) -> Job[Fetched]:
        element, cancel = self.plan.checked.element, self._crew.cancel
        return self._crew.do(
            partial(fetch, self._asked, query, columns, element, cancel)
        )

    def _asked(self, query: QueryDef, cancel: Event | None) -> Answer:
        answer = self._ask(query, cancel)
        self.tally.called(answer.exchange)
        return answer

    def _split(self, walk: Walk, way: Way) -> bool:
        """Let a walk by key make ranges, for which it has to know the last key."""
        if not isinstance(walk, KeyWalk) or not isinstance(way, ByKey):
            return False
        if not walk.splittable:
            return False
        query = way.last()
        column = replace(way.columns[way.place], steps=(query.select[0].alias or "",))
        fetched = self._fetch(query, (column,)).result()
        top = fetched.table.column(0).to_pylist()
        if not top or not isinstance(top[0], int):
            return False
        walk.split(top[0])
        return True

    def _page(self, way: Way, fetched: Fetched, brought: Brought) -> Page:
        table = fetched.table.slice(0, brought.kept)
        if isinstance(way, ByLine):
            self.tally.lines += brought.kept
            return Page(table=table, behind=self.plan.done + self.tally.lines)
        if way.added:
            table = table.remove_column(way.place)
        return Page(table=table, behind=brought.last)

    def _count(self) -> int:
        checked = self.plan.checked
        query = counting(checked.query)
        answer = self._asked(query, self._crew.cancel)
        return row_count(answer.raw, element=checked.element)


@dataclass(slots=True)
class _Sent:
    """A step, and its answer once it has been sent for."""

    step: Step
    job: Job[Fetched] | None = None


def counting(query: QueryDef) -> QueryDef:
    """Return the query that counts the records another one finds."""
    return replace(
        query, operation="count", order_by=(), line_count=None, start_line=None
    )


def _brought(fetched: Fetched, way: Way, walk: Walk, step: Step) -> Brought:
    came = fetched.table.num_rows
    keeps = walk.keeps(step, came)
    if isinstance(way, ByKey):
        return kept_by_key(fetched.table, way, keeps, step.low)
    return Brought(came=came, kept=keeps)
