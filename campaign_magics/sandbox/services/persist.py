"""xtk:persist, the interface of everything that is stored (protocol.md §4.1, §6)."""

from __future__ import annotations

import re

from ..faults import Fault
from ..instance import Call, Reply

_DECLARATION = re.compile(rb"^\s*<\?xml.*?\?>\s*", re.DOTALL)


def get_entity_if_more_recent(call: Call) -> Reply:
    """Return a compiled schema, unless the caller's md5 is the same.

    ``pk`` is ``xtk:schema|nms:recipient``.  The document is empty when nothing newer
    exists; ``mustExist`` turns an absent entity into XFR-180000.
    """
    kind, _, name = call.text(0).partition("|")
    known_md5, must_exist = call.text(1), call.flag(2)
    world = call.instance.world
    if kind != "xtk:schema" or name not in world.schema_ids():
        if must_exist:
            raise Fault("XFR-180000", f"Unable to find the entity '{kind}|{name}'.")
        return Reply(outputs=(None,))
    md5 = world.schema(name).md5
    if md5 and known_md5.upper() == md5.upper():
        return Reply(outputs=(None,))
    return Reply(outputs=(_DECLARATION.sub(b"", world.schema_xml(name), count=1),))
