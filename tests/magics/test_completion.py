"""Tab in a Campaign cell, as a kernel asks for it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from magics.notebook import NO_HISTORY

from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment


@pytest.fixture(scope="module")
def shell(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InteractiveShell]:
    """Connected, with the schemas of a first query in the cache."""
    shell = InteractiveShell.instance(config=NO_HISTORY)
    shell.run_line_magic("load_ext", "campaign_magics")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for name, value in sandbox_environment(sandbox).items():
            patch.setenv(name, value)
        shell.run_line_magic("campaign_connect", "sandbox")
        shell.run_line_magic("campaign_schema", "")
        for name in ("nms:recipient", "xtk:folder", "nms:delivery", "nms:broadLogRcp"):
            shell.run_line_magic("campaign_schema", name)
    yield shell
    shell.run_line_magic("unload_ext", "campaign_magics")
    InteractiveShell.clear_instance()


def offered(shell: InteractiveShell, marked: str) -> dict[str, str]:
    """Complete at ``|``; return each offer and the text that it replaces."""
    at = marked.index("|")
    code = marked.replace("|", "", 1)
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, at))
    return {one.text: code[one.start : one.end] for one in found}


XML = '%%campaign_query\n<queryDef schema="nms:recipient"><select>'


@pytest.mark.parametrize(
    ("marked", "expected", "replaced"),
    [
        ("%%campaign_query\nSELECT em| FROM nms:recipient", "email", "em"),
        ("%%campaign_query\nSELECT @em| FROM nms:recipient", "@email", "@em"),
        ("%%campaign_query\nSELECT email FROM nms:re|", "nms:recipient", "nms:re"),
        (
            "%%campaign_query\nSELECT folder.la| FROM nms:recipient",
            "folder.label",
            "folder.la",
        ),
        (
            "%%campaign_query\nSELECT [folder/@la| FROM nms:recipient",
            "[folder/@label]",
            "[folder/@la",
        ),
        (
            "%%campaign_query\nSELECT id FROM nms:recipient WHERE gender = |",
            "'female'",
            "",
        ),
        (
            "%%campaign_query\nSELECT id FROM nms:recipient WHERE gender = 'fe|",
            "'female'",
            "'fe",
        ),
        (
            "%%campaign_query\nSELECT id FROM nms:recipient "
            "WHERE gender IN ('male', 'f|",
            "'female'",
            "'f",
        ),
        ("%%campaign_query\nSELECT Upp| FROM nms:recipient", "Upper(", "Upp"),
        (
            "%%campaign_query\nSELECT id FROM nms:recipient WHERE id IN "
            "(SELECT recipient.id FROM nms:broadLogRcp WHERE sta|)",
            "status",
            "sta",
        ),
        (XML + '<node expr="@em|', "@email", "@em"),
        (XML + '<node expr="[location/@ci|', "[location/@city]", "[location/@ci"),
        (XML + '<node expr="loc|', "[location/@city]", "loc"),
        ('%%campaign_query\n<queryDef schema="nms:de|', "nms:delivery", "nms:de"),
        (
            '%%campaign_query\n{"schema": "nms:recipient", "select": {"node": '
            '[{"expr": "@em|',
            "@email",
            "@em",
        ),
        ("%%campaign_query --li|", "--limit", "--li"),
        ("%%campaign_query --li|\nSELECT 1", "--limit", "--li"),
        ("%campaign_connect --t|", "--tps", "--t"),
        ("%campaign_connect sa|", "sandbox", "sa"),
        ("%campaign_sandbox thr|", "throttle", "thr"),
        ("%campaign_schema nms:rec|", "nms:recipient", "nms:rec"),
        ("%campaign_write peo|", "people", "peo"),
        ("%campaign_write people nms:re|", "nms:recipient", "nms:re"),
        ("%campaign_write --key @email people nms:re|", "nms:recipient", "nms:re"),
        ("%campaign_write --commit people nms:re|", "nms:recipient", "nms:re"),
        ("%%campaign_write nms:re|\n<recipient/>", "nms:recipient", "nms:re"),
        ("%campaign_write people nms:recipient --key @e|", "@email", "@e"),
        (
            "plan = %campaign_write people nms:recipient --key @email,[f|",
            "@email,[folder/@name]",
            "@email,[f",
        ),
        ("%%campaign_write nms:recipient --key @acc|", "@account", "@acc"),
        ("%campaign_write people nms:recipient --operation de|", "delete", "de"),
        ("%campaign_write people nms:recipient --nulls c|", "clear", "c"),
        ("%campaign_write people nms:recipient --link fo|", "folder=", "fo"),
        (
            "%campaign_write people nms:recipient --link folder=u|",
            "folder=update",
            "folder=u",
        ),
        ("%campaign_write people nms:recipient --op|", "--operation", "--op"),
    ],
)
def test_tab_offers(
    shell: InteractiveShell, marked: str, expected: str, replaced: str
) -> None:
    columns = ["email", "folder.name", "no such field"]
    shell.user_ns["people"] = pd.DataFrame(columns=columns)
    found = offered(shell, marked)
    assert expected in found
    assert found[expected] == replaced


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("%campaign_write people nms:recipient --key |", {"@email", "[folder/@name]"}),
        ("%campaign_write people nms:recipient --key @ac|", {"@ac"}),
        ("%campaign_write people nms:nothing --key @|", {"@"}),
        ("%campaign_write people nms:recipient --out d|", {"d"}),
        ("%campaign_write people nms:recipient nms:|", {"nms:"}),
    ],
)
def test_a_key_to_write_by_is_a_column_of_the_data(
    shell: InteractiveShell, line: str, offers: set[str]
) -> None:
    """No other is offered, and nothing where nothing is known."""
    shell.user_ns["people"] = pd.DataFrame(columns=["email", "folder.name", "typo"])
    assert set(offered(shell, line)) == offers


def test_a_parameter_is_a_variable_of_the_notebook(shell: InteractiveShell) -> None:
    shell.user_ns["language"] = "fr"
    query = "%%campaign_query\nSELECT id FROM nms:recipient WHERE language = :lan|"
    assert offered(shell, query)[":language"] == ":lan"


def test_python_names_stay_out_of_a_query(shell: InteractiveShell) -> None:
    """Nothing to offer is not an invitation for ``list`` and ``license``."""
    assert set(offered(shell, "%%campaign_query\nSELECT zzz| FROM nms:recipient")) <= {
        "zzz"
    }


def test_other_cells_are_left_alone(shell: InteractiveShell) -> None:
    shell.user_ns["my_number"] = 1
    assert "my_number" in offered(shell, "my_nu|")
    assert not [name for name in offered(shell, "x = ema|") if "@" in name]


def test_an_answer_takes_milliseconds_and_no_call(
    shell: InteractiveShell, sandbox: Sandbox
) -> None:
    query = "%%campaign_query\nSELECT em| FROM nms:recipient"
    offered(shell, query)
    calls = sandbox.stats()["calls"]
    started = time.perf_counter()
    for _ in range(5):
        offered(shell, query)
    print(f"{(time.perf_counter() - started) / 5 * 1000:.1f} ms a completion")
    assert sandbox.stats()["calls"] == calls
