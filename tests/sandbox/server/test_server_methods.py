"""Which methods there are: the fault for each way to name one that is not there."""

from __future__ import annotations

import pytest
from sandbox.server.caller import Caller, faultstring
from sandbox.server.served import Served

from campaign_magics.sandbox.router import COVERAGE


def test_a_method_that_no_schema_declares(caller: Caller):
    """SOP-330006, as a live server words it."""
    assert faultstring(caller.call("xtk:session", "Nope")) == (
        "SOP-330006 The method 'Nope' is not defined in SOAP service 'xtk:session'."
    )


@pytest.mark.parametrize("urn", ["nms:nope", "nope", "xtk:persist|nms:nope", "a|b|c"])
def test_a_service_that_does_not_exist(caller: Caller, urn: str):
    """No schema, no method."""
    assert faultstring(caller.call(urn, "Write")).startswith("SOP-330006")


@pytest.mark.parametrize("urn", ["xtk:session", "nms:recipient"])
def test_an_interface_method_on_the_wrong_service(caller: Caller, urn: str):
    """SOP-330024: the URN must name the interface."""
    answer = caller.call(urn, "GetEntityIfMoreRecent", "xtk:schema|xtk:session")
    assert faultstring(answer).startswith("SOP-330024")


@pytest.mark.parametrize(
    "urn", ["xtk:persist", "xtk:persist|xtk:session", "xtk:persist|nms:delivery"]
)
def test_the_three_ways_to_name_an_interface(caller: Caller, urn: str):
    """Alone, of the schema that declares it, of one that implements it."""
    answer = caller.call(urn, "GetEntityIfMoreRecent", "xtk:schema|nms:group")
    assert answer.payload().get("name") == "group"
    assert f"xmlns='urn:{urn}'" in answer.text


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("prefix", ["", "urn:"])
def test_the_action_may_be_quoted(caller: Caller, quote: str, prefix: str):
    """SOAPAction with or without quotes, as toolkits send it."""
    action = f"{quote}{prefix}xtk:session#TestCnx{quote}"
    assert caller.call("x", "Y", headers={"SOAPAction": action}).status == 200


def test_without_an_action_the_body_tells(caller: Caller):
    """Namespace and name of the method element."""
    answer = caller.call("xtk:session", "GetServerTime", headers={"SOAPAction": '""'})
    assert "GetServerTimeResponse" in answer.text


def test_every_declared_method_runs_or_says_that_it_does_not(
    served: Served, caller: Caller
):
    """No method of any schema ends in silence or in a crash."""
    for name in served.instance.world.schema_ids():
        schema = served.instance.world.schema(name)
        for method in schema.methods:
            if (name, method.name) not in COVERAGE:
                answer = caller.call(name, method.name)
                assert faultstring(answer).startswith("SOP-330011")
                assert answer.fault is not None
                assert "does not emulate" in answer.fault[2]


def test_the_coverage_table_names_real_methods(served: Served):
    """An entry that no schema declares could never be called."""
    world = served.instance.world
    declared = set()
    for schema in map(world.schema, world.schema_ids()):
        declared |= {(schema.id, method.name) for method in schema.methods}
        for urn, methods in schema.interfaces.items():
            declared |= {(urn, method.name) for method in methods}
    assert set(COVERAGE) <= declared


def test_too_many_arguments(caller: Caller):
    """SOP-330003; names never matter, the count does."""
    assert faultstring(caller.call("xtk:session", "GetOption", "a", "b")).startswith(
        "SOP-330003"
    )


def test_faults_may_come_as_500(served: Served, caller: Caller):
    """As a live 8.6.3 does: a switch."""
    served.instance.settings.fault_status = 500
    answer = caller.call("xtk:session", "Nope")
    assert answer.status == 500
    assert answer.fault is not None
