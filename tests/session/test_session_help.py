"""Tab and ``?`` in a real IPython shell, on a session's schemas and methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from magics.notebook import NO_HISTORY
from session.instance import Instance

from campaign_magics.session import Connection

Tab = Callable[[str], list[str]]


@pytest.fixture
def shell(session: Connection) -> Iterator[InteractiveShell]:
    session.log_on()
    made = InteractiveShell.instance(config=NO_HISTORY)
    made.push({"session": session})
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def tab(shell: InteractiveShell) -> Tab:
    def press(text: str) -> list[str]:
        with provisionalcompleter():
            return [c.text for c in shell.Completer.completions(text, len(text))]

    return press


def asked(shell: InteractiveShell, code: str) -> str:
    with capture_output() as captured:
        shell.run_cell(code)
    return str(captured.stdout)


def test_tab_offers_schemas_by_name(instance: Instance, tab: Tab) -> None:
    """Inside the brackets, from a list that is asked for once."""
    # IPython looks without calling properties: `schemas` must be a plain attribute.
    assert tab('session.schemas["') == ["nms:recipient", "xtk:folder", "xtk:session"]
    assert tab('session.schemas["xtk:') == ["folder", "session"]
    assert instance.count("ExecuteQuery") == 1


def test_tab_offers_namespaces_schemas_and_methods(
    instance: Instance, tab: Tab
) -> None:
    """A schema is read when Tab is pressed on it, once."""
    assert {"nms", "xtk", "schemas", "query"} <= set(tab("session."))
    assert tab("session.xtk.") == ["folder", "session"]
    assert tab("session.xtk.session.") == ["GetOption", "GetServerTime"]
    assert tab("session.xtk.session.GetO") == ["GetOption"]
    assert instance.count("GetEntityIfMoreRecent") == 1


def test_a_question_mark_describes_a_schema(shell: InteractiveShell) -> None:
    """Fields, links and methods, on the schema itself and on its methods' home."""
    shell.run_cell('recipient = session.schemas["nms:recipient"]')
    for code in ("recipient?", "session.nms.recipient?"):
        text = asked(shell, code)
        assert "nms:recipient · Recipients · cloud · table NmsRecipient" in text
        assert "Unsubscribe(reason: string)" in text
        assert "@email" in text


def test_a_question_mark_describes_a_method(shell: InteractiveShell) -> None:
    """Signature and parameters with their types, before any call of it."""
    text = asked(shell, "session.xtk.session.GetOption?")
    assert "GetOption(name: string) -> value: string, type: byte   (static)" in text
    assert "name: string, in." in text


def test_a_server_that_is_gone_costs_only_the_suggestions(
    instance: Instance, shell: InteractiveShell, tab: Tab
) -> None:
    """Tab never raises; what cannot be known is not offered."""
    instance.before = lambda heard: None  # every call gets an answer that fits none
    assert tab("session.xtk.session.") == []
    assert "folder" not in tab('session.schemas["xtk:')
    assert asked(shell, "session.xtk.session?")


def test_further_namespaces_appear_with_the_list(session: Connection) -> None:
    """``cus`` and its like are attributes once somebody listed the schemas."""
    assert not hasattr(session, "cus")
    summary = next(iter(session.schemas.summaries()))
    session._add_namespaces([type(summary)(id="cus:book"), type(summary)(id="query:x")])
    assert repr(session.cus) == "<schemas of cus>"  # type: ignore[attr-defined]
    assert callable(session.query)
