"""What the schema picker costs with 600 schemas of 300 attributes, Python side.

    python tests/bench/bench_picker.py

Targets: it opens in 300 ms, a search answers in 50 ms; its widgets and the bytes it
sends do not grow with the schema.  Nothing is fetched but the schema that is opened.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import comm
from lxml import etree

from campaign_magics.schemas.catalog import Catalog
from campaign_magics.schemas.store import SchemaSummary

SCHEMAS, ATTRIBUTES = 600, 300
SENT: list[int] = []


class CountingComm(comm.base_comm.BaseComm):
    """A comm that counts what would go to the page."""

    def publish_msg(self, msg_type: str, data: Any = None, **others: Any) -> None:
        SENT.append(len(json.dumps(data, default=str)))


def document(number: int) -> etree._Element:
    """Return a compiled schema of 300 attributes, 20 of them with enumerations."""
    root = etree.Element("schema", namespace="cus", name=f"table{number}")
    values = "".join(
        f'<value name="v{n}" label="Value {n}" value="{n}"/>' for n in range(8)
    )
    root.append(
        etree.fromstring(
            f'<enumeration name="e" basetype="long">{values}</enumeration>'
        )
    )
    element = etree.SubElement(root, "element", name=f"table{number}", label="Table")
    for at in range(ATTRIBUTES):
        enum = {"enum": f"cus:table{number}:e"} if at % 15 == 0 else {}
        kind = "long" if enum else "string"
        etree.SubElement(
            element, "attribute", name=f"field{at}", label=f"Field number {at}",
            desc=f"What field {at} is for", type=kind, length="100", **enum,
        )  # fmt: skip
    etree.SubElement(
        element, "element", name="next", type="link", label="Next table",
        target=f"cus:table{(number + 1) % SCHEMAS}",
    )  # fmt: skip
    return root


class Session:
    """What a picker needs before anything is run."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        made = {f"cus:table{n}": document(n) for n in (0, 1)}

        def fetch(name: str, md5: str) -> etree._Element | None:
            self.fetched.append(name)
            return made.get(name)

        def names() -> list[SchemaSummary]:
            return [
                SchemaSummary(
                    id=f"cus:table{n}",
                    label=f"Table of things {n}",
                    description=f"Everything known about things of sort {n}",
                )
                for n in range(SCHEMAS)
            ]

        self.schemas = Catalog(fetch, names, None, "bench")


def timed(name: str, act: Callable[[], Any], limit: float, times: int = 1) -> bool:
    """Run, print the median run and what it sent; tell whether it was in time."""
    taken, most = [], (0, 0)
    for _ in range(times):
        SENT.clear()
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
        most = max(most, (sum(SENT), len(SENT)))
    size, count = most
    median = statistics.median(taken)
    print(
        f"{median:8.1f} ms of {limit:3.0f}  {count:5} messages  "
        f"{size / 1000:7.1f} kB  {name}"
    )
    return median < limit


def typed(box: Any, words: str) -> Callable[[], None]:
    """Type letter by letter; each is a search."""
    letters = iter(range(1, len(words) + 1))

    def letter() -> None:
        box.value = words[: next(letters)]

    return letter


def main() -> int:
    comm.create_comm = CountingComm
    from campaign_magics.widgets.picker.view import Picker

    session: Any = Session()
    session.schemas.summaries()
    made: list[Any] = []
    words, fields = "things of sort 42", "field 29"
    in_time = [
        timed("open the first picker", lambda: made.append(Picker(session)), 300),
        timed("open another", lambda: made.append(Picker(session)), 300),
    ]
    picker = made[-1]
    in_time += [
        timed("search, a letter", typed(picker.search.words, words), 50, len(words)),
        timed("open a schema", lambda: picker.open("cus:table0"), 300),
        timed("open a link", lambda: picker.model.tree.toggle("next"), 300),
        timed("filter, a letter", typed(picker.fields.words, fields), 50, len(fields)),
        timed(
            "clear the filter", lambda: setattr(picker.fields.words, "value", ""), 50
        ),
        timed("turn a page", picker.fields.after.click, 50, 10),
        timed("tick a field", lambda: picker.tick("@field7"), 50),
        timed("add a condition", lambda: picker.where("@field15"), 50),
        timed(
            "open with a schema",
            lambda: made.append(Picker(session, "cus:table0")),
            300,
        ),
    ]
    print(f"fetched: {', '.join(session.fetched)}")
    return 0 if all(in_time) and len(session.fetched) == 2 else 1


if __name__ == "__main__":
    sys.exit(main())
