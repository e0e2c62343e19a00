"""What the server answers besides SOAP (protocol.md §9): the table of its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from .auth import Refused
from .carriers import presented, presented_by_page
from .envelope import attributes, server_time
from .faults import Fault
from .file_pages import download, published_file, upload
from .identity import grant_token
from .instance import Instance
from .router import Provenance
from .services.fileres import RESOURCES
from .web import HTML, XML, Request, Response, plain
from .wsdl import build_wsdl, methods_of

SOAP_ROUTER = "/nl/jsp/soaprouter.jsp"
LOG_ON = "/nl/jsp/logon.jsp"

_QUEUE = 400
"""Events that may wait: what a live server was seen to allow."""

_PENDING = "SELECT COUNT(*) FROM NmsRtEvent WHERE iStatus = 0 AND iRtEventId <> 0"
_LOG_ON_PAGE = b"""<!DOCTYPE html>
<html><head><title>Adobe Campaign - Log on</title></head><body>
<p>This is a sandbox, it has no console: log on with xtk:session#Logon.</p>
</body></html>
"""


def redirection_test(instance: Instance, request: Request) -> Response:
    """Tell in one line of XML what the server is; needs no session."""
    world = instance.world
    facts = attributes(
        [
            ("status", "OK"),
            ("date", server_time(instance.now())),
            ("build", world.build),
            ("version", world.version),
            ("sha1", "sandbox"),
            ("instance", world.instance),
            ("sourceIP", request.remote_address),
            ("host", request.header("Host").partition(":")[0]),
            ("localHost", world.instance),
        ]
    )
    return Response(content_type=XML, body=[f"<redir{facts}/>".encode()])


def ping(instance: Instance, request: Request) -> Response:
    """Answer ``OK`` and the server's time."""
    instance.authority.check(presented(request))
    return plain(200, f"OK\n{server_time(instance.now())}\n")


def message_center_ping(instance: Instance, request: Request) -> Response:
    """Tell how many events of transactional messaging wait, of 400 that may."""
    instance.authority.check(presented(request))
    batches = instance.world.databases.run("local", _PENDING)
    waiting = sum(sum(batch.column(0).to_pylist()) for batch in batches)
    if waiting >= _QUEUE:
        return plain(200, f"Error\nThe queue is full ({waiting}/{_QUEUE})\n")
    time = server_time(instance.now())
    return plain(200, f"Ok\n{time}\n{waiting}/{_QUEUE} pending events\n")


def schema_wsdl(instance: Instance, request: Request) -> Response:
    """Describe a schema's methods as WSDL; without a session, redirect to log on."""
    try:
        instance.authority.check(presented_by_page(request))
    except Refused:
        target = quote(f"{request.path}?schema={request.query.get('schema', '')}")
        place = ("Location", f"{LOG_ON}?target={target}")
        return Response(status=302, headers=(place,))
    try:
        schema = instance.world.schema(request.query.get("schema", ""))
    except Fault as fault:
        return plain(404, f"{fault.code} {fault.text}")
    methods = methods_of(instance, schema)
    if not methods:
        return plain(404, f"The schema '{schema.id}' has no methods.")
    document = build_wsdl(schema, methods, f"{request.base}{SOAP_ROUTER}")
    return Response(content_type=XML, body=[document])


def log_on_page(instance: Instance, request: Request) -> Response:
    """Say where to log on, in the HTML that clients without a session end up with."""
    return Response(content_type=HTML, body=[_LOG_ON_PAGE])


@dataclass(frozen=True, slots=True)
class Page:
    """One address, who answers it and where its behaviour comes from."""

    verb: str
    path: str
    answer: Callable[[Instance, Request], Response]
    provenance: Provenance


PAGES = (
    Page("GET", "/r/test", redirection_test, "observed"),
    Page("GET", "/nl/jsp/ping.jsp", ping, "observed"),
    Page("GET", "/nl/jsp/mcPing.jsp", message_center_ping, "observed"),
    Page("GET", "/nl/jsp/schemawsdl.jsp", schema_wsdl, "documented"),
    Page("POST", "/nl/jsp/schemawsdl.jsp", schema_wsdl, "documented"),
    Page("GET", LOG_ON, log_on_page, "assumed"),
    Page("POST", "/nl/jsp/uploadFile.jsp", upload, "observed"),
    Page("GET", "/nl/jsp/downloadFile.jsp", download, "observed"),
    Page("GET", f"{RESOURCES}*", published_file, "assumed"),
    Page("POST", "/ims/token/v3", grant_token, "documented"),
)
"""What is served besides the SOAP router; ``*`` stands for any end of a path."""


def pages_at(path: str) -> dict[str, Page]:
    """Return the pages at a path, by method."""
    return {page.verb: page for page in PAGES if _is_at(page, path)}


def _is_at(page: Page, path: str) -> bool:
    if page.path.endswith("*"):
        return path.startswith(page.path[:-1])
    return page.path == path
