"""The WSDL of a schema's methods, in the shape Campaign documents (protocol.md §9).

Document/literal.  Inputs and outputs have their Hungarian names; a document is
``xsd:any``.  Methods of an interface that the schema implements come after its own
and keep their SOAPAction (``xtk:persist#Write``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lxml import etree

from ..schemas.model import Method, Parameter, Schema
from .envelope import input_name, output_name
from .instance import Instance

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_HTTP = "http://schemas.xmlsoap.org/soap/http"
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"

_TYPES = {
    "string": "s:string",
    "primarykey": "s:string",
    "boolean": "s:boolean",
    "byte": "s:byte",
    "short": "s:short",
    "long": "s:int",
    "int": "s:int",
    "int64": "s:long",
    "datetime": "s:dateTime",
    "date": "s:date",
}
"""Declared type → type in the WSDL; anything else is a document."""


def methods_of(instance: Instance, schema: Schema) -> tuple[Method, ...]:
    """Return a schema's own methods, then those of the interface it implements.

    A method of the same name as one before is left out: WSDL has no overloading.
    """
    world = instance.world
    taken_over = (
        world.schema(schema_id).interfaces.get(schema.implements or "", ())
        for schema_id in world.schema_ids()
    )
    found = [*schema.methods, *(method for some in taken_over for method in some)]
    return tuple({method.name: method for method in reversed(found)}.values())[::-1]


def build_wsdl(schema: Schema, methods: Sequence[Method], address: str) -> bytes:
    """Return the WSDL document; ``address`` is that of the SOAP router."""
    urn = f"urn:{schema.id}"
    names: dict[str | None, str] = {None: _WSDL, "soap": _SOAP, "s": _XSD, "tns": urn}
    root = etree.Element(f"{{{_WSDL}}}definitions", nsmap=names)  # type: ignore[arg-type]  # stubs
    root.set("targetNamespace", urn)
    _types(root, urn, methods)
    for method in methods:
        _message(root, f"{method.name}In", method.name)
        _message(root, f"{method.name}Out", f"{method.name}Response")
    port = f"{schema.name}MethodsSoap"
    _port_type(root, port, methods)
    _binding(root, port, urn, methods)
    service = f"{schema.namespace.capitalize()}{schema.name[:1].upper()}"
    _service(root, f"{service}{schema.name[1:]}", port, address)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _types(root: etree._Element, urn: str, methods: Iterable[Method]) -> None:
    types = _sub(root, _WSDL, "types")
    schema = _sub(
        types, _XSD, "schema", elementFormDefault="qualified", targetNamespace=urn
    )
    _document_type(schema)
    for method in methods:
        sequence = _message_element(schema, method.name)
        _part(sequence, "sessiontoken", "s:string")
        if not method.static:
            _part(sequence, "entity", None)
        for parameter in method.inputs:
            _part(sequence, input_name(parameter), _TYPES.get(parameter.type))
        sequence = _message_element(schema, f"{method.name}Response")
        if not (method.static or method.const):
            # The object comes back changed; the documented page shows const methods
            # only.  A method may also leave it as it is, hence minOccurs 0: assumed.
            _part(sequence, "entity", None, mixed=True, least="0")
        for parameter in method.outputs:
            _part(sequence, output_name(parameter), _type(parameter), mixed=True)


def _document_type(schema: etree._Element) -> None:
    """Define ``Element``, which the answers' ``xsi:type='ns:Element'`` names.

    The documented page does not show it, but strict toolkits (zeep) look it up:
    assumed.  It may be empty, as an answer without a document is.
    """
    element = _sub(schema, _XSD, "complexType", mixed="true", name="Element")
    _sub(_sub(element, _XSD, "sequence"), _XSD, "any", minOccurs="0")


def _type(parameter: Parameter) -> str | None:
    return _TYPES.get(parameter.type)


def _message_element(schema: etree._Element, name: str) -> etree._Element:
    element = _sub(schema, _XSD, "element", name=name)
    return _sub(_sub(element, _XSD, "complexType"), _XSD, "sequence")


def _part(
    sequence: etree._Element,
    name: str,
    kind: str | None,
    *,
    mixed: bool = False,
    least: str = "1",
) -> None:
    """Add one value; a document, which has no type of its own, is ``xsd:any``."""
    element = _sub(sequence, _XSD, "element", maxOccurs="1", minOccurs=least, name=name)
    if kind is not None:
        element.set("type", kind)
        return
    content = _sub(element, _XSD, "complexType")
    if mixed:
        content.set("mixed", "true")
    _sub(_sub(content, _XSD, "sequence"), _XSD, "any")


def _message(root: etree._Element, name: str, element: str) -> None:
    message = _sub(root, _WSDL, "message", name=name)
    _sub(message, _WSDL, "part", element=f"tns:{element}", name="parameters")


def _port_type(root: etree._Element, port: str, methods: Iterable[Method]) -> None:
    port_type = _sub(root, _WSDL, "portType", name=port)
    for method in methods:
        operation = _sub(port_type, _WSDL, "operation", name=method.name)
        if method.help:
            _sub(operation, _WSDL, "documentation").text = method.help
        _sub(operation, _WSDL, "input", message=f"tns:{method.name}In")
        _sub(operation, _WSDL, "output", message=f"tns:{method.name}Out")


def _binding(
    root: etree._Element, port: str, urn: str, methods: Iterable[Method]
) -> None:
    binding = _sub(root, _WSDL, "binding", name=port, type=f"tns:{port}")
    _sub(binding, _SOAP, "binding", style="document", transport=_HTTP)
    for method in methods:
        operation = _sub(binding, _WSDL, "operation", name=method.name)
        action = f"{method.urn}#{method.name}"
        _sub(operation, _SOAP, "operation", soapAction=action, style="document")
        for way in ("input", "output"):
            _sub(
                _sub(operation, _WSDL, way),
                _SOAP,
                "body",
                encodingStyle=_ENCODING,
                namespace=urn,
                use="literal",
            )


def _service(root: etree._Element, name: str, port: str, address: str) -> None:
    service = _sub(root, _WSDL, "service", name=name)
    place = _sub(service, _WSDL, "port", binding=f"tns:{port}", name=port)
    _sub(place, _SOAP, "address", location=address)


def _sub(
    parent: etree._Element, namespace: str, name: str, /, **attributes: str
) -> etree._Element:
    return etree.SubElement(parent, f"{{{namespace}}}{name}", attributes)
