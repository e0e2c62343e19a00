"""Conditions as people choose them: a field, an operator of its type, a value.

Each operator is a text of XTK with ``:v`` for the value; ``query.params.bind`` fills
it in as a typed constant, so that nothing is ever pasted as text.  Operators have
names in words; whoever types may also write SQL's signs for them (`named`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ...errors import InvalidOption, InvalidValue
from ...schemas.model import Field
from ...xtk.types import Kind

Takes = Literal["nothing", "one", "many", "days"]
Value = object
"""Text, a number, a date, True or False, or a sequence of them for ``is one of``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What is asked of a field; ``{path}`` and ``:v`` are filled in."""

    name: str
    xtk: str
    takes: Takes = "one"
    around: tuple[str, str] = ("", "")
    """What a LIKE puts before and after the value, itself taken to the letter."""


def _simple(*pairs: tuple[str, str]) -> tuple[Operator, ...]:
    return tuple(Operator(name=name, xtk=f"{{path}} {op} :v") for name, op in pairs)


_LISTED = (
    Operator(name="is one of", xtk="{path} IN (:v)", takes="many"),
    Operator(name="is none of", xtk="{path} NOT IN (:v)", takes="many"),
)
_NO_TEXT = (
    Operator(name="is empty", xtk="{path} IS NULL OR {path} = ''", takes="nothing"),
    Operator(
        name="is not empty",
        xtk="{path} IS NOT NULL AND {path} <> ''",
        takes="nothing",
    ),
)
_NO_DATE = (
    Operator(name="is empty", xtk="{path} IS NULL", takes="nothing"),
    Operator(name="is not empty", xtk="{path} IS NOT NULL", takes="nothing"),
)
_RECENT = (
    Operator(
        name="is in the last days", xtk="{path} >= AddDays(GetDate(), :v)", takes="days"
    ),
)


def _like(name: str, before: str, after: str, op: str = "LIKE") -> Operator:
    return Operator(name=name, xtk=f"{{path}} {op} :v", around=(before, after))


_IS: Final = _simple(("is", "="), ("is not", "<>"))
_TEXT: Final = (
    *_IS,
    _like("contains", "%", "%"),
    _like("does not contain", "%", "%", "NOT LIKE"),
    _like("begins with", "", "%"),
    _like("ends with", "%", ""),
    *_simple(("is like", "LIKE"), ("is not like", "NOT LIKE")),
    *_LISTED,
    *_NO_TEXT,
)
_NUMBER: Final = (
    *_IS,
    *_simple(
        ("is more than", ">"),
        ("is at least", ">="),
        ("is less than", "<"),
        ("is at most", "<="),
    ),
    *_LISTED,
)
_MOMENT: Final = (
    *_simple(
        ("is before", "<"),
        ("is at or before", "<="),
        ("is at or after", ">="),
        ("is after", ">"),
    ),
    *_RECENT,
    *_NO_DATE,
)
_BY_KIND: Final = {
    Kind.STRING: _TEXT,
    Kind.ELEMENT: _TEXT,
    Kind.INTEGER: _NUMBER,
    Kind.NUMBER: _NUMBER,
    Kind.TIMESPAN: _NUMBER,
    Kind.BOOLEAN: (
        Operator(name="is true", xtk="{path} = true", takes="nothing"),
        Operator(name="is false", xtk="{path} = false", takes="nothing"),
    ),
    Kind.DATE: (*_IS, *_MOMENT),
    Kind.DATETIME: _MOMENT,
    Kind.LOCAL_DATETIME: _MOMENT,
}


_SIGNS: Final[dict[str, tuple[str, ...]]] = {
    "=": ("is",),
    "==": ("is",),
    "!=": ("is not",),
    "<>": ("is not",),
    "<": ("is less than", "is before"),
    "<=": ("is at most", "is at or before"),
    ">": ("is more than", "is after"),
    ">=": ("is at least", "is at or after"),
    "like": ("is like",),
    "not like": ("is not like",),
    "in": ("is one of",),
    "not in": ("is none of",),
    "is null": ("is empty",),
    "is not null": ("is not empty",),
}
"""What SQL writes for an operator, by the names that it has for various types."""

_YES_OR_NO: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One condition on a field; ``value`` as its operator takes it.

    Behind a 1-N link it asks for records with an item that fits, with ``none`` for
    records without one.
    """

    path: str
    operator: str
    value: Value = None
    none: bool = False


def operators(field: Field) -> tuple[Operator, ...]:
    """Return what can be asked of a field, the most usual first."""
    if field.enum is None or field.type.kind is Kind.BOOLEAN:
        return _BY_KIND[field.type.kind]
    empty = _NO_TEXT if field.type.kind is Kind.STRING else ()
    return (*_IS, *_LISTED, *empty)


def find_operator(field: Field, name: str) -> Operator:
    """Return the operator of that name.

    Raises InvalidOption that lists the field's operators.
    """
    offered = operators(field)
    for one in offered:
        if one.name == name:
            return one
    raise InvalidOption(
        f"'{name}' is nothing that can be asked of {field.path}.",
        hint=f"one of: {', '.join(one.name for one in offered)}",
    )


def named(field: Field, typed: str, value: Value = None) -> tuple[str, Value]:
    """Return the name of an operator as somebody typed it, and its value.

    Any case will do, and SQL's signs: ``=`` ``!=`` ``<>`` ``<`` ``<=`` ``>`` ``>=``
    ``LIKE`` ``NOT LIKE`` ``IN`` ``NOT IN`` ``IS NULL`` ``IS NOT NULL``.  A boolean is
    asked whether it is true or false.  Raises InvalidOption like `find_operator`.
    """
    word = " ".join(typed.split()).casefold()
    names = [one.name for one in operators(field)]
    for name in (word, *_SIGNS.get(word, ())):
        if name in names:
            return name, value
    if field.type.kind is Kind.BOOLEAN and word in ("is", "is not", *_SIGNS):
        wanted = _YES_OR_NO.get(str(value).strip().casefold())
        equal = {"is": True, "is not": False}.get(_SIGNS.get(word, (word,))[0])
        if wanted is not None and equal is not None:
            return f"is {str(wanted is equal).lower()}", None
    return find_operator(field, typed).name, value


def asked(where: Where, field: Field, path: str, mark: str) -> tuple[str, Value]:
    """Return a condition as XTK and the value of its ``:mark``.

    ``path`` is the field as expressions write it.  Raises InvalidOption for an
    operator that the field does not have, InvalidValue for a value that is missing.
    """
    op = find_operator(field, where.operator)
    value = where.value
    if op.takes != "nothing" and _is_missing(value):
        raise InvalidValue(
            f"The condition on {where.path} has no value yet.",
            hint=f"give one, or choose another operator than '{op.name}'",
        )
    if op.takes == "days":
        value = -_days(value)
    if op.takes == "many":
        value = _several(value)
    if any(op.around):
        before, after = op.around
        value = f"{before}{_to_the_letter(str(value))}{after}"
    return op.xtk.format(path=path).replace(":v", f":{mark}"), value


def _is_missing(value: Value) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, Sequence) and not value)


def _days(value: Value) -> int:
    try:
        days = int(str(value))
    except ValueError:
        days = 0
    if not 0 < days < 100_000:
        raise InvalidValue(f"'{value}' is not a number of days.", hint="7")
    return days


def _several(value: Value) -> list[Value]:
    """Return a list: of a sequence, or of a text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, Sequence) else [value]


def _to_the_letter(text: str) -> str:
    r"""Put a backslash before what LIKE would read: ``\``, ``%``, ``_``."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return text
