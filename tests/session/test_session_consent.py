"""A production profile asks for its own name before anything changes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from campaign_magics.errors import InvalidOption
from campaign_magics.profiles import Profile
from campaign_magics.session.consent import require_consent

pytestmark = pytest.mark.pure


def connection(*, production: bool) -> Any:
    profile = Profile(name="live", url="https://a.example", production=production)
    return SimpleNamespace(profile=profile)


@pytest.mark.parametrize("yes", [None, "live", "other"])
def test_other_profiles_ask_nothing(yes: str | None) -> None:
    """A cell with yes= runs unchanged against the test instance."""
    require_consent(connection(production=False), yes, "Writing 3 rows")


def test_the_name_of_the_profile_is_consent() -> None:
    require_consent(connection(production=True), "live", "Writing 3 rows")


def test_silence_is_no_consent_and_the_hint_says_what_would_be() -> None:
    with pytest.raises(InvalidOption) as caught:
        require_consent(connection(production=True), None, "Writing 3 rows")
    assert caught.value.message == (
        "Writing 3 rows changes the production instance 'live'."
    )
    assert "yes='live'" in caught.value.hint
    assert "--yes live" in caught.value.hint


@pytest.mark.parametrize("yes", ["", "LIVE", "other", "yes", "true"])
def test_another_name_is_no_consent(yes: str) -> None:
    """Consent copied from a cell for another instance does not count here."""
    with pytest.raises(InvalidOption, match="this is 'live'"):
        require_consent(connection(production=True), yes, "Writing 3 rows")
