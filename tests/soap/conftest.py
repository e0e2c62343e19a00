"""A scripted server, and clients that do not dawdle between tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from soap.scripted import PASSWORD, Server

from campaign_magics.secret import Secret
from campaign_magics.soap.client import SoapClient
from campaign_magics.soap.logon import Login, PasswordLogin
from campaign_magics.soap.retry import Backoff, Timeouts
from campaign_magics.soap.transport import CampaignTransport
from campaign_magics.throttle import Budget


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[..., SoapClient]]:
    """Return a factory of clients that do not dawdle between tries."""
    made: list[SoapClient] = []

    def make(
        url: str | None = None,
        login: Login | None = None,
        budget: Budget | None = None,
        timeouts: Timeouts | None = None,
        **options: Any,
    ) -> SoapClient:
        transport = CampaignTransport(
            url or server.url,
            budget or Budget("test"),
            backoff=Backoff(first=0.001),
            timeouts=timeouts or Timeouts(connect=2, read=5, total=10),
            **options,
        )
        client = SoapClient(
            transport, login or PasswordLogin("admin", Secret(PASSWORD))
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
