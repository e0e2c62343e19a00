"""xtk:persist, the interface of everything that is stored (protocol.md §4.1, §6)."""

from __future__ import annotations

from lxml import etree

from ..faults import Fault
from ..instance import Call, Instance, Reply


def get_entity_if_more_recent(call: Call) -> Reply:
    """Return a schema, unless the caller's md5 is the same.

    ``pk`` is ``xtk:schema|nms:recipient`` for the compiled form,
    ``xtk:srcSchema|nms:recipient`` for the source.  The document is empty when nothing
    newer exists; ``mustExist`` turns an absent entity into XFR-180000.
    """
    kind, _, name = call.text(0).partition("|")
    document = _entity(call.instance, kind, name)
    if document is None:
        if call.flag(2):
            raise Fault("XFR-180000", f"Unable to find the entity '{kind}|{name}'.")
        return Reply(outputs=(None,))
    root = etree.fromstring(document)
    md5 = call.text(1).strip().upper()
    if md5 and md5 == (root.get("md5") or "").upper():
        return Reply(outputs=(None,))
    return Reply(outputs=(etree.tostring(root, encoding="utf-8", with_tail=False),))


def _entity(instance: Instance, kind: str, name: str) -> bytes | None:
    world = instance.world
    if kind == "xtk:schema" and name in world.schema_ids():
        return world.schema_xml(name)
    if kind == "xtk:srcSchema" and name in world.source_ids():
        return world.source_xml(name)
    return None
