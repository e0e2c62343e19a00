"""What a text must be to be sent: length, characters, a value where one is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from ..frames.encode import joined
from ..frames.texts import Misfit
from ..schemas.model import Field
from ..xtk.types import Kind

_FORBIDDEN: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
_SUSPECT: Final = bytes({*range(0x20), 0xEF} - {0x09, 0x0A, 0x0D})
"""Bytes of characters that XML forbids; 0xEF begins U+FFFE and U+FFFF."""
_OTHERS: Final = bytes({*range(256)} - {*_SUSPECT})
_TEXTS: Final = (Kind.STRING, Kind.ELEMENT)


def misfits(texts: pa.Array, field: Field) -> Iterator[Misfit]:
    """Yield the texts of a column that the field cannot take."""
    if field.type.kind not in _TEXTS or field.enum is not None:
        return
    if joined(texts).translate(None, _OTHERS):
        found = pc.match_substring_regex(texts, _FORBIDDEN)
        for row in _rows(found):
            text = texts[row].as_py()
            yield Misfit(row, text, f"It holds {_character(text)}, which XML forbids.")
    if field.length:
        for row in _rows(pc.greater(pc.utf8_length(texts), field.length)):
            text = texts[row].as_py()
            reason = f"It has {len(text)} characters, {field.path} {field.length}."
            yield Misfit(row, text, reason)


def _character(text: str) -> str:
    odd = next(
        c for c in text if c in "\ufffe\uffff" or (c < " " and c not in "\t\n\r")
    )
    return f"the character U+{ord(odd):04X}"


def _rows(mask: pa.Array) -> list[int]:
    """Return the positions at which a mask is true."""
    return [
        int(row) for row in pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    ]


def has_default(field: Field) -> bool:
    """Tell whether the server fills the field of a new record."""
    listed = field.enum.default if field.enum is not None else None
    return bool(field.default or field.sql_default or listed)
