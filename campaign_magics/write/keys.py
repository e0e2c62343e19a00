"""By which columns a record is found (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..schemas.model import Key, Schema
from .columns import bracketed


def choose_key(
    schema: Schema,
    given: Mapping[str, tuple[str, ...]],
    implied: frozenset[str] = frozenset(),
) -> tuple[str, ...] | None:
    """Return the columns of the internal key, else of the first key that is given.

    ``given`` are the columns that give a path; ``implied`` are paths that the record
    around this one gives.  None when no key has all its parts.
    """
    for key in _ordered(schema):
        parts = [path for path in key.paths if path not in implied]
        if parts and all(path in given for path in parts):
            return tuple(dict.fromkeys(one for path in parts for one in given[path]))
    return None


def may_be_empty(schema: Schema, paths: tuple[str, ...]) -> bool:
    """Tell whether some parts of the key of these paths may be empty."""
    return any(key.paths == paths and key.allow_empty_part for key in schema.keys)


def candidates(schema: Schema, columns: Iterable[str]) -> str:
    """Return a hint that lists what may be given as a key."""
    own = [", ".join(map(bracketed, key.paths)) for key in _ordered(schema)]
    given = next((path for path in columns if path.startswith("@")), None)
    hint = f"add the columns of a key ({' or '.join(own)})" if own else ""
    named = f"name one with key={bracketed(given)!r}" if given else ""
    return ", or ".join(filter(None, [hint, named]))


def _ordered(schema: Schema) -> list[Key]:
    internal = schema.internal_key
    others = [key for key in schema.keys if key is not internal]
    return [internal, *others] if internal is not None else others
