"""The command line: defaults, secrets from the right place, refusals in two lines."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from campaign_magics.errors import InvalidOption
from campaign_magics.sandbox.command import OperatorOption, Options, read_options

pytestmark = pytest.mark.pure


def read(*argv: str, **environ: str) -> Options:
    return read_options(argv, environ=environ, stdin=io.BytesIO())


def test_the_defaults_are_those_of_the_design():
    """``campaign-magics sandbox`` alone is enough."""
    assert read() == Options()
    assert (read().host, read().tps, read().rows) == ("127.0.0.1", 10.0, 1000)


def test_every_option_is_read(tmp_path: Path):
    """As design.md spells them."""
    options = read(
        *["--host", "::1", "--port", "8080", "--tps", "2.5", "--rows", "1000000"],
        *["--seed", "1", "--user", "eve", "--data", str(tmp_path / "new")],
        *["--schemas", str(tmp_path), "--replicate-every", "0"],
        *["--fault-status", "500", "--session-seconds", "2"],
        *["--session-token-only", "--allow-user-password"],
    )
    assert options == Options(
        host="::1",
        port=8080,
        tps=2.5,
        rows=1_000_000,
        seed=1,
        user="eve",
        data=tmp_path / "new",
        schemas=tmp_path,
        replicate_every=0.0,
        fault_status=500,
        session_seconds=2.0,
        session_token_only=True,
        allow_user_password=True,
    )


@pytest.mark.parametrize(
    ("argv", "environ", "expected"),
    [
        (["--password", "x"], {}, "x"),
        ([], {"CAMPAIGN_SANDBOX_PASSWORD": "y"}, "y"),
        (["--password", "x"], {"CAMPAIGN_SANDBOX_PASSWORD": "y"}, "x"),
    ],
)
def test_the_password_comes_from_the_option_or_the_environment(
    argv: list[str], environ: dict[str, str], expected: str
):
    """The option wins; neither shows in the repr."""
    options = read(*argv, **environ)
    assert options.password is not None
    assert options.password.reveal() == expected
    assert f"'{expected}'" not in repr(options)


def test_a_parent_hands_secrets_over_on_stdin():
    """They win over the environment, and stay out of argv."""
    options = read_options(
        ["--follow-stdin"],
        environ={"CAMPAIGN_SANDBOX_PASSWORD": "y"},
        stdin=io.BytesIO(b'{"password": "p", "control": "c"}\n'),
    )
    assert options.password is not None
    assert options.control is not None
    assert (options.password.reveal(), options.control.reveal()) == ("p", "c")


def test_further_operators_have_rights_and_passwords():
    """Name and rights from the option, the password from its variable."""
    options = read(
        *["--operator", "analyst", "--operator", "an editor:delivery, workflow"],
        CAMPAIGN_SANDBOX_PASSWORD_AN_EDITOR="e",
    )
    analyst, editor = options.operators
    assert analyst == OperatorOption(login="analyst")
    assert (editor.login, editor.rights) == ("an editor", {"delivery", "workflow"})
    assert editor.password is not None
    assert editor.password.reveal() == "e"


@pytest.mark.parametrize("line", [b"", b"{}\n", b"[]\n", b"hello\n"])
def test_stdin_without_secrets_is_refused(line: bytes):
    """Whoever types the hidden option learns what it is for."""
    with pytest.raises(InvalidOption, match="stdin"):
        read_options(["--follow-stdin"], environ={}, stdin=io.BytesIO(line))


@pytest.mark.parametrize(
    "argv",
    [
        ["--tps", "-1"],
        ["--tps", "many"],
        ["--tps", "nan"],
        ["--port", "70000"],
        ["--port", "-1"],
        ["--rows", "-5"],
        ["--rows", "1.5"],
        ["--user", ""],
        ["--user", "a/b"],
        ["--operator", ":write"],
        ["--operator", "a/b"],
        ["--data", "/no/such/folder"],
        ["--schemas", "/no/such/folder"],
        ["--fault-status", "404"],
        ["--session-seconds", "0"],
        ["--no-such-option"],
        ["--por", "1"],
        ["extra"],
    ],
)
def test_a_bad_option_is_named_in_two_lines(argv: list[str]):
    """One for the cause, one for what to try."""
    with pytest.raises(InvalidOption) as refusal:
        read(*argv)
    lines = refusal.value.render()
    assert len(lines) == 2
    assert argv[0] in lines[0]
    assert "--help" in lines[1]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.test"])
def test_the_network_gets_no_made_up_password(host: str):
    """Neither a generated one, nor the operator's own name."""
    for argv in (["--host", host], ["--host", host, "--password", "admin"]):
        with pytest.raises(InvalidOption, match="open to the network"):
            read(*argv)
    chosen = ["--host", host, "--password", "chosen"]
    assert read(*chosen).host == host
    with pytest.raises(InvalidOption, match="open to the network"):
        read(*chosen, "--operator", "bob", CAMPAIGN_SANDBOX_PASSWORD_BOB="bob")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_chosen_password(host: str):
    """The default is safe."""
    assert read("--host", host).password is None


def test_single_apis_have_limits_of_their_own():
    """As often as there are APIs."""
    options = read("--api-tps", "xtk:queryDef#ExecuteQuery=5", "--api-tps=a:b#C=0.5")
    assert options.api_tps == (("xtk:queryDef#ExecuteQuery", 5.0), ("a:b#C", 0.5))


@pytest.mark.parametrize("text", ["ExecuteQuery=5", "a:b#C", "a:b#C=0", "a:b#C=fast"])
def test_a_limit_names_an_api_and_a_number(text: str):
    """Two lines, the option named."""
    with pytest.raises(InvalidOption, match="--api-tps"):
        read("--api-tps", text)
