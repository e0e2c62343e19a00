"""Which file wins, what it may say, and what it must not."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_magics.errors import InvalidOption, UnknownProfile
from campaign_magics.profiles import (
    SETTINGS,
    Profile,
    files,
    find_profiles,
    load_profile,
    save_profile,
    user_file,
)

pytestmark = pytest.mark.pure

TWO = """\
default = "prod"

# the live one
[prod]
url = "https://acme.campaign.adobe.com/"
user = "me"
tps = 10
production = true

[prod.tps_per_api]
"xtk:queryDef#ExecuteQuery" = 5

[dev]
url = "http://localhost:8080"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder is empty, and so is the environment."""
    monkeypatch.setattr(
        platformdirs, "user_config_path", lambda name: tmp_path / "config" / name
    )
    monkeypatch.delenv("CAMPAIGN_PROFILES", raising=False)
    return tmp_path / "config"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def one(name: str) -> str:
    return f'[{name}]\nurl = "https://{name}.com"\n'


def test_a_file_holds_a_table_for_each_profile(tmp_path: Path) -> None:
    """Settings become fields, the address is normalised."""
    write(tmp_path / "profiles.toml", TWO)
    found = find_profiles(tmp_path)
    assert found.default == "prod"
    assert found.profiles["prod"] == Profile(
        name="prod",
        url="https://acme.campaign.adobe.com",
        user="me",
        tps=10,
        production=True,
        tps_per_api={"xtk:queryDef#ExecuteQuery": 5},
    )
    assert found.profiles["dev"].url == "http://localhost:8080"


def test_the_first_file_in_the_order_wins(tmp_path: Path) -> None:
    """Argument, variable, working folder, user's folder; never a mixture."""
    asked = write(tmp_path / "asked.toml", one("asked"))
    named = write(tmp_path / "named.toml", one("named"))
    here = write(tmp_path / "here" / "profiles.toml", one("here"))
    users = write(user_file(), one("users"))
    environ = {"CAMPAIGN_PROFILES": str(named)}
    start = tmp_path / "here"
    winners = [
        find_profiles(start, file=asked, environ=environ),
        find_profiles(start, environ=environ),
        find_profiles(start, environ={}),
        find_profiles(tmp_path, environ={}),
    ]
    assert [found.path for found in winners] == [asked, named, here, users]
    assert [list(found.profiles) for found in winners] == [
        ["asked"],
        ["named"],
        ["here"],
        ["users"],
    ]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """It is not passed over in silence."""
    with pytest.raises(InvalidOption, match=r"none\.toml does not exist"):
        find_profiles(tmp_path, environ={"CAMPAIGN_PROFILES": f"{tmp_path}/none.toml"})


def test_no_file_at_all_is_no_profile(tmp_path: Path) -> None:
    """The places that were searched are told."""
    found = find_profiles(tmp_path)
    assert found.path is None
    assert found.searched == (tmp_path / "profiles.toml", user_file())
    with pytest.raises(UnknownProfile, match="'prod'") as caught:
        load_profile("prod", start=tmp_path)
    assert str(tmp_path / "profiles.toml") in caught.value.hint
    assert "sandbox" in caught.value.hint


def test_a_profile_is_loaded_by_name_or_address(tmp_path: Path) -> None:
    """An address needs no file and is named by its host."""
    write(tmp_path / "profiles.toml", TWO)
    assert load_profile("dev", start=tmp_path).name == "dev"
    assert load_profile(None, start=tmp_path).name == "prod"
    profile = load_profile("https://other.com:8443/view/home", start=tmp_path)
    assert (profile.name, profile.url) == ("other.com:8443", "https://other.com:8443")


def test_the_only_profile_is_the_default(tmp_path: Path) -> None:
    """With two and no ``default``, the choice is the user's; a name may say it too."""
    write(tmp_path / "profiles.toml", one("default") + one("a"))
    assert load_profile(start=tmp_path).name == "default"
    write(tmp_path / "profiles.toml", one("a"))
    assert load_profile(start=tmp_path).name == "a"
    write(tmp_path / "profiles.toml", one("a") + one("b"))
    with pytest.raises(UnknownProfile, match="no default") as caught:
        load_profile(start=tmp_path)
    assert caught.value.hint.endswith("has a, b")


def test_a_misspelt_profile_gets_a_suggestion_and_the_list(tmp_path: Path) -> None:
    """``prdo``: did you mean 'prod'?"""
    write(tmp_path / "profiles.toml", TWO)
    with pytest.raises(UnknownProfile, match="'prdo'") as caught:
        load_profile("prdo", start=tmp_path)
    assert caught.value.hint.startswith("did you mean 'prod'?")
    assert caught.value.hint.endswith("has dev, prod")


def test_a_misspelt_sandbox_is_recognised_without_any_file(tmp_path: Path) -> None:
    """The first word that a newcomer types is no profile's name."""
    with pytest.raises(UnknownProfile) as caught:
        load_profile("snadbox", start=tmp_path)
    assert caught.value.hint.startswith("did you mean 'sandbox'? write ")


def test_a_bare_host_is_told_to_write_https(tmp_path: Path) -> None:
    """It looks like an address, and no profile has that name."""
    with pytest.raises(UnknownProfile) as caught:
        load_profile("acme.campaign.adobe.com", start=tmp_path)
    assert "write https://acme.campaign.adobe.com" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[a]\nurl = "https://a"\npagesize = 5', "line 3: 'pagesize' is", "page_size"),
        ('[a]\nuser = "me"', "line 1: profile 'a' has no url", "url ="),
        ('[a]\nurl = "a.com"', "line 2: The address 'a.com' has no https", "write"),
        ('[a]\nurl = "https://a"\n\ntps = "5"', "line 4: tps = '5' is not", ""),
        ('[a]\nurl = "https://a"\n[a.tps_per_api]\nX = 1', "line 3: tps_per_api", ""),
        ('default = "b"\n[a]\nurl = "https://a"', "line 1: default = 'b' is no", ""),
        ('url = "https://a"', "line 1: 'url' stands outside", "[prod]"),
        ("[a\n", "is not TOML", "[name]"),
        ('[a]\nurl = "https://a"\n[b]\nurl = "https://b"\nuse = 1', "line 5:", "user"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    """File, line, setting, and what to write instead."""
    path = write(tmp_path / "profiles.toml", text)
    with pytest.raises(InvalidOption) as caught:
        find_profiles(tmp_path)
    assert caught.value.message.startswith(str(path))
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "PASSWORD",
        "passwd",
        "pwd",
        "client_secret",
        "session_token",
        "token",
        "bearer",
        "api_key",
        "credentials",
        "security_token",
    ],
)
@pytest.mark.parametrize(
    "place", ['[a]\nurl = "https://a"\n{} = "hunter2"', '{} = "hunter2"']
)
def test_a_secret_in_a_file_is_refused_and_not_shown(
    tmp_path: Path, key: str, place: str
) -> None:
    """The hint names the three places where it belongs."""
    write(tmp_path / "profiles.toml", place.format(key))
    with pytest.raises(InvalidOption, match=f"'{key}' is a secret") as caught:
        find_profiles(tmp_path)
    assert "hunter2" not in "\n".join(caught.value.render())
    assert all(w in caught.value.hint for w in ("environment", "keyring", "prompt"))


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    """UTF-16 from a Windows editor; a byte order mark alone is fine."""
    (tmp_path / "profiles.toml").write_bytes(one("a").encode("utf-16"))
    with pytest.raises(InvalidOption, match="cannot be read"):
        find_profiles(tmp_path)
    (tmp_path / "profiles.toml").write_bytes(one("a").encode("utf-8-sig"))
    assert list(find_profiles(tmp_path).profiles) == ["a"]


def test_a_saved_profile_is_found_again(tmp_path: Path) -> None:
    """In the user's folder, under what was there."""
    write(user_file(), TWO)
    profile = Profile(
        name='quo"ted.é',
        url="https://x.com",
        user="José \\ O'Hara",
        tps=2.5,
        tps_per_api={"xtk:session#Write": 1},
        auth="ims",
        client_id="id",
        production=True,
    )
    assert save_profile(profile) == user_file()
    assert user_file().read_text(encoding="utf-8").startswith(TWO)
    found = find_profiles(tmp_path)
    assert list(found.profiles) == ["prod", "dev", profile.name]
    assert found.profiles[profile.name] == profile


def test_saving_does_not_replace(tmp_path: Path) -> None:
    """A name that is taken leaves the file as it was."""
    path = write(tmp_path / "profiles.toml", TWO)
    with pytest.raises(InvalidOption, match="'dev' already"):
        save_profile(Profile(name="dev", url="https://x"), path)
    assert path.read_text(encoding="utf-8") == TWO


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_any_name_and_user_can_be_saved(name: str, user: str) -> None:
    """What is written as TOML reads back the same."""
    import tomllib

    profile = Profile(name=name, url="https://x", user=user)
    table = tomllib.loads(files._to_toml(profile))
    assert table == {name: {"url": "https://x", "user": user}}


def test_the_docstring_lists_the_order() -> None:
    """It is what the documentation shows."""
    assert files.__doc__ is not None
    assert "CAMPAIGN_PROFILES" in files.__doc__
    assert "url" in SETTINGS
    assert "name" not in SETTINGS
