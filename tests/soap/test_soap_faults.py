"""What each kind of answer is taken for."""

from __future__ import annotations

import pytest

from campaign_magics.errors import (
    AccessDenied,
    BadAnswer,
    CampaignError,
    NotCampaign,
    ServerError,
    SessionExpired,
    SoapFault,
)
from campaign_magics.soap.faults import check_answer

pytestmark = pytest.mark.pure

HEAD = (
    "<SOAP-ENV:Envelope xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>"
    "<SOAP-ENV:Body>"
)
TAIL = "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
GOOD = f"{HEAD}<WriteResponse xmlns='urn:xtk:persist'/>{TAIL}"
PAGE = "<!DOCTYPE html><html><body><h1>Welcome</h1><br></body></html>"


def fault(text: str, detail: str = "") -> str:
    return (
        f"{HEAD}<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode>"
        f"<faultstring>{text}</faultstring><detail>{detail}</detail>"
        f"</SOAP-ENV:Fault>{TAIL}"
    )


UNKNOWN = fault(
    "SOP-330011 Error while executing the method 'Write' of service 'xtk:persist'.",
    "Unknown attribute 'x'. XTK-170036 Unable to parse expression '@x'.",
)

CASES: list[tuple[str, int, str, type[CampaignError], str]] = [
    ("a fault in HTTP 200", 200, UNKNOWN, SoapFault, "Unknown attribute 'x'"),
    ("a fault in HTTP 500", 500, UNKNOWN, SoapFault, "Unknown attribute 'x'"),
    (
        "a refused password",
        403,
        "XSV-350012 Invalid login or password. Connection denied.",
        AccessDenied,
        "XSV-350012",
    ),
    ("a refused address", 403, "XSV-350013 The '1.2.3.4' IP", AccessDenied, "IP"),
    (
        "an expired session as text",
        403,
        "XSV-350008 Session has expired or is invalid. Please reconnect.",
        SessionExpired,
        "XSV-350008",
    ),
    ("expiry as text in HTTP 200", 200, "XSV-350008 x", SessionExpired, "XSV"),
    ("expiry in a fault", 200, fault("XSV-350008 x"), SessionExpired, "XSV-350008"),
    ("a bare 401", 401, "", SessionExpired, "401"),
    ("a missing right", 200, fault("SOP-330011", "XTK-170019 no"), AccessDenied, "no"),
    ("an HTML page", 200, PAGE, NotCampaign, "HTML"),
    ("an XHTML page", 200, "<html xmlns='h'><body/></html>", NotCampaign, "HTML"),
    ("a page of 404", 404, PAGE, NotCampaign, "HTML"),
    ("a text of 404", 404, "not found", NotCampaign, "404"),
    ("a redirection", 302, "", NotCampaign, "302"),
    ("other XML", 200, "<feed><entry/></feed>", NotCampaign, "feed"),
    ("a page that forbids", 403, PAGE, AccessDenied, "403"),
    ("a gateway's page", 502, PAGE, ServerError, "502"),
    ("a text of 500", 500, "boom", ServerError, "boom"),
    ("a proxy that wants a login", 407, "", AccessDenied, "proxy"),
    ("a document type", 200, "<!DOCTYPE x>" + GOOD, BadAnswer, "is not XML"),
    ("nothing", 200, "", BadAnswer, "empty"),
    ("blanks", 200, " \n ", BadAnswer, "empty"),
    ("a screenful of blanks", 200, " \n" * 4000, BadAnswer, "empty"),
    ("JSON", 200, '{"a": 1}', BadAnswer, "is not XML"),
    ("cut after the head", 200, HEAD, BadAnswer, "truncated"),
    ("cut in the middle", 200, GOOD[:-20], BadAnswer, "truncated"),
    ("cut in a fault", 200, UNKNOWN[:-60], BadAnswer, "truncated"),
    (
        "SOAP 1.2",
        200,
        GOOD.replace("schemas.xmlsoap.org/soap", "www.w3.org/2003/05"),
        BadAnswer,
        "namespace",
    ),
    ("no namespace", 200, "<Envelope><Body/></Envelope>", BadAnswer, "namespace"),
    ("another call's answer", 200, GOOD.replace("Write", "Logon"), BadAnswer, "Logon"),
    ("an answer in HTTP 500", 500, GOOD, ServerError, "500"),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "word"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_each_bad_answer_has_its_error_a_cause_and_a_hint(
    status: int, body: str, kind: type[CampaignError], word: str
) -> None:
    """One kind of answer, one class of error, one line, one thing to try."""
    with pytest.raises(CampaignError) as caught:
        check_answer(status, body.encode(), method="Write", redact=str)
    assert type(caught.value) is kind
    assert word in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


DATA = f"{HEAD}<WriteResponse xmlns='urn:x'><v>XSV-350008</v></WriteResponse>{TAIL}"


@pytest.mark.parametrize(
    "body",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        ("<?xml version='1.0' encoding='UTF-16'?>" + GOOD).encode("utf-16"),
        (GOOD + "\n<!-- served by n2 -->\n").encode(),
        GOOD.replace("<WriteResponse", "<!-- x --><WriteResponse").encode(),
        DATA.encode(),
    ],
    ids=["plain", "mark", "utf-16", "comment after", "comment before", "code in data"],
)
def test_good_answers_pass(body: bytes) -> None:
    """Marks, encodings and comments do not matter, nor does a code among the data."""
    check_answer(200, body, method="Write", redact=str)


def test_what_lies_between_head_and_tail_is_not_looked_at() -> None:
    """Rows in their megabytes are left to who decodes them."""
    head, tail = DATA.encode().split(b"XSV-350008")
    rows = b"<row></broken>" * 500_000
    check_answer(200, head + rows + tail, method="Write", redact=str)


def test_a_fault_keeps_its_codes_and_texts_as_facts() -> None:
    """The wrapper's code is the server code; the detail is the cause."""
    with pytest.raises(SoapFault) as caught:
        check_answer(200, UNKNOWN.encode(), method="Write", redact=str)
    facts = caught.value.facts
    assert facts["server_code"] == "SOP-330011"
    assert facts["fault_code"] == "SOAP-ENV:Server"
    assert facts["detail"].endswith("Unable to parse expression '@x'.")
    assert "%campaign_schema" in caught.value.hint


def test_server_text_is_redacted_before_it_enters_an_error() -> None:
    """Message and facts hold what the redactor returned, nothing else."""
    body = fault("SOP-330011 token SECRET", "the SECRET was wrong").encode()
    with pytest.raises(SoapFault) as caught:
        check_answer(
            200, body, method="Write", redact=lambda text: text.replace("SECRET", "***")
        )
    assert "SECRET" not in f"{caught.value} {caught.value.facts}"


def test_a_brace_in_a_namespace_is_no_reason_to_fall() -> None:
    """XML allows it, lxml's QName does not: a bad answer, not a ValueError."""
    body = b'<Envelope xmlns="urn:{x}"><Body/></Envelope>'
    with pytest.raises(BadAnswer, match="namespace"):
        check_answer(200, body, method="Write", redact=str)


def test_a_column_that_is_not_grouped_is_told_to_be() -> None:
    """The database's code alone speaks of keys and ranges, which is no help here."""
    answer = fault(
        "SOP-330011 Error while executing the method 'ExecuteQuery'.",
        'PGS-220000 PostgreSQL error: ERROR: column "r0.semail" must appear in the '
        "GROUP BY clause or be used in an aggregate function.",
    )
    with pytest.raises(SoapFault) as caught:
        check_answer(200, answer.encode(), method="ExecuteQuery", redact=str)
    assert caught.value.hint.startswith("GROUP BY every column")
