"""Pages that take and give files: upload, download, published ones (protocol.md §9)."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from .auth import Refused
from .carriers import presented
from .envelope import MAX_BYTES
from .files import NoRoom, extension_of
from .instance import Instance
from .multipart import BadForm, read_form
from .services.fileres import RESOURCES
from .web import HTML, Request, Response, plain

_PUBLISHED = "SELECT 1 FROM XtkFileRes WHERE sMd5 = ? AND tsPublished IS NOT NULL"
_FIELD = "file_noMd5"
_EXTENSION = re.compile(r"\.?\w{1,16}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}(; ?charset=[\w-]{1,30})?", re.A)
_BINARY = "application/octet-stream"
_NOSNIFF = ("X-Content-Type-Options", "nosniff")
# A script in a page, as a live server answers; clients look for the leading "Ok".
_UPLOADED = """Ok
<html xmlns="http://www.w3.org/1999/xhtml"><head><script type="text/javascript">\
if(window.parent&&window.parent.document.controller&&"function"==typeof \
window.parent.document.controller.uploadFileCallBack){{var aFilesInfo=new Array;\
aFilesInfo.push({facts}),\
window.parent.document.controller.uploadFileCallBack(aFilesInfo)}}</script></head>\
<body></body></html>
"""


def upload(instance: Instance, request: Request) -> Response:
    """Keep one file (multipart field ``file_noMd5``) and tell its md5.

    Operators who may only read are refused [assumed].
    """
    session = instance.authority.check(presented(request))
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
        md5 = instance.files.put(file.data)
    except NoRoom:
        return plain(413, "Error: the file is too large for this sandbox.")
    return Response(content_type=HTML, body=[_told(file.filename, md5)])


def _told(file_name: str, md5: str) -> bytes:
    facts = {
        "paramName": "file",
        "fileName": file_name,
        "newFileName": f"{md5}{extension_of(file_name)}",
        "md5": md5,
    }
    # Inside <script>, "</script>" would end it, even within a string.
    literal = json.dumps(facts).replace("<", "\\u003c")
    return _UPLOADED.format(facts=literal).encode()


def download(instance: Instance, request: Request) -> Response:
    """Send an uploaded file by its md5, under the name and type the caller wants."""
    instance.authority.check(presented(request))
    query = request.query
    data = instance.files.get(query.get("md5", ""))
    if data is None or not _EXTENSION.fullmatch(query.get("ext", "")):
        return plain(404, "Not found.")
    kind = query.get("contentType", "")
    name = quote(query.get("fileName") or query["md5"])
    disposition = ("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
    return Response(
        content_type=kind if _MEDIA_TYPE.fullmatch(kind) else _BINARY,
        headers=(disposition, _NOSNIFF),
        body=[data],
    )


def published_file(instance: Instance, request: Request) -> Response:
    """Send a published file to anybody, as a mail's reader would ask for it."""
    md5 = request.path.removeprefix(RESOURCES).partition(".")[0]
    rows = instance.world.databases.run("local", _PUBLISHED, [md5])
    published = any(batch.num_rows for batch in rows)
    data = instance.files.get(md5) if published else None
    if data is None:
        return plain(404, "Not found.")
    return Response(content_type=_BINARY, headers=(_NOSNIFF,), body=[data])
