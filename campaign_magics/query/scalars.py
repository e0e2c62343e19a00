"""Values as notebooks hold them: numpy's, pandas', Arrow's, polars' → Python's own."""

from __future__ import annotations

import math
from collections.abc import KeysView
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

_TO_PYTHON = ("tolist", "to_pylist", "to_list", "as_py")
"""Of numpy and pandas; of Arrow's arrays; of polars; of Arrow's scalars."""


def plain(value: Any) -> Any:
    """Unwrap numpy scalars and arrays, pandas timestamps, series and indexes.

    Below a microsecond nothing is kept: XTK has no such digits.
    """
    if isinstance(value, str | int | float | Decimal | date | timedelta):
        to_python = getattr(value, "to_pydatetime", None)
        if to_python is not None and not is_missing(value):
            return to_python(warn=False)
        return value
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("m", "M") and hasattr(value, "astype") and not hasattr(value, "index"):
        value = value.astype(f"{kind}8[us]")  # nanoseconds would become integers
    for name in _TO_PYTHON:
        convert = getattr(value, name, None)
        if convert is not None and not isinstance(value, type):
            return convert()
    return value


def is_list(value: object) -> bool:
    """True for what fills an IN."""
    return isinstance(value, list | tuple | set | frozenset | range | KeysView)


def is_missing(value: object) -> bool:
    """True for None, NaN, pandas' NA and NaT: the ways a frame says "empty"."""
    if value is None:
        return True
    return type(value).__name__ in ("NAType", "NaTType") or (
        isinstance(value, float | Decimal) and math.isnan(value)
    )
