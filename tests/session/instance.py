"""A small instance: two schemas, some recipients, one real HTTP server."""

from __future__ import annotations

import operator
import re
import sys

from lxml import etree
from soap.scripted import Heard, Says, Server, fault, response

SCHEMAS = {
    "nms:recipient": """
<schema namespace="nms" name="recipient" label="Recipients" md5="A1"
        implements="xtk:persist">
  <enumeration name="gender" basetype="byte" default="unknown">
    <value name="unknown" label="Not specified" value="0"/>
    <value name="male" label="Male" value="1"/>
    <value name="female" label="Female" value="2"/>
  </enumeration>
  <element name="recipient" label="Recipients" sqltable="NmsRecipient" autopk="true"
           dataSource="nms:extAccount:ffda">
    <key name="id" internal="true"><keyfield xpath="@id"/></key>
    <attribute name="id" type="long" sqlname="iRecipientId"/>
    <attribute name="email" label="Email" type="string" length="128"/>
    <attribute name="gender" label="Gender" type="byte" enum="gender"/>
    <attribute name="folder-id" type="long"/>
    <element name="folder" label="Folder" type="link" target="xtk:folder">
      <join xpath-src="@folder-id" xpath-dst="@id"/>
    </element>
  </element>
  <methods>
    <method name="Unsubscribe"><parameters>
      <param name="reason" type="string"/>
      <param name="done" type="boolean" inout="out"/>
    </parameters></method>
  </methods>
</schema>""",
    "xtk:folder": """
<schema namespace="xtk" name="folder" label="Folders" md5="B2">
  <element name="folder" sqltable="XtkFolder" autopk="true">
    <key name="id" internal="true"><keyfield xpath="@id"/></key>
    <attribute name="id" type="long"/><attribute name="label" type="string"/>
  </element>
</schema>""",
    "xtk:session": """
<schema namespace="xtk" name="session" label="Session" md5="C3">
  <interface name="persist">
    <method name="Write" static="true"><parameters>
      <param name="doc" type="DOMDocument"/></parameters></method>
    <method name="NewInstance"/>
  </interface>
  <element name="session"/>
  <methods>
    <method name="GetOption" static="true"><parameters>
      <param name="name" type="string"/>
      <param name="value" type="string" inout="out"/>
      <param name="type" type="byte" inout="out"/></parameters></method>
    <method name="GetServerTime" static="true" access="anonymous"><parameters>
      <param name="serverTime" type="datetime" inout="out"/></parameters></method>
  </methods>
</schema>""",
}
"""Compiled schemas as GetEntityIfMoreRecent hands them out (protocol.md §4.3)."""


_BOUND = re.compile(r"@id (>|<|<=|>=) (\d+)")
_COMPARE = {
    ">": operator.gt,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _recipient(key: int) -> str:
    n = key - 1000
    return (
        f"<recipient id='{key}' _pageKey='{key}' email='r{n}@example.test'"
        f" gender='{n % 3}'><folder label='Folder {n % 2}'/></recipient>"
    )


class Instance(Server):
    """Answers schemas, the list of them, and queries on ``rows`` recipients.

    ``cap`` is the most rows it ever returns, whatever a query asks for.
    """

    def __init__(self, rows: int = 7) -> None:
        super().__init__()
        self.rows = rows
        self.cap = sys.maxsize
        self.queries: list[etree._Element] = []
        self.before = self._route

    def _route(self, heard: Heard) -> Says | None:
        call = etree.fromstring(heard.body)[0][0]
        match heard.action.rpartition("#")[2]:
            case "GetEntityIfMoreRecent":
                return Says(self._schema(call[1].text or "", call[2].text or ""))
            case "ExecuteQuery":
                return Says(self._execute(call[1][0]))
            case "BuildQuery":
                sql = "<sql>SELECT R0.sEmail FROM NmsRecipient R0</sql>"
                return Says(response("BuildQuery", sql, "xtk:queryDef"))
        return None

    def _schema(self, pk: str, md5: str) -> bytes:
        text = SCHEMAS.get(pk.partition("|")[2], "")
        if md5 and f'md5="{md5}"' in text:
            text = ""
        return response("GetEntityIfMoreRecent", f"<pdomDoc>{text}</pdomDoc>")

    def _execute(self, query: etree._Element) -> bytes:
        self.queries.append(query)
        if query.get("schema") == "xtk:schema":
            content = "".join(
                f"<schema namespace='{name.split(':')[0]}' name='{name.split(':')[1]}'"
                f" label='Label of {name}'/>"
                for name in SCHEMAS
            )
            return self._output(f"<schema-collection>{content}</schema-collection>")
        if query.get("operation") == "count":
            return self._output(f"<recipient count='{self.rows}'/>")
        if query.get("operation") == "get":
            return fault("SOP-330011 Error while executing", "QRY-200001 No document")
        rows = "".join(map(_recipient, self._found(query)))
        return self._output(f"<recipient-collection>{rows}</recipient-collection>")

    def _found(self, query: etree._Element) -> list[int]:
        """Return keys in order: those within the conditions on @id, a page of them."""
        found = list(range(1000, 1000 + self.rows))
        for condition in query.iterfind("where/condition"):
            if match := _BOUND.fullmatch(condition.get("expr", "")):
                compare, bound = _COMPARE[match[1]], int(match[2])
                found = [key for key in found if compare(key, bound)]
        order = query.find("orderBy/node")
        if order is not None and order.get("sortDesc") == "true":
            found.reverse()
        start = int(query.get("startLine") or 0)
        count = min(int(query.get("lineCount") or 200), self.cap)
        return found[start : start + count]

    def _output(self, content: str) -> bytes:
        output = f"<pdomOutput xsi:type='ns:Element'>{content}</pdomOutput>"
        return response("ExecuteQuery", output, "xtk:queryDef")
