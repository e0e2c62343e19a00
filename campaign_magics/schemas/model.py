"""A compiled XTK schema as frozen values (protocol.md §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ..xtk.types import EnumValue, XtkType

Database = Literal["local", "cloud"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumeration:
    """A closed list; ``name`` is full (``nms:recipient:gender``)."""

    name: str
    label: str
    basetype: XtkType
    values: tuple[EnumValue, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A value of a record: an attribute, or an element with text.

    ``path`` is what an expression writes: ``@email``, ``location/@city``, ``desc``.
    ``expr`` is set when the value is computed and not stored.
    """

    path: str
    label: str
    type: XtkType
    description: str = ""
    length: int | None = None
    enum: Enumeration | None = None
    user_enum: str | None = None
    sql_name: str | None = None
    expr: str | None = None
    default: str | None = None
    sql_default: str | None = None
    required: bool = False
    not_null: bool = False
    xml: bool = False
    advanced: bool = False
    def_on_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """One pair of a link's join: path in this schema, path in the target."""

    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to another schema; ``unbound`` means a collection (1-N)."""

    path: str
    label: str
    target: str
    joins: tuple[Join, ...]
    unbound: bool = False
    integrity: str = "normal"
    rev_link: str | None = None
    external_join: bool = False
    description: str = ""
    advanced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A repeated XML element stored inside the record; paths relative to it."""

    path: str
    label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key: the paths that identify one record."""

    name: str
    label: str
    paths: tuple[str, ...]
    internal: bool = False
    allow_empty_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A database index."""

    name: str
    paths: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A method's parameter; ``type`` as written (``string``, ``DOMDocument``, …)."""

    name: str
    type: str
    inout: Literal["in", "out", "inout"] = "in"
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A SOAP method.  ``urn`` is what SOAPAction names before ``#``."""

    name: str
    urn: str
    static: bool = False
    const: bool = False
    access: str = ""
    hidden: bool = False
    help: str = ""
    parameters: tuple[Parameter, ...] = ()

    @property
    def inputs(self) -> tuple[Parameter, ...]:
        """Parameters the caller sends, in order."""
        return tuple(p for p in self.parameters if p.inout != "out")

    @property
    def outputs(self) -> tuple[Parameter, ...]:
        """Parameters the server returns, in order."""
        return tuple(p for p in self.parameters if p.inout != "in")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """One compiled schema.

    ``methods`` are the schema's own; ``interfaces`` the methods it offers to others
    by interface name; ``implements`` the interface it takes over (``xtk:persist``).
    """

    namespace: str
    name: str
    label: str = ""
    label_singular: str = ""
    description: str = ""
    md5: str = ""
    mapping: str = "sql"
    table: str | None = None
    database: Database = "local"
    staged: bool = False
    auto_pk: bool = False
    auto_uuid: bool = False
    sequence: str = "XtkNewId"
    compute_string: str | None = None
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    collections: tuple[Collection, ...] = ()
    keys: tuple[Key, ...] = ()
    indexes: tuple[Index, ...] = ()
    enumerations: Mapping[str, Enumeration] = field(default_factory=dict)
    methods: tuple[Method, ...] = ()
    interfaces: Mapping[str, tuple[Method, ...]] = field(default_factory=dict)
    implements: str | None = None

    def __repr__(self) -> str:
        counts = f"{len(self.fields)} fields, {len(self.links)} links"
        return f"<Schema {self.id}: {counts}, {self.database}>"

    def getdoc(self) -> str:
        """Return what IPython's ``?`` shows: the schema as text."""
        from .describe import schema_text  # it is made of this module's nouns

        return schema_text(self)

    @property
    def id(self) -> str:
        """The full name, ``nms:recipient``."""
        return f"{self.namespace}:{self.name}"

    @cached_property
    def field_by_path(self) -> Mapping[str, Field]:
        """Fields by path."""
        return {f.path: f for f in self.fields}

    @cached_property
    def link_by_path(self) -> Mapping[str, Link]:
        """Links by path."""
        return {link.path: link for link in self.links}

    @cached_property
    def collection_by_path(self) -> Mapping[str, Collection]:
        """XML collections by path."""
        return {c.path: c for c in self.collections}

    @property
    def internal_key(self) -> Key | None:
        """The key that links join on, else the first key."""
        return next((k for k in self.keys if k.internal), next(iter(self.keys), None))
