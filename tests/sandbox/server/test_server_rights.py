"""Several operators: whoever holds no right may read, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox.server.caller import Caller
from sandbox.server.served import Served

import campaign_magics as cm
from campaign_magics.errors import AccessDenied
from campaign_magics.sandbox.operators import enlist
from campaign_magics.sandbox.router import COVERAGE
from campaign_magics.secret import Secret

READING = {
    ("xtk:session", "Logon"),
    ("xtk:session", "BearerTokenLogon"),
    ("xtk:session", "Logoff"),
    ("xtk:session", "TestCnx"),
    ("xtk:session", "GetServerTime"),
    ("xtk:session", "GetUserInfo"),
    ("xtk:session", "GetOption"),
    ("xtk:session", "GetNewIdsEx"),
    ("xtk:session", "GetModifiedEntities"),
    ("xtk:persist", "GetEntityIfMoreRecent"),
    ("xtk:persist", "NewInstance"),
    ("xtk:persist", "Duplicate"),
    ("xtk:queryDef", "ExecuteQuery"),
    ("xtk:queryDef", "SelectAll"),
    ("xtk:queryDef", "BuildQuery"),
    ("xtk:jobInterface", "GetStatus"),
    ("xtk:jobInterface", "GetResult"),
    ("xtk:jobInterface", "HasWarning"),
    ("xtk:fileRes", "GetURL"),
}
"""What stores nothing, so that a reader may call it."""


@pytest.fixture
def analyst(served: Served) -> Iterator[Caller]:
    """The seeded operator who may only read."""
    operator = enlist(served.instance.world, "analyst")
    served.instance.authority.add_operator(operator, Secret("analyst"))
    client = served.caller()
    assert client.log_on("analyst", "analyst").status == 200
    yield client
    client.close()


def test_the_seeded_analyst_has_id_and_label_of_its_row(analyst: Caller):
    """xtk:operator 1061, who holds no right."""
    info = analyst.call("xtk:session", "GetUserInfo").payload()
    assert (info.get("loginId"), info.get("loginCS")) == (
        "1061",
        "Analyst (read only) (analyst)",
    )
    assert info.findall("login-right") == []


def test_an_operator_without_a_row_gets_one(served: Served):
    """So that records can name who changed them; the second time it is found."""
    first = enlist(served.instance.world, "newcomer", label="New Comer", rights=["x"])
    again = enlist(served.instance.world, "newcomer")
    assert first.id == again.id > 1061
    assert (again.label, first.rights) == ("New Comer", {"x"})


@pytest.mark.parametrize("key", sorted(COVERAGE.keys() - READING), ids="#".join)
def test_a_reader_changes_nothing(
    served: Served, analyst: Caller, key: tuple[str, str]
):
    """Every method that stores something is refused before it looks at its input."""
    owner, name = key
    answer = analyst.call(owner, name)
    assert answer.fault is not None
    assert "XTK-170019" in answer.fault[2]


@pytest.mark.parametrize("key", sorted(READING & COVERAGE.keys()), ids="#".join)
def test_a_reader_reads(analyst: Caller, key: tuple[str, str]):
    """No reading method says that a right is missing."""
    answer = analyst.call(*key)
    assert "XTK-170019" not in answer.text


def test_the_analyst_of_a_sandbox_queries_and_may_not_write():
    """``Sandbox(operators={"analyst": ()})``, as a trainer starts it."""
    with cm.Sandbox(tps=0, rows=5, operators={"analyst": (), "editor": ("x",)}) as box:
        document = (
            '<recipient xtkschema="nms:recipient" _key="@email" email="a@mail.test"/>'
        )
        with cm.connect(box, user="analyst") as session:
            assert session.count('<queryDef schema="nms:recipient"/>') == 5
            with pytest.raises(AccessDenied, match="XTK-170019"):
                session.call("xtk:session", "Write", document)
        with cm.connect(box, user="editor") as session:
            session.call("xtk:session", "Write", document)
            assert session.count('<queryDef schema="nms:recipient"/>') == 6
