"""The first path: rows straight from bytes to Arrow columns, by xml2arrow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
from xml2arrow import XmlToArrowParser
from xml2arrow.exceptions import Xml2ArrowError

from ..xtk.columns import Column
from ..xtk.types import Kind
from .cast import from_text, seconds_to_duration
from .dtypes import DTYPES, Read, arrow_schema
from .envelope import Envelope
from .guards import Declined, check_characters, count_rows
from .signs import check_signs

Field = tuple[tuple[str, ...], Read]
"""Steps from the row to a text, and what the parser makes of it."""

_STEP = re.compile(r"@?\w[-\w.]*")


def read_fast(envelope: Envelope, columns: Sequence[Column]) -> pa.Table:
    """Return the typed rows of a collection.

    Raises Declined when the second path has to read them, BadAnswer for a value that
    does not fit its type.
    """
    if not envelope.is_collection or envelope.row is None:
        raise Declined("a single row is no work")
    if ":" in envelope.row or not columns or not all(map(_is_flat, columns)):
        raise Declined("the columns are not plain attributes and texts")
    fields = tuple(dict.fromkeys(_field(column) for column in columns))
    expected = count_rows(envelope, _links(fields))
    parser = _parser(envelope.container, envelope.row, fields)
    try:
        batch = parser.parse(envelope.data)["rows"]
    except (Xml2ArrowError, TypeError, ValueError) as error:
        raise Declined(str(error)) from error
    if batch.num_rows != expected:
        raise Declined(f"{batch.num_rows} rows were read of {expected}")
    arrays = dict(zip(fields, batch.columns, strict=True))
    check_signs(envelope.data, _with_zeros(arrays))
    typed = [_typed(arrays[_field(column)], column) for column in columns]
    return pa.Table.from_arrays(typed, schema=arrow_schema(columns))


def _is_flat(column: Column) -> bool:
    return (
        not column.items
        and column.type.kind is not Kind.ELEMENT
        and all(_STEP.fullmatch(step) for step in column.steps)
    )


def _field(column: Column) -> Field:
    read = "Utf8" if column.values else DTYPES[column.type.kind].read
    return column.steps, read


def _links(fields: Sequence[Field]) -> list[str]:
    names = [step for steps, _ in fields for step in steps if step[0] != "@"]
    return list(dict.fromkeys(names))


def _with_zeros(arrays: Mapping[Field, pa.Array]) -> set[str]:
    """Return the last steps of whole numbers among which is a 0."""
    return {
        steps[-1].removeprefix("@")
        for (steps, _), array in arrays.items()
        if pa.types.is_integer(array.type) and pc.any(pc.equal(array, 0)).as_py()
    }


def _typed(array: pa.Array, column: Column) -> pa.Array:
    if array.type == pa.string():
        check_characters(array)
        return from_text(array, column)
    if column.type.kind is Kind.TIMESPAN:
        try:
            return seconds_to_duration(array)
        except pa.ArrowInvalid as error:
            raise Declined(str(error)) from error
    return array


@lru_cache(maxsize=64)
def _parser(
    container: tuple[str, ...], row: str, fields: tuple[Field, ...]
) -> XmlToArrowParser:
    """Build a parser; it takes its settings from a file and may be shared."""
    parent = "/" + "/".join(container)
    settings = {
        "tables": [
            {
                "name": "rows",
                "xml_path": parent,
                "levels": [],
                "fields": [
                    {
                        "name": f"field{number}",
                        "xml_path": "/".join((parent, row, *steps)),
                        "data_type": read,
                        "nullable": True,
                    }
                    for number, (steps, read) in enumerate(fields)
                ],
            }
        ]
    }
    with TemporaryDirectory() as folder:
        path = Path(folder, "fields.yaml")
        path.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML too
        return XmlToArrowParser(path)
