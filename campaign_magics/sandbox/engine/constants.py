"""Constants of an expression, read as the type they meet (protocol.md §5.2)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ...xtk.types import BOOLEAN, DATE, DATETIME, DOUBLE, LONG, TYPES, Kind
from .causes import bad_operand
from .terms import Env, Term, constant

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")


def text_of(value: Any) -> str:
    """Return a constant as a string, the way ``ToString`` writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (float, Decimal)):
        return f"{float(value):.15g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def constant_number(env: Env, term: Term) -> Term:
    """Read a quoted number; '' is 0."""
    text = str(term.constant or "").strip()
    if not text:
        return constant(env, 0, LONG)
    if _INTEGER.fullmatch(text):
        return constant(env, int(text), LONG)
    if text.lower() in {"true", "false"}:
        return constant(env, int(text.lower() == "true"), BOOLEAN)
    try:
        number = float(Decimal(text))
    except (InvalidOperation, OverflowError, ValueError):
        number = float("nan")
    if number - number != 0:  # nan and infinity, the values that differ from themselves
        raise bad_operand(f"'{text[:80]}' is not a number.")
    return constant(env, number, DOUBLE)


def constant_time(env: Env, term: Term, kind: Kind) -> Term:
    """Read a constant as a date or an instant; a day begins in the server's zone."""
    value = term.constant
    if isinstance(value, str):
        value = _read_time(value)
    if value is not None and not isinstance(value, date):
        raise bad_operand(f"'{str(value)[:80]}' is not a date.")
    if value is None:
        return constant(env, None, DATE if kind is Kind.DATE else DATETIME)
    try:
        return _time(env, value, kind)
    except OverflowError:
        raise bad_operand(f"'{value}' is out of range.") from None


def _time(env: Env, value: date, kind: Kind) -> Term:
    if kind is Kind.DATE:
        if isinstance(value, datetime):
            zoned = value.astimezone(env.zone) if value.tzinfo else value
            value = zoned.date()
        return constant(env, value, DATE)
    if not isinstance(value, datetime):
        value = datetime.combine(value, clock_time())
    if kind is Kind.LOCAL_DATETIME:
        return constant(env, value.replace(tzinfo=None), TYPES["datetimenotz"])
    if value.tzinfo is None:
        value = value.replace(tzinfo=env.zone)
    return constant(env, value.astimezone(UTC), DATETIME)


def _read_time(text: str) -> date | None:
    """Read ``2020-07-05``, ``2020/07/05`` and instants with or without a zone."""
    clean = text.strip().replace("/", "-")
    if not clean:
        return None
    try:
        if len(clean) <= 10:
            return datetime.strptime(clean, "%Y-%m-%d").date()  # noqa: DTZ007
        return datetime.fromisoformat(clean)
    except ValueError:
        raise bad_operand(f"'{text[:80]}' is not a date.") from None
