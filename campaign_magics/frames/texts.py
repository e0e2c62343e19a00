"""Values of a frame → the texts of a document, a column at a time (protocol.md §10).

A whole column is converted by Arrow where it can be; otherwise its distinct values are
read one by one with the rules of ``xtk.text``, so that both ways give the same text.
One value has one text, which two sources of a value can be compared by: ``5``,
``0.0000001``, ``true``, ``2020-07-05``, ``2020-07-05 14:11:31.986Z`` (moments in UTC,
to the millisecond, as servers write them), the stored value of an enumeration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidValue
from ..schemas.model import Enumeration
from ..xtk.names import closest
from ..xtk.text import coerce
from ..xtk.types import Kind, XtkType
from .dtypes import DTYPES, STRING

_FAILED: Final = (pa.ArrowException, ValueError, TypeError, OverflowError)
_FIRST: Final = -62_135_596_800_000
_LAST: Final = 253_402_300_799_999
"""Milliseconds of the years 1 and 9999, which have four digits."""
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that has no text: its row in the column, itself, and why."""

    row: int
    value: object
    reason: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a column; null is no value, ``""`` an empty one."""

    text: pa.Array
    misfits: tuple[Misfit, ...] = ()


Values: TypeAlias = pa.Array | Sequence[object]
"""A column: an Arrow array, or Python objects that Arrow has no type for."""


def to_texts(values: Values, xtype: XtkType, enum: Enumeration | None = None) -> Texts:
    """Return the texts of a column, and the values that have none.

    Null, None, NaN and NaT are no value.  Naive datetimes are UTC; for a
    ``datetimenotz`` the wall-clock digits count.  Values of an enumeration may be given
    by name, stored value or label.  Nothing is rounded but moments, to the millisecond.
    """
    if not isinstance(values, pa.Array):
        return _one_by_one(values, xtype, enum)
    if pa.types.is_null(values.type):
        return Texts(pa.nulls(len(values), STRING))
    if pa.types.is_dictionary(values.type):
        return _spread(to_texts(values.dictionary, xtype, enum), values.indices)
    if enum is None:
        try:
            return Texts(_WHOLE[xtype.kind](_plain_strings(values), xtype))
        except _FAILED:
            pass
    try:
        encoded = values.dictionary_encode()
    except pa.ArrowNotImplementedError:  # lists and structs
        return _one_by_one(values.to_pylist(), xtype, enum)
    known = _one_by_one(_objects(encoded.dictionary), xtype, enum)
    return _spread(known, encoded.indices)


def _plain_strings(values: pa.Array) -> pa.Array:
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        return values.cast(STRING)
    return values


def _spread(known: Texts, codes: pa.Array) -> Texts:
    """Return the texts of a column from those of its distinct values."""
    text = known.text.take(codes)
    if not known.misfits:
        return Texts(text)
    by_code = {misfit.row: misfit for misfit in known.misfits}
    misfits = [
        replace(by_code[code], row=row)
        for row, code in enumerate(codes.to_pylist())
        if code in by_code
    ]
    return Texts(text, tuple(misfits))


def _objects(values: pa.Array) -> list[object]:
    """Return Python values; what Python cannot hold comes as text."""
    try:
        return list(values.to_pylist())
    except _FAILED:
        return [_object(scalar) for scalar in values]


def _object(scalar: pa.Scalar) -> object:
    try:
        value: object = scalar.as_py()
    except _FAILED:
        value = scalar.cast(STRING).as_py()
    return value


def _one_by_one(
    values: Iterable[object], xtype: XtkType, enum: Enumeration | None
) -> Texts:
    texts: list[str | None] = []
    misfits = []
    for row, value in enumerate(values):
        try:
            texts.append(_text(value, xtype, enum))
        except InvalidValue as exc:
            texts.append(None)
            misfits.append(Misfit(row, value, _reason(exc)))
    return Texts(pa.array(texts, STRING), tuple(misfits))


def _text(value: object, xtype: XtkType, enum: Enumeration | None) -> str | None:
    """Return the text of one value.  Raises InvalidValue."""
    if isinstance(value, str) and not value.strip():
        return value if xtype.kind in _TEXTS and enum is None else ""
    if enum is not None:
        return _member(value, xtype, enum)
    if isinstance(value, UUID):
        value = str(value)
    known = coerce(xtype, value)
    if known is None:
        return None
    if isinstance(known, Decimal):
        known = float(known)
    try:
        typed = pa.array([known], DTYPES[xtype.kind].arrow)
        text: str = _WHOLE[xtype.kind](typed, xtype)[0].as_py()
    except _FAILED as exc:
        hint = "The text holds half of a surrogate pair"
        raise InvalidValue(
            f"{_shown(value)} cannot be written.",
            hint=hint if isinstance(exc, UnicodeError) else "",
        ) from exc
    return text


def _member(value: object, xtype: XtkType, enum: Enumeration) -> str | None:
    """Return the stored value that a name, a stored value or a label stands for."""
    if isinstance(value, str):
        given = value.strip()
        for part in ("name", "value", "label"):
            for one in enum.values:
                if getattr(one, part) == given:
                    return one.value
    elif not isinstance(value, bool):
        given = _text(value, enum.basetype, None) or ""
        if not given:
            return None
        if any(one.value == given for one in enum.values):
            return given
    if xtype.kind is Kind.BOOLEAN:
        return _text(value, xtype, None)
    names = [one.name for one in enum.values]
    near = closest(str(value), [*names, *(one.label for one in enum.values)])
    raise InvalidValue(
        f"{_shown(value)} is no value of {enum.name}.",
        hint=f"did you mean {near}?" if near else f"use one of {_listed(names)}",
    )


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = list(names) if len(names) <= most else [*names[:most], "…"]
    return ", ".join(shown)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _reason(error: InvalidValue) -> str:
    hint = error.hint[:1].upper() + error.hint[1:]
    end = "" if not hint or hint[-1] in "?." else "."
    return f"{error.message} {hint}{end}".strip()


def _misfit() -> ValueError:
    """Return the error that sends a column to be read value by value."""
    return ValueError("the column holds a value that does not fit")


def _strings(values: pa.Array, _: XtkType) -> pa.Array:
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_integer(values.type) or pa.types.is_boolean(values.type):
        return values.cast(STRING)
    raise _misfit()


_BITS: Final = {"byte": 8, "short": 16, "int64": 64}


def _integers(values: pa.Array, xtype: XtkType) -> pa.Array:
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    number = pc.cast(_no_nan(values), pa.int64())
    limit = 1 << (_BITS.get(xtype.name, 32) - 1)
    _within(number, -limit, limit - 1)
    return number.cast(STRING)


def _numbers(values: pa.Array, _: XtkType) -> pa.Array:
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if pa.types.is_string(values.type) or pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
        if pc.any(pc.is_nan(values)).as_py():
            raise _misfit()
    if not pa.types.is_floating(values.type):
        return pc.cast(values, pa.int64()).cast(STRING)
    number = _no_nan(values)
    if pc.any(pc.is_inf(number)).as_py():
        raise _misfit()
    return _plain_numbers(number.cast(STRING))


def _no_nan(values: pa.Array) -> pa.Array:
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def _plain_numbers(text: pa.Array) -> pa.Array:
    """Write ``1e-7`` with digits and a point, and ``-0`` as what it equals."""
    odd = pc.match_substring_regex(text, "e|^-0$")
    if not pc.any(odd).as_py():
        return text
    plain = [
        "0" if one == "-0" else format(Decimal(one), "f")
        for one in text.filter(odd).to_pylist()
    ]
    return pc.replace_with_mask(text, pc.fill_null(odd, False), pa.array(plain, STRING))


def _booleans(values: pa.Array, _: XtkType) -> pa.Array:
    if not pa.types.is_boolean(values.type):
        number = pc.cast(_no_nan(values), pa.int8())
        _within(number, 0, 1)
        if pa.types.is_string(values.type):
            raise _misfit()  # "7" is no boolean, and "true" is one
        values = number.cast(pa.bool_())
    return values.cast(STRING)


def _moments(values: pa.Array, _: XtkType) -> pa.Array:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64()).cast(pa.timestamp(values.type.unit))
    else:
        values = _naive(values)
    text = _milliseconds(values)
    return pc.binary_join_element_wise(text, "Z", "")


def _local_moments(values: pa.Array, _: XtkType) -> pa.Array:
    return _milliseconds(_naive(values))


def _naive(values: pa.Array) -> pa.Array:
    """Return wall-clock digits as a timestamp without a zone."""
    if pa.types.is_timestamp(values.type):
        return pc.local_timestamp(values) if values.type.tz else values
    if pa.types.is_date(values.type):
        return values.cast(pa.timestamp("ms"))
    raise _misfit()


def _milliseconds(values: pa.Array) -> pa.Array:
    if values.type.unit in ("us", "ns"):
        values = pc.floor_temporal(values, unit="millisecond")
    values = values.cast(pa.timestamp("ms"))
    _within(values.cast(pa.int64()), _FIRST, _LAST)
    return values.cast(STRING)


def _dates(values: pa.Array, _: XtkType) -> pa.Array:
    if pa.types.is_timestamp(values.type):
        values = _naive(values)
    elif not pa.types.is_date(values.type):
        raise _misfit()
    days = pc.cast(values, pa.date32(), safe=False)
    _within(days.cast(pa.int32()), _FIRST // 86_400_000, _LAST // 86_400_000)
    return days.cast(STRING)


def _timespans(values: pa.Array, _: XtkType) -> pa.Array:
    if pa.types.is_duration(values.type):
        micros = pc.cast(values, pa.duration("us")).cast(pa.int64())
        whole = pc.divide(micros, 1_000_000)
        if pc.all(pc.equal(pc.multiply(whole, 1_000_000), micros)).as_py() is False:
            return _fractions(micros)
        return whole.cast(STRING)
    if pa.types.is_integer(values.type):
        return pc.cast(values, pa.int64()).cast(STRING)
    raise _misfit()


def _fractions(micros: pa.Array) -> pa.Array:
    texts = [
        None if one is None else format((Decimal(one) / 1_000_000).normalize(), "f")
        for one in micros.to_pylist()
    ]
    return pa.array(texts, STRING)


def _within(number: pa.Array, low: int, high: int) -> None:
    found = pc.min_max(number).as_py()
    if found["min"] is not None and not low <= found["min"] <= found["max"] <= high:
        raise _misfit()


_TEXTS: Final = (Kind.STRING, Kind.ELEMENT)
_WHOLE: Final[dict[Kind, Callable[[pa.Array, XtkType], Any]]] = {
    Kind.STRING: _strings,
    Kind.ELEMENT: _strings,
    Kind.INTEGER: _integers,
    Kind.NUMBER: _numbers,
    Kind.BOOLEAN: _booleans,
    Kind.DATETIME: _moments,
    Kind.LOCAL_DATETIME: _local_moments,
    Kind.DATE: _dates,
    Kind.TIMESPAN: _timespans,
}
