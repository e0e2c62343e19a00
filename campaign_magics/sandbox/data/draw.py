"""Random columns: seeded, a whole column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

DAY: Final = 86_400_000
"""Milliseconds in a day: the seed counts time in milliseconds, as Campaign shows it."""

_HASH: Final = ord("#")
_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


class Draw:
    """Random columns for one purpose.

    The same seed and labels give the same columns, whatever else was drawn.
    """

    def __init__(self, seed: int, *labels: str | int) -> None:
        mixed = [
            label if isinstance(label, int) else crc32(label.encode())
            for label in labels
        ]
        self.random = np.random.default_rng([seed, *mixed])

    def chance(self, probability: float, count: int) -> Bools:
        """Return True with this probability."""
        return self.random.random(count) < probability

    def below(self, limit: int, count: int) -> Ints:
        """Return integers from 0 up to, not including, ``limit``."""
        return self.random.integers(0, max(1, limit), count)

    def weighted(self, weights: Sequence[float] | Floats, count: int) -> Ints:
        """Return indexes, each as often as its weight says."""
        steps = np.cumsum(np.asarray(weights, dtype=np.float64))
        drawn = self.random.random(count) * steps[-1]
        found: Ints = np.searchsorted(steps, drawn, side="right").astype(np.int64)
        return found

    def pick(
        self, words: Sequence[str] | pa.Array, count: int, weights: Sequence[float] = ()
    ) -> pa.Array:
        """Return words, evenly or by weight."""
        pool = words if isinstance(words, pa.Array) else pa.array(words)
        if weights:
            return pool.take(pa.array(self.weighted(weights, count)))
        return pool.take(pa.array(self.below(len(pool), count)))

    def digits(self, patterns: Sequence[str], which: Ints) -> pa.Array:
        """Return ASCII patterns with each ``#`` replaced by a digit.

        ``which`` says for each row which pattern it takes.
        """
        width = max(map(len, patterns))
        padded = "".join(pattern.ljust(width, "\0") for pattern in patterns)
        shapes = np.frombuffer(padded.encode("ascii"), dtype=np.uint8)
        text = shapes.reshape(len(patterns), width)[which]
        holes = text == _HASH
        drawn = self.random.integers(0, 10, int(holes.sum()), dtype=np.uint8)
        text[holes] = drawn + ord("0")
        return _strings(text)

    def uuids(self, count: int) -> pa.Array:
        """Return version 4 UUIDs as text."""
        raw = self.random.integers(0, 256, (count, 16), dtype=np.uint8)
        raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
        raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
        digits = np.empty((count, 32), dtype=np.uint8)
        digits[:, 0::2], digits[:, 1::2] = _HEX[raw >> 4], _HEX[raw & 15]
        text = np.full((count, 36), ord("-"), dtype=np.uint8)
        for start, stop, at in (
            (0, 8, 0),
            (8, 12, 9),
            (12, 16, 14),
            (16, 20, 19),
            (20, 32, 24),
        ):
            text[:, at : at + stop - start] = digits[:, start:stop]
        return _strings(text)

    def moments(self, first: Times, last: Times) -> Times:
        """Return a time between ``first`` and ``last`` for each row."""
        span = (last - first).astype(np.int64)
        drawn = self.random.random(len(span)) * np.maximum(span, 0)
        return later(first, drawn)


def midnight(day: date) -> np.datetime64:
    """Return the day's first millisecond, UTC."""
    return np.datetime64(day.isoformat(), "ms")


def later(start: Times, milliseconds: Floats | Ints) -> Times:
    """Return times moved by whole milliseconds."""
    moved: Times = start + milliseconds.astype(np.int64).astype("timedelta64[ms]")
    return moved


def only(values: pa.Array | npt.NDArray[np.generic], keep: Bools) -> pa.Array:
    """Return the column with null wherever ``keep`` is False."""
    column = values if isinstance(values, pa.Array) else pa.array(values)
    return pc.if_else(pa.array(keep), column, pa.scalar(None, column.type))


def joined(*parts: pa.Array | str) -> pa.Array:
    """Return text columns and fixed texts put together, row by row."""
    return pc.binary_join_element_wise(*parts, "")


def _strings(text: npt.NDArray[np.uint8]) -> pa.Array:
    """Return one string per row of a matrix of ASCII codes; zeros pad the end."""
    fixed = np.ascontiguousarray(text).view(f"S{text.shape[1]}").ravel()
    return pa.array(fixed, pa.binary()).cast(pa.string())
