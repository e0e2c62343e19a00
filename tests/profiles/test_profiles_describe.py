"""Profiles shown to people: which file won, what is in it, what it may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign_magics.cli import main
from campaign_magics.errors import InvalidOption
from campaign_magics.profiles import MEANINGS, SETTINGS, Profile, find_profiles
from campaign_magics.profiles.describe import EXAMPLE, profile_rows, summary

pytestmark = pytest.mark.pure

TWO = """\
default = "prod"
[prod]
url = "https://acme.campaign.adobe.com"
user = "me"
tps = 10
production = true
[prod.tps_per_api]
"xtk:queryDef#ExecuteQuery" = 5
[test]
url = "http://localhost:8080"
auth = "ims"
client_id = "robot"
token_url = "https://ims.example.test/token"
proxy = "http://proxy:3128"
budget_store = "redis://limits:6379/0"
"""


def test_the_file_and_its_profiles_are_listed(tmp_path: Path) -> None:
    """One row each; the default says so; what sets a profile apart is named."""
    file = tmp_path / "profiles.toml"
    file.write_text(TWO)
    assert profile_rows(find_profiles(tmp_path, environ={})) == [
        ("file", str(file)),
        (
            "prod (default)",
            "https://acme.campaign.adobe.com · as me · TPS 10"
            " · xtk:queryDef#ExecuteQuery 5 · production",
        ),
        (
            "test",
            "http://localhost:8080 · as robot · auth ims · TPS learned"
            " · proxy http://proxy:3128 · budget redis://limits:6379/0",
        ),
    ]


def test_every_setting_is_explained() -> None:
    """A field that nobody documents is a field that nobody finds."""
    assert set(MEANINGS) == set(SETTINGS)
    documented = Profile.__doc__ or ""
    for name in set(SETTINGS) - {"url", "user", "auth"}:
        assert name in documented or name.endswith("_timeout"), name


def test_a_store_address_holds_no_password() -> None:
    """The hint names the variable that holds it instead."""
    with pytest.raises(InvalidOption) as caught:
        Profile(name="t", url="http://h", budget_store="redis://:canary@limits:6379")
    assert "canary" not in f"{caught.value}"
    assert "CAMPAIGN_REDIS_PASSWORD" in caught.value.hint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAMPAIGN_PROFILES", raising=False)
    return tmp_path


def test_the_command_tells_where_it_looked_and_what_to_write(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file: the places, and an example that is one."""
    assert main(["profiles"]) == 0
    said = capsys.readouterr().out
    assert f"none; looked for {folder / 'profiles.toml'}" in said
    assert EXAMPLE in said
    (folder / "profiles.toml").write_text(EXAMPLE)
    assert main(["profiles"]) == 0
    assert "prod (default)" in capsys.readouterr().out


def test_the_command_asks_for_a_default_where_there_is_none(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two profiles and no default; and a file that is named wins over the folder's."""
    (folder / "other.toml").write_text(TWO.partition("\n")[2])
    (folder / "profiles.toml").write_text(EXAMPLE)
    assert main(["profiles", "--file", "other.toml"]) == 0
    said = capsys.readouterr().out
    assert "other.toml" in said
    assert "There is no default" in said


def test_the_command_explains_settings_and_fails_on_a_bad_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--settings`` lists all; a secret in a file is refused, not shown."""
    assert main(["profiles", "--settings"]) == 0
    said = capsys.readouterr().out
    assert all(f"{name} " in said for name in SETTINGS)
    (folder / "profiles.toml").write_text(f"{EXAMPLE}password = 'canary'\n")
    assert main(["profiles"]) == 1
    captured = capsys.readouterr()
    assert "ACM-113" in captured.err
    assert "canary" not in captured.out + captured.err


def test_a_summary_leaves_out_what_is_as_usual() -> None:
    assert summary(Profile(name="t", url="http://h", auth="anonymous", tps=2.5)) == (
        "http://h · auth anonymous · TPS 2.5"
    )
