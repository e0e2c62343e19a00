"""`Session`: the one object users hold; a connection and all one can do over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .session import Connection

if TYPE_CHECKING:
    from pandas import DataFrame

    from .api import Deliveries, Jobs, Subscriptions, Workflows
    from .widgets.meter.view import Meter
    from .widgets.picker.view import Picker
    from .write.plan import Plan
    from .write.removal import Removal
    from .write.rows import Nulls


class Session(Connection):
    """A connection to one instance with everything this package can do there."""

    @cached_property
    def delivery(self) -> Deliveries:
        """The deliveries: submit, prepare, start, pause, stop, wait, stats, logs."""
        from .api import Deliveries

        return Deliveries(self)

    @cached_property
    def workflow(self) -> Workflows:
        """The workflows: start, pause, stop, kill, signal, wait, logs."""
        from .api import Workflows

        return Workflows(self)

    @cached_property
    def subscription(self) -> Subscriptions:
        """The information services: subscribe, unsubscribe, list, history."""
        from .api import Subscriptions

        return Subscriptions(self)

    @cached_property
    def jobs(self) -> Jobs:
        """Methods in the background: submit, status, result, cancel, wait."""
        from .api import Jobs

        return Jobs(self)

    def write(
        self,
        data: object,
        schema: str | None = None,
        *,
        key: str | Sequence[str] | None = None,
        operation: str = "insertOrUpdate",
        links: Mapping[str, str] | None = None,
        nulls: Nulls = "skip",
        ingest: bool | None = None,
        batch_rows: int = 1_000,
        sample: int | None = 1_000,
    ) -> Plan:
        """Return a plan of what writing rows would do; its ``commit()`` sends them.

        ``data`` is a pandas, polars or pyarrow table or a list of dicts, with columns
        named as a query names them (``email``, ``location.city``, ``folder.name``); a
        column ``_operation`` gives rows their own.  Or it is an XML document, which
        may name its schema itself.  ``key`` tells which record a row
        is (``"@email"``, ``"[folder/@name], @email"``), the schema's own key without;
        ``operation`` is insertOrUpdate, insert, update or delete; ``links`` says what
        becomes of a linked record (``{"company": "update"}``), which must exist
        without.  ``nulls="clear"`` lets missing values empty what is stored.
        ``ingest`` forces or forbids the staging table; ``batch_rows`` are rows of a
        call; ``sample`` rows are compared with what is stored, None for all.

        Only queries are sent.  Raises UnknownName, UserError and InvalidOption for
        what is wrong with a column; a bad row is one of the plan's ``problems``.
        """
        from .write.options import Options
        from .write.plan import make_plan

        options = Options(
            key=key,
            operation=operation,
            links=links,
            nulls=nulls,
            ingest=ingest,
            batch_rows=batch_rows,
            sample=sample,
        )
        return make_plan(self, data, schema, options)

    def update(
        self,
        schema: str,
        where: str,
        values: Mapping[str, object],
        params: Mapping[str, Any] | None = None,
        *,
        links: Mapping[str, str] | None = None,
        ingest: bool | None = None,
    ) -> Plan:
        """Return a plan that gives all records of a condition the same values.

        ``where`` is a condition in SQL or XTK or a queryDef's ``<where>``, ``params``
        fill its ``:names``; a value None empties.  The records' keys are read now, and
        the rows updated by them at ``commit()``.  Raises InvalidOption for an empty
        condition, QuerySyntaxError, UnknownName.
        """
        from .write.options import Options
        from .write.removal import plan_update

        options = Options(links=links, ingest=ingest)
        return plan_update(self, schema, where, values, params, options)

    def delete(
        self, schema: str, where: str, params: Mapping[str, Any] | None = None
    ) -> Removal:
        """Return a plan that deletes all records of a condition; nothing is deleted.

        It shows how many there are, and the first ones; ``commit()`` deletes them
        (``DeleteCollection``).  To delete by key, ``write`` rows with
        ``operation="delete"``.  ``where`` and ``params`` are as for ``update``.
        """
        from .write.removal import plan_removal

        return plan_removal(self, schema, where, params)

    def journal(self, job: str | None = None) -> DataFrame:
        """Return the commits made to this instance, or the batches of one of them."""
        from .write.journal import read_journal
        from .write.journal_file import journal_path

        path = journal_path(self.profile.url)
        return read_journal(path, lambda j: j.batches(job) if job else j.jobs())

    def meter(self) -> Meter:
        """Return a live meter of calls a second; show it as a cell's last line.

        It shows the use of the limit by all kernels, and moves while cells run, until
        its Close button, its ``close()`` or this session's leaves a summary.
        """
        from .widgets.meter.view import Meter

        return Meter(self)

    def pick(self, schema: str | None = None) -> Picker:
        """Return the schema picker; show it as a cell's last line.

        Its ``query`` is what was picked, ``run()`` its rows; ``schema`` is opened at
        once.  Raises UnknownName for a schema that does not exist.
        """
        from .widgets.picker.view import Picker

        return Picker(self, schema)
