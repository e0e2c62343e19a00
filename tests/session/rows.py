"""Records in memory that answer queries as a server would, without a socket."""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Sequence
from threading import Event, Lock
from xml.sax.saxutils import quoteattr

from soap.scripted import response

from campaign_magics.query.check import Checked, check
from campaign_magics.query.model import OrderNode, QueryDef, SelectNode
from campaign_magics.schemas.reader import read_schema
from campaign_magics.session.reading import Plan, Reading
from campaign_magics.soap.answer import Answer
from campaign_magics.soap.exchange import Exchange
from campaign_magics.soap.methods import EXECUTE_QUERY
from campaign_magics.xtk.text import unquote

SCHEMA = """
<schema namespace="nms" name="thing">
  <element name="thing" sqltable="NmsThing">
    <key name="id" internal="true"><keyfield xpath="@id"/></key>
    <attribute name="id" type="{type}" sqlname="iThingId"/>
    <attribute name="email" type="string" sqlname="sEmail"/>
  </element>
</schema>"""
BOUND = re.compile(r"@id (>|<|<=|>=) (-?\d+|'.*')")
COMPARE = {
    ">": operator.gt,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Rows:
    """Rows of nms:thing by key, any number of rows a key.

    ``seconds`` is what a call is said to have taken, ``cap`` the most rows an answer
    has; ``stubborn`` ignores conditions.  ``asked`` are the queries that came;
    ``before`` is called with each.
    """

    def __init__(self, keys: Sequence[int | str], *, seconds: float = 0.0) -> None:
        self.keys = sorted(keys)  # type: ignore[type-var]  # all of one type
        self.seconds = seconds
        self.cap = sys.maxsize
        self.stubborn = False
        self.asked: list[QueryDef] = []
        self.before = lambda query: None
        self._lock = Lock()
        kind = "string" if keys and isinstance(keys[0], str) else "long"
        self.schema = read_schema(SCHEMA.format(type=kind).encode())

    def checked(
        self, *nodes: str, order: Sequence[OrderNode] = (), start: int | None = None
    ) -> Checked:
        query = QueryDef(
            schema="nms:thing",
            select=tuple(SelectNode(expr=expr) for expr in nodes or ("@id", "@email")),
            order_by=tuple(order),
            start_line=start,
        )
        return check(query, lambda name: self.schema)

    def reading(
        self, plan: Plan | Checked, rate: float | None = 1.0, **options: object
    ) -> Reading:
        if isinstance(plan, Checked):
            plan = Plan(checked=plan, **{"wanted": None, **options})  # type: ignore[arg-type]
        return Reading(plan, self.ask, lambda: rate)

    def ask(self, query: QueryDef, cancel: Event | None = None) -> Answer:
        with self._lock:
            self.asked.append(query)
            self.before(query)
            found = self._found(query)
        if query.operation == "count":
            content = f"<thing count='{len(found)}'/>"
        else:
            rows = "".join(self._row(query, at, key) for at, key in found)
            content = f"<thing-collection>{rows}</thing-collection>"
        output = f"<pdomOutput>{content}</pdomOutput>"
        raw = response("ExecuteQuery", output, "xtk:queryDef")
        exchange = Exchange(
            method="xtk:queryDef#ExecuteQuery",
            seconds=self.seconds,
            waited=0.0,
            status=200,
            request_bytes=0,
            response_bytes=len(raw),
            retries=0,
            request_id="",
        )
        return Answer(method=EXECUTE_QUERY, raw=raw, exchange=exchange)

    def _found(self, query: QueryDef) -> list[tuple[int, int | str]]:
        found = list(enumerate(self.keys))
        for condition in () if self.stubborn else query.where:
            match = BOUND.fullmatch(condition.expr or "")
            assert match, condition.expr
            text = match[2]
            bound = unquote(text[1:-1]) if text[0] == "'" else int(text)
            compare = COMPARE[match[1]]
            found = [(at, key) for at, key in found if compare(key, bound)]
        if query.operation == "count":
            return found
        if query.order_by and query.order_by[0].desc:
            found.reverse()
        start = query.start_line or 0
        count = 200 if query.line_count is None else query.line_count
        return found[start : start + min(count, self.cap)]

    def _row(self, query: QueryDef, at: int, key: int | str) -> str:
        attributes = {"@id": key, "@email": f"r{at}"}
        given = {
            (node.alias or node.expr).lstrip("@"): attributes[node.expr]
            for node in query.select
        }
        text = " ".join(f"{n}={quoteattr(str(value))}" for n, value in given.items())
        return f"<thing {text}/>"
