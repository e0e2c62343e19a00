"""Keys that occur more than once, found in little memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def repeated(keys: Sequence[pa.Array]) -> dict[str, list[int]]:
    """Return the rows, counted over all arrays, of each text that occurs again.

    Hashes are compared first: a table of the texts themselves would take more memory
    than the rows.
    """
    hashes = [np.fromiter(map(hash, part.to_pylist()), np.int64) for part in keys]
    together = np.concatenate(hashes) if hashes else np.empty(0, np.int64)
    order = np.argsort(together, kind="stable")
    same = np.diff(together[order]) == 0
    suspects = np.unique(np.concatenate([order[1:][same], order[:-1][same]]))
    if not len(suspects):
        return {}
    texts = pa.chunked_array(keys).take(pa.array(suspects)).to_pylist()
    found: dict[str, list[int]] = {}
    for row, text in zip(suspects.tolist(), texts, strict=True):
        if text is not None:
            found.setdefault(text, []).append(row)
    return {text: rows for text, rows in found.items() if len(rows) > 1}
