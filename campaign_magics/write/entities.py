"""Sorts columns into entities: the record, its links, its collections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import InvalidOption
from ..schemas.model import Schema
from ..schemas.resolve import Hop
from .columns import Target
from .keys import choose_key
from .layout import Entity, Items, Slot, joined_path
from .targets import Part


@dataclass(frozen=True, slots=True)
class Builder:
    """Sorts columns into entities.

    ``operations`` are those of links by path, ``default`` that of any other link.
    """

    schema: Schema
    operations: Mapping[str, str]
    default: str = "none"

    def entity(
        self, schema: Schema, targets: Iterable[Target], depth: int = 0
    ) -> Entity:
        """Return the entity of these columns, with the links ``depth`` hops away."""
        own: list[Target] = []
        prefix: Sequence[Hop] = ()
        linked: dict[str, list[Target]] = {}
        for one in targets:
            hops = one.found.hops
            prefix = hops[:depth]
            if len(hops) == depth:
                own.append(one)
            else:
                linked.setdefault(hops[depth].link.path, []).append(one)
        links = tuple(self._link(group, depth) for group in linked.values())
        slots = [_slot(one) for one in own]
        path = "/".join(hop.link.path for hop in prefix)
        return Entity(
            schema=schema,
            path=path,
            slots=(*slots, *_foreign_keys(schema, path, slots, links)),
            links=links,
        )

    def items(self, parts: Sequence[Part]) -> Items:
        """Return the collection that these parts of columns belong to."""
        targets = [part.target for part in parts]
        if targets[0].found.collection is not None:
            entity = self._xml_item(targets)
        else:
            entity = self._link(targets, 0)
        paths = {part.target.path: (part.column, part.field) for part in parts}
        return Items(entity=entity, parts=paths)

    def _xml_item(self, targets: Sequence[Target]) -> Entity:
        """Return an item of a collection that is stored as XML: it has no key."""
        collection = targets[0].found.collection
        path = collection.path if collection is not None else ""
        return Entity(
            schema=self.schema,
            path=path,
            operation=self.operations.get(path),
            slots=tuple(_slot(one, path) for one in targets),
        )

    def _link(self, targets: Sequence[Target], depth: int) -> Entity:
        hops = targets[0].found.hops[: depth + 1]
        link = hops[-1].link
        path = "/".join(hop.link.path for hop in hops)
        inner = self.entity(hops[-1].target, targets, depth + 1)
        default = "insertOrUpdate" if link.unbound else self.default
        operation = self.operations.get(path, default)
        given = given_paths(inner)
        implied = {join.target for join in link.joins if link.unbound}
        key = choose_key(inner.schema, given, frozenset(implied)) or _all_of(given)
        written = operation != "none"
        return replace(
            inner,
            path=path,
            link=link,
            operation=operation,
            key=key,
            slots=tuple(
                replace(slot, is_written=written or slot.local in key)
                for slot in inner.slots
            ),
            links=tuple(
                one
                for one in inner.links
                if written or any(k.startswith(f"{one.name}/") for k in key)
            ),
        )


def _slot(one: Target, collection: str = "") -> Slot:
    field = one.found.field
    if field is None:  # check_writable has refused it
        raise InvalidOption(f"{one.name!r} is no field.")
    prefix = collection or "/".join(hop.link.path for hop in one.found.hops)
    return Slot(
        name=one.name,
        path=joined_path(prefix, field.path),
        local=field.path,
        field=field,
    )


def _foreign_keys(
    schema: Schema, path: str, slots: Iterable[Slot], links: Iterable[Entity]
) -> Iterator[Slot]:
    """Yield the fields that empty a link, where no column of the data is one."""
    known = {slot.local for slot in slots}
    for link in links:
        for join in link.link.joins if link.link is not None else ():
            field = schema.field_by_path.get(join.source)
            if field is not None and field.expr is None and join.source not in known:
                known.add(join.source)
                full = joined_path(path, join.source)
                yield Slot(name="", path=full, local=join.source, field=field)


def given_paths(entity: Entity) -> dict[str, tuple[str, ...]]:
    """Return which columns give a path of an entity: its own, or those of its link."""
    given: dict[str, tuple[str, ...]] = {
        slot.local: (slot.local,) for slot in entity.slots if slot.name
    }
    for one in entity.links:
        paths = tuple(f"{one.name}/{path}" for path in one.key)
        for join in one.link.joins if one.link is not None else ():
            given.setdefault(join.source, paths)
    return given


def _all_of(given: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return every column as a key: what there is must do."""
    return tuple(dict.fromkeys(path for paths in given.values() for path in paths))
