"""Python values to a method's parameters and back, by the declared types.

The types are those a method may declare (protocol.md §2.1); an output of any other
type stays text.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from ..errors import BadAnswer, InvalidValue
from ..schemas.model import Method, Parameter
from ..secret import Secret, Veiled
from ..xtk.text import from_text, to_text
from ..xtk.types import STRING, TYPES, Kind
from ..xtk.xml import children
from .documents import to_element, without_namespaces
from .methods import action_of
from .wsdl import DOM_TYPES

WireValue = str | etree._Element | None

_EMPTY = {Kind.INTEGER: "0", Kind.NUMBER: "0", Kind.BOOLEAN: "false"}
"""What a null is sent as, where empty text is none (protocol.md §2.1)."""


def to_wire(method: Method, args: Sequence[object]) -> list[WireValue]:
    """Return one text or element for each input of ``method``.

    Raises InvalidValue when the number or the type of an argument does not fit.
    """
    inputs = method.inputs
    if len(args) != len(inputs):
        wanted = "1 argument" if len(inputs) == 1 else f"{len(inputs)} arguments"
        raise InvalidValue(
            f"{action_of(method)} takes {wanted}, {len(args)} given.",
            hint=f"call it as {signature(method)}",
        )
    return [_to_wire(p, value) for p, value in zip(inputs, args, strict=True)]


def from_wire(method: Method, outputs: Sequence[etree._Element]) -> tuple[object, ...]:
    """Return the outputs as Python values, read by position (protocol.md §2.2).

    A DOM output becomes an element without namespaces, or None when it is empty.
    """
    declared = method.outputs
    if len(outputs) < len(declared):
        raise BadAnswer(
            f"{action_of(method)} declares {len(declared)} outputs, "
            f"{len(outputs)} came.",
            hint="refresh the schema on disk (%campaign_schema --refresh)",
        )
    return tuple(_from_wire(p, e) for p, e in zip(declared, outputs, strict=False))


def signature(method: Method) -> str:
    """Return ``Subscribe(serviceName: string, create: boolean) -> value: string``."""
    inputs = ", ".join(f"{p.name}: {p.type}" for p in method.inputs)
    outputs = ", ".join(f"{p.name}: {p.type}" for p in method.outputs)
    return f"{method.name}({inputs})" + (f" -> {outputs}" if outputs else "")


def _to_wire(parameter: Parameter, value: object) -> WireValue:
    if isinstance(value, Secret):
        return Veiled(value.reveal())
    if parameter.type in DOM_TYPES:
        return to_element(value, name=parameter.name)
    kind = TYPES.get(parameter.type, STRING)
    try:
        text = to_text(kind, value)
    except InvalidValue as error:
        raise InvalidValue(
            f"{parameter.name}: {error.message}", hint=error.hint
        ) from error
    return text or _EMPTY.get(kind.kind, "")


def _from_wire(parameter: Parameter, element: etree._Element) -> object:
    if parameter.type in DOM_TYPES or parameter.type not in TYPES:
        inner = next(children(element), None)
        if inner is not None:
            return without_namespaces(inner)
        return None if parameter.type in DOM_TYPES else element.text or ""
    try:
        return from_text(TYPES[parameter.type], element.text or "")
    except InvalidValue as error:
        raise BadAnswer(
            f"{parameter.name}: the server's value is no {parameter.type}.",
            hint="refresh the schema on disk (%campaign_schema --refresh)",
        ) from error
