"""The connection box: choose a profile or type an address, log on, keep what is asked.

    %campaign_connect            where there is no default profile, and somebody sits
    %campaign_connect --box      always

No secret reaches a widget's state (`SecretField`), a text or a file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ..errors import AccessDenied, CampaignError
from ..profiles import Found
from ..profiles.credentials import REQUIRED, SecretName
from ..profiles.describe import as_text, profile_rows
from ..session import Connection
from . import theme
from .connect_ways import (
    Secrets,
    Ways,
    Wish,
    keep,
    open_wish,
    profile_names,
    sources_words,
    typed_profile,
)
from .later import Later
from .passing import Passing
from .secret_field import SecretField

OTHER = "another instance"
_WIDE = {"width": "min(34em, 100%)"}
_NAMED = {"description_width": "8.5em"}
_INDENT = "4px 0 4px calc(8.5em + 6px)"
_SETTLE = 0.2
"""Seconds after Return: what was typed may arrive later than the key that ends it."""
_HOW = "here as text: %campaign_connect PROFILE, or %campaign_connect URL --user NAME"


class ConnectBox(Passing):
    """A form to log on with; ``ways`` do the work, ``found`` are the profiles.

    The controls are attributes, in tab order: ``place``, ``address``, ``user``,
    ``secrets`` (by name), ``remember``, ``save``, ``name``, ``production``,
    ``test`` and ``button``; ``status`` says what came of it.
    """

    def __init__(self, found: Found, ways: Ways) -> None:
        super().__init__()
        self._found = found
        self._ways = ways
        self._busy = threading.Lock()
        self._entered = Later(self._enter, pause=_SETTLE)
        self._summary = ""
        self.secrets: dict[SecretName, SecretField] = {}
        self._make_form()
        self._make_keeping()
        self._make_actions()
        self.place.observe(lambda _: self._chosen(), "value")
        self.save.observe(lambda _: self._saving(), "value")
        self.view = self._laid_out()
        self._chosen()

    def __repr__(self) -> str:
        return f"ConnectBox({self.note()!r})"

    def as_text(self) -> str:
        """Return what came of it, or the profiles and how to take one."""
        if self._summary:
            return self._summary
        return f"{as_text(profile_rows(self._found))}\n{_HOW}"

    def as_html(self) -> str:
        """Return the text, escaped."""
        if self._summary:
            lines = (theme.line(text) for text in self._summary.splitlines())
            return f'<div class="campaign-magics">{"".join(lines)}</div>'
        return super().as_html()

    def note(self) -> str:
        """Return the line under the box; none once its summary says it all."""
        if self.finished:
            return ""
        if self._summary:
            return f"Connection box: {self._summary.splitlines()[0]}"
        return "Connection box: nothing is connected yet; " + _HOW

    def _make_form(self) -> None:
        names = profile_names(self._found)
        self.place = widgets.Dropdown(
            options=[*names, *self._ways.ready, OTHER],
            value=names[0] if names else OTHER,
            description="Connect to",
            layout=_WIDE,
            style=_NAMED,
        )
        self.address = self._text("Address", "https://acme.campaign.adobe.com")
        self.user = self._text("Operator", "")
        # What is cut off at its edge is the fields' own border.
        self._fields = widgets.VBox(layout={"overflow": "visible"})
        self._sources = widgets.HTML()

    def _make_keeping(self) -> None:
        self.remember = _tick("Remember the password in this computer's key store")
        self.save = _tick("Save as a profile")
        self.name = self._text("Profile name", "prod")
        self.production = _tick("Production: writes ask for the profile's name")

    def _make_actions(self) -> None:
        self.button = widgets.Button(description="Connect", button_style="primary")
        self.button.on_click(lambda _: self._attempt(self._take))
        self.test = widgets.Button(
            description="Test", tooltip="Log on and off again, keep nothing"
        )
        self.test.on_click(lambda _: self._attempt(self._tested))
        self.status = widgets.HTML()

    def _laid_out(self) -> Any:
        parts = [
            widgets.HTML(theme.title("Connect to Adobe Campaign")),
            self.place,
            self.address,
            self.user,
            self._fields,
            self._sources,
            self.remember,
            self.save,
            self.name,
            self.production,
            widgets.HBox([self.button, self.test], layout={"margin": _INDENT}),
            self.status,
        ]
        view = theme.framed(parts)
        view.layout.max_width = "640px"
        return view

    def _chosen(self) -> None:
        """Show the fields that this place needs; what was typed for another is gone."""
        place = self.place.value
        profile = self._found.profiles.get(place)
        free, ready = place == OTHER, place in self._ways.ready
        if profile is not None:
            self.address.value = profile.url
            self.user.value = profile.user or profile.client_id or ""
        elif free:
            self.address.value = self.user.value = ""
        for one in (self.address, self.user):
            one.disabled = not free
            _show(one, not ready)
        wanted = REQUIRED[profile.auth] if profile else REQUIRED["password"]
        self._ask_for(() if ready else wanted)
        self._sources.value = (
            theme.line(sources_words(profile), quiet=True) if profile else ""
        )
        _show(self._sources, profile is not None)
        _show(self.remember, not ready and bool(wanted))
        _show(self.save, free)
        _show(self.test, not ready)
        self.status.value = ""
        self._saving()

    def _saving(self) -> None:
        free = self.place.value == OTHER
        for one in (self.name, self.production):
            _show(one, free and self.save.value)

    def _ask_for(self, names: tuple[SecretName, ...]) -> None:
        for field in self.secrets.values():
            field.close()
        self.secrets = {
            name: SecretField(
                description=name.replace("_", " ").capitalize(),
                layout=_WIDE,
                style=_NAMED,
            )
            for name in names
        }
        for field in self.secrets.values():
            field.on_msg(self._key)
        self._fields.children = tuple(self.secrets.values())

    def _text(self, name: str, example: str) -> Any:
        text = widgets.Text(
            description=name, placeholder=example, layout=_WIDE, style=_NAMED
        )
        text.on_msg(self._key)
        return text

    def _key(self, _: Any, content: Any, __: Any) -> None:
        if content.get("event") == "submit":
            self._entered.ask()

    def _enter(self) -> None:
        """Connect, as the button does; after the last field's text has arrived."""
        if not self.finished:
            self._attempt(self._take)

    def _attempt(self, then: Callable[[Connection, Wish | None], None]) -> None:
        """Log on and go on with it; an error is two lines in the box."""
        if not self._busy.acquire(blocking=False):
            return  # a second click, in a thread of its own
        self._enable(False)
        self.status.value = theme.said("Logging on …")
        try:
            then(*self._open())
        except Exception as failure:
            self._forget_refused(failure)
            self.status.value = theme.failed(_ours(failure))
        finally:
            self._busy.release()
            if not self.finished:
                self._enable(True)

    def _open(self) -> tuple[Connection, Wish | None]:
        ready = self._ways.ready.get(self.place.value)
        if ready is not None:
            return ready(), None
        wish = self._wish()
        return open_wish(wish, self._ways), wish

    def _wish(self) -> Wish:
        profile = self._found.profiles.get(self.place.value)
        save = profile is None and self.save.value
        if profile is None:
            profile = typed_profile(
                self.address.value,
                self.user.value,
                name=self.name.value if save else "",
                production=save and self.production.value,
            )
        return Wish(
            profile=profile,
            secrets=self._typed(),
            remember=self.remember.value,
            save=save,
        )

    def _typed(self) -> Secrets:
        return {n: field.secret for n, field in self.secrets.items() if field.secret}

    def _tested(self, connection: Connection, wish: Wish | None) -> None:
        told = connection.describe()
        connection.close()
        self.status.value = theme.said(f"It works: {told}. Nothing is kept.")

    def _take(self, connection: Connection, wish: Wish | None) -> None:
        """Hand the connection over; then save, which may be tried again if it fails."""
        self._ways.taken(connection)
        told = [f"connected to {connection.describe()}"]
        try:
            # What was kept before something failed is in it all the same.
            told.extend(keep(wish, self._ways) if wish else ())
        except CampaignError as failure:
            self._say_kept(told, failure)
            return
        self._summary = "\n".join(told)
        self.status.value = theme.said(" · ".join(told))
        self._forget()
        self.finish()

    def _say_kept(self, told: list[str], failure: CampaignError) -> None:
        """Say what was done before something could not be kept; once is enough."""
        if len(told) > 1:
            self.save.value = False
        self._summary = "\n".join(told)
        self.renote()
        words = theme.said(f"{' · '.join(told)}; but:")
        self.status.value = words + theme.failed(failure)

    def _forget_refused(self, failure: Exception) -> None:
        """Keep nothing that is wrong, and no address that holds a password."""
        if isinstance(failure, AccessDenied):
            self._forget()
        if "@" in self.address.value:
            self.address.value = ""

    def _forget(self) -> None:
        for field in self.secrets.values():
            field.forget()

    def _enable(self, enabled: bool) -> None:
        for one in (self.button, self.test, self.place):
            one.disabled = not enabled


def _tick(words: str) -> Any:
    return widgets.Checkbox(description=words, layout={"width": "auto"}, style=_NAMED)


def _show(one: Any, shown: bool) -> None:
    one.layout.display = None if shown else "none"


def _ours(failure: Exception) -> Exception:
    """Return our errors as they are; of others the name alone, which holds nothing."""
    if isinstance(failure, CampaignError):
        return failure
    return CampaignError(
        f"It failed with {type(failure).__name__}, which is a fault of this package.",
        hint="%campaign_connect URL --user NAME shows where",
    )
