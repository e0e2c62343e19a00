"""Recipients: plausible, unique where they must be, and the same every time."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from campaign_magics.sandbox.data.seed import seed_tables
from campaign_magics.sandbox.data.sizes import Sizes
from campaign_magics.sandbox.data.vocabulary import markets, plain, rows

from .conftest import AS_OF

pytestmark = pytest.mark.pure
RECIPIENT = "nms:recipient"


def test_thousand_recipients_are_numbered_from_1001(seeded):
    """Ids below 1000 are reserved; record 0 comes on top (protocol.md §4.2)."""
    assert seeded.list(RECIPIENT, "@id") == list(range(1001, 2001))


def test_emails_are_unique_and_cannot_be_real(seeded):
    """Every address is at a domain reserved for examples (RFC 2606)."""
    emails = [e for e in seeded.list(RECIPIENT, "@email") if e]
    assert len(emails) == len(set(emails))
    domains = {email.partition("@")[2] for email in emails}
    assert all(re.search(r"(^|\.)example(\.(com|net|org))?$", d) for d in domains)
    assert all(re.fullmatch(r"[a-z0-9.-]+@[a-z.]+", email) for email in emails)


def test_some_recipients_have_no_email_and_some_are_blocked(seeded):
    """Nulls and denylists occur, and are few."""
    assert 10 <= seeded.list(RECIPIENT, "@email").count(None) <= 60
    assert 5 <= sum(seeded.list(RECIPIENT, "@blackList")) <= 40
    assert 15 <= sum(seeded.list(RECIPIENT, "@blackListEmail")) <= 80


@pytest.mark.parametrize(
    "letters",
    ["'", "ë", "Ł|ł", "[가-힣]", "ễ|ầ|ạ", "[А-я]", "[一-龥]", "[ء-ي]", " ", "-"],
)
def test_names_come_from_many_scripts(seeded, letters):
    """Apostrophes, accents, Hangul, Cyrillic … all occur among 1,000 names."""
    names = seeded.list(RECIPIENT, "@lastName") + seeded.list(RECIPIENT, "@firstName")
    assert any(re.search(letters, name) for name in names)


def test_salutation_matches_gender(seeded):
    """A man is not greeted as a woman; an unknown gender has no salutation."""
    salutations = markets().salutation.to_pylist()
    men, women = set(salutations[0::2]), set(salutations[1::2])
    expected = {0: {None}, 1: men, 2: women}
    for salutation, gender in zip(
        seeded.list(RECIPIENT, "@salutation"),
        seeded.list(RECIPIENT, "@gender"),
        strict=True,
    ):
        assert salutation in expected[gender]


def test_places_fit_together(seeded):
    """City, postcode, state and country are one line of the list of cities."""
    known = {
        (row["city"], row["zip"], row["state"] or None, row["country"])
        for row in rows("cities")
    } | {(None, None, None, "XX")}
    paths = ("city", "zipCode", "stateCode", "countryCode")
    columns = [seeded.list(RECIPIENT, f"location/@{path}") for path in paths]
    assert set(zip(*columns, strict=True)) <= known


def test_language_is_the_markets(seeded):
    """Who lives in France speaks French, in Belgium too; most countries have one."""
    spoken = set(
        zip(markets().country.to_pylist(), markets().language.to_pylist(), strict=True)
    )
    for country, language in zip(
        seeded.list(RECIPIENT, "location/@countryCode"),
        seeded.list(RECIPIENT, "@language"),
        strict=True,
    ):
        assert country == "XX" or (country, language) in spoken


def test_birth_dates_are_of_living_adults(seeded):
    """Ages run from 16 to 96; some dates are unknown."""
    born = [day for day in seeded.list(RECIPIENT, "@birthDate") if day]
    ages = [(AS_OF - day).days / 365.25 for day in born]
    assert min(ages) > 15.9
    assert max(ages) < 96.1
    assert 850 < len(born) < 980


def test_created_before_modified_before_today(seeded):
    """Profiles were made in the order of their ids, over five years, none later."""
    created = seeded.column(RECIPIENT, "@created").slice(1)
    modified = seeded.column(RECIPIENT, "@lastModified").slice(1)
    assert created.to_pylist() == sorted(created.to_pylist())
    assert pc.all(pc.less_equal(created, modified)).as_py()
    assert pc.max(modified).as_py().date() < AS_OF


def test_the_same_seed_gives_the_same_rows(standard, seeded):
    """Seed, size and day decide everything."""
    again = pa.concat_tables(
        table
        for name, table in seed_tables(standard, rows=1000, seed=7, as_of=AS_OF)
        if name == RECIPIENT
    )
    other = pa.concat_tables(
        table
        for name, table in seed_tables(standard, rows=1000, seed=8, as_of=AS_OF)
        if name == RECIPIENT
    )
    assert again.equals(seeded.tables[RECIPIENT])
    assert not other.equals(again)


def test_chunks_join_without_a_double(standard):
    """Above 50,000 recipients come in chunks; ids and addresses stay unique."""
    tables = [
        table
        for name, table in seed_tables(standard, rows=60_000, seed=1, as_of=AS_OF)
        if name == RECIPIENT
    ]
    joined = pa.concat_tables(tables)
    emails = joined.column("sEmail").drop_null()
    assert len(tables) == 3
    assert pc.count_distinct(joined.column("iRecipientId")).as_py() == 60_001
    assert pc.count_distinct(emails).as_py() == len(emails)


@pytest.mark.parametrize(("count", "logs"), [(1_000, 10), (100_000, 10), (100_001, 1)])
def test_logs_are_capped_for_large_seeds(count, logs):
    """Ten logs for each recipient up to 100,000, one above."""
    assert Sizes(rows=count, seed=7, as_of=AS_OF).logs_per_recipient == logs


def test_no_recipients_is_a_world_too(standard):
    """--rows 0: reference data and record 0 only."""
    found = {}
    for name, table in seed_tables(standard, rows=0, seed=7, as_of=AS_OF):
        found[name] = found.get(name, 0) + table.num_rows
    assert found[RECIPIENT] == 1
    assert found["xtk:folder"] > 10


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("O'Hara", "ohara"),
        ("D'Angelo", "dangelo"),
        ("Zoë", "zoe"),
        ("Łukasz", "lukasz"),
        ("Nguyễn", "nguyen"),
        ("Weiß", "weiss"),
        ("Smith-Jones", "smith-jones"),
        ("van 't Hoff", "vanthoff"),
        ("Søren", "soren"),
        ("Işık", "isik"),
    ],
)
def test_latin_names_lose_their_accents_in_addresses(name, spelt):
    """The local part of an address is plain ASCII."""
    assert plain(name) == spelt


def test_every_name_has_a_plain_spelling():
    """Names in other scripts say how they are spelt; none is left out."""
    lists = markets()
    for pool in (lists.first, lists.last):
        for word, spelt in zip(
            pool.words.to_pylist(), pool.plain.to_pylist(), strict=True
        ):
            assert re.fullmatch(r"[a-z-]+", spelt), word


def test_word_lists_agree_with_each_other():
    """Every market has cities; every country has its three codes, once."""
    assert (markets().cities.sizes > 0).all()
    table = rows("countries")
    for code, width in (("isoA2", 2), ("isoA3", 3)):
        codes = [row[code] for row in table]
        assert len(set(codes)) == len(codes)
        assert all(len(c) == width for c in codes)
    assert len({row["isoNum"] for row in table}) == len(table)
    assert set(markets().country.to_pylist()) <= {row["isoA2"] for row in table}
