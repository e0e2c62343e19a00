"""XML from outside: what is accepted, and what is refused before it can hurt."""

import pytest

from campaign_magics.xtk.xml import XmlError, child, children, local_name, parse_xml

pytestmark = pytest.mark.pure

LATIN = "<?xml version='1.0' encoding='ISO-8859-1'?><a b='é'>ö</a>"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("<a b='é'>ö</a>", id="text"),
        pytest.param(LATIN, id="text whose declaration names an encoding"),
        pytest.param("\ufeff<a b='é'>ö</a>", id="text with a byte order mark"),
        pytest.param("\n  <?xml version='1.0'?><a b='é'>ö</a>", id="text of a cell"),
        pytest.param("<a b='é'>ö</a>".encode(), id="UTF-8"),
        pytest.param("\ufeff<a b='é'>ö</a>".encode(), id="UTF-8 with a mark"),
        pytest.param(
            b"<?xml version='1.0' encoding='utf-8'?>" + "<a b='é'>ö</a>".encode(),
            id="UTF-8 declared",
        ),
        pytest.param(LATIN.encode("latin-1"), id="ISO-8859-1"),
        pytest.param(
            LATIN.replace("ISO-8859-1", "windows-1252").encode("cp1252"),
            id="Windows-1252",
        ),
        pytest.param("<a b='é'>ö</a>".encode("utf-16"), id="UTF-16"),
        pytest.param(
            "<!-- c --><?p i?><a b='é'><!-- c --><![CDATA[ö]]><?p?></a>", id="extras"
        ),
    ],
)
def test_every_way_to_write_a_document_reads_the_same(data):
    root = parse_xml(data)
    assert (root.tag, root.get("b"), "".join(root.itertext("a"))) == ("a", "é", "ö")


LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>
<a x="&c;">&c;</a>"""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LAUGHS, id="expansion bomb"),
        pytest.param(LAUGHS.encode("utf-16"), id="expansion bomb in UTF-16"),
        pytest.param(
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
            id="file",
        ),
        pytest.param(
            "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>", id="address"
        ),
        pytest.param("<!-- x -->\n<?p?><!DOCTYPE a><a/>", id="behind a comment"),
    ],
)
def test_a_document_type_is_refused(data):
    with pytest.raises(XmlError, match="a document type is not accepted"):
        parse_xml(data)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        ("", "Document is empty"),
        ("hello", "'<' not found"),
        ("<a>", "Premature end"),
        ("<a></b>", "mismatch"),
        ("<a/><b/>", "Extra content"),
        ("<a>&nbsp;</a>", "Entity 'nbsp' not defined"),
        ("<a b='&x;'/>", "Entity 'x' not defined"),
        ("<a b='1' b='2'/>", "Attribute b redefined"),
        ("<x:a/>", "Namespace prefix x"),
        ("<a>\x01</a>", "invalid Char"),
        ("<a>\ud800</a>", "half of a surrogate pair"),
        ("<a>ö</a>".encode("latin-1"), "Invalid bytes"),
        (b"\xff\xfe<", "not utf-16"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "utf-7 is not supported"),
    ],
)
def test_a_broken_document_says_why_in_one_line(data, cause):
    with pytest.raises(XmlError, match=cause) as caught:
        parse_xml(data)
    assert "\n" not in str(caught.value)


def test_an_error_counts_lines_from_the_top_of_what_was_given():
    with pytest.raises(XmlError) as caught:
        parse_xml("\n\n<a>\n  <b>\n</a>")
    assert caught.value.line == 5


@pytest.mark.parametrize("levels", [101, 10_000, 1_000_000])
def test_deep_nesting_is_refused(levels):
    with pytest.raises(XmlError, match="nested more than 100 deep"):
        parse_xml("<a>" * levels + "</a>" * levels)


def test_nesting_up_to_the_limit_is_read():
    assert parse_xml("<a>" * 100 + "</a>" * 100).tag == "a"


def test_one_text_value_may_be_larger_than_ten_megabytes():
    size = 11_000_000
    assert len(parse_xml("<a>" + "x" * size + "</a>").text or "") == size


def test_a_document_beyond_the_size_limit_is_refused_unread():
    with pytest.raises(XmlError, match="larger than 10 bytes"):
        parse_xml("<a>" * 100, max_bytes=10)


def test_names_are_compared_without_their_namespace():
    root = parse_xml("<r xmlns='urn:x'><!-- c --><a/><s:b xmlns:s='urn:y'/><a/></r>")
    assert local_name(root) == "r"
    assert [local_name(item) for item in children(root)] == ["a", "b", "a"]
    assert len(list(children(root, "a"))) == 2
    found = child(root, "b")
    assert found is not None
    assert found.tag == "{urn:y}b"
    assert child(root, "z") is None
    assert local_name(root[0]) == ""


def test_the_namespace_of_an_interface_is_accepted() -> None:
    """``urn:xtk:persist|nms:delivery`` is no URI, and Campaign uses it."""
    root = parse_xml('<m:Write xmlns:m="urn:xtk:persist|nms:delivery"><a/></m:Write>')
    assert root.tag == "{urn:xtk:persist|nms:delivery}Write"


@pytest.mark.parametrize(
    "inner", ["<a>", "<a b=1/>", "&nope;", "<a b='1' b='2'/>", "<x:a/>", "\x01"]
)
def test_an_odd_namespace_excuses_nothing_else(inner: str) -> None:
    with pytest.raises(XmlError):
        parse_xml(f'<m:Write xmlns:m="urn:a|b">{inner}</m:Write>')
