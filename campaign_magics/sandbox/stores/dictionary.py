"""The data dictionary: source schemas and what they compile to, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final
from urllib.parse import quote

from lxml import etree

from ...errors import InvalidOption
from ...schemas.compiler import compile_schemas
from ...schemas.errors import SchemaError
from ...schemas.model import Schema
from ...schemas.reader import read_schemas
from ...schemas.source import read_document, schema_id
from ...xtk.xml import XmlError, local_name, parse_xml
from ..data import standard_sources

SAVED: Final = "schemas"


@dataclass(frozen=True, kw_only=True)
class Dictionary:
    """Sources by full name, compiled documents and schemas; never changed, replaced."""

    sources: Mapping[str, bytes]
    documents: Mapping[str, bytes]

    @cached_property
    def schemas(self) -> Mapping[str, Schema]:
        """The compiled schemas, staging twins included."""
        return read_schemas(self.documents)

    def changed(self, before: Dictionary) -> list[str]:
        """Return the schemas that are new or differ from an earlier dictionary."""
        return [
            name
            for name, xml in self.documents.items()
            if before.documents.get(name) != xml
        ]


def compiled(sources: Mapping[str, bytes]) -> Dictionary:
    """Compile sources; raises ``SchemaError`` when they contradict each other."""
    found = compile_schemas(sources.values(), staging_twins=True)
    documents = {name: _text(root) for name, root in found.items()}
    return Dictionary(sources=dict(sources), documents=documents)


@cache
def standard_dictionary() -> Dictionary:
    """Return the shipped schemas, compiled once per process."""
    return compiled(standard_sources())


def read_source(xml: bytes) -> tuple[str, bytes]:
    """Return a source's full name and its text in UTF-8; raises ``SchemaError``."""
    name = schema_id(read_document(xml))
    return name, _text(parse_xml(xml))


def saved_name(name: str) -> Path:
    """Return where a data folder keeps a source that was defined at run time."""
    return Path(SAVED) / f"{quote(name, safe='').replace('%3A', '_', 1)}.xml"


def saved_in(folder: Path) -> dict[str, bytes]:
    """Return the sources that a data folder keeps, none if there is no folder."""
    found = [path.read_bytes() for path in sorted((folder / SAVED).glob("*.xml"))]
    return dict(map(read_source, found))


def sources_in(folder: Path) -> dict[str, bytes]:
    """Return the source schemas in a folder's XML files, subfolders included.

    A file holds one schema, or a package that Campaign exported.  Raises
    ``InvalidOption`` for a folder without any, ``SchemaError`` naming the bad file.
    """
    if not folder.is_dir():
        raise InvalidOption(
            f"{folder} is not a folder", hint="--schemas takes a folder of XML files"
        )
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*.xml")):
        try:
            found |= map(read_source, _schemas_of(path.read_bytes()))
        except (XmlError, SchemaError) as exc:
            raise SchemaError(str(exc), where=str(path)) from exc
    if not found:
        raise InvalidOption(
            f"no schema was found in {folder}",
            hint="put srcSchema documents there, one per .xml file",
        )
    return found


def _schemas_of(text: bytes) -> list[bytes]:
    root = parse_xml(text)
    if local_name(root).lower() != "package":
        return [text]
    return [
        _text(element)
        for element in root.iter()
        if isinstance(element.tag, str) and local_name(element) == "srcSchema"
    ]


def _text(element: etree._Element) -> bytes:
    return etree.tostring(
        element, xml_declaration=True, encoding="UTF-8", with_tail=False
    )
