"""Mishaps ordered from Python, of a sandbox in a process of its own."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from campaign_magics import Sandbox
from campaign_magics.errors import InvalidOption


@pytest.fixture(scope="module")
def own() -> Iterator[Sandbox]:
    """A sandbox that nobody else suffers from."""
    with Sandbox(tps=0, rows=10) as server:
        yield server


def status_of_a_page(sandbox: Sandbox) -> int:
    address = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("GET", "/r/test")
    status = connection.getresponse().status
    connection.close()
    return status


def test_faults_are_off_then_ordered_then_taken_back(own):
    """No order stands at first; one for the next call; ``off`` ends the rest."""
    assert own.faults() == []
    (order,) = own.faults("status", status=502, calls=1)
    assert (order["kind"], order["status"], order["struck"]) == ("status", 502, 0)
    assert [status_of_a_page(own) for _ in range(2)] == [502, 200]
    own.faults("status", status=500)
    assert [(o["seen"], o["struck"]) for o in own.faults()] == [(2, 1), (0, 0)]
    assert status_of_a_page(own) == 500
    assert own.faults("off") == []
    assert status_of_a_page(own) == 200


def test_a_bad_order_is_a_bad_option(own):
    """The cause names the word; nothing is ordered."""
    with pytest.raises(InvalidOption, match="reset takes no 'momment'"):
        own.faults("reset", momment="after")
    assert own.faults() == []
