"""A session without a server: real schemas, scripted rows; and a kernel's shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from lxml import etree
from magics.notebook import NO_HISTORY

from campaign_magics.query.model import QueryDef
from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.catalog import Catalog
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.store import SchemaSummary
from campaign_magics.session.select import prepare

EVIL = "<img src=x onerror=alert(1)>"
EVIL_SCHEMA = """<srcSchema namespace="cus" name="evil" label="{0}" desc="{0}">
  <enumeration name="colour" basetype="string">
    <value name="{0}" label="{0}" value="r"/>
  </enumeration>
  <element name="evil" autopk="true" label="{0}">
    <attribute name="one" type="string" label="{0}" desc="{0}"/>
    <attribute name="colour" type="string" enum="cus:evil:colour" label="{0}"/>
    <element name="recipient" type="link" target="nms:recipient" label="{0}"/>
  </element>
</srcSchema>""".format(EVIL.replace("<", "&lt;").replace(">", "&gt;"))


@pytest.fixture(scope="session")
def documents() -> dict[str, etree._Element]:
    return compile_schemas([*standard_sources().values(), EVIL_SCHEMA])


class QuietBudget:
    """A budget that never keeps anybody waiting."""

    def subscribe(self, tell: Callable[[Any], None]) -> Callable[[], None]:
        return lambda: None


class ScriptedSession:
    """What a picker asks of a connection; every query is noted and checked."""

    def __init__(self, documents: dict[str, etree._Element]) -> None:
        self.budget = QuietBudget()
        self.asked: list[QueryDef] = []
        self.fetched: list[str] = []
        self.refuses: Exception | None = None
        self.counted = 7

        def fetch(name: str, md5: str) -> etree._Element | None:
            self.fetched.append(name)
            return documents.get(name)

        def names() -> list[SchemaSummary]:
            return [
                SchemaSummary(
                    id=name,
                    label=document.get("label") or "",
                    description=document.get("desc") or "",
                )
                for name, document in documents.items()
            ]

        self.schemas = Catalog(fetch, names, None, "scripted")

    def query(self, query: QueryDef, **options: Any) -> pd.DataFrame:
        checked = prepare(query, None, self.schemas.__getitem__)
        self.asked.append(query)
        if self.refuses is not None:
            raise self.refuses
        names = [column.name for column in checked.columns]
        rows = min(12, query.line_count or 12)
        return pd.DataFrame({name: [EVIL] * rows for name in names})

    def count(self, query: QueryDef) -> int:
        self.asked.append(query)
        if self.refuses is not None:
            raise self.refuses
        return self.counted

    def footer(self, frame: pd.DataFrame) -> str:
        return f"footer {EVIL}"


@pytest.fixture
def session(documents: dict[str, etree._Element]) -> ScriptedSession:
    return ScriptedSession(documents)


@pytest.fixture
def shell() -> Iterator[Any]:
    """A shell that takes itself for a kernel's."""
    shell = InteractiveShell.instance(config=NO_HISTORY)
    object.__setattr__(shell, "kernel", object())
    yield shell
    InteractiveShell.clear_instance()
