"""Which field of which record a column means.

Columns are named as a query names its own (``location.city``, ``folder.name``) or by
their path (``@email``, ``location/@city``, ``[folder/@name]``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UnknownName, UserError
from ..schemas.model import Schema
from ..schemas.resolve import Lookup, Resolved, resolve
from ..xtk.ast import Path

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a column's name leads to; ``steps`` have the ``@`` of an attribute."""

    name: str
    steps: Steps
    found: Resolved

    @property
    def path(self) -> str:
        """The path from the written record: ``folder/@name``."""
        return "/".join(self.steps)


def target(name: str, schema: Schema, lookup: Lookup, *, within: Steps = ()) -> Target:
    """Return what a name of a column, a key or a link means, ``within`` a collection.

    Raises UnknownName with a suggestion, pointing into the name.
    """
    steps = _split(name)
    if not steps or not all(steps):
        raise UnknownName(f"{name!r} is no name of a field.", hint=_HINT)
    last = steps[-1]
    steps = (*within, *steps)
    attribute = (*steps[:-1], last if last.startswith("@") else f"@{last}")
    try:
        return _target(name, attribute, schema, lookup)
    except UnknownName as exc:
        if attribute != steps:
            try:
                return _target(name, steps, schema, lookup)
            except UnknownName:
                pass
        exc.source, exc.span = name, (0, len(name))
        raise


def at_path(path: str, schema: Schema, lookup: Lookup) -> Target:
    """Return what a path leads to, ``folder/@name``.  Raises UnknownName."""
    return _target(path, tuple(path.split("/")), schema, lookup)


def link_path(name: str, schema: Schema, lookup: Lookup) -> str:
    """Return the path of a link or a collection.  Raises UnknownName."""
    try:
        return at_path("/".join(_split(name)), schema, lookup).path
    except UnknownName as exc:
        exc.source, exc.span = name, (0, len(name))
        raise


def bracketed(path: str) -> str:
    """Return a path as an expression writes it: ``[folder/@name]``, ``@email``."""
    return f"[{path}]" if any(char in path for char in "-/:") else path


def _split(name: str) -> Steps:
    text = name.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    elif "/" not in text:
        return tuple(text.split("."))
    return tuple(text.split("/"))


def _target(name: str, steps: Steps, schema: Schema, lookup: Lookup) -> Target:
    found = resolve(schema, Path(steps), lookup)
    return Target(name=name, steps=steps, found=found)


def check_writable(one: Target) -> None:
    """Raise UserError when the server would not take a value for this column."""
    field = one.found.field
    if field is None:
        kind = "a link" if one.found.link else "a collection"
        raise UserError(
            f"The column {one.name!r} is {kind}, not a field.",
            hint=f"name a field of it, as in {one.path.replace('/', '.')}.name, or "
            f"drop the column",
        )
    if field.expr is not None:
        raise UserError(
            f"The column {one.name!r} is computed by the server ({field.expr}).",
            hint="drop the column",
        )


def list_of(names: str | Sequence[str]) -> tuple[str, ...]:
    """Split ``"[folder/@name], @email"`` at its commas; a sequence stays as it is."""
    if isinstance(names, str):
        names = names.split(",")
    return tuple(name.strip() for name in names if name.strip())


_HINT = "name columns as a query does: email, location.city, folder.name"
