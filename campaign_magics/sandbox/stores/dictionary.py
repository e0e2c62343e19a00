"""The data dictionary: source schemas and what they compile to, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import quote

from lxml import etree

from ...errors import InvalidOption
from ...schemas.compiler import compile_schemas
from ...schemas.errors import SchemaError
from ...schemas.model import Schema
from ...schemas.reader import read_schema
from ...schemas.source import read_document, schema_id
from ...xtk.xml import XmlError, local_name, parse_xml

SAVED: Final = "schemas"


@dataclass(frozen=True, kw_only=True)
class Dictionary:
    """Sources by full name, compiled documents and schemas; never changed, replaced."""

    sources: Mapping[str, bytes]
    documents: Mapping[str, bytes]

    @cached_property
    def schemas(self) -> Mapping[str, Schema]:
        """The compiled schemas, staging twins included."""
        return {name: read_schema(xml) for name, xml in self.documents.items()}

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
    documents = {
        name: etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        for name, root in found.items()
    }
    return Dictionary(sources=dict(sources), documents=documents)


def source_name(xml: bytes) -> str:
    """Return the full name of one source document; raises ``SchemaError``."""
    return schema_id(read_document(xml))


def saved_name(name: str) -> Path:
    """Return where a data folder keeps a source that was defined at run time."""
    return Path(SAVED) / f"{quote(name, safe='').replace('%3A', '_', 1)}.xml"


def saved_in(folder: Path) -> dict[str, bytes]:
    """Return the sources that a data folder keeps, none if there is no folder."""
    found = [path.read_bytes() for path in sorted((folder / SAVED).glob("*.xml"))]
    return {source_name(source): source for source in found}


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
            for source in _schemas_of(path.read_bytes()):
                found[source_name(source)] = source
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
        etree.tostring(element, encoding="UTF-8", with_tail=False)
        for element in root.iter()
        if isinstance(element.tag, str) and local_name(element) == "srcSchema"
    ]
