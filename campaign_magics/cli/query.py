"""``campaign-magics query``: one query, its rows as CSV, JSON lines or Parquet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidOption
from ..front import connect
from ..options import named_value, positive_int

if TYPE_CHECKING:
    from pandas import DataFrame


def run(argv: Sequence[str]) -> int:
    """Run the query; rows go to ``--to`` or standard output, the footer to stderr."""
    options = _parser().parse_args(argv)
    kind = _kind(options.format, options.to)
    query = _text(options.query, options.file)
    given: dict[str, Any] = {} if options.limit is None else {"limit": options.limit}
    if options.all:
        given["limit"] = None
    with connect(options.profile) as session:
        frame = session.query(
            query, dict(options.param), labels=options.labels, **given
        )
        footer = session.footer(frame)
    try:
        _WRITERS[kind](frame, options.to or sys.stdout)
    except OSError as error:
        raise InvalidOption(
            f"The rows cannot be written to {options.to or 'standard output'}: "
            f"{error.strerror}.",
            hint="give another path with --to",
        ) from error
    print(footer, file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campaign-magics query", description=(__doc__ or "").split(": ")[1]
    )
    add = parser.add_argument
    add("query", nargs="?", help="the query; - reads it from standard input")
    add("--file", type=Path, help="read the query from this file")
    add("--profile", help="profile name, URL or sandbox (default: default profile)")
    add(
        "--param",
        type=named_value,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of :NAME in the query",
    )
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument("--limit", type=positive_int, help="rows (default 200)")
    limits.add_argument("--all", action="store_true", help="every row")
    add("--labels", action="store_true", help="enumerations by label, not by name")
    add("--to", type=Path, metavar="PATH", help="write here; its ending is the format")
    add("--format", choices=_WRITERS, help="csv (default), jsonl or parquet")
    return parser


def _text(query: str | None, file: Path | None) -> str:
    if (query is None) == (file is None):
        raise InvalidOption(
            "There must be one query.", hint="give its text, or --file PATH"
        )
    if file is None:
        return sys.stdin.read() if query == "-" else str(query)
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidOption(
            f"The query cannot be read from {file}.", hint="name a text file in UTF-8"
        ) from error


def _kind(given: str | None, to: Path | None) -> str:
    """Return the format: as told, else by the path's ending, else CSV."""
    kind = given or ("csv" if to is None else to.suffix.removeprefix(".").lower())
    if kind not in _WRITERS:
        raise InvalidOption(
            f"'{to}' does not end in a format that is known.",
            hint=f"give --format {', '.join(_WRITERS)}",
        )
    if kind == "parquet" and to is None:
        raise InvalidOption(
            "Parquet is not for a terminal.", hint="give --to rows.parquet"
        )
    return kind


def _csv(frame: DataFrame, to: Any) -> None:
    frame.to_csv(to, index=False)


def _json_lines(frame: DataFrame, to: Any) -> None:
    frame.to_json(
        to, orient="records", lines=True, date_format="iso", force_ascii=False
    )


def _parquet(frame: DataFrame, to: Any) -> None:
    frame.to_parquet(to, index=False)


_WRITERS: dict[str, Callable[[DataFrame, Any], None]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "parquet": _parquet,
}
