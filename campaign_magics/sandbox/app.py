"""The WSGI application: the SOAP router, and who answers anything else (§1, §9)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from ..errors import CampaignError
from ..secret import Secret
from .auth import Refused, expired
from .business.clockwork import settle
from .carriers import presented
from .control import PREFIX, Control
from .envelope import MAX_BYTES, BadMessage, answer, fault_answer, read_message
from .faults import Fault, method_failed
from .instance import Call, Instance, Service
from .mishaps.spoil import EXPIRE, spoil
from .pages import SOAP_ROUTER, pages_at
from .quota import Refusal
from .router import aimed, bind, find_route, is_anonymous, not_emulated, read_action
from .staging.workflows import replicate_at_once
from .web import (
    XML,
    BadBody,
    Request,
    Response,
    TooLarge,
    plain,
    read_request,
    send,
)

_log = logging.getLogger(__name__)


class App:
    """Answers requests for one instance; without ``control_token`` no control."""

    def __init__(
        self, instance: Instance, *, control_token: Secret | None = None
    ) -> None:
        self._instance = instance
        self._control = Control(instance, token=control_token)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request (PEP 3333), unless it is to go wrong."""
        plan = self._instance.mishaps
        if plan.armed and (mishaps := plan.strike(_target(environ))):
            return spoil(self._answer, mishaps, environ, start_response, plan.clock)
        return self._answer(environ, start_response)

    def _answer(
        self, environ: Mapping[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """Answer one request.

        The first pieces of an answer are made before its headers go out, so that a
        fault at the start of a stream is still a SOAP fault.  Later it can only cut
        the answer short, which the missing end of the envelope shows.
        """
        request = read_request(environ)
        try:
            response = self._page(request)(request)
            return send(request, response, start_response)
        except Refused as exc:
            failure = plain(403, exc.line)
        except TooLarge:
            failure = plain(413, f"The request is longer than {MAX_BYTES} bytes.")
        except (BadMessage, BadBody) as exc:
            # Nobody documents what a live server says to this: assumed.
            fault = Fault("SOP-330003", "The request is not a SOAP message.", str(exc))
            failure = self._fault(fault, by_client=True)
        except Fault as exc:
            failure = self._fault(exc)
        return send(request, failure, start_response)

    def _page(self, request: Request) -> Callable[[Request], Response]:
        if request.path.startswith(PREFIX):
            return self._control.respond
        if request.path == SOAP_ROUTER:
            return self._soap if request.method == "POST" else lambda _: _NOT_ALLOWED
        pages = pages_at(request.path)
        if request.method in pages:
            return partial(pages[request.method].answer, self._instance)
        return lambda _: _NOT_ALLOWED if pages else _NOT_FOUND

    def _soap(self, request: Request) -> Response:
        """Admit, read, check the session, find the method, run it: in that order."""
        action = read_action(request.header("SOAPAction"))
        refusal = self._instance.quota.admit(_api(action), request.arrived)
        if refusal is not None:
            return _too_many(refusal)
        body = request.body(MAX_BYTES)
        message = read_message(body, request.header("Content-Type"))
        action = action or (message.urn, message.method)
        session = None
        if not is_anonymous(action):
            session = self._instance.authority.check(presented(request, message))
            if EXPIRE in request.environ:
                self._instance.authority.log_off(session)
                raise expired()
        route = find_route(self._instance, aimed(self._instance, action, message.urn))
        if route.coverage is None:
            raise not_emulated(route)
        entity, args = bind(route, message.parts)
        call = Call(
            instance=self._instance,
            urn=route.urn,
            schema=route.schema,
            method=route.method,
            args=args,
            entity=entity,
            session=session,
            base=request.base,
        )
        answer_in = message.urn if message.urn == route.schema else route.urn
        pieces = _run(call, route.coverage.service, answer_in)
        return Response(content_type=XML, body=pieces)

    def _fault(self, fault: Fault, *, by_client: bool = False) -> Response:
        return Response(
            status=self._instance.settings.fault_status,
            content_type=XML,
            body=[fault_answer(fault, by_client=by_client)],
        )


def _run(call: Call, service: Service, namespace: str) -> Iterator[bytes]:
    """Let happen what is due, run the service, yield its answer.

    ``namespace`` is the answer's.  Whatever fails becomes a Fault.
    """
    urn, method = call.urn, call.method.name
    try:
        settle(call.instance.world)
        reply = service(call)
        if not call.instance.settings.replicate_every:
            replicate_at_once(call.instance.world)
        outputs = list(zip(call.method.outputs, reply.outputs, strict=True))
        yield from answer(namespace, method, outputs, entity=reply.entity)
    except Refused:
        raise
    except Fault as exc:
        if exc.code.startswith("SOP-"):
            raise
        cause = f"{exc.code} {exc.text} {exc.detail}".strip()
        raise method_failed(urn, method, cause) from exc
    except CampaignError as exc:
        raise method_failed(urn, method, exc.message) from exc
    except Exception as exc:
        _log.exception("%s#%s failed", urn, method)
        cause = f"SBX-100000 The sandbox itself failed ({type(exc).__name__})."
        raise method_failed(urn, method, cause) from exc


def _api(action: tuple[str, str] | None) -> str:
    return "(none)" if action is None else "#".join(action)[:200]


def _target(environ: Mapping[str, Any]) -> str | None:
    """Return what an order may name: the API, or the page; None cannot be spoiled."""
    path: str = environ["PATH_INFO"]
    if path.startswith(PREFIX):
        return None
    if path != SOAP_ROUTER:
        return path
    return _api(read_action(read_request(environ).header("SOAPAction")))


def _too_many(refusal: Refusal) -> Response:
    text = (
        f"Too many calls: the limit of {refusal.scope} is {refusal.limit:g} a second."
    )
    return plain(429, text, ("Retry-After", str(refusal.retry_after)))


_NOT_FOUND = plain(404, "Not found.")
_NOT_ALLOWED = plain(405, "Method not allowed.")
