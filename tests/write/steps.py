"""What tests of commits do again and again."""

from __future__ import annotations

from typing import Any

import pandas as pd

import campaign_magics as cm
from campaign_magics.workbench import Session
from campaign_magics.write.result import WriteResult

SCHEMA = "nms:recipient"


def commit(session: Session, frame: Any, **wishes: Any) -> WriteResult:
    wishes = {"key": "@email", "ingest": False, **wishes}
    return session.write(frame, SCHEMA, **wishes).commit()


def found(session: Session, tag: str, *columns: str) -> pd.DataFrame:
    return session.query(
        f"SELECT {', '.join(['email', *columns])} FROM {SCHEMA} WHERE account = :tag",
        params={"tag": tag},
        limit=None,
    )


def calls(server: cm.Sandbox, method: str) -> int:
    apis = server.stats(clear=True)["apis"]
    return sum(c["calls"] for name, c in apis.items() if name.endswith(f"#{method}"))
