"""``%campaign_schema`` and ``%campaign_call``: look at the model, call any method."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.magic import (
    Magics,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from ..errors import InvalidOption
from .arguments import parse, value_of
from .campaign import CampaignMagics
from .footer import show

_FULL_NAME = re.compile(r"[\w-]+:[\w-]+\Z")


@magics_class
class ExploreMagics(Magics):
    """What the instance offers."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @line_magic
    @magic_arguments("campaign_schema")
    @argument("what", nargs="*", help="a schema's full name, or words to search for")
    @argument("--refresh", action="store_true", help="ask the instance again")
    def campaign_schema(self, line: str) -> None:
        """List the schemas, search them, or describe one.

        Examples::

            %campaign_schema
            %campaign_schema delivery logs
            %campaign_schema nms:recipient
        """
        from ..schemas import describe

        options = parse(self.campaign_schema, line, "campaign_schema")
        catalog = self._campaign.session.schemas
        if options.refresh:
            catalog.refresh()
        what = " ".join(options.what)
        if _FULL_NAME.match(what):
            schema = catalog[what]
            show(describe.schema_text(schema), describe.schema_html(schema))
            return
        found = catalog.search(what) if what else catalog.summaries()
        show(describe.search_text(found), describe.search_html(found))

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("campaign_call")
    @argument("method", help="SCHEMA#METHOD, such as xtk:session#GetOption")
    @argument("args", nargs="*", help="its inputs in order; :name is a variable")
    @argument("--entity", help="the object of a method that is not static")
    @argument(
        "--as",
        dest="form",
        choices=("xml", "frame"),
        default="xml",
        help="documents that come back: indented XML, or a DataFrame of their rows",
    )
    def campaign_call(self, line: str, local_ns: dict[str, Any]) -> object:
        """Call any method of any schema; its outputs are returned.

        Examples::

            %campaign_call xtk:session#GetServerTime
            %campaign_call xtk:session#GetOption XtkDatabaseId
            %campaign_call xtk:queryDef#BuildQuery --entity :query
            %campaign_call xtk:queryDef#ExecuteQuery --entity :query --as frame
        """
        options = parse(self.campaign_call, line, "campaign_call")
        schema, separator, method = options.method.partition("#")
        if not separator or not method:
            raise InvalidOption(
                f"'{options.method}' is not SCHEMA#METHOD.",
                hint="%campaign_call xtk:session#GetServerTime",
            )
        names = {**self.shell.user_ns, **local_ns}
        args = [value_of(word, names) for word in options.args]
        entity = options.entity and value_of(options.entity, names)
        session = self._campaign.session
        return _readable(
            session.call(schema, method, *args, entity=entity, output=options.form)
        )


def _readable(value: object) -> object:
    """Let XML show itself line by line instead of as a quoted text."""
    if isinstance(value, tuple):
        return tuple(_readable(part) for part in value)
    is_document = isinstance(value, str) and value.startswith("<")
    return Document(value) if is_document else value


class Document(str):
    """XML text that a notebook shows as it is, line by line."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
