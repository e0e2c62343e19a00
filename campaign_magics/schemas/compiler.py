"""Source schemas to compiled schemas, as the server does it (protocol.md §4.2).

A compiled schema stays valid Campaign XML: what compilation works out is written
into the document (SQL names, keys, foreign keys, indexes, reverse links).  Compiling
a compiled schema therefore changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy

from lxml import etree

from ..xtk.names import did_you_mean
from ..xtk.types import TYPES, Kind
from ..xtk.xml import child, children
from .checks import check_document
from .errors import SchemaError
from .expand import Lookup, expand
from .keys import (
    add_primary_key,
    complete_keys,
    complete_links,
    internal_key,
    links_of,
)
from .merge import extend
from .reverse import NO_REVERSE, add_reverse_links
from .source import (
    declared,
    drop,
    find_path,
    flag,
    is_link,
    lookup_in,
    main_element,
    md5_of,
    place,
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
    documents = _gather([read_document(source) for source in sources])
    lookup = lookup_in(documents)
    for document in documents.values():
        expand(document, lookup)
        check_document(document)
        add_primary_key(document)
    sql = [d for d in documents.values() if d.get("mappingType", "sql") == "sql"]
    for step in (complete_links, complete_keys, add_reverse_links):
        for document in sql:
            step(document, lookup)
    for document in documents.values():
        add_sql_names(document)
        _add_compute_string(document)
        _check_references(document, lookup)
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
    for index in list(children(main, "dbindex")):
        drop(index, "unique")
    twin.set("md5", md5_of(twin))
    return twin


def _gather(parts: list[etree._Element]) -> dict[str, etree._Element]:
    """Return one document per schema, extensions merged in, in the order given."""
    documents: dict[str, etree._Element] = {}
    extensions: list[etree._Element] = []
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
    return documents


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
        kind = TYPES[(None if field is None else field.get("type")) or "string"].kind
        term = path if path.startswith("@") and "-" not in path else f"[{path}]"
        terms.append(term if kind is Kind.STRING else f"ToString({term})")
    text = " + ',' + ".join(terms)
    main.insert(0, etree.Element("compute-string", expr=text))


def _check_references(document: etree._Element, lookup: Lookup) -> None:
    """Check enumerations, key fields and joins, which name other declarations."""
    for item in document.iter("attribute", "element"):
        if item.get("enum"):
            _check_enum(document, item, lookup)
    main = main_element(document)
    if main is None:
        return
    for tag in ("key", "dbindex"):
        for key in children(main, tag):
            for field in children(key, "keyfield"):
                path = field.get("xpath") or ""
                _check_path(document, path, document, f"the {tag} {key.get('name')!r}")
    for link in links_of(main):
        if document.get("mappingType") != "sql":
            break
        target = lookup(link.get("target") or "", place(document, link))
        for join in children(link, "join"):
            what = f"the join of {link.get('name')!r}"
            _check_path(document, join.get("xpath-src") or "", document, what)
            _check_path(document, join.get("xpath-dst") or "", target, what)


def _check_enum(document: etree._Element, item: etree._Element, lookup: Lookup) -> None:
    name = item.get("enum") or ""
    schema, _, local = name.rpartition(":")
    where = place(document, item)
    home = lookup(schema, where) if schema else document
    names = [e.get("name") or "" for e in children(home, "enumeration")]
    if local not in names:
        raise SchemaError(
            f"there is no enumeration {local!r} in {schema_id(home)}",
            where=where,
            hint=did_you_mean(local, names) or "declare it before the main element",
        )


def _check_path(
    document: etree._Element, path: str, home: etree._Element, what: str
) -> None:
    main = main_element(home)
    found = None if main is None else find_path(main, path)
    if found is not None and not is_link(found):
        return
    # A key may reach into a linked record: [folder/@name].
    if main is not None and _crosses_link(main, path):
        return
    raise SchemaError(
        f"{what} names {path!r}, which {schema_id(home)} does not have",
        where=schema_id(document),
        hint=did_you_mean(path, _paths(main)) or "name a field of the schema",
    )


def _crosses_link(main: etree._Element, path: str) -> bool:
    steps = path.split("/")
    heads = ("/".join(steps[:count]) for count in range(1, len(steps)))
    found = (find_path(main, head) for head in heads)
    return any(item is not None and is_link(item) for item in found)


def _paths(main: etree._Element | None) -> Mapping[str, None]:
    if main is None:
        return {}
    return {f"@{i.get('name')}": None for i in declared(main) if i.tag == "attribute"}


def _is_staged(document: etree._Element) -> bool:
    main = main_element(document)
    return main is not None and flag(main, "autoStg")
