"""The standard schemas that ship with the sandbox."""

from __future__ import annotations

import pytest
from lxml import etree

from campaign_magics.sandbox.data import standard_sources

pytestmark = pytest.mark.pure

EXPECTED = {
    "nms:recipient", "nms:group", "nms:rcpGrpRel", "nms:service", "nms:subscription",
    "nms:subHisto", "nms:delivery", "nms:deliveryMapping", "nms:broadLogRcp",
    "nms:broadLogMsg", "nms:trackingLogRcp", "nms:trackingUrl", "nms:country",
    "nms:replicationStrategy", "nms:rtEvent", "xtk:folder", "xtk:workflow",
    "xtk:workflowLog", "xtk:workflowTask", "xtk:workflowEvent", "xtk:option",
    "xtk:operator", "xtk:enum", "xtk:enumValue", "xtk:session", "xtk:queryDef",
    "xtk:job", "xtk:jobLog", "xtk:schema", "xtk:srcSchema", "xtk:counter", "xtk:common",
    "nms:common", "xtk:builder", "xtk:fileRes",
}  # fmt: skip


def test_every_standard_schema_ships() -> None:
    """What the sandbox promises is there, under its full name."""
    assert set(standard_sources()) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_file_holds_the_source_schema_it_is_named_after(name: str) -> None:
    """The file name and the document agree, and the root element is there."""
    root = etree.fromstring(standard_sources()[name])
    assert root.tag == "srcSchema"
    assert f"{root.get('namespace')}:{root.get('name')}" == name
    names = {element.get("name") for element in root.findall("element")}
    assert root.get("name") in names or root.get("library") == "true"
