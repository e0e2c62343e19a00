"""What the catalog keeps on disk: for how long, for whom, and what damage costs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clocks import StillClock
from lxml import etree
from schemas.server import Server, catalog

from campaign_magics.schemas.store import DiskStore

pytestmark = pytest.mark.pure


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
    clock.seconds += 3601
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
    clock.seconds += 3601
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
    clock.seconds -= 1_000_000
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
    clock.seconds += 1_000_000
    server.asked.clear()
    schemas = catalog(server, tmp_path, clock)
    found = schemas.cached("nms:rtEvent")
    assert found is not None
    assert found.field_by_path["@wishedChannel"].enum is not None
    assert schemas.cached("xtk:folder") is None
    assert schemas.cached_summaries() == ()
    assert (server.asked, server.lists) == ([], 0)
