"""What a data folder says of itself: made by which version, from which seed.

The stamp is written last, so a folder without one was never finished and is made
again; a folder with one is kept as it is.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

from ...errors import InvalidOption

STAMP_FILE: Final = "sandbox.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """How the rows of a folder were seeded; ``as_of`` is an ISO date."""

    version: str
    rows: int
    seed: int
    as_of: str

    @property
    def day(self) -> date:
        """The day the rows are seen from."""
        return date.fromisoformat(self.as_of)


def read_stamp(folder: Path) -> Stamp | None:
    """Return the folder's stamp, None when it was never finished.

    Raises ``InvalidOption`` when the file is not a stamp.
    """
    path = folder / STAMP_FILE
    try:
        stamp = Stamp(**json.loads(path.read_text("utf-8")))
        _ = stamp.day
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as exc:
        raise InvalidOption(
            f"{path} is not what a sandbox wrote there",
            hint="give --data another folder, or remove that file to seed anew",
        ) from exc
    return stamp


def write_stamp(folder: Path, stamp: Stamp) -> None:
    """Write the stamp so that it is there whole or not at all."""
    replace_file(folder / STAMP_FILE, json.dumps(asdict(stamp), indent=1).encode())


def remove_stamp(folder: Path) -> None:
    """Mark the folder as unfinished, so that a crash from here on seeds it anew."""
    (folder / STAMP_FILE).unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader, or a crash, sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
