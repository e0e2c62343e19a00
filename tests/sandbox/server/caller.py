"""A client that shares no code with the server: http.client and regular expressions."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

ROUTER = "/nl/jsp/soaprouter.jsp"
EXPIRED = "XSV-350008 Session has expired or is invalid. Please reconnect."
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_ENVELOPE = (
    '<SOAP-ENV:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>'
    '<m:{method} xmlns:m="urn:{urn}">{parts}</m:{method}>'
    "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


def parsed(body: bytes) -> etree._Element:
    """Parse an answer; ``urn:xtk:persist|nms:delivery`` is no URI to libxml2."""
    root = etree.fromstring(body, etree.XMLParser(recover=True))
    assert body.endswith(b"</SOAP-ENV:Envelope>")
    return root


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def fault(self) -> tuple[str, str, str] | None:
        """faultcode, faultstring and detail; None when it is no fault."""
        found = parsed(self.body).find(f"{SOAP}Body/{SOAP}Fault")
        if found is None:
            return None
        return tuple(
            found.findtext(n) or "" for n in ("faultcode", "faultstring", "detail")
        )

    def output(self, name: str) -> str:
        """The text of an output."""
        found = re.search(f"<{name}[^>]*>([^<]*)</{name}>", self.text)
        assert found, self.text
        return found[1]

    def payload(self) -> Any:
        """The first document inside an output, namespaces dropped."""
        root = parsed(self.body)
        for element in root.iter(etree.Element):
            element.tag = etree.QName(element).localname
        return root.find("Body")[0][0][0]


def faultstring(answer: Answer) -> str:
    """The message of an answer that must be a fault, sent as HTTP 200."""
    assert answer.status == 200
    assert answer.fault is not None, answer.text
    return answer.fault[1]


class Caller:
    """One keep-alive connection and, once logged on, its tokens."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.tokens: dict[str, str] = {}

    def send(
        self,
        verb: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        self.connection.request(verb, path, body, headers or {})
        response = self.connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())

    def call(
        self, urn: str, method: str, *parts: str, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a SOAP call; ``parts`` are XML after the (empty) session token."""
        wrapped = "".join(f"<p>{part}</p>" for part in parts)
        body = _ENVELOPE.format(
            method=method, urn=urn, parts=f"<sessiontoken/>{wrapped}"
        )
        sent = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f"{urn}#{method}",
            **self.tokens,
            **(headers or {}),
        }
        return self.send("POST", ROUTER, body.encode(), sent)

    def log_on(self, user: str = "admin", password: str = "admin") -> Answer:
        answer = self.call("xtk:session", "Logon", escape(user), escape(password), "")
        if answer.status == 200:
            self.tokens = {
                "Cookie": f"__sessiontoken={answer.output('pstrSessionToken')}",
                "X-Security-Token": answer.output("pstrSecurityToken"),
            }
        return answer

    def query(self, schema: str, select: str, **attributes: str) -> Answer:
        """ExecuteQuery of one expression."""
        more = "".join(f' {name}="{value}"' for name, value in attributes.items())
        return self.call(
            "xtk:queryDef",
            "ExecuteQuery",
            f'<queryDef schema="{schema}"{more}><select><node expr="{select}"/>'
            "</select></queryDef>",
        )

    def close(self) -> None:
        self.connection.close()
