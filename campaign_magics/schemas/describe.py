"""A schema, or a list of schemas, for people: as text and as HTML.

The HTML inherits its colours, so that it fits light and dark themes, carries no
script or style sheet, and escapes every word that comes from a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from .model import Collection, Enumeration, Field, Link, Method, Schema
from .store import SchemaSummary

Row = tuple[str, ...]

_CELL = "text-align:left;padding:0.15em 1em 0.15em 0;vertical-align:top"
_HEAD = f"{_CELL};border-bottom:1px solid currentColor"
_CODE = f"{_CELL};font-family:monospace;font-weight:normal;white-space:nowrap"
_CAPTION = "text-align:left;font-weight:bold;padding:0.5em 0"
_NONE_FOUND = "No schema has that in its name, label or description."
_SHOWN_VALUES = 6
"""Enumeration values named before the list is cut with an ellipsis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What both forms show: the first column names its row."""

    title: str
    head: Row
    rows: Sequence[Row]


def schema_text(schema: Schema) -> str:
    """Return a schema as plain text: a headline, then its parts in columns."""
    lines = [_headline(schema)]
    lines += [text for text in (_words(schema.description), _keys(schema)) if text]
    for table in _tables(schema):
        lines += ["", f"{table.title} ({len(table.rows)})", *_columns(table.rows)]
    return "\n".join(lines)


def schema_html(schema: Schema) -> str:
    """Return a schema as HTML: a headline, then a table for each part."""
    parts = [f"<p><strong>{_html(_headline(schema))}</strong>"]
    parts += [
        f"<br>{_html(text)}"
        for text in (_words(schema.description), _keys(schema))
        if text
    ]
    parts.append("</p>")
    parts += [_table(table) for table in _tables(schema)]
    return f"<div>{''.join(parts)}</div>"


def search_text(found: Sequence[SchemaSummary]) -> str:
    """Return a list of schemas as plain text, one to a line."""
    return "\n".join(_columns(_summary_rows(found))) or _NONE_FOUND


def search_html(found: Sequence[SchemaSummary], *, title: str = "Schemas") -> str:
    """Return a list of schemas as an HTML table, captioned ``title`` and how many."""
    rows = _summary_rows(found)
    if not rows:
        return f"<p>{_NONE_FOUND}</p>"
    return _table(_Table(title=title, head=("Schema", "Label", "About"), rows=rows))


def _headline(schema: Schema) -> str:
    place = "staged, cloud" if schema.staged else schema.database
    table = f" · table {schema.table}" if schema.table else ""
    label = _words(schema.label)
    return f"{schema.id}{f' · {label}' if label else ''} · {place}{table}"


def _keys(schema: Schema) -> str:
    keys = [f"{', '.join(k.paths)}" for k in schema.keys]
    return f"keys: {'; '.join(keys)}" if keys else ""


def _tables(schema: Schema) -> list[_Table]:
    own = {e.name for e in schema.enumerations.values()}
    parts: list[tuple[str, Row, list[Row]]] = [
        (
            "Fields",
            ("Field", "Type", "Label", "About"),
            [_field_row(f, own) for f in schema.fields],
        ),
        (
            "Links",
            ("Link", "To", "Label", "Join"),
            [_link_row(link) for link in schema.links],
        ),
        (
            "Collections stored as XML",
            ("Collection", "Fields", "Label"),
            [_collection_row(c) for c in schema.collections],
        ),
        (
            "Enumerations",
            ("Enumeration", "Type", "Values"),
            [_enumeration_row(e) for e in schema.enumerations.values()],
        ),
        (
            "Methods",
            ("Method", "Kind", "About"),
            [
                _method_row(m)
                for methods in (schema.methods, *schema.interfaces.values())
                for m in methods
                if not m.hidden
            ],
        ),
    ]
    return [_Table(title=t, head=h, rows=rows) for t, h, rows in parts if rows]


def _field_row(field: Field, own: set[str]) -> Row:
    kind = field.type.name
    if field.length is not None:
        kind = f"{kind}({field.length})"
    notes = [
        _enumeration_note(field.enum, own) if field.enum else "",
        f"= {field.expr}" if field.expr else "",
        "required" if field.required else "",
        "stored as XML" if field.xml and not field.expr else "",
        _words(field.description),
    ]
    about = " · ".join(note for note in notes if note)
    return (field.path, kind, _words(field.label), about)


def _enumeration_note(enumeration: Enumeration, own: set[str]) -> str:
    """Name an enumeration that the table below lists; spell out a foreign one."""
    short = enumeration.name.rpartition(":")[2]
    if enumeration.name in own:
        return f"one of {short}"
    return f"one of {_values(enumeration)}"


def _values(enumeration: Enumeration, limit: int | None = _SHOWN_VALUES) -> str:
    shown = [
        value.name if value.name == value.value else f"{value.name} = {value.value}"
        for value in enumeration.values[:limit]
    ]
    cut = limit is not None and len(enumeration.values) > limit
    return ", ".join([*shown, "…"] if cut else shown)


def _link_row(link: Link) -> Row:
    joins = ", ".join(f"{join.source} = {join.target}" for join in link.joins)
    many = "many " if link.unbound else ""
    return (link.path, f"{many}{link.target}", _words(link.label), joins)


def _collection_row(collection: Collection) -> Row:
    fields = ", ".join(field.path for field in collection.fields)
    return (collection.path, fields, _words(collection.label))


def _enumeration_row(enumeration: Enumeration) -> Row:
    name = enumeration.name.rpartition(":")[2]
    return (name, enumeration.basetype.name, _values(enumeration, None))


def _method_row(method: Method) -> Row:
    given = ", ".join(f"{p.name}: {p.type}" for p in method.inputs)
    back = ", ".join(f"{p.name}: {p.type}" for p in method.outputs)
    arrow = f" → {back}" if back else ""
    kind = "static" if method.static else "of an entity"
    return (f"{method.name}({given}){arrow}", kind, _words(method.help))


def _summary_rows(found: Iterable[SchemaSummary]) -> list[Row]:
    return [(s.id, _words(s.label), _words(s.description)) for s in found]


def _words(text: str) -> str:
    """Return a text of a server on one line."""
    return " ".join(text.split())


def _columns(rows: Sequence[Row]) -> list[str]:
    """Line up all columns but the last."""
    if not rows:
        return []
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    return [_line(row, widths) for row in rows]


def _line(row: Row, widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
    return "  ".join(["", *padded, row[-1]]).rstrip()


def _table(table: _Table) -> str:
    caption = _html(f"{table.title} ({len(table.rows)})")
    head = "".join(
        f'<th scope="col" style="{_HEAD}">{_html(cell)}</th>' for cell in table.head
    )
    body = "".join(_row(row) for row in table.rows)
    return (
        f'<table style="border-collapse:collapse"><caption style="{_CAPTION}">'
        f"{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _row(row: Row) -> str:
    first = f'<th scope="row" style="{_CODE}">{_html(row[0])}</th>'
    rest = "".join(f'<td style="{_CELL}">{_html(cell)}</td>' for cell in row[1:])
    return f"<tr>{first}{rest}</tr>"


def _html(text: str) -> str:
    return escape(text, quote=True)
