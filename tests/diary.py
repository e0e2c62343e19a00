"""All that was shown or written, and a search of it for secrets in every spelling."""

from __future__ import annotations

import base64
import html
import json
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from campaign_magics import CampaignError
from campaign_magics.session import Connection


def spellings(secret: str) -> set[bytes]:
    """Return a secret as it may be written: plain, in XML, a URL, JSON, base64."""
    forms = {
        secret,
        escape(secret),
        html.escape(secret),
        quote(secret, ""),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    plain = {form.encode() for form in forms}
    wide = {secret.encode("utf-16-le")}
    return plain | wide | {base64.b64encode(secret.encode())}


class Diary:
    """Everything that was shown, and every secret that must not be in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets: dict[str, str] = {}
        self.shown: list[tuple[str, str]] = []

    def note(self, where: str, text: object) -> None:
        self.shown.append((where, str(text)))

    def learn(self, session: Connection) -> None:
        """Add the tokens that a session holds by now."""
        identity = session._client.identity
        assert identity is not None
        for number, secret in enumerate(identity.secrets()):
            name = f"token {number} of {session.profile.name} {len(self.secrets)}"
            self.secrets[name] = secret.reveal()

    def fails(self, where: str, call: Callable[[], object]) -> None:
        """Make a call that must fail; note every text its error can become."""
        with pytest.raises(CampaignError) as caught:
            call()
        error = caught.value
        self.note(where, [*error.render(), repr(error), error.facts])
        self.note(where, "".join(traceback.format_exception(error)))
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        self.note(f"{where}, with local variables", "".join(told.format()))
        self.note(f"{where}, pickled", pickle.dumps(error))

    def leaks(self) -> list[str]:
        """Return which secret is found where."""
        texts = [(where, text.encode()) for where, text in self.shown]
        texts += [
            (str(file.relative_to(self.folder)), file.read_bytes())
            for file in self.folder.rglob("*")
            if file.is_file()
        ]
        return [
            f"{name} in {where}: {_around(text, form)!r}"
            for name, secret in self.secrets.items()
            for form in spellings(secret)
            for where, text in texts
            if form in text
        ]


def _around(text: bytes, found: bytes) -> bytes:
    at = text.index(found)
    return text[max(0, at - 150) : at + 60]
