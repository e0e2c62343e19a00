"""Where a path leads: through which links, to which field (protocol.md §5.2).

A leading ``..`` climbs out of the schema that the path starts from: to the outer query
of a sub-query, or the record of a collection.  Only the reader of the query knows
that one; it takes off one ``..`` for each scope that it leaves and resolves the rest
there.  Any other ``..`` and ``.`` is handled here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import UnknownName
from ..xtk.ast import Path
from ..xtk.names import closest
from .model import Collection, Field, Link, Schema

Lookup = Callable[[str], Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A link crossed on the way, 1-N included (``link.unbound``)."""

    link: Link
    source: Schema
    target: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Where a path ended; one of ``field``, ``link`` and ``collection`` is set.

    ``schema`` holds what was found.  A link at the end is not crossed: whoever wants
    its compute string, or its rows when it is unbound, takes ``link.target``.  A path
    into an XML collection has both the ``collection`` and the ``field`` of an item.
    """

    schema: Schema
    hops: tuple[Hop, ...] = ()
    field: Field | None = None
    link: Link | None = None
    collection: Collection | None = None


def resolve(schema: Schema, path: Path, lookup: Lookup) -> Resolved:
    """Follow a path from a schema; ``lookup`` finds the schemas that links lead to.

    An ad-hoc join (``[schema:alias:xpath]``) starts from the schema it names.
    Raises ``UnknownName`` with the path's span and a suggestion; ``facts`` has the
    ``name`` that is unknown and the ``schema`` that lacks it.
    """
    steps = _normal(schema, path)
    current = schema if path.join is None else lookup(path.join[0])
    hops: list[Hop] = []
    start = 0
    for at in range(len(steps)):
        local = "/".join(steps[start : at + 1])
        last = at == len(steps) - 1
        if link := current.link_by_path.get(local):
            if last:
                return Resolved(schema=current, hops=tuple(hops), link=link)
            target = lookup(link.target)
            hops.append(Hop(link=link, source=current, target=target))
            current, start = target, at + 1
        elif last and (field := current.field_by_path.get(local)):
            return Resolved(schema=current, hops=tuple(hops), field=field)
        elif collection := current.collection_by_path.get(local):
            inside = _Collected(current, tuple(hops), path, steps, at)
            found = _in_collection(inside, collection)
            if found is not None:
                return found
    raise _unknown(current, path, steps, start)


@dataclass(frozen=True, slots=True)
class _Collected:
    """A path that has come to an XML collection at step ``at``."""

    schema: Schema
    hops: tuple[Hop, ...]
    path: Path
    steps: tuple[str, ...]
    at: int


def _in_collection(place: _Collected, collection: Collection) -> Resolved | None:
    """Find what the steps behind a collection name; None: look for a nested one."""
    rest = "/".join(place.steps[place.at + 1 :])
    field = next((f for f in collection.fields if f.path == rest), None)
    if rest and field is None:
        nested = f"{collection.path}/"
        if any(path.startswith(nested) for path in place.schema.collection_by_path):
            return None
        names = [item.path for item in collection.fields]
        raise UnknownName(
            f"{collection.path!r} of {place.schema.id} has no {rest!r}",
            hint=_hint(place.steps[: place.at + 1], closest(rest, names)),
            span=place.path.span,
            name=rest,
            schema=place.schema.id,
        )
    return Resolved(
        schema=place.schema, hops=place.hops, field=field, collection=collection
    )


def _normal(schema: Schema, path: Path) -> tuple[str, ...]:
    """Return the steps without ``.`` and inner ``..``."""
    steps: list[str] = []
    for step in path.steps:
        if step == ".." and not steps:
            raise UnknownName(
                f"'{path.text}' climbs out of {schema.id}",
                hint="'..' is for sub-queries and the conditions of a collection",
                span=path.span,
                name="..",
                schema=schema.id,
            )
        if step == "..":
            steps.pop()
        elif step != ".":
            steps.append(step)
    return tuple(steps)


def _unknown(
    schema: Schema, path: Path, steps: tuple[str, ...], start: int
) -> UnknownName:
    wanted = "/".join(steps[start:])
    inside = [name for name in schema.field_by_path if name.startswith(f"{wanted}/")]
    near: str | None = None
    if not wanted:
        message = f"'{path.text}' names nothing"
    elif inside:
        message = f"{wanted!r} of {schema.id} is a group of fields"
        near = inside[0]
    else:
        wanted, rest = _first_wrong(schema, steps[start:])
        kind = "attribute" if wanted.rpartition("/")[2][:1] == "@" else "field or link"
        message = f"{schema.id} has no {kind} {wanted!r}"
        near = suggestion(schema, wanted, group=bool(rest))
        near = "/".join([near, *rest]) if near else None
    return UnknownName(
        message,
        hint=_hint(steps[:start], near),
        span=path.span,
        name=wanted,
        schema=schema.id,
    )


def _first_wrong(schema: Schema, steps: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the shortest head of a path that leads nowhere, and what follows it."""
    known = _paths(schema)
    for count in range(1, len(steps)):
        head = "/".join(steps[:count])
        if not any(path == head or path.startswith(f"{head}/") for path in known):
            return head, steps[count:]
    return "/".join(steps), ()


def _paths(schema: Schema) -> list[str]:
    return [*schema.field_by_path, *schema.link_by_path, *schema.collection_by_path]


def suggestion(schema: Schema, wanted: str, *, group: bool = False) -> str | None:
    """Return the path of a schema that a wrong one most likely means, or None.

    The same name elsewhere comes first (``@city`` → ``location/@city``), then the
    nearest spelling.  ``group`` asks for what other steps may follow: links, groups
    of fields, collections.
    """
    paths = _paths(schema)
    if group:
        heads = [path.rpartition("/")[0] for path in schema.field_by_path]
        paths = [*schema.link_by_path, *schema.collection_by_path, *filter(None, heads)]
    for path in paths:
        if _bare(path) == _bare(wanted):
            return path
    head, slash, _ = wanted.rpartition("/")
    beside = [p for p in paths if p.rpartition("/")[0] == head] if slash else paths
    if near := closest(wanted, beside) or closest(wanted, paths):
        return near
    tails = {_bare(path): path for path in reversed(paths)}
    found = closest(_bare(wanted), tails)
    return tails[found] if found else None


def _bare(path: str) -> str:
    return path.rpartition("/")[2].removeprefix("@").casefold()


def _hint(before: tuple[str, ...], near: str | None) -> str:
    if near is None:
        return "%campaign_schema lists the fields and links of a schema"
    text = "/".join([*before, near])
    brackets = any(char in text for char in "-/:")
    return f"did you mean [{text}]?" if brackets else f"did you mean {text}?"
