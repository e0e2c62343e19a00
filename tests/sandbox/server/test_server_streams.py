"""Answers sent while they are made: chunks, and failures before and after the first."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from sandbox.server.caller import Caller, faultstring

from campaign_magics.sandbox import engine
from campaign_magics.sandbox.faults import Fault


def slow_rows(count: int, failing: bool) -> Any:
    def execute(query: object, world: object) -> Iterator[bytes]:
        yield b"<recipient-collection>"
        for _ in range(count):
            yield b"<recipient email='someone@example.test'/>" * 1000
        if failing:
            raise Fault("SOP-330011", "the database went away")
        yield b"</recipient-collection>"

    return execute


def test_long_answers_are_chunked(caller: Caller, monkeypatch: pytest.MonkeyPatch):
    """No Content-Length, and the envelope closes."""
    monkeypatch.setattr(engine, "execute", slow_rows(50, failing=False))
    answer = caller.query("nms:recipient", "@id")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(answer.payload()) == 50_000
    caller.tokens["Accept-Encoding"] = "gzip"
    zipped = caller.query("nms:recipient", "@id")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == answer.body


def test_a_fault_at_the_start_of_a_stream_is_a_fault(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
):
    """Headers go out after the first rows."""
    monkeypatch.setattr(engine, "execute", slow_rows(1, failing=True))
    assert faultstring(caller.query("nms:recipient", "@id")).startswith("SOP-330011")


def test_a_failure_inside_a_stream_cuts_the_answer(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The client sees an incomplete chunked body, never a whole one."""
    from http.client import IncompleteRead

    monkeypatch.setattr(engine, "execute", slow_rows(50, failing=True))
    with pytest.raises(IncompleteRead):
        caller.query("nms:recipient", "@id")
    assert "the database went away" in caplog.text


def test_a_bug_is_a_fault_that_tells_no_details(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Never HTTP 500; the log has the traceback."""

    def execute(query: object, world: object) -> Iterator[bytes]:
        raise ZeroDivisionError("inner secret")

    monkeypatch.setattr(engine, "execute", execute)
    answer = caller.query("nms:recipient", "@id")
    assert faultstring(answer).startswith("SOP-330011")
    assert "ZeroDivisionError" in answer.text
    assert "inner secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text
