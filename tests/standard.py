"""The sandbox's schemas, compiled once for all tests that read them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from lxml import etree

from campaign_magics.errors import UnknownName
from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schemas


@cache
def standard_documents() -> Mapping[str, etree._Element]:
    """Compiled documents by name; nobody changes them."""
    return compile_schemas(standard_sources().values())


@cache
def standard_schemas() -> Mapping[str, Schema]:
    """The same, read."""
    return read_schemas(standard_documents())


def find_schema(name: str) -> Schema:
    """Find one as a catalog does."""
    if name not in standard_schemas():
        raise UnknownName(f"Unknown schema '{name}'.", hint="did you mean …?")
    return standard_schemas()[name]
