"""Rows that cannot be sent, and why: one line for each cause."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

NAMED: Final = 3
"""How many other rows a problem names."""

Mask = np.ndarray[Any, np.dtype[np.bool_]]
"""A truth for each row."""


class Problems:
    """Collects causes by row, counted from 0 in the data."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str, object, str]] = []

    def add(self, row: int, column: str, value: object, reason: str) -> None:
        """Note why a row cannot be sent."""
        self._found.append((row, column, value, reason))

    def good(self, total: int) -> Mask:
        """Return which of all rows have no problem."""
        mask = np.ones(total, dtype=np.bool_)
        mask[[row for row, *_ in self._found]] = False
        return mask

    def frame(self, index: pd.Index[Any]) -> pd.DataFrame:
        """Return the causes in the order of the rows, each with its row's label."""
        found = sorted(self._found, key=lambda problem: problem[0])
        columns = list(zip(*found, strict=True)) or [(), (), (), ()]
        rows, names, values, reasons = columns
        labels = index.take(np.array(rows, dtype=np.intp))
        return pd.DataFrame(
            {
                "index": pd.Series(labels.to_list(), dtype=object),
                "column": pd.Series(names, dtype="string"),
                "value": pd.Series(values, dtype=object),
                "reason": pd.Series(reasons, dtype="string"),
            }
        )


def named(labels: Sequence[Hashable], count: int) -> str:
    """Return the first of ``count`` labels as text: ``4, 17, 20 and 2 more``."""
    shown = labels[:NAMED]
    more = count - len(shown)
    text = ", ".join(map(str, shown))
    return f"{text} and {more} more" if more > 0 else text
