"""Write and WriteCollection: operations, keys, links, collections.

Expected values: Adobe's "Data oriented APIs", protocol.md §6 and §10.
"""

from __future__ import annotations

import pytest
from sandbox.persist.conftest import Bench

pytestmark = pytest.mark.pure


def rcp(text: str, inner: str = "") -> str:
    return f'<recipient xtkschema="nms:recipient" {text}>{inner}</recipient>'


def test_an_insert_with_a_link_and_every_odd_character(bench: Bench):
    """The document that Adobe's own client sends (wire/07)."""
    bench.write(
        rcp(
            '_operation="insert" email="o\'neil@w.test"'
            ' lastName="O\'Neil &quot;é&quot; &lt;&amp;&gt;&#xA;2nd line"'
            ' birthDate="1980-01-15" blackListEmail="false"',
            '<folder _operation="none" name="nmsRootFolder"/><location city="Paris"/>',
        )
    )
    paths = ("@lastName", "@birthDate", "location/@city", "folder/@name")
    assert bench.one("nms:recipient", "@email = 'o\\'neil@w.test'", *paths) == {
        "@lastName": 'O\'Neil "é" <&>\n2nd line',
        "@birthDate": "1980-01-15",
        "location/@city": "Paris",
        "folder/@name": "nmsRootFolder",
    }


def test_new_records_get_defaults_times_and_operators(bench: Bench):
    """The folder is the root of its model; absent numbers are 0, texts empty."""
    (made,) = bench.write(rcp('email="defaults@w.test"'))
    paths = ("@id", "@created", "@lastModified", "@createdBy-id", "@modifiedBy-id",
             "folder/@name", "location/@countryCode", "@gender", "@lastName",
             "@birthDate")  # fmt: skip
    row = bench.one("nms:recipient", "@email = 'defaults@w.test'", *paths)
    assert row == {
        "@id": str(made.key[0]),
        "@created": "2026-05-28 20:26:40.123Z",
        "@lastModified": "2026-05-28 20:26:40.123Z",
        "@createdBy-id": "1059",
        "@modifiedBy-id": "1059",
        "folder/@name": "nmsRootFolder",
        "location/@countryCode": "XX",
        "@gender": "0",
        "@lastName": "",
        "@birthDate": "",
    }
    assert made.is_new
    assert not made.was_keyed


def test_insert_or_update_is_the_default(bench: Bench):
    """The first call makes the record, the second changes what it names."""
    bench.write(rcp('_key="@email" email="twice@w.test" lastName="A" firstName="B"'))
    bench.clock.seconds += 60
    bench.write(rcp('_key="@email" email="twice@w.test" lastName="C"'))
    bench.clock.seconds -= 60
    paths = ("@lastName", "@firstName", "@created", "@lastModified")
    assert bench.one("nms:recipient", "@email = 'twice@w.test'", *paths) == {
        "@lastName": "C",
        "@firstName": "B",
        "@created": "2026-05-28 20:26:40.123Z",
        "@lastModified": "2026-05-28 20:27:40.123Z",
    }


def test_an_empty_attribute_clears(bench: Bench):
    """``attr=""``: text and date become null, a number 0, memo text goes."""
    full = 'lastName="A" birthDate="1956/05/04" gender="2"'
    bench.write(
        rcp(f'_key="@email" email="clear@w.test" {full}', "<comment>x</comment>")
    )
    paths = ("@lastName", "@birthDate", "@gender", "comment")
    where = "@email = 'clear@w.test'"
    assert bench.one("nms:recipient", where, *paths) == {
        "@lastName": "A",
        "@birthDate": "1956-05-04",
        "@gender": "2",
        "comment": "x",
    }
    empty = 'lastName="" birthDate="" gender=""'
    bench.write(rcp(f'_key="@email" email="clear@w.test" {empty}', "<comment/>"))
    assert bench.one("nms:recipient", where, *paths) == {
        "@lastName": "",
        "@birthDate": "",
        "@gender": "0",
        "comment": "",
    }


def test_update_and_delete_of_what_is_not_there_do_nothing(bench: Bench):
    """Update: "does nothing if the data does not exist"."""
    update = '_operation="update" _key="@email" email="nobody@w.test"'
    (done,) = bench.write(rcp(update))
    assert done.key == ()
    bench.write(rcp('_operation="delete" _key="@email" email="nobody@w.test"'))
    assert bench.rows("nms:recipient", "@email = 'nobody@w.test'", "@id") == []


def test_a_missing_update_leaves_its_linked_entities_alone(bench: Bench):
    """The links of a record that is not there are not written."""
    linked = '<rcpGrpRel><rcpGroup name="GRPghost" label="x"/></rcpGrpRel>'
    bench.write(rcp('_operation="update" _key="@email" email="no@w.test"', linked))
    assert bench.rows("nms:group", "@name = 'GRPghost'", "@id") == []


@pytest.mark.parametrize(
    "key", ["@email, [@folder-id]", "email, [folder-id]", "[folder/@id], @email"]
)
def test_keys_are_written_with_or_without_brackets_and_at_signs(bench: Bench, key: str):
    """Adobe's samples write ``_key="email, [folder-id]"`` too."""
    email = f"key{len(key)}@w.test"
    given = f'email="{email}" folder-id="1004" _key="{key}"'
    bench.write(rcp(f'{given} lastName="A"'))
    bench.write(rcp(f'{given} lastName="B"'))
    bench.write(rcp(f'{given.replace("1004", "1005")} lastName="C"'))
    rows = bench.rows("nms:recipient", f"@email = '{email}'", "@lastName", "@folder-id")
    assert sorted((r["@lastName"], r["@folder-id"]) for r in rows) == [
        ("B", "1004"),
        ("C", "1005"),
    ]


def test_a_key_over_a_link(bench: Bench):
    """Adobe's example 1: the folder is found by name, the recipient in it by email."""
    folder = '<folder name="nmsProspects" _operation="none"/>'
    for name in ("Doe", "Roe"):
        key = '_key="[folder/@name], @email"'
        bench.write(rcp(f'{key} email="jd@w.test" lastName="{name}"', folder))
    assert bench.one("nms:recipient", "@email = 'jd@w.test'", "@lastName") == {
        "@lastName": "Roe"
    }


def test_without_a_key_the_schema_decides(bench: Bench):
    """The id, else the first key whose parts are all given, else a new record."""
    bench.write('<option xtkschema="xtk:option" name="W_Opt" stringValue="a"/>')
    bench.write('<option xtkschema="xtk:option" name="W_Opt" stringValue="b"/>')
    paths = ("@id", "@stringValue")
    found = bench.one("xtk:option", "@name = 'W_Opt'", *paths)
    assert found["@stringValue"] == "b"
    renamed = f'<option xtkschema="xtk:option" id="{found["@id"]}" name="W_Opt2"/>'
    bench.write(renamed)
    assert bench.one("xtk:option", "@name = 'W_Opt2'", *paths) == found


def test_a_linked_entity_is_written_by_the_same_rules(bench: Bench):
    """Adobe's example 2 with a group: found by its own key, made or changed."""
    relation = (
        '<rcpGrpRel _key="[rcpGroup/@name]"><rcpGroup name="GRPw" {}/></rcpGrpRel>'
    )
    keyed = '_key="@email" email="group@w.test"'
    bench.write(rcp(keyed, relation.format('label="One"')))
    bench.write(rcp(keyed, relation.format('label="Two"')))
    group = bench.one("nms:group", "@name = 'GRPw'", "@id", "@label")
    assert group["@label"] == "Two"
    relations = bench.rows(
        "nms:rcpGrpRel", f"[@rcpGroup-id] = {group['@id']}", "recipient/@email"
    )
    assert relations == [{"recipient/@email": "group@w.test"}]


def test_a_relation_is_taken_away_and_its_ends_stay(bench: Bench):
    """``_operation="delete"`` on the row of a relation table."""
    keyed = '_key="@email" email="leaves@w.test"'
    row = '<rcpGrpRel {} _key="[rcpGroup/@name]"><rcpGroup name="GRPl"/></rcpGrpRel>'
    bench.write(rcp(keyed, row.format("")))
    bench.write(rcp(keyed, row.format('_operation="delete"')))
    where = "[recipient/@email] = 'leaves@w.test'"
    assert bench.rows("nms:rcpGrpRel", where, "@recipient-id") == []
    assert bench.one("nms:group", "@name = 'GRPl'", "@name")
    assert bench.one("nms:recipient", "@email = 'leaves@w.test'", "@email")


def test_rows_of_a_collection_belong_to_their_parent(bench: Bench):
    """Values of an enumeration, inserted and updated with it."""
    keyed = '<enum xtkschema="xtk:enum" name="wColour">{}</enum>'
    red, blue = '<enumValue name="red" label="{}"/>', '<enumValue name="blue"/>'
    bench.write(keyed.format(red.format("Red") + blue))
    bench.write(keyed.format(red.format("Rouge")))
    rows = bench.rows("xtk:enumValue", "[enum/@name] = 'wColour'", "@name", "@label")
    assert sorted((r["@name"], r["@label"]) for r in rows) == [
        ("blue", ""),
        ("red", "Rouge"),
    ]


def test_none_finds_a_record_and_writes_only_what_it_holds(bench: Bench):
    """The folder keeps its label; the recipient in it is made."""
    bench.write(
        '<folder xtkschema="xtk:folder" _operation="none" name="nmsPartners" label="X">'
        '<recipient email="inside@w.test"/></folder>'
    )
    row = bench.one("nms:recipient", "@email = 'inside@w.test'", "folder/@label")
    assert row == {"folder/@label": "Partner's contacts"}


def test_what_new_instance_adds_for_display_is_no_link(bench: Bench):
    """``<folder _cs="…"/>`` comes back with what NewInstance gave."""
    given = 'email="cs@w.test" folder-id="1005"'
    bench.write(rcp(given, '<folder _cs="Prospects"/><createdBy _cs="Admin"/>'))
    row = bench.one("nms:recipient", "@email = 'cs@w.test'", "folder/@name")
    assert row == {"folder/@name": "nmsProspects"}


def test_a_collection_is_written_as_if_one_after_the_other(bench: Bench):
    """The second document finds what the first made, and a third deletes it."""
    keyed = '_key="@email" email="chain@w.test"'
    first, second, third = bench.write(
        rcp(f'{keyed} lastName="A"'),
        rcp(f'{keyed} firstName="B"'),
        rcp('_key="@email" email="chain2@w.test"'),
    )
    assert first.key == second.key != third.key
    row = bench.one(
        "nms:recipient", "@email = 'chain@w.test'", "@lastName", "@firstName"
    )
    assert row == {"@lastName": "A", "@firstName": "B"}
    bench.write(
        rcp('_operation="delete" _key="@email" email="chain@w.test"'),
        rcp(f'{keyed} lastName="Z"'),
    )
    row = bench.one(
        "nms:recipient", "@email = 'chain@w.test'", "@lastName", "@firstName"
    )
    assert row == {"@lastName": "Z", "@firstName": ""}


def test_computed_fields_come_back_unheeded(bench: Bench):
    """What a query answered can be written again: age and domain are worked out."""
    bench.write(
        rcp('email="calc@w.test" birthDate="2000-01-01" age="99" domain="else"')
    )
    row = bench.one("nms:recipient", "@email = 'calc@w.test'", "@age", "@domain")
    assert row == {"@age": "26", "@domain": "w.test"}


def test_one_bad_document_keeps_all_others_out(bench: Bench):
    """A collection that fails changes nothing, in neither database."""
    group = '<rcpGrpRel><rcpGroup name="GRPundone"/></rcpGrpRel>'
    cause = bench.refused(
        rcp('email="undone@w.test"', group), rcp('email="u2@w.test" gender="invalid"')
    )
    assert cause == (
        "The value 'invalid' is not valid for the 'nms:recipient:gender' enumeration "
        "of the '@gender' field. Impossible to save document of type "
        "'Recipients (nms:recipient)'."
    )
    bench.refused(
        rcp('email="undone@w.test"', group),
        '<option xtkschema="xtk:option" _operation="insert" name="XtkDatabaseId"/>',
    )
    assert bench.rows("nms:recipient", "@email = 'undone@w.test'", "@id") == []
    assert bench.count("NmsGroup", "local", "sName = 'GRPundone'") == 0


def test_a_key_given_in_the_document_moves_the_sequence_on(bench: Bench):
    """An id of one's own is never given out again."""
    (made,) = bench.write('<group xtkschema="nms:group" label="x"/>')
    own = made.key[0] + 2
    bench.write(f'<group xtkschema="nms:group" id="{own}" label="own"/>')
    rest = [
        one.key[0]
        for one in bench.write(*['<group xtkschema="nms:group" label="x"/>'] * 3)
    ]
    assert own not in rest
    assert len(set(rest)) == 3


def test_uuid_keys_are_made_by_the_server(bench: Bench):
    """Logs in the cloud have text keys (autouuid)."""
    log = '<broadLogRcp xtkschema="nms:broadLogRcp" {} address="uuid@w.test"/>'
    first, second = bench.write(log.format(""), log.format('id="my-own"'))
    assert len(first.key[0]) == 36
    assert not first.was_keyed
    assert second.key == ("my-own",)
    assert second.was_keyed


def test_a_document_can_go_to_the_staging_table(bench: Bench):
    """``into`` names another schema of the same fields; the cloud sees nothing."""
    (made,) = bench.write(rcp('email="staged@w.test"'), into="nms:recipientStg")
    row = bench.one("nms:recipientStg", f"@id = {made.key[0]}", "@email", "@folder-id")
    assert row == {"@email": "staged@w.test", "@folder-id": "1003"}
    assert bench.rows("nms:recipient", "@email = 'staged@w.test'", "@id") == []


def test_dates_numbers_and_flags_in_each_of_their_forms(bench: Bench):
    """protocol.md §10: both date forms, offsets, true/1, decimals with a point."""
    bench.write(
        '<delivery xtkschema="nms:delivery" label="w" internalName="DMw1" isModel="1">'
        '<scheduling contactDate="2026-07-05T14:11:31.9861+02:00" delayed="true"/>'
        '<indicators amount="1234.5" processed="12"/></delivery>'
    )
    paths = ("@isModel", "scheduling/@contactDate", "scheduling/@delayed",
             "indicators/@amount", "indicators/@processed")  # fmt: skip
    assert bench.one("nms:delivery", "@internalName = 'DMw1'", *paths) == {
        "@isModel": "1",
        "scheduling/@contactDate": "2026-07-05 12:11:31.986Z",
        "scheduling/@delayed": "1",
        "indicators/@amount": "1234.5",
        "indicators/@processed": "12",
    }
