"""A clock that moves only when it is waited on."""

from __future__ import annotations

import threading

import pytest


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time + 1_700_000_000.0

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        self.slept.append(seconds)
        self.time += seconds
        return cancel is not None and cancel.is_set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
