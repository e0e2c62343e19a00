"""What became of a delivery's messages: its logs, its counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..errors import InvalidOption, UnknownName
from ..query.model import Condition, OrderNode, QueryDef, SelectNode
from ..schemas.model import Schema
from ..session import Connection
from .records import has, query_of, states_of

SCHEMA: Final = "nms:delivery"
_MAPPED: Final = {
    False: ("@broadLogSchema", "nms:broadLogRcp"),
    True: ("@trackingLogSchema", "nms:trackingLogRcp"),
}
"""Where a target mapping names the logs of messages and of tracking, and the usual."""

# No column "id": of logs given back as a target it would be taken for recipients' ids.
_MESSAGES: Final = {
    "date": "@eventDate",
    "status": "@status",
    "address": "@address",
    "email": "[recipient/@email]",
    "recipient_id": "[@recipient-id]",
    "message": "[msg/@text]",
    "reason": "[msg/@failureReason]",
    "log_id": "@id",
}
_REACTIONS: Final = {
    "date": "@logDate",
    "type": "[url/@type]",
    "link": "[url/@label]",
    "email": "[recipient/@email]",
    "recipient_id": "[@recipient-id]",
    "device": "@deviceType",
}
COUNTS: Final = {
    "name": "@internalName",
    "label": "@label",
    "state": "@state",
    "target": "properties/@totalTarget",
    "rejected": "properties/@reject",
    "to_send": "properties/@toDeliver",
    "processed": "indicators/@processed",
    "sent": "indicators/@success",
    "failed": "indicators/@error",
}
"""How a delivery stands: what a `Delivery` says and its statistics begin with."""

_STATS: Final = {
    **COUNTS,
    "quarantined": "indicators/@newQuarantine",
    "opened": "indicators/@recipientOpen",
    "clicked": "indicators/@recipientClick",
    "unsubscribed": "indicators/@optOut",
    "success_rate": "indicators/@successRatio",
    "open_rate": "indicators/@recipientOpenRatio",
    "click_rate": "indicators/@recipientClickRatio",
    "reactivity": "indicators/@reactivity",
}


def stats_query(schema: Schema, deliveries: Sequence[int]) -> QueryDef:
    """Return the query for the counts of these deliveries, or of the newest ones."""
    where = ["@isModel = 0"]
    if deliveries:
        where.append(f"@id IN ({', '.join(map(str, deliveries))})")
    newest = (OrderNode(expr="@id", desc=True),)
    return query_of(schema, _STATS, where, order=newest)


def log_query(
    connection: Connection, delivery: int, *, tracking: bool, status: str | None
) -> QueryDef:
    """Return the query for the logs of a delivery, in their order.

    Its parameters are ``:delivery`` and, with a status, ``:status``.
    """
    if tracking and status is not None:
        raise InvalidOption(
            "Opens and clicks have no status.", hint="leave out tracking, or status"
        )
    schema = connection.schemas[_log_schema(connection, delivery, tracking=tracking)]
    where = ["[@delivery-id] = :delivery"]
    if status is not None:
        states_of(connection, schema.id, "@status", (status,))
        where.append("@status = :status")
    date = "@logDate" if tracking else "@eventDate"
    return query_of(
        schema,
        _REACTIONS if tracking else _MESSAGES,
        where,
        order=(OrderNode(expr=date, desc=tracking), OrderNode(expr="@id")),
    )


def _log_schema(connection: Connection, delivery: int, *, tracking: bool) -> str:
    """Return the schema that the delivery's target mapping names."""
    name, usual = _MAPPED[tracking]
    if not has(connection.schemas[SCHEMA], "mapping/"):
        return usual
    try:
        row = connection.read(
            QueryDef(
                schema=SCHEMA,
                select=(SelectNode(expr=f"[mapping/storage/{name}]"),),
                where=(Condition(expr=f"@id = {delivery}"),),
            )
        )
    except UnknownName:
        return usual
    found = row.table.column(0).to_pylist()
    return str(found[0]) if found and found[0] else usual
