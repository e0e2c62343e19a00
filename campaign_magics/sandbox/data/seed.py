"""Seeded rows of every schema: the same seed, size and day give the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import pyarrow as pa

from ...schemas.model import Schema
from ..stores.columns import has_table, is_staging_twin
from .draft import Values, has_zero, to_table, zero_record
from .plan import Plan, Tally, delivery_rows, plan
from .seed_generic import Filler, generic_tables
from .seed_logs import bounce_rows, broad_logs, tracking_logs, url_rows
from .seed_members import memberships, subscriptions
from .seed_recipients import recipients
from .seed_reference import ZERO_RECORDS, folder_ids, reference_rows
from .seed_workflows import workflow_logs, workflow_rows
from .sizes import FIRST_ID, Sizes

Columns = Iterator[tuple[str, Values, int]]
Tables = Iterator[tuple[str, pa.Table]]

DEFAULT_ROWS: Final = 1_000
DEFAULT_SEED: Final = 7

_EMPTY: Final = frozenset(
    {
        "nms:rtEvent",
        "xtk:fileRes",
        "xtk:job",
        "xtk:jobLog",
        "xtk:schema",
        "xtk:srcSchema",
        "xtk:workflowEvent",
        "xtk:workflowTask",
    }
)
"""Standard schemas whose tables start with no row but record 0."""

_PEOPLE: Final = frozenset(
    {
        "nms:recipient",
        "nms:rcpGrpRel",
        "nms:subscription",
        "nms:subHisto",
        "nms:broadLogRcp",
        "nms:trackingLogRcp",
        "nms:broadLogMsg",
        "nms:delivery",
    }
)
"""Schemas whose rows come with the recipients, or count what they did."""


def seed_tables(
    schemas: Mapping[str, Schema],
    *,
    rows: int = DEFAULT_ROWS,
    seed: int = DEFAULT_SEED,
    as_of: date,
    standard: Mapping[str, Schema] | None = None,
) -> Tables:
    """Yield rows for every schema that has a table: schema id and Arrow table.

    ``rows`` recipients with about ten delivery logs each (one each above 100,000),
    opens and clicks, groups, subscriptions, deliveries, workflows and reference
    lists.  A schema may come in several tables, recipients and their logs in chunks,
    so that memory stays bounded.  Nothing standard happened later than ``as_of``.
    Columns have SQL names; times are UTC.

    ``standard`` are the schemas as shipped: fields that others add to them, and
    schemas not among them, are filled from types, lengths, enumerations and links.
    """
    sizes = Sizes(rows=rows, seed=seed, as_of=as_of)
    stored = {
        schema_id: schema
        for schema_id, schema in schemas.items()
        if has_table(schema) and not is_staging_twin(schema_id, schemas)
    }
    filler = Filler(sizes, stored, standard or schemas)
    sent = plan(sizes)
    for schema in stored.values():
        if has_zero(schema):
            yield schema.id, zero_record(schema, ZERO_RECORDS.get(schema.id))
    known = set(_EMPTY | _PEOPLE | (standard or {}).keys())
    for schema_id, values, count in _reference(sizes, stored, sent):
        known.add(schema_id)
        yield from _table(filler, schema_id, values, count, learn=True)
    _foresee(filler, sent)
    yield from generic_tables(filler, known)
    for schema_id, values, count in _people(sizes, sent):
        yield from _table(filler, schema_id, values, count, learn=False)


def _table(
    filler: Filler, schema_id: str, values: Values, count: int, *, learn: bool
) -> Tables:
    schema = filler.schemas.get(schema_id)
    if schema is not None:
        fill = filler.extras(schema, values, count)
        table = to_table(schema, values, count, fill)
        if learn:
            filler.learn(schema, table)
        yield schema_id, table


def _foresee(filler: Filler, sent: Plan) -> None:
    """Let user schemas link to recipients and deliveries, which come after them."""
    chunk = next(filler.sizes.chunks(), None)
    nobody = Tally(size=len(sent))
    coming = [("nms:delivery", *delivery_rows(filler.sizes, sent, nobody))]
    if chunk is not None:
        people = recipients(chunk, folder_ids("nmsFolder"))
        coming.append(("nms:recipient", people.values, len(chunk)))
    for schema_id, values, count in coming:
        schema = filler.schemas.get(schema_id)
        if schema is not None and filler.is_linked(schema_id):
            filler.learn(schema, to_table(schema, values, count))


def _reference(sizes: Sizes, schemas: Mapping[str, Schema], sent: Plan) -> Columns:
    """Yield columns by path of the schemas that do not depend on recipients."""
    for schema_id, (values, count) in reference_rows(sizes, schemas).items():
        yield schema_id, values, count
    yield "xtk:workflow", *workflow_rows(sizes)
    yield "xtk:workflowLog", *workflow_logs(sizes)
    yield "nms:trackingUrl", *url_rows(sent)


def _people(sizes: Sizes, sent: Plan) -> Columns:
    """Yield recipients and what happened to them; at the end, what it adds up to."""
    tally = Tally(size=len(sent))
    folders = folder_ids("nmsFolder")
    history_id = FIRST_ID
    for chunk in sizes.chunks():
        people = recipients(chunk, folders)
        yield "nms:recipient", people.values, len(chunk)
        yield "nms:rcpGrpRel", *memberships(people)
        current, history = subscriptions(people, history_id)
        history_id += history[1]
        yield "nms:subscription", *current
        yield "nms:subHisto", *history
        messages = broad_logs(people, sent, tally)
        yield "nms:broadLogRcp", messages.values, len(messages)
        yield "nms:trackingLogRcp", *tracking_logs(people, sent, messages, tally)
    yield "nms:broadLogMsg", *bounce_rows(tally)
    yield "nms:delivery", *delivery_rows(sizes, sent, tally)
