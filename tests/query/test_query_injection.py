"""Whatever a parameter holds comes back as data: SQL, XTK, XML and format tricks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.query.model import Condition, QueryDef
from campaign_magics.query.params import bind
from campaign_magics.sandbox.stores.world import World
from campaign_magics.xtk.ast import Binary, Call, Literal, Node
from campaign_magics.xtk.parser import parse

pytestmark = pytest.mark.pure
Ask = Callable[..., list[tuple[Any, ...]]]

CORPUS = (
    (Path(__file__).parents[1] / "golden" / "injection.txt")
    .read_text("utf-8")
    .removesuffix("\n")
    .split("\n")
)
MORE = ["a\nb", "a\r\nb", "a\tb", "\n' OR 1=1 --", "x" * 5_000 + "'", "'" * 500]
ALL = [*CORPUS, *MORE]
CHUNK = 25


def test_there_are_enough() -> None:
    assert len({*CORPUS}) == len(CORPUS) >= 200


@pytest.mark.parametrize("start", range(0, len(ALL), CHUNK))
def test_every_string_comes_back_from_the_sandbox(ask: Ask, start: int) -> None:
    """Parameter → constant → XML → database → XML → frame: the same characters.

    SQL's text names the parameters only; none of their values is in it.
    """
    texts = ALL[start : start + CHUNK]
    params = {f"v{at}": text for at, text in enumerate(texts)}
    columns = ", ".join(f":v{at} AS c{at}" for at in range(len(texts)))
    (row,) = ask(f"SELECT {columns} FROM nms:recipient WHERE id = 1001", params)
    assert list(row) == texts


@pytest.fixture(scope="module")
def last_names(world: World) -> list[str]:
    """The last names of all recipients, past the sandbox's queries."""
    sql = "SELECT sLastName FROM NmsRecipient WHERE iRecipientId <> 0"
    batches = world.databases.run("cloud", sql)
    return [name or "" for batch in batches for name in batch.column(0).to_pylist()]


@pytest.mark.parametrize("start", range(0, len(ALL), CHUNK))
def test_no_string_finds_more_than_itself(
    ask: Ask, last_names: list[str], start: int
) -> None:
    """O'Hara is found as often as there are O'Haras, and everything else never."""
    texts = ALL[start : start + CHUNK]
    params = {f"v{at}": text for at, text in enumerate(texts)}
    counts = ", ".join(
        f"SUM(CASE WHEN lastName = :v{at} THEN 1 ELSE 0 END) AS c{at}"
        for at in range(len(texts))
    )
    (row,) = ask(f"SELECT {counts} FROM nms:recipient", params)
    assert list(row) == [last_names.count(text) for text in texts]


def test_strings_in_lists_are_data_too(ask: Ask, last_names: list[str]) -> None:
    listed = "SELECT id FROM nms:recipient WHERE lastName IN (:v)"
    known = sum(last_names.count(text) for text in set(ALL))
    assert len(ask(listed, {"v": ALL})) == known
    others = ask(listed.replace("IN", "NOT IN"), {"v": ALL})
    assert len(others) == len(last_names) - known


def constant(node: Node) -> str:
    """Evaluate texts joined by ``+``, and the one character that is spelt out."""
    match node:
        case Literal(value=str() as text):
            return text
        case Call(name="Char", args=(Literal(value="36"),)):
            return "$"
        case Binary(op="+", left=left, right=right):
            return constant(left) + constant(right)
    raise AssertionError(node)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([*"'\"\\$()[]@#:;-/*%_{}<>&=, ", "OR", "$(", "\\'", "''", "x"]),
        max_size=12,
    ).map("".join)
)
def test_any_mixture_of_signs_is_one_constant(text: str) -> None:
    """The expression parses to a comparison of @x with exactly the text."""
    query = QueryDef(schema="a:b", where=(Condition(expr="@x = :v"),))
    tree = parse(bind(query, {"v": text}).where[0].expr or "")
    assert isinstance(tree, Binary)
    assert tree.op == "="
    assert constant(tree.right) == text
