"""Who is subscribed to which service, and how that came about (§8).

Profiles and subscriptions go through staging where their schema says so: the cloud
learns of them at the next replication (Adobe v8, "Subscription management").  The
history and confirmations are written at once [assumed].
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from lxml import etree

from ...schemas.compiler import STAGING
from ..auth import Operator
from ..data.draw import Draw
from ..persist.save import write_documents
from ..staging.ingest import ingest, ingest_ext
from ..stores.world import World
from . import counts
from .records import Row, Table, moment
from .refusals import Impossible
from .targets import CHANNELS, RECIPIENT

SCHEMA: Final = "nms:subscription"
HISTORY: Final = "nms:subHisto"

_UNSUBSCRIBED, _SUBSCRIBED = 0, 1
"""``nms:subHisto:action``."""

_INSTRUCTIONS: Final = frozenset({"_key", "_operation", "xtkschema"})
_SERVICE: Final = (
    "@id",
    "@name",
    "@messageType",
    "@sendConfirmation",
    "@subScenario-id",
    "@unsubScenario-id",
)


def find_service(world: World, name: str) -> Row:
    """Return a service by its internal name.  Raises Impossible."""
    row = Table(world, "nms:service").first(_SERVICE, {"@name": name})
    if row is None:
        raise Impossible(f"There is no service '{name}'.")
    return row


def save_recipient(
    world: World, document: etree._Element, author: Operator, *, create: bool
) -> int | None:
    """Update the profile that a document's ``_key`` finds and return its id.

    Who is unknown is made with ``create``, else left alone: None.
    """
    document.set("xtkschema", RECIPIENT)
    known = _look_up(world, document, author)
    if known is None and not create:
        return None
    if not world.schema(RECIPIENT).staged:
        (written,) = write_documents(world, [document], author)
        return int(written.key[0])
    staged = deepcopy(document)
    staged.set("xtkschema", f"{RECIPIENT}{STAGING}")
    if known is None:
        given = ingest(world, [staged], author)
        return int(given[0] if given else str(staged.get("id")))
    if _says_more(document):
        staged.attrib.pop("_key", "")
        staged.set("id", str(known))
        staged.set("_operation", "update")
        ingest_ext(world, [staged], author)
    return known


def subscribe(
    world: World, service: Row, person: int, author: Operator, when: float
) -> None:
    """Subscribe a recipient; who is subscribed already stays so, without a trace."""
    key = {"@service-id": service["@id"], "@recipient-id": person}
    if _is_staged(world, key):
        return
    if _is_stored(world, key) and _last_action(world, key) != _UNSUBSCRIBED:
        return
    values = {**key, "@created": moment(when).isoformat() + "Z"}
    _save(world, values, "insertOrUpdate", author)
    _remember(world, key, _SUBSCRIBED, when)
    _confirm(world, service, person, int(service["@subScenario-id"]), when)


def unsubscribe(
    world: World, service: Row, person: int, author: Operator, when: float
) -> None:
    """End a subscription; who is not subscribed stays so, without a trace."""
    key = {"@service-id": service["@id"], "@recipient-id": person}
    stored = _is_stored(world, key) and _last_action(world, key) != _UNSUBSCRIBED
    if not stored and not _is_staged(world, key):
        return
    _save(world, key, "delete", author)
    _remember(world, key, _UNSUBSCRIBED, when)
    _confirm(world, service, person, int(service["@unsubScenario-id"]), when)


def _look_up(world: World, document: etree._Element, author: Operator) -> int | None:
    """Return the recipient's id, in the cloud or still in staging."""
    question = deepcopy(document)
    question.set("_operation", "none")
    twin = f"{RECIPIENT}{STAGING}"
    for into in (None, twin) if world.schema(RECIPIENT).staged else (None,):
        (found,) = write_documents(world, [question], author, into=into)
        if found.key:
            return int(found.key[0])
    return None


def _says_more(document: etree._Element) -> bool:
    """Tell whether a document holds anything besides the key it is found by."""
    keys = {
        part.strip().strip("[]").removeprefix("@")
        for part in (document.get("_key") or "@id").split(",")
    }
    said = {str(name) for name in document.attrib} - _INSTRUCTIONS - keys
    return bool(said) or any(isinstance(e.tag, str) for e in document)


def _save(world: World, values: Row, operation: str, author: Operator) -> None:
    staged = world.schema(SCHEMA).staged
    document = etree.Element("subscription")
    for path, value in values.items():
        document.set(path.removeprefix("@"), str(value))
    document.set("xtkschema", f"{SCHEMA}{STAGING}" if staged else SCHEMA)
    document.set("_operation", operation)
    if staged:
        ingest_ext(world, [document], author)
    else:
        write_documents(world, [document], author)


def _is_stored(world: World, key: dict[str, Any]) -> bool:
    return Table(world, SCHEMA).first(["@service-id"], key) is not None


def _is_staged(world: World, key: dict[str, Any]) -> bool:
    if not world.schema(SCHEMA).staged:
        return False
    twin = Table(world, f"{SCHEMA}{STAGING}")
    return twin.first(["@service-id"], key) is not None


def _last_action(world: World, key: dict[str, Any]) -> int | None:
    """Return what the history says happened last: the cloud may not know it yet."""
    table = Table(world, HISTORY)
    rows = table.read(["@id", "@action"], key, "ORDER BY 1 DESC LIMIT 1").to_pylist()
    return int(rows[0]["@action"]) if rows else None


def _remember(world: World, key: Row, action: int, when: float) -> None:
    table = Table(world, HISTORY)
    (number,) = table.number()
    event = {"@id": number, "@action": action, "@date": moment(when)}
    table.insert({**key, **event})


def _confirm(
    world: World, service: Row, person: int, scenario: int, when: float
) -> None:
    """Send the service's message, if it has one; its log names the scenario."""
    channel = CHANNELS.get(service["@messageType"])
    if not service["@sendConfirmation"] or not scenario or channel is None:
        return
    if not channel.address.startswith("@"):
        return  # a letter: its address is no single field
    found = Table(world, RECIPIENT).first([channel.address], {"@id": person})
    address = found[channel.address] if found else None
    if not address:
        return
    draw = Draw(world.stamp.seed, "confirmation", scenario, person, int(when * 1000))
    sent = {"@status": counts.SENT, "@attempts": 1, "@eventDate": moment(when)}
    Table(world, counts.BROAD_LOG).insert(
        {
            **sent,
            "@id": draw.uuids(1),
            "@address": address,
            "@lastModified": moment(when),
            "@delivery-id": scenario,
            "@recipient-id": person,
        }
    )
