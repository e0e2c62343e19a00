"""Query answers as tables: SOAP bytes → Arrow → pandas, typed by the schema."""

from .dtypes import arrow_schema
from .present import to_arrow, to_pandas
from .reader import decode, decode_lxml, row_count

__all__ = [
    "arrow_schema",
    "decode",
    "decode_lxml",
    "row_count",
    "to_arrow",
    "to_pandas",
]
