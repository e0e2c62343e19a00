"""Folders know their place: full names and numbers of subfolders."""

from __future__ import annotations

import pytest
from sandbox.persist.conftest import Bench

pytestmark = pytest.mark.pure


def folder(name: str, more: str = "", inner: str = "") -> str:
    return f'<folder xtkschema="xtk:folder" name="{name}" {more}>{inner}</folder>'


def names(bench: Bench, like: str) -> dict[str, tuple[str, str]]:
    paths = ("@name", "@fullName", "@childCount")
    rows = bench.rows("xtk:folder", f"@name LIKE '{like}'", *paths)
    return {row["@name"]: (row["@fullName"], row["@childCount"]) for row in rows}


def test_a_new_label_is_a_new_full_name_for_all_below(bench: Bench):
    """What Adobe's client notices in its samples."""
    below = '<folder name="fB" label="B"><folder name="fC" label="C"/></folder>'
    root = '<parent name="xtkRoot" _operation="none"/>'
    bench.write(folder("fA", 'label="A"', root + below))
    assert names(bench, "f_") == {
        "fA": ("/Explorer/A/", "1"),
        "fB": ("/Explorer/A/B/", "1"),
        "fC": ("/Explorer/A/B/C/", "0"),
    }
    bench.write(folder("fA", '_operation="update" label="Z"'))
    assert names(bench, "f_") == {
        "fA": ("/Explorer/Z/", "1"),
        "fB": ("/Explorer/Z/B/", "1"),
        "fC": ("/Explorer/Z/B/C/", "0"),
    }


def test_moved_and_deleted_folders_are_counted(bench: Bench):
    """Of both parents; a folder cannot be moved into itself."""
    bench.write(
        folder("gA", 'label="A"', '<folder name="gC" label="C"/>'),
        folder("gB", 'label="B"'),
    )
    bench.write(folder("gC", "", '<parent name="gB" _operation="none"/>'))
    assert names(bench, "g_") == {
        "gA": ("/A/", "0"),
        "gB": ("/B/", "1"),
        "gC": ("/B/C/", "0"),
    }
    said = bench.refused(folder("gB", "", '<parent name="gC" _operation="none"/>'))
    assert "A folder cannot be in itself." in said
    bench.write(folder("gC", '_operation="delete"'))
    assert names(bench, "g_") == {"gA": ("/A/", "0"), "gB": ("/B/", "0")}
