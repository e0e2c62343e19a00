"""Recipients to subscribe, and who is subscribed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from api.conftest import Office

_given: Iterator[int] = iter(range(0, 10_000, 3))


def people(office: Office, count: int = 3) -> pd.DataFrame:
    """Return recipients whom no other test has, with names."""
    frame = office.connection.query(
        "SELECT email, lastName FROM nms:recipient WHERE email IS NOT NULL "
        "ORDER BY email",
        limit=None,
    ).drop_duplicates("email")
    starts = [next(_given) for _ in range(max(1, count // 3))]
    return frame.iloc[starts[0] : starts[0] + count].reset_index(drop=True)


def subscribed(office: Office, service: str) -> set[str]:
    """Return whom the history says to be subscribed now: the cloud may not know."""
    events = office.subscriptions.history(service, limit=None)
    last = events.drop_duplicates("email")
    return set(last[last["action"] == "subscription"]["email"])
