"""Magics with commands: ``%campaign_workflow start WKF1``; which words each takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidOption
from ..xtk.names import closest


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a magic.

    ``help`` says what it does; ``words`` are what follows it, as usage shows them:
    ``WORKFLOW [TRANSITION]``, or ``[DELIVERY …]`` for any number; ``options`` are the
    options that it takes.
    """

    run: Callable[[Any], Any]
    help: str
    words: str = ""
    options: tuple[str, ...] = ()

    @property
    def least(self) -> int:
        """How many words it wants."""
        return sum(not word.startswith("[") for word in self.places)

    @property
    def most(self) -> int | None:
        """How many words it takes, None for any number."""
        return None if "…" in self.words else len(self.places)

    @property
    def places(self) -> list[str]:
        """What each word is about: ``WORKFLOW``, ``[TRANSITION]``."""
        return self.words.replace(" …", "").split()

    def usage(self, magic: str, name: str) -> str:
        """Return how to write it."""
        return f"%{magic} {name} {self.words}".strip()


Commands = Mapping[str, Command]

_USUAL = frozenset({"yes", "out"})
"""Options that need no mention with each command."""


def lines(commands: Commands) -> list[tuple[str, str]]:
    """Return how to write each command, and what it does with options of its own."""
    found = []
    for name, command in commands.items():
        own = " ".join(f"--{one}" for one in command.options if one not in _USUAL)
        does = f"{command.help} ({own})" if own else command.help
        found.append((f"{name} {command.words}".strip(), does))
    return found


def listing(commands: Commands) -> str:
    """Return the commands as lined-up text."""
    rows = lines(commands)
    width = max(len(usage) for usage, _ in rows)
    return "\n".join(f"{usage:<{width}}  {does}" for usage, does in rows)


def choose(
    magic: str,
    commands: Commands,
    options: argparse.Namespace,
    defaults: Mapping[str, Any],
) -> tuple[Command, Sequence[str]]:
    """Return the command that a line asks for, and the words that follow it.

    Raises InvalidOption, with how to write it, for an unknown command, too few or too
    many words, and an option of another command.
    """
    name, words = options.command, options.words
    known = ", ".join(commands)
    if name not in commands:
        near = closest(name, commands)
        raise InvalidOption(
            f"%{magic} has no command '{name}'.",
            hint=f"did you mean {near}?" if near else f"one of {known}",
        )
    command = commands[name]
    usage = command.usage(magic, name)
    if len(words) < command.least:
        missing = command.words.split()[len(words)]
        raise InvalidOption(f"{name} wants {missing}.", hint=usage)
    if command.most is not None and len(words) > command.most:
        raise InvalidOption(
            f"'{words[command.most]}' is one word too many for {name}.", hint=usage
        )
    for option, default in defaults.items():
        if getattr(options, option) != default and option not in command.options:
            takes = ", ".join(f"--{one}" for one in command.options)
            raise InvalidOption(
                f"--{option} is not for {name}.",
                hint=f"it takes {takes}" if takes else usage,
            )
    return command, words
