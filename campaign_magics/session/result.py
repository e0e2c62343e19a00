"""Rows that were read, and the shapes they can be handed out in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa

from ..errors import InvalidOption
from ..frames import to_arrow, to_pandas
from ..frames.explode import explode
from ..xtk.columns import Column

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Shape = Literal["pandas", "polars", "arrow"]
SHAPES: Final[tuple[Shape, ...]] = ("pandas", "polars", "arrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How rows are shown: enumerations by ``labels``, collections as rows."""

    labels: bool = False
    explode: bool = False

    def table(
        self, table: pa.Table, columns: tuple[Column, ...]
    ) -> tuple[pa.Table, tuple[Column, ...]]:
        """Return the table with collections taken apart, if they shall be."""
        return explode(table, columns) if self.explode else (table, columns)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What ``Session.read`` returns: rows, and ``facts``, their story.

    ``table`` is as decoded, enumerations as stored values; ``pandas()``, ``arrow()``
    and ``polars()`` name them.
    """

    table: pa.Table = field(repr=False)
    columns: tuple[Column, ...] = field(repr=False)
    facts: dict[str, Any]
    labels: bool = False

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.table.num_rows)

    def pandas(self) -> pd.DataFrame:
        """Return a DataFrame with the facts in ``attrs["campaign"]``."""
        frame = to_pandas(self.table, self.columns, labels=self.labels)
        frame.attrs["campaign"] = dict(self.facts)
        return frame

    def arrow(self) -> pa.Table:
        """Return an Arrow table with the facts, as JSON, in its metadata."""
        table = to_arrow(self.table, self.columns, labels=self.labels)
        return table.replace_schema_metadata({"campaign": json.dumps(self.facts)})

    def polars(self) -> pl.DataFrame:
        """Return a polars DataFrame.  Raises InvalidOption without polars."""
        try:
            import polars
        except ImportError as exc:
            raise InvalidOption(
                "polars is not installed.", hint="pip install polars"
            ) from exc
        table = to_arrow(self.table, self.columns, labels=self.labels)
        frame = polars.from_arrow(table.unify_dictionaries())
        return frame if isinstance(frame, polars.DataFrame) else frame.to_frame()

    def shaped(self, shape: Shape) -> Any:
        """Return the rows as pandas, polars or arrow."""
        return getattr(self, shape)()
