"""Reference rows: folders, operators, countries, options, groups, services, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from ...schemas.model import Schema
from .draft import Values
from .draw import DAY, Ints
from .seed_recipients import ORIGINS
from .sizes import FIRST_ID, Sizes
from .vocabulary import markets, rows

ADMIN_ID: Final = 1059
ANALYST_ID: Final = 1061
VARIANT_COLUMNS: Final[Mapping[int, str]] = {
    3: "@longValue",
    5: "@doubleValue",
    6: "@stringValue",
    7: "@timeStampValue",
    12: "memoValue",
    15: "@longValue",
}
"""Where an option keeps a value of each type (protocol.md §7)."""


def folder_ids(model: str) -> Ints:
    """Return the ids of the folders that hold this kind of record."""
    models = [row["model"] for row in rows("folders")]
    return np.flatnonzero([found == model for found in models]) + FIRST_ID


def reference_rows(
    sizes: Sizes, schemas: Mapping[str, Schema]
) -> dict[str, tuple[Values, int]]:
    """Return columns and row count of each reference schema."""
    made: dict[str, Values] = {
        schema_id: maker(sizes) for schema_id, maker in _MAKERS.items()
    }
    made["nms:replicationStrategy"] = _strategies(sizes, schemas.values())
    return {key: (values, len(values["@id"])) for key, values in made.items()}


def _dated(sizes: Sizes, count: int, owner: int = ADMIN_ID) -> dict[str, Any]:
    """Return keys and upkeep columns: made years ago, a day apart."""
    created = sizes.ago(5 * 365 + 30) + np.arange(count) * np.timedelta64(DAY, "ms")
    return {
        "@id": np.arange(count) + FIRST_ID,
        "@created": created,
        "@lastModified": created,
        "@createdBy-id": owner,
        "@modifiedBy-id": owner,
    }


def _folders(sizes: Sizes) -> Values:
    table = rows("folders")
    place = {row["name"]: index for index, row in enumerate(table)}
    full: list[str] = []
    for row in table:  # parents come first
        above = full[place[row["parent"]]] if row["parent"] else "/"
        full.append(f"{above}{row['label']}/")
    parents = [place[row["parent"]] if row["parent"] else -1 for row in table]
    return {
        **_dated(sizes, len(table)),
        "@name": [row["name"] for row in table],
        "@label": [row["label"] for row in table],
        "@model": [row["model"] for row in table],
        "@fullName": full,
        "@childCount": [parents.count(index) for index in range(len(table))],
        "@order": list(range(len(table))),
        "@parent-id": [FIRST_ID + p if p >= 0 else 0 for p in parents],
    }


def _operators(sizes: Sizes) -> Values:
    return {
        **_dated(sizes, 2),
        "@id": [ADMIN_ID, ANALYST_ID],
        "@name": ["admin", "analyst"],
        "@label": ["Administrator", "Analyst (read only)"],
        "@email": ["admin@mail.example", "analyst@mail.example"],
        "@locale": "en",
        "@timezone": "UTC",
        "@lastLogon": [sizes.ago(0.5), sizes.ago(3)],
        "location/@countryCode": "XX",
        "@folder-id": int(folder_ids("xtkOperator")[0]),
    }


def _countries(sizes: Sizes) -> Values:
    table = rows("countries")
    texts = ("isoA2", "isoA3", "label", "lang", "phoneCode")
    return {
        **_dated(sizes, len(table)),
        **{f"@{name}": [row[name] for row in table] for name in texts},
        "@isoNum": [int(row["isoNum"]) for row in table],
    }


def _options(sizes: Sizes) -> Values:
    table = rows("options")
    kinds = [int(row["type"]) for row in table]
    values: dict[str, Any] = {
        **_dated(sizes, len(table)),
        "@name": [row["name"] for row in table],
        "@dataType": kinds,
        "@description": [row["description"] for row in table],
    }
    convert: dict[str, Callable[[str], Any]] = {
        "@longValue": int,
        "@doubleValue": float,
        "@stringValue": str,
        "@timeStampValue": lambda days: sizes.ago(-float(days)),
    }
    for path, read in convert.items():
        values[path] = [
            read(row["value"]) if VARIANT_COLUMNS[kind] == path else None
            for row, kind in zip(table, kinds, strict=True)
        ]
    return values


def _groups(sizes: Sizes) -> Values:
    table = rows("groups")
    return {
        **_dated(sizes, len(table)),
        "@name": [row["name"] for row in table],
        "@label": [row["label"] for row in table],
        "@schema": "nms:recipient",
        "@folder-id": int(folder_ids("nmsGroup")[0]),
    }


def _services(sizes: Sizes) -> Values:
    table = rows("services")
    return {
        **_dated(sizes, len(table)),
        "@name": [row["name"] for row in table],
        "@label": [row["label"] for row in table],
        "@messageType": [int(row["type"]) for row in table],
        "@sendConfirmation": [index == 0 for index in range(len(table))],
        "@folder-id": int(folder_ids("nmsService")[0]),
    }


def _mappings(sizes: Sizes) -> Values:
    return {
        **_dated(sizes, 1),
        "@name": ["mapRecipient"],
        "@label": ["Recipients"],
        "@schema": "nms:recipient",
        "storage/@broadLogSchema": "nms:broadLogRcp",
        "storage/@trackingLogSchema": "nms:trackingLogRcp",
        "@folder-id": int(folder_ids("nmsDeliveryMapping")[0]),
    }


def _counters(sizes: Sizes) -> Values:
    """Counters stand past every number the seed used, so new names are new."""
    names = ["delivery", "workflow", "folder", "group", "service"]
    return {
        **_dated(sizes, len(names)),
        "@name": names,
        "@label": [name.capitalize() for name in names],
        "@value": 1000,
    }


def _user_lists() -> dict[str, list[str]]:
    lists = markets()
    return {
        "salutation": list(dict.fromkeys(lists.salutation.to_pylist())),
        "language": sorted(set(lists.language.to_pylist())),
        "city": list(dict.fromkeys(lists.cities.words.to_pylist())),
        "origin": list(ORIGINS),
        "deliveryNature": ["newsletter", "promotion", "service"],
        "urlCategory": ["article", "product", "social"],
    }


def _enums(sizes: Sizes) -> Values:
    names = list(_user_lists())
    return {
        **_dated(sizes, len(names)),
        "@name": names,
        "@label": [name.capitalize() for name in names],
        "@folder-id": int(folder_ids("xtkEnum")[0]),
    }


def _enum_values(sizes: Sizes) -> Values:
    found = [
        (FIRST_ID + place, order, word)
        for place, words in enumerate(_user_lists().values())
        for order, word in enumerate(words)
    ]
    words = [word for _, _, word in found]
    return {
        **_dated(sizes, len(found)),
        "@name": words,
        "@label": words,
        "@value": words,
        "@order": [order for _, order, _ in found],
        "@enum-id": [owner for owner, _, _ in found],
    }


def _strategies(sizes: Sizes, schemas: Iterable[Schema]) -> Values:
    names = sorted(s.id for s in schemas if s.table and s.database == "local")
    return {
        **_dated(sizes, len(names)),
        "@schema": names,
        "@policy": "xs",
        "@lastReplication": sizes.ago(1 / 24),
    }


_MAKERS: Final[Mapping[str, Callable[[Sizes], Values]]] = {
    "xtk:folder": _folders,
    "xtk:operator": _operators,
    "nms:country": _countries,
    "xtk:option": _options,
    "nms:group": _groups,
    "nms:service": _services,
    "nms:deliveryMapping": _mappings,
    "xtk:counter": _counters,
    "xtk:enum": _enums,
    "xtk:enumValue": _enum_values,
}
ZERO_RECORDS: Final[Mapping[str, Values]] = {
    "nms:country": {"@isoA2": "XX", "@label": "Not specified"},
}
"""Values of record 0 where "none" has a code of its own."""
