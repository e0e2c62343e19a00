"""Columns → a layout, or an error before anything is sent (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..errors import InvalidOption
from ..schemas.model import Schema
from ..schemas.resolve import Lookup
from .checks import has_default
from .columns import Target, link_path, list_of, target
from .entities import Builder, given_paths
from .keys import candidates, choose_key
from .layout import (
    ITEM_OPERATIONS,
    LINK_OPERATIONS,
    OPERATION,
    OPERATIONS,
    Entity,
    Items,
    Layout,
    Slot,
    Wishes,
    joined_path,
)
from .source import Source
from .targets import read_targets
from .template import template


def plan_layout(
    source: Source, schema: Schema, lookup: Lookup, wishes: Wishes
) -> Layout:
    """Return where the columns of a frame go.

    Raises UnknownName for a column that is no field, UserError for one that the server
    computes, InvalidOption for a key, a link or an operation that does not fit.
    """
    if wishes.operation not in OPERATIONS:
        raise _unknown_operation(wishes.operation, OPERATIONS)
    found = read_targets(source, schema, lookup)
    parts = [part for group in found.items.values() for part in group]
    targets = [*found.own, *(part.target for part in parts)]
    links = _link_operations(wishes.links or {}, targets, schema, lookup)
    builder = Builder(schema, links)
    root = keyed(builder.entity(schema, found.own), wishes, lookup, source.labels)
    items = tuple(builder.items(group) for group in found.items.values())
    per_row = OPERATION in source.names
    if wishes.operation == "insert" and not per_row:
        _need_required(root)
    element = template(root, items, wishes.operation, per_row=per_row)
    return Layout(
        root=root,
        element=element,
        items=items,
        unread=tuple(one.path for one in items),
        notes=tuple(_notes(root, (one.name for one in targets), items)),
    )


def _link_operations(
    links: Mapping[str, str], targets: Iterable[Target], schema: Schema, lookup: Lookup
) -> dict[str, str]:
    """Return the operations of links and collections by path."""
    known = dict(_links_of(targets))
    operations = {}
    for name, operation in links.items():
        path = link_path(name, schema, lookup)
        if path not in known:
            raise InvalidOption(
                f"No column belongs to the link {name!r}.",
                hint=f"links with columns: {', '.join(sorted(known)) or 'none'}",
            )
        if operation not in known[path]:
            raise _unknown_operation(operation, known[path])
        operations[path] = operation
    return operations


def _links_of(targets: Iterable[Target]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the path of each link and collection, and its possible operations."""
    for one in targets:
        path = ""
        for hop in one.found.hops:
            path = joined_path(path, hop.link.path)
            yield path, ITEM_OPERATIONS if hop.link.unbound else LINK_OPERATIONS
        if one.found.collection is not None:
            yield joined_path(path, one.found.collection.path), ITEM_OPERATIONS


def _unknown_operation(operation: str, known: Sequence[str]) -> InvalidOption:
    return InvalidOption(
        f"{operation!r} is no operation.", hint=f"use one of {', '.join(known)}"
    )


def keyed(
    root: Entity, wishes: Wishes, lookup: Lookup, labels: Sequence[str] = ()
) -> Entity:
    """Return the record with its key: the user's, else one of the schema's.

    ``labels`` are names of the data's index, which may be what is missed.
    """
    usable = (s for s in root.all_slots() if s.is_written and not s.is_derived)
    known = {slot.path: slot for slot in usable}
    if wishes.key:
        names = list_of(wishes.key)
        parts = (_key_part(name, root, known, lookup, labels) for name in names)
        key = tuple(dict.fromkeys(parts))
    else:
        chosen = choose_key(root.schema, given_paths(root))
        if chosen is None:
            raise InvalidOption(
                f"No column of the data tells which {root.schema.id} a row is.",
                hint=_of_index(labels) or candidates(root.schema, known),
            )
        key = chosen
    return _with_keys(root, key, frozenset(key))


def _key_part(
    name: str,
    root: Entity,
    known: Mapping[str, Slot],
    lookup: Lookup,
    labels: Sequence[str],
) -> str:
    found = target(name, root.schema, lookup)
    if found.path not in known:
        columns = ", ".join(slot.name for slot in known.values())
        raise InvalidOption(
            f"The key {name!r} is no column of the data.",
            hint=_of_index(labels)
            or (f"the columns are {columns}" if columns else "the data has no columns"),
        )
    return found.path


def _of_index(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    return f"the index ({', '.join(labels)}) is no column: data.reset_index()"


def _with_keys(entity: Entity, key: tuple[str, ...], paths: frozenset[str]) -> Entity:
    return replace(
        entity,
        key=key,
        slots=tuple(replace(s, is_key=s.path in paths) for s in entity.slots),
        links=tuple(_with_keys(link, link.key, paths) for link in entity.links),
    )


def _need_required(root: Entity) -> None:
    """Raise InvalidOption when new records lack a column that they must have."""
    given = {slot.local for slot in root.slots}
    for field in root.schema.fields:
        if field.required and field.path not in given and not has_default(field):
            raise InvalidOption(
                f"A new {root.schema.id} needs a value for {field.path}.",
                hint=f"add a column {field.path.replace('/@', '.').lstrip('@')}",
            )


def _notes(root: Entity, names: Iterable[str], items: Sequence[Items]) -> Iterator[str]:
    """Yield what a preview should say of columns and links."""
    used = {slot.name for slot in root.all_slots() if slot.is_written}
    used |= {slot.name for one in items for slot in one.slots}
    if unused := [name for name in names if name not in used]:
        yield (
            f"Not written, since the linked record is only found: {', '.join(unused)}. "
            f"links={{…: 'update'}} writes them."
        )
    for link in [*root.links, *(one.entity for one in items)]:
        yield from _unsure(link)


def _unsure(link: Entity) -> Iterator[str]:
    """Yield the links that more than one record could be meant by."""
    known = {key.paths for key in link.schema.keys}
    if link.operation == "none" and link.key not in known:
        yield (
            f"{link.path} is found by {', '.join(link.key)}, which is no key of "
            f"{link.schema.id}: the first such record counts."
        )
    for inner in link.links:
        yield from _unsure(inner)
