"""The element that a layout's columns are encoded as (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..frames.encode import Element
from .columns import bracketed
from .layout import OPERATION, Entity, Items


def template(
    root: Entity, items: Sequence[Items], operation: str, *, per_row: bool
) -> Element:
    """Return the element of a row; ``per_row``: a column says its operation."""
    constants = {} if per_row else {"_operation": operation}
    if operation != "insert" or per_row:
        constants["_key"] = key_text(root)
    parts = [_item(one) for one in items]
    element = _element(root, root.schema.name, constants, parts)
    if not per_row:
        return element
    attributes = {"_operation": OPERATION, **element.attributes}
    return replace(element, attributes=attributes)


def key_text(entity: Entity) -> str:
    """Return a key as ``_key`` lists it: ``@email,[folder/@name]``."""
    return ",".join(map(bracketed, entity.key))


_Part = tuple[tuple[str, ...], str | Element]
"""Where in an element something stands: a column, or an element."""


def _element(
    entity: Entity,
    name: str,
    constants: Mapping[str, str],
    parts: Iterable[_Part] = (),
) -> Element:
    own: list[_Part] = [
        (tuple(slot.local.split("/")), slot.path)
        for slot in entity.slots
        if slot.is_written
    ]
    linked = [_linked(link) for link in entity.links]
    grouped = _grouped(name, [*own, *linked, *parts])
    return replace(grouped, constants=constants)


def _linked(link: Entity) -> _Part:
    *steps, name = link.name.split("/")
    instructions = {}
    if link.operation is not None:
        instructions["_operation"] = link.operation
    if link.key and link.operation != "insert":
        instructions["_key"] = key_text(link)
    return tuple(steps), _element(link, name, instructions)


def _item(one: Items) -> _Part:
    steps, element = _linked(one.entity)
    if not isinstance(element, Element):
        raise TypeError(element)
    return steps, replace(element, items=one.path)


def _grouped(name: str, parts: Iterable[_Part]) -> Element:
    """Return an element with the elements that group its fields (``location``)."""
    attributes: dict[str, str] = {}
    text: str | None = None
    children: list[Element] = []
    groups: dict[str, list[_Part]] = {}
    for steps, what in parts:
        if isinstance(what, Element) and not steps:
            children.append(what)
        elif isinstance(what, str) and not steps:
            text = what
        elif isinstance(what, str) and len(steps) == 1 and steps[0].startswith("@"):
            attributes[steps[0][1:]] = what
        else:
            groups.setdefault(steps[0], []).append((steps[1:], what))
    inner = [_grouped(group, found) for group, found in groups.items()]
    return Element(
        name=name, attributes=attributes, text=text, children=(*inner, *children)
    )
