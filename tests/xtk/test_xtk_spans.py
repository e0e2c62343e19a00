"""Where the parser points: what is wrong, where, what to write; each node's text."""

import pytest

from campaign_magics.xtk.ast import Binary, Node, Param
from campaign_magics.xtk.errors import ExpressionError
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.walk import walk

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("text", "kind", "span", "message", "hint"),
    [
        ("", "operand", (0, 0), "is empty", ""),
        ("  ", "operand", (2, 2), "is empty", ""),
        ("@a =", "operand", (4, 4), "missing after =", ""),
        ("= 1", "operand", (0, 1), "missing at the beginning", ""),
        ("@a AND OR @b", "operand", (7, 9), "missing after AND", ""),
        ("(@a + )", "operand", (6, 7), "missing after +", ""),
        ("@a IN ()", "operand", (7, 8), "missing after (", ""),
        ("@a IN (1,)", "operand", (9, 10), "missing after ,", ""),
        ("Left(@a,)", "operand", (8, 9), "missing after ,", ""),
        ("@a = null", "operand", (5, 9), "'null' is none", "IS NULL"),
        ("count(*)", "operand", (6, 7), "count(*) is SQL", "CountAll()"),
        ("Sum( * )", "operand", (5, 6), "Sum(*) is SQL", "CountAll()"),
        ("Uper(@a)", "function", (0, 4), "no function Uper", "did you mean Upper?"),
        ("1 + zzzzzz(@a)", "function", (4, 10), "no function zzzzzz", ""),
        ("Left(@a)", "arity", (0, 8), "Left takes 2 arguments, not 1", "Left(text, n)"),
        ("GetDate(1)", "arity", (0, 10), "GetDate takes no arguments", "GetDate()"),
        ("ToString()", "arity", (0, 10), "takes 1 or 2 arguments", "ToString(value["),
        ("Upper(1, 2)", "arity", (0, 11), "takes 1 argument, not 2", "Upper(text)"),
        ("Case()", "arity", (0, 6), "takes at least 1 argument", "Case(When("),
        ("Case(@a)", "arity", (5, 7), "A plain value stands in Case", "Case(When("),
        (
            "Case(Else(1), When(@a, 2))",
            "arity",
            (5, 12),
            "follows the last When",
            "Case(When(",
        ),
        ("Case(Else(1))", "arity", (5, 12), "follows the last When", "Case(When("),
        ("Else(1)", "arity", (0, 7), "Else belongs in Case", "Case(When("),
        ("Upper(Desc(@a))", "arity", (6, 14), "Desc belongs in OrderBy", "OrderBy("),
        ("Case(1 + When(@a, 2))", "arity", (9, 20), "When belongs in Case", ""),
        ("[]", "path", (0, 2), "A path is missing", "[folder/@label]"),
        ("[a b]", "path", (0, 5), "'a b' is not a path", "join names by /"),
        ("[@a/@b]", "path", (0, 7), "is not a path", "end the path"),
        ("[a//b]", "path", (0, 6), "is not a path", ""),
        ("[x'y]", "path", (0, 5), "is not a path", ""),
        ("[nms:recipient:]", "path", (0, 16), "A path is missing", ""),
        ("$(a b)", "path", (2, 5), "'a b' is not a path", ""),
        ("$()", "path", (2, 2), "A path is missing", ""),
        ("group[1]/@label", "syntax", (5, 6), "'[' is not expected", ""),
        ("[group[1]/@label]", "syntax", (0, 1), "no closing ]", ""),
        ("$lng(x)", "syntax", (0, 4), "$lng(…) is not a parameter", "did you mean"),
        ("'abc", "syntax", (0, 1), "no closing quote", ""),
        ("@a = 'O'Hara'", "syntax", (8, 12), "'Hara' is not expected", ""),
        ("'a''b'", "syntax", (3, 4), "is not expected", r"write \'"),
        ("[abc", "syntax", (0, 1), "no closing ]", ""),
        ("$(abc", "syntax", (0, 1), "no closing )", ""),
        ("#2020", "syntax", (0, 1), "no closing #", ""),
        ("#2020-13-01#", "syntax", (0, 12), "is not a date", "2020-12-31"),
        ("#2020/02-01#", "syntax", (0, 12), "is not a date", ""),
        ("#0001-01-01T00:00:00+02:00#", "syntax", (0, 27), "is not a date", ""),
        ("(1", "syntax", (2, 2), "ends too early", "add )"),
        ("1)", "syntax", (1, 2), "not expected", "never opened"),
        ("1, 2", "syntax", (1, 2), "not expected", "brackets"),
        ("@a @b", "syntax", (3, 5), "'@b' is not expected", ""),
        ("@a=1=2", "syntax", (4, 5), "do not chain", "AND"),
        ("@a < @b IN (1)", "syntax", (8, 10), "do not chain", "AND"),
        ("@a = NOT @b", "syntax", (5, 8), "NOT cannot follow =", "(NOT …)"),
        ("@a IN @b", "syntax", (6, 8), "not expected", "IN (1, 2)"),
        ("@a IS 1", "syntax", (6, 7), "not expected", "IS NULL"),
        ("@a && @b", "syntax", (3, 4), "not expected", "AND"),
        ("@a || @b", "syntax", (3, 4), "not expected", "OR"),
        ("@a &lt; 1", "syntax", (3, 4), "not expected", "XML"),
        ("@a; DROP", "syntax", (2, 3), "not expected", "not SQL"),
        ("@a -- x", "syntax", (3, 5), "not expected", "not SQL"),
        ("@a /* x */", "syntax", (3, 4), "not expected", "not SQL"),
        ("SELECT a FROM b", "syntax", (7, 8), "not expected", "not SQL"),
        ("(select 1)", "syntax", (8, 9), "not expected", "not SQL"),
        ("[SQLDATA[SELECT 1]]", "syntax", (0, 1), "no closing ]", "not SQL"),
        ("99999999999999999999", "syntax", (0, 20), "out of range", ""),
        ("1e999", "syntax", (0, 5), "out of range", ""),
        ("1e-999", "syntax", (0, 6), "out of range", ""),
    ],
)
def test_an_error_says_what_where_and_what_to_write(text, kind, span, message, hint):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (error.kind, error.source, error.span) == (kind, text, span)
    assert message in error.message
    assert hint in error.hint


def test_the_caret_stands_under_the_mistake():
    with pytest.raises(ExpressionError) as caught:
        parse("@email = Uper(@x)")
    assert caught.value.render() == [
        "ExpressionError [ACM-101] There is no function Uper.",
        "    @email = Uper(@x)",
        "             ^^^^",
        "  hint: did you mean Upper?",
    ]


def spans(node: Node, text: str) -> list[str]:
    return [text[item.span[0] : item.span[1]] for item in walk(node)]


def test_spans_cover_exactly_the_text_of_each_node():
    text = "  (@a + 1) * -2 >= Left([x/@b], 3) and @c is  null "
    assert spans(parse(text), text) == [
        "(@a + 1) * -2 >= Left([x/@b], 3) and @c is  null",
        "(@a + 1) * -2 >= Left([x/@b], 3)",
        "(@a + 1) * -2",
        "@a + 1",
        "@a",
        "1",
        "-2",
        "Left([x/@b], 3)",
        "[x/@b]",
        "3",
        "@c is  null",
        "@c",
    ]


def test_the_path_in_a_parameter_has_its_own_span():
    text = "1 = $long( ../@owner-id )"
    node = parse(text)
    assert isinstance(node, Binary)
    assert isinstance(node.right, Param)
    start, end = node.right.path.span
    assert text[start:end] == "../@owner-id"
