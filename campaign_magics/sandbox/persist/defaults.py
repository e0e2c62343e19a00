"""What the server fills in: defaults, closed lists' defaults, who and when (§6)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ...query.model import QueryDef, SelectNode
from ...schemas.model import Field
from ...xtk import ast
from ...xtk.errors import ExpressionError
from ...xtk.parser import parse
from ...xtk.printer import to_source
from ...xtk.types import BOOLEAN, DATETIME, LONG, STRING, Kind
from ...xtk.xml import parse_xml
from ..auth import Operator
from ..engine import execute
from ..faults import Fault
from .causes import not_saved
from .counters import next_value
from .shape import Shape
from .unit import Unit
from .values import Stored, stored_value

Given = Mapping[str, Stored]
_Maker = Callable[[Given], Stored]

_CREATED_BY: Final = "@createdBy-id"
_MODIFIED_BY: Final = "@modifiedBy-id"
_MODIFIED: Final = "@lastModified"


class Defaults:
    """Fills new records and stamps changed ones, for one call by one operator."""

    def __init__(self, unit: Unit, author: Operator) -> None:
        now = datetime.fromtimestamp(unit.world.clock.now(), UTC)
        self.now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._unit = unit
        self._author = author
        self._makers: dict[str, list[tuple[str, _Maker]]] = {}

    def fill(self, shape: Shape, values: dict[str, Stored]) -> None:
        """Add what a new record's document does not say; every column has a value.

        Raises NotSaved when a default cannot be computed.
        """
        for path, make in self._makers_of(shape):
            if path not in values:
                values[path] = make(values)
        for path, empty in shape.empties.items():
            values.setdefault(path, empty)
        if _CREATED_BY in shape.columns and not values[_CREATED_BY]:
            values[_CREATED_BY] = self._author.id
        self.stamp(shape, values)

    def stamp(self, shape: Shape, values: dict[str, Stored]) -> None:
        """Write down who changed a record and when, whatever its document says."""
        if _MODIFIED in shape.columns:
            values[_MODIFIED] = self._stored(shape, _MODIFIED, self.now)
        if _MODIFIED_BY in shape.columns:
            values[_MODIFIED_BY] = self._author.id

    def _makers_of(self, shape: Shape) -> list[tuple[str, _Maker]]:
        if shape.schema.id not in self._makers:
            fields = [shape.schema.field_by_path[p] for p in shape.columns if p]
            made = [(field.path, self._maker(shape, field)) for field in fields]
            self._makers[shape.schema.id] = [(p, m) for p, m in made if m is not None]
        return self._makers[shape.schema.id]

    def _maker(self, shape: Shape, field: Field) -> _Maker | None:
        text = field.default or field.sql_default
        if not text:
            return self._list_default(shape, field)
        try:
            node = parse(text)
        except ExpressionError:
            node = ast.Literal(text, STRING)
        if isinstance(node, ast.Path) and node.text not in shape.schema.field_by_path:
            node = ast.Literal(text, STRING)  # default="XX" without its quotes
        if isinstance(node, ast.Literal):
            constant = self._stored(shape, field.path, node.value)
            return lambda given: constant
        return lambda given: self._computed(shape, field, node, given)

    def _list_default(self, shape: Shape, field: Field) -> _Maker | None:
        if field.enum is None or not field.enum.default:
            return None
        named = {one.name: one.value for one in field.enum.values}
        if field.enum.default not in named:
            return None
        constant = self._stored(shape, field.path, named[field.enum.default])
        return lambda given: constant

    def _computed(
        self, shape: Shape, field: Field, node: ast.Node, given: Given
    ) -> Stored:
        known = self._known(shape, node, given)
        value = (
            known.value
            if isinstance(known, ast.Literal)
            else self._by_engine(shape, field, known)
        )
        if field.type.kind is Kind.DATE and isinstance(value, datetime):
            value = value.astimezone(ZoneInfo(self._unit.world.timezone)).date()
        return self._stored(shape, field.path, value)

    def _known(self, shape: Shape, node: ast.Node, given: Given) -> ast.Node:
        """Return the expression with everything that only writing knows worked out."""
        match node:
            case ast.Path():
                return ast.Literal(given.get(node.text, "") or "", STRING)
            case ast.Call() if node.name.lower() in DEFAULT_FUNCTIONS:
                args = [self._known(shape, arg, given) for arg in node.args]
                first = args[0] if args else None
                name = first.value if isinstance(first, ast.Literal) else ""
                return DEFAULT_FUNCTIONS[node.name.lower()](self, str(name))
            case ast.Call():
                args = [self._known(shape, arg, given) for arg in node.args]
                return replace(node, args=tuple(args))
            case ast.Binary():
                left = self._known(shape, node.left, given)
                right = self._known(shape, node.right, given)
                return _joined(replace(node, left=left, right=right))
            case ast.Unary() | ast.IsNull() | ast.In():
                return replace(node, operand=self._known(shape, node.operand, given))
        return node

    def _by_engine(self, shape: Shape, field: Field, node: ast.Node) -> str:
        """Have the engine compute what is left of a default, beside any record."""
        query = QueryDef(
            schema="xtk:schema",
            operation="getIfExists",
            select=(SelectNode(expr=to_source(node), alias="@value"),),
        )
        try:
            answer = parse_xml(b"".join(execute(query, self._unit.world)))
        except Fault as exc:
            cause = f"The default of '{field.path}' cannot be computed: {exc.detail}"
            raise not_saved(shape.schema, cause) from None
        return str(answer.get("value") or "")

    def _stored(self, shape: Shape, path: str, value: object) -> Stored:
        field = shape.schema.field_by_path[path]
        return stored_value(shape.schema, field, value, shape.database)

    def _today(self, _: str) -> ast.Literal:
        return ast.Literal(self.now, DATETIME)

    def _counter(self, name: str) -> ast.Literal:
        return ast.Literal(next_value(self._unit, name), LONG)

    def _folder(self, model: str) -> ast.Literal:
        """Return the root folder of a model: the first made."""
        shape = self._unit.shape("xtk:folder")
        row = self._unit.find(shape, ("@model",), (model,))
        return ast.Literal(row.values["@id"] if row else 0, LONG)

    def _right(self, name: str) -> ast.Literal:
        return ast.Literal(self._author.may(name), BOOLEAN)


def _uuid(_: Defaults, __: str) -> ast.Literal:
    return ast.Literal(str(uuid.uuid4()), STRING)


def _package(_: Defaults, name: str) -> ast.Literal:
    return ast.Literal(name in ("xtk:core", "nms:core", "nms:campaign"), BOOLEAN)


def _joined(node: ast.Binary) -> ast.Node:
    """Join two texts at once: ``'DM' + CounterValue('delivery')``."""
    left, right = node.left, node.right
    if (
        node.op == "+"
        and isinstance(left, ast.Literal)
        and isinstance(right, ast.Literal)
    ):
        texts = (str, int)
        if isinstance(left.value, str) and isinstance(right.value, texts):
            return ast.Literal(f"{left.value}{right.value}", STRING)
    return node


DEFAULT_FUNCTIONS: Final[dict[str, Callable[[Defaults, str], ast.Literal]]] = {
    "getdate": Defaults._today,
    "countervalue": Defaults._counter,
    "defaultfolder": Defaults._folder,
    "hasnamedright": Defaults._right,
    "newuuid": _uuid,
    "restkey": _uuid,
    "haspackage": _package,
}
"""Functions that stand in defaults only (protocol.md §11)."""
