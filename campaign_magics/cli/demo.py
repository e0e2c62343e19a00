"""``campaign-magics demo``: sandbox, IPython, one query, the frame and its footer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from IPython.core.interactiveshell import InteractiveShell

from .options import add_sandbox_options, non_default_options

CELLS = (
    "%load_ext campaign_magics",
    "%campaign_connect sandbox{options}",
    """%%campaign_query --limit 5
<queryDef schema="nms:recipient" operation="select">
  <select>
    <node expr="@email"/> <node expr="@gender"/> <node expr="@birthDate"/>
    <node expr="[location/@city]"/>
  </select>
  <orderBy><node expr="@id"/></orderBy>
</queryDef>""",
)


def run(argv: Sequence[str]) -> int:
    """Run the cells in a real IPython shell; 1 when one of them fails."""
    parser = argparse.ArgumentParser(
        prog="campaign-magics demo", description=__doc__.split(": ")[1]
    )
    add_sandbox_options(parser)
    options = non_default_options(parser.parse_args(argv))
    shell = InteractiveShell.instance()
    for number, cell in enumerate(CELLS, 1):
        source = cell.format(options=options) if "{options}" in cell else cell
        print(f"In [{number}]: {source}")
        if not shell.run_cell(source, store_history=True).success:
            return 1
    return 0
