"""Conditions as users write them: SQL, XTK or a queryDef's ``<where>``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from ..errors import InvalidOption, QuerySyntaxError, UserError
from ..query.check import Checked
from ..query.from_xml import from_xml
from ..query.model import Condition, QueryDef, SelectNode
from ..query.to_xml import to_xml
from ..session import Connection
from ..xtk.parser import parse
from ..xtk.walk import paths
from ..xtk.xml import XmlError, local_name, parse_xml
from .columns import bracketed


def select_where(
    connection: Connection,
    schema: str,
    where: str,
    params: Mapping[str, Any] | None,
) -> Checked:
    """Return the checked query for the keys of what a condition selects."""
    if not isinstance(where, str):
        raise InvalidOption(
            f"A condition is a text, not a {type(where).__name__}.",
            hint="say which records: '@status = 0'",
        )
    if not where.strip():
        raise InvalidOption(
            "The condition is empty; it would mean every record.",
            hint="say which records: '@status = 0', or '1 = 1' if all are meant",
        )
    found = connection.schemas[schema]
    key = found.internal_key
    if key is None:
        raise InvalidOption(
            f"{schema} has no key to find records by.", hint="choose another schema"
        )
    conditions = _conditions(connection, schema, where, params)
    select = tuple(SelectNode(expr=bracketed(path)) for path in key.paths)
    return connection.check(QueryDef(schema=schema, select=select, where=conditions))


def _conditions(
    connection: Connection, schema: str, where: str, params: Mapping[str, Any] | None
) -> tuple[Condition, ...]:
    """Read a condition; anything but a condition in its place is refused."""
    text = where.strip()
    if text.startswith("<"):
        return _from_where(connection, schema, text, params)
    # Read as a query and checked: what is not a condition is refused below.
    sql = f"SELECT CountAll() FROM {schema} WHERE {where}"  # noqa: S608
    try:
        query = connection.check(sql, params).query
    except UserError as exc:
        if isinstance(exc, QuerySyntaxError):
            found = _from_xtk(connection, schema, text, params)
            if found is not None:
                return found
        _point_into(where, exc)
        raise
    more = (query.order_by, query.group_by, query.having, query.line_count)
    if any(more) or query.start_line or query.distinct:
        raise QuerySyntaxError(
            "More than a condition is given.",
            hint="leave out ORDER BY, GROUP BY, HAVING and LIMIT",
            source=where,
            span=(0, len(where)),
        )
    return query.where


def _point_into(where: str, error: UserError) -> None:
    """Have an error show the condition as it was given, not the query around it."""
    source, span = error.source, error.span
    if source is None or span is None or not source.endswith(where):
        return
    before = len(source) - len(where)
    first, last = (max(0, place - before) for place in span)
    error.source, error.span = where, (first, max(first + 1, last))


def _from_xtk(
    connection: Connection, schema: str, text: str, params: Mapping[str, Any] | None
) -> tuple[Condition, ...] | None:
    """Read a condition that only XTK can say (``@created > #2024-01-01#``)."""
    count = SelectNode(expr="CountAll()")
    query = QueryDef(schema=schema, select=(count,), where=(Condition(expr=text),))
    try:
        return connection.check(query, params).query.where
    except QuerySyntaxError:
        return None


def _from_where(
    connection: Connection, schema: str, text: str, params: Mapping[str, Any] | None
) -> tuple[Condition, ...]:
    try:
        element = parse_xml(text)
    except XmlError as exc:
        raise QuerySyntaxError(
            f"The XML cannot be read: {exc}.",
            hint='write <where><condition expr="@status = 0"/></where>',
        ) from exc
    if local_name(element) != "where" or not len(element):
        raise QuerySyntaxError(
            f"<{local_name(element)}> is no condition.",
            hint='write <where><condition expr="@status = 0"/></where>',
        )
    document = etree.Element("queryDef", schema=schema)
    select = etree.SubElement(document, "select")
    etree.SubElement(select, "node", expr="CountAll()")
    document.append(element)
    return connection.check(from_xml(document), params).query.where


def read_paths(conditions: Sequence[Condition]) -> Iterator[str]:
    """Yield the paths that conditions read of the record and what it is linked to."""
    for condition in conditions:
        if condition.set_operator is not None:
            continue  # what is in it reads other records
        if condition.expr:
            for path in paths(parse(condition.expr)):
                yield "/".join(path.steps)
        yield from read_paths(condition.conditions)


def where_text(query: QueryDef) -> str:
    """Return a query's condition as XML."""
    return etree.tostring(where_of(query), encoding="unicode")


def where_of(query: QueryDef) -> etree._Element:
    """Return a query's ``<where>``.  Raises InvalidOption when it has none."""
    where = to_xml(query).find("where")
    if where is None:
        raise InvalidOption("The condition is empty.", hint="say which records")
    return where
