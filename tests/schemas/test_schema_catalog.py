"""The catalog: what is asked of the server, what is listed, found and called."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clocks import StillClock
from schemas.server import Server, catalog

from campaign_magics.errors import AccessDenied, UnknownName
from campaign_magics.schemas.catalog import Catalog
from campaign_magics.schemas.store import SchemaSummary

pytestmark = pytest.mark.pure


def test_a_schema_is_fetched_once(server: Server, clock: StillClock) -> None:
    """Asked twice, sent once; enumerations of its own need nothing more."""
    schemas = catalog(server, None, clock)
    assert schemas["nms:recipient"] is schemas["nms:recipient"]
    assert server.names() == ["nms:recipient"]


def test_enumerations_of_other_schemas_are_fetched_with_it(
    server: Server, clock: StillClock
) -> None:
    """nms:rtEvent uses channels of nms:delivery and formats of nms:recipient."""
    schemas = catalog(server, None, clock)
    channel = schemas["nms:rtEvent"].field_by_path["@wishedChannel"].enum
    assert channel is not None
    assert channel.values[0].name == "mail"
    assert sorted(server.names()) == ["nms:delivery", "nms:recipient", "nms:rtEvent"]


def test_a_forbidden_enumeration_costs_its_labels_only(
    server: Server, clock: StillClock
) -> None:
    """The field is still there."""
    server.denied = frozenset({"nms:delivery"})
    field_ = catalog(server, None, clock)["nms:rtEvent"].field_by_path["@wishedChannel"]
    assert field_.enum is None


def test_errors_of_the_server_are_not_hidden(server: Server, clock: StillClock) -> None:
    """A schema that may not be read is not a schema that does not exist."""
    server.denied = frozenset({"nms:delivery"})
    with pytest.raises(AccessDenied):
        catalog(server, None, clock)["nms:delivery"]


def test_threads_that_ask_at_once_share_one_fetch(
    server: Server, clock: StillClock
) -> None:
    """Single flight: sixteen threads, one call for each schema."""
    gate = threading.Barrier(16)
    schemas = catalog(server, None, clock)

    def ask(number: int) -> str:
        gate.wait()
        names = ["nms:rtEvent", "nms:delivery", "nms:recipient"]
        found = [schemas[n].id for n in (*names[number % 3 :], *names)]
        return found[0]

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {
            "nms:rtEvent",
            "nms:delivery",
            "nms:recipient",
        }
    calls = Counter(server.names())
    assert set(calls) == {"nms:rtEvent", "nms:delivery", "nms:recipient"}
    assert max(calls.values()) == 1


def test_catalog_lists_and_knows_its_schemas(server: Server, clock: StillClock) -> None:
    """Iteration is sorted; the list is asked for once."""
    schemas = catalog(server, None, clock)
    assert list(schemas) == sorted(server.documents)
    assert "nms:recipient" in schemas
    assert "nms:nothing" not in schemas
    assert 7 not in schemas
    assert repr(schemas) == f"<Catalog: schemas {len(schemas)}, in memory 0>"
    assert len(schemas) == len(server.documents)
    assert schemas._ipython_key_completions_() == sorted(server.documents)
    assert server.lists == 1


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nms:recipent", "did you mean nms:recipient?"),
        ("zzz:qqqqq", "%campaign_schema"),
        ("recipient", "namespace:name"),
        ("nms:../etc/passwd", "namespace:name"),
    ],
)
def test_unknown_schema_gets_a_suggestion(
    server: Server, clock: StillClock, tmp_path: Path, name: str, hint: str
) -> None:
    """And is not remembered."""
    schemas = catalog(server, tmp_path, clock)
    with pytest.raises(UnknownName) as caught:
        schemas[name]
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("recipient", "nms:recipient"),
        ("nms:delivery", "nms:delivery"),
        ("delivery LOG", "nms:broadLogMsg"),
        ("opens clicks", "nms:trackingLogRcp"),
        ("workflow", "xtk:workflow"),
        ("folder", "xtk:folder"),
    ],
)
def test_search_finds_by_name_label_and_description(
    server: Server, clock: StillClock, text: str, first: str
) -> None:
    """Every word must occur; the name counts most."""
    assert catalog(server, None, clock).search(text)[0].id == first


def test_search_without_a_match_finds_nothing(
    server: Server, clock: StillClock
) -> None:
    """And without words, everything; a limit cuts."""
    schemas = catalog(server, None, clock)
    assert schemas.search("recipient zzzz") == []
    assert len(schemas.search("  ")) == len(server.documents)
    assert len(schemas.search("", limit=3)) == 3


def test_search_in_600_schemas_is_quick(clock: StillClock) -> None:
    """An answer for each key stroke: well under 50 ms."""

    def many() -> Iterable[SchemaSummary]:
        for number in range(600):
            yield SchemaSummary(
                id=f"cus:table{number}",
                label=f"Table {number}",
                description="A table of something " * 5,
            )

    schemas = Catalog(lambda name, md5: None, many, None, "x", clock=clock)
    assert schemas.search("table something")[0].id == "cus:table0"


def test_methods_of_a_schema_are_its_own_and_those_it_implements(
    server: Server, clock: StillClock
) -> None:
    """xtk:persist|nms:delivery#NewInstance (protocol.md §4.4)."""
    schemas = catalog(server, None, clock)
    urns = {m.name: m.urn for m in schemas.methods("nms:delivery")}
    assert urns["SubmitDelivery"] == "nms:delivery"
    assert urns["NewInstance"] == "xtk:persist|nms:delivery"
    assert {m.urn for m in schemas.methods("xtk:queryDef")} == {"xtk:queryDef"}


def test_interface_methods_can_be_asked_for_an_entity(
    server: Server, clock: StillClock
) -> None:
    """xtk:jobInterface|nms:delivery#Submit (protocol.md §4.4)."""
    schemas = catalog(server, None, clock)
    methods = schemas.interface("xtk:jobInterface", "nms:delivery")
    assert {m.urn for m in methods} == {"xtk:jobInterface|nms:delivery"}
    with pytest.raises(UnknownName, match="has no interface"):
        schemas.interface("xtk:session", "nms:delivery")
