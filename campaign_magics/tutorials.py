"""Where the tutorial notebooks are, and how a reader gets a copy of them."""

from __future__ import annotations

import shutil
from pathlib import Path

_PACKAGE = Path(__file__).parent
FIRST = "01_first_query.ipynb"


def source() -> Path:
    """Return the folder that holds the tutorials.

    An installed wheel carries them in the package; a checkout has them beside it.
    """
    carried = _PACKAGE / "tutorials"
    return carried if carried.is_dir() else _PACKAGE.parent / "notebooks"


def copy_to(folder: Path) -> list[Path]:
    """Copy the tutorials that ``folder`` does not have yet; return the new files.

    A notebook that is already there is somebody's work: it is never overwritten.
    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    added = []
    for notebook in sorted(source().glob("*.ipynb")):
        target = folder / notebook.name
        if not target.exists():
            shutil.copyfile(notebook, target)
            added.append(target)
    return added
