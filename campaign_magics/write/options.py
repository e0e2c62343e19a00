"""What users say about a write besides its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Final

from ..errors import InvalidOption
from .batches import BATCH_ROWS
from .columns import list_of
from .rows import Nulls

SAMPLE: Final = 1_000
"""Rows that a preview compares with what is stored, unless told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user said about a write besides the rows: see ``Session.write``."""

    key: str | Sequence[str] | None = None
    operation: str = "insertOrUpdate"
    links: Mapping[str, str] | None = None
    nulls: Nulls = "skip"
    ingest: bool | None = None
    batch_rows: int = BATCH_ROWS
    sample: int | None = SAMPLE

    def check(self) -> None:
        """Raise InvalidOption for what is of another kind than it must be."""
        sample = 0 if self.sample is None else self.sample
        _check_number("batch_rows", self.batch_rows, 1)
        _check_number("sample", sample, 0)
        if self.key is not None and not _are_names(self.key):
            raise InvalidOption(
                f"key={self.key!r} names no columns.", hint='write key="@email"'
            )
        links: Any = self.links
        if links is not None and not isinstance(links, Mapping):
            raise InvalidOption(
                f"links={links!r} is no dict.",
                hint='write links={"company": "update"}',
            )


def _check_number(name: str, number: Any, least: int) -> None:
    is_whole = isinstance(number, Integral) and not isinstance(number, bool)
    if not is_whole or number < least:
        raise InvalidOption(
            f"{name}={number!r} makes no sense.", hint="give a number of rows"
        )


def _are_names(names: Any) -> bool:
    if not isinstance(names, str | list | tuple):
        return False
    return all(isinstance(name, str) for name in names) and bool(list_of(names))
