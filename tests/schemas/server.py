"""An instance that the catalog may ask for schemas, and that counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clocks import StillClock
from lxml import etree

from campaign_magics.errors import AccessDenied
from campaign_magics.schemas.catalog import Catalog
from campaign_magics.schemas.store import SchemaSummary


@dataclass
class Server:
    """Answers like GetEntityIfMoreRecent, and counts."""

    documents: dict[str, etree._Element]
    asked: list[tuple[str, str]] = field(default_factory=list)
    lists: int = 0
    denied: frozenset[str] = frozenset()

    def fetch(self, name: str, md5: str) -> bytes | None:
        self.asked.append((name, md5))
        if name in self.denied:
            raise AccessDenied(f"{name} is not for you")
        document = self.documents.get(name)
        if document is None or document.get("md5") == md5:
            return None
        return etree.tostring(document)

    def list_names(self) -> Iterator[SchemaSummary]:
        self.lists += 1
        for name, document in self.documents.items():
            yield SchemaSummary(
                id=name,
                label=document.get("label") or "",
                label_singular=document.get("labelSingular") or "",
                description=document.get("desc") or "",
            )

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


def catalog(
    server: Server,
    directory: Path | None,
    clock: StillClock,
    instance: str = "https://campaign.example#9219",
) -> Catalog:
    return Catalog(server.fetch, server.list_names, directory, instance, clock=clock)
