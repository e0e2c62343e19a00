"""What rooms of records have in common: lists, looks, and the names met there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..clock import SYSTEM_CLOCK, Clock
from ..session import Connection
from .records import Columns, Kind, Row, find, query_of, states_of

if TYPE_CHECKING:
    import pandas as pd

_T = TypeVar("_T")


class Room(ABC, Generic[_T]):
    """Records of a kind that has states and templates, each shown as a ``_T``.

    ``met`` are the internal names seen so far.
    """

    _kind: ClassVar[Kind]
    _listed: ClassVar[Columns]
    _thing: ClassVar[type[Any]]

    def __init__(self, connection: Connection, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._connection = connection
        self._clock = clock
        self.met: set[str] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} of {self._connection.profile.name}>"

    def list(
        self,
        state: str | None = None,
        *,
        templates: bool = False,
        limit: int | None = 200,
    ) -> pd.DataFrame:
        """Return all, or those in one state; ``templates`` for those instead.

        Columns have the names and meanings of a ``_T``'s attributes: texts are string,
        counts Int64, flags boolean, states and channels categories of their names,
        times datetime64[us, UTC].
        """
        schema = self._kind.schema
        where = [f"@isModel = {int(templates)}"]
        if state is not None:
            (state,) = states_of(self._connection, schema, "@state", (state,))
            where.append("@state = :state")
        query = query_of(self._connection.schemas[schema], self._listed, where)
        found = self._connection.query(query, {"state": state}, limit=limit)
        self.met.update(found["name"].dropna())
        return found

    def status(self, which: int | str | _T) -> _T:
        """Return one as it is now."""
        row = self._find(which)
        self.met.add(str(row["name"]))
        return self._seen(row)

    def _find(self, which: int | str | _T) -> Row:
        """Return what an id, a name or an object stands for, as it is now."""
        plain = which.id if isinstance(which, self._thing) else which
        return find(self._connection, self._kind, plain)

    @abstractmethod
    def _seen(self, row: Row) -> _T:
        """Return a row as what this room shows."""
