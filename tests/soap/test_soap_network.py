"""Interrupts, closing, TLS, proxies and redirections, on real sockets."""

from __future__ import annotations

import datetime
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from interrupts import interrupted
from soap.calls import PING, Connect
from soap.scripted import Heard, Says, Server, response, served

from campaign_magics.errors import CallTimeout, NotCampaign, NotConnected, Unreachable
from campaign_magics.schemas.model import Method
from campaign_magics.secret import Secret
from campaign_magics.soap.client import SoapClient
from campaign_magics.soap.logon import Anonymous, GivenTokens
from campaign_magics.soap.network import Network
from campaign_magics.soap.parcel import Outgoing
from campaign_magics.soap.retry import Backoff, Timeouts
from campaign_magics.soap.transport import CampaignTransport
from campaign_magics.throttle import Budget, Limits, WaitCancelled


def given() -> GivenTokens:
    return GivenTokens(Secret("___s"), Secret("@t=="))


def test_an_interrupt_leaves_a_slow_call_at_once(
    server: Server, connect: Connect
) -> None:
    """Ctrl-C while the server thinks: out within a second, next call works."""
    client = connect(login=given())
    release = threading.Event()
    server.before = lambda heard: Says(hang_up=True) if release.wait(5) else None
    started = time.monotonic()
    with interrupted(0.2), pytest.raises(KeyboardInterrupt):
        client.call(PING)
    assert time.monotonic() - started < 3
    release.set()
    server.before = lambda heard: None
    client.call(PING)


def test_an_interrupt_leaves_the_queue_of_the_budget(
    server: Server, connect: Connect
) -> None:
    """Ctrl-C while waiting for a turn: the place is given up."""
    budget = Budget("test", Limits(default=0.1))
    client = connect(login=given(), budget=budget)
    client.call(PING)
    with interrupted(0.2), pytest.raises(KeyboardInterrupt):
        client.call(PING)
    assert budget.snapshot().waiting == 0


def test_a_cancel_event_ends_a_wait(server: Server, connect: Connect) -> None:
    """For callers that wait in threads of their own."""
    client = connect(login=given(), budget=Budget("test", Limits(default=0.1)))
    client.call(PING)
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    with pytest.raises(WaitCancelled):
        client.call(PING, cancel=cancel)


def test_closing_ends_the_calls_that_wait(server: Server, connect: Connect) -> None:
    """Whoever waits in another thread is told that the session is closed."""
    client = connect(login=given(), budget=Budget("test", Limits(default=0.1)))
    client.call(PING)
    threading.Timer(0.1, client.close).start()
    with pytest.raises(NotConnected):
        client.call(PING)


def test_a_call_in_a_hurry_is_tried_once_and_briefly(server: Server) -> None:
    """Logging off from a server that hangs must not hold up the end of Python."""
    transport = CampaignTransport(server.url, Budget("test"))
    call = Outgoing(
        action="xtk:session#Logoff",
        message=b"<x/>",
        repeatable=True,
        hurry=0.2,
    )
    started = time.monotonic()

    def dawdle(heard: Heard) -> None:
        time.sleep(0.6)

    server.before = dawdle
    with pytest.raises(CallTimeout):
        transport.send(call)
    assert time.monotonic() - started < 0.55
    server.before = lambda heard: Says(b"", status=503)
    assert transport.send(call).answer.status == 503
    assert len(server.heard) == 2


def test_time_lost_before_sending_is_told_to_the_budget(
    server: Server, connect: Connect
) -> None:
    """A call that leaves late moves its slot, so that its successor waits for it."""
    moved: list[str] = []

    class Noting(Budget):
        def turn(self, api: str, **options: Any) -> Any:
            turn = super().turn(api, **options)
            turn.sent = lambda: moved.append(api)  # type: ignore[method-assign]
            return turn

    class Leaping:
        """Every look at this clock takes ten milliseconds."""

        time = 0.0

        def now(self) -> float:
            return self.time

        def monotonic(self) -> float:
            self.time += 0.01
            return self.time

        def wait(self, seconds: float, cancel: object = None) -> bool:
            return False

    client = connect(login=given(), budget=Noting("test"), clock=Leaping())
    client.call(PING)
    assert moved == ["xtk:session#TestCnx"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_not_followed(
    server: Server, connect: Connect, status: int
) -> None:
    """The password must not travel to wherever a proxy sends us."""
    away = {"Location": f"{server.url}/elsewhere"}
    server.says("Logon", Says(b"", status=status, headers=away))
    with pytest.raises(NotCampaign, match=str(status)):
        connect().log_on()
    assert len(server.heard) == 1


def test_no_cookie_is_kept(server: Server, connect: Connect) -> None:
    """Tokens travel in our headers alone; a server's cookie does not come back."""
    cookie = {"Set-Cookie": "__sessiontoken=theirs; path=/"}
    server.says("TestCnx", Says(response("TestCnx"), headers=cookie))
    client = connect(login=Anonymous())
    client.call(PING)
    client.call(PING)
    assert "Cookie" not in server.heard[1].headers


def test_netrc_does_not_log_us_on(
    server: Server, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests would put a ~/.netrc entry over the Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client = connect(login=Anonymous())
    client._transport.session.trust_env = True
    client.call(PING)
    assert "Authorization" not in server.heard[0].headers


def test_the_environments_proxy_does_not_catch_a_sandbox(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY without NO_PROXY is common, and 127.0.0.1 is not behind it."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    connect(login=given()).call(PING)
    assert len(server.heard) == 1


def test_the_profiles_proxy_is_used(server: Server, connect: Connect) -> None:
    """A plain proxy is asked for the instance's whole address."""
    network = Network(proxy=server.url)
    client = connect("http://campaign.example.test", login=given(), network=network)
    client.call(PING)
    [heard] = server.heard
    assert heard.headers["Host"] == "campaign.example.test"


def test_a_proxy_that_is_down_is_named(connect: Connect) -> None:
    """The hint speaks of the proxy, not of the instance."""
    client = connect(
        "https://campaign.example.test",
        login=given(),
        network=Network(proxy="http://127.0.0.1:9"),
    )
    with pytest.raises(Unreachable, match="proxy") as caught:
        client.call(PING)
    assert "NO_PROXY" in caught.value.hint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, as one PEM file."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            body = response("TestCnx")
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # the client left during the handshake, as it should

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    httpd = Quiet(("127.0.0.1", 0), Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    with served(httpd) as port:
        yield f"https://127.0.0.1:{port}", heard


def tls_client(url: str, ca_bundle: str | None) -> SoapClient:
    transport = CampaignTransport(
        url,
        Budget("test"),
        network=Network(ca_bundle=ca_bundle),
        timeouts=Timeouts(connect=2, read=2, total=4),
        backoff=Backoff(first=0.001),
    )
    return SoapClient(transport, given())


def test_an_unknown_authority_is_refused(
    tls_server: tuple[str, list[bytes]],
) -> None:
    """TLS is always verified; nothing is sent, so a write is not lost either."""
    url, heard = tls_server
    client = tls_client(url, None)
    for method in (PING, Method(name="Do", urn="cus:x", static=True)):
        with pytest.raises(Unreachable, match="TLS") as caught:
            client.call(method)
        assert "ca_bundle" in caught.value.hint
    assert heard == []


def test_the_profiles_authority_is_trusted(
    tls_server: tuple[str, list[bytes]], certificate: Path
) -> None:
    """ca_bundle makes the call go through."""
    url, heard = tls_server
    tls_client(url, str(certificate)).call(PING)
    assert len(heard) == 1


def test_a_ca_bundle_that_is_not_there_is_told(
    tls_server: tuple[str, list[bytes]],
) -> None:
    """The path in the profile is wrong: the hint says which setting to look at."""
    with pytest.raises(Unreachable) as caught:
        tls_client(tls_server[0], "/nowhere/ca.pem").call(PING)
    assert "ca_bundle" in caught.value.hint


def test_plain_http_on_a_tls_port_and_the_reverse(
    server: Server, tls_server: tuple[str, list[bytes]]
) -> None:
    """http for https is the commonest slip: an error with a hint, not a hang."""
    for url in (
        server.url.replace("http:", "https:"),
        tls_server[0].replace("https:", "http:"),
    ):
        with pytest.raises(Unreachable) as caught:
            tls_client(url, None).call(PING)
        assert caught.value.hint


def test_an_answer_that_was_not_asked_for_is_not_mixed_up(
    server: Server, connect: Connect
) -> None:
    """After an interrupted call the connection is dropped, not reused half-read."""
    client = connect(login=given(), timeouts=Timeouts(connect=1, read=0.2, total=2))
    slow = threading.Event()

    def dawdle(heard: Heard) -> Says | None:
        if not slow.is_set():
            slow.set()
            time.sleep(0.5)
            return Says(response("GetServerTime"))
        return None

    server.before = dawdle
    with pytest.raises(Exception, match="in time"):
        client.call(PING)
    client.call(PING)
