"""What the logs of a delivery add up to: its indicators.

Adobe, "Indicator calculation": opens are the hits of the URL with key 1, clicks
those of URLs of type 1.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from ..data.plan import OPEN_URL
from ..stores.world import World
from .records import Table

BROAD_LOG: Final = "nms:broadLogRcp"
TRACKING_LOG: Final = "nms:trackingLogRcp"
TRACKED_URL: Final = "nms:trackingUrl"
MESSAGE: Final = "nms:broadLogMsg"

IGNORED: Final = 0
SENT: Final = 1
FAILED: Final = 2
ABORTED: Final = 3
PENDING: Final = 6
"""``nms:broadLogRcp:status``."""

CLICK: Final = 1
OPT_OUT: Final = 3
MIRROR: Final = 6
"""``nms:trackingUrl:type``."""

_HARD: Final = 2


def sending(world: World, delivery: int) -> dict[str, Any]:
    """Return the indicators of sending by path, counted in the delivery logs."""
    logs = Table(world, BROAD_LOG).read(
        ["@status", "@msg-id"], {"@delivery-id": delivery}
    )
    status = logs.column("@status").to_numpy()
    hard = Table(world, MESSAGE).read(["@id"], {"@failureType": _HARD}).column("@id")
    bounced = pc.is_in(
        logs.column("@msg-id").cast("int64"), value_set=hard.cast("int64")
    ).to_numpy()
    sent, failed = int((status == SENT).sum()), int((status == FAILED).sum())
    return {
        "indicators/@processed": sent + failed,
        "indicators/@success": sent,
        "indicators/@error": failed,
        "indicators/@newQuarantine": int((bounced & (status == FAILED)).sum()),
    }


def tracking(world: World, delivery: int) -> dict[str, Any]:
    """Return the indicators of tracking by path, counted in the tracking logs."""
    where = {"@delivery-id": delivery}
    hits = Table(world, TRACKING_LOG).read(["@url-id", "@broadLog-id"], where)
    url = hits.column("@url-id").to_numpy()
    log = hits.column("@broadLog-id").to_numpy()
    kinds = Table(world, TRACKED_URL).read(["@id", "@type"], where).to_pylist()
    opens = url == OPEN_URL
    clicks = _among(url, kinds, CLICK)
    clicked = len(np.unique(log[clicks]))
    return {
        "indicators/@recipientOpen": len(np.unique(log[opens])),
        "indicators/@totalRecipientOpen": int(opens.sum()),
        "indicators/@recipientClick": clicked,
        "indicators/@personClick": clicked,
        "indicators/@totalRecipientClick": int(clicks.sum()),
        "indicators/@optOut": len(np.unique(log[_among(url, kinds, OPT_OUT)])),
        "indicators/@mirrorPage": int(_among(url, kinds, MIRROR).sum()),
    }


def _among(
    url: npt.NDArray[np.int64], kinds: list[dict[str, int]], kind: int
) -> npt.NDArray[np.bool_]:
    ids = [row["@id"] for row in kinds if row["@type"] == kind]
    found: npt.NDArray[np.bool_] = np.isin(url, ids)
    return found
