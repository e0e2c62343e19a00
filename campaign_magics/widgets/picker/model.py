"""What was picked, without a widget: schema, fields, conditions, order, limit."""

from __future__ import annotations

import json
from collections.abc import Sequence
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

    def ask(
        self,
        path: str,
        operator: str | None = None,
        value: Value = None,
        *,
        none: bool = False,
    ) -> None:
        """Add a condition; without an operator, the most usual one of the field.

        Operators are names or SQL's signs, as `conditions.named` reads them; ``none``
        is as in `Where`.  Raises UnknownName, and InvalidOption also for ``none`` of
        what a record has only one of.
        """
        path = _bare(path)
        field = self.field(path)
        if none and not self.crosses_many(path):
            raise InvalidOption(
                f"'{path}' has one value in each record.",
                hint="ask for none behind a link to many, or take 'is not'",
            )
        name = operators(field)[0].name
        if operator is not None:
            name, value = named(field, operator, value)
        self.wheres.append(Where(path=path, operator=name, value=value, none=none))

    def change(self, at: int, *, operator: str, value: Value, none: bool) -> None:
        """Give a condition another operator or value, or ask for none that fits."""
        where = self.wheres[at]
        self.wheres[at] = replace(where, operator=operator, value=value, none=none)

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

    def crosses_many(self, path: str) -> bool:
        """Tell whether a 1-N link leads to a path."""
        return any(hop.link.unbound for hop in self._resolve(path).hops)

    @property
    def repeats(self) -> list[str]:
        """The 1-N links that lead to the columns: each item is a row of its own."""
        found: list[str] = []
        for path in self.chosen:
            for hop in self._resolve(path).hops:
                if hop.link.unbound and hop.link.path not in found:
                    found.append(hop.link.path)
        return found

    def query(self, limit: int | None = None) -> QueryDef:
        """Return the query; ``limit`` replaces the one that was picked.

        Raises InvalidOption without a schema, QuerySyntaxError without a field,
        InvalidValue for a condition whose value is missing or does not fit.
        """
        order = (replace(o, expr=expression(o.expr)) for o in self.order)
        lines = self.limit if limit is None else limit
        return replace(
            self._asked(self.chosen), order_by=tuple(order), line_count=lines
        )

    @property
    def records(self) -> QueryDef:
        """The query that finds each record once, to count them.

        Conditions behind a 1-N link ask for some item here, even where columns show
        the items.  Raises as ``query`` does.
        """
        once = [path for path in self.chosen if not self.crosses_many(path)]
        return self._asked(once)

    def _asked(self, columns: Sequence[str]) -> QueryDef:
        schema = self.schema
        if not self.chosen:
            raise QuerySyntaxError(
                f"No field of {schema.id} is ticked yet.", hint="tick at least one"
            )
        where, values = self._conditions(columns)
        query = QueryDef(
            schema=schema.id,
            select=tuple(SelectNode(expr=expression(path)) for path in columns),
            where=where,
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

    def _conditions(
        self, columns: Sequence[str]
    ) -> tuple[tuple[Condition, ...], dict[str, Value]]:
        values: dict[str, Value] = {}
        made: list[Condition] = []
        for number, where in enumerate(self.wheres):
            mark = f"v{number}"
            link, path = self._parted(where, columns)
            field = self.field(where.path)
            expr, values[mark] = asked(where, field, expression(path), mark)
            condition = Condition(expr=expr)
            if link:
                condition = _exists(link, condition, where.none)
            self._fits(condition, mark, values[mark])
            made.append(condition)
        return tuple(_any(made) if self.any_of else _all(made)), values

    def _parted(self, where: Where, columns: Sequence[str]) -> tuple[str, str]:
        """Return the 1-N link whose items a condition asks for, and its path there.

        The link is "" where there is none, and where columns show the link's items:
        then the condition says which of them are shown.
        """
        found = self._resolve(where.path)
        steps = [hop.link.path for hop in found.hops]
        for at, hop in enumerate(found.hops, 1):
            link = "/".join(steps[:at])
            shown = any(path.startswith(f"{link}/") for path in columns)
            if hop.link.unbound and (where.none or not shown):
                return link, where.path.removeprefix(f"{link}/")
        return "", where.path

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


def _exists(link: str, condition: Condition, none: bool) -> Condition:
    """Ask for an item of a link; inner paths start from it (protocol.md §5.1)."""
    return Condition(
        expr=expression(link),
        set_operator="NOT EXISTS" if none else "EXISTS",
        conditions=(condition,),
    )


def _all(conditions: list[Condition]) -> list[Condition]:
    """Ask what is asked of one link's items of one and the same item."""
    merged: dict[tuple[str | None, str | int], Condition] = {}
    for number, one in enumerate(conditions):
        key = (one.expr, one.set_operator or number)
        same = merged.get(key)
        inner = (*same.conditions, *one.conditions) if same else one.conditions
        merged[key] = replace(one, conditions=inner)
    return list(merged.values())


def _any(conditions: list[Condition]) -> list[Condition]:
    """Join by OR; the operator of the last one joins nothing."""
    joined = [replace(one, bool_operator="OR") for one in conditions[:-1]]
    return joined + conditions[-1:]


def expression(path: str) -> str:
    """Return a path as expressions write it: ``@email``, ``[folder/@label]``."""
    return to_source(Path(tuple(path.split("/"))))


def _bare(path: str) -> str:
    return path.strip().removeprefix("[").removesuffix("]")
