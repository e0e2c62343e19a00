"""`SoapClient`: a method and its arguments in, an answer or one of our errors out."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Any

import zeep
from lxml import etree

from ..errors import (
    AccessDenied,
    BadAnswer,
    CampaignError,
    ServerError,
    SessionExpired,
)
from ..schemas.model import Method, Schema
from ..secret import Secret
from .answer import Answer
from .arguments import to_wire
from .documents import to_element
from .exchange import Watcher
from .faults import check_answer
from .logon import Login, page_facts
from .methods import LOGOFF, action_of, is_repeatable
from .parcel import Outgoing
from .service import Services
from .tokens import ANONYMOUS, Identity, Tokens
from .transport import CampaignTransport, lost

_GOODBYE = 2.0
"""Seconds a logoff may wait, twice over, before the session is left to expire."""


class SoapClient:
    """Calls methods of one instance as one operator, from any thread.

    The first call that needs a session logs on; an expired session is renewed once,
    however many threads meet it, and the call made again.
    """

    def __init__(self, transport: CampaignTransport, login: Login) -> None:
        self._transport = transport
        self._login = login
        self._services = Services(transport.url, transport)
        self._tokens = Tokens(
            self._log_on, renewable=login.renewable, clock=transport.clock
        )
        self._logged_on_at: float | None = None
        transport.secrets = self._secrets
        transport.identity = lambda: self._tokens.current().headers()

    def __repr__(self) -> str:
        return f"SoapClient({self._transport.host}, {type(self._login).__name__})"

    @property
    def logged_on_at(self) -> float | None:
        """Monotonic time of the last logon, None before the first."""
        return self._logged_on_at

    @property
    def identity(self) -> Identity | None:
        """The identity in use, None before the first call."""
        return self._tokens.held

    def log_on(self) -> Identity:
        """Log on now instead of at the first call; returns the identity."""
        return self._tokens.current()

    def server_facts(self) -> Mapping[str, str]:
        """Return ``buildNumber``, ``instanceName`` and ``version`` of the server.

        A logon tells them; for other kinds of credentials ``/r/test`` does, which
        anybody may read (protocol.md §9).  Empty where neither answers.
        """
        return self._tokens.current().info or self._test_page

    @cached_property
    def _test_page(self) -> Mapping[str, str]:
        try:
            return page_facts(self._transport.page("/r/test"))
        except CampaignError:
            return {}

    def call(
        self,
        method: Method,
        args: Sequence[object] = (),
        *,
        entity: object = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Call a method and return its answer.

        ``args`` are the inputs in their order, converted by their declared types;
        ``entity`` is the object of a method that is not static (element, XML text or
        mapping).  Setting ``cancel`` ends a wait for the budget with WaitCancelled.

        Raises InvalidValue (arguments), SoapFault, AccessDenied, SessionExpired,
        NotCampaign, BadAnswer, Throttled, Unreachable, CallTimeout, NotConnected
        (closed), and AnswerLost when the call is not safe to repeat and its answer
        was lost.
        """
        message = self._message(method, args, entity)
        if method.access == "anonymous" and self._tokens.held is None:
            return self._send(method, message, cancel, ANONYMOUS)
        return self._tokens.run(partial(self._send, method, message, cancel))

    def service(self, schema: Schema) -> Any:
        """Return zeep's own service proxy for a schema's methods.

        For those who know zeep: ``client.service(schema).GetOption("", "Name")``.
        Calls take budget and identity like ours; faults are zeep's.
        """
        self._services.add(m for m in schema.methods if m.urn == schema.id)
        client: zeep.Client = self._services.client(schema.id)
        return client.service

    def trace(self, watcher: Watcher) -> AbstractContextManager[None]:
        """Tell ``watcher`` of every call made inside the with-block."""
        return self._transport.trace(watcher)

    def close(self) -> None:
        """Log off, if the session is ours, and close all connections; repeatable."""
        held = self._tokens.release()
        try:
            if held is not None and self._login.logs_off:
                self._log_off(held)
        finally:
            self._transport.close()

    def _message(self, method: Method, args: Sequence[object], entity: object) -> bytes:
        values = to_wire(method, args)
        document: etree._Element | None = None
        if not method.static:
            document = to_element(entity, name="entity")
            if document is not None and document.get("xtkschema") is None:
                document.set("xtkschema", method.urn.rpartition("|")[2])
        return self._services.envelope(method, values, document)

    def _send(
        self,
        method: Method,
        message: bytes,
        cancel: threading.Event | None,
        identity: Identity,
        *,
        hurry: float | None = None,
    ) -> Answer:
        reply = self._transport.send(
            Outgoing(
                action=action_of(method),
                message=message,
                headers=identity.headers(),
                repeatable=is_repeatable(method),
                check=partial(self._check, method),
                cancel=cancel,
                hurry=hurry,
            )
        )
        return Answer(method=method, raw=reply.answer.body, exchange=reply.exchange)

    def _check(self, method: Method, status: int, body: bytes) -> None:
        """Raise what the answer says; AnswerLost where it does not say enough."""
        redact = self._transport.redact
        try:
            check_answer(status, body, method=method.name, redact=redact)
        except CampaignError as error:
            if is_repeatable(method) or not _tells_nothing(error, status):
                raise
            raise lost(action_of(method), error.message) from error

    def _log_on(self) -> Identity:
        identity = self._login.obtain(self._call_anonymously)
        self._logged_on_at = self._transport.clock.monotonic()
        return identity

    def _call_anonymously(
        self, method: Method, args: Sequence[object]
    ) -> tuple[object, ...]:
        message = self._message(method, args, None)
        try:
            return self._send(method, message, None, ANONYMOUS).outputs
        except SessionExpired as error:  # said of a token or password, not a session
            raise AccessDenied(
                error.message, hint="check the credentials", **error.facts
            ) from error

    def _log_off(self, identity: Identity) -> None:
        try:
            message = self._message(LOGOFF, (), None)
            self._send(LOGOFF, message, None, identity, hurry=_GOODBYE)
        except CampaignError:
            return  # the server ends the session by itself, a day later at most

    def _secrets(self) -> tuple[Secret, ...]:
        held = self._tokens.held
        return (*self._login.secrets(), *(held.secrets() if held else ()))


def _tells_nothing(error: CampaignError, status: int) -> bool:
    """Tell whether the call may have been executed although an error came back."""
    if isinstance(error, BadAnswer):
        return True
    return type(error) is ServerError and status >= 500
