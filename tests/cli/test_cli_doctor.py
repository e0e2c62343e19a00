"""``campaign-magics doctor`` finds what is wrong, and shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from soap.scripted import Says, Server

from campaign_magics import Sandbox
from campaign_magics.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CAMPAIGN_PROFILES", "CAMPAIGN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def examined(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["doctor", *words])
    return code, capsys.readouterr().out


def test_a_fresh_machine_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """No profile is no failure; libraries, key store and cache are told."""
    code, said = examined(capsys)
    assert code == 0
    for name in ("package", "libraries", "keyring", "cache", "profiles"):
        assert f" {name} " in said
    assert "pyarrow" in said


def test_the_default_profile_is_reached(
    sandbox: Sandbox,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which variable holds the password, and never the password; nobody logs on."""
    file = folder / "profiles.toml"
    file.write_text(f'[near]\nurl = "{sandbox.url}"\nuser = "admin"\n')
    monkeypatch.setenv("CAMPAIGN_NEAR_PASSWORD", sandbox.password.reveal())
    before = sandbox.stats()["calls"]
    code, said = examined(capsys)
    assert code == 0
    assert f"near (default): {sandbox.url}" in said
    assert "password from environment CAMPAIGN_NEAR_PASSWORD" in said
    assert f"instance    {sandbox.url} is " in said
    assert "budget      shared through sqlite" in said
    assert sandbox.password.reveal() not in said
    assert sandbox.stats()["calls"] == before


def test_what_does_not_answer_as_campaign_is_a_failure(
    html_site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing there, or a web page: exit code 1, and a hint."""
    code, said = examined(capsys, "http://127.0.0.1:9")
    assert (code, "fail  instance    No connection" in said) == (1, True)
    code, said = examined(capsys, html_site)
    assert (code, "answers, but not as Campaign (HTTP 200)" in said) == (1, True)
    server = Server()
    server.before = lambda heard: Says(status=503)
    assert examined(capsys, server.url)[0] == 1
    server.close()


def test_a_bad_file_a_bad_name_and_a_bad_store_are_failures(
    folder: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is examined all the same."""
    code, said = examined(capsys, "nowhere")
    assert (code, "No profile is named 'nowhere'" in said) == (1, True)
    file = folder / "profiles.toml"
    file.write_text("password = 'canary'\n")
    code, said = examined(capsys)
    assert (code, "canary" in said, "fail  profiles" in said) == (1, False, True)
    store = f"sqlite:{folder}"
    file.write_text(f'[near]\nurl = "{sandbox.url}"\nbudget_store = "{store}"\n')
    code, said = examined(capsys)
    assert (code, "fail  budget" in said) == (1, True)


def test_a_cache_that_cannot_be_written_is_a_failure(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    code, said = examined(capsys)
    assert (code, "fail  cache" in said) == (1, True)
