"""Tab in a Campaign cell: IPython's matcher (API v2) over ``query.complete``.

Works from memory and the disk cache, so that it is quick and may run in another
thread (VS Code asks there).  An empty answer would let Python's own names through, so
the fragment itself is offered then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from .commands import COMMANDS
from .words import known_words
from .write_words import WriteWords

if TYPE_CHECKING:
    from ..query.complete import Suggestions
    from .campaign import CampaignMagics

_CELL = re.compile(r"\s*%%(campaign_\w+)")
_LINE = re.compile(r"(?:^|=\s*)%(campaign_\w+)\s")
_OPTION = re.compile(r"(?:^|\s)(-[\w-]*)$")
_LAST_WORD = re.compile(r"(\S*)$")


def matcher_for(campaign: CampaignMagics) -> Callable[[Any], dict[str, Any]]:
    """Return the matcher of these magics, for ``Completer.custom_matchers``."""
    completions = _Completions(campaign)

    @context_matcher(identifier="campaign_magics", priority=50)
    def campaign_matcher(context: Any) -> dict[str, Any]:
        return completions.match(context)

    matcher: Callable[[Any], dict[str, Any]] = campaign_matcher
    return matcher


class _Completions:
    """Completes queries, options, profiles and schema names."""

    def __init__(self, campaign: CampaignMagics) -> None:
        self._campaign = campaign

    def match(self, context: Any) -> dict[str, Any]:
        """Answer IPython; an empty result leaves the cell to other matchers."""
        try:
            found = self._answer(
                context.full_text, context.cursor_line, context.cursor_position
            )
        except Exception:  # a matcher that raises prints a traceback
            found = None
        if found is None:
            return {"completions": [], "suppress": False}
        fragment, items = found
        completions = [SimpleCompletion(text, type=sort) for text, sort in items]
        if not completions:
            completions = [SimpleCompletion(fragment, type="text")]
        return {
            "completions": completions,
            "suppress": True,
            "matched_fragment": fragment,
            "ordered": True,
        }

    def _answer(
        self, text: str, line: int, column: int
    ) -> tuple[str, list[tuple[str, str]]] | None:
        lines = text.split("\n")
        before = lines[line][:column]
        cell = _CELL.match(text)
        if cell and line > lines.index(next(filter(str.strip, lines))):
            if cell[1] != "campaign_query":
                return None
            start = text.index("\n", cell.start()) + 1
            cursor = sum(len(one) + 1 for one in lines[:line]) + column
            return _plain(self._query(text[start:], cursor - start))
        on_line = cell if cell and line == 0 else _LINE.search(before)
        return self._options(on_line[1], before) if on_line else None

    def _query(self, body: str, cursor: int) -> Suggestions:
        from ..query.complete import complete

        session = self._campaign.held
        names = [n for n in self._campaign.shell.user_ns if not n.startswith("_")]
        if session is None:
            return complete(body, cursor, (), lambda name: None, names)
        catalog = session.schemas
        schemas = [one.id for one in catalog.cached_summaries()]
        return complete(body, cursor, schemas, catalog.cached, names)

    def _options(
        self, magic: str, before: str
    ) -> tuple[str, list[tuple[str, str]]] | None:
        if option := _OPTION.search(before):
            taken = _taken(magic, before)
            return option[1], [
                (name, "option")
                for action in self._actions(magic)
                if taken is None or action.dest in taken
                for name in action.option_strings
                if name.startswith(option[1])
            ]
        word = _LAST_WORD.search(before)
        fragment = word[1] if word else ""
        if magic in COMMANDS and before[: -len(fragment) or None].endswith(
            f"%{magic} "
        ):
            commands = COMMANDS[magic]
            return fragment, [(n, "name") for n in commands if n.startswith(fragment)]
        if magic == "campaign_write":
            return fragment, [(n, "name") for n in self._written(before, fragment)]
        if magic in COMMANDS:
            words = before.partition(f"%{magic} ")[2].removesuffix(fragment).split()
            shell = self._campaign.shell
            found = known_words(magic, words, self._campaign.held, shell.user_ns)
            return fragment, [(n, "name") for n in found if n.startswith(fragment)]
        offered = {
            "campaign_connect": self._profiles,
            "campaign_schema": self._schemas,
            "campaign_call": self._schemas,
        }.get(magic)
        if offered is None:
            return None
        return fragment, [(n, "name") for n in offered() if n.startswith(fragment)]

    def _actions(self, magic: str) -> list[Any]:
        """Return the options of a magic, as argparse knows them."""
        kinds = self._campaign.shell.magics_manager.magics
        function = kinds["line"].get(magic) or kinds["cell"].get(magic)
        parser = getattr(function, "parser", None)
        return parser._actions if parser else []

    def _written(self, before: str, fragment: str) -> list[str]:
        """Return the words that a line of ``%campaign_write`` may go on with."""
        start, _, words = before.partition("%campaign_write")
        valued = [
            name
            for action in self._actions("campaign_write")
            if action.nargs is None
            for name in action.option_strings
        ]
        line = WriteWords(
            words.removesuffix(fragment).split(),
            self._campaign.held,
            self._campaign.shell.user_ns,
            valued,
        )
        return line.offered(fragment, in_cell=start.endswith("%"))

    def _schemas(self) -> Iterable[str]:
        session = self._campaign.held
        return (
            []
            if session is None
            else (one.id for one in session.schemas.cached_summaries())
        )

    def _profiles(self) -> Iterable[str]:
        from pathlib import Path

        from ..profiles import find_profiles

        return ["sandbox", *sorted(find_profiles(Path.cwd()).profiles)]


def _taken(magic: str, before: str) -> tuple[str, ...] | None:
    """Return the options of the command that a line names; None for all."""
    words = before.partition(f"%{magic}")[2].split()
    command = COMMANDS.get(magic, {}).get(words[0]) if words else None
    return None if command is None else command.options


def _plain(found: Suggestions) -> tuple[str, list[tuple[str, str]]]:
    return found.fragment, [(one.text, one.sort) for one in found.found]
