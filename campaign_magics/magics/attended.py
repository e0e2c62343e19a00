"""Whether somebody sits at the notebook who could answer."""

from __future__ import annotations

from typing import Any


def somebody_sits_at(shell: Any) -> bool:
    """Tell whether the front end that runs this cell takes input.

    JupyterLab, Notebook and VS Code say so with each cell; papermill, nbclient and
    nbconvert say no.  It is what ``input()`` goes by as well; ipykernel keeps it in a
    private attribute and has no other place for it (6.31, 7.3, 7.4).  A terminal has
    no widgets, hence no.
    """
    kernel = getattr(shell, "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))
