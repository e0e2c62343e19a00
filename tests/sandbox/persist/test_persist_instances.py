"""NewInstance and Duplicate: filled in, not stored (protocol.md §6, wire/15)."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.persist.conftest import ADMIN, Bench

from campaign_magics.sandbox.persist.causes import NotSaved
from campaign_magics.sandbox.persist.instances import duplicate, key_parts, new_instance

pytestmark = pytest.mark.pure


def filled(bench: Bench, text: str) -> etree._Element:
    document = etree.fromstring(text)
    schema = document.get("xtkschema")
    return etree.fromstring(new_instance(bench.world, document, schema, ADMIN))


def test_a_new_instance_has_defaults_and_its_future_id(bench: Bench):
    """Nothing is stored until the entity is written, under that very id."""
    entity = filled(bench, '<delivery label="Hello" xtkschema="nms:delivery"/>')
    assert entity.get("label") == "Hello"
    assert entity.get("_operation") == "insert"
    assert entity.get("internalName").startswith("DM")
    assert entity.get("state") == "0"
    assert entity.get("isModel") == "false"
    assert entity.get("created") == "2026-05-28 20:26:40.123Z"
    assert entity.find("scheduling").get("delayed") == "false"
    where = f"@id = {entity.get('id')}"
    assert bench.rows("nms:delivery", where, "@id") == []
    (made,) = bench.write(etree.tostring(entity, encoding="unicode"))
    assert str(made.key[0]) == entity.get("id")
    row = bench.one("nms:delivery", where, "@internalName", "@label")
    assert row == {"@internalName": entity.get("internalName"), "@label": "Hello"}


def test_an_entity_saved_twice_must_say_update(bench: Bench):
    """The second insert finds the id taken; an update goes through (SDK sample 5)."""
    entity = filled(bench, '<group label="g" xtkschema="nms:group"/>')
    text = etree.tostring(entity, encoding="unicode")
    bench.write(text)
    assert "duplicate key value" in bench.refused(text)
    entity.set("_operation", "update")
    entity.set("label", "changed")
    bench.write(etree.tostring(entity, encoding="unicode"))
    row = bench.one("nms:group", f"@id = {entity.get('id')}", "@label")
    assert row == {"@label": "changed"}


def test_ids_and_counters_are_not_given_twice(bench: Bench):
    """Two instances are two records."""
    one, two = (filled(bench, '<group xtkschema="nms:group"/>') for _ in range(2))
    assert one.get("id") != two.get("id")
    assert one.get("name") != two.get("name")


def test_a_copy_takes_over_all_but_what_is_its_own(bench: Bench):
    """``defOnDuplicate`` fields have defaults; the XML memo is copied."""
    (made,) = bench.write(
        '<delivery xtkschema="nms:delivery" internalName="DMi" label="Orig" state="95">'
        "<mailParameters><subject>Hi &amp; bye</subject></mailParameters></delivery>"
    )
    copy = etree.fromstring(
        duplicate(bench.world, f"nms:delivery|{made.key[0]}", ADMIN)
    )
    assert copy.get("label") == "Orig"
    assert copy.findtext("mailParameters/subject") == "Hi & bye"
    assert copy.get("state") == "0"
    assert copy.get("internalName") not in ("DMi", "", None)
    assert copy.get("id") != str(made.key[0])
    assert copy.get("_operation") == "insert"
    bench.write(etree.tostring(copy, encoding="unicode"))
    where = f"@id = {copy.get('id')}"
    assert bench.one("nms:delivery", where, "@label") == {"@label": "Orig"}


def test_a_copy_of_nothing(bench: Bench):
    """No such record; no such key."""
    for key in ("nms:delivery|999999999", "nms:delivery|1|2", "nms:delivery"):
        with pytest.raises(NotSaved):
            duplicate(bench.world, key, ADMIN)


def test_keys_with_bars_and_quotes_in_them():
    r"""``\|`` is a bar, ``\'`` a quote, ``\\`` a backslash."""
    assert key_parts("nms:recipient|1234") == ["nms:recipient", "1234"]
    assert key_parts(r"cus:x|a\|b|c\'d|e\\") == ["cus:x", "a|b", "c'd", "e\\"]
    assert key_parts("cus:x||b") == ["cus:x", "", "b"]
