"""A folder of Parquet parts and the file that says how far it is.

A part is written under another name, then renamed; then the manifest is, in the same
way.  So whenever the process dies, the manifest counts only parts that are whole, and
a part it does not count is written again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..errors import InvalidOption
from .way import Key

MANIFEST = "_campaign.json"
"""Readers of Parquet folders pass over names with an underscore."""

_LOCK = "_campaign.lock"
_PART = re.compile(r"part-(\d{6,})\.parquet(\.new)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder holds.

    ``query`` is the digest of query and options; ``behind`` is where the next part
    begins; ``records`` were read, which made ``rows``.
    """

    query: str
    schema: str
    querydef: str = ""
    parts: int = 0
    rows: int = 0
    records: int = 0
    behind: Key | None = None
    truncated: bool = False
    complete: bool = False


class Folder:
    """The parts of one query, open for writing; made by ``opened``."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    def add(self, write: Callable[[Path], None], manifest: Manifest) -> None:
        """Add a part, which ``write`` writes to a path, and note it."""
        name = f"part-{self.manifest.parts:06}.parquet"
        new = self.path / f"{name}.new"
        write(new)
        _settle(new, self.path / name)
        self.note(manifest)

    def note(self, manifest: Manifest) -> None:
        """Replace the manifest, in one step."""
        new = self.path / f"{MANIFEST}.new"
        new.write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
        _settle(new, self.path / MANIFEST)
        self.manifest = manifest


@contextmanager
def opened(path: Path, fresh: Manifest, *, resume: bool) -> Iterator[Folder]:
    """Open a folder for the parts of a query, made if need be.

    ``fresh`` is the manifest of a folder without parts.  Raises InvalidOption for a
    folder that cannot be made, or holds another query's parts, or other files; for
    one that holds this query's, unless ``resume``; and while somebody else writes to
    it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as exc:
        raise InvalidOption(f"{path} is not a folder.", hint="name another") from exc
    except OSError as exc:
        raise InvalidOption(
            f"The folder {path} cannot be made: {exc.strerror}.", hint="name another"
        ) from exc
    with _locked(path):
        found = _found(path)
        _check(path, found, fresh, resume)
        folder = Folder(path, found or fresh)
        _drop_uncounted(path, folder.manifest.parts)
        if found is None:
            folder.note(fresh)
        yield folder


def _found(path: Path) -> Manifest | None:
    try:
        text = (path / MANIFEST).read_text(encoding="utf-8")
        known = {one.name for one in fields(Manifest)}
        return Manifest(**{k: v for k, v in json.loads(text).items() if k in known})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as exc:
        raise InvalidOption(
            f"{path / MANIFEST} cannot be read.", hint="name another folder"
        ) from exc


def _check(path: Path, found: Manifest | None, fresh: Manifest, resume: bool) -> None:
    if found is None:
        others = [one.name for one in path.iterdir() if one.name[0] not in "_."]
        if others:
            raise InvalidOption(
                f"{path} holds other files, such as {min(others)}.",
                hint="name a folder that is empty or does not exist",
            )
    elif found.query != fresh.query:
        raise InvalidOption(
            f"{path} holds the parts of another query, on {found.schema}: "
            f"{found.rows:,} rows.",
            hint="name another folder, or repeat that query and its options exactly",
        )
    elif not resume:
        state = "all" if found.complete else "the first"
        raise InvalidOption(
            f"{path} holds {state} {found.rows:,} rows of this query already.",
            hint="go on with resume=True (--resume), or name another folder",
        )


def _drop_uncounted(path: Path, parts: int) -> None:
    """Remove what a process left that died between a part and its manifest."""
    for one in path.iterdir():
        part = _PART.fullmatch(one.name)
        if part and (part[2] or int(part[1]) >= parts):
            one.unlink()


def _settle(new: Path, final: Path) -> None:
    """Give a file that is whole, on the disk too, its final name."""
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    new.replace(final)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes out, where the system can; a dead one keeps nobody out."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (path / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise InvalidOption(
                f"Another reading writes to {path} right now.",
                hint="wait for it, or name another folder",
            ) from exc
        yield
