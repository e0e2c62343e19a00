"""``enabledIf``: an expression over the query's own context (protocol.md §5.1)."""

from __future__ import annotations

from dataclasses import replace

from ...xtk import ast
from ...xtk.types import STRING
from .convert import as_predicate
from .dialects import running
from .expressions import Expressions, explained, read
from .scope import Scope
from .terms import Term, Values, constant, template


class _Context(Expressions):
    """Expressions outside any record: paths are context nobody gave, hence empty."""

    def _path(self, node: ast.Path) -> Term:
        return constant(self.env, "", STRING)


def holds(scope: Scope, text: str) -> bool:
    """Compute an ``enabledIf``; the local database does the sums."""
    build = scope.build
    dialect = running("local")
    values = Values(dialect)
    env = replace(build.env, dialect=dialect, values=values)
    context = _Context(replace(scope, build=replace(build, env=env)))
    node = read(text)
    with explained(text):
        test = as_predicate(env, context.term(node))
    asked = template(env, "SELECT CASE WHEN _1 THEN 1 ELSE 0 END", None, test)
    sql, params = values.finish(asked)
    batches = list(build.world.databases.run("local", sql, params))
    return bool(batches[0].column(0)[0].as_py())
