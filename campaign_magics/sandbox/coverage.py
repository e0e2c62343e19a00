"""What the sandbox emulates, told from the tables that run it: sandbox/README.md.

``python -m campaign_magics.sandbox.coverage`` writes the file anew; a test compares.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..schemas.model import Schema
from ..xtk.functions import FUNCTIONS, Function
from .engine.aggregates import FOLDS
from .engine.functions import RULES
from .engine.special import SPECIAL
from .pages import PAGES
from .persist.defaults import DEFAULT_FUNCTIONS
from .router import COVERAGE
from .stores.dictionary import standard_dictionary

README = Path(__file__).with_name("README.md")

_GROUPS = {
    "aggregate": "aggregates",
    "string": "strings",
    "date": "dates",
    "numeric": "numbers",
    "currency": "currencies",
    "geo": "geography",
    "other": "others",
    "window": "windows",
    "right": "defaults and rights",
}
_INTRODUCTION = """\
# What the sandbox emulates

Made by `python -m campaign_magics.sandbox.coverage` from the tables that run the
server; a test keeps it so.  *Documented* is what Adobe's pages say, *observed* what
Adobe's own client (acc-js-sdk) expects or a live server was seen to do, *assumed* a
choice where nobody says.
"""


def coverage_text() -> str:
    """Return the whole README."""
    schemas = standard_dictionary().schemas
    sections = [
        _INTRODUCTION,
        *_methods(schemas),
        *_pages(),
        *_functions(),
    ]
    return "\n".join(sections)


def declared_methods(schemas: Mapping[str, Schema]) -> set[tuple[str, str]]:
    """Return owner and name of every method that a schema or interface declares."""
    own = {(s.id, m.name) for s in schemas.values() for m in s.methods}
    lent = {
        (interface, method.name)
        for schema in schemas.values()
        for interface, methods in schema.interfaces.items()
        for method in methods
    }
    return own | lent


def _methods(schemas: Mapping[str, Schema]) -> Iterator[str]:
    counts = Counter(entry.provenance for entry in COVERAGE.values())
    told = ", ".join(f"{counts[word]} {word}" for word in sorted(counts))
    yield f"## SOAP methods\n\n{len(COVERAGE)} methods: {told}.\n"
    yield _table(
        ("method", "what it does here", "source"),
        (
            (f"`{owner}#{name}`", _told(owner, name, schemas), entry.provenance)
            for (owner, name), entry in sorted(COVERAGE.items())
        ),
    )
    missing = sorted(declared_methods(schemas) - COVERAGE.keys())
    names = ", ".join(f"`{owner}#{name}`" for owner, name in missing)
    yield (
        "Declared by the schemas and not emulated, which the answer says "
        f"(SBX-100001): {names or 'none'}.\n"
    )


def _told(owner: str, name: str, schemas: Mapping[str, Schema]) -> str:
    """Return what a service says of itself; of one for many methods, what theirs do."""
    service = COVERAGE[owner, name].service
    if sum(entry.service is service for entry in COVERAGE.values()) == 1:
        return _summary(service)
    return next(m.help for m in schemas[owner].methods if m.name == name)


def _pages() -> Iterator[str]:
    yield "## Pages\n"
    yield _table(
        ("address", "what it does here", "source"),
        (
            (f"`{page.verb} {page.path}`", _summary(page.answer), page.provenance)
            for page in PAGES
        ),
    )


def _functions() -> Iterator[str]:
    here = [f for key, f in FUNCTIONS.items() if _is_computed(key, f)]
    missing = sorted(f.name for f in FUNCTIONS.values() if f not in here)
    yield (
        "## Functions in expressions\n\n"
        f"{len(here)} of the {len(FUNCTIONS)} in Adobe's list, computed alike on both "
        "databases.\n"
    )
    groups: dict[str, list[str]] = {}
    for function in here:
        groups.setdefault(_GROUPS[function.group], []).append(f"`{function.name}`")
    yield _table(
        ("group", "functions"),
        ((group, ", ".join(sorted(names))) for group, names in groups.items()),
    )
    yield f"Refused with a fault that says so: {', '.join(missing) or 'none'}.\n"


def _is_computed(key: str, function: Function) -> bool:
    """Tell whether queries, or defaults, compute a function.

    Parts of another (``When`` within ``Case``) are computed with it, and an aggregate
    without an argument has no fold of its own.
    """
    tables = (RULES, FOLDS, SPECIAL, DEFAULT_FUNCTIONS)
    inside = function.within is not None or function.aggregate
    return inside or any(key in table for table in tables)


def _summary(thing: object) -> str:
    """Return the first sentence of a docstring, on one line."""
    text = " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
    sentence = text.partition(". ")[0].rstrip(".")
    return sentence.replace("``", "`").replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    README.write_text(coverage_text(), encoding="utf-8")
