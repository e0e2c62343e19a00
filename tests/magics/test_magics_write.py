"""``%campaign_write`` in a real IPython shell, against the real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from magics.notebook import Notebook

from campaign_magics import Sandbox
from campaign_magics.errors import InvalidOption, UnknownName
from campaign_magics.write.plan import Plan
from campaign_magics.write.result import WriteResult


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One of its own: others only read from the shared one."""
    with Sandbox(tps=400, rows=50, seed=7) as server:
        yield server


@pytest.fixture
def people(connected: Notebook, request: pytest.FixtureRequest) -> pd.DataFrame:
    """Two new recipients of the test's own, in the notebook's variable ``people``."""
    name = request.node.name.partition("[")[0]
    frame = pd.DataFrame({"email": [f"{n}@{name}.example" for n in "ab"]})
    connected.shell.user_ns["people"] = frame
    return frame


def test_without_commit_nothing_is_sent(connected: Notebook, people: Any) -> None:
    """The preview says what is new, by which route, and how to send it."""
    plan = connected.run("%campaign_write people nms:recipient --key @email")
    assert isinstance(plan, Plan)
    assert plan.counts["insert"] == 2
    assert "2 new" in connected.shown
    assert "IngestExt (waits in nms:recipientStg for replication)" in connected.shown
    assert "nothing was sent" in connected.shown
    again = connected.run("%campaign_write people nms:recipient --key @email")
    assert again.counts["insert"] == 2


def test_commit_sends_and_the_same_cell_skips(connected: Notebook, people: Any) -> None:
    cell = "%campaign_write people nms:recipient --key @email --no-ingest --commit"
    result = connected.run(cell)
    assert isinstance(result, WriteResult)
    assert (result.landed, result.skipped) == (2, 0)
    again = connected.run(cell)
    assert (again.landed, again.skipped) == (0, 2)
    assert "landed before" in connected.shown
    forced = connected.run(f"{cell} --force")
    assert (forced.landed, forced.skipped) == (2, 0)


def test_a_variable_takes_the_outcome_and_a_line_tells_it(
    connected: Notebook, people: Any
) -> None:
    cell = "%campaign_write people nms:recipient --key @email --no-ingest --out kept"
    assert connected.run(cell) is None
    assert isinstance(connected.shell.user_ns["kept"], Plan)
    assert "rows 2 of 2 can be sent" in connected.shown
    assert "nothing was sent" in connected.shown
    assert connected.run(f"{cell} --commit") is None
    assert isinstance(connected.shell.user_ns["kept"], WriteResult)
    assert "landed 2 of 2 rows · cost " in connected.shown


def test_the_journal_lists_commits_and_their_batches(
    connected: Notebook, people: Any
) -> None:
    cell = "%campaign_write people nms:recipient --key @email --no-ingest --commit"
    result = connected.run(f"{cell} --out done")
    assert result is None
    done = connected.shell.user_ns["done"]
    jobs = connected.run("%campaign_write --journal")
    mine = jobs[jobs["job"] == done.job].iloc[0]
    assert (mine["schema"], mine["landed"], mine["outcome"]) == (
        "nms:recipient",
        2,
        "done",
    )
    batches = connected.run(f"%campaign_write --journal {done.job}")
    assert batches["state"].tolist() == ["acknowledged"]
    text = jobs.to_string() + batches.to_string()
    assert "example" not in text


def test_a_cell_writes_the_document_below(connected: Notebook) -> None:
    document = (
        '<recipient xtkschema="nms:recipient" _key="@email" '
        'email="a@document.example" lastName="O&apos;Hara"/>'
    )
    plan = connected.run(f"%%campaign_write --no-ingest\n{document}")
    assert plan.counts["insert"] == 1
    result = connected.run(f"%%campaign_write --no-ingest --commit\n{document}")
    assert result.landed == 1
    found = connected.run(
        "%%campaign_query\nSELECT lastName FROM nms:recipient "
        "WHERE email = 'a@document.example'"
    )
    assert found["lastName"].tolist() == ["O'Hara"]


def test_a_server_text_is_escaped(connected: Notebook) -> None:
    """What is stored may hold markup; the preview shows it and does not become it."""
    frame = pd.DataFrame({"email": ["<b>@x.example"], "text1": ["<script>1</script>"]})
    connected.shell.user_ns["nasty"] = frame
    plan = connected.run("%campaign_write nasty nms:recipient --key @email")
    html = plan._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;1&lt;/script&gt;" in html


@pytest.mark.parametrize(
    ("line", "kind", "hint"),
    [
        ("%campaign_write", InvalidOption, "%campaign_write DATA"),
        ("%campaign_write nobody nms:recipient", InvalidOption, "assign it"),
        ("%campaign_write peple nms:recipient", InvalidOption, "did you mean people"),
        ("%campaign_write nms:recipient people", InvalidOption, "data comes first"),
        (
            "%campaign_write people[:1] nms:recipient",
            InvalidOption,
            "part = people[:1]",
        ),
        ("%campaign_write --journal nobodys", InvalidOption, "session.journal()"),
        ("%campaign_write people", InvalidOption, "name it"),
        (
            "%campaign_write people nms:recipient --key emial",
            UnknownName,
            "did you mean",
        ),
        (
            "%campaign_write people nms:recipient --key @email --link folder",
            InvalidOption,
            "--link company=update",
        ),
        (
            "%campaign_write people nms:recipient --key @email --nulls away",
            InvalidOption,
            "skip",
        ),
        (
            "%campaign_write people nms:recipient --key @email --operation destroy",
            InvalidOption,
            "update",
        ),
        ("%campaign_write --out 1x people nms:recipient", InvalidOption, "--out"),
    ],
)
def test_what_is_wrong_fails_the_cell_with_a_hint(
    connected: Notebook, people: Any, line: str, kind: type, hint: str
) -> None:
    with pytest.raises(kind) as caught:
        connected.run(line)
    assert hint in caught.value.hint


def test_a_production_profile_wants_its_name(
    connected: Notebook, people: Any, sandbox: Any
) -> None:
    """--commit alone is not enough where the profile says production."""
    import campaign_magics as cm

    cell = "%campaign_write people nms:recipient --key @email --no-ingest"
    connected.shell.user_ns["prod"] = cm.connect(sandbox, production=True)
    connected.run("%campaign_connect prod")
    with pytest.raises(InvalidOption, match="production") as caught:
        connected.run(f"{cell} --commit")
    assert "--yes sandbox" in caught.value.hint
    assert connected.run(f"{cell} --commit --yes sandbox").landed == 2
    connected.shell.user_ns["prod"].close()
