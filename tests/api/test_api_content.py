"""What a delivery says and whom it is for, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from api.conftest import Office, new
from lxml import etree

from campaign_magics.api import Delivery
from campaign_magics.errors import InvalidOption, InvalidValue, UnknownName


def document(office: Office, delivery: Delivery) -> etree._Element:
    """Return a delivery as it is stored, its XML fields included."""
    found = office.connection.call(
        "xtk:queryDef",
        "SelectAll",
        False,
        entity=f"<queryDef schema='nms:delivery' operation='get'><where>"
        f"<condition expr='@id = {delivery.id}'/></where></queryDef>",
    )
    whole = office.connection.call("xtk:queryDef", "ExecuteQuery", entity=found)
    assert isinstance(whole, etree._Element)
    return whole


def test_content_by_its_parts(office: Office) -> None:
    """Quotes, tags, ]]> and other alphabets arrive as they are."""
    parts = {
        "subject": 'It\'s <b> & "☃"',
        "html": "<p>Bonjour <%= recipient.firstName %> ]]> &amp;</p>",
        "text": "Grüße\nNextline",
        "from_name": "Zoë & Co",
    }
    delivery = new(office, content=parts)
    whole = document(office, delivery)
    assert whole.findtext("mailParameters/subject") == parts["subject"]
    assert whole.findtext("content/html/source") == parts["html"]
    assert whole.findtext("content/text/source") == parts["text"]
    assert whole.findtext("mailParameters/senderName") == parts["from_name"]


def test_a_part_that_is_none_stays_the_template_s(office: Office) -> None:
    """Not the text 'None', which would go out to everybody."""
    kept = document(office, new(office, content={"text": "x"}))
    whole = document(office, new(office, content={"subject": None, "text": "x"}))
    subject = whole.findtext("mailParameters/subject")
    assert subject == kept.findtext("mailParameters/subject")
    assert subject != "None"


def test_content_as_a_fragment(office: Office) -> None:
    fragment = (
        "<delivery deliveryCode='A1'><mailParameters><subject>Hi</subject>"
        "</mailParameters></delivery>"
    )
    delivery = new(office, content=fragment, label="Label wins")
    whole = document(office, delivery)
    assert (whole.get("deliveryCode"), whole.get("label")) == ("A1", "Label wins")


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ({"sbject": "x"}, UnknownName, "did you mean subject?"),
        ({"colour": "x"}, UnknownName, "parts are subject"),
        ("<recipient/>", InvalidValue, "<delivery> is expected"),
        ("<delivery", InvalidValue, "not well-formed"),
        ({"subject": "a\x00b"}, InvalidValue, "XML cannot"),
        ({"html": b"<p>"}, InvalidValue, "html is bytes"),
        ({"subject": pd.DataFrame()}, InvalidValue, "subject is a DataFrame"),
    ],
)
def test_content_that_is_none(
    office: Office, content: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        new(office, content=content)
    assert said in "\n".join(caught.value.render())  # type: ignore[attr-defined]


def test_every_way_to_name_the_target_finds_the_same_people(office: Office) -> None:
    frame = office.connection.query(
        "SELECT id, email FROM nms:recipient WHERE email LIKE '%@example.org' "
        "AND language = 'de'",
        limit=None,
    )
    ways: list[Callable[[], Any]] = [
        lambda: "email LIKE '%@example.org' AND language = 'de'",
        lambda: (
            "SELECT id FROM nms:recipient WHERE email LIKE '%@example.org' "
            "AND language = 'de'"
        ),
        lambda: (
            "<where><condition expr=\"@email LIKE '%@example.org'\"/>"
            "<condition expr=\"@language = 'de'\"/></where>"
        ),
        lambda: frame,
        lambda: frame[["email"]],
        lambda: frame["email"].tolist(),
        lambda: frame.to_dict("records"),
        lambda: frame["id"],
        lambda: tuple(frame["id"]),
        lambda: frame["id"].unique(),
        lambda: frame["email"].rename("address"),
        lambda: [None, *frame["email"]],
        lambda: pd.Series([float("nan"), *frame["email"]]),
        lambda: pd.Series([pd.NA, *frame["id"]], dtype="Int64"),
    ]
    assert len(frame) > 2
    for way in ways:
        delivery = office.deliveries.prepare(new(office, targets=way()))
        assert delivery.target == len(frame)


def test_parameters_of_the_target_are_values(office: Office) -> None:
    delivery = new(office, targets="lastName = :name", params={"name": "O'Hara"})
    sql = "SELECT mData FROM NmsDelivery WHERE iDeliveryId = ?"
    (batch,) = office.world.databases.run("local", sql, [delivery.id])
    (test,) = etree.fromstring(batch.to_pylist()[0]["mData"]).iter("condition")
    assert test.get("expr") == "@lastName = 'O\\'Hara'"


@pytest.mark.parametrize(
    ("targets", "error"),
    [
        ("emial = 'x'", UnknownName),
        ("", InvalidValue),
        ("1 = 1; DROP TABLE x", Exception),
        ("SELECT id FROM nms:delivery", InvalidValue),
        ("SELECT id FROM nms:recipient LIMIT 5", InvalidValue),
        (pd.DataFrame({"name": ["x"]}), InvalidOption),
        (pd.DataFrame({"id": []}), InvalidValue),
        (pd.DataFrame(), InvalidValue),
        ([], InvalidValue),
        (12, InvalidValue),
        ("<recipient/>", InvalidValue),
    ],
)
def test_a_target_that_is_none_is_refused_before_anything_is_made(
    office: Office, targets: Any, error: type[Exception]
) -> None:
    def work() -> None:
        with pytest.raises(error):
            office.deliveries.submit("mail", targets=targets)

    assert not [call for call in office.calls(work) if "Submit" in call]


def test_logs_given_as_a_target_stand_for_their_people(office: Office) -> None:
    """The log's own number is not taken for a recipient's."""
    logs = office.deliveries.logs("DM1", status="sent", limit=3)
    again = office.deliveries.prepare(new(office, targets=logs))
    assert again.target == 3
