"""How real instances' databases say what sqlglot cannot carry over from DuckDB.

For ``BuildQuery`` only: PostgreSQL runs the local database of a real instance,
Snowflake the cloud one.  By DuckDB text: PostgreSQL's, then Snowflake's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_SECONDS: Final = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_AGE: Final = "AGE(CAST(_1 AS TIMESTAMP), CAST(_2 AS TIMESTAMP))"
_MONTHS: Final = f"EXTRACT(YEAR FROM {_AGE}) * 12 + EXTRACT(MONTH FROM {_AGE})"
_SPAN: Final = "EXTRACT(EPOCH FROM CAST(_1 AS TIMESTAMP) - CAST(_2 AS TIMESTAMP))"

Row = tuple[str, tuple[str, str]]

ADDED: Final = "_1 + to_{unit}(CAST(_2 AS {width}))"
COUNTED: Final = "datesub('{unit}', CAST(_2 AS TIMESTAMP), CAST(_1 AS TIMESTAMP))"
STEP: Final = "time_bucket(to_seconds(greatest(1, _2)), _1, TIMESTAMP '1970-01-01')"
WALL: Final = "timezone(_2, timezone('UTC', _1))"
INSTANT: Final = "timezone('UTC', timezone(_2, _1))"
SMART: Final = r"""COALESCE(list_aggregate(list_transform(
    regexp_extract_all(_1, '[\p{L}\p{N}]+|[^\p{L}\p{N}]+'),
    lambda x: upper(x[1]) || lower(x[2:])), 'string_agg', ''), '')"""
LINE: Final = (
    "COALESCE(list_extract(string_split(replace(_1, chr(13), ''), chr(10)), "
    "NULLIF(greatest(_2, 0), 0)), '')"
)
DAY_OF_YEAR: Final = "dayofyear(CAST(_1 AS TIMESTAMP))"
WEEK_DAY: Final = "dayofweek(CAST(_1 AS TIMESTAMP))"
DOMAIN: Final = "regexp_extract(_1, '@(.*)', 1, 's')"
WORDS: Final = "concat_ws(' ', NULLIF(_1, ''), NULLIF(_2, ''))"
BYTES: Final = "strlen(_1)"
NUMBER_TEXT: Final = "printf('%.15g', COALESCE(_1, 0))"
DECIMALS: Final = "printf(_2, CAST(COALESCE(_1, 0) AS DOUBLE))"
MONEY: Final = "rtrim(printf('%.2f', CAST(_1 AS DOUBLE)) || ' ' || _2)"


def added(unit: str) -> str:
    """Return DuckDB's text of a date some units later."""
    width = "BIGINT" if unit in {"hours", "minutes", "seconds"} else "INTEGER"
    return ADDED.format(unit=unit, width=width)


def counted(unit: str) -> str:
    """Return DuckDB's text of the complete units between two times."""
    return COUNTED.format(unit=unit.removesuffix("s"))


def as_day(text: str) -> str:
    """Return the text of a time cut to its day."""
    return f"CAST({text} AS DATE)"


def _additions() -> Iterator[Row]:
    for unit in ("years", "months", *_SECONDS):
        one = unit.removesuffix("s")
        postgres = f"_1 + _2 * INTERVAL '1 {one}'"
        snowflake = f"DATEADD({one}, _2, _1)"
        yield added(unit), (postgres, snowflake)
        yield as_day(added(unit)), (as_day(postgres), as_day(snowflake))


def _differences() -> Iterator[Row]:
    years = f"EXTRACT(YEAR FROM {_AGE})"
    yield counted("years"), (years, "TRUNC(MONTHS_BETWEEN(_1, _2) / 12)")
    yield counted("months"), (_MONTHS, "TRUNC(MONTHS_BETWEEN(_1, _2))")
    for unit, size in _SECONDS.items():
        snowflake = f"TRUNC(DATEDIFF(SECOND, _2, _1) / {size})"
        yield counted(unit), (f"TRUNC({_SPAN} / {size})", snowflake)


def _alike(duckdb: str, both: str) -> Row:
    return duckdb, (both, both)


def _rows() -> Iterator[Row]:
    yield from _additions()
    yield from _differences()
    yield (
        STEP,
        (
            "TO_TIMESTAMP(FLOOR(EXTRACT(EPOCH FROM _1) / _2) * _2)",
            "TO_TIMESTAMP(FLOOR(DATE_PART(EPOCH_SECOND, _1) / _2) * _2)",
        ),
    )
    yield WALL, (WALL, "CONVERT_TIMEZONE('UTC', _2, _1)")
    yield INSTANT, (INSTANT, "CONVERT_TIMEZONE(_2, 'UTC', _1)")
    yield DAY_OF_YEAR, ("EXTRACT(DOY FROM _1)", "DAYOFYEAR(_1)")
    yield WEEK_DAY, ("EXTRACT(DOW FROM _1)", "DAYOFWEEK(_1)")
    yield _alike(SMART, "INITCAP(_1)")
    yield _alike(LINE, "SPLIT_PART(REPLACE(_1, CHR(13), ''), CHR(10), _2)")
    yield _alike(DOMAIN, "SPLIT_PART(_1, '@', 2)")
    yield WORDS, (WORDS, "TRIM(_1 || ' ' || _2)")
    yield _alike(BYTES, "OCTET_LENGTH(_1)")
    yield _alike(NUMBER_TEXT, "CAST(COALESCE(_1, 0) AS VARCHAR)")
    yield (
        DECIMALS,
        (
            "CAST(ROUND(CAST(_1 AS DECIMAL), _3) AS VARCHAR)",
            "CAST(ROUND(_1, _3) AS VARCHAR)",
        ),
    )
    yield (
        MONEY,
        (
            "RTRIM(CAST(ROUND(CAST(_1 AS DECIMAL), 2) AS VARCHAR) || ' ' || _2)",
            "RTRIM(CAST(ROUND(_1, 2) AS VARCHAR) || ' ' || _2)",
        ),
    )


SHOWN: Final[Mapping[str, tuple[str, str]]] = dict(_rows())
