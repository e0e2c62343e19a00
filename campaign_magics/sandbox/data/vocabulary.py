"""The word lists, ready to be drawn from a whole column at a time."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Indexes = npt.NDArray[np.int64]

_PLAIN: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Words in groups: group ``g`` is ``words[starts[g] : starts[g] + sizes[g]]``."""

    words: pa.Array
    plain: pa.Array
    starts: Indexes
    sizes: Indexes

    def index(self, groups: Indexes, chances: npt.NDArray[np.float64]) -> Indexes:
        """Return one word's index for each row: its group, and a number in [0, 1)."""
        offsets = (chances * self.sizes[groups]).astype(np.int64)
        return self.starts[groups] + offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class Markets:
    """Where recipients live: one row per country and language, with its habits.

    ``first`` and ``last`` are grouped by ``2 * market + (gender is female)``,
    ``streets`` and ``cities`` by market.
    """

    country: pa.Array
    language: pa.Array
    weight: npt.NDArray[np.float64]
    salutation: pa.Array
    street_forms: list[str]
    phone: list[str]
    mobile: list[str]
    first: Pool
    last: Pool
    streets: Pool
    cities: Pool
    zip_codes: pa.Array
    states: pa.Array


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of ``words/{name}.csv``."""
    text = (files(__package__) / "words" / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def phrases(name: str) -> list[str]:
    """Return the phrases of ``words/{name}.txt``, parted by ``|``."""
    return [phrase for line in _lines(name) for phrase in line]


def plain(name: str) -> str:
    """Spell a Latin name for an e-mail address: ``D'Angelo`` becomes ``dangelo``."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return "".join(c for c in folded if c.isascii() and (c.isalnum() or c == "-"))


@cache
def markets() -> Markets:
    """Read the word lists; done once per process."""
    table = rows("markets")
    names = [row["names"] for row in table]
    cities = _cities(table)
    return Markets(
        country=pa.array([row["country"] for row in table]),
        language=pa.array([row["language"] for row in table]),
        weight=np.array([float(row["weight"]) for row in table]),
        salutation=pa.array([row[who] for row in table for who in ("mr", "ms")]),
        street_forms=[row["street"] for row in table],
        phone=[row["phone"] for row in table],
        mobile=[row["mobile"] for row in table],
        first=_people("first_names", names),
        last=_people("last_names", names),
        streets=_streets(names),
        cities=_pool([[row["city"] for row in group] for group in cities]),
        zip_codes=pa.array([row["zip"] for group in cities for row in group]),
        states=pa.array([row["state"] or None for group in cities for row in group]),
    )


def _cities(table: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    found = rows("cities")
    return [
        [
            city
            for city in found
            if (city["country"], city["names"]) == (row["country"], row["names"])
        ]
        for row in table
    ]


def _people(file: str, languages: list[str]) -> Pool:
    lists = {(parts[0], parts[1]): parts[2] for parts in _lines(file)}
    groups = [
        lists.get((language, gender)) or lists[language, ""]
        for language in languages
        for gender in ("m", "f")
    ]
    return _pool([group.split(", ") for group in groups])


def _streets(languages: list[str]) -> Pool:
    lists = {parts[0]: parts[1].split(", ") for parts in _lines("streets")}
    return _pool([lists[language] for language in languages])


def _lines(name: str) -> Iterator[list[str]]:
    text = (files(__package__) / "words" / f"{name}.txt").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("|")


def _pool(groups: list[list[str]]) -> Pool:
    pairs = [entry.partition("=") for group in groups for entry in group]
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    return Pool(
        words=pa.array([word for word, _, _ in pairs]),
        plain=pa.array([spelt or plain(word) for word, _, spelt in pairs]),
        starts=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        sizes=sizes,
    )
