"""Plausible recipients of many countries, with their groups and subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .draft import Values
from .draw import DAY, Bools, Draw, Ints, Times, joined, later, only
from .sizes import Chunk
from .vocabulary import Markets, markets, phrases

DOMAINS: Final = (
    "example.com",
    "example.net",
    "example.org",
    "mail.example",
    "inbox.example",
    "post.example",
)
"""Domains that can never be real (RFC 2606)."""

ORIGINS: Final = ("web", "store", "import", "event", "phone", "partner")
_DOMAIN_WEIGHTS: Final = (40.0, 15.0, 15.0, 15.0, 10.0, 5.0)
_MALE, _FEMALE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """One chunk of recipients: all columns, and those that their logs need."""

    chunk: Chunk
    values: Values
    created: Times
    email: pa.Array
    mobile: pa.Array
    blocked: Bools
    engagement: pa.Array

    @property
    def ids(self) -> Ints:
        """The recipients' ids."""
        return self.chunk.ids


def recipients(chunk: Chunk, folders: Ints) -> Recipients:
    """Return a chunk of recipients spread over these folders."""
    draw = chunk.sizes.draw("nms:recipient", chunk.number)
    count, lists = len(chunk), markets()
    market = draw.weighted(lists.weight, count)
    gender = draw.weighted((3.0, 47.0, 50.0), count)
    female = np.where(gender == 0, draw.below(2, count), gender - 1)
    first = lists.first.index(2 * market + female, draw.random.random(count))
    last = lists.last.index(2 * market + female, draw.random.random(count))
    created = chunk.created()
    email = _emails(
        chunk, draw, lists.first.plain.take(first), lists.last.plain.take(last)
    )
    mobile = only(draw.digits(lists.mobile, market), draw.chance(0.7, count))
    denied, denied_email = draw.chance(0.015, count), draw.chance(0.04, count)
    values: dict[str, Any] = {
        "@id": chunk.ids,
        "@salutation": only(
            lists.salutation.take(pa.array(2 * market + female)), gender != 0
        ),
        "@firstName": lists.first.words.take(first),
        "@lastName": lists.last.words.take(last),
        "@gender": gender,
        "@language": lists.language.take(pa.array(market)),
        "@email": email,
        "@phone": only(draw.digits(lists.phone, market), draw.chance(0.55, count)),
        "@mobilePhone": mobile,
        "@fax": only(draw.digits(lists.phone, market), draw.chance(0.02, count)),
        "@blackList": denied,
        "@blackListEmail": denied_email,
        "@created": created,
        "@folder-id": draw.random.choice(folders, count),
        **_personal(chunk, draw),
        **_address(draw, lists, market),
        **_upkeep(chunk, draw, created),
    }
    return Recipients(
        chunk=chunk,
        values=values,
        created=created,
        email=email,
        mobile=mobile,
        blocked=denied | denied_email,
        engagement=pa.array(draw.random.beta(1.2, 2.2, count)),
    )


def _emails(chunk: Chunk, draw: Draw, first: pa.Array, last: pa.Array) -> pa.Array:
    """Return unique addresses; a number tells people of one name apart."""
    count = len(chunk)
    local = joined(first, ".", last)
    _, newest = np.unique(
        local.dictionary_encode().indices.to_numpy(), return_index=True
    )
    number = pa.array(chunk.indexes + 2).cast(pa.string())
    if chunk.number == 0:
        bare = np.zeros(count, dtype=np.bool_)
        bare[newest] = True
        number = pc.if_else(pa.array(bare), "", number)
    domain = draw.pick(DOMAINS, count, _DOMAIN_WEIGHTS)
    address = pc.binary_join_element_wise(joined(local, number), domain, "@")
    return only(address, ~draw.chance(0.03, count))


def _personal(chunk: Chunk, draw: Draw) -> dict[str, Any]:
    count, now = len(chunk), chunk.sizes.now
    age = np.clip(draw.random.normal(44, 16, count), 16, 96) * 365.25
    born = later(np.full(count, now), -age * DAY).astype("datetime64[D]")
    account = draw.digits(["C########"], np.zeros(count, dtype=np.int64))
    middle = draw.pick(["A.", "J.", "M.", "de", "Lee", "Rose", "María"], count)
    return {
        "@birthDate": only(born, draw.chance(0.92, count)),
        "@account": only(account, draw.chance(0.6, count)),
        "@company": only(
            draw.pick(phrases("companies"), count), draw.chance(0.15, count)
        ),
        "@middleName": only(middle, draw.chance(0.06, count)),
        "@status": draw.weighted((1.0, 4.0, 8.0, 1.0), count),
        "@origin": only(draw.pick(ORIGINS, count), draw.chance(0.9, count)),
        "@emailFormat": draw.weighted((2.0, 1.0, 17.0), count),
        "@blackListMobile": draw.chance(0.02, count),
        "@blackListPhone": draw.chance(0.03, count),
        "@blackListPostalMail": draw.chance(0.02, count),
        "@blackListFax": draw.chance(0.01, count),
        "@boolean1": draw.chance(0.2, count),
    }


def _address(draw: Draw, lists: Markets, market: Ints) -> dict[str, Any]:
    """Return places where city, postcode, state and country belong together."""
    count = len(market)
    known = draw.chance(0.95, count)
    city = lists.cities.index(market, draw.random.random(count))
    street = lists.streets.index(market, draw.random.random(count))
    house = pa.array(draw.below(199, count) + 1).cast(pa.string())
    flat = joined("Apt ", pa.array(draw.below(60, count) + 1).cast(pa.string()))
    line = _streets(lists, market, lists.streets.words.take(pa.array(street)), house)
    country = lists.country.take(pa.array(market))
    return {
        "location/@address1": only(flat, known & draw.chance(0.12, count)),
        "location/@address3": only(line, known & draw.chance(0.93, count)),
        "location/@zipCode": only(lists.zip_codes.take(pa.array(city)), known),
        "location/@city": only(lists.cities.words.take(pa.array(city)), known),
        "location/@stateCode": only(lists.states.take(pa.array(city)), known),
        "location/@countryCode": pc.if_else(pa.array(known), country, "XX"),
    }


def _streets(
    lists: Markets, market: Ints, street: pa.Array, house: pa.Array
) -> pa.Array:
    """Put house number and street in each country's order."""
    forms = sorted(set(lists.street_forms))
    which = np.array([forms.index(form) for form in lists.street_forms])[market]
    lines = pa.nulls(len(market), pa.string())
    for place, form in enumerate(forms):
        before, _, rest = form.partition("{s}")
        filled = joined(_numbered(before, house), street, _numbered(rest, house))
        lines = pc.if_else(pa.array(which == place), filled, lines)
    return lines


def _numbered(text: str, house: pa.Array) -> pa.Array | str:
    before, found, after = text.partition("{n}")
    return joined(before, house, after) if found else text


def _upkeep(chunk: Chunk, draw: Draw, created: Times) -> dict[str, Any]:
    count, now = len(chunk), chunk.sizes.now
    changed = draw.moments(created, np.full(count, now))
    touched = draw.chance(0.8, count)
    return {
        "@lastModified": np.where(touched, changed, created),
        "@createdBy-id": draw.random.choice([1059, 1061], count),
        "@modifiedBy-id": draw.random.choice([1059, 1061], count),
    }
