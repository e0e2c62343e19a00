"""The schema picker: search a schema, tick fields, choose conditions, run.

    picker = session.pick("nms:recipient")
    picker.query            # a QueryDef for session.query, count, to_parquet …
    df = picker.run()

The query is made by `PickerModel`, without a widget; the views below show it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ...clock import SYSTEM_CLOCK, Clock
from ...errors import CampaignError
from ...query.model import QueryDef
from ...schemas.model import Schema
from ...session import Connection
from ..later import Later
from ..theme import framed
from ..twin import Twin
from .fields import FieldsView
from .model import PickerModel
from .outcome import PREVIEW, OutcomeView
from .query import QueryView
from .search import SearchView
from .stage import Stage
from .style import STYLE
from .tree import Row
from .waiting import Turns, asking

if TYPE_CHECKING:
    import pandas as pd


class Picker(Twin):
    """A query that is put together by looking.

    ``schema`` is opened at once if it is given; raises UnknownName when there is none
    of that name.  Any thread may use it.  ``frame`` holds the rows of the last run,
    ``error`` what the last click raised: ``raise picker.error`` shows where.
    """

    def __init__(
        self,
        session: Connection,
        schema: str | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._session = session
        self._turns = Turns(clock)
        self.counting = Later(self._count_live)
        self.frame: pd.DataFrame | None = None
        self.stage = Stage()
        self.model = PickerModel(self._schema)
        self.search = SearchView(self.stage, session.schemas.search, self._opened)
        self.fields = FieldsView(self.stage, self._tick, self._where)
        self.chosen = QueryView(self.stage, self.model, self._changed)
        self.outcome = OutcomeView()
        self._make_actions()
        self.view = self._laid_out()
        self._show_body(False)
        if schema is None:
            self.search.refresh()
        else:
            self.open(schema)

    def __repr__(self) -> str:
        return f"<Picker: {self.note()}>"

    @property
    def query(self) -> QueryDef:
        """The query as picked.

        Raises InvalidOption without a schema, QuerySyntaxError without a field,
        InvalidValue for a condition that has no value or one that does not fit.
        """
        with self.stage.lock:
            return self.model.query()

    @property
    def sql(self) -> str:
        """The query as SQL for ``%%campaign_query``.  Raises as ``query`` does."""
        with self.stage.lock:
            return self.model.sql

    @property
    def xml(self) -> str:
        """The query as a queryDef document.  Raises as ``query`` does."""
        with self.stage.lock:
            return self.model.xml

    @property
    def json(self) -> str:
        """The query as JSON of Adobe's JavaScript SDK.  Raises as ``query`` does."""
        with self.stage.lock:
            return self.model.json

    @property
    def error(self) -> BaseException | None:
        """What the last click raised, None when it went well."""
        return self.stage.error

    def run(self, **options: Any) -> pd.DataFrame:
        """Run the query and return its rows; options are those of ``session.query``.

        A ``limit`` among them goes before the one that was picked.
        """
        query = self.query
        if "limit" in options:
            query = replace(query, line_count=None)
        return self._session.query(query, **options)

    def open(self, schema: str) -> None:
        """Open a schema; what was picked of another one is forgotten."""
        with self.stage.lock:
            self.model.open(schema)
            tree = self.model.tree
            if tree is not None:
                self.fields.open(tree, _Chosen(self.model))
            self.search.close()
            self._show_body(True)
            self.chosen.refresh()
            self.stage.say(f"{schema} is open.")
            self._changed()

    def tick(self, *paths: str) -> None:
        """Tick fields: ``picker.tick("@email", "[folder/@label]")``.

        Raises UnknownName, and InvalidOption for what a query cannot select.
        """
        with self.stage.lock:
            for path in paths:
                self.model.tick(path)
            self._redraw()

    def where(
        self,
        path: str,
        operator: str | None = None,
        value: Any = None,
        *,
        none: bool = False,
    ) -> None:
        """Add a condition: ``picker.where("@language", "is one of", ["fr", "de"])``.

        SQL's signs will do as well: ``picker.where("@language", "IN", ["fr", "de"])``.
        Behind a link to many, a record fits with at least one item that fits, or, if
        ``none`` is asked for, without any; conditions on one link that are joined by
        AND ask for one item that fits them all.
        Raises UnknownName, and InvalidOption that lists the field's operators.
        """
        with self.stage.lock:
            self.model.ask(path, operator, value, none=none)
            self._redraw()

    def note(self) -> str:
        """Return one line: schema, how many attributes, what is chosen."""
        with self.stage.lock:
            if self.model.tree is None:
                return "schema picker: no schema is picked yet"
            schema = self.model.schema
            parts = [
                f"schema {schema.id}",
                f"{len(schema.fields)} attributes",
                f"chosen: {', '.join(self.model.chosen) or 'nothing yet'}",
            ]
            count = len(self.model.wheres)
            parts += [f"{count} condition{'s' if count > 1 else ''}"] if count else []
            return ", ".join(parts)

    def detail(self) -> str:
        """Return the query as SQL, "" while there is none."""
        try:
            return self.sql
        except CampaignError:
            return ""

    def _make_actions(self) -> None:
        self.count = self._button("Count", self._count)
        self.preview = self._button(f"Preview {PREVIEW} rows", self._preview)
        self.start = self._button("Run", self._run)
        self.start.button_style = "primary"
        self.live = widgets.Checkbox(
            description="Count after every change",
            indent=False,
            layout={"width": "auto"},
        )
        self.live.observe(lambda _: self._ask_for_count(), "value")

    def _laid_out(self) -> Any:
        actions = widgets.HBox([self.count, self.preview, self.start, self.live])
        actions.add_class("cm-bar")
        both = widgets.HBox([self.fields.view, self.chosen.view])
        both.add_class("cm-both")
        self._body = widgets.VBox([both, actions])
        # What went wrong before a schema is open shall be seen, too.
        parts = [self.search.view, self._body, self.stage.status, self.outcome.view]
        return framed(parts, classes=["cm-picker"], style=STYLE)

    def _show_body(self, shown: bool) -> None:
        for part in (self._body, self.outcome.view):
            part.layout.display = None if shown else "none"

    def _button(self, name: str, act: Callable[[], None]) -> Any:
        button = widgets.Button(description=name, layout={"width": "auto"})
        button.on_click(self._clicked(act))
        return button

    def _clicked(self, act: Callable[[], None]) -> Callable[[Any], None]:
        """Return a callback that asks the server, one at a time.

        It does not hold the lock: meanwhile the picker can be read and changed.
        """

        def ask() -> None:
            with self.stage.watched():
                act()

        return lambda _: self._turns.take(ask)

    def _schema(self, name: str) -> Schema:
        """Return a schema; say so if the server must be asked, for it may be slow."""
        schemas = self._session.schemas
        if schemas.cached(name) is not None:
            return schemas[name]
        self.stage.say(f"Reading the schema {name} …")
        found = schemas[name]
        self.stage.say(f"The schema {name} is read.")
        return found

    def _opened(self, schema: str) -> None:
        self.open(schema)
        self.fields.words.focus()  # what had the focus is gone

    def _tick(self, row: Row) -> None:
        try:
            if row.path in self.model.chosen:
                self.model.untick(row.path)
            else:
                self.model.tick(row.path)
        except Exception:
            self.fields.refresh()  # the box shows what is so
            raise
        self._redraw()

    def _where(self, row: Row) -> None:
        self.model.ask(row.path)
        self._redraw()

    def _redraw(self) -> None:
        self.chosen.refresh()
        self._changed()

    def _changed(self) -> None:
        """Write the query again; the count and the rows are of another query now."""
        self.fields.refresh()
        self.outcome.refresh(self.model)
        self.renote()
        self._ask_for_count()

    def _ask_for_count(self) -> None:
        if self.live.value and self.model.chosen:
            self.counting.ask()

    def _count_live(self) -> None:
        """Count in `counting`'s own thread; a query that is half typed has no count."""
        try:
            query = self._records()
        except CampaignError:
            return
        if not self.live.value:
            return
        with self.stage.watched():
            with self._asking("Counting …"):
                found = self._session.count(query)
            if self._is_still(query):
                self.stage.say(_fit(found, query))

    def _count(self) -> None:
        query = self._records()
        with self._asking("Counting …"):
            found = self._session.count(query)
        late = "" if self._is_still(query) else " (before the last change)"
        self.stage.say(_fit(found, query, late))

    def _asking(self, words: str) -> AbstractContextManager[None]:
        return asking(self.stage, self._session.budget, words)

    def _records(self) -> QueryDef:
        with self.stage.lock:
            return self.model.records

    def _is_still(self, query: QueryDef) -> bool:
        try:
            return self._records() == query
        except CampaignError:
            return False

    def _preview(self) -> None:
        with self.stage.lock:
            query = self.model.query(limit=min(PREVIEW, self.model.limit or PREVIEW))
        with self._asking("Reading …"):
            frame = self._session.query(query)
        self.outcome.show(frame, self._session.footer(frame))
        self.stage.say("Preview: the first rows.")

    def _run(self) -> None:
        with self._asking("Reading …"):
            frame = self.run()
        self.frame = frame
        self.outcome.show(frame, self._session.footer(frame))
        self.stage.say(f"{len(frame):,} rows are in picker.frame.")


def _fit(found: int, query: QueryDef, late: str = "") -> str:
    unit = "record" if found == 1 else "records"
    return f"{found:,} {unit} of {query.schema} fit{late}."


class _Chosen:
    """The chosen paths as they are now."""

    def __init__(self, model: PickerModel) -> None:
        self._model = model

    def __contains__(self, path: object) -> bool:
        return path in self._model.chosen
