"""What is written to the real sandbox reads back equal, and a query's frame goes back.

The documents travel as a commit sends them, without its batches and journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from lxml import etree

import campaign_magics as cm
from campaign_magics.write.rows import Rows, read_rows

Save = Callable[..., Rows]


@pytest.fixture(scope="module")
def server() -> Iterator[cm.Sandbox]:
    with cm.Sandbox(tps=500, rows=200, seed=7) as server:
        yield server


@pytest.fixture(scope="module")
def session(server: cm.Sandbox) -> Any:
    return cm.connect(server)


@pytest.fixture(scope="module")
def save(session: Any, server: cm.Sandbox) -> Save:
    """Send rows in one call; there must be no problem among them.

    Groups and folders are local: the cloud's queries see them once replicated.
    """

    def save(data: object, schema: str = "nms:recipient", **wishes: Any) -> Rows:
        schemas = session.schemas
        rows = read_rows(data, schemas[schema], schemas.__getitem__, **wishes)
        assert rows.problems.empty, rows.problems
        name = schema.partition(":")[2]
        text = "".join(rows.documents(0, len(rows)))
        whole = f'<{name}-collection xtkschema="{schema}">{text}</{name}-collection>'
        session.call("xtk:session", "WriteCollection", etree.fromstring(whole))
        server.replicate()
        return rows

    return save


def test_every_type_reads_back_as_it_was_written(session: Any, save: Save) -> None:
    """Text with markup and line breaks, dates, moments to the millisecond."""
    text = 'O\'Hara & "Sons" <b>\n\tzweite Zeile\r\nこんにちは 🎉 ]]>'
    frame = pd.DataFrame(
        {
            "email": ["types@x.test"],
            "text1": [text],
            "comment": [f"  {text}  "],
            "gender": pd.Categorical(["female"]),
            "birthDate": [date(1999, 2, 28)],
            "blackList": [True],
            "created": [pd.Timestamp("2021-07-01 02:03:04.567", tz="Europe/Paris")],
            "location.city": ["Köln"],
        }
    )
    save(frame, key="@email")
    read = session.query(
        "SELECT text1, comment, gender, birthDate, blackList, created, location.city "
        "FROM nms:recipient WHERE email = 'types@x.test'"
    ).iloc[0]
    assert read["text1"] == text
    assert read["comment"] == f"  {text}  "
    assert read["gender"] == "female"
    assert read["birthDate"] == date(1999, 2, 28)
    assert read["blackList"]
    assert read["created"] == datetime(2021, 7, 1, 0, 3, 4, 567_000, tzinfo=UTC)
    assert read["location.city"] == "Köln"


@pytest.mark.parametrize("labels", [False, True])
def test_the_frame_of_a_query_goes_back_unchanged(
    session: Any, save: Save, labels: bool
) -> None:
    """Every stored field of a recipient, its links by id, and gaps as they are."""
    fields = [
        field.path
        for field in session.schemas["nms:recipient"].fields
        if field.expr is None and field.path not in ("@lastModified", "@modifiedBy-id")
    ]
    nodes = "".join(f'<node expr="{path}"/>' for path in fields)
    query = (
        '<queryDef schema="nms:recipient" operation="select" lineCount="300"><select>'
        f'{nodes}<node expr="[folder/@id]"/><node expr="[folder/@name]"/></select>'
        '<orderBy><node expr="@id"/></orderBy></queryDef>'
    )
    before = session.query(query, labels=labels)
    save(before)
    after = session.query(query, labels=labels)
    pd.testing.assert_frame_equal(before, after)


def test_a_link_is_set_by_name_and_emptied(session: Any, save: Save) -> None:
    """NA leaves the folder alone, "" or 0 takes it away."""
    emails = ["f1@x.test", "f2@x.test", "f3@x.test"]
    folder = session.query("SELECT name FROM xtk:folder WHERE id > 0 LIMIT 1").name[0]
    save(pd.DataFrame({"email": emails, "folder.name": [folder] * 3}), key="@email")
    where = "FROM nms:recipient WHERE email LIKE 'f_@x.test' ORDER BY email"
    assert list(session.query(f"SELECT folder.name {where}")["folder.name"]) == (
        [folder] * 3
    )
    save(pd.DataFrame({"email": emails[:2], "folder.name": ["", None]}), key="@email")
    save(pd.DataFrame({"email": emails[2:], "folder.id": [0]}), key="@email")
    read = session.query(f"SELECT [@folder-id] {where}").iloc[:, 0]
    assert [bool(one) for one in read] == [False, True, False]


def test_a_linked_record_can_be_written_too(session: Any, save: Save) -> None:
    """``links`` says so; the folder gets its new label and keeps its name."""
    folder = session.query(
        "SELECT name, label FROM xtk:folder WHERE id > 0 LIMIT 1"
    ).iloc[0]
    frame = pd.DataFrame(
        {
            "email": ["linked@x.test"],
            "folder.name": [folder["name"]],
            "folder.label": ["Renamed"],
        }
    )
    save(frame, key="@email", links={"folder": "update"})
    found = session.query(
        "SELECT folder.name, folder.label FROM nms:recipient "
        "WHERE email = 'linked@x.test'"
    ).iloc[0]
    assert list(found) == [folder["name"], "Renamed"]


def test_a_list_of_names_makes_relations(session: Any, save: Save) -> None:
    """N-N: one relation an item, none for an empty list; twice is the same as once."""
    groups = pd.DataFrame({"name": ["grpA", "grpB"], "label": ["A", "B"]})
    save(groups, "nms:group", key="@name")
    frame = pd.DataFrame(
        {
            "email": ["n1@x.test", "n2@x.test"],
            "rcpGrpRel.rcpGroup.name": [["grpA", "grpB"], []],
        }
    )
    for _ in range(2):
        rows = save(frame, key="@email")
    assert rows.documents(0, 2)[0].count("<rcpGrpRel ") == 2
    read = session.query(
        "SELECT recipient.email, rcpGroup.name FROM nms:rcpGrpRel "
        "WHERE recipient.email LIKE 'n_@x.test' ORDER BY rcpGroup.name"
    )
    assert read.to_numpy().tolist() == [["n1@x.test", "grpA"], ["n1@x.test", "grpB"]]
    gone = {"rcpGrpRel": "delete"}
    save(
        frame.assign(**{"rcpGrpRel.rcpGroup.name": ["grpA", "grpB"]}),
        key="@email",
        links=gone,
    )
    left = session.query(
        "SELECT rcpGroup.name FROM nms:rcpGrpRel WHERE recipient.email LIKE 'n_@x.test'"
    )
    assert list(left["rcpGroup.name"]) == ["grpB"]


def test_a_collection_that_a_query_returned_goes_back(session: Any, save: Save) -> None:
    """A column of lists of structs: a node with nodes inside gives one."""
    query = (
        '<queryDef schema="nms:recipient" operation="select" lineCount="300"><select>'
        '<node expr="@id"/><node expr="rcpGrpRel"><node expr="[rcpGroup/@id]"/></node>'
        '</select><orderBy><node expr="@id"/></orderBy></queryDef>'
    )
    before = session.query(query)
    save(before)
    pd.testing.assert_frame_equal(session.query(query), before)


def test_a_key_may_cross_a_link(session: Any, save: Save) -> None:
    """Relations have no number: the group and the recipient name them."""
    save(pd.DataFrame({"name": ["grpK"], "label": ["K"]}), "nms:group", key="@name")
    save(pd.DataFrame({"email": ["key@x.test"]}), key="@email")
    frame = pd.DataFrame({"rcpGroup.name": ["grpK"], "recipient.email": ["key@x.test"]})
    rows = save(frame, "nms:rcpGrpRel")
    assert rows.key == ("rcpGroup/@name", "recipient/@email")
    assert rows.keys(0, 1) == [("grpK", "key@x.test")]
    query = (
        "SELECT rcpGroup.name FROM nms:rcpGrpRel WHERE recipient.email = 'key@x.test'"
    )
    assert list(session.query(query)["rcpGroup.name"]) == ["grpK"]
    save(frame, "nms:rcpGrpRel", operation="delete")
    assert session.query(query).empty


def test_rows_may_say_what_becomes_of_them(session: Any, save: Save) -> None:
    """``_operation`` of a row; a deleted one needs no more than its key."""
    frame = pd.DataFrame(
        {
            "email": ["o1@x.test", "o2@x.test", "o3@x.test"],
            "lastName": ["one", "two", "three"],
            "_operation": ["insert", "update", None],
        }
    )
    save(frame, key="@email")
    query = "SELECT email, lastName FROM nms:recipient WHERE email LIKE 'o_@x.test'"
    found = session.query(f"{query} ORDER BY email").to_numpy().tolist()
    assert found == [["o1@x.test", "one"], ["o3@x.test", "three"]]
    frame = frame.assign(_operation="delete", gender="nonsense")
    save(frame, key="@email")
    assert session.query(query).empty


FIFTY = (
    "SELECT id, email, gender, birthDate, created, blackList, location.city "
    "FROM nms:recipient WHERE id > 0 ORDER BY id LIMIT 50"
)


@pytest.mark.parametrize("shape", ["polars", "arrow", "dicts"])
def test_a_frame_of_any_kind_says_the_same(
    session: Any, save: Save, shape: str
) -> None:
    """pandas, polars, pyarrow and a list of dicts make the same documents."""
    result = session.read(FIFTY)
    frame = result.pandas()
    data = frame.to_dict("records") if shape == "dicts" else result.shaped(shape)
    assert save(data).documents(0, 50) == save(frame).documents(0, 50)


def test_a_document_reaches_the_server_as_it_was_given(
    session: Any, save: Save
) -> None:
    """Linked records and relations included; pasted namespaces do no harm."""
    save(pd.DataFrame({"name": ["grpD"], "label": ["D"]}), "nms:group", key="@name")
    text = """<recipient-collection xmlns="urn:xtk:queryDef">
      <recipient email="d1@x.test" gender="male" birthDate="1956/05/04">
        <location city="L'Aquila"/><comment>one
two</comment>
        <rcpGrpRel _key="[rcpGroup/@name]"><rcpGroup name="grpD" _operation="none"/>
        </rcpGrpRel>
      </recipient></recipient-collection>"""
    save(text, key="@email")
    found = session.query(
        "SELECT gender, birthDate, location.city, comment FROM nms:recipient "
        "WHERE email = 'd1@x.test'"
    ).iloc[0]
    assert list(found) == ["male", date(1956, 5, 4), "L'Aquila", "one\ntwo"]
    members = session.count(
        "SELECT rcpGroup.name FROM nms:rcpGrpRel WHERE recipient.email = 'd1@x.test'"
    )
    assert members == 1
