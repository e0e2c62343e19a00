"""A profile: values that fit, an address put in order, no secret."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_magics.errors import InvalidOption
from campaign_magics.profiles import Profile, normalise_url

pytestmark = pytest.mark.pure

URL = "https://acme.campaign.adobe.com"


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://acme.com", "https://acme.com"),
        ("https://acme.com/", "https://acme.com"),
        ("  HTTPS://Acme.COM//  ", "https://acme.com"),
        ("https://acme.com:443", "https://acme.com"),
        ("http://acme.com:80/", "http://acme.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("https://acme.com/nl/jsp/soaprouter.jsp", "https://acme.com"),
        ("https://acme.com/nl/jsp/logon.jsp?target=x#y", "https://acme.com"),
        ("https://acme.com/view/home", "https://acme.com"),
        ("https://acme.com/r/test", "https://acme.com"),
        ("https://proxy.com/campaign/", "https://proxy.com/campaign"),
        (
            "https://proxy.com/campaign/nl/jsp/soaprouter.jsp",
            "https://proxy.com/campaign",
        ),
        ("https://proxy.com/review", "https://proxy.com/review"),
    ],
)
def test_an_address_keeps_scheme_host_port_and_prefix(
    given_url: str, kept: str
) -> None:
    """Pasted pages of the instance are cut off, case and default ports vanish."""
    assert normalise_url(given_url) == kept
    assert normalise_url(kept) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("acme.com", r"'acme\.com' has no https://"),
        ("", "no https"),
        ("ftp://acme.com", "ftp://, not https"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://acme.com:99999", "cannot be read"),
        ("https://acme.com:x", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://ac me.com", "names no host"),
    ],
)
def test_what_is_no_address_is_an_error(text: str, message: str) -> None:
    """It says what is missing, and how an address looks."""
    with pytest.raises(InvalidOption, match=message) as caught:
        normalise_url(text)
    assert "https://acme.campaign.adobe.com" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["https://me:hunter2@acme.com", "me:hunter2@acme.com", "https://hunter2@x"]
)
def test_a_password_in_an_address_is_refused_and_not_shown(text: str) -> None:
    """Not in the message, the hint or the facts."""
    with pytest.raises(InvalidOption) as caught:
        Profile(name="x", url=text)
    assert "hunter2" not in "\n".join(caught.value.render())
    assert "hunter2" not in repr(caught.value.facts)


@given(st.text())
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    """Never another exception, and an accepted address stays as it is."""
    for candidate in (text, f"https://{text}", f"https://host/{text}"):
        try:
            kept = normalise_url(candidate)
        except InvalidOption:
            continue
        assert normalise_url(kept) == kept


def test_defaults_are_careful() -> None:
    """Unknown limit, not production, password, shared budget."""
    profile = Profile(name="dev", url=URL)
    assert (profile.auth, profile.tps, profile.production) == ("password", None, False)
    assert profile.budget_store == "sqlite"


def test_overrides_make_a_copy() -> None:
    """The original stays; values are checked again."""
    profile = Profile(name="dev", url=URL, tps=5)
    changed = profile.with_overrides(tps=10, user="me", url="http://other/")
    assert (changed.tps, changed.user, changed.url) == (10, "me", "http://other")
    assert (profile.tps, profile.user) == (5, None)
    with pytest.raises(InvalidOption, match="tps = 0 is not a number of calls"):
        profile.with_overrides(tps=0)


def test_an_unknown_override_gets_a_suggestion() -> None:
    """``cm.connect(url, pagesize=1)``."""
    with pytest.raises(InvalidOption, match="'pagesize' is not a setting") as caught:
        Profile(name="dev", url=URL).with_overrides(pagesize=1)
    assert caught.value.hint == "did you mean 'page_size'?"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("auth", "kerberos"),
        ("tps", "10"),
        ("tps", True),
        ("tps", float("nan")),
        ("tps_per_api", {"ExecuteQuery": 5}),
        ("tps_per_api", {"xtk:queryDef#ExecuteQuery": 0}),
        ("page_size", 2.5),
        ("page_size", 0),
        ("read_timeout", -1),
        ("read_timeout", None),
        ("production", "yes"),
        ("proxy", "proxy:3128"),
        ("user", ""),
        ("name", " "),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(setting: str, value: object) -> None:
    """The message begins with the setting's name."""
    settings = {"name": "dev", "url": URL, setting: value}
    with pytest.raises(InvalidOption) as caught:
        Profile(**settings)  # type: ignore[arg-type]
    assert caught.value.message.startswith(setting)


@pytest.mark.parametrize("name", ["proxy", "token_url"])
def test_a_password_in_another_address_is_refused_too(name: str) -> None:
    """A proxy's belongs into the environment."""
    with pytest.raises(InvalidOption) as caught:
        Profile(name="x", url=URL, **{name: "http://me:hunter2@proxy:1"})  # type: ignore[arg-type]
    assert "hunter2" not in "\n".join(caught.value.render())


def test_profiles_compare_hash_and_pickle() -> None:
    """They are values; the table of limits cannot be changed either."""
    profile = Profile(name="x", url=URL, tps_per_api={"xtk:queryDef#ExecuteQuery": 5})
    assert pickle.loads(pickle.dumps(profile)) == profile
    assert len({profile, Profile(name="y", url=URL)}) == 2
    with pytest.raises(TypeError):
        profile.tps_per_api["a#b"] = 1  # type: ignore[index]
