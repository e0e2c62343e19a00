"""The magics in a real IPython shell, against the real sandbox."""

from __future__ import annotations

import pandas as pd
import pytest
from magics.notebook import Notebook

from campaign_magics import Sandbox
from campaign_magics.errors import (
    AccessDenied,
    InvalidOption,
    InvalidValue,
    NotCampaign,
    NotConnected,
    QuerySyntaxError,
    UnknownName,
    UnknownProfile,
    Unreachable,
)

EMAILS = """<queryDef schema="nms:recipient" operation="select">
  <select><node expr="@id"/><node expr="@email"/></select>
  <orderBy><node expr="@id"/></orderBy>
</queryDef>"""


def test_loading_prints_nothing_and_can_be_repeated(notebook: Notebook) -> None:
    before = len(notebook.shell.configurables)
    notebook.run("%reload_ext campaign_magics")
    assert notebook.shown == ""
    notebook.run("%load_ext campaign_magics")
    assert len(notebook.shell.configurables) == before


def test_unloading_leaves_nothing_behind(notebook: Notebook) -> None:
    notebook.run("%unload_ext campaign_magics")
    kinds = notebook.shell.magics_manager.magics
    assert not [n for names in kinds.values() for n in names if "campaign_" in n]
    notebook.run("%load_ext campaign_magics")


def test_a_cell_returns_a_frame_with_its_footer(connected: Notebook) -> None:
    """The table first, then whether more rows exist and what it cost."""
    frame = connected.run(f"%%campaign_query --limit 3\n{EMAILS}")
    assert type(frame) is pd.DataFrame
    assert len(frame) == 3
    assert list(frame.columns) == ["id", "email"]
    assert frame["id"].dtype == "Int64"
    assert "first 3 rows · nms:recipient (cloud) · 1 call" in connected.shown
    assert connected.shown.index(frame["email"].dropna().iloc[0]) < (
        connected.shown.index("first 3 rows")
    )


def test_a_derived_frame_carries_no_footer(connected: Notebook) -> None:
    connected.run(f"%%campaign_query --out df --limit 3\n{EMAILS}")
    connected.run("df.head(2)")
    assert "rows ·" not in connected.shown


def test_out_names_the_frame_and_shows_the_footer_only(connected: Notebook) -> None:
    assert connected.run(f"%%campaign_query --out mine --limit 3\n{EMAILS}") is None
    assert len(connected.shell.user_ns["mine"]) == 3
    assert "first 3 rows" in connected.shown
    assert connected.shell.user_ns["mine"]["email"].dropna().iloc[0] not in (
        connected.shown
    )


def test_the_line_form_takes_a_variable(connected: Notebook) -> None:
    connected.shell.user_ns["q"] = EMAILS
    connected.run("df = %campaign_query q --limit 2")
    assert len(connected.shell.user_ns["df"]) == 2
    assert "first 2 rows" in connected.shown


def test_the_line_form_takes_a_quoted_query(connected: Notebook) -> None:
    one_line = EMAILS.replace("\n", " ")
    connected.run(f"df = %campaign_query '{one_line}' --limit 2")
    assert len(connected.shell.user_ns["df"]) == 2


def test_a_complete_answer_does_not_speak_of_more(connected: Notebook) -> None:
    frame = connected.run(
        """%%campaign_query
        <queryDef schema="xtk:option" operation="select">
          <select><node expr="@name"/></select>
          <where><condition expr="@name = 'XtkDatabaseId'"/></where></queryDef>"""
    )
    assert frame["name"].tolist() == ["XtkDatabaseId"]
    assert "1 row · xtk:option (local) · 1 call" in connected.shown


def test_a_parameter_comes_from_the_notebook(connected: Notebook) -> None:
    """Quotes in a value are data, wherever the value comes from."""
    cell = """%%campaign_query {options}
    <queryDef schema="nms:recipient" operation="select">
      <select><node expr="@lastName"/></select>
      <where><condition expr="@lastName = :name"/></where></queryDef>"""
    connected.shell.user_ns["name"] = "O'Hara"
    frame = connected.run(cell.format(options=""))
    assert set(frame["lastName"]) == {"O'Hara"}
    nobody = connected.run(cell.format(options='--param "name=\' OR 1=1 --"'))
    assert nobody.empty


def test_a_list_fills_an_in(connected: Notebook) -> None:
    connected.shell.user_ns["ids"] = [1001, 1003]
    frame = connected.run(
        """%%campaign_query
        <queryDef schema="nms:recipient" operation="select">
          <select><node expr="@id"/></select>
          <where><condition expr="@id IN (:ids)"/></where></queryDef>"""
    )
    assert sorted(frame["id"]) == [1001, 1003]


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        (
            EMAILS.replace("@email", "@emial"),
            UnknownName,
            ["[ACM-102]", "@emial", "^^^^^^", "hint: did you mean @email?"],
        ),
        (
            EMAILS.replace("nms:recipient", "nms:recipients"),
            UnknownName,
            ["nms:recipients", "did you mean nms:recipient?"],
        ),
        (EMAILS.replace("</select>", ""), QuerySyntaxError, ["[ACM-101]", "hint: "]),
        (EMAILS.replace("@email", "Lowwer(@email)"), QuerySyntaxError, ["Lower"]),
        (EMAILS.replace("@email", "@email = :nobody"), UnknownName, [":nobody"]),
        ("SELEKT", QuerySyntaxError, ["queryDef"]),
    ],
)
def test_a_mistake_fails_the_cell_in_a_few_lines(
    connected: Notebook, cell: str, kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind):
        connected.run(f"%%campaign_query\n{cell}")
    for word in words:
        assert word in connected.shown
    assert "Traceback" not in connected.shown
    assert connected.shown.count("\n") <= 6


def test_a_cell_before_the_connection_says_so(notebook: Notebook) -> None:
    with pytest.raises(NotConnected):
        notebook.run(f"%%campaign_query\n{EMAILS}")
    assert "%campaign_connect sandbox" in notebook.shown


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("%campaign_connect nowhere", UnknownProfile),
        ("%campaign_connect --tps -1", InvalidOption),
        ("%campaign_connect sandbox --tps", InvalidOption),
        ("%campaign_connect 'open", InvalidOption),
        ("%campaign_connect prod --rows 5", InvalidOption),
        ("%campaign_connect http://127.0.0.1:9 --user admin", Unreachable),
    ],
)
def test_a_connection_that_cannot_be_made(
    notebook: Notebook,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    kind: type[Exception],
) -> None:
    monkeypatch.setenv("CAMPAIGN_PASSWORD", "never-sent")
    with pytest.raises(kind):
        notebook.run(line)
    assert "hint: " in notebook.shown
    assert "Traceback" not in notebook.shown


def test_a_wrong_password_is_refused_and_not_shown(
    notebook: Notebook, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_PASSWORD", "wrong-canary")
    with pytest.raises(AccessDenied) as caught:
        notebook.run(f"%campaign_connect {sandbox.url} --user admin")
    assert "XSV-350012" in notebook.shown
    assert "wrong-canary" not in notebook.shown + repr(caught.value)


def test_an_html_page_is_not_campaign(
    notebook: Notebook, html_site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_PASSWORD", "never-sent")
    with pytest.raises(NotCampaign):
        notebook.run(f"%campaign_connect {html_site} --user admin")
    assert "hint: " in notebook.shown


def test_options_and_query_are_not_mixed_up(connected: Notebook) -> None:
    for line in ("--out 1st", "--limit 0", "--limt 5", "@email", "--param x"):
        with pytest.raises(InvalidOption):
            connected.run(f"%%campaign_query {line}\n{EMAILS}")


def test_a_parameter_of_no_known_kind_is_refused(connected: Notebook) -> None:
    connected.shell.user_ns["thing"] = object()
    with pytest.raises(InvalidValue):
        connected.run(
            f"%%campaign_query\n{EMAILS.replace('@email', '@email = :thing')}"
        )


def test_config_lists_and_sets_the_defaults(connected: Notebook) -> None:
    connected.run("%config CampaignMagics.limit = 7")
    assert len(connected.run(f"%%campaign_query\n{EMAILS}")) == 7
    connected.run("%config CampaignMagics.show_traceback = True")
    try:
        with pytest.raises(QuerySyntaxError):
            connected.run("%%campaign_query\n<x")
        assert "Traceback" in connected.shown
    finally:
        connected.run("%config CampaignMagics.show_traceback = False")


def test_no_magic_leaves_the_password_in_the_notebook(
    connected: Notebook, canary: str
) -> None:
    """Neither outputs nor the namespace nor the history hold it."""
    shell = connected.shell
    connected.run(f"%%campaign_query --out df\n{EMAILS}")
    magics = next(c for c in shell.configurables if hasattr(c, "campaign_connect"))
    session = magics.session
    seen = [connected.shown, repr(session), str(vars(session)), str(shell.user_ns)]
    seen += [entry[2] for entry in shell.history_manager.get_range()]
    assert not [text for text in seen if canary in str(text)]


def test_status_tells_where_one_is(connected: Notebook, sandbox: Sandbox) -> None:
    connected.run("%campaign_status")
    for word in (sandbox.url, "admin", "logged on", "TPS", "sandbox"):
        assert word in connected.shown


def test_schemas_are_listed_searched_and_described(connected: Notebook) -> None:
    connected.run("%campaign_schema")
    assert "nms:recipient" in connected.shown
    assert "xtk:workflow" in connected.shown
    connected.run("%campaign_schema subscr")
    assert "nms:subscription" in connected.shown
    assert "xtk:workflow" not in connected.shown
    connected.run("%campaign_schema delivery logs")
    assert "nms:broadLogRcp" in connected.shown
    assert "nms:subscription" not in connected.shown
    connected.run("%campaign_schema zebra")
    assert "No schema has that in its name, label or description." in connected.shown
    connected.run("%campaign_schema nms:recipient")
    for word in ("@email", "@gender", "folder", "cloud"):
        assert word in connected.shown
    with pytest.raises(UnknownName):
        connected.run("%campaign_schema nms:recipients")
    assert "nms:recipient?" in connected.shown


def test_any_method_can_be_called(connected: Notebook) -> None:
    """Static with text, not static with a variable as its object, unknown."""
    value, kind = connected.run("%campaign_call xtk:session#GetOption XtkDatabaseId")
    assert (bool(value), kind) == (True, 6)
    connected.shell.user_ns["query"] = EMAILS
    sql = connected.run("%campaign_call xtk:queryDef#BuildQuery --entity :query")
    assert "SELECT" in sql
    with pytest.raises(UnknownName):
        connected.run("%campaign_call xtk:session#GetOptoin x")
    assert "GetOption?" in connected.shown
    for line in ("xtk:session", "xtk:session#GetOption :nobody"):
        with pytest.raises(InvalidOption):
            connected.run(f"%campaign_call {line}")


def test_the_sandbox_is_driven_from_the_notebook(notebook: Notebook) -> None:
    """Its own sandbox: expire ends sessions, and the next query does not notice."""
    notebook.run("%campaign_connect sandbox --rows 50 --tps 50")
    notebook.run("%campaign_sandbox status")
    assert "xtk:session#Logon" in notebook.shown
    notebook.run("%campaign_sandbox expire")
    assert "1 session ended" in notebook.shown
    assert len(notebook.run(f"%%campaign_query --limit 2\n{EMAILS}")) == 2
    notebook.run("%campaign_sandbox throttle --tps 20")
    notebook.run("%campaign_sandbox replicate")
    notebook.run("%campaign_sandbox reset")
    with pytest.raises(InvalidOption):
        notebook.run("%campaign_sandbox explode")


def test_a_sandbox_of_ones_own_comes_before_the_announced_one(
    connected: Notebook,
) -> None:
    """After ``--rows`` the notebook and Python speak of the same sandbox."""
    connected.run("%campaign_connect sandbox --rows 30 --tps 50")
    connected.run("import campaign_magics as cm\nother = cm.connect('sandbox', tps=20)")
    counted = connected.run(
        'other.count(\'<queryDef schema="nms:recipient" operation="count"/>\')'
    )
    assert counted == 30
    connected.run("other.close()")


def test_faults_are_ordered_from_the_notebook(notebook: Notebook) -> None:
    """A query gets over a 503 by itself; nonsense is refused."""
    notebook.run("%campaign_connect sandbox --rows 50 --tps 50")
    notebook.run("%campaign_sandbox faults status status=503 calls=1")
    assert "503" in notebook.shown
    assert len(notebook.run(f"%%campaign_query --limit 2\n{EMAILS}")) == 2
    notebook.run("%campaign_sandbox faults off")
    assert "no fault is ordered" in notebook.shown
    for words in ("nonsense", "latency seconds", "latency seconds=never"):
        with pytest.raises(InvalidOption):
            notebook.run(f"%campaign_sandbox faults {words}")


def test_the_meter_counts_in_words(connected: Notebook) -> None:
    connected.run(f"%%campaign_query --limit 2\n{EMAILS}")
    connected.run("%campaign_meter --text")
    assert "xtk:queryDef#ExecuteQuery" in connected.shown
    assert "of 500 a second" in connected.shown


def test_record_0_is_not_a_recipient(connected: Notebook) -> None:
    """1,000 recipients are 1,000: the record that joins fall back on is left out."""
    frame = connected.run(f"%%campaign_query --limit 5\n{EMAILS}")
    assert frame["id"].tolist() == [1001, 1002, 1003, 1004, 1005]
    counted = connected.run(
        '%%campaign_query\n<queryDef schema="nms:recipient" operation="count"/>'
    )
    assert counted["count"].tolist() == [1000]


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("campaign_query", "%%campaign_query [--from NAME]"),
        ("campaign_write", "%campaign_write [--key KEY]"),
        ("campaign_workflow", "%campaign_workflow [--out NAME]"),
        ("campaign_status", "%campaign_status"),
    ],
)
def test_help_shows_a_magic_as_it_is_written(
    notebook: Notebook, name: str, usage: str
) -> None:
    manager = notebook.shell.magics_manager.magics
    magic = manager["line"].get(name) or manager["cell"][name]
    lines = [line.strip() for line in magic.__doc__.splitlines()]
    assert any(line.startswith(usage) for line in lines)
    assert not any(line.startswith(f"%{usage}") for line in lines)
