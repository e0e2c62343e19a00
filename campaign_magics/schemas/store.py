"""Where schemas are kept between sessions: files that several kernels share.

A file is replaced as a whole, so a reader sees the old or the new one; one that
cannot be read, for whatever reason, counts as absent.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from lxml import etree

from .errors import SchemaError
from .source import read_document, schema_id

LIST = "_schemas.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaSummary:
    """One line of a list of schemas."""

    id: str
    label: str = ""
    label_singular: str = ""
    description: str = ""


class Store(Protocol):
    """What the catalog asks of its memory; times are seconds since the epoch."""

    def read(self, name: str) -> etree._Element | None:
        """Return a schema's plain document, or None."""

    def write(self, name: str, document: etree._Element, now: float) -> None:
        """Keep a document that was right at ``now``."""

    def read_list(self) -> tuple[SchemaSummary, ...] | None:
        """Return the list of schemas, or None."""

    def write_list(self, summaries: Sequence[SchemaSummary], now: float) -> None:
        """Keep the list of schemas as it was at ``now``."""

    def checked(self, name: str | None) -> float | None:
        """Return when a schema was last right; ``None`` asks for the list."""

    def touch(self, name: str, now: float) -> None:
        """Remember that a schema is still right at ``now``."""


class MemoryStore:
    """Keeps schemas for as long as the process lives."""

    def __init__(self) -> None:
        self._documents: dict[str, etree._Element] = {}
        self._summaries: tuple[SchemaSummary, ...] | None = None
        self._checked: dict[str | None, float] = {}

    def read(self, name: str) -> etree._Element | None:
        """Return a schema's plain document, or None."""
        return self._documents.get(name)

    def write(self, name: str, document: etree._Element, now: float) -> None:
        """Keep a document that was right at ``now``."""
        self._documents[name] = document
        self._checked[name] = now

    def read_list(self) -> tuple[SchemaSummary, ...] | None:
        """Return the list of schemas, or None."""
        return self._summaries

    def write_list(self, summaries: Sequence[SchemaSummary], now: float) -> None:
        """Keep the list of schemas as it was at ``now``."""
        self._summaries = tuple(summaries)
        self._checked[None] = now

    def checked(self, name: str | None) -> float | None:
        """Return when a schema was last right; ``None`` asks for the list."""
        return self._checked.get(name)

    def touch(self, name: str, now: float) -> None:
        """Remember that a schema is still right at ``now``."""
        self._checked[name] = now


class DiskStore:
    """Keeps schemas as files of one folder per instance.

    A folder that cannot be written to costs the cache, not the session.
    """

    def __init__(self, directory: Path, instance: str) -> None:
        # Readable for people, and different for any two instances.
        readable = quote(instance, safe="")[:60].replace("%", "_")
        self.folder = (
            directory / f"{readable}-{sha256(instance.encode()).hexdigest()[:12]}"
        )

    def read(self, name: str) -> etree._Element | None:
        """Return a schema's plain document, or None."""
        try:
            document = read_document(self._file(name).read_bytes())
        except (OSError, SchemaError):
            return None
        return document if schema_id(document) == name else None

    def write(self, name: str, document: etree._Element, now: float) -> None:
        """Keep a document that was right at ``now``."""
        text = etree.tostring(document, encoding="UTF-8", xml_declaration=True)
        self._replace(self._file(name), text, now)

    def read_list(self) -> tuple[SchemaSummary, ...] | None:
        """Return the list of schemas, or None."""
        try:
            rows = json.loads(self._file(None).read_text("utf-8"))
            return tuple(_summary(row) for row in _listed(rows))
        except (OSError, ValueError, TypeError):
            return None

    def write_list(self, summaries: Sequence[SchemaSummary], now: float) -> None:
        """Keep the list of schemas as it was at ``now``."""
        names = ("id", "label", "label_singular", "description")
        rows = [{name: getattr(s, name) for name in names} for s in summaries]
        text = json.dumps(rows, ensure_ascii=False, indent=0)
        self._replace(self._file(None), text.encode(), now)

    def checked(self, name: str | None) -> float | None:
        """Return when a schema was last right; ``None`` asks for the list."""
        try:
            return self._file(name).stat().st_mtime
        except OSError:
            return None

    def touch(self, name: str, now: float) -> None:
        """Remember that a schema is still right at ``now``."""
        with contextlib.suppress(OSError):
            os.utime(self._file(name), (now, now))

    def _file(self, name: str | None) -> Path:
        return self.folder / (LIST if name is None else f"{quote(name, safe='')}.xml")

    def _replace(self, file: Path, content: bytes, now: float) -> None:
        """Write beside the file, then take its place: never half a file."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(content)
                os.utime(name, (now, now))
                Path(name).replace(file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise


def _listed(rows: object) -> list[object]:
    if isinstance(rows, list):
        return rows
    raise TypeError("the list of schemas is not a list")


def _summary(row: object) -> SchemaSummary:
    if not isinstance(row, dict) or not all(isinstance(v, str) for v in row.values()):
        raise TypeError("a line of the list of schemas is not made of texts")
    return SchemaSummary(**row)
