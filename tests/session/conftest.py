"""An instance on a real socket, and sessions to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from session.instance import Instance
from soap.scripted import PASSWORD

from campaign_magics.profiles import Profile
from campaign_magics.secret import Secret
from campaign_magics.session import Connection, open_as


@pytest.fixture
def instance() -> Iterator[Instance]:
    running = Instance()
    yield running
    running.close()


@pytest.fixture
def connect(instance: Instance, tmp_path: Path) -> Iterator[Callable[..., Connection]]:
    """Return a factory of sessions to the instance; each is closed in the end."""
    made: list[Connection] = []

    def make(**settings: Any) -> Connection:
        password = settings.pop("password", PASSWORD)
        settings = {"name": "test", "url": instance.url, "user": "admin", **settings}
        profile = Profile(budget_store="memory", **settings)
        session = open_as(
            Connection, profile, password=Secret(password), cache=tmp_path / "schemas"
        )
        made.append(session)
        return session

    yield make
    for session in made:
        session.close()


@pytest.fixture
def session(connect: Callable[..., Connection]) -> Connection:
    return connect()
