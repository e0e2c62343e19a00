"""Where paths lead."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from campaign_magics.errors import UnknownName
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.resolve import Resolved, resolve
from campaign_magics.xtk.ast import Path
from campaign_magics.xtk.parser import parse

pytestmark = pytest.mark.pure


def follow(standard: Mapping[str, Schema], schema: str, text: str) -> Resolved:
    path = parse(text)
    assert isinstance(path, Path)
    return resolve(standard[schema], path, standard.__getitem__)


@pytest.mark.parametrize(
    ("text", "links", "schema", "field"),
    [
        ("@email", [], "nms:recipient", "@email"),
        ("[@email]", [], "nms:recipient", "@email"),
        ("[/@email]", [], "nms:recipient", "@email"),
        ("[location/@city]", [], "nms:recipient", "location/@city"),
        ("[location/../@email]", [], "nms:recipient", "@email"),
        ("comment", [], "nms:recipient", "comment"),
        ("[@folder-id]", [], "nms:recipient", "@folder-id"),
        ("[folder/@id]", ["folder"], "xtk:folder", "@id"),
        ("[folder/@label]", ["folder"], "xtk:folder", "@label"),
        ("[folder/../@email]", [], "nms:recipient", "@email"),
        ("[folder/parent/@name]", ["folder", "parent"], "xtk:folder", "@name"),
        ("[country/@label]", ["country"], "nms:country", "@label"),
        (
            "[subscription/service/@name]",
            ["subscription", "service"],
            "nms:service",
            "@name",
        ),
        (
            "[broadLog/delivery/scheduling/@contactDate]",
            ["broadLog", "delivery"],
            "nms:delivery",
            "scheduling/@contactDate",
        ),
    ],
)
def test_path_to_a_field(
    standard: Mapping[str, Schema],
    text: str,
    links: list[str],
    schema: str,
    field: str,
) -> None:
    """Attributes, nested elements, links of links, reverse links, foreign keys."""
    found = follow(standard, "nms:recipient", text)
    assert [hop.link.path for hop in found.hops] == links
    assert found.schema.id == schema
    assert found.field == standard[schema].field_by_path[field]
    assert found.link is None
    assert found.collection is None


def test_hops_name_the_schemas_on_both_sides(standard: Mapping[str, Schema]) -> None:
    """A join needs the table that it starts from and the one that it leads to."""
    found = follow(standard, "nms:recipient", "[folder/parent/@name]")
    assert [(h.source.id, h.target.id) for h in found.hops] == [
        ("nms:recipient", "xtk:folder"),
        ("xtk:folder", "xtk:folder"),
    ]


@pytest.mark.parametrize(
    ("text", "unbound"), [("folder", False), ("subscription", True)]
)
def test_path_to_a_link_does_not_cross_it(
    standard: Mapping[str, Schema], text: str, unbound: bool
) -> None:
    """A link at the end is for whoever wants its compute string or its rows."""
    found = follow(standard, "nms:recipient", text)
    assert found.link == standard["nms:recipient"].link_by_path[text]
    assert found.link.unbound is unbound
    assert (found.hops, found.field) == ((), None)
    assert found.schema.id == "nms:recipient"


def test_path_to_an_xml_collection_and_into_it(standard: Mapping[str, Schema]) -> None:
    """The collection alone, or the collection and the field of its items."""
    whole = follow(standard, "nms:delivery", "[targets/deliveryTarget]")
    assert whole.collection is not None
    assert whole.collection.path == "targets/deliveryTarget"
    assert whole.field is None
    item = follow(standard, "nms:delivery", "[targets/deliveryTarget/@label]")
    assert item.collection == whole.collection
    assert item.field is not None
    assert item.field.path == "@label"


def test_path_with_a_join_starts_from_the_schema_it_names(
    standard: Mapping[str, Schema],
) -> None:
    """[schema:alias:xpath] (protocol.md §5.2)."""
    path = Path(("@label",), join=("nms:service", "s"))
    found = resolve(standard["nms:recipient"], path, standard.__getitem__)
    assert found.schema.id == "nms:service"


@pytest.mark.parametrize(
    ("schema", "text", "cause", "hint"),
    [
        (
            "nms:recipient",
            "@emial",
            "nms:recipient has no attribute '@emial'",
            "did you mean @email?",
        ),
        (
            "nms:recipient",
            "@LASTNAME",
            "nms:recipient has no attribute '@LASTNAME'",
            "did you mean @lastName?",
        ),
        (
            "nms:recipient",
            "@city",
            "nms:recipient has no attribute '@city'",
            "did you mean [location/@city]?",
        ),
        (
            "nms:recipient",
            "[folder/@lable]",
            "xtk:folder has no attribute '@lable'",
            "did you mean [folder/@label]?",
        ),
        (
            "nms:recipient",
            "[foldr/@label]",
            "nms:recipient has no field or link 'foldr'",
            "did you mean [folder/@label]?",
        ),
        (
            "nms:recipient",
            "email",
            "nms:recipient has no field or link 'email'",
            "did you mean @email?",
        ),
        (
            "nms:recipient",
            "[folder-id]",
            "nms:recipient has no field or link 'folder-id'",
            "did you mean [@folder-id]?",
        ),
        (
            "nms:recipient",
            "[@folder_id]",
            "nms:recipient has no attribute '@folder_id'",
            "did you mean [@folder-id]?",
        ),
        (
            "nms:recipient",
            "location",
            "'location' of nms:recipient is a group of fields",
            "did you mean [location/@address1]?",
        ),
        (
            "nms:recipient",
            "[location/@citty]",
            "nms:recipient has no attribute 'location/@citty'",
            "did you mean [location/@city]?",
        ),
        (
            "nms:recipient",
            "@qqqqqq",
            "nms:recipient has no attribute '@qqqqqq'",
            "%campaign_schema",
        ),
        (
            "nms:recipient",
            "[../@id]",
            "'../@id' climbs out of nms:recipient",
            "sub-queries",
        ),
        (
            "nms:delivery",
            "[targets/deliveryTarget/@labl]",
            "'targets/deliveryTarget' of nms:delivery has no '@labl'",
            "did you mean [targets/deliveryTarget/@label]?",
        ),
    ],
)
def test_a_wrong_path_gets_a_cause_and_a_suggestion(
    standard: Mapping[str, Schema], schema: str, text: str, cause: str, hint: str
) -> None:
    """The span is the path's, so that a caret can point at it."""
    path = parse(text)
    assert isinstance(path, Path)
    with pytest.raises(UnknownName) as caught:
        resolve(standard[schema], path, standard.__getitem__)
    error = caught.value
    assert error.message == cause
    assert hint in error.hint
    assert error.span == (0, len(text))
    assert {"name", "schema"} <= error.facts.keys()


@pytest.mark.parametrize("steps", [(".", "@email"), ("location", "..", "@email")])
def test_dots_inside_a_path_are_walked(
    standard: Mapping[str, Schema], steps: tuple[str, ...]
) -> None:
    """``.`` stays, ``..`` goes back one step."""
    found = resolve(standard["nms:recipient"], Path(steps), standard.__getitem__)
    assert found.field == standard["nms:recipient"].field_by_path["@email"]


def test_a_path_of_dots_alone_names_nothing(standard: Mapping[str, Schema]) -> None:
    """``.`` is the record itself."""
    with pytest.raises(UnknownName, match="names nothing"):
        resolve(standard["nms:recipient"], Path((".",)), standard.__getitem__)


def test_every_field_and_link_of_every_schema_resolves_to_itself(
    standard: Mapping[str, Schema],
) -> None:
    """What a schema lists can be asked for by its path."""
    for schema in standard.values():
        for field in schema.fields:
            path = Path(tuple(field.path.split("/")))
            assert resolve(schema, path, standard.__getitem__).field == field
        for link in schema.links:
            path = Path(tuple(link.path.split("/")))
            assert resolve(schema, path, standard.__getitem__).link == link
            assert link.target in standard
