"""What the paths of an expression mean at one place of a query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..errors import CampaignError, UnknownName
from ..schemas.model import Field, Schema
from ..schemas.resolve import Resolved, resolve
from ..xtk.ast import Node, Path
from ..xtk.infer import infer
from ..xtk.parser import parse
from ..xtk.types import XtkType
from ..xtk.walk import paths
from .locate import Source

Lookup = Callable[[str], Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A schema that paths start from, inside an outer one or not.

    ``source`` is what the user wrote, for the caret.
    """

    schema: Schema
    lookup: Lookup
    source: Source = field(default_factory=Source)
    outer: Scope | None = None

    def inner(self, schema: Schema) -> Scope:
        """Return the scope of a sub-query or of a collection's conditions."""
        return replace(self, schema=schema, outer=self)

    def schema_of(self, name: str) -> Schema:
        """Return a schema by its full name; UnknownName points into the source."""
        return find_schema(name, self.lookup, self.source)

    def read(self, expr: str) -> Node:
        """Parse an expression and check that all its paths exist.

        Raises QuerySyntaxError or UnknownName, pointing into the user's text.
        """
        try:
            node = parse(expr)
            for path in paths(node):
                self._check(path, expr)
        except CampaignError as exc:
            raise self.source.point(exc, expr) from exc.__cause__
        return node

    def resolve(self, path: Path) -> Resolved | None:
        """Return what ``path`` leads to; None where only the server can know."""
        if path.join is not None or path.steps[:1] == (".",):
            return None
        if path.steps[:1] == ("..",):
            return self._climb(path)
        return resolve(self.schema, path, self.lookup)

    def field_of(self, node: Node) -> Field | None:
        """Return the field that an operand reads; None for anything computed."""
        found = self.resolve(node) if isinstance(node, Path) else None
        return None if found is None else found.field

    def type_of(self, node: Node) -> XtkType | None:
        """Return the type of an expression's value, None when it is not known."""
        return infer(node, self._path_type)

    def _climb(self, path: Path) -> Resolved | None:
        if self.outer is None:
            return None
        rest = Path(steps=path.steps[1:], span=path.span)
        return self.outer.resolve(rest) if rest.steps else None

    def _path_type(self, path: Path) -> XtkType | None:
        found = self.resolve(path)
        return found.field.type if found is not None and found.field else None

    def _check(self, path: Path, expr: str) -> None:
        try:
            self.resolve(path)
        except UnknownName as exc:
            if exc.source is None:
                exc.source, exc.span = expr, exc.span or path.span
            raise


def find_schema(name: str, lookup: Lookup, source: Source) -> Schema:
    """Return a schema; UnknownName points at its name in the source."""
    try:
        return lookup(name)
    except CampaignError as exc:
        if exc.span is None:
            exc.source, exc.span = name, (0, len(name))
        raise source.point(exc, name) from exc.__cause__
