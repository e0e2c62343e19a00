"""Plausible columns for fields nobody described: by name, type, length and list."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...schemas.model import Field
from ...xtk.types import Kind
from .draw import DAY, Draw, Ints, joined, later, only
from .seed_recipients import DOMAINS
from .sizes import FIRST_ID, Sizes
from .vocabulary import markets, phrases, rows

_NULLS: Final = 0.06
_LIMITS: Final = {"byte": 127, "short": 32_767}
_WORDS: Final = (
    "Amber", "Basalt", "Cedar", "Délice", "Ember", "Fjord", "Granite", "Harbour",
    "Indigo", "Juniper", "König", "Lagoon", "Maple", "Nordic", "Opal", "Prairie",
    "Quartz", "Rivière", "Saffron", "Tundra", "Umber", "Violet", "Willow", "Zephyr",
)  # fmt: skip
_KINDS: Final = ("Basic", "Classic", "Family", "Mini", "Plus", "Premium", "Pro", "Duo")

Text = Callable[[Draw, int], pa.Array]


def column(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    """Return a column for this field; optional texts and dates have some nulls."""
    if field.enum is not None and field.enum.values:
        return draw.pick([value.value for value in field.enum.values], count)
    if field.type.kind in (Kind.STRING, Kind.ELEMENT):
        made = _fitted(_text(field)(draw, count), field.length)
    else:
        made = _NUMBERS[field.type.kind](field, sizes, draw, count)
    optional = field.type.kind in (Kind.STRING, Kind.DATE, Kind.DATETIME)
    if not optional or field.required or field.not_null:
        return made
    return only(made, ~draw.chance(_NULLS, count))


def unique_column(field: Field, sizes: Sizes, indexes: Ints) -> pa.Array:
    """Return a column in which no value comes twice, for a part of a key."""
    kind = field.type.kind
    if kind in (Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME):
        step = DAY if kind is Kind.DATE else 60_000
        return pa.array(later(np.full(len(indexes), sizes.now), -(indexes + 1) * step))
    if kind is not Kind.STRING:
        return pa.array(indexes + FIRST_ID)
    number = pa.array(indexes + 1).cast(pa.string())
    if "mail" in field.path.lower():
        return joined("user", number, "@example.com")
    if field.type.name == "uuid":
        return joined("00000000-0000-4000-8000-", pc.utf8_lpad(number, 12, "0"))
    name = field.path.rpartition("@")[2].rpartition("/")[2]
    width = max(len(str(int(indexes[-1]) + 1)) if len(indexes) else 1, 6)
    room = max(0, (field.length or 64) - width)
    return joined(name[:3].upper()[:room], pc.utf8_lpad(number, width, "0"))


def _integers(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    name = field.path.lower()
    if "year" in name:
        return pa.array(sizes.as_of.year - draw.below(30, count))
    limit = _LIMITS.get(field.type.name, 10_000)
    if any(word in name for word in ("quantity", "qty", "count", "number")):
        limit = min(limit, 20)
    return pa.array((draw.random.random(count) ** 2 * limit).astype(np.int64))


def _numbers(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    if field.type.name == "percent":
        return pa.array(np.round(draw.random.random(count) * 100, 1))
    return pa.array(np.round(draw.random.lognormal(3.5, 1.1, count), 2))


def _booleans(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    return pa.array(draw.chance(0.3, count))


def _timespans(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    return pa.array(draw.below(1440, count) * 60)


def _times(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    name = field.path.lower()
    first, last = -730.0, 0.0
    if "creat" in name:
        last = -365.0
    elif "modif" in name:
        first = -365.0
    elif any(word in name for word in ("expir", "valid", "due")):
        first, last = 0.0, 365.0
    elif "birth" in name:
        first, last = -90 * 365.25, -16 * 365.25
    days = first + draw.random.random(count) * (last - first)
    return pa.array(later(np.full(count, sizes.now), days * DAY))


def _dates(field: Field, sizes: Sizes, draw: Draw, count: int) -> pa.Array:
    return _times(field, sizes, draw, count).cast(pa.date32(), safe=False)


_NUMBERS: Final = {
    Kind.INTEGER: _integers,
    Kind.NUMBER: _numbers,
    Kind.BOOLEAN: _booleans,
    Kind.TIMESPAN: _timespans,
    Kind.DATETIME: _times,
    Kind.LOCAL_DATETIME: _times,
    Kind.DATE: _dates,
}


def _emails(draw: Draw, count: int) -> pa.Array:
    number = pa.array(draw.below(1_000_000, count)).cast(pa.string())
    name = markets().first.plain.take(
        pa.array(draw.below(len(markets().first.plain), count))
    )
    return pc.binary_join_element_wise(
        joined(name, number), draw.pick(DOMAINS, count), "@"
    )


def _codes(draw: Draw, count: int) -> pa.Array:
    letters = draw.pick(["AB-", "CX-", "KL-", "ZN-"], count)
    return joined(letters, draw.digits(["######"], np.zeros(count, dtype=np.int64)))


def _phones(draw: Draw, count: int) -> pa.Array:
    phones = markets().phone
    return draw.digits(phones, draw.below(len(phones), count))


def _urls(draw: Draw, count: int) -> pa.Array:
    return joined("https://www.example.com/", pc.utf8_lower(draw.pick(_KINDS, count)))


def _uuids(draw: Draw, count: int) -> pa.Array:
    return draw.uuids(count)


def _labels(draw: Draw, count: int) -> pa.Array:
    return joined(draw.pick(_WORDS, count), " ", draw.pick(_KINDS, count))


def _sentences(draw: Draw, count: int) -> pa.Array:
    return joined(_labels(draw, count), ": it's the customer's own words & notes.")


def _from(words: Callable[[], list[str] | pa.Array]) -> Text:
    return lambda draw, count: draw.pick(words(), count)


_TEXTS: Final[tuple[tuple[re.Pattern[str], Text], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), maker)
    for pattern, maker in (
        ("mail", _emails),
        ("first_?name", _from(lambda: markets().first.words)),
        ("last_?name|surname", _from(lambda: markets().last.words)),
        ("phone|mobile|fax", _phones),
        ("city|town", _from(lambda: markets().cities.words)),
        ("zip|post_?code", _from(lambda: markets().zip_codes)),
        ("country", _from(lambda: [row["isoA2"] for row in rows("countries")])),
        ("lang", _from(lambda: markets().language)),
        ("currency", _from(lambda: ["EUR", "USD", "GBP", "JPY", "PLN"])),
        ("colou?r", _from(lambda: ["red", "green", "blue", "black", "white"])),
        ("company|brand|supplier|vendor", _from(lambda: phrases("companies"))),
        ("url|link|site|image", _urls),
        ("uuid|guid", _uuids),
        ("code|sku|ref|account|serial|number", _codes),
        ("desc|comment|note|text|body", _sentences),
    )
)


def _text(field: Field) -> Text:
    if field.type.name == "uuid":
        return _uuids
    if field.type.name in ("memo", "html", "CDATA"):
        return _sentences
    found = (maker for pattern, maker in _TEXTS if pattern.search(field.path))
    return next(found, _labels)


def _fitted(column: pa.Array, length: int | None) -> pa.Array:
    return pc.utf8_slice_codeunits(column, 0, length) if length else column
