"""No exception of the wire's libraries reaches a user."""

from __future__ import annotations

import http.client
import inspect
import pickle
import ssl
from collections.abc import Iterator
from types import ModuleType

import pytest
import requests
import requests.exceptions
import urllib3.exceptions
import zeep.exceptions
from lxml import etree

from campaign_magics.errors import (
    BadAnswer,
    CallTimeout,
    CampaignError,
    InvalidValue,
    NotCampaign,
    Unreachable,
)
from campaign_magics.soap.foreign import FOREIGN, our_errors, translate, verdict_for

pytestmark = pytest.mark.pure


def exceptions_of(module: ModuleType) -> Iterator[type[BaseException]]:
    for _, value in inspect.getmembers(module, inspect.isclass):
        if issubclass(value, Exception) and value.__module__.startswith(
            module.__name__.partition(".")[0]
        ):
            yield value


ALL = {
    kind
    for module in (
        requests.exceptions,
        urllib3.exceptions,
        zeep.exceptions,
        etree,
    )
    for kind in exceptions_of(module)
    if not issubclass(kind, Warning) and not kind.__name__.startswith("_")
} | {ssl.SSLError, http.client.HTTPException, OSError, TimeoutError, UnicodeError}


@pytest.mark.parametrize("kind", sorted(ALL, key=lambda k: f"{k.__module__}.{k}"))
def test_every_exception_class_becomes_one_of_ours(kind: type[BaseException]) -> None:
    """Each exception class that the libraries define has a class and a cause."""
    verdict = verdict_for(kind)
    assert issubclass(verdict.kind, CampaignError)
    assert verdict.cause
    assert issubclass(kind, tuple(FOREIGN))  # so that our_errors() catches it


def test_there_are_exceptions_to_walk() -> None:
    """The walk above sees the libraries: dozens of classes."""
    assert len(ALL) > 60


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectionError("x"), Unreachable),
        (requests.exceptions.SSLError("x"), Unreachable),
        (requests.exceptions.ProxyError("x"), Unreachable),
        (requests.ConnectTimeout("x"), CallTimeout),
        (requests.ReadTimeout("x"), CallTimeout),
        (urllib3.exceptions.ReadTimeoutError(None, "u", "x"), CallTimeout),
        (requests.exceptions.ChunkedEncodingError("x"), BadAnswer),
        (urllib3.exceptions.IncompleteRead(1, 2), BadAnswer),
        (urllib3.exceptions.DecodeError("x"), BadAnswer),
        (requests.exceptions.MissingSchema("x"), InvalidValue),
        (requests.TooManyRedirects("x"), NotCampaign),
        (etree.XMLSyntaxError("x", 1, 1, 1), BadAnswer),
        (ssl.SSLCertVerificationError("x"), Unreachable),
        (ConnectionResetError("x"), Unreachable),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_common_ones_get_the_class_a_user_expects(
    error: BaseException, kind: type[CampaignError]
) -> None:
    """Time-outs are time-outs, refusals are Unreachable, broken bodies BadAnswer."""
    assert type(translate(error, "host")) is kind


def test_the_text_of_a_foreign_error_is_not_copied() -> None:
    """requests quotes the header it refuses, and that header may be a token."""
    error = requests.exceptions.InvalidHeader("bad header value: 'Bearer SECRET'")
    ours = translate(error, "host")
    assert "SECRET" not in f"{ours} {ours.hint} {ours.facts}"


def test_a_foreign_error_forgets_its_request() -> None:
    """The request of a failed logon holds the password; a debugger would show it."""
    request = requests.Request("POST", "http://h/", data=b"SECRET").prepare()
    error = requests.ConnectionError("x", request=request)
    translate(error, "host")
    assert error.request is None


def test_our_errors_survive_pickling() -> None:
    """An error of a worker process arrives whole."""
    ours = translate(requests.ReadTimeout("x"), "host")
    again = pickle.loads(pickle.dumps(ours))
    assert (type(again), again.message, again.hint) == (
        CallTimeout,
        ours.message,
        ours.hint,
    )


def test_a_wrapped_cause_is_named() -> None:
    """A host that does not exist is told from one that refuses."""
    inner = urllib3.exceptions.NameResolutionError("nohost", None, OSError("x"))
    retry = urllib3.exceptions.MaxRetryError(None, "/", inner)
    assert "No host is named" in translate(requests.ConnectionError(retry), "h").message


def test_a_reset_is_told_by_when_it_came() -> None:
    """Before the answer nothing came; after its beginning, it broke off."""
    error = ConnectionResetError("x")
    assert type(translate(error, "h")) is Unreachable
    broken = translate(error, "h", answering=True)
    assert (type(broken), broken.facts["transient"]) == (BadAnswer, True)


def test_campaign_errors_pass_untouched() -> None:
    """Our own errors are not wrapped again."""
    error = BadAnswer("cut")
    with pytest.raises(BadAnswer) as caught, our_errors("host"):
        raise error
    assert caught.value is error
    assert BadAnswer not in FOREIGN
