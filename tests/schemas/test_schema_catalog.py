"""The catalog: what is asked of the server, what is kept, and for how long."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lxml import etree

from campaign_magics.errors import AccessDenied, UnknownName
from campaign_magics.schemas.catalog import Catalog
from campaign_magics.schemas.store import DiskStore, SchemaSummary

pytestmark = pytest.mark.pure


class StillClock:
    """Time that moves when the test says so."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        self.time += seconds
        return False


@dataclass
class Server:
    """Answers like GetEntityIfMoreRecent, and counts."""

    documents: dict[str, etree._Element]
    asked: list[tuple[str, str]] = field(default_factory=list)
    lists: int = 0
    denied: frozenset[str] = frozenset()

    def fetch(self, name: str, md5: str) -> bytes | None:
        self.asked.append((name, md5))
        if name in self.denied:
            raise AccessDenied(f"{name} is not for you")
        document = self.documents.get(name)
        if document is None or document.get("md5") == md5:
            return None
        return etree.tostring(document)

    def list_names(self) -> Iterator[SchemaSummary]:
        self.lists += 1
        for name, document in self.documents.items():
            yield SchemaSummary(
                id=name,
                label=document.get("label") or "",
                label_singular=document.get("labelSingular") or "",
                description=document.get("desc") or "",
            )

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture
def server(documents: Mapping[str, etree._Element]) -> Server:
    return Server(dict(documents))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def catalog(
    server: Server,
    directory: Path | None,
    clock: StillClock,
    instance: str = "https://campaign.example#9219",
) -> Catalog:
    return Catalog(server.fetch, server.list_names, directory, instance, clock=clock)


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


def test_a_second_kernel_finds_the_schema_on_disk(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """No call at all within the hour."""
    first = catalog(server, tmp_path, clock)["nms:recipient"]
    server.asked.clear()
    assert catalog(server, tmp_path, clock)["nms:recipient"] == first
    assert server.asked == []


def test_an_old_schema_is_asked_for_with_its_md5(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """Unchanged: the server sends nothing, and the copy is good for another hour."""
    catalog(server, tmp_path, clock)["nms:recipient"]
    md5 = server.documents["nms:recipient"].get("md5")
    server.asked.clear()
    clock.time += 3601
    for _ in range(2):
        assert catalog(server, tmp_path, clock)["nms:recipient"].md5 == md5
    assert server.asked == [("nms:recipient", md5)]


def test_a_changed_schema_replaces_the_copy(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """A new md5 brings the new schema, on disk as well."""
    catalog(server, tmp_path, clock)["nms:group"]
    changed = etree.fromstring(etree.tostring(server.documents["nms:group"]))
    changed.set("label", "Lists")
    changed.set("md5", "F" * 32)
    server.documents["nms:group"] = changed
    clock.time += 3601
    assert catalog(server, tmp_path, clock)["nms:group"].label == "Lists"
    again = catalog(server, tmp_path, clock).cached("nms:group")
    assert again is not None
    assert again.label == "Lists"


def test_refresh_asks_again_at_once(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """The copy is offered by its md5, so that nothing is sent twice."""
    schemas = catalog(server, tmp_path, clock)
    schemas["nms:group"]
    assert schemas.summaries()
    schemas.refresh()
    server.asked.clear()
    assert schemas["nms:group"].id == "nms:group"
    assert schemas.summaries()
    assert server.asked == [("nms:group", server.documents["nms:group"].get("md5"))]
    assert server.lists == 2


def test_a_clock_set_back_does_not_keep_schemas_for_years(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """A copy from the future is as doubtful as an old one."""
    catalog(server, tmp_path, clock)["nms:group"]
    clock.time -= 1_000_000
    server.asked.clear()
    catalog(server, tmp_path, clock)["nms:group"]
    assert server.names() == ["nms:group"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"<schema",
        b"\x00\xff\xfe",
        b'<schema namespace="xtk" name="other"><element name="other"/></schema>',
        b"<html>login</html>",
    ],
)
def test_a_damaged_file_is_fetched_anew(
    server: Server, clock: StillClock, tmp_path: Path, damage: bytes
) -> None:
    """Whatever is in it; no error reaches the user."""
    catalog(server, tmp_path, clock)["nms:group"]
    (file,) = tmp_path.rglob("*group.xml")
    file.write_bytes(damage)
    server.asked.clear()
    schemas = catalog(server, tmp_path, clock)
    assert schemas.cached("nms:group") is None
    assert schemas["nms:group"].id == "nms:group"
    assert server.asked == [("nms:group", "")]


@pytest.mark.parametrize(
    "damage", ["", "{}", "[1]", '[{"x": 1}]', '[{"id": 5}]', '"', "null"]
)
def test_a_damaged_list_is_asked_for_anew(
    server: Server, clock: StillClock, tmp_path: Path, damage: str
) -> None:
    """The list of names is a cache like the rest."""
    expected = list(catalog(server, tmp_path, clock))
    (file,) = tmp_path.rglob("_schemas.json")
    file.write_text(damage)
    assert list(catalog(server, tmp_path, clock)) == expected


def test_a_folder_that_cannot_be_written_costs_the_cache_only(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """A file is where the folder should be."""
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    assert catalog(server, blocked, clock)["nms:group"].id == "nms:group"
    assert len(catalog(server, blocked, clock)) == len(server.documents)


def test_instances_do_not_share_schemas(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """Same folder, other instance, other build, other script: other files."""
    names = ["https://a", "https://b", "https://a#2", "сервер", "サーバー", "A" * 300]
    for name in names:
        catalog(server, tmp_path, clock, name)["nms:group"]
    assert server.names() == ["nms:group"] * len(names)
    assert len(list(tmp_path.iterdir())) == len(names)


def test_unicode_survives_the_disk(clock: StillClock, tmp_path: Path) -> None:
    """Labels in any script, in a schema and in the list."""
    label = "Ünïcode 顧客 🎈 O'Hara"
    root = etree.fromstring(
        '<schema namespace="cus" name="кли" md5="A"><element name="кли">'
        '<attribute name="имя"/></element></schema>'
    )
    root.set("label", label)
    server = Server({"cus:кли": root})
    for _ in range(2):
        schemas = catalog(server, tmp_path, clock)
        assert schemas["cus:кли"].label == label
        assert schemas["cus:кли"].fields[0].path == "@имя"
        assert schemas.search("顧客")[0].label == label
    assert (len(server.asked), server.lists) == (1, 1)


def test_threads_that_ask_at_once_share_one_fetch(
    server: Server, clock: StillClock
) -> None:
    """Single flight: sixteen threads, one call for each schema."""
    gate = threading.Barrier(16)
    original = server.fetch

    def fetch(name: str, md5: str) -> bytes | None:
        return original(name, md5)

    schemas = Catalog(fetch, server.list_names, None, "x", clock=clock)

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


def test_kernels_that_write_at_once_leave_whole_files(
    documents: Mapping[str, etree._Element], tmp_path: Path
) -> None:
    """Readers see the old or the new file, never half of one."""
    document = documents["nms:delivery"]
    stores = [DiskStore(tmp_path, "x") for _ in range(4)]
    stores[0].write("nms:delivery", document, 0.0)

    def write_and_read(number: int) -> bool:
        store = stores[number % 4]
        store.write("nms:delivery", document, float(number))
        return store.read("nms:delivery") is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(80)))
    assert [f.name for f in stores[0].folder.iterdir()] == ["nms%3Adelivery.xml"]


def test_cached_never_fetches(
    server: Server, clock: StillClock, tmp_path: Path
) -> None:
    """Completion may ask at every key stroke."""
    catalog(server, tmp_path, clock)["nms:rtEvent"]
    clock.time += 1_000_000
    server.asked.clear()
    schemas = catalog(server, tmp_path, clock)
    found = schemas.cached("nms:rtEvent")
    assert found is not None
    assert found.field_by_path["@wishedChannel"].enum is not None
    assert schemas.cached("xtk:folder") is None
    assert schemas.cached_summaries() == ()
    assert (server.asked, server.lists) == ([], 0)


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
