"""The fast path and the lxml path give equal tables, and the text that was written."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from frames.answers import GENDER, column, select
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.errors import BadAnswer
from campaign_magics.frames import decode, decode_lxml
from campaign_magics.frames.envelope import open_envelope
from campaign_magics.frames.fast import read_fast
from campaign_magics.xtk.columns import Column

pytestmark = pytest.mark.pure

NASTY = ["&", "<", ">", '"', "'", "\n", "\t", "\r", "]]>", ":", "=", " a:b='c'", "&#1;"]
CHARACTERS = st.characters(
    exclude_categories=["Cs"],
    exclude_characters=[
        *map(chr, range(0x20)),
        *map(chr, range(0x7F, 0xA0)),
        "\ufffe",
        "\uffff",
    ],
)
TEXTS = st.none() | st.lists(
    st.sampled_from(NASTY) | st.text(CHARACTERS, max_size=4) | st.just("😀é  "),
    max_size=4,
).map("".join)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=6)
ASKED = (
    column("@a"),
    column("folder/@label"),
    column("desc"),
    column("folder/note"),
)
REFERENCES = {"\n": "&#10;", "\t": "&#x9;", "\r": "&#13;", '"': "&quot;", "'": "&#39;"}


def attribute(name: str, text: str | None) -> str:
    return "" if text is None else f' {name}="{escape(text, REFERENCES)}"'


def child(name: str, text: str | None, *, cdata: bool) -> str:
    if text is None:
        return ""
    if cdata and "\r" not in text:  # CDATA cannot write a carriage return
        inside = text.replace("]]>", "]]]]><![CDATA[>")
        return f"<{name}><![CDATA[{inside}]]></{name}>"
    return f"<{name}>{escape(text, {chr(13): '&#13;'})}</{name}>"


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, cdata=st.booleans(), indent=st.sampled_from(["", "\n  ", "\r\n"]))
def test_text_survives(
    rows: list[tuple[str | None, ...]], cdata: bool, indent: str
) -> None:
    """Whatever a text holds, both paths give it back; empty and absent are null."""
    written = indent.join(
        f"<recipient{attribute('a', a)}>{indent}<folder{attribute('label', label)}>"
        f"{child('note', note, cdata=cdata)}</folder>"
        f"{child('desc', desc, cdata=cdata)}</recipient>"
        for a, label, desc, note in rows
    )
    answer = select(indent + written)
    table = decode(answer, ASKED, element="recipient")
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        tuple(text or None for text in row) for row in rows
    ]
    assert table.equals(decode_lxml(answer, ASKED, element="recipient"))


NUMBERS = st.one_of(
    st.integers(-(2**64), 2**64).map(str),
    st.floats(allow_nan=False).map(repr),
    st.decimals(allow_nan=False, places=3).map(str),
    st.text("0123456789.+-eE_xX infaINF", max_size=8),
    st.sampled_from(["", " ", " 7 ", "1.", ".5", "00012", "-0", "1E5", "12.000"]),
)
MOMENTS = st.one_of(
    st.datetimes().map(lambda d: d.isoformat(" ") + "Z"),
    st.datetimes().map(lambda d: d.isoformat("T")),
    st.datetimes(timezones=st.timezones()).map(lambda d: d.isoformat()),
    st.dates().map(str),
    st.dates().map(lambda d: str(d).replace("-", "/")),
    st.text("0123456789-/:.TZ+ ", max_size=25),
    st.sampled_from(["", "true", "FALSE", "1", "0"]),
)
TYPED = ("long", "double", "boolean", "timespan", "datetime", "datetimenotz", "date")


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(NUMBERS | MOMENTS, min_size=1, max_size=3),
    type_name=st.sampled_from(TYPED),
)
def test_values_agree(texts: list[str], type_name: str) -> None:
    """Both paths give the same values, or the same error."""
    answer = select("".join(f'<recipient x="{escape(text)}"/>' for text in texts))
    asked = [column("@x", type_name)]
    outcomes = []
    for read in (decode, decode_lxml):
        try:
            outcomes.append(str(read(answer, asked, element="recipient").to_pydict()))
        except BadAnswer as error:
            outcomes.append(error.message)
    assert outcomes[0] == outcomes[1]


@settings(max_examples=50, deadline=None)
@given(moments=st.lists(st.datetimes(min_value=datetime(1, 1, 1)), max_size=5))  # noqa: DTZ001
def test_moments_survive(moments: list[datetime]) -> None:
    """A moment written to the microsecond is read back as it was."""
    answer = select("".join(f'<recipient x="{m.isoformat(" ")}Z"/>' for m in moments))
    table = decode(answer, [column("@x", "datetime")], element="recipient")
    assert table.column(0).to_pylist() == [m.replace(tzinfo=UTC) for m in moments]


def test_enumerations_agree() -> None:
    """Dictionaries are built alike, unknown values in order of appearance."""
    answer = select("".join(f'<recipient g="{n % 7}"/>' for n in range(6, 60)))
    asked = [column("@g", "byte", values=GENDER)]
    fast = read_fast(open_envelope(answer, element="recipient"), asked)
    assert fast.equals(decode_lxml(answer, asked, element="recipient"))


def test_wide_answers_take_the_fast_path() -> None:
    """Ten columns of every kind, a thousand rows: no guard raises a false alarm."""
    asked: list[Column] = [
        column("@id", "long"),
        column("@score", "double"),
        column("@ok", "boolean"),
        column("@created", "datetime"),
        column("@birth", "date"),
        column("@wait", "timespan"),
        column("@gender", "byte", values=GENDER),
        column("folder/@label"),
        column("country/@isoA2"),
        column("notes"),
    ]
    row = (
        '<recipient id="{0}" score="{0}.5" ok="true" wait="{0}" gender="1" '
        'created="2020-07-05 14:11:31.986Z" birth="1980-01-02">'
        '<folder label="F&amp;{0}"/>'
        '<country isoA2="FR"/><notes>line {0}\nhttps://x:y</notes></recipient>'
    )
    answer = select("".join(row.format(number) for number in range(1000)))
    fast = read_fast(open_envelope(answer, element="recipient"), asked)
    assert fast.num_rows == 1000
    assert fast.equals(decode_lxml(answer, asked, element="recipient"))
