"""Staging and replication of v8 Enterprise, by method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from ...schemas.compiler import STAGING
from ...xtk.xml import children, local_name
from ..faults import method_failed
from ..instance import Call, Reply
from ..persist.causes import NotSaved
from ..persist.save import collection_of
from ..staging.ingest import ingest, ingest_ext
from ..staging.workflows import run_staging
from .business import author
from .rights import check_write


def ingest_documents(call: Call) -> Reply:
    """Stage new records; return the UUIDs given, empty when documents hold theirs.

    A collection is taken as well, its UUIDs by comma [assumed].
    """
    check_write(call)
    with _refusals(call):
        given = ingest(call.instance.world, _documents(call), author(call))
    return Reply(outputs=(",".join(given),))


def ingest_changes(call: Call) -> Reply:
    """Stage insertions, updates and deletions."""
    check_write(call)
    with _refusals(call):
        ingest_ext(call.instance.world, _documents(call), author(call))
    return Reply()


def start_replicate_staging_data(call: Call) -> Reply:
    """Send one schema's staged records to the cloud now.

    Adobe's page names the schema (``dem:sampleTable``), its help the staging one.
    """
    check_write(call)
    world = call.instance.world
    with _refusals(call):
        schema = world.schema(call.text(0).strip().removesuffix(STAGING))
        if not schema.staged:
            cause = f"The staging mechanism is not enabled on '{schema.id}' (autoStg)."
            raise NotSaved(cause)
        outcome = run_staging(world, [schema.id])
        if outcome.errors:
            raise NotSaved(outcome.errors[0])
    return Reply()


def copy_xxl_data(call: Call) -> Reply:
    """Copy the reference tables named to the cloud now; tell the records [assumed].

    Adobe's page: ``<params dataSource="nms:extAccount:ffda" policy="xs"><srcSchema
    name="cus:recipient"/></params>``.
    """
    check_write(call)
    world = call.instance.world
    with _refusals(call):
        root = call.args[0]
        found = children(root, "srcSchema") if isinstance(root, etree._Element) else ()
        names = [world.schema(element.get("name") or "").id for element in found]
        if not names:
            raise NotSaved("No schema is named: <params> holds <srcSchema name=…/>.")
        copied = world.databases.replicate(names)
        for name in names:
            if name not in copied:
                raise NotSaved(f"'{name}' is no reference table of the Cloud database.")
    result = etree.Element("result")
    for name, count in copied.items():
        etree.SubElement(result, "srcSchema", name=name, count=str(count))
    return Reply(outputs=(etree.tostring(result),))


def _documents(call: Call) -> list[etree._Element]:
    root = call.args[0]
    if not isinstance(root, etree._Element):
        raise NotSaved("The document to ingest is missing.")
    return collection_of(root) if local_name(root).endswith("-collection") else [root]


@contextmanager
def _refusals(call: Call) -> Iterator[None]:
    try:
        yield
    except NotSaved as exc:
        raise method_failed(call.urn, call.method.name, str(exc)) from exc
