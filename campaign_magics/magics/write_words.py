"""What may stand in a line of ``%campaign_write``, known without a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import CampaignError, UnknownName
from .words import holds_rows

if TYPE_CHECKING:
    from ..schemas.model import Schema


class WriteWords:
    """Offers words after ``before``, the last of which may be an option.

    ``session`` is None without a connection, ``names`` are the notebook's variables,
    ``valued`` the options that a value follows.
    """

    def __init__(
        self,
        before: Sequence[str],
        session: Any,
        names: Mapping[str, Any],
        valued: Iterable[str],
    ) -> None:
        self._last = before[-1] if before else ""
        self._session = session
        self._names = names
        self._valued = frozenset(valued)
        self._places = [
            word
            for left, word in zip(["", *before], before, strict=False)
            if not word.startswith("-") and left not in self._valued
        ]

    def offered(self, fragment: str, *, in_cell: bool) -> list[str]:
        """Return what ``fragment`` may become; in a cell the data is its body."""
        found: Iterable[str] = ()
        if self._last in self._valued:
            found = self._values(fragment)
        elif len(self._places) == (0 if in_cell else 1):
            found = self._schemas()
        elif not self._places:
            found = self._variables()
        return [word for word in found if word.startswith(fragment)]

    def _values(self, fragment: str) -> Iterable[str]:
        """Return what may follow the option before the cursor."""
        from ..write.layout import OPERATIONS

        match self._last:
            case "--key":
                return self._keys(fragment)
            case "--link":
                return self._links(fragment)
            case "--operation":
                return OPERATIONS
            case "--nulls":
                return ("skip", "clear")
        return ()

    def _variables(self) -> list[str]:
        known = self._names.items()
        return sorted(n for n, v in known if not n.startswith("_") and holds_rows(v))

    def _schemas(self) -> list[str]:
        if self._session is None:
            return []
        return [one.id for one in self._session.schemas.cached_summaries()]

    def _schema(self) -> Schema | None:
        named = next((word for word in self._places if ":" in word), None)
        if named is None or self._session is None:
            return None
        found: Schema | None = self._session.schemas.cached(named)
        return found

    def _keys(self, fragment: str) -> Iterator[str]:
        """Yield keys behind those that are there: ``@email,@account``."""
        from ..write.columns import bracketed

        schema = self._schema()
        if schema is None:
            return
        before = fragment[: fragment.rfind(",") + 1]
        fields = (field.path for field in schema.fields if field.expr is None)
        for path in self._columns(schema) or fields:
            yield f"{before}{bracketed(path)}"

    def _columns(self, schema: Schema) -> list[str]:
        """Return what the columns of the data mean: one of them must be the key."""
        from ..write.columns import target

        data = self._names.get(self._places[0])
        paths = []
        for name in getattr(data, "columns", ()):
            with suppress(CampaignError):
                found = target(str(name), schema, self._lookup)
                if found.found.field is not None:
                    paths.append(found.path)
        return paths

    def _lookup(self, name: str) -> Schema:
        known: Schema | None = self._session.schemas.cached(name)
        if known is None:
            raise UnknownName(f"{name} was not read yet.")
        return known

    def _links(self, fragment: str) -> Iterator[str]:
        """Yield links, and behind the ``=`` what may become of their records."""
        from ..write.layout import ITEM_OPERATIONS, LINK_OPERATIONS

        schema = self._schema()
        for link in () if schema is None else schema.links:
            if "=" not in fragment:
                yield f"{link.path}="
                continue
            for operation in ITEM_OPERATIONS if link.unbound else LINK_OPERATIONS:
                yield f"{link.path}={operation}"
