"""Tree → text → tree gives the same tree, and every span marks its own text."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.xtk.ast import (
    Binary,
    Call,
    In,
    IsNull,
    Literal,
    Param,
    Path,
    Placeholder,
    Unary,
)
from campaign_magics.xtk.errors import ExpressionError
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.printer import to_source
from campaign_magics.xtk.tokens import PARAM_KINDS, POWERS
from campaign_magics.xtk.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LONG,
    STRING,
    TIMESPAN,
    TYPES,
)
from campaign_magics.xtk.walk import walk

pytestmark = pytest.mark.pure

names = st.from_regex(
    r"[a-zA-Zé_][a-zA-Z0-9é_.-]{0,6}", fullmatch=True
) | st.sampled_from(
    ["and", "NOT", "in", "null", "RowId", "true", "cus:x", "folder-id", "select"]
)
steps = st.lists(st.just("..") | names, max_size=3)
whole_paths = st.builds(
    lambda head, leaf: (*head, *leaf),
    steps,
    st.just(()) | names.map(lambda name: (f"@{name}",)),
).filter(bool)
aliases = st.from_regex(r"([a-z]{1,3})?", fullmatch=True)
paths = st.builds(
    Path,
    whole_paths,
    absolute=st.booleans(),
    join=st.none() | st.tuples(st.just("nms:recipient"), aliases),
).filter(lambda path: path.join or not path.text.startswith("/.."))
texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\"\\n%_$[]"),
    max_size=8,
)
moments = st.datetimes(min_value=datetime(1, 1, 2))  # noqa: DTZ001
literals = (
    texts.map(lambda value: Literal(value, STRING))
    | st.integers(-(2**31), 2**31 - 1).map(lambda value: Literal(value, LONG))
    | st.integers(2**31, 2**63 - 1).map(lambda value: Literal(value, INT64))
    | st.decimals(allow_nan=False, allow_infinity=False, places=6).map(
        lambda value: Literal(value, DOUBLE)
    )
    | st.booleans().map(lambda value: Literal(value, BOOLEAN))
    | st.dates().map(lambda value: Literal(value, DATE))
    | moments.map(lambda value: Literal(value.replace(tzinfo=UTC), DATETIME))
    | moments.map(lambda value: Literal(value, TYPES["datetimenotz"]))
    | st.timedeltas(timedelta(days=-9999), timedelta(days=9999)).map(
        lambda value: Literal(value, TIMESPAN)
    )
    | st.just(Literal(None, DATE))
)
params = st.builds(
    Param,
    st.sampled_from(sorted(PARAM_KINDS)),
    paths.filter(lambda path: not path.join),
)
leaves = (
    paths
    | literals
    | params
    | names.map(str).map(
        lambda name: Placeholder(
            name.replace("-", "").replace(".", "").replace(":", "")
        )
    )
)


def branches(nodes):
    operators = sorted(set(POWERS) - {"IN", "NOT IN", "IS"})
    few = st.lists(nodes, min_size=1, max_size=3).map(tuple)
    return (
        st.builds(Binary, st.sampled_from(operators), nodes, nodes)
        | st.builds(Unary, st.sampled_from(["NOT", "-"]), nodes)
        | st.builds(In, nodes, few, st.booleans())
        | st.builds(IsNull, nodes, st.booleans())
        | st.builds(lambda arg: Call("Upper", (arg,)), nodes)
        | st.builds(lambda *args: Call("iif", args), nodes, nodes, nodes)
        | st.builds(
            lambda test, value, other: Call(
                "Case", (Call("When", (test, value)), Call("Else", (other,)))
            ),
            nodes,
            nodes,
            nodes,
        )
    )


trees = st.recursive(leaves, branches, max_leaves=12)


@given(trees)
@settings(max_examples=400, deadline=None)
def test_a_tree_survives_its_own_text(tree):
    """Whatever a program builds, its text means exactly that."""
    assert parse(to_source(tree), placeholders=True) == tree


@given(trees)
@settings(max_examples=150, deadline=None)
def test_the_text_of_a_span_is_the_node(tree):
    """Cut out where a node's span points, and the node is read again."""
    text = to_source(tree)
    for node in walk(parse(text, placeholders=True)):
        if isinstance(node, Call) and node.name in ("When", "Else"):
            continue  # stand in Case only
        start, end = node.span
        assert text[start:end] == text[start:end].strip()
        assert parse(text[start:end], placeholders=True) == node


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_space_between_words_does_not_matter(tree, random):
    text = to_source(tree)
    padded = text.replace(", ", ",").replace("(", "(\n ").replace(" AND ", "\tand  ")
    if any(sign in text for sign in "'$"):
        return
    assert parse(f"\n{padded} ", placeholders=True) == tree


WORDS = "@a b .. / - ( ) [ ] ' \" # $( , = <> IN NOT LIKE IS NULL AND Year( 1 1.5 : \\"
words = st.sampled_from(WORDS.split())


@given(st.lists(words, max_size=12).map("".join) | st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_tree_or_an_error_that_points_into_it(text):
    error, tree = None, None
    try:
        tree = parse(text)
    except ExpressionError as caught:
        error = caught
    if tree is not None:
        assert parse(to_source(tree)) == tree
        return
    assert error is not None
    assert error.source == text
    assert error.span is not None
    assert 0 <= error.span[0] <= error.span[1] <= len(text)
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Path(("@a",)), "@a"),
        (Path(("folder",)), "folder"),
        (Path(("@folder-id",)), "[@folder-id]"),
        (Path(("folder", "@name")), "[folder/@name]"),
        (Path(("..", "@id")), "[../@id]"),
        (Path(("tmp", "@x"), True), "[/tmp/@x]"),
        (Path(("and",)), "[and]"),
        (Path(("@id",), join=("nms:recipient", "")), "[nms:recipient:@id]"),
        (Path(("@id",), join=("nms:recipient", "r")), "[nms:recipient:r:@id]"),
        (Param("long", Path(("..", "@owner-id"))), "$long(../@owner-id)"),
        (Literal("O'Hara \\ \n", STRING), "'O\\'Hara \\\\ \n'"),
        (Literal(date(2020, 12, 31), DATE), "#2020-12-31#"),
        (Literal(None, DATE), "##"),
        (Literal(Decimal(5), DOUBLE), "5.0"),
        (Literal(1e-7, DOUBLE), "0.0000001"),
        (Unary("-", Literal(5, LONG)), "-(5)"),
        (Unary("NOT", IsNull(Path(("@a",)))), "NOT @a IS NULL"),
        (Call("GetDate", ()), "GetDate()"),
    ],
)
def test_the_written_form(node, text):
    assert to_source(node) == text


def test_only_nodes_have_a_text():
    with pytest.raises(TypeError, match="no part of an expression"):
        to_source("@a")  # type: ignore[arg-type]
