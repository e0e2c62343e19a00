"""From SOAPAction to a service: the coverage table, and every way to miss it.

A URN names a schema (``xtk:queryDef``), an interface (``xtk:persist``) or an interface
of a schema (``xtk:persist|nms:delivery``), protocol.md §4.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from ..schemas.model import Method, Parameter, Schema
from .envelope import document_of, element_text
from .faults import Fault, method_failed
from .instance import Argument, Instance, Service
from .services import (
    builder,
    counter,
    delivery,
    fileres,
    ingest,
    job,
    persist,
    querydef,
    rtevent,
    session,
    subscription,
    workflow,
    writing,
)

Provenance = Literal["documented", "observed", "assumed"]
"""Adobe's pages; a client's source or a live server; nobody, so a choice."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One emulated method and where its behaviour comes from."""

    service: Service
    provenance: Provenance
    anonymous: bool = False


COVERAGE: dict[tuple[str, str], Coverage] = {
    ("xtk:session", "Logon"): Coverage(session.logon, "documented", anonymous=True),
    ("xtk:session", "BearerTokenLogon"): Coverage(
        session.bearer_token_logon, "documented", anonymous=True
    ),
    ("xtk:session", "Logoff"): Coverage(session.logoff, "documented"),
    ("xtk:session", "TestCnx"): Coverage(session.test_cnx, "documented"),
    ("xtk:session", "GetServerTime"): Coverage(
        session.get_server_time, "observed", anonymous=True
    ),
    ("xtk:session", "GetUserInfo"): Coverage(session.get_user_info, "observed"),
    ("xtk:session", "GetOption"): Coverage(session.get_option, "documented"),
    ("xtk:session", "GetNewIdsEx"): Coverage(writing.get_new_ids, "observed"),
    ("xtk:session", "GetModifiedEntities"): Coverage(
        writing.get_modified_entities, "observed"
    ),
    ("xtk:persist", "GetEntityIfMoreRecent"): Coverage(
        persist.get_entity_if_more_recent, "observed"
    ),
    ("xtk:persist", "Write"): Coverage(writing.write, "documented"),
    ("xtk:persist", "WriteCollection"): Coverage(
        writing.write_collection, "documented"
    ),
    ("xtk:persist", "DeleteCollection"): Coverage(
        writing.delete_collection, "observed"
    ),
    ("xtk:persist", "NewInstance"): Coverage(writing.new_instance, "observed"),
    ("xtk:persist", "Duplicate"): Coverage(writing.duplicate, "observed"),
    ("xtk:persist", "Ingest"): Coverage(ingest.ingest_documents, "documented"),
    ("xtk:persist", "IngestExt"): Coverage(ingest.ingest_changes, "documented"),
    ("nms:replicationStrategy", "StartReplicateStagingData"): Coverage(
        ingest.start_replicate_staging_data, "documented"
    ),
    ("xtk:queryDef", "ExecuteQuery"): Coverage(querydef.execute_query, "documented"),
    ("xtk:queryDef", "SelectAll"): Coverage(querydef.select_all, "observed"),
    ("xtk:queryDef", "BuildQuery"): Coverage(querydef.build_query, "assumed"),
    ("nms:subscription", "Subscribe"): Coverage(subscription.subscribe, "documented"),
    ("nms:subscription", "Unsubscribe"): Coverage(
        subscription.unsubscribe, "documented"
    ),
    ("nms:delivery", "SubmitDelivery"): Coverage(
        delivery.submit_delivery, "documented"
    ),
    ("nms:delivery", "CreateFromModel"): Coverage(
        delivery.create_from_model, "observed"
    ),
    ("nms:delivery", "Prepare"): Coverage(delivery.run, "observed"),
    ("nms:delivery", "PrepareProof"): Coverage(delivery.run, "observed"),
    ("nms:delivery", "PrepareAndStart"): Coverage(delivery.run, "assumed"),
    ("nms:delivery", "Start"): Coverage(delivery.run, "assumed"),
    ("nms:delivery", "Pause"): Coverage(delivery.run, "assumed"),
    ("nms:delivery", "Stop"): Coverage(delivery.run, "assumed"),
    ("xtk:workflow", "Start"): Coverage(workflow.start, "observed"),
    ("xtk:workflow", "StartWithParameters"): Coverage(
        workflow.start_with_parameters, "observed"
    ),
    ("xtk:workflow", "SimulateWithParameters"): Coverage(
        workflow.simulate_with_parameters, "observed"
    ),
    ("xtk:workflow", "SpawnWithParameters"): Coverage(
        workflow.spawn_with_parameters, "observed"
    ),
    ("xtk:workflow", "SpawnWithParametersEx"): Coverage(
        workflow.spawn_with_parameters_ex, "observed"
    ),
    ("xtk:workflow", "Pause"): Coverage(workflow.pause, "assumed"),
    ("xtk:workflow", "Stop"): Coverage(workflow.stop, "observed"),
    ("xtk:workflow", "Restart"): Coverage(workflow.restart, "assumed"),
    ("xtk:workflow", "Kill"): Coverage(workflow.kill, "assumed"),
    ("xtk:workflow", "Wakeup"): Coverage(workflow.wakeup, "assumed"),
    ("xtk:workflow", "PostEvent"): Coverage(workflow.post_event, "documented"),
    ("xtk:jobInterface", "Execute"): Coverage(job.execute, "observed"),
    ("xtk:jobInterface", "Submit"): Coverage(job.submit, "observed"),
    ("xtk:jobInterface", "SubmitSoapCall"): Coverage(job.submit_soap_call, "observed"),
    ("xtk:jobInterface", "GetStatus"): Coverage(job.get_status, "observed"),
    ("xtk:jobInterface", "GetResult"): Coverage(job.get_result, "observed"),
    ("xtk:jobInterface", "HasWarning"): Coverage(job.has_warning, "observed"),
    ("xtk:jobInterface", "Cancel"): Coverage(job.cancel, "observed"),
    ("xtk:jobInterface", "Pause"): Coverage(job.pause, "observed"),
    ("xtk:jobInterface", "WaitJobCancelled"): Coverage(
        job.wait_job_cancelled, "assumed"
    ),
    ("nms:rtEvent", "PushEvent"): Coverage(rtevent.push_event, "documented"),
    ("nms:rtEvent", "PushEvents"): Coverage(rtevent.push_events, "documented"),
    ("xtk:counter", "IncreaseValue"): Coverage(counter.increase_value, "observed"),
    ("xtk:fileRes", "PublishIfNeeded"): Coverage(fileres.publish_if_needed, "observed"),
    ("xtk:fileRes", "GetURL"): Coverage(fileres.get_url, "observed"),
    ("xtk:builder", "CopyXxlData"): Coverage(ingest.copy_xxl_data, "documented"),
    ("xtk:builder", "InstallPackage"): Coverage(builder.install_package, "observed"),
}
"""What the sandbox runs.  Keys: the schema or interface that declares the method."""


_BY_SCHEMA = frozenset({"Ingest", "IngestExt"})
"""Methods of an interface that Adobe's pages call by the schema that lends it."""

_FOR_ANY = frozenset({"xtk:jobInterface"})
"""Interfaces called for entities whose schema does not implement them (§8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method that exists: where it is declared, and on what schema it acts."""

    urn: str
    schema: str
    method: Method
    owner: str

    @property
    def coverage(self) -> Coverage | None:
        """The service, None when the sandbox does not emulate the method."""
        return COVERAGE.get((self.owner, self.method.name))


def is_anonymous(action: tuple[str, str]) -> bool:
    """Return whether the call needs no session; unknown methods need one."""
    urn, method = action
    entry = COVERAGE.get((urn.partition("|")[0], method))
    return entry is not None and entry.anonymous


def read_action(header: str) -> tuple[str, str] | None:
    """Split ``"xtk:queryDef#ExecuteQuery"``, quoted or not; None when it is neither."""
    urn, mark, method = header.strip().strip('"').strip().rpartition("#")
    return (urn.removeprefix("urn:"), method) if mark and urn and method else None


def aimed(
    instance: Instance, action: tuple[str, str], body_urn: str
) -> tuple[str, str]:
    """Add the schema to a bare interface, when the body names one that implements it.

    Toolkits do so: the WSDL of nms:delivery has methods with the SOAPAction
    ``xtk:persist#…`` and bodies in ``urn:nms:delivery`` (protocol.md §9).
    """
    urn, name = action
    schema = None if body_urn == urn else _schema(instance, body_urn)
    if schema is None or "|" in urn or schema.implements != urn:
        return action
    return f"{urn}|{schema.id}", name


def find_route(instance: Instance, action: tuple[str, str]) -> Route:
    """Find the method in the schemas.

    Raises Fault: SOP-330006 when no schema declares it, SOP-330024 when it is declared
    by an interface that the URN does not name.
    """
    urn, name = action
    left, _, right = urn.partition("|")
    schema = _schema(instance, left)
    if schema is not None and not right:
        return _own_method(instance, schema, urn, name)
    declaring, methods = _interface(instance, left)
    target = _schema(instance, right) if right else declaring
    method = _named(methods, name)
    lent = right and left not in _FOR_ANY
    if target is None or method is None or (lent and target.implements != left):
        raise _not_defined(urn, name)
    return Route(urn=urn, schema=target.id, method=method, owner=left)


def not_emulated(route: Route) -> Fault:
    """Return the fault of a method that Campaign has and the sandbox does not run."""
    return method_failed(
        route.urn,
        route.method.name,
        f"SBX-100001 The sandbox does not emulate '{route.owner}#{route.method.name}'.",
    )


def bind(
    route: Route, parts: Sequence[etree._Element]
) -> tuple[etree._Element | None, tuple[Argument, ...]]:
    """Read the object and the inputs by their position, whatever they are called.

    The first part is the session token, the second the object unless the method is
    static (protocol.md §2.1).  What is missing at the end is empty [assumed].
    Raises Fault.
    """
    first = 1 if route.method.static else 2
    inputs = route.method.inputs
    if len(parts) > first + len(inputs):
        raise Fault(
            "SOP-330003",
            f"Too many arguments for the method '{route.method.name}' of service "
            f"'{route.urn}'.",
        )
    entity = document_of(parts[1]) if first == 2 and len(parts) > 1 else None
    given = [*parts[first:], *[None] * len(inputs)]
    args = tuple(_argument(route, p, e) for p, e in zip(inputs, given, strict=False))
    return entity, args


def _argument(
    route: Route, parameter: Parameter, element: etree._Element | None
) -> Argument:
    if parameter.type in ("DOMElement", "DOMDocument"):
        return document_of(element)
    content = element_text(element)
    if parameter.type == "boolean":
        return content.strip().lower() in ("true", "1")
    if parameter.type in ("byte", "short", "long", "int", "int64"):
        return _whole_number(route, parameter, content.strip())
    return content


def _whole_number(route: Route, parameter: Parameter, content: str) -> int:
    try:
        # The longest int64 has 20 characters; longer text is refused unread.
        return int(content[:21]) if content else 0
    except ValueError:
        raise method_failed(
            route.urn,
            route.method.name,
            f"The parameter '{parameter.name}' is not a whole number.",
        ) from None


def _own_method(instance: Instance, schema: Schema, urn: str, name: str) -> Route:
    method = _named(schema.methods, name)
    if method is not None:
        return Route(urn=urn, schema=schema.id, method=method, owner=urn)
    taken_over = _interface(instance, schema.implements or "")[1]
    for interface, methods in schema.interfaces.items() if name in _BY_SCHEMA else ():
        if (shared := _named(methods, name)) is not None:
            return Route(urn=urn, schema=schema.id, method=shared, owner=interface)
    lent = [m for methods in schema.interfaces.values() for m in methods]
    if _named((*lent, *taken_over), name) is None:
        raise _not_defined(urn, name)
    raise Fault(
        "SOP-330024",
        f"The function library is not given for the method '{name}' of "
        f"service '{urn}'.",
    )


def _interface(
    instance: Instance, urn: str
) -> tuple[Schema | None, tuple[Method, ...]]:
    """Find the schema that declares an interface, and the interface's methods."""
    namespace = f"{urn.partition(':')[0]}:"
    for schema_id in instance.world.schema_ids():
        if schema_id.startswith(namespace):
            schema = instance.world.schema(schema_id)
            if urn in schema.interfaces:
                return schema, schema.interfaces[urn]
    return None, ()


def _named(methods: Iterable[Method], name: str) -> Method | None:
    return next((m for m in methods if m.name == name), None)


def _schema(instance: Instance, schema_id: str) -> Schema | None:
    """Return a schema or None, without the search for a name like it."""
    world = instance.world
    return world.schema(schema_id) if schema_id in world.schema_ids() else None


def _not_defined(urn: str, name: str) -> Fault:
    return Fault(
        "SOP-330006", f"The method '{name}' is not defined in SOAP service '{urn}'."
    )
