"""Hostile expressions: bounded time, no recursion error, no SQL, no way out."""

import sys
import time
from itertools import product

import pytest

from campaign_magics.xtk.ast import Binary, Literal, Path
from campaign_magics.xtk.errors import ExpressionError
from campaign_magics.xtk.infer import infer
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.printer import to_source
from campaign_magics.xtk.types import STRING
from campaign_magics.xtk.walk import depth, walk

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 10_000 + "1" + ")" * 10_000, id="brackets"),
        pytest.param("Upper(" * 10_000 + "@a" + ")" * 10_000, id="calls"),
        pytest.param("NOT " * 10_000 + "@a", id="nots"),
        pytest.param("- " * 10_000 + "@a", id="signs"),
        pytest.param("1 OR 2 AND 3 = 4 + 5 * (" * 1_000, id="every power"),
        pytest.param("@a IN (" * 10_000, id="lists"),
        pytest.param(" OR ".join(["@a = 1"] * 10_000), id="a long chain"),
        pytest.param("1" + " + 1" * 100_000, id="a longer chain"),
        pytest.param("@a=" * 3_500_000, id="10 MB"),
        pytest.param("'" + "x" * 10_000_000 + "'", id="10 MB of text"),
        pytest.param("(" * 999_999, id="1 MB of brackets"),
        pytest.param("[" * 999_999, id="1 MB of square brackets"),
        pytest.param("$(" * 499_999, id="1 MB of parameters"),
        pytest.param("a-" * 499_999, id="1 MB of hyphens"),
        pytest.param("a/" * 499_999, id="1 MB of slashes"),
        pytest.param("'\\" * 499_999, id="1 MB of backslashes"),
        pytest.param("9" * 999_999, id="1 MB of digits"),
        pytest.param("NOT" + " " * 900_000, id="1 MB of space"),
        pytest.param("@a-b(" * 199_999, id="1 MB of almost calls"),
        pytest.param("\x00" * 1000, id="nulls"),
    ],
)
def test_it_fails_cleanly_and_soon(text):
    begun = time.perf_counter()
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert time.perf_counter() - begun < 5  # about 0.4 s for the slowest
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("text", "message", "span"),
    [
        ("(" * 200 + "1", "nested more than 120 deep", (121, 122)),
        ("1" + " + 1" * 300, "More than 200 operands", (798, 799)),
        ("(" * 60 + "1" + " + 1)" * 59 + " + 1" * 160 + ")", "nested more", (0, 1)),
    ],
)
def test_the_error_says_which_limit_was_passed_and_where(text, message, span):
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text)
    assert caught.value.span == span


def test_ordinary_depth_and_length_are_read():
    assert depth(parse("(" * 100 + "@a + 1" + ")" * 100)) == 2
    ids = ", ".join(map(str, range(50_000)))
    assert sum(1 for _ in walk(parse(f"@id IN ({ids})"))) == 50_002
    assert depth(parse(" OR ".join(["@a = 1"] * 150))) == 151


@pytest.mark.parametrize(
    "text",
    [
        "1" + " + 1" * 198,
        "(" * 119 + "@a" + ")" * 119,
        "Upper(" * 119 + "@a" + ")" * 119,
        "-(" * 59 + "@a" + ")" * 59,
        "1 + (" * 59 + "@a" + ")" * 59,
        "1 OR 2 AND 3 = 4 + 5 * (" * 20 + "@a" + ")" * 20,
    ],
)
def test_what_is_accepted_fits_a_small_stack(text):
    """A notebook has some 100 frames of its own; 700 more must do for every visitor."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_stack_depth() + 700)
    try:
        tree = parse(text)
        assert parse(to_source(tree)) == tree
        infer(tree, lambda path: STRING)
    finally:
        sys.setrecursionlimit(before)


def _stack_depth() -> int:
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1  # type: ignore[assignment]
    return count


QUOTES = ["'", '"', "\\'", "')", "' "]
ATTACKS = [
    "; DROP TABLE NmsRecipient",
    "; DELETE FROM NmsRecipient; --",
    " OR 1=1",
    " OR 'a'='a",
    " OR '1'='1' --",
    " UNION SELECT sPassword FROM XtkOperator",
    " UNION ALL SELECT NULL, NULL",
    "/* x */ OR 1=1",
    "--",
    "#",
    "%00",
    " AND (SELECT COUNT(*) FROM XtkOperator) > 0",
    " AND pg_sleep(10) IS NULL",
    "'; EXEC xp_cmdshell('dir'); --",
    "] = [SQLDATA[SELECT 1]]",
    "$(/../@password)",
    "' or ''='",
    "<where/>",
    "&apos; or 1=1",
    "]]>",
    "\\'; DROP TABLE x; --",
    "\x00; DROP",
]
VALUES = [quote + attack for quote, attack in product(QUOTES, ATTACKS)]


@pytest.mark.parametrize("value", [*VALUES, *(f"x{value}" for value in VALUES)])
def test_a_hostile_value_stays_a_text(value):
    """As a literal it is written and read back as itself, and adds no node."""
    tree = Binary("=", Path(("@email",)), Literal(value, STRING))
    assert parse(to_source(tree)) == tree


@pytest.mark.parametrize(
    "text",
    [
        "@id = 1; DROP TABLE NmsRecipient",
        "@id = 1 -- comment",
        "@id = 1 /* comment */",
        "@id = 1 UNION SELECT 1",
        "(SELECT sPassword FROM XtkOperator)",
        "@id IN (SELECT iRecipientId FROM NmsRecipient)",
        "@id = (SELECT 1)",
        "EXISTS (SELECT 1)",
        "pg_sleep(10)",
        "xp_cmdshell('dir')",
        "CAST(@id AS text)",
        "@id::text",
        "@email || 'x'",
        "@email ILIKE 'x'",
        "@email BETWEEN 1 AND 2",
        "CASE WHEN 1=1 THEN 1 ELSE 0 END",
        "`email` = 1",
        "sEmail.x = 1",
        "R.sEmail = 'x'",
        '[sEmail" = 1 --]',
        "[@email' or '1'='1]",
        "[folder[@name='x']/@id]",
        "[../../etc/passwd\x00]",
        "[document('x')/@id]",
        "[//@password]",
        "[folder/*]",
        "[@*]",
        "[text()]",
        "[ancestor::operator/@password]",
        "count(*)",
        "count(DISTINCT @id)",
        "@id = 0x41",
        "@id = 1 LIMIT 1",
        "@id = ?",
        "@id = @@version",
        "{fn now()}",
        "@id = 1 AND",
        "N'x'",
        "E'x'",
        "'a' 'b'",
    ],
)
def test_sql_and_xpath_tricks_are_refused(text):
    with pytest.raises(ExpressionError):
        parse(text)
