"""Rows that fit together: every key points to a row, every count to its rows."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from campaign_magics.sandbox.stores.columns import (
    arrow_schema,
    has_table,
    is_staging_twin,
)

pytestmark = pytest.mark.pure

LOG, TRACK, DELIVERY = "nms:broadLogRcp", "nms:trackingLogRcp", "nms:delivery"


def dangling(seeded, schema, link):
    """Return the values of a link's foreign key that no record has."""
    missing = []
    for join in link.joins:
        target = seeded.schemas[link.target]
        if join.target not in target.field_by_path:
            continue
        keys = pc.unique(seeded.column(link.target, join.target))
        values = pc.unique(seeded.column(schema.id, join.source)).drop_null()
        absent = pc.invert(pc.is_in(values, value_set=keys.cast(values.type)))
        missing += values.filter(absent).to_pylist()
    return missing


def test_every_link_points_to_a_record(seeded):
    """No foreign key dangles: key 0 points to record 0 (protocol.md §4.2)."""
    checked = 0
    for schema in seeded.schemas.values():
        if schema.id not in seeded.tables:
            continue
        for link in schema.links:
            own = schema.internal_key.paths if schema.auto_pk else ()
            if not link.unbound and not {j.source for j in link.joins} & set(own):
                assert dangling(seeded, schema, link) == [], (schema.id, link.path)
                checked += 1
    assert checked >= 40


def test_every_unique_index_holds(seeded):
    """What the local database would refuse is not generated."""
    for schema in seeded.schemas.values():
        for index in schema.indexes:
            if index.unique and schema.id in seeded.tables:
                parts = [seeded.column(schema.id, p).to_pylist() for p in index.paths]
                rows = [row for row in zip(*parts, strict=True) if None not in row]
                assert len(rows) == len(set(rows)), (schema.id, index.name)


def test_every_table_has_its_type_and_record_0(seeded):
    """Columns are the schema's; numeric autopk tables begin with record 0."""
    for name, schema in seeded.schemas.items():
        if not has_table(schema) or is_staging_twin(name, seeded.schemas):
            assert name not in seeded.tables
        elif schema.auto_pk and not schema.auto_uuid:
            (key,) = schema.internal_key.paths
            assert seeded.column(name, key)[0].as_py() == 0
            assert seeded.tables[name].schema == arrow_schema(schema, "cloud")


def test_every_enumerated_value_is_in_its_list(seeded):
    """A value of a closed list is one of the list's (0 and empty mean unset)."""
    for name in seeded.tables:
        for field in seeded.schemas[name].fields:
            if field.enum is None or field.expr or field.xml or not field.sql_name:
                continue
            allowed = {value.value for value in field.enum.values} | {"0", "None"}
            found = {str(v) for v in seeded.column(name, field.path).to_pylist()}
            assert found <= allowed, (name, field.path, found - allowed)


def test_about_ten_logs_per_recipient(seeded):
    """1,000 recipients have some 10,000 delivery logs, in all of 24 deliveries."""
    logs = seeded.column(LOG, "@delivery-id")
    assert 8_500 < len(logs) < 11_500
    assert len(pc.unique(logs)) == 24


def test_delivery_counters_are_what_the_logs_add_up_to(seeded):
    """The funnel of each delivery equals its logs, status by status."""
    status = seeded.column(LOG, "@status").to_pylist()
    owner = seeded.column(LOG, "@delivery-id").to_pylist()
    found = Counter(zip(owner, status, strict=True))
    targets = Counter(owner)
    for row in rows_of(seeded, DELIVERY):
        assert row["properties/@totalTarget"] == targets[row["@id"]]
        assert row["properties/@reject"] == found[row["@id"], 0]
        assert row["indicators/@success"] == found[row["@id"], 1]
        assert row["indicators/@error"] == found[row["@id"], 2]
        assert (
            row["properties/@toDeliver"] == targets[row["@id"]] - found[row["@id"], 0]
        )


def test_open_and_click_counters_are_what_tracking_adds_up_to(seeded):
    """Opens have URL 1, clicks have URLs of type 1; distinct ones count logs once."""
    kinds = dict(seeded.tuples("nms:trackingUrl", "@id", "@type"))
    events = list(seeded.tuples(TRACK, "@delivery-id", "@url-id", "@broadLog-id"))
    opens = [(d, log) for d, url, log in events if url == 1]
    clicks = [(d, log) for d, url, log in events if kinds[url] == 1]
    for row in rows_of(seeded, DELIVERY):
        one = row["@id"]
        assert row["indicators/@totalRecipientOpen"] == per(opens)[one]
        assert row["indicators/@recipientOpen"] == per(set(opens))[one]
        assert row["indicators/@totalRecipientClick"] == per(clicks)[one]
        assert row["indicators/@recipientClick"] == per(set(clicks))[one]
    assert len(opens) > 1000
    assert len(clicks) > 300


def test_tracking_follows_its_message(seeded):
    """Only sent messages are opened, by their recipient, after they left, by now."""
    logs = {
        row["@id"]: row
        for row in rows_of(
            seeded, LOG, "@id", "@status", "@eventDate", "@recipient-id", "@delivery-id"
        )
    }
    now = pa.scalar("2026-01-15").cast(pa.timestamp("us")).as_py()
    for row in rows_of(
        seeded, TRACK, "@broadLog-id", "@logDate", "@recipient-id", "@delivery-id"
    ):
        log = logs[row["@broadLog-id"]]
        assert log["@status"] == 1
        assert log["@eventDate"] < row["@logDate"] < now
        assert log["@recipient-id"] == row["@recipient-id"]
        assert log["@delivery-id"] == row["@delivery-id"]


def test_messages_follow_their_recipient(seeded):
    """Nobody gets a message before the profile was created, or without address."""
    created = dict(seeded.tuples("nms:recipient", "@id", "@created"))
    for row in rows_of(seeded, LOG, "@recipient-id", "@eventDate", "@address"):
        assert created[row["@recipient-id"]] < row["@eventDate"]
        assert row["@address"]


def test_who_is_on_a_denylist_is_ignored_with_that_reason(seeded):
    """Status 0 has message "denylist" (reason 8); failures have other reasons."""
    reason = dict(seeded.tuples("nms:broadLogMsg", "@id", "@failureReason"))
    denied = {
        key
        for key, *flags in seeded.tuples(
            "nms:recipient", "@id", "@blackList", "@blackListEmail"
        )
        if any(flags)
    }
    reasons = {0: set(), 1: set(), 2: set(), 6: set()}
    for row in rows_of(seeded, LOG, "@recipient-id", "@status", "@msg-id"):
        assert (row["@status"] == 0) == (row["@recipient-id"] in denied)
        reasons[row["@status"]].add(reason[row["@msg-id"]])
    assert reasons == {0: {8}, 1: {0}, 2: {1, 2, 3, 4, 5, 20}, 6: {0}}


def test_subscription_history_explains_subscriptions(seeded):
    """Who is subscribed has a subscription event; who left has a later one."""
    current = set(seeded.tuples("nms:subscription", "@recipient-id", "@service-id"))
    events = {}
    for row in rows_of(
        seeded, "nms:subHisto", "@recipient-id", "@service-id", "@action", "@date"
    ):
        who = (row["@recipient-id"], row["@service-id"])
        events.setdefault(who, {})[row["@action"]] = row["@date"]
    events.pop((0, 0))
    assert {who for who, seen in events.items() if 0 not in seen} == current
    assert all(seen[1] <= seen.get(0, seen[1]) for seen in events.values())


def per(pairs):
    return Counter(delivery for delivery, _ in pairs)


def rows_of(seeded, schema_id, *paths):
    schema = seeded.schemas[schema_id]
    stored = [f.path for f in schema.fields if f.sql_name and not f.expr and not f.xml]
    chosen = list(paths or stored)
    for values in seeded.tuples(schema_id, *chosen):
        yield dict(zip(chosen, values, strict=True))
