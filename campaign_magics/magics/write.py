"""``%campaign_write``: parse, plan, and commit when told to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from ..errors import InvalidOption
from ..options import positive_int
from ..xtk.names import closest
from .arguments import named_values, parse
from .asking import check_name
from .campaign import CampaignMagics
from .footer import show_footer
from .progress import ProgressLine
from .words import holds_rows

if TYPE_CHECKING:
    from ..workbench import Session


@magics_class
class WriteMagics(Magics):
    """Writing back."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    @magic_arguments("campaign_write")
    @argument("words", nargs="*", help="DATA SCHEMA; in a cell SCHEMA, or nothing")
    @argument("--key", help="what tells which record a row is: @email")
    @argument(
        "--operation",
        default="insertOrUpdate",
        help="insertOrUpdate, insert, update or delete (default: insertOrUpdate)",
    )
    @argument(
        "--link",
        action="append",
        default=[],
        metavar="LINK=OPERATION",
        help="what becomes of linked records: none, update, insertOrUpdate, insert",
    )
    @argument("--nulls", default="skip", help="missing values: skip (default) or clear")
    @argument(
        "--ingest",
        action=argparse.BooleanOptionalAction,
        help="through the staging table, or not (default: as the schema says)",
    )
    @argument("--batch", type=positive_int, metavar="ROWS", help="rows of a call")
    @argument("--sample", type=positive_int, metavar="ROWS", help="rows to compare")
    @argument("--commit", action="store_true", help="send it; without, nothing is")
    @argument("--resume", action="store_true", help="as --commit: go on, skip the done")
    @argument("--force", action="store_true", help="send what landed before as well")
    @argument("--yes", metavar="PROFILE", help="consent, for a production profile")
    @argument("--journal", action="store_true", help="list what was committed")
    @argument("--out", metavar="NAME", help="variable that receives the outcome")
    def campaign_write(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Any:
        """Write a DataFrame, or the XML document below, to Campaign.

        Without --commit it shows what would happen: rows by operation, rows that
        cannot be sent, what would change, how many calls.  With it the rows are sent
        in batches; those that Campaign refuses come back with the reason, the rest
        lands.  The same cell again skips what landed, and goes on where it stopped.

        Examples::

            %campaign_write fixed nms:recipient --key @email
            %campaign_write fixed nms:recipient --key @email --commit
            %campaign_write old nms:recipient --operation delete --commit
            %campaign_write people nms:recipient --key @email --link company=update
            %campaign_write --journal

            %%campaign_write --commit
            <recipient xtkschema="nms:recipient" _key="@email" email="a@b.example"/>
        """
        options = parse(self.campaign_write, line, "campaign_write")
        check_name(options.out)
        session = self._campaign.session
        if options.journal:
            return self._hand_out(_journal(session, options.words), options.out)
        names = {**self.shell.user_ns, **(local_ns or {})}
        data, schema = _what(options.words, cell, names)
        plan = session.write(data, schema, **_wishes(options))
        if not (options.commit or options.resume):
            if options.out is not None:
                show_footer(plan.line())
            return self._hand_out(plan, options.out)
        return self._hand_out(self._commit(plan, options), options.out)

    def _commit(self, plan: Any, options: argparse.Namespace) -> Any:
        """Send a plan's rows and draw how far it is; a line in the end for --out."""
        line = ProgressLine(self.shell)
        watch = line if self._campaign.progress else None
        told = ""
        try:
            result = plan.commit(yes=options.yes, progress=watch, force=options.force)
            told = "" if options.out is None else result.line()
        finally:
            line.end(told)
        return result

    def _hand_out(self, result: Any, name: str | None) -> Any:
        """Return the result, or put it into a variable."""
        if name is None:
            return result
        self.shell.user_ns[name] = result
        return None


def _journal(session: Session, words: list[str]) -> Any:
    if len(words) > 1:
        raise InvalidOption(
            "--journal takes one commit's id at most.", hint="%campaign_write --journal"
        )
    return session.journal(words[0] if words else None)


def _what(
    words: list[str], cell: str | None, names: dict[str, Any]
) -> tuple[object, str | None]:
    """Return the data and the schema that the words and the cell name."""
    if cell is not None:
        if len(words) > 1:
            raise InvalidOption(
                "A cell's data is the document below it.", hint="name only the schema"
            )
        return cell, words[0] if words else None
    if not 1 <= len(words) <= 2:
        raise InvalidOption(
            "Data and schema are wanted.",
            hint="%campaign_write DATA nms:recipient --key @email",
        )
    data, schema = words[0], words[1] if len(words) == 2 else None
    if data not in names:
        raise _no_variable(data, schema, names)
    return names[data], schema


def _no_variable(word: str, schema: str | None, names: dict[str, Any]) -> InvalidOption:
    """Return the error for data that is no variable, with what may have been meant."""
    near = closest(word, (n for n, value in names.items() if holds_rows(value)))
    hint = f"did you mean {near}?" if near else "assign it"
    if schema in names:
        hint = f"the data comes first: %campaign_write {schema} {word}"
    elif not word.isidentifier():
        hint = f"name the data first: part = {word}"
    return InvalidOption(f"There is no variable '{word}'.", hint=hint)


def _wishes(options: argparse.Namespace) -> dict[str, Any]:
    """Return what ``session.write`` is told."""
    wishes = {
        "key": options.key,
        "operation": options.operation,
        "links": named_values(options.link, "--link company=update") or None,
        "nulls": options.nulls,
        "ingest": options.ingest,
        "batch_rows": options.batch,
        "sample": options.sample,
    }
    return {name: value for name, value in wishes.items() if value is not None}
