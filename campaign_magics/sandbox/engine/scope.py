"""What a path means: tables, joins and columns of one SELECT (protocol.md §5.2).

A link is a LEFT JOIN, shared by every path that crosses it; a collection is one too,
and multiplies rows as Adobe's documentation warns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlglot import exp
from sqlglot.tokens import Tokenizer

from ...query.model import Condition, QueryDef
from ...schemas.model import Collection, Field, Link, Schema
from ...xtk.ast import Path
from .causes import Refused, bad_path, unknown_step
from .terms import TEXTS, Env, Sql, Term
from .world import World

FROM: Final = "from_"
"""sqlglot's name for the argument of a SELECT that holds FROM."""
Aggregation = Literal["inline", "correlated"]
Clause = Literal["select", "where", "groupBy", "having", "orderBy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table of a SELECT, under its alias; ``optional`` rows may be missing."""

    schema: Schema
    alias: str
    optional: bool = False

    def column(self, name: str) -> Sql:
        """Return a column of the table."""
        return exp.Column(
            this=exp.to_identifier(name, quoted=_odd(name)),
            table=exp.to_identifier(self.alias),
        )

    def table(self) -> Sql:
        """Return the table itself, for FROM and JOIN."""
        name = str(self.schema.table)
        return exp.Table(
            this=exp.to_identifier(name, quoted=_odd(name)),
            alias=exp.TableAlias(this=exp.to_identifier(self.alias)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a path leads: the table it ended in, and what is there."""

    source: Source
    end: Field | Link | Collection | None
    within: Collection | None = None


@dataclass(slots=True, kw_only=True)
class Build:
    """What all scopes of one statement share.

    ``holds`` computes an ``enabledIf``; ``conditions`` makes one condition of many,
    relative to a table.
    """

    world: World
    env: Env
    query: QueryDef
    holds: Callable[[str], bool]
    conditions: Callable[[Scope, Sequence[Condition], Source], Sql | None]
    sources: list[Source] = field(default_factory=list)
    computing: list[tuple[str, str]] = field(default_factory=list)
    depth: int = 0

    def source(self, schema: Schema, *, optional: bool = False) -> Source:
        """Return a new source, with the alias Campaign would give it (R0, F1…)."""
        if not schema.table:
            raise Refused(f"Schema '{schema.id}' has no table to query.")
        letter = schema.name[:1].upper()
        alias = f"{letter if letter.isascii() and letter.isalpha() else 'T'}"
        alias = f"{alias}{len(self.sources)}"
        source = Source(schema=schema, alias=alias, optional=optional)
        self.sources.append(source)
        return source


@dataclass(slots=True, kw_only=True)
class Scope:
    """One SELECT: its first table, the tables its paths joined, its outer SELECT."""

    build: Build
    root: Source
    parent: Scope | None = None
    outer: Source | None = None
    aggregation: Aggregation = "correlated"
    clause: Clause = "select"
    joined: dict[tuple[str, ...], Source] = field(default_factory=dict)
    joins: list[exp.Join] = field(default_factory=list)

    @property
    def env(self) -> Env:
        """The statement's dialect, time and values."""
        return self.build.env

    def inner(self, schema_id: str, outer: Source) -> Scope:
        """Return the scope of a sub-query, which sees a table of this one as ``..``."""
        root = self.build.source(self.build.world.schema(schema_id))
        return Scope(build=self.build, root=root, parent=self, outer=outer)

    def find(self, path: Path, source: Source) -> Found:
        """Follow a path, joining the links it crosses; ``..`` is the outer query."""
        if path.join is not None:
            return self._walk(path.steps, self._ad_hoc(*path.join))
        if path.absolute:
            return self._walk(_folded(path.steps), source)
        steps = _folded(path.steps)
        if steps[:1] != ("..",):
            return self._walk(steps, source)
        if self.parent is None or self.outer is None or source is not self.root:
            raise bad_path(f"Path '{path.text}' climbs above the query.")
        return self.parent.find(Path(steps[1:]), self.outer)

    def _walk(self, steps: tuple[str, ...], source: Source) -> Found:
        while True:
            schema = source.schema
            text = "/".join(steps)
            if not steps:
                return Found(source=source, end=None)
            end = (
                schema.field_by_path.get(text)
                or schema.link_by_path.get(text)
                or schema.collection_by_path.get(text)
            )
            if end is not None:
                return Found(source=source, end=end)
            link, rest = first_link(schema, steps)
            if link is None:
                return self._inside_collection(steps, source)
            source, steps = self.follow(link, source), rest

    def _inside_collection(self, steps: tuple[str, ...], source: Source) -> Found:
        for size in range(len(steps) - 1, 0, -1):
            within = source.schema.collection_by_path.get("/".join(steps[:size]))
            if within is None:
                continue
            rest = "/".join(steps[size:])
            for one in within.fields:
                if one.path == rest:
                    return Found(source=source, end=one, within=within)
        raise _unknown(steps, source.schema)

    def follow(self, link: Link, source: Source) -> Source:
        """Return the table at the other end of a link, joined once."""
        key = (source.alias, link.path)
        if key not in self.joined:
            schema = self.build.world.schema(link.target)
            target = self.build.source(schema, optional=True)
            self.joined[key] = target
            on = self.join_condition(link, source, target)
            self.joins.append(exp.Join(this=target.table(), side="LEFT", on=on))
        return self.joined[key]

    def join_condition(self, link: Link, source: Source, target: Source) -> Sql:
        """Return the condition that ties a link's two tables."""
        pairs = [
            exp.EQ(
                this=self.stored(source, j.source),
                expression=self.stored(target, j.target),
            )
            for j in link.joins
        ]
        if not pairs:
            raise Refused(f"Link '{link.path}' of '{source.schema.id}' has no join.")
        condition: Sql = pairs[0]
        for pair in pairs[1:]:
            condition = exp.And(this=condition, expression=pair)
        return condition

    def stored(self, source: Source, path: str) -> Sql:
        """Return the column of a path that a join or a key names."""
        return self.stored_term(source, path).sql

    def stored_term(self, source: Source, path: str) -> Term:
        """Return the term of a path that a join or a key names."""
        found = source.schema.field_by_path.get(path)
        if found is None or found.sql_name is None:
            raise unknown_step(path, source.schema)
        return column_term(source, found)

    def select(self, columns: Sequence[Sql], tests: Sequence[Sql]) -> exp.Select:
        """Return the SELECT; call it when every path has joined its tables."""
        select = exp.Select(expressions=list(columns))
        select.set(FROM, exp.From(this=self.root.table()))
        if self.joins:
            select.set("joins", list(self.joins))
        if tests:
            test = tests[0]
            for other in tests[1:]:
                test = exp.And(this=_either(test), expression=_either(other))
            select.set("where", exp.Where(this=test))
        return select

    def _ad_hoc(self, schema_id: str, alias: str) -> Source:
        """Join ``[schema:alias:xpath]``: every row, for a condition to narrow."""
        key = ("", schema_id, alias)
        if key not in self.joined:
            target = self.build.source(self.build.world.schema(schema_id))
            self.joined[key] = target
            self.joins.append(exp.Join(this=target.table(), kind="CROSS"))
        return self.joined[key]


def first_link(
    schema: Schema, steps: tuple[str, ...]
) -> tuple[Link | None, tuple[str, ...]]:
    """Return the link that a path starts with, and the rest of the path."""
    for size in range(len(steps) - 1, 0, -1):
        link = schema.link_by_path.get("/".join(steps[:size]))
        if link is not None:
            return link, steps[size:]
    return None, steps


def column_term(source: Source, found: Field) -> Term:
    """Return a stored field as a term; a text key is never empty."""
    key = source.schema.internal_key
    is_key = key is not None and key.paths == (found.path,) and not source.optional
    return Term(
        sql=source.column(str(found.sql_name)),
        type=found.type,
        nullable=not is_key,
        filled=is_key and found.type.kind in TEXTS,
    )


def _folded(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Resolve ``a/../b``; what climbs above the start stays."""
    folded: list[str] = []
    for step in steps:
        if step == ".." and folded and folded[-1] != "..":
            folded.pop()
        elif step != ".":
            folded.append(step)
    return tuple(folded)


def _unknown(steps: tuple[str, ...], schema: Schema) -> Exception:
    """Blame the first step that no path of the schema has at that place."""
    known: list[str] = [*schema.field_by_path, *schema.link_by_path]
    known += [*schema.collection_by_path]
    prefix = ""
    for step in steps:
        prefix = f"{prefix}{step}"
        if not any(path == prefix or path.startswith(f"{prefix}/") for path in known):
            return unknown_step(step, schema)
        prefix += "/"
    return bad_path(f"Path '{'/'.join(steps)}' is not a value of '{schema.id}'.")


def _odd(name: str) -> bool:
    """Tell whether a name from a schema must be quoted in SQL."""
    plain = name.isidentifier() and name.isascii()
    return not plain or name.upper() in Tokenizer.KEYWORDS


def _either(sql: Sql) -> Sql:
    return exp.Paren(this=sql) if isinstance(sql, exp.Or) else sql
