"""xtk:builder: packages of entities (protocol.md §7)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from ...xtk.xml import children, local_name
from ..business.refusals import Impossible
from ..instance import Call, Reply
from ..persist.save import write_documents
from .business import author, changing, document, world_of


@changing
def install_package(call: Call) -> Reply:
    """Write every entity of the packages, all or none, in the order they stand.

    Entities are all a package may hold here.  An entity that says no ``_operation`` is
    inserted or updated, as by Write.
    """
    root = document(call, 0)
    if root is None or local_name(root) not in ("pkgDesc", "package"):
        raise Impossible("The package is missing: it is given as <pkgDesc>.")
    packages = [root] if local_name(root) == "package" else children(root, "package")
    entities = [entity for package in packages for entity in _entities(package)]
    if not entities:
        raise Impossible("The package holds no entities.")
    write_documents(world_of(call), entities, author(call))
    return Reply()


def _entities(package: etree._Element) -> Iterator[etree._Element]:
    for holder in package:
        name = local_name(holder)
        if name and name != "entities":
            raise Impossible(f"SBX-100001 The sandbox installs entities, not <{name}>.")
        for entity in filter(local_name, holder):
            entity.set("xtkschema", str(holder.get("schema") or ""))
            yield entity
