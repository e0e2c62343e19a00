"""A notebook that was run and saved, and what is left of it where no widget runs."""

from __future__ import annotations

import copy

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

WIDGET = "application/vnd.jupyter.widget-view+json"


def executed(*cells: str) -> nbformat.NotebookNode:
    """Run a notebook of these cells, as ``nbconvert --execute`` does."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
    )
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def shipped_html(notebook: nbformat.NotebookNode) -> str:
    """Return the page of a notebook without the widgets' state."""
    shipped = copy.deepcopy(notebook)
    shipped.metadata.pop("widgets", None)
    html, _ = HTMLExporter().from_notebook_node(shipped)
    return str(html)


def text_of(notebook: nbformat.NotebookNode) -> str:
    """Return every output's plain text."""
    return "\n".join(
        "".join(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
