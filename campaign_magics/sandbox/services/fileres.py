"""xtk:fileRes: uploaded files that anybody may have (protocol.md §7, §9).

The upload page keeps the bytes; a record of xtk:fileRes names them by their md5.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ..business.refusals import Impossible
from ..files import extension_of
from ..instance import Call, Reply
from .business import changing, now, refusals, world_of

RESOURCES = "/res/"
"""Where published files are found."""

_FIND = "SELECT sMd5, sFileName FROM XtkFileRes WHERE sInternalName = ?"
_PUBLISH = (
    "UPDATE XtkFileRes SET tsPublished = ? "
    "WHERE sInternalName = ? AND tsPublished IS NULL"
)


@changing
def publish_if_needed(call: Call) -> Reply:
    """Let anybody have the file of a record from now on."""
    name, md5, _ = _record(call)
    if call.instance.files.get(md5) is None:
        raise Impossible(f"The file of the resource '{name}' was not uploaded.")
    stamp = datetime.fromtimestamp(now(call), UTC).replace(tzinfo=None)
    text = stamp.isoformat(sep=" ", timespec="milliseconds")
    world_of(call).databases.execute("local", _PUBLISH, [text, name])
    return Reply()


def get_url(call: Call) -> Reply:
    """Return the address of the file, which serves once it is published."""
    with refusals(call):
        _, md5, file_name = _record(call)
    address = f"{RESOURCES}{md5}{extension_of(file_name)}"
    return Reply(outputs=(f"{call.base}{address}",))


def _record(call: Call) -> tuple[str, str, str]:
    """Return internal name, md5 and file name of the stored record."""
    name = "" if call.entity is None else (call.entity.get("internalName") or "")
    for batch in world_of(call).databases.run("local", _FIND, [name]):
        for row in batch.to_pylist():
            return name, str(row["sMd5"] or ""), str(row["sFileName"] or "")
    raise Impossible(f"There is no resource '{name}': it must be written first.")
