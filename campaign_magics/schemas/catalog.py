"""The schemas of one instance: fetched once, kept on disk, shared by kernels.

A schema on disk is asked for again with its MD5 when it is older than ``max_age``;
the server then answers nothing if it is unchanged (protocol.md §4.1).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lxml import etree

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import CampaignError, UnknownName
from ..xtk.names import closest, split_schema
from .model import Enumeration, Method, Schema
from .reader import read_enumerations, read_schema
from .search import search
from .source import read_document, schema_id
from .store import DiskStore, MemoryStore, SchemaSummary, Store

MAX_AGE = 3600.0
"""Seconds a schema on disk is believed without asking the server."""

_HOMES = {"xtk:persist": "xtk:session", "xtk:jobInterface": "xtk:job"}
"""Interfaces, and the schemas that declare them (protocol.md §4.4)."""

Fetch = Callable[[str, str], bytes | str | etree._Element | None]
"""``fetch("nms:recipient", md5)``: the schema; None when absent or of that MD5."""

ListNames = Callable[[], Iterable[SchemaSummary]]


class Catalog:
    """Schemas by name; nothing is fetched before it is asked for.

    Safe to share by threads: a schema is fetched once, however many ask for it at a
    time.  ``directory`` is the cache folder (None: keep nothing); ``instance`` tells
    instances, and builds of one, apart in it: a text, or how to get it, which may ask
    the server.  ``listed`` is told the list of schemas whenever it becomes known.
    """

    def __init__(
        self,
        fetch: Fetch,
        list_names: ListNames,
        directory: Path | None,
        instance: str | Callable[[], str],
        *,
        max_age: float = MAX_AGE,
        clock: Clock = SYSTEM_CLOCK,
        listed: Callable[[Sequence[SchemaSummary]], object] = lambda summaries: None,
    ) -> None:
        self._fetch = fetch
        self._list_names = list_names
        self._directory = directory
        self._instance = instance if callable(instance) else lambda: instance
        self._listed = listed
        self._shelf = self._make_store(instance) if isinstance(instance, str) else None
        self._max_age = max_age
        self._clock = clock
        self._refreshed = float("-inf")
        self._schemas: dict[str, Schema] = {}
        self._enumerations: dict[str, Mapping[str, Enumeration]] = {}
        self._summaries: tuple[SchemaSummary, ...] | None = None
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def __getitem__(self, name: str) -> Schema:
        """Return a schema, fetched if need be; ``UnknownName`` when there is none."""
        found = self._schemas.get(name)
        if found is None:
            split_schema(name)
            found = self._load(name)
        if found is None:
            raise self._unknown(name)
        return found

    def __contains__(self, name: object) -> bool:
        """Tell whether the instance has a schema of that name."""
        return name in self._schemas or any(s.id == name for s in self.summaries())

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all schemas, sorted."""
        return (summary.id for summary in self.summaries())

    def __len__(self) -> int:
        """Return how many schemas the instance has."""
        return len(self.summaries())

    def __repr__(self) -> str:
        listed = len(self.cached_summaries()) or "not listed yet"
        return f"<Catalog: schemas {listed}, in memory {len(self._schemas)}>"

    def _ipython_key_completions_(self) -> list[str]:
        """Offer names inside ``schemas["…"]``."""
        return sorted({*self._schemas, *(s.id for s in self.offered())})

    @property
    def opened(self) -> bool:
        """Whether it is known which folder of the cache is this instance's."""
        return self._shelf is not None

    def open(self) -> None:
        """Find this instance's folder and the list it keeps; may ask for the build."""
        self._listed(self._store.read_list() or ())

    def cached(self, name: str) -> Schema | None:
        """Return a schema that is in memory or on disk, however old; never fetch."""
        found = self._schemas.get(name)
        if found is not None or self._shelf is None:
            return found
        document = self._shelf.read(name)
        if document is None:
            return None
        return read_schema(document, find_enumeration=self._cached_enumeration)

    def summaries(self) -> tuple[SchemaSummary, ...]:
        """Return all schemas, by name; the list is asked for once an hour at most."""
        with self._lock("the list"):
            if self._summaries is None:
                kept = self._store.read_list() if self._is_fresh(None) else None
                if kept is None:
                    kept = tuple(sorted(self._list_names(), key=lambda s: s.id))
                    self._store.write_list(kept, self._clock.now())
                self._summaries = kept
                self._listed(kept)
            return self._summaries

    def cached_summaries(self) -> tuple[SchemaSummary, ...]:
        """Return the list of schemas as last seen; never ask for it."""
        if self._summaries or self._shelf is None:
            return self._summaries or ()
        return self._shelf.read_list() or ()

    def offered(self) -> tuple[SchemaSummary, ...]:
        """Return the list for Tab: asked for at most once, and only when open."""
        if self.opened:
            with contextlib.suppress(CampaignError):
                return self.summaries()
        return self.cached_summaries()

    def search(self, text: str, *, limit: int | None = None) -> list[SchemaSummary]:
        """Find schemas by words in their name, label or description, best first."""
        return search(self.summaries(), text)[:limit]

    def methods(self, name: str) -> tuple[Method, ...]:
        """Return a schema's methods: its own, then those of what it implements.

        The URN of the latter is ``xtk:persist|nms:delivery`` (protocol.md §4.4).
        """
        schema = self[name]
        if schema.implements is None:
            return schema.methods
        own = {method.name for method in schema.methods}
        taken = self.interface(schema.implements, schema.id)
        return (*schema.methods, *(m for m in taken if m.name not in own))

    def interface(self, interface: str, entity: str) -> tuple[Method, ...]:
        """Return an interface's methods, to be called for an entity's schema.

        ``interface("xtk:jobInterface", "nms:delivery")`` runs deliveries as jobs.
        Raises ``UnknownName`` when no schema offers the interface.
        """
        home = self[_HOMES.get(interface, interface)]
        if interface not in home.interfaces:
            raise UnknownName(
                f"{home.id} has no interface {interface}",
                hint=f"it offers {', '.join(home.interfaces) or 'none'}",
            )
        urn = f"{interface}|{entity}"
        return tuple(replace(method, urn=urn) for method in home.interfaces[interface])

    def refresh(self) -> None:
        """Forget what is known: the next use of each schema asks the server."""
        with self._guard:
            self._refreshed = self._clock.now()
            self._schemas = {}
            self._enumerations = {}
            self._summaries = None

    @property
    def _store(self) -> Store:
        """The cache; the first use finds out which instance it is for."""
        if self._shelf is None:
            with self._lock("the store"):
                if self._shelf is None:
                    self._shelf = self._make_store(self._instance())
        return self._shelf

    def _make_store(self, instance: str) -> Store:
        if self._directory is None:
            return MemoryStore()
        return DiskStore(self._directory, instance)

    def _load(self, name: str) -> Schema | None:
        with self._lock(f"schema {name}"):
            if name not in self._schemas:
                document = self._document(name)
                if document is None:
                    return None
                self._schemas[name] = read_schema(
                    document, find_enumeration=self._enumeration
                )
            return self._schemas[name]

    def _document(self, name: str) -> etree._Element | None:
        """Return a schema's document: fresh from the store, else from the server.

        Its own lock: two schemas may each need the other's enumerations.
        """
        with self._lock(f"document {name}"):
            kept = self._store.read(name)
            if kept is not None and self._is_fresh(name):
                return kept
            md5 = "" if kept is None else kept.get("md5") or ""
            newer = self._fetch(name, md5)
            now = self._clock.now()
            if newer is None:
                if kept is None or not md5:
                    return None
                self._store.touch(name, now)
                return kept
            document = read_document(newer)
            if schema_id(document) == name:
                self._store.write(name, document, now)
            return document

    def _is_fresh(self, name: str | None) -> bool:
        checked = self._store.checked(name)
        if checked is None or checked <= self._refreshed:
            return False
        # A clock that was set back must not keep a schema alive for years.
        return abs(self._clock.now() - checked) <= self._max_age

    def _enumeration(self, name: str) -> Enumeration | None:
        """Return another schema's enumeration; None costs its labels, no more."""
        home, _, local = name.rpartition(":")
        if home not in self._enumerations:
            try:
                document = self._document(home)
            except CampaignError:
                return None
            found = {} if document is None else read_enumerations(document)
            self._enumerations[home] = found
        return self._enumerations[home].get(local)

    def _cached_enumeration(self, name: str) -> Enumeration | None:
        home, _, local = name.rpartition(":")
        document = self._store.read(home)
        return None if document is None else read_enumerations(document).get(local)

    def _unknown(self, name: str) -> UnknownName:
        try:
            names = [summary.id for summary in self.summaries()]
        except CampaignError:
            names = list(self._schemas)
        near = closest(name, names)
        hint = f"did you mean {near}?" if near else "%campaign_schema lists the schemas"
        return UnknownName(f"There is no schema {name}.", hint=hint, name=name)

    def _lock(self, what: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(what, threading.Lock())
