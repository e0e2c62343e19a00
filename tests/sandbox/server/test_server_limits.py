"""Over the limit over a socket: 429 and exact counts, with many callers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sandbox.server.caller import Caller
from sandbox.server.served import Served


def test_over_the_limit_is_429_with_retry_after(served: Served, caller: Caller):
    """Text body, whole seconds; the connection lives on and the counts are right."""
    served.instance.quota.clear()
    served.instance.quota.limit(tps=5)
    answers = [caller.call("xtk:session", "TestCnx") for _ in range(20)]
    refused = [a for a in answers if a.status == 429]
    assert len(refused) == 15
    assert {a.headers["Retry-After"] for a in refused} == {"1"}
    assert "limit" in refused[0].text
    stats = served.instance.quota.stats()
    assert (stats["calls"], stats["throttled"]) == (5, 15)
    api = stats["apis"]["xtk:session#TestCnx"]
    assert (api["calls"], api["throttled"]) == (5, 15)


def test_the_limit_comes_before_the_session(served: Served):
    """Refused calls cost nothing, Logon counts."""
    served.instance.quota.limit(tps=1)
    client = served.caller()
    assert client.log_on().status == 200
    assert client.log_on().status == 429
    client.close()


def test_sixteen_threads_get_the_limit_and_no_more(served: Served, caller: Caller):
    """Every answer is a 200 or a 429, and the server's count is the clients'."""
    served.instance.quota.clear()
    served.instance.quota.limit(tps=40)

    def burst(_: int) -> list[int]:
        client = served.caller()
        client.tokens = caller.tokens
        statuses = [client.call("xtk:session", "TestCnx").status for _ in range(25)]
        client.close()
        return statuses

    with ThreadPoolExecutor(16) as pool:
        statuses = [status for some in pool.map(burst, range(16)) for status in some]
    stats = served.instance.quota.stats()
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) == stats["calls"]
    assert statuses.count(429) == stats["throttled"]
    assert stats["max_in_a_second"] == 40


def test_queries_in_parallel_are_whole(served: Served, caller: Caller):
    """16 threads, one answer each time."""
    expected = caller.query("nms:recipient", "@id", lineCount="50").body

    def ask(_: int) -> set[bytes]:
        client = served.caller()
        client.tokens = caller.tokens
        bodies = {
            client.query("nms:recipient", "@id", lineCount="50").body for _ in range(5)
        }
        client.close()
        return bodies

    with ThreadPoolExecutor(16) as pool:
        assert set().union(*pool.map(ask, range(16))) == {expected}
