"""Rows cut into batches, each with the hash that the journal knows it by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from .route import INSERT, Parcel

BATCH_ROWS: Final = 1_000
"""Rows of a call, unless told."""

BATCH_BYTES: Final = 1_000_000
"""Characters of XML in a call; one row may have more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive rows that go out in one call.

    ``digest`` tells them from all others: their documents, operations and route.
    ``prints`` have 8 bytes for each row, its document and operation; they are empty
    where no row is inserted, as anything else can be sent again.
    """

    start: int
    stop: int
    digest: str
    prints: bytes = b""

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start

    @property
    def rows(self) -> range:
        """The rows, counted among those that can be sent."""
        return range(self.start, self.stop)


def cut(parcel: Parcel, most_rows: int) -> Iterator[Batch]:
    """Yield all rows in batches of at most ``most_rows`` and about 1 MB of XML."""
    start = 0
    while start < len(parcel):
        texts = parcel.sent.documents(start, min(start + most_rows, len(parcel)))
        fit = sum(size <= BATCH_BYTES for size in accumulate(map(len, texts)))
        del texts[max(1, fit) :]
        yield _batch(parcel, start, texts)
        start += len(texts)


def part(parcel: Parcel, start: int, stop: int) -> Batch:
    """Return the batch of some rows."""
    return _batch(parcel, start, parcel.sent.documents(start, stop))


def halves(parcel: Parcel, batch: Batch) -> tuple[Batch, Batch]:
    """Return the two parts of a batch of several rows; the first is the smaller one.

    A bisection that always goes on in the half that was not sent costs one call a
    step, so the larger half comes last.
    """
    middle = batch.start + len(batch) // 2
    return part(parcel, batch.start, middle), part(parcel, middle, batch.stop)


def key_marks(keys: Iterable[tuple[str, ...]]) -> bytes:
    """Return 8 bytes for each key: enough to see whether two batches share one."""
    return _hashes(map("\x1f".join, keys))


def _hashes(texts: Iterable[str]) -> bytes:
    found = (hashlib.blake2b(text.encode(), digest_size=8) for text in texts)
    return b"".join(one.digest() for one in found)


def _batch(parcel: Parcel, start: int, texts: list[str]) -> Batch:
    stop = start + len(texts)
    asked = parcel.asked.operations(start, stop)
    said = asked[0] if len(set(asked)) == 1 else ",".join(asked)
    digest = hashlib.sha256(f"{parcel.route.method}\n{parcel.route.target}\n".encode())
    digest.update(f"{said}\n".encode())
    digest.update("".join(texts).encode())
    prints = b""
    if INSERT in asked:
        prints = _hashes(map("\n".join, zip(asked, texts, strict=True)))
    return Batch(start=start, stop=stop, digest=digest.hexdigest(), prints=prints)
