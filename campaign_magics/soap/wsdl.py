"""A WSDL made in memory from a schema's methods: zeep needs no download.

The shape is the one ``schemawsdl.jsp`` serves (protocol.md §9): document/literal,
one wrapper element per method, ``sessiontoken`` first, then ``entity`` for a method
that is not static, then the inputs in their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from lxml import etree

from ..schemas.model import Method, Parameter

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
XSD = "http://www.w3.org/2001/XMLSchema"
HTTP = "http://schemas.xmlsoap.org/soap/http"

DOM_TYPES = frozenset({"DOMElement", "DOMDocument"})
XSD_TYPES = {
    "boolean": "s:boolean",
    "byte": "s:byte",
    "short": "s:short",
    "int": "s:int",
    "long": "s:int",
    "int64": "s:long",
    "float": "s:double",
    "double": "s:double",
}
"""Declared type to XSD type (protocol.md §2.1); the rest travels as a string."""


def namespace_of(urn: str) -> str:
    """Return the XML namespace of a service: ``urn:`` and the part before ``|``.

    ``xtk:persist|nms:delivery`` names an interface and the schema it is called on;
    a bar is no legal character of a namespace and servers take the bare left side
    (protocol.md §4.4).
    """
    return f"urn:{urn.partition('|')[0]}"


def build_wsdl(urn: str, methods: Iterable[Method], address: str) -> bytes:
    """Describe the methods of one service as a WSDL 1.1 document.

    ``urn`` is what SOAPAction names before ``#``; ``address`` the SOAP router.
    """
    methods = tuple(methods)
    port = f"{urn.partition('|')[0].rpartition(':')[2]}MethodsSoap"
    nsmap = {None: WSDL, "s": XSD, "soap": SOAP, "tns": namespace_of(urn)}
    root = etree.Element(
        f"{{{WSDL}}}definitions",
        {"targetNamespace": namespace_of(urn)},
        nsmap=cast("dict[str, str]", nsmap),
    )
    root.append(_types(namespace_of(urn), methods))
    for method in methods:
        root.append(_message(f"{method.name}In", method.name))
        root.append(_message(f"{method.name}Out", f"{method.name}Response"))
    root.append(_node(WSDL, "portType", *map(_port_operation, methods), name=port))
    root.append(
        _node(
            WSDL,
            "binding",
            _node(SOAP, "binding", style="document", transport=HTTP),
            *map(_binding_operation, methods),
            name=port,
            type=f"tns:{port}",
        )
    )
    where = _node(SOAP, "address", location=address)
    access = _node(WSDL, "port", where, name=port, binding=f"tns:{port}")
    root.append(_node(WSDL, "service", access, name=_service_name(urn)))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _node(
    namespace: str, tag: str, *children: etree._Element, **attributes: str
) -> etree._Element:
    element = etree.Element(f"{{{namespace}}}{tag}", attributes)
    element.extend(children)
    return element


def _service_name(urn: str) -> str:
    """``xtk:queryDef`` is served as ``XtkQueryDef``."""
    parts = urn.partition("|")[0].split(":")
    return "".join(part[:1].upper() + part[1:] for part in parts)


def _types(namespace: str, methods: tuple[Method, ...]) -> etree._Element:
    schema = _node(
        XSD, "schema", elementFormDefault="qualified", targetNamespace=namespace
    )
    for method in methods:
        fields = [_node(XSD, "element", name="sessiontoken", type="s:string")]
        if not method.static:
            fields.append(_document("entity"))
        fields.extend(map(_parameter, method.inputs))
        schema.append(_wrapper(method.name, fields))
        outputs = [_parameter(p) for p in method.outputs]
        schema.append(_wrapper(f"{method.name}Response", outputs))
    return _node(WSDL, "types", schema)


def _wrapper(name: str, fields: list[etree._Element]) -> etree._Element:
    content = _node(XSD, "complexType", _node(XSD, "sequence", *fields))
    return _node(XSD, "element", content, name=name)


def _parameter(parameter: Parameter) -> etree._Element:
    if parameter.type in DOM_TYPES:
        return _document(parameter.name)
    kind = XSD_TYPES.get(parameter.type, "s:string")
    return _node(XSD, "element", name=parameter.name, type=kind)


def _document(name: str) -> etree._Element:
    """Describe an element that holds any one element, or none."""
    content = _node(XSD, "any", processContents="skip", minOccurs="0")
    holder = _node(XSD, "complexType", _node(XSD, "sequence", content), mixed="true")
    return _node(XSD, "element", holder, name=name)


def _message(name: str, element: str) -> etree._Element:
    part = _node(WSDL, "part", element=f"tns:{element}", name="parameters")
    return _node(WSDL, "message", part, name=name)


def _port_operation(method: Method) -> etree._Element:
    return _node(
        WSDL,
        "operation",
        _node(WSDL, "input", message=f"tns:{method.name}In"),
        _node(WSDL, "output", message=f"tns:{method.name}Out"),
        name=method.name,
    )


def _binding_operation(method: Method) -> etree._Element:
    action = f"{method.urn}#{method.name}"
    return _node(
        WSDL,
        "operation",
        _node(SOAP, "operation", soapAction=action, style="document"),
        _node(WSDL, "input", _node(SOAP, "body", use="literal")),
        _node(WSDL, "output", _node(SOAP, "body", use="literal")),
        name=method.name,
    )
