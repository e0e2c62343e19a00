"""Select nodes → the columns of the answer."""

from __future__ import annotations

from dataclasses import replace

from ..errors import QuerySyntaxError
from ..schemas.resolve import Resolved
from ..xtk.ast import Node, Path
from ..xtk.columns import Column
from ..xtk.types import STRING, EnumValue
from .model import SelectNode
from .scope import Scope


class Columns:
    """Collects columns; keeps names, and places in the answer, unique."""

    def __init__(self) -> None:
        self._columns: list[Column] = []
        self._places: dict[tuple[str, ...], Node] = {}

    @property
    def found(self) -> tuple[Column, ...]:
        """The columns so far, in the order of the nodes."""
        return tuple(self._columns)

    def add(self, node: SelectNode, scope: Scope) -> SelectNode:
        """Add the node's columns; return the node as it must be sent."""
        tree = scope.read(node.expr)
        found = scope.resolve(tree) if isinstance(tree, Path) else None
        if found is not None and _is_collection(found):
            column, sent = _collection(node, found, tree, scope)
            self._append(column)
            return sent
        steps, sent = self._place(node, tree, found)
        base = Column(
            name=_name(node, _wanted_place(node, tree, found)),
            steps=steps,
            type=scope.type_of(tree) or STRING,
            label=node.label or (found.field.label if found and found.field else ""),
            values=_values(found),
        )
        self._append(base)
        if node.analyze and base.values:
            self._append_analysis(base)
        return sent

    def _place(
        self, node: SelectNode, tree: Node, found: Resolved | None
    ) -> tuple[tuple[str, ...], SelectNode]:
        """Decide where in the answer the value stands; alias what has no place.

        Two nodes may share a place only when they ask for the same value.
        """
        wanted = _wanted_place(node, tree, found)
        if wanted and self._places.setdefault(wanted, tree) == tree:
            return wanted, node
        number = len(self._places) + 1
        while (f"@expr{number}",) in self._places:
            number += 1
        alias = f"@expr{number}"
        self._places[(alias,)] = tree
        return (alias,), replace(node, alias=alias)

    def _append_analysis(self, base: Column) -> None:
        """Add the two attributes of ``analyze="true"`` (protocol.md §5.1)."""
        for suffix in ("Name", "Label"):
            self._append(
                Column(
                    name=base.name + suffix,
                    steps=(*base.steps[:-1], base.steps[-1] + suffix),
                    type=STRING,
                )
            )

    def _append(self, column: Column) -> None:
        taken = {c.name for c in self._columns}
        name, number = column.name, 2
        while name in taken:
            name, number = f"{column.name}_{number}", number + 1
        self._columns.append(replace(column, name=name))


def _is_collection(found: Resolved) -> bool:
    return bool(found.collection or (found.link and found.link.unbound))


def _collection(
    node: SelectNode, found: Resolved, tree: Node, scope: Scope
) -> tuple[Column, SelectNode]:
    """Return the list column of a collection, one struct an item, and what to send."""
    if not node.nodes:
        raise QuerySyntaxError(
            f"'{node.expr}' is a collection, and nothing of it is selected.",
            hint=f'put nodes inside: <node expr="{node.expr}">…</node>',
            near=node.expr,
        )
    inside = scope.inner(scope.lookup(found.link.target)) if found.link else scope
    items = Columns()
    nodes = tuple(items.add(inner, inside) for inner in node.nodes)
    own = tree.steps if isinstance(tree, Path) else (node.expr,)
    steps = alias_steps(node.alias) if node.alias else own
    name = _name(node, steps)
    column = Column(name=name, steps=steps, type=STRING, items=items.found)
    return column, replace(node, nodes=nodes)


def alias_steps(alias: str) -> tuple[str, ...]:
    """Split an alias: an XPath in the answer; ``../`` only climbs to the row."""
    return tuple(
        step for step in alias.strip("[]").split("/") if step not in ("..", "")
    )


def _wanted_place(
    node: SelectNode, tree: Node, found: Resolved | None
) -> tuple[str, ...]:
    """Return where the answer has the value, () where the server would choose."""
    if node.alias:
        return alias_steps(node.alias)
    if found is None or not isinstance(tree, Path):
        return ()
    return tree.steps if found.link is None else (*tree.steps, "@_cs")


def _name(node: SelectNode, place: tuple[str, ...]) -> str:
    """Name a column as users type it: ``folder.label``, the alias, the expression."""
    if node.name is not None:
        return node.name
    if not place:
        return node.expr.strip()
    shown = place[:-1] if place[-1] == "@_cs" else place
    return ".".join(step.lstrip("@") for step in shown)


def _values(found: Resolved | None) -> tuple[EnumValue, ...]:
    if found is None or found.field is None or found.field.enum is None:
        return ()
    return found.field.enum.values
