"""The schema picker: search a schema, tick fields, choose conditions, run.

    picker = session.pick("nms:recipient")
    picker.query            # a QueryDef for session.query, count, to_parquet …
    df = picker.run()

The query is made by `PickerModel`, without a widget; the views below show it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ...errors import CampaignError
from ...query.model import QueryDef
from ...session import Connection
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

if TYPE_CHECKING:
    import pandas as pd


class Picker(Twin):
    """A query that is put together by looking.

    ``schema`` is opened at once if it is given; raises UnknownName when there is none
    of that name.  Any thread may use it.  ``frame`` holds the rows of the last run,
    ``error`` what the last click raised: ``raise picker.error`` shows where.
    """

    def __init__(self, session: Connection, schema: str | None = None) -> None:
        self._session = session
        self._busy = threading.Lock()
        self.frame: pd.DataFrame | None = None
        self.stage = Stage()
        self.model = PickerModel(session.schemas.__getitem__)
        self.search = SearchView(self.stage, session.schemas.search, self._opened)
        self.fields = FieldsView(self.stage, self._tick, self._where)
        self.chosen = QueryView(self.stage, self.model, self._changed)
        self.outcome = OutcomeView()
        self._make_actions()
        self._body = widgets.VBox(layout={"display": "none"})
        self.view = self._laid_out()
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
        """Run the query and return its rows; options are those of ``session.query``."""
        return self._session.query(self.query, **options)

    def open(self, schema: str) -> None:
        """Open a schema; what was picked of another one is forgotten."""
        with self.stage.lock:
            self.model.open(schema)
            tree = self.model.tree
            if tree is not None:
                self.fields.open(tree, _Chosen(self.model))
            self.search.close()
            self._body.layout.display = None
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

    def where(self, path: str, operator: str | None = None, value: Any = None) -> None:
        """Add a condition: ``picker.where("@language", "is one of", ["fr", "de"])``.

        Raises UnknownName, and InvalidOption that lists the field's operators.
        """
        with self.stage.lock:
            self.model.ask(path, operator, value)
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
        self.live.observe(self._clicked(self._count_if_live), "value")

    def _laid_out(self) -> Any:
        actions = widgets.HBox([self.count, self.preview, self.start, self.live])
        actions.add_class("cm-bar")
        both = widgets.HBox([self.fields.view, self.chosen.view])
        both.add_class("cm-both")
        self._body.children = [both, actions, self.stage.status, self.outcome.view]
        return framed(
            [self.search.view, self._body], classes=["cm-picker"], style=STYLE
        )

    def _button(self, name: str, act: Callable[[], None]) -> Any:
        button = widgets.Button(description=name, layout={"width": "auto"})
        button.on_click(self._clicked(act))
        return button

    def _clicked(self, act: Callable[[], None]) -> Callable[[Any], None]:
        """Return a callback that asks the server, one at a time.

        It does not hold the lock: meanwhile the picker can be read and changed.
        """

        def handle(_: Any) -> None:
            if not self._busy.acquire(blocking=False):
                return
            try:
                with self.stage.watched():
                    act()
            finally:
                self._busy.release()

        return handle

    def _opened(self, schema: str) -> None:
        self.open(schema)
        self.fields.words.focus()  # what had the focus is gone

    def _tick(self, row: Row) -> None:
        try:
            if row.path in self.model.chosen:
                self.model.untick(row.path)
            else:
                self.model.tick(row.path)
        finally:
            self._redraw()  # the box shows what is so, also after an error

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
        if self.live.value:
            self._clicked(self._count_if_live)(None)

    def _count_if_live(self) -> None:
        if self.live.value and self.model.chosen:
            self._count()

    def _count(self) -> None:
        query = self.query
        found = self._session.count(query)
        same = self.query == query
        unit = "record" if found == 1 else "records"
        late = "" if same else " (before the last change)"
        self.stage.say(f"{found:,} {unit} of {query.schema} fit{late}.")

    def _preview(self) -> None:
        with self.stage.lock:
            query = self.model.query(limit=min(PREVIEW, self.model.limit or PREVIEW))
        frame = self._session.query(query)
        self.outcome.show(frame, self._session.footer(frame))
        self.stage.say("Preview: the first rows.")

    def _run(self) -> None:
        self.stage.say("Reading …")
        frame = self.run()
        self.frame = frame
        self.outcome.show(frame, self._session.footer(frame))
        self.stage.say(f"{len(frame):,} rows are in picker.frame.")


class _Chosen:
    """The chosen paths as they are now."""

    def __init__(self, model: PickerModel) -> None:
        self._model = model

    def __contains__(self, path: object) -> bool:
        return path in self._model.chosen
