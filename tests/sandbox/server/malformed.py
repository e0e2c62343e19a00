"""Requests that no client should send: seven kinds, each from a seeded die."""

from __future__ import annotations

import gzip
import random
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

ROUTER = "/nl/jsp/soaprouter.jsp"
_WIRE = Path(__file__).with_name("wire")
_TOKENS = re.compile(rb"___[0-9a-f-]{36}|@[0-9a-f-]{36}==")


@dataclass(frozen=True)
class Sent:
    """One request, or, with ``raw``, bytes that only might be one."""

    kind: str
    verb: str = "POST"
    path: str = ROUTER
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    raw: bytes = field(default=b"", repr=False)


def captured_calls() -> list[tuple[str, bytes]]:
    """SOAPAction and body of what Adobe's client sends, without its tokens."""
    found = []
    for path in sorted(_WIRE.glob("*.txt")):
        head, _, rest = path.read_bytes().partition(b"\n\n")
        action = re.search(rb"^SoapAction: (.+)$", head, re.MULTILINE)
        # Log-off would end the session that gets all others past the door.
        if action and not action[1].endswith((b"#Logoff", b"#Logon")):
            body = _TOKENS.sub(b"", rest.partition(b"\n\n---")[0].strip())
            found.append((action[1].decode(), body))
    return found


CALLS = captured_calls()
SCHEMAS = [
    *["nms:recipient", "nms:delivery", "xtk:workflow", "xtk:option", "xtk:session"],
    *["nms:broadLogRcp", "xtk:srcSchema", "xtk:queryDef", "nms:nothing", "", ":", "|"],
]
METHODS = [
    *["ExecuteQuery", "Write", "WriteCollection", "DeleteCollection", "NewInstance"],
    *[
        "GetOption",
        "GetEntityIfMoreRecent",
        "Submit",
        "GetStatus",
        "Start",
        "PostEvent",
    ],
    *["SelectAll", "BuildQuery", "Duplicate", "Ingest", "GetNewIdsEx", "Nothing", "#"],
]
WORDS = [
    *["@id", "@email", "[folder/@name]", "folder", "[../@id]", "@", "[", "]", "(", ")"],
    *["'", '"', "''", "\\", "--", ";", "#", "##", "#2020-13-45#", "$(x)", "count(*)"],
    *[
        "Count(@id)",
        "GetDate()",
        "Iif(1,2",
        "NOT",
        "AND",
        "OR",
        "IN",
        "LIKE",
        "IS NULL",
    ],
    *[
        "=",
        "<>",
        "<",
        "%",
        "+",
        "0",
        "-1",
        "1e309",
        "9" * 40,
        "true",
        "é",
        "\x7f",
        "💥",
    ],
    *["1;DROP TABLE NmsRecipient", "' OR 1=1 --", "%s%n", "{0}", "../../etc/passwd"],
]
ATTRIBUTES = [
    *["expr", "alias", "schema", "operation", "lineCount", "startLine", "_operation"],
    *["_key", "xtkschema", "id", "email", "name", "groupBy", "boolOperator", "analyze"],
    *["setOperator", "sortDesc", "distinct", "folder-id", "state", "internalName"],
]
ELEMENTS = [
    *[
        "queryDef",
        "select",
        "node",
        "where",
        "condition",
        "orderBy",
        "subQuery",
        "having",
    ],
    *["recipient", "delivery", "workflow", "folder", "option", "srcSchema", "element"],
    *["recipient-collection", "variables", "soapCall", "param", "x", "_", "groupBy"],
]


def damaged(body: bytes, dice: random.Random) -> bytes:
    """Cut, repeat, flip or insert somewhere."""
    data = bytearray(body)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        length = dice.randint(0, 30)
        match dice.randrange(6):
            case 0:
                del data[at : at + length]
            case 1:
                data[at:at] = data[at : at + length] * dice.randint(1, 50)
            case 2:
                data[at:at] = bytes(dice.choices(range(256), k=length))
            case 3 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 4:
                del data[at:]
            case _:
                data[at:at] = dice.choice(WORDS).encode()
    return bytes(data)


def _damaged_call(dice: random.Random) -> Sent:
    action, body = dice.choice(CALLS)
    if dice.random() < 0.2:
        action = dice.choice(CALLS)[0]
    return Sent("damaged", headers=_soap(action), body=damaged(body, dice))


def _tree(dice: random.Random, depth: int = 0) -> str:
    """An element that might mean something, or a few hundred that do not."""
    name = dice.choice(ELEMENTS)
    attributes = "".join(
        f" {key}={quoteattr(_words(dice))}"
        for key in {dice.choice(ATTRIBUTES) for _ in range(dice.randint(0, 5))}
    )
    children = dice.randint(0, 4) if depth < 5 else 0
    inside = "".join(_tree(dice, depth + 1) for _ in range(children))
    return f"<{name}{attributes}>{escape(_clean(_words(dice)))}{inside}</{name}>"


def _words(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return dice.choice([*SCHEMAS, "select", "get", "count", "insert", "delete"])
    return _clean(" ".join(dice.choices(WORDS, k=dice.randint(0, 6))))


def _clean(text: str) -> str:
    return text.replace("\x7f", "?")


def _envelope(method: str, urn: str, parts: Sequence[str]) -> bytes:
    return (
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<SOAP-ENV:Body><m:{method} xmlns:m="urn:{urn}">{"".join(parts)}'
        f"</m:{method}></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()


def _invented_call(dice: random.Random) -> Sent:
    """A whole envelope, of any method of any service, with any parameters."""
    urn = dice.choice(SCHEMAS)
    if dice.random() < 0.4:
        urn = f"{dice.choice(['xtk:persist', 'xtk:jobInterface'])}|{urn}"
    method = dice.choice(METHODS).replace("#", "x")
    parts = [
        f"<p>{dice.choice([_tree(dice), escape(_words(dice)), ''])}</p>"
        for _ in range(dice.randint(0, 6))
    ]
    body = _envelope(method, escape(urn), parts)
    return Sent("invented", headers=_soap(f"{urn}#{method}"), body=body)


def _query(dice: random.Random) -> Sent:
    """A question whose parts are in place and whose expressions are not."""
    nodes = "".join(
        f"<node expr={quoteattr(_words(dice))} alias={quoteattr(_words(dice))}/>"
        for _ in range(dice.randint(0, 4))
    )
    where = (
        f"<where><condition expr={quoteattr(_words(dice))}/>{_tree(dice, 4)}</where>"
    )
    query = (
        f"<queryDef schema={quoteattr(dice.choice(SCHEMAS[:7]))} "
        f"operation={quoteattr(dice.choice(['select', 'get', 'count', 'x', '']))} "
        f"lineCount={quoteattr(dice.choice(['5', '-1', '', 'x', '9' * 30]))}>"
        f"<select>{nodes}</select>{where if dice.random() < 0.7 else ''}"
        f"<orderBy><node expr={quoteattr(_words(dice))}/></orderBy></queryDef>"
    )
    method = dice.choice(["ExecuteQuery", "SelectAll", "BuildQuery"])
    body = _envelope(method, "xtk:queryDef", ["<t/>", f"<e>{query}</e>"])
    return Sent("query", headers=_soap(f"xtk:queryDef#{method}"), body=body)


def _document(dice: random.Random) -> Sent:
    """A document to write whose values do not fit."""
    schema = dice.choice(SCHEMAS[:5])
    name = schema.partition(":")[2]
    attributes = "".join(
        f" {key}={quoteattr(_words(dice))}"
        for key in {dice.choice(ATTRIBUTES[6:]) for _ in range(dice.randint(0, 4))}
        if key != "xtkschema"
    )
    inside = _tree(dice, 4) if dice.random() < 0.5 else ""
    document = f"<{name} xtkschema={quoteattr(schema)}{attributes}>{inside}</{name}>"
    method = dice.choice(["Write", "Write", "WriteCollection", "Ingest", "IngestExt"])
    body = _envelope(method, "xtk:persist", ["<t/>", f"<d>{document}</d>"])
    return Sent("document", headers=_soap(f"xtk:persist#{method}"), body=body)


def _page(dice: random.Random) -> Sent:
    """A page with an address or a form that makes no sense."""
    pages = ["schemawsdl", "downloadFile", "uploadFile", "ping", "mcPing", "logon", "x"]
    path = dice.choice(
        [
            *(f"/nl/jsp/{page}.jsp" for page in pages),
            *[
                "/ims/token/v3",
                "/r/test",
                "/res/",
                "/sandbox/control/stats",
                "/",
                "//x",
            ],
        ]
    )
    if dice.random() < 0.8:
        names = ["schema", "md5", "ext", "fileName", "contentType", "__sessiontoken"]
        pairs = [
            f"{dice.choice(names)}={quote(_words(dice))}"
            for _ in range(dice.randint(0, 5))
        ]
        path += ("" if dice.random() < 0.9 else "/../") + "?" + "&".join(pairs)
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file_noMd5"; filename="a.txt"'
        b"\r\n\r\nx\r\n--b--\r\n"
    )
    kinds = ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"]
    kinds += ["multipart/form-data", "application/json", "text/xml; charset=latin-9"]
    token = b"grant_type=client_credentials&client_id=%ff&client_secret="
    return Sent(
        "page",
        verb=dice.choice(["GET", "GET", "POST", "POST", "PUT", "DELETE", "OPTIONS"]),
        path=path,
        headers={"Content-Type": dice.choice(kinds)},
        body=damaged(dice.choice([form, token, b"{}", b"[" * 500]), dice),
    )


def _encoded(dice: random.Random) -> Sent:
    """A body whose encoding is not what the header says."""
    action, body = dice.choice(CALLS)
    encoding, data = dice.choice(
        [
            ("gzip", damaged(gzip.compress(body, 1), dice)),
            ("gzip", gzip.compress(b"<a>" * dice.randint(1, 100_000), 9)),
            ("deflate", damaged(zlib.compress(body), dice)),
            ("br", body),
            ("gzip", body),
            ("", damaged(body.decode().encode("utf-16"), dice)),
            ("", b"\xff\xfe" + body),
        ]
    )
    charset = dice.choice(["utf-8", "iso-8859-1", "utf-7", "utf-16", "idna", "x" * 50])
    headers = {**_soap(action), "Content-Type": f"text/xml; charset={charset}"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Sent("encoded", headers=headers, body=data)


def _not_http(dice: random.Random) -> Sent:
    """Bytes on the socket: a request that was damaged, or never was one."""
    action, body = dice.choice(CALLS)
    length = dice.choice([len(body), len(body) + 5, 0, -1, 10**18])
    framing = dice.choice(
        [
            f"Content-Length: {length}",
            f"Content-Length: {len(body)}\r\nContent-Length: 1",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Expect: 100-continue",
            "X: " + "y" * dice.choice([10, 70_000]),
        ]
    )
    head = f"POST {ROUTER} HTTP/1.1\r\nHost: x\r\nSOAPAction: {action}\r\n{framing}\r\n"
    request = head.encode() + b"\r\n" + body
    if dice.random() < 0.2:
        request = bytes(dice.choices(range(256), k=dice.randint(1, 300)))
    elif dice.random() < 0.7:
        cut = dice.randint(1, 200)
        request = damaged(request[:cut], dice) + request[cut:]
    return Sent("not http", raw=request or b"\0")


def _soap(action: str) -> dict[str, str]:
    return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": _header(action)}


def _header(text: str) -> str:
    return text.encode("ascii", "replace").decode()


_KINDS: tuple[tuple[Callable[[random.Random], Sent], int], ...] = (
    (_damaged_call, 30),
    (_invented_call, 20),
    (_query, 15),
    (_document, 15),
    (_page, 10),
    (_encoded, 5),
    (_not_http, 5),
)


def malformed(seed: str) -> Sent:
    """Return the request of a seed: always the same one."""
    dice = random.Random(seed)
    make = dice.choices([kind for kind, _ in _KINDS], [w for _, w in _KINDS])[0]
    return make(dice)
