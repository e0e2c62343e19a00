"""xtk:session: log-on, who am I, what time is it, options (protocol.md §3, §7)."""

from __future__ import annotations

from ...query.model import Condition, QueryDef, SelectNode
from ...xtk.text import literal_text
from ...xtk.types import TYPES
from ...xtk.xml import parse_xml
from ..auth import Operator, Session, Tokens, expired
from ..engine import execute
from ..envelope import attributes, server_time
from ..instance import Call, Instance, Reply

_PACKAGES = (("xtk", "core"), ("nms", "core"), ("nms", "campaign"))
_OPTION_COLUMNS = {
    3: "longValue",
    5: "doubleValue",
    6: "stringValue",
    7: "timeStampValue",
    10: "timeStampValue",
    12: "memoValue",
    15: "longValue",
}
"""Type code of an option → where its value is kept (protocol.md §7)."""


def logon(call: Call) -> Reply:
    """Open a session for a name and a password."""
    return _opened(call, call.instance.authority.log_on(call.text(0), call.text(1)))


def bearer_token_logon(call: Call) -> Reply:
    """Open a session for a token of the identity service."""
    authority = call.instance.authority
    return _opened(call, authority.log_on_with_bearer(call.text(0)))


def logoff(call: Call) -> Reply:
    """End the session: its next call gets XSV-350008."""
    call.instance.authority.log_off(_session(call))
    return Reply()


def test_cnx(call: Call) -> Reply:
    """Do nothing, successfully."""
    return Reply()


def get_server_time(call: Call) -> Reply:
    """Return the server's clock."""
    return Reply(outputs=(call.instance.now(),))


def get_user_info(call: Call) -> Reply:
    """Return ``<userInfo>`` of whoever calls."""
    info = _user_info(call.instance, _session(call).operator)
    return Reply(outputs=(info.encode(),))


def get_option(call: Call) -> Reply:
    """Return an option's value and the code of its type; ``("", 0)`` when unknown."""
    name = literal_text(TYPES["string"], call.text(0))
    columns = sorted(set(_OPTION_COLUMNS.values()) - {"memoValue"})
    query = QueryDef(
        schema="xtk:option",
        operation="getIfExists",
        select=(
            *(SelectNode(expr=f"@{column}") for column in ("dataType", *columns)),
            SelectNode(expr="memoValue"),
        ),
        where=(Condition(expr=f"@name = {name}"),),
    )
    row = parse_xml(b"".join(execute(query, call.instance.world)))
    code = int(row.get("dataType") or 0)
    column = _OPTION_COLUMNS.get(code, "stringValue")
    value = row.findtext(column) if column == "memoValue" else row.get(column)
    return Reply(outputs=(value or "", code))


def _session(call: Call) -> Session:
    if call.session is None:
        raise expired()
    return call.session


def _opened(call: Call, tokens: Tokens) -> Reply:
    info = _session_info(call.instance, tokens.session.operator)
    return Reply(
        outputs=(
            tokens.session_token.reveal(),
            info.encode(),
            tokens.security_token.reveal(),
        )
    )


def _session_info(instance: Instance, operator: Operator) -> str:
    world, life = instance.world, str(int(instance.authority.session_seconds))
    major, minor, pack = (*world.version.split("."), "0", "0", "0")[:3]
    server = attributes(
        [
            ("advisedClientBuildNumber", "0"),
            ("allowSQL", "false"),
            ("buildNumber", world.build),
            ("databaseId", world.database_id),
            ("defaultNameSpace", "cus"),
            ("fohVersion", "2"),
            ("instanceName", world.instance),
            ("majNumber", major),
            ("minClientBuildNumber", "0"),
            ("minNumber", minor),
            ("minNumberTechnical", "0"),
            ("releaseName", world.version),
            ("securityTimeOut", life),
            ("serverDate", server_time(instance.now())),
            ("servicePack", pack),
            ("sessionTimeOut", life),
            ("useVault", "false"),
        ]
    )
    user = _user_info(instance, operator)
    return f"<sessionInfo><serverInfo{server}/>{user}</sessionInfo>"


def _user_info(instance: Instance, operator: Operator) -> str:
    label = operator.label or operator.login
    user = attributes(
        [
            ("datakitInDatabase", "true"),
            ("homeDir", ""),
            ("instanceLocale", "en"),
            ("locale", "en"),
            ("login", operator.login),
            ("loginCS", f"{label} ({operator.login})"),
            ("loginId", str(operator.id)),
            ("noConsoleCnx", "false"),
            ("orgUnitId", "0"),
            ("theme", ""),
            ("timezone", str(instance.world.timezone)),
        ]
    )
    rights = "".join(
        f"<login-right{attributes([('right', right)])}/>"
        for right in sorted(operator.rights)
    )
    packages = "".join(
        f"<installed-package{attributes([('name', name), ('namespace', space)])}/>"
        for space, name in _PACKAGES
    )
    return f"<userInfo{user}>{rights}{packages}</userInfo>"
