"""A damaged or unexpected answer is an error, never a short or wrong frame."""

from __future__ import annotations

import pyarrow as pa
import pytest
from frames.answers import HEAD, TAIL, column, output, select

from campaign_magics.errors import BadAnswer
from campaign_magics.frames import decode, decode_lxml
from campaign_magics.frames.envelope import open_envelope
from campaign_magics.frames.fast import read_fast
from campaign_magics.frames.guards import Declined

pytestmark = pytest.mark.pure

ASKED = (column("@id", "long"), column("folder/@label"), column("desc"))
ROW = '<recipient id="1"><folder label="F"/><desc>text</desc></recipient>'


def fast(answer: bytes) -> pa.Table:
    """Read by the fast path alone."""
    return read_fast(open_envelope(answer, element="recipient"), ASKED)


def test_the_fast_path_takes_ordinary_answers() -> None:
    """The guards let through what they are not there to stop."""
    assert fast(select(ROW * 3)).num_rows == 3
    with_url = ROW.replace("text", "see nms:recipient, mailto:x, 12:30 &amp; more")
    assert fast(select(with_url)).num_rows == 1
    with_cdata = ROW.replace("text", "<![CDATA[a <b> c]]>")
    assert fast(select(with_cdata)).num_rows == 1


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ('<recipient><folder label="a"/><folder label="b"/></recipient>', "more than"),
        ("<recipient><folder/><x/><folder/></recipient>", "more than once"),
        ('<recipient xmlns:x="u" x:id="2"/>', "attribute has a prefix"),
        ('<recipient><folder xml:label="x"/></recipient>', "attribute has a prefix"),
        ('<recipient><x:folder label="a" xmlns="u"/></recipient>', "element has a"),
        ('<recipient id="1"/><recipient id="12.0"/>', "12.0"),
        ("<recipient/><delivery/>", "beside the rows"),
        ("<recipient></recipient><delivery/><recipient/>", "beside the rows"),
        ("<recipient><a/></recipient><!-- x --><delivery/>", "beside the rows"),
        ("<recipient><recipient/></recipient>", "1 rows were read of 2"),
        (
            "<recipient/></recipient-collection><recipient-collection><recipient/>",
            "more than one collection",
        ),
        ("<recipient><desc>&nope;</desc></recipient>", "nope"),
    ],
)
def test_the_fast_path_declines(rows: str, reason: str) -> None:
    """Each silent hazard of the parser is seen before its result is believed."""
    with pytest.raises(Declined, match=reason):
        fast(select(rows))


def test_the_fast_path_declines_control_characters() -> None:
    """One far into the answer, where the first look does not see it."""
    with pytest.raises(Declined, match="control character"):
        fast(select(ROW * 1000 + "<recipient><desc>a&#1;</desc></recipient>"))


def test_unasked_elements_do_not_matter() -> None:
    """What the server adds inside a row is passed over, on the fast path too."""
    extra = "<recipient id='1'><extra><more a='1'/></extra></recipient><recipient/>"
    assert fast(select(extra)).column("@id").to_pylist() == [1, None]


def test_every_cut_is_an_error() -> None:
    """An answer cut at any byte raises, whichever way it is read."""
    answer = select(ROW * 2)
    first_row = len(HEAD) + len("<recipient-collection>")
    for cut in range(first_row, len(answer)):
        for read in (decode, decode_lxml):
            with pytest.raises(BadAnswer):
                read(answer[:cut], ASKED, element="recipient")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"   ",
        b"OK",
        b'{"rows": []}',
        b"\x1f\x8b\x08\x00",
        b"<html><body>Sign in</body></html>",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b"<Envelope/>",
        b"<Envelope><Body/></Envelope>",
        b"<Envelope><Body><ExecuteQueryResponse/></Body></Envelope>",
        HEAD.encode(),
    ],
)
@pytest.mark.parametrize("read", [decode, decode_lxml])
def test_not_an_answer(read: object, answer: bytes) -> None:
    """Whatever is not the answer of a query is a BadAnswer with a hint."""
    with pytest.raises(BadAnswer) as caught:
        read(answer, ASKED, element="recipient")  # type: ignore[operator]
    assert caught.value.hint


def test_a_fault_is_not_an_empty_frame() -> None:
    """The fault's text is in the message."""
    fault = (
        "<e:Envelope xmlns:e='u'><e:Body><e:Fault><faultcode>x</faultcode>"
        "<faultstring>SOP-330011 Error\n while executing</faultstring>"
        "</e:Fault></e:Body></e:Envelope>"
    )
    with pytest.raises(BadAnswer, match="SOP-330011 Error while executing"):
        decode(fault.encode(), ASKED, element="recipient")


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">'
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


@pytest.mark.parametrize("read", [decode, decode_lxml])
@pytest.mark.parametrize("place", ["<desc>&i;</desc>", "<folder label='&i;'/>"])
def test_entity_bombs_are_refused(read: object, place: str) -> None:
    """A document type is refused before an entity is expanded."""
    inside = f"<recipient-collection><recipient>{place}</recipient>"
    text = BOMB + HEAD.partition("?>")[2] + inside + "</recipient-collection>" + TAIL
    with pytest.raises(BadAnswer, match="document type"):
        read(text.encode(), ASKED, element="recipient")  # type: ignore[operator]


@pytest.mark.parametrize("read", [decode, decode_lxml])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("<recipient><folder/><folder/></recipient>", "Row 1 holds <folder> more than"),
        ("<recipient/><delivery/>", "mixes <recipient> and <delivery>"),
        ("<recipient/><delivery/><recipient/>", "mixes <recipient> and <delivery>"),
        ("<recipient><desc>a&#1;b</desc></recipient>", "character XML does not allow"),
        ("<recipient><desc>a\x02b</desc></recipient>", "character XML does not allow"),
        ("<recipient a='1' a='2'/>", "cut short or malformed"),
        ("<recipient><desc>&nope;</desc></recipient>", "cut short or malformed"),
        ("<recipient></x></recipient>", "cut short or malformed"),
        ("<recipient>" + "<a>" * 5000 + "</a>" * 5000 + "</recipient>", "malformed"),
    ],
)
def test_rows_that_cannot_be_right(read: object, rows: str, message: str) -> None:
    """Both paths refuse them with the same words."""
    with pytest.raises(BadAnswer, match=message):
        read(select(rows), ASKED, element="recipient")  # type: ignore[operator]


def test_two_single_rows_are_refused() -> None:
    """A get answers one row."""
    with pytest.raises(BadAnswer):
        decode(output("<recipient id='1'/><delivery/>"), ASKED, element="recipient")


def test_an_answer_larger_than_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 2 GB the error says to ask for smaller pages."""
    monkeypatch.setattr("campaign_magics.frames.envelope.MAX_BYTES", 100)
    with pytest.raises(BadAnswer, match="more than a table can hold"):
        decode(select(ROW), ASKED, element="recipient")


def test_bytes_that_are_not_the_declared_encoding() -> None:
    """Latin-1 bytes announced as UTF-8 are refused, not replaced."""
    answer = select("<recipient><desc>?</desc></recipient>").replace(b"?<", b"\xe9<")
    for read in (decode, decode_lxml):
        with pytest.raises(BadAnswer):
            read(answer, ASKED, element="recipient")


@pytest.mark.parametrize("sign", ["-", "+", " - ", "-\n"])
@pytest.mark.parametrize(
    "where", ["<recipient n='{}'/>", "<recipient><n>{}</n></recipient>"]
)
def test_a_sign_without_digits_is_no_number(sign: str, where: str) -> None:
    """xml2arrow would read it as 0."""
    name = "@n" if "n='" in where else "n"
    answer = select(where.format(sign) + where.format(7))
    with pytest.raises(BadAnswer, match="row 1"):
        decode(answer, [column(name, "long")], element="recipient")


def test_a_dash_as_a_text_stays_on_the_fast_path() -> None:
    """Beside a number that is 0; only the number's own value counts."""
    answer = select("<recipient a='-' n='0'><d>- x</d></recipient>")
    asked = [column("@a"), column("@n", "long"), column("d")]
    table = read_fast(open_envelope(answer, element="recipient"), asked)
    assert table.to_pylist() == [{"@a": "-", "@n": 0, "d": "- x"}]
