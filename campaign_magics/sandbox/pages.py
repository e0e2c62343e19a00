"""What the server answers besides SOAP: tests, WSDL, files, tokens (protocol.md §9)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from .auth import Refused
from .carriers import presented, presented_by_page
from .envelope import MAX_BYTES, attributes, server_time
from .faults import Fault
from .files import NoRoom, extension_of
from .identity import grant_token
from .instance import Instance
from .multipart import BadForm, read_form
from .services.fileres import RESOURCES
from .web import HTML, TEXT, XML, Request, Response
from .wsdl import build_wsdl, methods_of

SOAP_ROUTER = "/nl/jsp/soaprouter.jsp"
LOG_ON = "/nl/jsp/logon.jsp"

Page = Callable[[Request], Response]

_QUEUE = 400
"""Events that may wait: what a live server was seen to allow."""

_PENDING = "SELECT COUNT(*) FROM NmsRtEvent WHERE iStatus = 0 AND iRtEventId <> 0"
_PUBLISHED = "SELECT 1 FROM XtkFileRes WHERE sMd5 = ? AND tsPublished IS NOT NULL"
_FIELD = "file_noMd5"
_EXTENSION = re.compile(r"\.?\w{1,16}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}(; ?charset=[\w-]{1,30})?", re.A)
_BINARY = "application/octet-stream"
_LOG_ON_PAGE = b"""<!DOCTYPE html>
<html><head><title>Adobe Campaign - Log on</title></head><body>
<p>This is a sandbox, it has no console: log on with xtk:session#Logon.</p>
</body></html>
"""
# A script in a page, as a live server answers; clients look for the leading "Ok".
_UPLOADED = """Ok
<html xmlns="http://www.w3.org/1999/xhtml"><head><script type="text/javascript">\
if(window.parent&&window.parent.document.controller&&"function"==typeof \
window.parent.document.controller.uploadFileCallBack){{var aFilesInfo=new Array;\
aFilesInfo.push({facts}),\
window.parent.document.controller.uploadFileCallBack(aFilesInfo)}}</script></head>\
<body></body></html>
"""


class Pages:
    """The pages of one instance: ``find`` gives the one for a request."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._pages: Mapping[tuple[str, str], Page] = {
            ("GET", "/r/test"): self._redirection_test,
            ("GET", "/nl/jsp/ping.jsp"): self._ping,
            ("GET", "/nl/jsp/mcPing.jsp"): self._message_center_ping,
            ("GET", "/nl/jsp/schemawsdl.jsp"): self._wsdl,
            ("POST", "/nl/jsp/schemawsdl.jsp"): self._wsdl,
            ("GET", LOG_ON): self._log_on,
            ("POST", "/nl/jsp/uploadFile.jsp"): self._upload,
            ("GET", "/nl/jsp/downloadFile.jsp"): self._download,
            ("POST", "/ims/token/v3"): self._token,
        }

    def find(self, verb: str, path: str) -> Page | None:
        """Return a page, None when there is none for the method and path."""
        if verb == "GET" and path.startswith(RESOURCES):
            return self._resource
        return self._pages.get((verb, path))

    def knows(self, path: str) -> bool:
        """Return whether the path has a page by some method."""
        return any(known == path for _, known in self._pages)

    def _redirection_test(self, request: Request) -> Response:
        world = self._instance.world
        facts = attributes(
            [
                ("status", "OK"),
                ("date", server_time(self._instance.now())),
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

    def _ping(self, request: Request) -> Response:
        self._instance.authority.check(presented(request))
        return plain(200, f"OK\n{server_time(self._instance.now())}\n")

    def _message_center_ping(self, request: Request) -> Response:
        """Tell how many events of transactional messaging wait."""
        self._instance.authority.check(presented(request))
        batches = self._instance.world.databases.run("local", _PENDING)
        waiting = sum(sum(batch.column(0).to_pylist()) for batch in batches)
        if waiting >= _QUEUE:
            return plain(200, f"Error\nThe queue is full ({waiting}/{_QUEUE})\n")
        time = server_time(self._instance.now())
        return plain(200, f"Ok\n{time}\n{waiting}/{_QUEUE} pending events\n")

    def _wsdl(self, request: Request) -> Response:
        """Describe a schema's methods; who has no session is sent to log on."""
        try:
            self._instance.authority.check(presented_by_page(request))
        except Refused:
            target = quote(f"{request.path}?schema={request.query.get('schema', '')}")
            place = ("Location", f"{LOG_ON}?target={target}")
            return Response(status=302, headers=(place,))
        schema_id = request.query.get("schema", "")
        try:
            schema = self._instance.world.schema(schema_id)
        except Fault as fault:
            return plain(404, f"{fault.code} {fault.text}")
        methods = methods_of(self._instance, schema)
        if not methods:
            return plain(404, f"The schema '{schema.id}' has no methods.")
        document = build_wsdl(schema, methods, f"{request.base}{SOAP_ROUTER}")
        return Response(content_type=XML, body=[document])

    def _log_on(self, request: Request) -> Response:
        return Response(content_type=HTML, body=[_LOG_ON_PAGE])

    def _token(self, request: Request) -> Response:
        return grant_token(self._instance.authority, request)

    def _upload(self, request: Request) -> Response:
        """Keep one file and tell its md5.  Reading rights alone are not enough."""
        session = self._instance.authority.check(presented(request))
        if not session.operator.rights:
            raise Refused("XTK-170019 Access denied: you only have the right to read.")
        body = request.body(MAX_BYTES)
        try:
            form = read_form(body, request.header("Content-Type"))
        except BadForm as exc:
            return plain(400, f"Error: {exc}.")
        file = next((part for part in form if part.name == _FIELD), None)
        if file is None or not file.filename:
            return plain(400, f"Error: the form has no file '{_FIELD}'.")
        try:
            md5 = self._instance.files.put(file.data)
        except NoRoom:
            return plain(413, "Error: the file is too large for this sandbox.")
        facts = {
            "paramName": "file",
            "fileName": file.filename,
            "newFileName": f"{md5}{extension_of(file.filename)}",
            "md5": md5,
        }
        # Inside <script>, "</script>" would end it, even within a string.
        literal = json.dumps(facts).replace("<", "\\u003c")
        answer = _UPLOADED.format(facts=literal)
        return Response(content_type=HTML, body=[answer.encode()])

    def _download(self, request: Request) -> Response:
        """Send a file by its md5, under the name and type the caller wants."""
        self._instance.authority.check(presented(request))
        query = request.query
        data = self._instance.files.get(query.get("md5", ""))
        if data is None or not _EXTENSION.fullmatch(query.get("ext", "")):
            return plain(404, "Not found.")
        kind = query.get("contentType", "")
        name = quote(query.get("fileName") or query["md5"])
        return Response(
            content_type=kind if _MEDIA_TYPE.fullmatch(kind) else _BINARY,
            headers=(
                ("Content-Disposition", f"attachment; filename*=UTF-8''{name}"),
                ("X-Content-Type-Options", "nosniff"),
            ),
            body=[data],
        )

    def _resource(self, request: Request) -> Response:
        """Send a published file to anybody, as a mail's reader would ask for it."""
        md5 = request.path.removeprefix(RESOURCES).partition(".")[0]
        world = self._instance.world
        rows = world.databases.run("local", _PUBLISHED, [md5])
        published = any(batch.num_rows for batch in rows)
        data = self._instance.files.get(md5) if published else None
        if data is None:
            return plain(404, "Not found.")
        nosniff = ("X-Content-Type-Options", "nosniff")
        return Response(content_type=_BINARY, headers=(nosniff,), body=[data])


def plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """Return an answer of one text."""
    return Response(
        status=status, content_type=TEXT, body=[text.encode()], headers=headers
    )
