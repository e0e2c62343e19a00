"""The pretended Campaign instance: everything that services share, and one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lxml import etree

from ..clock import Clock
from ..schemas.model import Method
from .auth import Authority, Session
from .envelope import Value
from .files import Files
from .mishaps.plan import Plan
from .quota import Quota

if TYPE_CHECKING:
    from .stores.world import World

Argument = str | bool | int | etree._Element | None
"""One input: text, boolean, whole number, or the document of a DOM parameter."""


@dataclass(slots=True, kw_only=True)
class Settings:
    """What may be changed while the server runs."""

    fault_status: int = 200
    """HTTP status of faults: most live servers answer 200, some 500 (§2.3)."""

    replicate_every: float = 3_600.0
    """Seconds between replications to the cloud; 0: after every call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Data, operators, limits, ordered mishaps and uploaded files of one server."""

    world: World
    authority: Authority
    quota: Quota
    settings: Settings = field(default_factory=Settings)
    mishaps: Plan = field(default_factory=Plan)
    files: Files = field(default_factory=Files)

    @property
    def clock(self) -> Clock:
        """The clock that sessions, limits and data share."""
        return self.world.clock

    def now(self) -> datetime:
        """Return the server's time, with its zone (UTC)."""
        return datetime.fromtimestamp(self.clock.now(), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One SOAP call, bound to its method: what a service gets.

    ``urn`` is as the caller wrote it (``xtk:persist|nms:delivery``), ``schema`` the
    schema the method acts on.  ``entity`` is the object of a non-static method.
    ``session`` is None for anonymous methods only.  ``base`` is the server's address
    as the caller knows it.
    """

    instance: Instance
    urn: str
    schema: str
    method: Method
    args: tuple[Argument, ...] = field(default=(), repr=False)
    entity: etree._Element | None = None
    session: Session | None = None
    base: str = ""

    def text(self, position: int) -> str:
        """Return a text argument, ``""`` when it is missing."""
        value = self.args[position]
        return value if isinstance(value, str) else ""

    def flag(self, position: int) -> bool:
        """Return a boolean argument, False when it is missing."""
        return self.args[position] is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Outputs in the order the method declares; the object of a non-static one."""

    outputs: tuple[Value, ...] = field(default=(), repr=False)
    entity: bytes | None = None


Service = Callable[[Call], Reply]
