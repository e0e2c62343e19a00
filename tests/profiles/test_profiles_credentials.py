"""Where secrets come from, in which order, and that they stay unseen."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import keyring
import keyring.backend
import pytest
from keyring.errors import KeyringError, PasswordDeleteError

from campaign_magics.errors import InvalidOption, NoCredentials
from campaign_magics.profiles import (
    Profile,
    Sources,
    credentials,
    forget,
    prompt,
    remember,
)
from campaign_magics.profiles.prompt import CannotAsk
from campaign_magics.secret import Secret

pytestmark = pytest.mark.pure

ME = Profile(name="prod-eu.1", url="https://acme.com", user="me")
IMS = Profile(name="ims", url="https://acme.com", auth="ims", client_id="app")


class Keys(keyring.backend.KeyringBackend):
    """A key store in memory."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.held:
            raise PasswordDeleteError(username)
        del self.held[service, username]


class BrokenKeys(keyring.backend.KeyringBackend):
    """A key store that fails like D-Bus without a session."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error


@pytest.fixture(autouse=True)
def keys() -> Iterator[Keys]:
    before = keyring.get_keyring()
    store = Keys()
    keyring.set_keyring(store)
    yield store
    keyring.set_keyring(before)


def nobody(text: str) -> str:
    raise CannotAsk


def sources(
    environ: dict[str, str] | None = None, ask: Callable[[str], str] = nobody
) -> Sources:
    return Sources(environ=environ or {}, prompt=ask)


def test_the_first_source_that_has_it_wins(keys: Keys) -> None:
    """Argument, own variable, general variable, keyring, prompt."""
    keys.set_password("campaign_magics https://acme.com", "me", "from keyring")
    general = {"CAMPAIGN_PASSWORD": "from general"}
    own = {**general, "CAMPAIGN_PROD_EU_1_PASSWORD": "from own"}

    def found(password: Secret | None, environ: dict[str, str]) -> tuple[str, str]:
        result = credentials(
            ME,
            password=password,
            sources=sources(environ, lambda text: "from prompt"),
        )
        assert result.password is not None
        return result.source, result.password.reveal()

    assert found(Secret("given"), own) == ("argument", "given")
    assert found(Secret(""), own) == ("environment", "from own")
    assert found(None, general) == ("environment", "from general")
    assert found(None, {"CAMPAIGN_PASSWORD": ""}) == ("keyring", "from keyring")
    keys.held.clear()
    assert found(None, {}) == ("prompt", "from prompt")


@pytest.mark.parametrize(
    ("auth", "environ", "names"),
    [
        ("password", {"CAMPAIGN_PASSWORD": "p"}, {"password"}),
        (
            "session",
            {"CAMPAIGN_SESSION_TOKEN": "s", "CAMPAIGN_DEV_SECURITY_TOKEN": "t"},
            {"session_token", "security_token"},
        ),
        ("bearer", {"CAMPAIGN_DEV_BEARER_TOKEN": "b"}, {"bearer_token"}),
        ("ims", {"CAMPAIGN_CLIENT_SECRET": "c"}, {"client_secret"}),
        ("anonymous", {}, set()),
    ],
)
def test_each_kind_takes_its_own_secrets(
    auth: Any, environ: dict[str, str], names: set[str]
) -> None:
    """And no other: a password in the environment is not sent for a token."""
    profile = Profile(
        name="dev", url="https://x", user="me", client_id="app", auth=auth
    )
    everything = {"CAMPAIGN_OTHER_PASSWORD": "no", **environ}
    found = credentials(profile, sources=sources(everything))
    held = {f.name for f in fields(found) if isinstance(getattr(found, f.name), Secret)}
    assert held == names
    assert found.kind == auth


def test_a_secret_of_another_kind_is_an_error() -> None:
    """It would be passed over in silence, and a password asked for."""
    with pytest.raises(InvalidOption, match="bearer token is given") as caught:
        credentials(ME, bearer_token=Secret("x"), sources=sources())
    assert "auth='bearer'" in caught.value.hint


def test_half_a_pair_of_tokens_is_not_enough() -> None:
    """Tokens of two sources do not belong together."""
    profile = Profile(name="dev", url="https://x", auth="session")
    with pytest.raises(NoCredentials, match="session token and security token"):
        credentials(
            profile,
            session_token=Secret("a"),
            sources=sources({"CAMPAIGN_SECURITY_TOKEN": "b"}),
        )


def test_silence_is_an_error_that_names_the_variable() -> None:
    """Under papermill nobody can answer."""
    with pytest.raises(NoCredentials, match="No password for me at acme") as caught:
        credentials(ME, sources=sources())
    assert "CAMPAIGN_PROD_EU_1_PASSWORD" in caught.value.hint
    assert caught.value.facts["tried"][-1] == "prompt"


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (ME.with_overrides(user=None), "user"),
        (IMS.with_overrides(client_id=None), "client_id"),
    ],
)
def test_who_logs_on_must_be_known(profile: Profile, name: str) -> None:
    """Before anybody is asked for a password."""
    with pytest.raises(NoCredentials, match=f"which {name}") as caught:
        credentials(profile, sources=sources(ask=lambda text: "x"))
    assert name in caught.value.hint


@pytest.mark.parametrize(
    "error", [KeyringError("locked"), RuntimeError("no D-Bus"), ImportError("plug-in")]
)
def test_a_broken_key_store_has_nothing(error: Exception) -> None:
    """The next source is asked."""
    keyring.set_keyring(BrokenKeys(error))
    found = credentials(ME, sources=sources(ask=lambda text: "typed"))
    assert found.source == "prompt"


def test_what_is_remembered_is_found_for_the_same_address_only(keys: Keys) -> None:
    """A profile that was pointed elsewhere does not get the password."""
    remember(ME, "password", Secret("kept"))
    assert credentials(ME, sources=sources()).source == "keyring"
    moved = ME.with_overrides(url="https://evil.com")
    with pytest.raises(NoCredentials):
        credentials(moved, sources=sources())
    forget(ME, "password")
    forget(ME, "password")
    assert not keys.held


def test_a_client_secret_is_kept_by_client_id(keys: Keys) -> None:
    """Two applications on one instance do not mix."""
    remember(IMS, "client_secret", Secret("kept"))
    assert credentials(IMS, sources=sources()).client_id == "app"
    with pytest.raises(NoCredentials):
        credentials(IMS.with_overrides(client_id="other"), sources=sources())


def test_a_key_store_that_cannot_keep_says_so() -> None:
    """Without the secret, and with another way."""
    keyring.set_keyring(BrokenKeys(RuntimeError("hunter2")))
    with pytest.raises(InvalidOption, match="RuntimeError") as caught:
        remember(ME, "password", Secret("hunter2"))
    assert "hunter2" not in "\n".join(caught.value.render())


def test_the_prompt_says_who_and_where() -> None:
    """And an empty answer is none."""
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return ""

    with pytest.raises(NoCredentials):
        credentials(ME, sources=sources(ask=answer))
    assert asked == ["Password of me at acme.com: "]


class StdinNotImplementedError(NotImplementedError):
    """As IPython names it."""


@pytest.mark.parametrize(
    "error",
    [
        StdinNotImplementedError("raw_input was called, but no frontend"),
        EOFError(),
        OSError("no tty"),
        getpass.GetPassWarning("Can not control echo on the terminal."),
    ],
)
def test_where_nobody_can_answer_the_prompt_says_so(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """papermill, a closed standard input, no terminal, a terminal that would echo."""

    def unanswered(text: str) -> str:
        raise error

    monkeypatch.setattr(getpass, "getpass", unanswered)
    with pytest.raises(CannotAsk):
        prompt.ask("Password: ")


def test_a_terminal_that_would_echo_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """getpass falls back to a visible line with a warning; we do not."""
    monkeypatch.setattr(getpass, "getpass", getpass.fallback_getpass)
    with pytest.raises(CannotAsk):
        prompt.ask("Password: ")


def test_credentials_show_no_secret() -> None:
    """Not in repr, str or format."""
    found = credentials(ME, password=Secret("hunter2"), sources=sources())
    assert "hunter2" not in f"{found!r} {found}"
