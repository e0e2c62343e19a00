"""XTK types as Campaign names them (protocol.md §10), and their text.

Every other room asks this table; how a type looks in Arrow, pandas or SQL is
decided in ``frames`` and in the sandbox's engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a value of the type is, whatever its width."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    LOCAL_DATETIME = "datetimenotz"
    DATE = "date"
    TIMESPAN = "timespan"
    ELEMENT = "element"


@dataclass(frozen=True, slots=True)
class XtkType:
    """One scalar type: its name, its numeric code (variant columns), its kind."""

    name: str
    code: int
    kind: Kind
    prefix: str
    """Prefix of a default SQL column name (``sEmail``, ``iGender``, ``tsCreated``)."""


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One value of an enumeration: stored text, internal name, label."""

    value: str
    name: str
    label: str


def _types() -> dict[str, XtkType]:
    rows: list[tuple[str, int, Kind, str]] = [
        ("ANY", 6, Kind.STRING, "s"),
        ("string", 6, Kind.STRING, "s"),
        ("MNTOKEN", 6, Kind.STRING, "s"),
        ("primarykey", 6, Kind.STRING, "s"),
        ("uuid", 6, Kind.STRING, "s"),
        ("memo", 12, Kind.STRING, "m"),
        ("html", 12, Kind.STRING, "m"),
        ("CDATA", 13, Kind.STRING, "m"),
        ("blob", 12, Kind.STRING, "m"),
        ("bin", 12, Kind.STRING, "m"),
        ("byte", 1, Kind.INTEGER, "i"),
        ("short", 2, Kind.INTEGER, "i"),
        ("long", 3, Kind.INTEGER, "i"),
        ("int", 3, Kind.INTEGER, "i"),
        ("enum", 3, Kind.INTEGER, "i"),
        ("int64", 3, Kind.INTEGER, "l"),
        ("float", 4, Kind.NUMBER, "d"),
        ("double", 5, Kind.NUMBER, "d"),
        ("percent", 5, Kind.NUMBER, "d"),
        ("boolean", 15, Kind.BOOLEAN, "i"),
        ("datetime", 7, Kind.DATETIME, "ts"),
        ("datetimetz", 7, Kind.DATETIME, "ts"),
        ("datetimenotz", 7, Kind.LOCAL_DATETIME, "ts"),
        ("date", 10, Kind.DATE, "ts"),
        ("time", 14, Kind.TIMESPAN, "i"),
        ("timespan", 14, Kind.TIMESPAN, "i"),
        ("link", 3, Kind.INTEGER, "i"),
        ("DOMElement", 13, Kind.ELEMENT, "m"),
        ("DOMDocument", 13, Kind.ELEMENT, "m"),
    ]
    return {row[0]: XtkType(*row) for row in rows}


TYPES = _types()
STRING = TYPES["string"]
MEMO = TYPES["memo"]
LONG = TYPES["long"]
INT64 = TYPES["int64"]
DOUBLE = TYPES["double"]
BOOLEAN = TYPES["boolean"]
DATETIME = TYPES["datetime"]
DATE = TYPES["date"]
TIMESPAN = TYPES["timespan"]
