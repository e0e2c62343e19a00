"""Subscriptions over the wire: row by row, and nothing silent."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest
from api.conftest import Office
from api.fans import people, subscribed

from campaign_magics.api import Subscriptions
from campaign_magics.errors import (
    AccessDenied,
    CampaignError,
    InvalidOption,
    InvalidValue,
    UnknownName,
)


def calls(office: Office, method: str, work: Any) -> int:
    return sum(call.endswith(f"#{method}") for call in office.calls(work))


def test_subscribing_a_frame_and_unsubscribing_it_again(office: Office) -> None:
    rows = people(office)
    result = office.subscriptions.subscribe(rows, "events")
    assert result.done == 3
    assert result.calls == 3
    assert len(result.rejected) == 0
    assert result is office.subscriptions.last
    assert set(rows["email"]) <= subscribed(office, "events")
    events = office.subscriptions.history(email=rows["email"][0])
    assert (events["service"][0], events["action"][0]) == (
        "events",
        "subscription",
    )
    again = office.subscriptions.unsubscribe(rows, "events")
    assert again.title == "3 of 3 unsubscribed · events"
    assert not set(rows["email"]) & subscribed(office, "events")


def test_subscribers_are_listed(office: Office) -> None:
    """As the cloud knows them: after the replication."""
    services = office.subscriptions.list()
    count = services.set_index("name")["subscribers"]["smsAlerts"]
    listed = office.subscriptions.list("smsAlerts", limit=None)
    assert len(listed) == count > 0
    assert listed["created"].is_monotonic_increasing


@pytest.mark.parametrize(
    "shape", ["polars", "arrow", "dicts", "texts", "dict", "one", "array", "index"]
)
def test_rows_come_in_any_shape(office: Office, shape: str) -> None:
    frame = people(office)[["email"]]
    data: Any = {
        "polars": lambda: pl.DataFrame({"email": frame["email"].tolist()}),
        "arrow": lambda: pl.DataFrame({"email": frame["email"].tolist()}).to_arrow(),
        "dicts": lambda: frame.to_dict("records"),
        "texts": lambda: frame["email"].tolist(),
        "dict": lambda: {"email": frame["email"].tolist()},
        "one": lambda: {"@email": frame["email"][0]},
        "array": lambda: frame["email"].unique(),
        "index": lambda: frame.set_index("email").index,
    }[shape]()
    result = office.subscriptions.subscribe(data, "offers")
    assert result.done == (1 if shape == "one" else 3)


def test_every_row_is_accounted_for(office: Office) -> None:
    """Done, unknown, repeated and rejected rows keep their labels, with reasons."""
    known = people(office)["email"].tolist()
    rows = pd.DataFrame(
        {"email": [known[0], "nobody@x.example", known[0], None, "a\x00b", "x" * 200]},
        index=["a", "b", "c", "d", "e", "f"],
    )
    result = office.subscriptions.subscribe(rows, "offers")
    assert result.frame["outcome"].to_dict() == {
        "a": "done",
        "b": "unknown",
        "c": "repeated",
        "d": "rejected",
        "e": "rejected",
        "f": "rejected",
    }
    reasons = result.frame["reason"]
    assert reasons["c"] == "the same key as row a"
    assert reasons["d"] == "@email: it is empty"
    assert "XML" in reasons["e"]
    assert reasons["f"] == "@email: 200 characters, and 128 are allowed"
    assert result.rejected.index.tolist() == ["b", "d", "e", "f"]
    assert "1 of 6 subscribed" in str(result)
    assert "<table" in result._repr_html_()


def test_an_empty_frame_costs_nothing(office: Office) -> None:
    for rows in (pd.DataFrame({"email": []}), pd.DataFrame(), []):

        def work(rows: Any = rows) -> None:
            assert office.subscriptions.subscribe(rows, "offers").done == 0

        assert calls(office, "Subscribe", work) == 0


def test_only_what_is_named_is_written_into_profiles(office: Office) -> None:
    """The frame's other columns stay at home; ``profile`` names those that go."""
    rows = people(office, 1).assign(lastName='Müller-<O\'Hara> & "Söhne"')
    office.subscriptions.subscribe(rows, "events")
    staged = "SELECT sLastName FROM NmsRecipientStg WHERE sEmail = ?"

    def written() -> list[str]:
        batches = office.world.databases.run("local", staged, [rows["email"][0]])
        return [row["sLastName"] for batch in batches for row in batch.to_pylist()]

    assert written() == []
    office.subscriptions.subscribe(rows, "events", profile="lastName")
    assert written() == [rows["lastName"][0]]


def test_create_makes_who_is_not_there(office: Office) -> None:
    """Unicode in the address too; without create nobody is made."""
    who = {"email": "zoë@bücher.example", "lastName": "Zoë", "gender": "female"}
    assert office.subscriptions.subscribe(who, "events").frame["outcome"].tolist() == [
        "unknown"
    ]
    made = office.subscriptions.subscribe(
        who, "events", create=True, profile=("lastName", "gender")
    )
    assert made.done == 1
    sql = "SELECT sLastName, iGender FROM NmsRecipientStg WHERE sEmail = ?"
    (batch,) = office.world.databases.run("local", sql, [who["email"]])
    assert batch.to_pylist() == [{"sLastName": "Zoë", "iGender": 2}]


def test_a_wrong_value_is_a_row_s_trouble_not_the_frame_s(office: Office) -> None:
    rows = people(office).assign(gender=["male", "mal", "female"])
    result = office.subscriptions.subscribe(rows, "events", profile="gender")
    assert result.done == 2
    assert "'mal' is no value" in result.rejected["reason"].iloc[0]
    gaps = office.subscriptions.subscribe([None, rows["email"][0], b"x"], "events")
    assert gaps.frame["outcome"].tolist() == ["rejected", "done", "rejected"]


def test_keys_of_several_parts_and_across_links(office: Office) -> None:
    rows = office.connection.query(
        "SELECT email, folder.name FROM nms:recipient WHERE email IS NOT NULL LIMIT 2"
    )
    result = office.subscriptions.subscribe(
        rows, "events", key=["@email", "folder.name"]
    )
    assert result.done == 2
    elsewhere = rows.assign(**{"folder.name": "nowhere"})
    result = office.subscriptions.subscribe(
        elsewhere, "events", key="@email, [folder/@name]"
    )
    assert set(result.frame["outcome"]) == {"unknown"}


@pytest.mark.parametrize(
    ("key", "more", "error", "said"),
    [
        ("@emial", {}, UnknownName, "email"),
        ("@phone", {}, InvalidOption, "no column for @phone"),
        ("", {}, InvalidOption, "key is empty"),
        (5, {}, InvalidOption, "type int names no columns"),
        ([5], {}, InvalidOption, "type list names no columns"),
        ("@email", {"profile": "lastNme"}, UnknownName, "lastName"),
        ("@email", {"profile": "phone"}, InvalidOption, "no column for @phone"),
    ],
)
def test_a_wrong_column_is_said_before_anything_is_sent(
    office: Office,
    key: str,
    more: dict[str, Any],
    error: type[CampaignError],
    said: str,
) -> None:
    rows = people(office, 1)

    def work() -> None:
        with pytest.raises(error) as caught:
            office.subscriptions.subscribe(rows, "events", key, **more)
        assert said in "\n".join(caught.value.render())

    assert calls(office, "Subscribe", work) == 0


def test_the_data_stay_as_they_are_and_a_doubled_column_is_refused(
    office: Office,
) -> None:
    empty = pd.DataFrame()
    office.subscriptions.subscribe(empty, "events")
    assert empty.columns.tolist() == []
    twice = pd.DataFrame([["a@x.example", "b@x.example"]], columns=["email", "@email"])
    with pytest.raises(InvalidOption, match="more than one column for @email"):
        office.subscriptions.subscribe(twice, "events")


def test_services_are_looked_up(office: Office) -> None:
    with pytest.raises(UnknownName) as caught:
        office.subscriptions.subscribe(["a@b.example"], "newsleter")
    assert caught.value.hint == "did you mean newsletter (Newsletter)?"
    for nothing in (" , ", None, []):
        with pytest.raises(InvalidOption, match="service is missing"):
            office.subscriptions.unsubscribe(["a@b.example"], nothing)  # type: ignore[arg-type]
    for both in ("events, offers", ["events", "offers"]):
        two = office.subscriptions.subscribe(people(office, 1), both)
        assert two.service == "events, offers"
    with pytest.raises(InvalidValue, match="type int names no recipients"):
        office.subscriptions.subscribe(3, "events")


def test_the_denylist_has_a_name_of_its_own(office: Office) -> None:
    """Unsubscribe without a service blocks every message: nobody does it by chance."""
    rows = people(office, 1)
    result = office.subscriptions.denylist(rows)
    assert result.title == "1 of 1 put on the denylist"
    sql = "SELECT iBlackList FROM NmsRecipientStg WHERE sEmail = ?"
    (batch,) = office.world.databases.run("local", sql, [rows["email"][0]])
    assert batch.to_pylist() == [{"iBlackList": 1}]


def test_readers_and_production(office: Office) -> None:
    rows = people(office)
    reader = Subscriptions(office.connect("reader"))
    assert len(reader.list()) == 5
    with pytest.raises(AccessDenied, match="right to read"):
        reader.subscribe(rows, "offers")
    live = Subscriptions(office.connect(production=True))
    with pytest.raises(InvalidOption, match="Subscribing 3 recipients to offers"):
        live.subscribe(rows, "offers")
    with pytest.raises(InvalidOption, match="Unsubscribing 3 recipients from offers"):
        live.unsubscribe(rows, "offers", yes="other")
    with pytest.raises(InvalidOption, match="on the denylist"):
        live.denylist(rows)
    assert live.subscribe(rows, "offers", yes="live").done == 3


def test_columns_are_named_as_people_type_them(office: Office) -> None:
    """No path, no dash; a recipient's own fields as in a query."""
    listed = office.subscriptions.list()
    assert " ".join(listed.columns) == "name label subscribers channel mode folder"
    assert str(listed["channel"].dtype) == "category"
    assert " ".join(office.subscriptions.list("events").columns) == (
        "email firstName lastName created expires recipient_id"
    )
    assert " ".join(office.subscriptions.history(limit=1).columns) == (
        "date action service email recipient_id origin"
    )
