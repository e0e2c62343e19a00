"""What was picked, without a widget: schema, fields, conditions, order, limit."""

from __future__ import annotations

import json
from dataclasses import replace

from ...errors import InvalidOption, InvalidValue, QuerySyntaxError
from ...query.code import to_code, to_dict
from ...query.model import Condition, OrderNode, QueryDef, SelectNode
from ...query.params import bind
from ...schemas.model import Field, Schema
from ...schemas.resolve import Resolved, resolve
from ...xtk.ast import Path
from ...xtk.printer import to_source
from .conditions import Value, Where, asked, named, operators
from .sql import to_sql
from .tree import Lookup, Tree

DEFAULT_LIMIT = 200


class PickerModel:
    """A query in the making.  Paths are written as in ``folder/@label``.

    Not safe for threads by itself: whoever shows it takes turns.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.tree: Tree | None = None
        self.chosen: list[str] = []
        self.wheres: list[Where] = []
        self.any_of = False
        self.order: list[OrderNode] = []
        self.limit: int | None = DEFAULT_LIMIT

    def open(self, name: str) -> None:
        """Take another schema and forget what was picked of the one before.

        Raises UnknownName, or an error of the server that was asked for it.
        """
        self.tree = Tree(self._lookup(name), self._lookup)
        self.chosen, self.wheres, self.order = [], [], []

    @property
    def schema(self) -> Schema:
        """The schema that was picked.  Raises InvalidOption before there is one."""
        if self.tree is None:
            raise InvalidOption(
                "No schema is picked yet.", hint="search for one and open it"
            )
        return self.tree.schema

    def tick(self, path: str) -> None:
        """Add a field, or the text of a 1-1 link, behind those chosen already.

        Raises UnknownName, and InvalidOption for what a query cannot select.
        """
        path = _bare(path)
        found = self._resolve(path)
        if found.collection is not None:
            raise InvalidOption(
                f"'{path}' is stored inside the record as XML.",
                hint="a query selects no items of such a collection",
            )
        if found.link is not None and found.link.unbound:
            raise InvalidOption(
                f"'{path}' has many items for each record.",
                hint="open it and tick fields of it",
            )
        if path not in self.chosen:
            self.chosen.append(path)

    def untick(self, path: str) -> None:
        """Take a field out, and out of the order."""
        path = _bare(path)
        self.chosen = [one for one in self.chosen if one != path]
        self.order = [one for one in self.order if one.expr != path]

    def move(self, path: str, by: int) -> None:
        """Move a chosen field by so many places, as far as there are any."""
        at = self.chosen.index(path)
        to = min(max(at + by, 0), len(self.chosen) - 1)
        self.chosen.insert(to, self.chosen.pop(at))

    def ask(self, path: str, operator: str | None = None, value: Value = None) -> None:
        """Add a condition; without an operator, the most usual one of the field.

        Operators are names or SQL's signs, as `conditions.named` reads them.
        """
        path = _bare(path)
        field = self.field(path)
        name = operators(field)[0].name
        if operator is not None:
            name, value = named(field, operator, value)
        self.wheres.append(Where(path=path, operator=name, value=value))

    def change(self, at: int, *, operator: str, value: Value) -> None:
        """Give a condition another operator or value."""
        self.wheres[at] = replace(self.wheres[at], operator=operator, value=value)

    def drop(self, at: int) -> None:
        """Take a condition away."""
        del self.wheres[at]

    def sort(self, *keys: tuple[str, bool]) -> None:
        """Set the order: paths, and whether each descends."""
        self.order = [OrderNode(expr=_bare(path), desc=desc) for path, desc in keys]

    def field(self, path: str) -> Field:
        """Return the field at a path.  Raises UnknownName, InvalidOption."""
        found = self._resolve(path)
        if found.field is None or found.collection is not None:
            raise InvalidOption(
                f"'{path}' is no field that a condition can ask for.",
                hint="open it, and take one of its fields",
            )
        return found.field

    def label(self, path: str) -> str:
        """Return a path's label, behind those of the links that lead to it."""
        found = self._resolve(path)
        item = found.field or found.link
        parts = [hop.link.label or hop.link.path for hop in found.hops]
        parts.append(item.label if item is not None and item.label else path)
        return " › ".join(" ".join(part.split()) for part in parts)

    @property
    def repeats(self) -> list[str]:
        """The 1-N links that lead to what was picked: each item is a row of its own."""
        paths = [*self.chosen, *(where.path for where in self.wheres)]
        found: list[str] = []
        for path in paths:
            for hop in self._resolve(path).hops:
                if hop.link.unbound and hop.link.path not in found:
                    found.append(hop.link.path)
        return found

    def query(self, limit: int | None = None) -> QueryDef:
        """Return the query; ``limit`` replaces the one that was picked.

        Raises InvalidOption without a schema, QuerySyntaxError without a field,
        InvalidValue for a condition whose value is missing or does not fit.
        """
        schema = self.schema
        if not self.chosen:
            raise QuerySyntaxError(
                f"No field of {schema.id} is ticked yet.", hint="tick at least one"
            )
        where, values = self._conditions()
        order = (replace(o, expr=expression(o.expr)) for o in self.order)
        query = QueryDef(
            schema=schema.id,
            select=tuple(SelectNode(expr=expression(p)) for p in self.chosen),
            where=where,
            order_by=tuple(order),
            line_count=self.limit if limit is None else limit,
        )
        return bind(query, values, lookup=self._lookup)

    @property
    def sql(self) -> str:
        """The query as SQL for ``%%campaign_query``."""
        return to_sql(self.query())

    @property
    def xml(self) -> str:
        """The query as a queryDef document."""
        return to_code(self.query()).xml

    @property
    def json(self) -> str:
        """The query as JSON of Adobe's JavaScript SDK."""
        return json.dumps(to_dict(self.query()), indent=2, ensure_ascii=False)

    def _conditions(self) -> tuple[tuple[Condition, ...], dict[str, Value]]:
        values: dict[str, Value] = {}
        made: list[Condition] = []
        for number, where in enumerate(self.wheres):
            mark = f"v{number}"
            field = self.field(where.path)
            expr, values[mark] = asked(where, field, expression(where.path), mark)
            made.append(
                Condition(expr=expr, bool_operator="OR" if self.any_of else "AND")
            )
            self._fits(made[-1], mark, values[mark])
        if made:  # the operator of the last one joins nothing
            made[-1] = replace(made[-1], bool_operator="AND")
        return tuple(made), values

    def _fits(self, condition: Condition, mark: str, value: Value) -> None:
        """Raise InvalidValue for a value that does not fit, without a caret.

        The caret would stand under a placeholder that nobody has seen.
        """
        probe = QueryDef(schema=self.schema.id, where=(condition,))
        try:
            bind(probe, {mark: value}, lookup=self._lookup)
        except InvalidValue as exc:
            exc.message = exc.message.replace(f"':{mark}'", "The value")
            exc.source = exc.span = None
            raise

    def _resolve(self, path: str) -> Resolved:
        return resolve(self.schema, Path(tuple(path.split("/"))), self._lookup)


def expression(path: str) -> str:
    """Return a path as expressions write it: ``@email``, ``[folder/@label]``."""
    return to_source(Path(tuple(path.split("/"))))


def _bare(path: str) -> str:
    return path.strip().removeprefix("[").removesuffix("]")
