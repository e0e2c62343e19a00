"""Whom a delivery is for: its ``<targets>`` become recipients with an address.

A delivery holds target parts, each a query or a list; parts with ``exclusion`` take
recipients away (Adobe, "Creating a refer-a-friend form", shows the query part; the
other kinds are assumed).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from ...errors import CampaignError
from ...query.from_xml import from_xml
from ...query.model import Condition, OrderNode, QueryDef, SelectNode
from ...xtk.text import quote
from ...xtk.xml import child, children
from .. import engine
from ..engine.statement import compile_query
from ..faults import Fault
from ..stores.world import World
from .externals import BadSource, read_addresses

RECIPIENT: Final = "nms:recipient"
_EVERY_LINE: Final = 2**62


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a channel finds an address, and who has refused it."""

    address: str
    refusal: str
    tracked: bool = False


CHANNELS: Final[Mapping[int, Channel]] = {
    0: Channel("@email", "@blackListEmail", tracked=True),
    1: Channel("@mobilePhone", "@blackListMobile"),
    2: Channel("@phone", "@blackListPhone"),
    3: Channel(
        "JuxtWords3([location/@address3], [location/@zipCode], [location/@city])",
        "@blackListPostalMail",
    ),
    4: Channel("@fax", "@blackListFax"),
}
"""``nms:delivery:messageType`` → channel."""

_LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "group": ("rcpGrpRel", "rcpGroup"),
    "list": ("rcpGrpRel", "rcpGroup"),
    "service": ("subscription", "service"),
    "folder": ("", "folder"),
}
"""Type of a target part → collection of the recipient, and the link in it."""


_FOUND: Final[Mapping[str, pa.DataType]] = {
    "id": pa.int64(),
    "address": pa.string(),
    "all": pa.int64(),
    "one": pa.int64(),
}


class NoTarget(Exception):
    """The population cannot be computed; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Recipients in the order of their keys: who, where to, and who refused."""

    ids: pa.Array
    addresses: pa.Array
    refused: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def find_target(
    world: World, delivery: etree._Element, channel: Channel, holder: str
) -> Target:
    """Compute the population of a delivery's ``<{holder}>`` elements.

    Raises NoTarget when none is defined (DLV-490009) or a part cannot be read.
    """
    targets = child(delivery, "targets")
    if targets is not None and _is_true(targets, "fromExternalSource"):
        return _from_lines(world, targets, channel)
    parts = list(_parts(targets, holder))
    included = [part for part in parts if not _excludes(part)]
    if not included:
        raise NoTarget(
            "DLV-490009 You have not defined the target population of the "
            "delivery action."
        )
    found = _union(_run(world, part, channel) for part in included)
    for part in filter(_excludes, parts):
        out = _run(world, part, channel).column("id")
        found = found.filter(pc.invert(pc.is_in(found.column("id"), value_set=out)))
    return Target(
        ids=found.column("id").combine_chunks(),
        addresses=found.column("address").combine_chunks(),
        refused=_blocked(found) | _useless(found.column("address")),
    )


def _parts(targets: etree._Element | None, holder: str) -> Iterator[etree._Element]:
    for target in [] if targets is None else children(targets, holder):
        parts = list(children(target, "targetPart"))
        yield from parts or ([target] if child(target, "where") is not None else [])


def _excludes(part: etree._Element) -> bool:
    return _is_true(part, "exclusion")


def _is_true(element: etree._Element, name: str) -> bool:
    return element.get(name) in ("true", "1")


def _from_lines(world: World, targets: etree._Element, channel: Channel) -> Target:
    """Return the target of an external source.

    Recipients are recognised by their address, unless that is switched off; others
    get their message as nobody's (recipient 0) [assumed].
    """
    try:
        addresses = read_addresses(targets)
    except BadSource as exc:
        raise NoTarget(str(exc)) from exc
    known: dict[str, tuple[int, bool]] = {}
    if not _is_true(targets, "noReconciliation"):
        everybody = _run(world, etree.Element("targetPart"), channel)
        names = pc.utf8_lower(everybody.column("address")).to_pylist()
        rows = zip(everybody.column("id").to_pylist(), _blocked(everybody), strict=True)
        known = dict(zip(names, rows, strict=True))
    found = [known.get(address.lower(), (0, False)) for address in addresses]
    shown = pa.array(addresses, pa.string())
    return Target(
        ids=pa.array([key for key, _ in found], pa.int64()),
        addresses=shown,
        refused=np.array([refused for _, refused in found]) | _useless(shown),
    )


def _union(tables: Iterable[pa.Table]) -> pa.Table:
    """Put tables together, each recipient once, in the order of keys."""
    whole = pa.concat_tables(list(tables))
    _, first = np.unique(whole.column("id").to_numpy(), return_index=True)
    return whole.take(pa.array(first))


def _blocked(found: pa.Table) -> npt.NDArray[np.bool_]:
    """Tell who is on a denylist, the general one or the channel's."""
    every, one = found.column("all").to_numpy(), found.column("one").to_numpy()
    blocked: npt.NDArray[np.bool_] = (every != 0) | (one != 0)
    return blocked


def _useless(addresses: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Tell which addresses are empty, or stood in the list before."""
    folded = pc.fill_null(pc.utf8_lower(addresses), "")
    texts = folded.to_numpy(zero_copy_only=False).astype(str)
    _, first = np.unique(texts, return_index=True)
    again = np.ones(len(texts), dtype=np.bool_)
    again[first] = False
    useless: npt.NDArray[np.bool_] = again | (texts == "")
    return useless


def _run(world: World, part: etree._Element, channel: Channel) -> pa.Table:
    """Return ``id``, ``address`` and refusals of one part's recipients."""
    shown = {
        "id": "@id",
        "address": channel.address,
        "all": "@blackList",
        "one": channel.refusal,
    }
    query = QueryDef(
        schema=RECIPIENT,
        select=tuple(SelectNode(expr=e, alias=f"@{n}") for n, e in shown.items()),
        where=_where(part),
        order_by=(OrderNode(expr="@id"),),
        line_count=_EVERY_LINE,
    )
    try:
        engine.build_sql(query, world)  # says what is wrong as a query would
    except Fault as exc:
        raise NoTarget(exc.detail) from exc
    statement = compile_query(query, world)
    batches = world.databases.run(
        statement.database, statement.sql, list(statement.params)
    )
    table = pa.Table.from_batches(list(batches))
    columns = [
        table.column(statement.row.attributes[name].column).cast(type_)
        for name, type_ in _FOUND.items()
    ]
    return pa.table(columns, names=list(_FOUND))


def _where(part: etree._Element) -> tuple[Condition, ...]:
    kind = part.get("type") or "query"
    if kind == "query":
        return _conditions(child(part, "where"))
    if kind not in _LISTS:
        raise NoTarget(f"SBX-100001 The sandbox has no targets of type '{kind}'.")
    collection, link = _LISTS[kind]
    named = next((e for e in part if e.get("name") or e.get("id")), None)
    if named is None:
        raise NoTarget(f"A target of type '{kind}' names no {link}.")
    if named.get("name"):
        test = f"[{link}/@name] = {quote(str(named.get('name')))}"
    else:
        test = f"[@{link}-id] = {quote(str(named.get('id')))}"
    if not collection:
        return (Condition(expr=test),)
    inner = (Condition(expr=test),)
    return (Condition(expr=collection, set_operator="EXISTS", conditions=inner),)


def _conditions(where: etree._Element | None) -> tuple[Condition, ...]:
    """Read a ``<where>`` as a query would: nothing in it means everybody."""
    if where is None:
        return ()
    document = etree.Element("queryDef", schema=RECIPIENT, operation="count")
    document.append(deepcopy(where))
    try:
        return from_xml(document).where
    except CampaignError as exc:
        raise NoTarget(exc.message) from exc
