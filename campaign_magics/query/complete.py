"""What may stand at the cursor of a query: from cached schemas only, never a call.

Everything before the cursor that belongs to the word is the *fragment*; each
suggestion replaces it whole, because ``@``, ``:`` and ``[`` end a word elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..schemas.model import Schema
from ..xtk.functions import FUNCTIONS

Cached = Callable[[str], Schema | None]
Sort = Literal["schema", "field", "link", "value", "function", "param"]

_SCHEMA_NAME = r"[\w-]+[:.][\w-]+"
_SCHEMA_USED = re.compile(
    rf"""(?:\bFROM\s+|\bschema\s*=\s*["']|"schema"\s*:\s*")({_SCHEMA_NAME})""", re.I
)
_SCHEMA_DUE = re.compile(
    r"""(?:\bFROM\s+|\bschema\s*=\s*["']|"schema"\s*:\s*")([\w:.-]*)$""", re.I
)
_VALUE_DUE = re.compile(
    r"""(\[[^\[\]]+\]|[@\w./-]+)\s*(?:=|<>|!=|\bIN\s*\((?:[^()]*,)?)\s*('?\w*)$""", re.I
)
_BRACKET = re.compile(r"\[[@\w./-]*$")
_WORD = re.compile(r"[@\w][@\w./-]*$|@$")
_MARK = re.compile(r"(?<![\w:]):(\w*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One completion: the text that replaces the fragment, and what it is."""

    text: str
    sort: Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The fragment before the cursor, and what may replace it, best first."""

    fragment: str
    found: tuple[Suggestion, ...] = ()


def complete(
    text: str, cursor: int, schemas: Iterable[str], cached: Cached, names: Iterable[str]
) -> Suggestions:
    """Return what may stand at ``cursor`` of a query in XML, JSON or SQL.

    ``schemas`` are the names of all schemas, ``cached`` gives a schema that is in
    memory or on disk, ``names`` are the variables that ``:name`` may mean.
    """
    before = text[:cursor]
    if match := _SCHEMA_DUE.search(before):
        return _starting(match[1], (Suggestion(text=s, sort="schema") for s in schemas))
    schema = _schema_at(text, cursor, cached)
    match = _VALUE_DUE.search(before)
    if schema and match and (values := _values(schema, match[1], cached)):
        return _starting(match[2], values)
    if match := _MARK.search(before):
        marks = (Suggestion(text=f":{n}", sort="param") for n in names)
        return _starting(match[0], marks)
    sql = not re.match(r"\s*[<{]", text)
    if match := _BRACKET.search(before):
        paths = [] if schema is None else _paths(schema, match[0][1:], cached)
        return _starting(
            match[0], (Suggestion(text=f"[{p.text}]", sort=p.sort) for p in paths)
        )
    word = _WORD.search(before)
    fragment = word[0] if word else ""
    found = [] if schema is None else list(_words(schema, fragment, sql, cached))
    if fragment.isidentifier():
        calls = (function.name for function in FUNCTIONS.values())
        found += [Suggestion(text=f"{name}(", sort="function") for name in calls]
    return _starting(fragment, found)


def _words(
    schema: Schema, fragment: str, sql: bool, cached: Cached
) -> Iterator[Suggestion]:
    """Yield paths as they are written without brackets."""
    if sql and not fragment.startswith("@"):
        for path in _paths(schema, fragment.replace(".", "/"), cached):
            dotted = path.text.replace("/@", ".").replace("/", ".").lstrip("@")
            if "-" not in dotted:
                yield Suggestion(text=dotted, sort=path.sort)
        return
    for path in _paths(schema, fragment, cached):
        plain = "/" not in path.text and "-" not in path.text
        yield path if plain else Suggestion(text=f"[{path.text}]", sort=path.sort)


def _paths(schema: Schema, typed: str, cached: Cached) -> Iterator[Suggestion]:
    """Yield the paths of ``schema``, through the links that ``typed`` has crossed."""
    for link in sorted(schema.links, key=lambda one: -len(one.path)):
        if typed.startswith(link.path + "/"):
            target = cached(link.target)
            if target is not None:
                rest = typed[len(link.path) + 1 :]
                for inner in _paths(target, rest, cached):
                    text = f"{link.path}/{inner.text}"
                    yield Suggestion(text=text, sort=inner.sort)
            return
    for field in schema.fields:
        yield Suggestion(text=field.path, sort="field")
    for link in schema.links:
        yield Suggestion(text=link.path, sort="link")


def _values(schema: Schema, path: str, cached: Cached) -> list[Suggestion]:
    """Return the names of the enumeration that ``path`` holds, quoted."""
    wanted = path.strip("[]").replace(".", "/")
    steps = wanted.split("/")
    while len(steps) > 1 and (link := schema.link_by_path.get(steps[0])) is not None:
        target = cached(link.target)
        if target is None:
            return []
        schema, steps = target, steps[1:]
    rest = "/".join(steps)
    bare = "/".join([*steps[:-1], f"@{steps[-1].lstrip('@')}"])
    field = schema.field_by_path.get(rest) or schema.field_by_path.get(bare)
    if field is None or field.enum is None:
        return []
    return [Suggestion(text=f"'{v.name}'", sort="value") for v in field.enum.values]


def _schema_at(text: str, cursor: int, cached: Cached) -> Schema | None:
    """Return the schema that the cursor's part of the query asks.

    The last one named before the cursor at its depth of brackets, or around it; in
    SQL the first one after it, where FROM is still to come.
    """
    depth = _depths(text)
    here = depth[min(cursor, len(text))]
    named = [(m.start(), depth[m.start()], m[1]) for m in _SCHEMA_USED.finditer(text)]
    before = [n for n in named if n[0] < cursor and n[1] <= here]
    after = [n for n in named if n[0] >= cursor and n[1] <= here]
    level = max((n[1] for n in before), default=-1)
    if after and after[0][1] > level:
        return cached(after[0][2].replace(".", ":"))
    if before:
        name = next(n[2] for n in reversed(before) if n[1] == level)
        return cached(name.replace(".", ":"))
    return cached(after[0][2].replace(".", ":")) if after else None


def _depths(text: str) -> list[int]:
    """Return, for each place, how many ``(`` and ``<subQuery`` are open."""
    depth, depths = 0, []
    for at, char in enumerate(text):
        if char == "(" or text.startswith("<subQuery", at):
            depth += 1
        elif char == ")" or text.startswith("</subQuery", at):
            depth -= 1
        depths.append(depth)
    return [*depths, depth]


def _starting(fragment: str, found: Iterable[Suggestion]) -> Suggestions:
    """Keep what begins as the fragment does, case aside; then what holds it."""
    low = fragment.lower()
    bare = low.strip("@['")
    unique = {one.text: one for one in found}.values()
    first = [one for one in unique if one.text.lower().startswith(low)]
    rest = [
        one
        for one in unique
        if bare and one not in first and one.text.lower().lstrip("@['").startswith(bare)
    ]
    return Suggestions(fragment=fragment, found=(*first, *rest))
