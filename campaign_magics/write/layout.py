"""Where columns go: the record they write, those it is linked to, its collections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..frames.encode import Element
from ..schemas.model import Field, Link, Schema
from .columns import bracketed

OPERATION: Final = "_operation"
"""The column that says what becomes of each row."""
OPERATIONS: Final = ("insertOrUpdate", "insert", "update", "delete")
LINK_OPERATIONS: Final = ("none", "update", "insertOrUpdate", "insert")
ITEM_OPERATIONS: Final = (*LINK_OPERATIONS, "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One column of texts.

    ``name`` is what the frame calls it, empty for one that the layout adds; ``path``
    leads there from the written record, ``local`` from the entity that has the field.
    ``is_written`` is False where a link is only found and the column is not needed for
    that.
    """

    name: str
    path: str
    local: str
    field: Field
    is_key: bool = False
    is_written: bool = True

    @property
    def expr(self) -> str:
        """The path as a query selects it."""
        return bracketed(self.path)

    @property
    def is_derived(self) -> bool:
        """True for a foreign key that no column gives: it empties a link."""
        return not self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """The written record (``link`` None), one it is linked to, or one that it holds.

    ``path`` leads to it from the written record; ``key`` are local paths.
    """

    schema: Schema
    path: str = ""
    link: Link | None = None
    operation: str | None = None
    key: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    links: tuple[Entity, ...] = ()

    @property
    def name(self) -> str:
        """The path from the entity around it: the link's, or a collection's."""
        return self.link.path if self.link is not None else self.path

    @property
    def key_paths(self) -> tuple[str, ...]:
        """The key's paths from the written record."""
        return tuple(joined_path(self.path, path) for path in self.key)

    def all_slots(self) -> Iterator[Slot]:
        """Yield the columns of this entity and of those it is linked to."""
        yield from self.slots
        for link in self.links:
            yield from link.all_slots()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A collection of the written record: a column of lists of structs of texts.

    ``entity`` is what an item is; its columns are fields of the structs, named by
    their path from the written record.  ``parts`` tells where each is read: the
    frame's column, and the field of its structs if it has any.
    """

    entity: Entity
    parts: Mapping[str, tuple[str, str | None]]

    @property
    def path(self) -> str:
        """The path of the collection, which names the column in ``Rows.table``."""
        return self.entity.path

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The columns that items are made of."""
        return tuple(slot for slot in self.entity.all_slots() if slot.is_written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each column goes.

    ``items`` are collections; their columns are not among the ``slots``.  ``unread``
    are columns of ``Rows.table`` that tell of more records than the row's own: where
    one has a value, the row changes more than its slots tell.  ``notes`` are sentences
    that a preview should show.
    """

    root: Entity
    element: Element
    items: tuple[Items, ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The paths of the key: ``@email``, ``folder/@name``."""
        return self.root.key

    @property
    def names(self) -> Mapping[str, str]:
        """What the frame calls each path."""
        slots = [*self.slots, *(slot for items in self.items for slot in items.slots)]
        return {slot.path: slot.name or slot.path for slot in slots}

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What is written, links included, in the order of ``Rows.table``."""
        return tuple(slot for slot in self.root.all_slots() if slot.is_written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user said about a write besides its rows."""

    key: str | Sequence[str] | None = None
    operation: str = "insertOrUpdate"
    links: Mapping[str, str] | None = None


def joined_path(prefix: str, path: str) -> str:
    """Return a path behind another one, which may be empty."""
    return f"{prefix}/{path}" if prefix else path
