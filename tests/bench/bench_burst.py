"""50 queries at once against a sandbox of 5 TPS: none lost, none refused.

Run: ``python tests/bench/bench_burst.py``.  Prints what the *server* counted: calls,
429s, the most calls in any second, and the share of the limit that was used.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from campaign_magics import Sandbox, connect

QUERY = """<queryDef schema="nms:recipient" operation="select" lineCount="10">
  <select><node expr="@id"/><node expr="@email"/></select></queryDef>"""
CALLS, TPS = 50, 5


def main() -> None:
    with Sandbox(tps=TPS) as sandbox, connect(sandbox) as session:
        session.query(QUERY)  # logon and schema are not part of the burst
        time.sleep(1.1)
        sandbox.stats(clear=True)
        started = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            frames = list(pool.map(session.query, [QUERY] * CALLS))
        seconds = time.monotonic() - started
        counted = sandbox.stats()
    print(f"answers {len(frames)} of {CALLS}, rows {sum(map(len, frames))}")
    print(f"refused with 429: {counted['throttled']}")
    print(f"most calls in a second: {counted['max_in_a_second']} of {TPS}")
    print(f"{seconds:.2f} s; budget used, as the server counts: {counted['used']:.1%}")


if __name__ == "__main__":
    main()
