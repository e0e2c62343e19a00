"""Source schemas to compiled schemas, as the server does it (protocol.md §4.2).

A compiled schema stays valid Campaign XML: what compilation works out is written
into the document (SQL names, keys, foreign keys, indexes, reverse links).  Compiling
a compiled schema therefore changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from lxml import etree

from ..xtk.names import did_you_mean
from ..xtk.types import STRING, TYPES, Kind
from .checks import check_document
from .errors import SchemaError
from .expand import expand
from .keys import (
    add_primary_key,
    complete_keys,
    complete_links,
    internal_key,
    links_of,
)
from .merge import extend
from .references import check_references
from .reverse import NO_REVERSE, add_reverse_links
from .source import (
    Library,
    child,
    children,
    drop,
    find_path,
    flag,
    main_element,
    md5_of,
    read_document,
    schema_id,
)
from .sqlnames import add_sql_names

STAGING = "Stg"
"""What the name of a staging schema adds (Adobe v8, "API staging mechanism")."""


def compile_schemas(
    sources: Iterable[etree._Element | bytes | str], *, staging_twins: bool = False
) -> dict[str, etree._Element]:
    """Compile source schemas and extensions; return ``{"nms:recipient": <schema>}``.

    All schemas that refer to each other are given together, in any order; already
    compiled ones are accepted and come back unchanged.  The root's ``md5`` changes
    when, and only when, the compiled schema does.  With ``staging_twins``, each
    ``autoStg`` schema also yields its local twin (``nms:recipientStg``).

    Raises ``SchemaError`` for a document that cannot be read or contradicts itself
    or the others; nothing is compiled then.
    """
    library = _gather([read_document(source) for source in sources])
    documents = dict(library.documents)
    for name, document in documents.items():
        if name not in library.complete or name in library.extended:
            expand(document, library)
            check_document(document)
        add_primary_key(document)
    sql = [d for d in documents.values() if d.get("mappingType", "sql") == "sql"]
    for step in (complete_links, complete_keys, add_reverse_links):
        for document in sql:
            step(document, library)
    for document in documents.values():
        add_sql_names(document)
        _add_compute_string(document)
        check_references(document, library)
    if staging_twins:
        twins = [staging_twin(d) for d in sql if _is_staged(d)]
        documents |= {schema_id(t): t for t in twins if schema_id(t) not in documents}
    for document in documents.values():
        document.set("md5", md5_of(document))
    return documents


def staging_twin(compiled: etree._Element) -> etree._Element:
    """Return the local staging schema of a compiled cloud schema.

    It has the columns and links of the original, no reverse links, no unique index,
    and says whose twin it is: ``belongsTo`` on its main element.
    """
    twin = deepcopy(compiled)
    main = main_element(twin)
    original = schema_id(compiled)
    name = f"{compiled.get('name')}{STAGING}"
    twin.set("name", name)
    twin.set("label", f"{compiled.get('label') or original} (staging)")
    for item in [*children(twin, "methods"), *children(twin, "interface")]:
        twin.remove(item)
    if main is None:
        return twin
    main.set("name", name)
    main.set("sqltable", f"{main.get('sqltable')}{STAGING}")
    main.set("belongsTo", original)
    drop(main, "dataSource", "autoStg")
    for link in list(links_of(main)):
        parent = link.getparent()
        if flag(link, "unbound") and parent is not None:
            parent.remove(link)
        else:
            link.set("revLink", NO_REVERSE)
    for index in children(main, "dbindex"):
        drop(index, "unique")
    for key in children(main, "key"):
        # Several rows of the staging table may wait for one record.
        key.set("noDbIndex", "true")
    twin.set("md5", md5_of(twin))
    return twin


def _gather(parts: list[etree._Element]) -> Library:
    """Return one document per schema, extensions merged in, in the order given."""
    documents: dict[str, etree._Element] = {}
    extensions: list[etree._Element] = []
    complete = {schema_id(part) for part in parts if part.tag == "schema"}
    for part in parts:
        if part.tag == "srcSchema" and part.get("extendedSchema"):
            check_document(part)
            extensions.append(part)
        elif schema_id(part) in documents:
            raise SchemaError(
                f"the schema {schema_id(part)} is given twice",
                hint='an extension says so: extendedSchema="namespace:name"',
            )
        else:
            if part.tag == "srcSchema":
                check_document(part)
            documents[schema_id(part)] = _as_schema(part)
    for extension in extensions:
        base = extension.get("extendedSchema") or ""
        if base not in documents:
            raise SchemaError(
                f"the schema {base!r} to extend does not exist",
                where=schema_id(extension),
                hint=did_you_mean(base, documents) or "add it as well",
            )
        extend(documents[base], extension)
    extended = {part.get("extendedSchema") or "" for part in extensions}
    return Library(documents, frozenset(complete), frozenset(extended))


def _as_schema(document: etree._Element) -> etree._Element:
    document.tag = "schema"
    drop(document, "extendedSchema")
    document.set("xtkschema", "xtk:schema")
    document.set("entitySchema", "xtk:schema")
    if document.get("mappingType") is None:
        document.set("mappingType", "sql")
    return document


def _add_compute_string(document: etree._Element) -> None:
    """Describe a record by its primary key when the schema does not say how."""
    main = main_element(document)
    key = internal_key(document)
    if main is None or key is None or child(main, "compute-string") is not None:
        return
    terms = []
    for item in children(key, "keyfield"):
        path = item.get("xpath") or ""
        field = find_path(main, path)
        kind = TYPES.get(_get_type(field), STRING).kind
        term = path if path.startswith("@") and "-" not in path else f"[{path}]"
        terms.append(term if kind is Kind.STRING else f"ToString({term})")
    text = " + ',' + ".join(terms)
    main.insert(0, etree.Element("compute-string", expr=text))


def _get_type(field: etree._Element | None) -> str:
    return "string" if field is None else field.get("type") or "string"


def _is_staged(document: etree._Element) -> bool:
    main = main_element(document)
    return main is not None and flag(main, "autoStg")
