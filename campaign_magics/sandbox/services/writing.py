"""The interface xtk:persist, and what writers ask of xtk:session (protocol.md §6, §7).

Guaranteed: a call that is acknowledged is in both databases, kill -9 or not, when the
world keeps a folder; a call that faults changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from lxml import etree

from ..auth import Operator, expired
from ..faults import Fault, method_failed
from ..instance import Call, Reply
from ..persist.causes import NotSaved
from ..persist.changes import modified_entities
from ..persist.instances import duplicate as copy_of
from ..persist.instances import new_instance as filled_in
from ..persist.purge import delete_where
from ..persist.save import collection_of, write_documents
from .rights import check_write

_MOST_IDS = 1_000_000

_Service = Callable[[Call], Reply]


def _explained(service: _Service) -> _Service:
    """Give a cause the documented wrapping; the service is named by its interface."""

    @wraps(service)
    def explained(call: Call) -> Reply:
        urn = call.urn.partition("|")[0]
        try:
            return service(call)
        except NotSaved as exc:
            raise method_failed(urn, call.method.name, str(exc)) from exc
        except Fault as exc:
            if exc.code == "SOP-330011":
                raise
            cause = f"{exc.code} {exc.text} {exc.detail}".strip()
            raise method_failed(urn, call.method.name, cause) from exc

    return explained


@_explained
def write(call: Call) -> Reply:
    """Insert, update or delete one entity and what it holds."""
    check_write(call)
    write_documents(call.instance.world, [_document(call)], _author(call))
    return Reply()


@_explained
def write_collection(call: Call) -> Reply:
    """Write many entities of one schema: all of them, or none."""
    check_write(call)
    documents = collection_of(_document(call))
    write_documents(call.instance.world, documents, _author(call))
    return Reply()


@_explained
def delete_collection(call: Call) -> Reply:
    """Delete the entities that a condition selects."""
    check_write(call)
    where = call.args[1] if isinstance(call.args[1], etree._Element) else None
    world = call.instance.world
    delete_where(world, call.text(0), where, ignore_delete_status=call.flag(2))
    return Reply()


@_explained
def new_instance(call: Call) -> Reply:
    """Return the entity with its defaults and its future id."""
    document = call.entity
    if document is None:
        document = etree.Element(call.schema.partition(":")[2])
    world = call.instance.world
    return Reply(entity=filled_in(world, document, call.schema, _author(call)))


@_explained
def duplicate(call: Call) -> Reply:
    """Return an unsaved copy of the entity that a key names."""
    world = call.instance.world
    return Reply(entity=copy_of(world, call.text(0), _author(call)))


@_explained
def get_new_ids(call: Call) -> Reply:
    """Reserve ids of a sequence; they come separated by commas [assumed].

    A sequence that no schema uses gives numbers of XtkNewId, so that they are free in
    every table [assumed].
    """
    count = call.args[0] if isinstance(call.args[0], int) else 0
    if not 0 < count <= _MOST_IDS:
        raise NotSaved(f"The count of ids is between 1 and {_MOST_IDS}.")
    world = call.instance.world
    known = {world.schema(name).sequence for name in world.schema_ids()}
    sequence = call.text(1) if call.text(1) in known else "XtkNewId"
    ids = world.sequences.take(sequence, count)
    return Reply(outputs=(",".join(map(str, ids)),))


@_explained
def get_modified_entities(call: Call) -> Reply:
    """Return the schemas that changed since the caller last asked."""
    asked = call.args[0] if isinstance(call.args[0], etree._Element) else None
    return Reply(outputs=(modified_entities(call.instance.world, asked),))


def _document(call: Call) -> etree._Element:
    document = call.args[0]
    if not isinstance(document, etree._Element):
        raise NotSaved("The document to write is missing.")
    return document


def _author(call: Call) -> Operator:
    if call.session is None:
        raise expired()
    return call.session.operator
