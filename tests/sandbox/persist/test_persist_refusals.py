"""What is not written, and the words that say so (protocol.md §6, §12)."""

from __future__ import annotations

import pytest
from sandbox.persist.conftest import Bench

pytestmark = pytest.mark.pure

OF_TYPE = "Impossible to save document of type 'Recipients (nms:recipient)'."


def rcp(text: str, inner: str = "") -> str:
    return f'<recipient xtkschema="nms:recipient" {text}>{inner}</recipient>'


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (rcp('emial="x"'), "Unknown attribute 'emial' (see definition of schema"),
        (rcp("", '<location town="x"/>'), "Unknown attribute 'town'"),
        (rcp("", "<emails/>"), "Unknown element 'emails'"),
        (rcp("", "stray"), "The text 'stray' stands where no text may."),
        (
            rcp('gender="7"'),
            "The value '7' is not valid for the 'nms:recipient:gender'",
        ),
        (rcp('birthDate="1/2/3"'), "The value '1/2/3' of '@birthDate' is not a date."),
        (rcp('blackList="perhaps"'), "of '@blackList' is not a boolean."),
        (rcp('folder-id="12x"'), "The value '12x' of '@folder-id' is not a long."),
        (rcp('folder-id="2147483648"'), "of '@folder-id' is not a long."),
        (rcp('_operation="upsert"'), "Unknown _operation 'upsert'"),
        (rcp('_key="@emial" email="x"'), "'@emial' of _key is no stored value."),
        (rcp('_key="@email"'), "no value for '@email', which its _key names."),
        (rcp('_key="@email" email=""'), "no value for '@email', which its _key names."),
        (rcp('_key="[folder/@name]"'), "no value for 'folder/@name', which its _key"),
        (
            rcp('_operation="update" lastName="x"'),
            "gives no key to find its record by.",
        ),
        (
            rcp('_operation="insert" id="1001"'),
            '"nmsrecipient_id" DETAIL:  Key (irecip',
        ),
    ],
)
def test_causes(bench: Bench, document: str, cause: str):
    """Each names what is wrong, then the kind of document."""
    said = bench.refused(document)
    assert cause in said
    assert said.endswith(OF_TYPE)


def test_a_text_longer_than_its_column(bench: Bench):
    """What PostgreSQL says for a local table, and what the cloud says."""
    name = "x" * 101
    said = bench.refused(f'<option xtkschema="xtk:option" name="{name}"/>')
    assert said.startswith(
        "PGS-220000 PostgreSQL error: ERROR:  value too long for type "
        "character varying(100)"
    )
    said = bench.refused(rcp(f'salutation="{"y" * 65}"'))
    assert said.startswith("ODB-240000 ODBC error: String 'yyyy")
    bench.write(rcp(f'salutation="{"é" * 64}" email="long@r.test"'))


def test_a_unique_key_that_is_taken(bench: Bench):
    """The documented text of PostgreSQL (Adobe, "REST API limitations")."""
    service = (
        '<service xtkschema="nms:service" _operation="insert" name="{}" label="x"/>'
    )
    bench.write(service.format("SVCr"))
    assert bench.refused(service.format("SVCr")) == (
        "PGS-220000 PostgreSQL error: ERROR:  duplicate key value violates unique "
        'constraint "nmsservice_name" DETAIL:  Key (sname)=(SVCr) already exists. '
        "Impossible to save document of type 'Services (nms:service)'."
    )


def test_an_update_cannot_take_a_key_either(bench: Bench):
    """Renaming one record as another is called."""
    one, two = bench.write(
        '<service xtkschema="nms:service" name="SVCa" label="x"/>',
        '<service xtkschema="nms:service" name="SVCb" label="x"/>',
    )
    said = bench.refused(
        f'<service xtkschema="nms:service" id="{two.key[0]}" name="SVCa"/>'
    )
    assert "Key (sname)=(SVCa) already exists." in said
    assert one.key != two.key


def test_links_to_nothing(bench: Bench):
    """``none`` never makes the record it looks for."""
    said = bench.refused(rcp("", '<folder name="nowhere" _operation="none"/>'))
    assert "No record was found to link to (@name='nowhere')." in said


def test_a_key_does_not_change(bench: Bench):
    """A record found by its email keeps its id."""
    bench.write(rcp('email="keep@r.test"'))
    said = bench.refused(rcp('_key="@email" email="keep@r.test" id="123456789"'))
    assert "The record found has another '@id' than the document." in said


def test_documents_of_no_schema(bench: Bench):
    """xtkschema is missing, or the element is another's."""
    assert bench.refused("<recipient/>") == "<recipient> has no 'xtkschema' attribute."
    said = bench.refused('<recipients xtkschema="nms:recipient"/>')
    assert "Unknown element 'recipients'" in said
    said = bench.refused('<queryDef xtkschema="xtk:queryDef" schema="x"/>')
    assert said == "The schema 'xtk:queryDef' has no table to write to."


def test_a_document_of_two_hundred_levels(bench: Bench):
    """Refused before Python's stack is full."""
    deep = '<parent name="a">' * 200 + "</parent>" * 200
    said = bench.refused(f'<folder xtkschema="xtk:folder">{deep}</folder>')
    assert "The document is nested too deeply." in said
