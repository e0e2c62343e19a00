"""The sandbox's command line: options, where secrets come from, what is refused.

The password comes from ``--password``, else ``$CAMPAIGN_SANDBOX_PASSWORD``, else one is
generated and told once.  The control token comes from ``$CAMPAIGN_SANDBOX_CONTROL``;
without it the control endpoints stay shut.  A parent process hands both over on
stdin instead (``--follow-stdin``), where nobody else can read them.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import IO, NoReturn

from ..errors import InvalidOption
from ..secret import Secret

PASSWORD_VARIABLE = "CAMPAIGN_SANDBOX_PASSWORD"  # noqa: S105  # its name only
CONTROL_VARIABLE = "CAMPAIGN_SANDBOX_CONTROL"

_MOST_ROWS = 100_000_000
_API_EXAMPLE = "xtk:queryDef#ExecuteQuery=5"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorOption:
    """One more operator; without ``rights`` they may only read.

    ``password`` None is that of the first operator.
    """

    login: str
    rights: frozenset[str] = frozenset()
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a sandbox is made of.  ``tps`` 0 means no limit; ``password`` None is made.

    ``api_tps`` are limits of single APIs.  ``operators`` may log on besides ``user``.
    ``follow_stdin``: secrets arrive on stdin, and its end is the server's end.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tps: float = 10.0
    api_tps: tuple[tuple[str, float], ...] = ()
    rows: int = 1_000
    seed: int = 7
    user: str = "admin"
    password: Secret | None = None
    control: Secret | None = None
    operators: tuple[OperatorOption, ...] = ()
    data: Path | None = None
    schemas: Path | None = None
    replicate_every: float = 3_600.0
    session_seconds: float = 86_400.0
    fault_status: int = 200
    session_token_only: bool = False
    allow_user_password: bool = False
    follow_stdin: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise two lines instead of printing the whole usage."""
        raise InvalidOption(f"{message}.", hint=f"{self.prog} --help lists the options")


def read_options(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] = os.environ,
    stdin: IO[bytes] | None = None,
) -> Options:
    """Read the command line.  Raises InvalidOption; ``--help`` exits."""
    given = vars(_parser().parse_args(argv))
    password = given.pop("password") or environ.get(PASSWORD_VARIABLE)
    control = environ.get(CONTROL_VARIABLE)
    operators = given.pop("operators")
    options = Options(
        **{**given, "api_tps": tuple(given["api_tps"])},
        password=Secret(password) if password else None,
        control=Secret(control) if control else None,
        operators=tuple(_with_password(operator, environ) for operator in operators),
    )
    if options.follow_stdin:
        options = _with_handed_over(options, stdin or FileIO(0, closefd=False))
    _refuse_open_door(options)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="campaign-magics sandbox",
        description="Serve a sandbox instance until stopped.",
        allow_abbrev=False,
    )
    _add_address(parser)
    _add_rows(parser)
    _add_behaviour(parser)
    parser.add_argument("--follow-stdin", action="store_true", help=argparse.SUPPRESS)
    return parser


def _add_address(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address (default %(default)s)")
    add(
        "--port", type=_whole(0, 65_535), default=0, help="port (default: any free one)"
    )
    add("--user", type=_name, default="admin", help="operator (default %(default)s)")
    add(
        "--password",
        help=f"the operator's; better in ${PASSWORD_VARIABLE}; generated when absent",
    )
    add(
        "--operator",
        dest="operators",
        metavar="NAME[:RIGHT,...]",
        type=_operator,
        action="append",
        default=[],
        help="one more operator, who may only read unless given rights; password in "
        f"${PASSWORD_VARIABLE}_NAME, else the first one's",
    )


def _add_rows(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--rows",
        type=_whole(0, _MOST_ROWS),
        default=1_000,
        help="recipients (default %(default)s)",
    )
    add("--seed", type=_whole(0, 2**63), default=7, help="of the generated rows")
    add("--data", type=_new_folder, help="keep the databases in this folder")
    add("--schemas", type=_folder, help="folder with more schemas, as XML files")
    add(
        "--replicate-every",
        type=_number(0, 1e9),
        default=3_600.0,
        metavar="SECONDS",
        help="staging to cloud, 0 for at once (default %(default)g)",
    )


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--tps",
        type=_number(0, 1e6),
        default=10.0,
        help="calls a second, 0 for no limit (default %(default)g)",
    )
    add(
        "--api-tps",
        type=_api_limit,
        action="append",
        default=[],
        metavar="API=N",
        help=f"limit of one API, such as {_API_EXAMPLE}",
    )
    add(
        "--session-seconds",
        type=_number(0.001, 1e9),
        default=86_400.0,
        metavar="SECONDS",
        help="lifetime of a session (default %(default)g)",
    )
    add(
        "--fault-status",
        type=int,
        choices=(200, 500),
        default=200,
        help="HTTP status of SOAP faults (default %(default)s)",
    )
    add(
        "--session-token-only",
        action="store_true",
        help="do without security tokens, as a security zone may",
    )
    add(
        "--allow-user-password",
        action="store_true",
        help="take user/password as a session token, as a security zone may",
    )


def _api_limit(text: str) -> tuple[str, float]:
    api, _, limit = text.rpartition("=")
    if "#" not in api:
        raise argparse.ArgumentTypeError(f"'{text}' is not like {_API_EXAMPLE}")
    return api, _number(0.001, 1e6)(limit)


def _with_password(
    operator: OperatorOption, environ: Mapping[str, str]
) -> OperatorOption:
    name = re.sub(r"\W", "_", operator.login, flags=re.ASCII).upper()
    password = environ.get(f"{PASSWORD_VARIABLE}_{name}")
    return replace(operator, password=Secret(password) if password else None)


def _with_handed_over(options: Options, stdin: IO[bytes]) -> Options:
    """Read the one line of JSON that a parent process writes first."""
    try:
        words = json.loads(stdin.readline())
        password, control = Secret(words["password"]), Secret(words["control"])
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidOption(
            "stdin does not hold the secrets that --follow-stdin announces.",
            hint="start the sandbox with campaign_magics.Sandbox",
        ) from exc
    return replace(options, password=password, control=control)


def _refuse_open_door(options: Options) -> None:
    """A generated password ends up in logs; the network gets a chosen one or none."""
    if _is_loopback(options.host):
        return
    first = OperatorOption(login=options.user)
    passwords = [
        (person.login, person.password or options.password)
        for person in (first, *options.operators)
    ]
    if any(word is None or word.reveal() == login for login, word in passwords):
        raise InvalidOption(
            f"{options.host} is open to the network and no password was chosen.",
            hint=f"set ${PASSWORD_VARIABLE}, or serve on --host 127.0.0.1",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not a number from {low:g} to {high:g}"
            )
        return value

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not a whole number from {low} to {high}"
            )
        return value

    return read


def _name(text: str) -> str:
    if not text.strip() or "/" in text:
        raise argparse.ArgumentTypeError("an operator's name is not empty and has no /")
    return text


def _operator(text: str) -> OperatorOption:
    """Read ``analyst`` or ``editor:write,workflow``."""
    login, _, rights = text.partition(":")
    named = frozenset(right.strip() for right in rights.split(",") if right.strip())
    return OperatorOption(login=_name(login), rights=named)


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder '{text}'")
    return path


def _new_folder(text: str) -> Path:
    """A folder that exists or can be made in one that does."""
    path = Path(text).expanduser()
    if not path.is_dir() and (path.exists() or not path.absolute().parent.is_dir()):
        raise argparse.ArgumentTypeError(f"there is no folder '{text}' and no parent")
    return path
