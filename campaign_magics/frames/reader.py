"""ExecuteQuery answer → Arrow table: the fast path when it is safe, else lxml."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ..xtk.columns import Column
from ..xtk.types import INT64
from .envelope import open_envelope
from .fast import read_fast
from .guards import Declined
from .tree import read_tree

_COUNT = Column(name="count", steps=("@count",), type=INT64)


def decode(answer: bytes, columns: Sequence[Column], *, element: str) -> pa.Table:
    """Return the rows of an answer as a table with the columns' types.

    ``answer`` is the whole SOAP envelope; ``element`` is the name of a row, empty if
    unknown.  Column types are those of ``arrow_schema``: enumerations are dictionaries
    of stored values (``to_arrow`` names them), collections lists of structs, absent
    and empty texts null, moments without a zone UTC.  A select without rows, and a
    getIfExists that found none, give an empty table.

    Raises BadAnswer for a fault, a document that is cut short, malformed or no query
    answer, and for a value that does not fit its type (column, row and text are in
    the message and in ``facts``).  Shapes: protocol.md §5.3.
    """
    envelope = open_envelope(answer, element=element)
    try:
        return read_fast(envelope, columns)
    except Declined:
        return read_tree(envelope, columns)


def decode_lxml(answer: bytes, columns: Sequence[Column], *, element: str) -> pa.Table:
    """Do what ``decode`` does, always through lxml: the judge of the fast path."""
    return read_tree(open_envelope(answer, element=element), columns)


def row_count(answer: bytes, *, element: str = "") -> int:
    """Return the number in the answer of a count query (protocol.md §5.3)."""
    counted = decode_lxml(answer, [_COUNT], element=element)["count"].to_pylist()
    return int(counted[0] or 0) if counted else 0
