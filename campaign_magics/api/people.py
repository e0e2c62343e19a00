"""Recipients given as rows: each becomes the document that finds one of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from ..errors import CampaignError, InvalidOption, InvalidValue, UnknownName
from ..query.values import stored
from ..schemas.model import Field, Schema
from ..schemas.resolve import Hop, resolve
from ..xtk.ast import Path
from ..xtk.text import to_text

if TYPE_CHECKING:
    import pandas as pd

RECIPIENT: Final = "nms:recipient"

Lookup = Callable[[str], Schema]
Names = str | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A column of the data and the field of a recipient that it fills."""

    column: Any
    path: str
    hops: tuple[Hop, ...]
    field: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One row: its label, the texts of its key, its document, or what is wrong."""

    index: Hashable
    key: tuple[str, ...]
    document: etree._Element | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The rows in their order, and the parts of the key they are found by.

    ``data`` has the columns that were read: those of the key first.
    """

    key: tuple[Part, ...]
    persons: tuple[Person, ...]
    data: pd.DataFrame = field(repr=False)

    @property
    def key_text(self) -> str:
        """The key as a document's ``_key`` says it: ``@email, [folder/@name]``."""
        return ", ".join(bracketed(part.path) for part in self.key)


def read_people(
    data: object, schema: Schema, lookup: Lookup, *, key: Names, profile: Names
) -> People:
    """Read recipients from a frame, a list of dicts, a dict or a list of keys.

    Only the columns of ``key`` and ``profile`` are read; a path may cross links, whose
    records are only looked up.  Raises UnknownName for a path that the schema lacks,
    InvalidOption for one that the data lack.  What is wrong with a row is said there.
    """
    paths = [_target(name, schema, lookup) for name in _names(key)]
    if not paths:
        raise InvalidOption("The key is empty.", hint='key="@email"')
    frame = to_frame(data, paths[0][0])
    if not len(frame) and not len(frame.columns):
        frame = frame.reindex(columns=[path for path, _, _ in paths])
    keys = tuple(_part(frame, *path) for path in paths)
    said = _profile(frame, schema, profile)
    more = tuple(_part(frame, *_target(name, schema, lookup)) for name in said)
    more = tuple(p for p in more if p.path not in {k.path for k in keys})
    key_text = ", ".join(bracketed(part.path) for part in keys)
    used = [part.column for part in (*keys, *more)]
    frame = frame[list(dict.fromkeys(used))]
    rows = zip(*(frame[name].tolist() for name in used), strict=True)
    persons = tuple(
        _person(label, row, keys, more, schema, key_text)
        for label, row in zip(frame.index.tolist(), rows, strict=True)
    )
    return People(key=keys, persons=persons, data=frame)


def to_frame(data: object, key: str) -> pd.DataFrame:
    """Return the data as a DataFrame; single values are values of ``key``.

    Raises InvalidValue for what are no rows and no values.
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if hasattr(data, "to_pandas"):
        return to_frame(data.to_pandas(), key)
    if isinstance(data, pd.Series):
        return data.to_frame(key)
    if hasattr(data, "tolist"):  # an Index, an array
        data = data.tolist()
    if isinstance(data, str):
        data = [data]
    if isinstance(data, Mapping):
        lists = any(isinstance(value, list | tuple) for value in data.values())
        return pd.DataFrame(data if lists else [dict(data)])
    if isinstance(data, Sequence):
        if all(map(pd.api.types.is_scalar, data)):
            return pd.DataFrame({key: pd.Series(list(data), dtype="object")})
        if all(isinstance(item, Mapping) for item in data):
            return pd.DataFrame(list(data))
    raise InvalidValue(
        f"A value of type {type(data).__name__} names no recipients.",
        hint="give a DataFrame, a list of dicts, a dict or a list of addresses",
    )


def bracketed(path: str) -> str:
    """Return a path as an expression writes it."""
    return f"[{path}]" if "/" in path or "-" in path else path


def _names(names: Names) -> list[str]:
    if isinstance(names, str):
        names = names.split(",")
    if not isinstance(names, Sequence) or not all(isinstance(n, str) for n in names):
        raise InvalidOption(
            f"A value of type {type(names).__name__} names no columns.",
            hint="give names: '@email', or ['@email', '@lastName']",
        )
    return [name.strip() for name in names if name.strip()]


def _profile(frame: pd.DataFrame, schema: Schema, names: Names) -> list[str]:
    """Return the columns of the profile; ``all`` is those of the schema itself."""
    if names != "all":
        return _names(names)
    own = {
        column: f"@{str(column).removeprefix('@')}"
        for column in frame.columns
        if str(column) not in ("id", "@id")
    }
    return [path for path in own.values() if path in schema.field_by_path]


def _target(
    name: str, schema: Schema, lookup: Lookup
) -> tuple[str, tuple[Hop, ...], Field]:
    """Return path, links and field that a column's name means, as in a query."""
    plain = name.strip().strip("[]")
    steps = plain.split("/") if "/" in plain or "@" in plain else plain.split(".")
    last = f"@{steps[-1].removeprefix('@')}"
    ways = [(*steps[:-1], last)] + ([] if "@" in plain else [tuple(steps)])
    error: UnknownName | None = None
    for way in ways:
        try:
            found = resolve(schema, Path(way, span=(0, len(name))), lookup)
        except UnknownName as exc:
            error = error or exc
            continue
        if found.field is not None and found.collection is None:
            return "/".join(way), found.hops, found.field
    raise error or UnknownName(
        f"'{name}' is no field of {schema.id}.", hint="name an attribute of it"
    )


def _part(frame: pd.DataFrame, path: str, hops: tuple[Hop, ...], found: Field) -> Part:
    """Find the column of a path, however the frame writes it."""
    columns = [one for one in frame.columns if _plain(str(one)) == _plain(path)]
    if len(columns) == 1:
        return Part(column=columns[0], path=path, hops=hops, field=found)
    count = "more than one" if columns else "no"
    raise InvalidOption(
        f"The rows have {count} column for {path}.",
        hint=f"their columns are {', '.join(map(str, frame.columns)) or 'none'}",
    )


def _plain(name: str) -> str:
    return name.strip("[]").replace("@", "").replace("/", ".")


def _person(
    index: Hashable,
    row: Sequence[object],
    key: tuple[Part, ...],
    more: tuple[Part, ...],
    schema: Schema,
    key_text: str,
) -> Person:
    """Return a row as a document, or with what is wrong with it."""
    root = etree.Element(schema.name, _key=key_text)
    texts: list[str] = []
    for part, value in zip((*key, *more), row, strict=True):
        is_key = len(texts) < len(key)
        try:
            text = _text(part, value)
            if is_key:
                texts.append(text)
                if not text:
                    raise InvalidValue("it is empty")
            if text:
                _put(root, part, text)
        except (CampaignError, ValueError) as exc:
            cause = exc.message if isinstance(exc, CampaignError) else _NOT_XML
            key_so_far = tuple(texts) if len(texts) == len(key) else ()
            return Person(index=index, key=key_so_far, problem=f"{part.path}: {cause}")
    return Person(index=index, key=tuple(texts), document=root)


_NOT_XML: Final = "it holds a character that XML cannot"


def _text(part: Part, value: object) -> str:
    """Return a value as documents write it.  Raises InvalidValue."""
    found = part.field
    if found.enum is not None and isinstance(value, str):
        known = stored(found.enum, value)
        if known is None:
            raise InvalidValue(f"'{value}' is no value of {found.enum.name}")
        return known
    text = to_text(found.type, value)
    if found.length is not None and len(text) > found.length:
        raise InvalidValue(f"{len(text)} characters, and {found.length} are allowed")
    return text


def _put(root: etree._Element, part: Part, text: str) -> None:
    """Write a value where its path leads; a linked record is only looked up."""
    *steps, last = part.path.split("/")
    if not last.startswith("@"):
        steps, last = [*steps, last], ""
    element = root
    for at, step in enumerate(steps):
        inner = element.find(step)
        if inner is None:
            inner = etree.SubElement(element, step)
            if at == 0 and part.hops:
                inner.set("_operation", "none")
        element = inner
    if last:
        element.set(last[1:], text)
    else:
        element.text = text
