"""The columns of a frame, each with the field it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import InvalidOption, UserError
from ..schemas.model import Schema
from ..schemas.resolve import Lookup
from .columns import Target, check_writable, target
from .items import fields_in
from .layout import OPERATION
from .source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What items of a collection take from a frame's column.

    ``field`` names the part of the column's structs, None where its lists hold values.
    """

    target: Target
    column: str
    field: str | None = None


@dataclass(slots=True)
class Targets:
    """What columns mean: values of the record and its links, parts of collections."""

    own: list[Target] = field(default_factory=list)
    items: dict[str, list[Part]] = field(default_factory=dict)


def read_targets(source: Source, schema: Schema, lookup: Lookup) -> Targets:
    """Return what the columns of a frame mean, ``_operation`` aside.

    Raises UnknownName for a column that is no field, UserError for one that the server
    computes, InvalidOption for two that are the same.
    """
    found = Targets()
    known: dict[str, str] = {}
    for name in source.names:
        if name == OPERATION:
            continue
        for part in _parts(name, source, schema, lookup):
            check_writable(part.target)
            path = part.target.path
            if path in known:
                raise InvalidOption(
                    f"The columns {known[path]!r} and {name!r} are both {path}.",
                    hint="drop one of them",
                )
            known[path] = name
            collection = _collection(part.target)
            if collection is None:
                found.own.append(part.target)
            else:
                found.items.setdefault(collection, []).append(part)
    return found


def _parts(name: str, source: Source, schema: Schema, lookup: Lookup) -> Iterator[Part]:
    """Yield what a column gives: itself, or each field of its structs."""
    one = target(name, schema, lookup)
    if one.found.field is not None or not _is_collection(one):
        yield Part(target=one, column=name)
        return
    fields = fields_in(source.slices(name))
    if not fields:
        raise UserError(
            f"The column {name!r} is a collection, its values are no lists of dicts.",
            hint=f"name a field of it, as in {one.path.replace('/', '.')}.name",
        )
    for inner in fields:
        part = target(inner, schema, lookup, within=one.steps)
        shown = replace_name(part, f"{name}.{inner}")
        yield Part(target=shown, column=name, field=inner)


def replace_name(one: Target, name: str) -> Target:
    """Return the target under the name that problems call it by."""
    return Target(name=name, steps=one.steps, found=one.found)


def _is_collection(one: Target) -> bool:
    link = one.found.link
    return one.found.collection is not None or bool(link and link.unbound)


def _collection(one: Target) -> str | None:
    """Return the path of the collection that a value is in, None for the record's own.

    Raises UserError for a collection of another record.
    """
    hops = one.found.hops
    unbound = [at for at, hop in enumerate(hops) if hop.link.unbound]
    if one.found.collection is not None:
        unbound.append(len(hops))
    if not unbound:
        return None
    if unbound != [0]:
        raise UserError(
            f"The column {one.name!r} is in a collection of another record.",
            hint="write that record on its own",
        )
    if one.found.collection is not None:
        return one.found.collection.path
    return hops[0].link.path
