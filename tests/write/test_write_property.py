"""Any frame of recipients: good rows parse back, the others have a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from campaign_magics.write.rows import Rows
from campaign_magics.xtk.text import from_text
from campaign_magics.xtk.types import TYPES

pytestmark = pytest.mark.pure
Read = Callable[..., Rows]

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
GENDERS = {"unknown": "0", "male": "1", "female": "2"}
KINDS = {
    "@lastName": "string", "@gender": "byte", "@birthDate": "date",
    "@created": "datetime", "@blackList": "boolean", "location/@city": "string",
    "comment": "memo", "folder/@name": "string",
}  # fmt: skip
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "lastName": st.text(max_size=70),
    "gender": st.sampled_from([*GENDERS, *GENDERS.values(), "nobody"]),
    "birthDate": st.dates(),
    "created": st.datetimes(timezones=st.just(UTC)),
    "blackList": st.booleans(),
    "[location/@city]": st.text(max_size=10),
    "comment": st.text(),
    "folder.name": st.sampled_from(["", "nmsRootFolder", "a<b"]),
}
ROW = st.fixed_dictionaries(
    {"email": st.none() | st.sampled_from([f"{n}@x" for n in range(30)])},
    optional={name: st.none() | values for name, values in COLUMNS.items()},
)


def wanted(row: dict[str, Any]) -> dict[str, Any]:
    """Say what must stand in the document of a row, by path."""
    values = {}
    for name, value in row.items():
        path = {"comment": name, "folder.name": "folder/@name", "email": "@email"}.get(
            name, name.strip("[]") if "/" in name else f"@{name}"
        )
        if value is None or (path == "folder/@name" and value == ""):
            continue
        if isinstance(value, datetime):
            value = value.replace(microsecond=value.microsecond // 1000 * 1000)
        values[path] = value if name != "gender" else GENDERS.get(value, value)
    if row.get("folder.name") == "":
        values["@folder-id"] = "0"
    return values


def said(text: str) -> dict[str, Any]:
    """Return what a document says, by path, instructions aside."""
    values: dict[str, Any] = {}
    root = etree.fromstring(text)
    for one in root.iter():
        place = "" if one is root else f"{one.tag}/"
        for name, value in one.attrib.items():
            if not str(name).startswith("_"):
                values[f"{place}@{name!s}"] = value
        if one.tag == "comment":
            values["comment"] = one.text or ""
    for path, value in values.items():
        if path in ("@birthDate", "@created", "@blackList"):
            values[path] = from_text(TYPES[KINDS[path]], value)
    return values


def is_good(row: dict[str, Any], emails: Counter[Any]) -> bool:
    texts = [row.get(n) or "" for n in ("lastName", "[location/@city]", "comment")]
    return (
        row["email"] is not None
        and emails[row["email"]] == 1
        and len(texts[0]) <= 64
        and row.get("gender") != "nobody"
        and not any(FORBIDDEN.search(text) for text in texts)
    )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.lists(ROW, max_size=12), frame=st.booleans())
def test_documents_say_what_the_frame_says(
    rows: Read, data: list[dict[str, Any]], frame: bool
) -> None:
    """No row is lost, none is sent that has a problem, none has one without cause."""
    names = list(dict.fromkeys(name for row in data for name in row)) or ["email"]
    given_rows: Any = data
    if frame or not data:
        given_rows = pd.DataFrame(data, columns=names, dtype=object)
    read = rows(given_rows)
    emails = Counter(row["email"] for row in data)
    good = [row for row in data if is_good(row, emails)]
    assert read.total == len(data)
    assert read.keys(0, len(read)) == [(row["email"],) for row in good]
    found = [said(text) for text in read.documents(0, len(read))]
    assert found == [wanted(row) for row in good]
    places = {at for at, row in enumerate(data) if not is_good(row, emails)}
    assert set(read.problems["index"]) == places
    assert read.problems["reason"].str.endswith((".", "?")).all()


@pytest.mark.parametrize("start", [0, 1, 16_383, 16_384, 16_385, 40_000])
def test_any_slice_has_its_own_rows(rows: Read, start: int) -> None:
    """Also across the batches that the frame was read in, with bad rows between."""
    size = 40_001
    frame = pd.DataFrame({"email": [f"{n}@x" for n in range(size)], "gender": "male"})
    frame.loc[::1000, "gender"] = "nobody"
    read = rows(frame)
    kept = [n for n in range(size) if n % 1000]
    assert (len(read), list(read.index)) == (len(kept), kept)
    part = kept[start : start + 3]
    assert read.keys(start, start + 3) == [(f"{n}@x",) for n in part]
    assert [f'"{n}@x"' in text for n, text in zip(
        part, read.documents(start, start + 3), strict=True
    )] == [True] * len(part)  # fmt: skip
