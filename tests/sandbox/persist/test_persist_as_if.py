"""A collection is written as if its documents came one by one, each in its own call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox.persist.conftest import Bench, open_bench

from campaign_magics.sandbox.persist.causes import NotSaved

pytestmark = pytest.mark.pure

NAMES = st.sampled_from(["a", "b", "c", "d'é"])
TEXTS = st.sampled_from(["", "x", "y&<>"])


def attributes(**values: str | None) -> str:
    return "".join(f" {k}={quoteattr(v)}" for k, v in values.items() if v is not None)


@st.composite
def relations(draw: st.DrawFn) -> str:
    """Groups of a recipient: joined, left, or renamed on the way."""
    operation = draw(st.sampled_from([None, None, "delete", "update"]))
    group = attributes(name=f"G{draw(NAMES)}", label=draw(st.none() | TEXTS))
    given = attributes(_operation=operation, _key="[rcpGroup/@name]")
    return f"<rcpGrpRel{given}><rcpGroup{group}/></rcpGrpRel>"


@st.composite
def recipients(draw: st.DrawFn) -> str:
    """A recipient by one of three keys, with what may hang on it."""
    folder = f"<folder{attributes(name='F' + draw(NAMES), label='f')}/>"
    key = draw(st.sampled_from(["@email", "@account", "[folder/@name], @email"]))
    operation = draw(
        st.sampled_from([None, None, None, "update", "delete", "insertOrUpdate"])
    )
    given = attributes(
        _key=key,
        _operation=operation,
        email=f"{draw(NAMES)}@as.if",
        account=draw(NAMES),
        lastName=draw(st.none() | TEXTS),
    )
    linked = folder if "folder" in key or draw(st.booleans()) else ""
    inner = "".join(draw(st.lists(relations(), max_size=2)))
    comment = draw(st.sampled_from(["", "<comment>c</comment>", "<comment/>"]))
    content = f"{linked}{comment}{inner}"
    return f'<recipient xtkschema="nms:recipient"{given}>{content}</recipient>'


@st.composite
def folders(draw: st.DrawFn) -> str:
    """A folder is renamed, or deleted with all its recipients."""
    operation = draw(st.sampled_from([None, "delete", "update"]))
    given = attributes(
        _operation=operation, name=f"F{draw(NAMES)}", label=draw(st.none() | TEXTS)
    )
    parent = f"<parent{attributes(name='F' + draw(NAMES))}/>"
    inner = parent if draw(st.booleans()) else ""
    return f'<folder xtkschema="xtk:folder"{given}>{inner}</folder>'


DOCUMENTS = st.lists(st.one_of(recipients(), recipients(), folders()), max_size=8)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Bench, Bench]]:
    """Two worlds that are alike."""
    with open_bench(rows=3) as one, open_bench(rows=3) as other:
        yield one, other


def rewind(bench: Bench, first: int = 5_000) -> None:
    """Forget what an earlier example wrote."""
    databases, sequences = bench.world.databases, bench.world.sequences
    databases.execute("cloud", "DELETE FROM NmsRecipient WHERE iRecipientId >= 5000")
    databases.execute("cloud", "DELETE FROM NmsRcpGrpRel WHERE iRecipientId >= 5000")
    databases.execute("local", "DELETE FROM NmsGroup WHERE iGroupId >= 5000")
    databases.execute("local", "DELETE FROM XtkFolder WHERE iFolderId >= 5000")
    databases.execute("local", "UPDATE XtkCounter SET iValue = 1")
    sequences.clear()
    sequences.start_at("XtkNewId", first)


def everything(bench: Bench) -> list[Any]:
    """All rows that the documents may have touched."""
    tables = (
        ("cloud", "NmsRecipient"),
        ("cloud", "NmsRcpGrpRel"),
        ("local", "NmsGroup"),
        ("local", "XtkFolder"),
    )
    found = []
    for database, table in tables:
        batches = bench.world.databases.run(database, f"SELECT * FROM {table}")  # type: ignore[arg-type]  # literals
        found.append(sorted(str(row) for b in batches for row in b.to_pylist()))
    return found


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(documents=DOCUMENTS)
def test_one_call_is_as_many(pair: tuple[Bench, Bench], documents: list[str]):
    """Same rows, ids included, whatever is found, made, moved and deleted between."""
    together, apart = pair
    rewind(together)
    rewind(apart)
    try:
        together.write(*documents)
    except NotSaved:  # a folder within itself: nothing is written of all
        return
    for document in documents:
        apart.write(document)
    assert everything(together) == everything(apart)
