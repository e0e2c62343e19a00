"""The WSGI application: SOAP router, ``/r/test``, ``ping.jsp``, control (§1, §9)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..errors import CampaignError
from ..secret import Secret
from .auth import Presented, Refused, expired
from .control import PREFIX, Control
from .envelope import (
    MAX_BYTES,
    BadMessage,
    Message,
    answer,
    attributes,
    element_text,
    fault_answer,
    read_message,
    server_time,
)
from .faults import Fault, method_failed
from .instance import Call, Instance, Service
from .mishaps.spoil import EXPIRE, spoil
from .quota import Refusal
from .router import bind, find_route, is_anonymous, not_emulated, read_action
from .web import XML, BadBody, Request, Response, TooLarge, read_request, send

SOAP_ROUTER = "/nl/jsp/soaprouter.jsp"

_log = logging.getLogger(__name__)


class App:
    """Answers requests for one instance; without ``control_token`` no control."""

    def __init__(
        self, instance: Instance, *, control_token: Secret | None = None
    ) -> None:
        self._instance = instance
        self._control = Control(instance, token=control_token)
        self._pages: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", SOAP_ROUTER): self._soap,
            ("GET", "/r/test"): self._redirection_test,
            ("GET", "/nl/jsp/ping.jsp"): self._ping,
        }

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
            failure = _plain(403, exc.line)
        except TooLarge:
            failure = _plain(413, f"The request is longer than {MAX_BYTES} bytes.")
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
        if (request.method, request.path) in self._pages:
            return self._pages[request.method, request.path]
        known = any(path == request.path for _, path in self._pages)
        missing = _plain(405, "Method not allowed.") if known else _NOT_FOUND
        return lambda _: missing

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
            session = self._instance.authority.check(_presented(request, message))
            if EXPIRE in request.environ:
                self._instance.authority.log_off(session)
                raise expired()
        route = find_route(self._instance, action)
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
        )
        return Response(content_type=XML, body=_run(call, route.coverage.service))

    def _fault(self, fault: Fault, *, by_client: bool = False) -> Response:
        return Response(
            status=self._instance.settings.fault_status,
            content_type=XML,
            body=[fault_answer(fault, by_client=by_client)],
        )

    def _redirection_test(self, request: Request) -> Response:
        world = self._instance.world
        facts = attributes(
            [
                ("status", "OK"),
                ("date", server_time(self._instance.now())),
                ("build", world.build),
                ("version", world.version),
                ("sha1", "sandbox"),
                ("instance", world.instance),
                ("sourceIP", request.remote_address),
                ("host", request.header("Host").partition(":")[0]),
                ("localHost", world.instance),
            ]
        )
        return Response(content_type=XML, body=[f"<redir{facts}/>".encode()])

    def _ping(self, request: Request) -> Response:
        self._instance.authority.check(_presented(request, None))
        return _plain(200, f"OK\n{server_time(self._instance.now())}\n")


def _run(call: Call, service: Service) -> Iterator[bytes]:
    """Run the service and yield its answer; whatever fails becomes a Fault."""
    urn, method = call.urn, call.method.name
    try:
        reply = service(call)
        outputs = list(zip(call.method.outputs, reply.outputs, strict=True))
        yield from answer(urn, method, outputs, entity=reply.entity)
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


def _presented(request: Request, message: Message | None) -> Presented:
    """Collect the caller's tokens in the order that serves all known clients (§1)."""
    scheme, _, bearer = request.header("Authorization").partition(" ")
    tokens = [_cookie(request, "__sessiontoken"), request.header("X-Session-Token")]
    security = [request.header("X-Security-Token")]
    if message is not None:
        tokens.append(message.session_token)
        tokens.append(element_text(message.parts[0]) if message.parts else "")
        security.append(message.security_token)
    return Presented(
        bearer=_first([bearer]) if scheme.lower() == "bearer" else None,
        session_token=_first(tokens),
        security_token=_first(security),
    )


def _first(tokens: Iterable[str]) -> Secret | None:
    return next((Secret(t.strip()) for t in tokens if t.strip()), None)


def _cookie(request: Request, name: str) -> str:
    pairs = (
        pair.strip().partition("=") for pair in request.header("Cookie").split(";")
    )
    return next((value.strip('" ') for key, _, value in pairs if key == name), "")


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
    return _plain(429, text, ("Retry-After", str(refusal.retry_after)))


def _plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status=status, body=[text.encode()], headers=headers)


_NOT_FOUND = _plain(404, "Not found.")
