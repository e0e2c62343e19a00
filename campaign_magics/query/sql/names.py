"""Names in SQL → paths of the schema.

``email`` is ``@email`` where there is such an attribute, else an element or a link;
``folder.label`` follows the link; ``r.email`` starts from the table named ``r``.  In a
sub-query a name that its own schema lacks is looked for in the outer one, where it is
``[../@id]``; this is SQL's rule.  Square brackets may hold a whole path, and ``@``
always means an attribute.

A table without an alias goes by its own name, and an inner name hides an outer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import CampaignError, Span, UnknownName
from ...schemas.model import Schema
from ...schemas.resolve import Resolved, resolve
from ...xtk.ast import Path
from ..scope import Scope

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What FROM names: a schema, or a collection of the outer table.

    Without an alias the table goes by its own name.
    """

    scope: Scope
    alias: str
    outer: Table | None = None

    @property
    def schema(self) -> Schema:
        """The schema that bare names start from."""
        return self.scope.schema

    def path(self, parts: Sequence[str], span: Span) -> Path:
        """Return the path that a dotted name means.

        Raises UnknownName with the name's span and a suggestion.
        """
        steps = steps_of(parts)
        if steps[0] in ("..", ".", ""):
            return Path(steps, span=span)
        error: UnknownName | None = None
        for depth, table in self._tables():
            named = _starts(parts, table)
            try:
                return _path(depth, table._steps(steps[named:], span), span)
            except UnknownName as exc:
                error = exc if error is None or named else error
                if named:
                    break
        raise error or UnknownName("A name is empty.", span=span)

    def has(self, name: str) -> bool:
        """Tell whether a name is a field, a link or a collection of this table."""
        try:
            self._steps(steps_of([name]), (0, 0))
        except CampaignError:
            return False
        return True

    def stored(self, parts: Sequence[str], span: Span) -> list[Path]:
        """Return the paths that ``*`` or ``folder.*`` stands for: the stored fields."""
        steps = steps_of(parts) if parts else ()
        if parts and _starts([*parts, "*"], self):
            steps = steps[1:]
        schema = self.schema
        if steps:
            found = resolve(schema, Path(steps, span=span), self.scope.lookup)
            if found.link is None or found.link.unbound:
                raise UnknownName(
                    f"'{'/'.join(steps)}' is not a link to one record.",
                    hint="write the fields by name, or * for those of the table",
                    span=span,
                )
            schema = self.scope.lookup(found.link.target)
        return [
            Path((*steps, *field.path.split("/")), span=span)
            for field in schema.fields
            if field.expr is None
        ]

    def _tables(self) -> Iterator[tuple[int, Table]]:
        table: Table | None = self
        depth = 0
        while table is not None:
            yield depth, table
            table, depth = table.outer, depth + 1

    def _steps(self, steps: Steps, span: Span) -> Steps:
        """Return the steps as the schema has them: an attribute gets its ``@``."""
        last = steps[-1]
        attribute = (*steps[:-1], last if last.startswith("@") else f"@{last}")
        try:
            self._resolve(attribute, span)
        except UnknownName:
            if attribute == steps:
                raise
            try:
                self._resolve(steps, span)
            except UnknownName:
                pass
            else:
                return steps
            raise
        return attribute

    def _resolve(self, steps: Steps, span: Span) -> Resolved:
        return resolve(self.schema, Path(steps, span=span), self.scope.lookup)


def steps_of(parts: Sequence[str]) -> Steps:
    """Split a dotted name, whose parts may be paths, into steps."""
    return tuple(step for part in parts for step in part.split("/"))


def _starts(parts: Sequence[str], table: Table) -> bool:
    """Tell whether a name starts with the table's: only a dotted one can."""
    return len(parts) > 1 and parts[0].casefold() == table.alias.casefold()


def _path(depth: int, steps: Steps, span: Span) -> Path:
    return Path((*(("..",) * depth), *steps), span=span)
