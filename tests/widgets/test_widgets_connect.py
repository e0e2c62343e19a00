"""The connection box, filled in without a browser."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from IPython.utils.capture import capture_output

from campaign_magics.errors import AccessDenied, InvalidOption, Unreachable
from campaign_magics.profiles import Found, Profile
from campaign_magics.secret import Secret
from campaign_magics.widgets.connect import OTHER, ConnectBox
from campaign_magics.widgets.connect_ways import Ways
from campaign_magics.widgets.secret_field import SecretField

pytestmark = pytest.mark.pure

CANARY = "Tr0mbone-canary"
EVIL = "<img src=x onerror=alert(1)>"
URL = "https://acme.test"


class Session:
    """What a logon returns."""

    def __init__(self, profile: Profile | None) -> None:
        self.profile = profile
        self.closed = False

    def describe(self) -> str:
        return self.profile.name if self.profile else "sandbox"

    def close(self) -> None:
        self.closed = True


class Doors:
    """Stands in for the rooms above; remembers what went through."""

    def __init__(self) -> None:
        self.opened: list[tuple[Profile, dict[str, Secret]]] = []
        self.taken: list[Any] = []
        self.saved: list[Profile] = []
        self.remembered: list[tuple[str, Secret]] = []
        self.failure: Exception | None = None
        self.save_failure: Exception | None = None
        self.remember_failure: Exception | None = None

    def ways(self) -> Ways:
        return Ways(
            connect=self._connect,
            taken=self.taken.append,
            save_profile=self._save,
            remember=self._remember,
            ready={"sandbox": lambda: Session(None)},
        )

    def _connect(self, profile: Profile, secrets: Any) -> Any:
        self.opened.append((profile, dict(secrets)))
        if self.failure:
            raise self.failure
        return Session(profile)

    def _remember(self, profile: Profile, name: str, secret: Secret) -> None:
        if self.remember_failure:
            raise self.remember_failure
        self.remembered.append((name, secret))

    def _save(self, profile: Profile) -> Path:
        if self.save_failure:
            raise self.save_failure
        self.saved.append(profile)
        return Path("/home/me/profiles.toml")


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture(autouse=True)
def _no_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.get_password", lambda service, account: None)


def profiles(*given: Profile, default: str | None = None) -> Found:
    return Found(
        path=Path("profiles.toml"),
        profiles={profile.name: profile for profile in given},
        default=default,
    )


PROD = Profile(name="prod", url=URL, user="me", production=True)
TOKENS = Profile(name="tokens", url=URL, auth="session")


def type_in(field: SecretField, text: str) -> None:
    """Type as a page does: the message comes when the field is left."""
    field.set_state({"value": text})


def filled_in(doors: Doors, *, user: str = "me") -> ConnectBox:
    """A box for an address that was typed."""
    box = ConnectBox(Found(path=None), doors.ways())
    box.address.value, box.user.value = URL, user
    type_in(box.secrets["password"], CANARY)
    return box


def state() -> str:
    """All that a front end could save of all widgets."""
    return json.dumps(widgets.Widget.get_manager_state(), default=str)


def test_an_address_an_operator_and_a_password_are_enough(doors: Doors) -> None:
    box = filled_in(doors)
    box.button.click()
    ((profile, secrets),) = doors.opened
    assert (profile.url, profile.user, profile.name) == (URL, "me", "acme.test")
    assert secrets["password"].reveal() == CANARY
    (session,) = doors.taken
    assert not session.closed
    assert "connected to acme.test" in box.status.value
    assert box.as_text() == "connected to acme.test"
    assert (doors.saved, doors.remembered) == ([], [])


def test_a_profile_fills_the_form_in(doors: Doors) -> None:
    """The preferred one first; what it says cannot be changed here."""
    box = ConnectBox(profiles(TOKENS, PROD, default="prod"), doors.ways())
    assert box.place.options == ("prod", "tokens", "sandbox", OTHER)
    assert (box.address.value, box.user.value) == (URL, "me")
    assert box.address.disabled
    type_in(box.secrets["password"], CANARY)
    box.button.click()
    assert doors.opened[0][0] == PROD


def test_another_kind_of_logon_asks_for_other_secrets(doors: Doors) -> None:
    box = ConnectBox(profiles(TOKENS, PROD), doors.ways())
    box.place.value = "tokens"
    assert list(box.secrets) == ["session_token", "security_token"]
    type_in(box.secrets["session_token"], CANARY)
    box.button.click()
    assert "No security token is given." in box.status.value
    assert doors.opened == []


def test_what_was_typed_for_one_place_is_not_sent_to_another(doors: Doors) -> None:
    box = ConnectBox(profiles(PROD), doors.ways())
    type_in(box.secrets["password"], CANARY)
    box.place.value = OTHER
    assert box.secrets["password"].secret is None


def test_the_sandbox_needs_no_form(doors: Doors) -> None:
    box = ConnectBox(profiles(PROD), doors.ways())
    box.place.value = "sandbox"
    assert box.secrets == {}
    box.button.click()
    assert len(doors.taken) == 1


def test_a_test_logs_off_again_and_keeps_nothing(doors: Doors) -> None:
    """The password typed for it is still there for the logon that follows."""
    box = filled_in(doors)
    box.save.value = box.remember.value = True
    box.test.click()
    assert "It works: acme.test." in box.status.value
    assert (doors.taken, doors.saved, doors.remembered) == ([], [], [])
    box.button.click()
    assert len(doors.taken) == 1


def test_nobody_is_asked_in_a_terminal_that_is_not_there(doors: Doors) -> None:
    """Without a password anywhere the box says so, instead of a prompt that hangs."""
    box = ConnectBox(profiles(PROD), doors.ways())
    box.button.click()
    assert "No password is given." in box.status.value
    assert doors.opened == []


def test_a_password_from_the_environment_need_not_be_typed(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_PROD_PASSWORD", CANARY)
    box = ConnectBox(profiles(PROD), doors.ways())
    texts = [one.value for one in box.view.children if isinstance(one, widgets.HTML)]
    assert any("environment CAMPAIGN_PROD_PASSWORD" in text for text in texts)
    box.button.click()
    assert doors.opened == [(PROD, {})]


def test_an_error_is_two_lines_and_the_box_stays(doors: Doors) -> None:
    doors.failure = Unreachable(f"{EVIL} does not answer.", hint="check the address")
    box = filled_in(doors)
    box.button.click()
    assert 'role="alert"' in box.status.value
    assert EVIL not in box.status.value
    assert box.status.value.count("\n") == 1
    assert not box.button.disabled
    doors.failure = None
    box.button.click()  # the password need not be typed again
    assert len(doors.taken) == 1


def test_a_refused_password_is_forgotten(doors: Doors) -> None:
    doors.failure = AccessDenied("Wrong operator or password.")
    box = filled_in(doors)
    box.button.click()
    assert box.secrets["password"].secret is None
    assert box.secrets["password"].placeholder == ""


def test_a_fault_of_ours_shows_its_name_alone(doors: Doors) -> None:
    """Its text may hold anything."""
    doors.failure = ValueError(CANARY)
    box = filled_in(doors)
    box.button.click()
    assert "ValueError" in box.status.value
    assert CANARY not in box.status.value


def test_the_form_without_an_operator_or_an_address_says_so(doors: Doors) -> None:
    box = filled_in(doors, user=" ")
    box.button.click()
    assert "No operator is given." in box.status.value
    box.user.value, box.address.value = "me", "acme"
    box.button.click()
    assert "has no https://" in box.status.value
    assert doors.opened == []


def test_an_address_that_holds_a_password_is_wiped(doors: Doors) -> None:
    box = filled_in(doors)
    box.address.value = f"https://me:{CANARY}@acme.test"
    box.button.click()
    assert CANARY not in box.status.value
    assert CANARY not in state()


def test_profile_and_password_are_kept_when_asked(doors: Doors) -> None:
    box = filled_in(doors)
    box.save.value = box.remember.value = box.production.value = True
    box.name.value = "prod"
    box.button.click()
    assert doors.saved == [PROD]
    ((name, secret),) = doors.remembered
    assert (name, secret.reveal()) == ("password", CANARY)
    assert box.as_text().splitlines() == [
        "connected to prod",
        "profile 'prod' saved in /home/me/profiles.toml",
        "password kept in the key store of this computer",
    ]


def test_a_name_that_is_taken_leaves_the_box_open(doors: Doors) -> None:
    """Connected all the same; another name can be tried."""
    doors.save_failure = InvalidOption("There is a profile 'prod' already.")
    box = filled_in(doors)
    box.save.value, box.name.value = True, "prod"
    box.button.click()
    assert len(doors.taken) == 1
    assert "connected to prod; but:" in box.status.value
    assert not box.finished
    doors.save_failure = None
    box.name.value = "prod2"
    box.button.click()
    assert [profile.name for profile in doors.saved] == ["prod2"]
    assert box.finished


def test_a_broken_key_store_hides_nothing_that_was_done(doors: Doors) -> None:
    """The box says that it is connected and what is saved, and does not save again."""
    doors.remember_failure = InvalidOption("The key store refused to keep it.")
    box = filled_in(doors)
    box.save.value = box.remember.value = True
    box.name.value = "prod"
    box.button.click()
    assert "connected to prod · profile &#x27;prod&#x27; saved" in box.status.value
    assert "The key store refused to keep it." in box.status.value
    assert box.note() == "Connection box: connected to prod"
    assert box.as_text().startswith("connected to prod\nprofile 'prod' saved")
    assert not box.finished
    box.remember.value = False
    box.button.click()
    assert [profile.name for profile in doors.saved] == ["prod"]
    assert box.finished


def test_no_widget_s_state_ever_holds_the_password(
    doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither while it waits in the field nor after; nor a repr, a text or a log."""
    box = filled_in(doors)
    field = box.secrets["password"]
    logging.getLogger("Comm").debug(
        "handle_msg[%s](%s)", field.comm.comm_id, {"value": CANARY}
    )
    logging.getLogger("Comm").debug("handle_msg[%s](%s)", "other", {})
    seen = [state(), repr(field), repr(field.secret), repr(box), str(box.view)]
    box.button.click()
    seen += [state(), box.as_text(), box.as_html(), box.note(), caplog.text]
    assert not [text for text in seen if CANARY in text]
    assert "handle_msg[other]" in caplog.text
    assert field.secret is None


def test_the_page_is_told_to_empty_the_field(doors: Doors) -> None:
    """It is not echoed to other pages, and the page that sent it drops it."""
    box = ConnectBox(Found(path=None), doors.ways())
    field = box.secrets["password"]
    sent: list[Any] = []
    field._send = lambda message, buffers=None: sent.append(message)
    type_in(field, CANARY)
    assert CANARY not in str(sent)
    assert sent[-1]["state"] == {"value": ""}
    assert sent[0]["state"] == {"placeholder": "given, not shown"}


def test_every_control_says_what_it_is(doors: Doors) -> None:
    box = ConnectBox(profiles(PROD), doors.ways())
    inputs = [box.place, box.address, box.user, *box.secrets.values(), box.remember]
    inputs += [box.save, box.name, box.production, box.button, box.test]
    assert all(one.description for one in inputs)


def test_its_twin_shows_the_profiles_and_how_to_do_without(
    doors: Doors, shell: Any
) -> None:
    hostile = Profile(name=EVIL, url=URL, user="me")
    box = ConnectBox(profiles(PROD, hostile), doors.ways())
    with capture_output() as captured:
        box._ipython_display_()
    live, note = captured.outputs
    assert "application/vnd.jupyter.widget-view+json" in live.data
    assert "<img" not in live.data["text/html"]
    assert "%campaign_connect PROFILE" in live.data["text/plain"]
    assert "nothing is connected yet" in note.data["text/plain"]


def press_return(box: ConnectBox, field: Any) -> None:
    """Press Return as a page does, and wait for what it starts."""
    field._handle_custom_msg({"event": "submit"}, [])
    assert box._entered.wait()


@pytest.mark.parametrize("name", ["address", "user", "password"])
def test_return_in_any_field_connects(doors: Doors, name: str) -> None:
    box = filled_in(doors)
    field = box.secrets["password"] if name == "password" else getattr(box, name)
    press_return(box, field)
    assert len(doors.taken) == 1
    assert box.finished
    press_return(box, box.address)  # a second Return finds nothing to do
    assert len(doors.taken) == 1


def test_a_password_that_arrives_after_its_return_is_the_one_taken(
    doors: Doors,
) -> None:
    """A page sends the key before the field's text."""
    box = filled_in(doors)
    field = box.secrets["password"]
    field._handle_custom_msg({"event": "submit"}, [])
    type_in(field, "the second thought")
    assert box._entered.wait()
    [(_, secrets)] = doors.opened
    assert secrets["password"].reveal() == "the second thought"


def test_return_tells_what_is_missing(doors: Doors) -> None:
    box = filled_in(doors, user="")
    press_return(box, box.user)
    assert "No operator is given." in box.status.value
    assert not box.button.disabled
