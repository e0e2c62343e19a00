"""How the schema catalogue gets what it is handed: schemas and the list of them."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from ..errors import BadAnswer
from ..query.model import OrderNode, QueryDef, SelectNode
from ..query.to_xml import to_xml
from ..schemas.store import SchemaSummary
from ..soap.client import SoapClient
from ..soap.methods import EXECUTE_QUERY, GET_ENTITY
from ..xtk.xml import children

_MOST_SCHEMAS = 100_000
_LIST = QueryDef(
    schema="xtk:schema",
    select=tuple(
        SelectNode(expr=f"@{name}", alias=f"@{name}")
        for name in ("namespace", "name", "label", "labelSingular", "desc")
    ),
    order_by=(OrderNode(expr="@namespace"), OrderNode(expr="@name")),
    line_count=_MOST_SCHEMAS,
)


class SchemaSource:
    """Asks one instance for its schemas."""

    def __init__(self, client: SoapClient) -> None:
        self._client = client

    def fetch(self, name: str, md5: str) -> etree._Element | None:
        """Return a compiled schema; None if absent, or unchanged since ``md5``.

        Source: ``xtk:persist#GetEntityIfMoreRecent``, protocol.md §4.1.
        """
        args = [f"xtk:schema|{name}", md5, False]
        document = self._client.call(GET_ENTITY, args).value
        return document if isinstance(document, etree._Element) else None

    def names(self) -> Iterator[SchemaSummary]:
        """Yield one summary for each schema of the instance."""
        answer = self._client.call(EXECUTE_QUERY, entity=to_xml(_LIST))
        rows = answer.value
        if not isinstance(rows, etree._Element):
            raise BadAnswer("The list of schemas is empty.", hint="try again")
        for row in children(rows):
            yield SchemaSummary(
                id=f"{row.get('namespace')}:{row.get('name')}",
                label=row.get("label") or "",
                description=row.get("desc") or "",
                label_singular=row.get("labelSingular") or "",
            )
