"""The methods a client calls before it has read any schema (protocol.md §3-§5, §7)."""

from __future__ import annotations

from ..schemas.model import Method, Parameter

SESSION = "xtk:session"
PERSIST = "xtk:persist"
QUERY = "xtk:queryDef"

_LOGON_OUTPUTS = (
    Parameter(name="sessionToken", type="string", inout="out"),
    Parameter(name="sessionInfo", type="DOMDocument", inout="out"),
    Parameter(name="securityToken", type="string", inout="out"),
)

LOGON = Method(
    name="Logon",
    urn=SESSION,
    static=True,
    access="anonymous",
    parameters=(
        Parameter(name="login", type="string"),
        Parameter(name="password", type="string"),
        Parameter(name="parameters", type="DOMElement"),
        *_LOGON_OUTPUTS,
    ),
)
BEARER_LOGON = Method(
    name="BearerTokenLogon",
    urn=SESSION,
    static=True,
    access="anonymous",
    parameters=(Parameter(name="bearerToken", type="string"), *_LOGON_OUTPUTS),
)
LOGOFF = Method(name="Logoff", urn=SESSION, static=True)
GET_ENTITY = Method(
    name="GetEntityIfMoreRecent",
    urn=PERSIST,
    static=True,
    parameters=(
        Parameter(name="pk", type="string"),
        Parameter(name="md5", type="string"),
        Parameter(name="mustExist", type="boolean"),
        Parameter(name="doc", type="DOMDocument", inout="out"),
    ),
)
EXECUTE_QUERY = Method(
    name="ExecuteQuery",
    urn=QUERY,
    const=True,
    parameters=(Parameter(name="output", type="DOMDocument", inout="out"),),
)
BUILD_QUERY = Method(
    name="BuildQuery",
    urn=QUERY,
    const=True,
    parameters=(Parameter(name="sql", type="string", inout="out"),),
)

READS = frozenset(
    {
        "xtk:session#Logon",
        "xtk:session#BearerTokenLogon",
        "xtk:session#Logoff",
        "xtk:session#TestCnx",
        "xtk:session#GetServerTime",
        "xtk:session#GetUserInfo",
        "xtk:session#GetOption",
        "xtk:session#GetModifiedEntities",
        "xtk:session#GetDirtyCacheEntities",
        "xtk:session#EncryptPassword",
        "xtk:persist#GetEntityIfMoreRecent",
        "xtk:queryDef#ExecuteQuery",
        "xtk:queryDef#BuildQuery",
        "xtk:queryDef#BuildQueryEx",
        "xtk:queryDef#SelectAll",
        "xtk:job#GetStatus",
        "xtk:job#GetResult",
        "xtk:job#HasWarning",
        "xtk:jobInterface#GetStatus",
        "xtk:jobInterface#GetResult",
        "xtk:jobInterface#HasWarning",
    }
)
"""Calls that change nothing on the server, whether or not a schema says ``const``."""


def action_of(method: Method) -> str:
    """Return the SOAPAction, ``xtk:queryDef#ExecuteQuery``."""
    return f"{method.urn}#{method.name}"


def is_repeatable(method: Method) -> bool:
    """Tell whether sending the call twice does no more than sending it once.

    ``const`` promises that the *entity* is left alone, which is not enough: the job
    interface's ``Submit`` is const and starts a job (protocol.md §8).
    """
    service = method.urn.partition("|")[0]
    if f"{service}#{method.name}" in READS:
        return True
    return method.const and service not in {"xtk:jobInterface", "xtk:job"}
