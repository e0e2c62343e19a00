"""The house stays livable: floors, sizes, style and types, checked like behaviour."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "campaign_magics"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FLOORS = {
    **dict.fromkeys(["errors", "secret", "clock", "options", "tutorials"], 0),
    **dict.fromkeys(["xtk", "throttle", "profiles"], 1),
    "schemas": 2,
    **dict.fromkeys(["query", "frames"], 3),
    "soap": 4,
    "session": 5,
    **dict.fromkeys(["write", "api"], 6),
    "widgets": 7,
    "workbench": 8,
    "front": 9,
    **dict.fromkeys(["magics", "cli"], 10),
}
"""Room → floor.  The workbench puts the rooms together for the front door; the
faces come in through it."""
ENTRANCES = {"", "front", "cli"}
"""The only places outside the wing that may name the sandbox."""


def room(module: Path) -> str:
    first = module.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    """Rooms that a module imports, wherever in the module the import stands."""
    package = ["campaign_magics", *module.relative_to(PACKAGE).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{prefix}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "campaign_magics" and len(parts) > 1:
                found.add(parts[1])
    return {name for name in found if name in FLOORS or name == "sandbox"}


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_imports_go_down_only(module: Path) -> None:
    """A room imports lower floors; rooms on one floor do not know each other."""
    here = room(module)
    for other in imported_rooms(module) - {here}:
        if here == "sandbox":
            assert FLOORS[other] <= 3, f"the sandbox wing imports {other}"
        elif other == "sandbox":
            assert here in ENTRANCES, f"{here} imports the sandbox"
        elif here:
            assert FLOORS[other] < FLOORS[here], f"{here} imports {other}"


def test_every_room_has_a_floor() -> None:
    """A new room is put on a floor before it is furnished."""
    assert {room(module) for module in MODULES} <= {*FLOORS, "", "sandbox"}


@pytest.mark.parametrize(
    "module", [*MODULES, *TESTS], ids=lambda module: str(module.relative_to(ROOT))
)
def test_modules_and_functions_stay_short(module: Path) -> None:
    """Modules have at most 400 lines, functions at most 50; tests are no exception."""
    text = module.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)]
)
def test_style_and_types(command: tuple[str, ...]) -> None:
    """ruff and mypy --strict have nothing to say."""
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr


def test_front_door_is_exactly_all() -> None:
    """Every promised name can be imported, and nothing else is offered."""
    import campaign_magics

    assert campaign_magics.__all__ == sorted(campaign_magics.__all__)
    for name in campaign_magics.__all__:
        assert getattr(campaign_magics, name) is not None
    assert {*dir(campaign_magics)} == {*campaign_magics.__all__, "__version__"}


def test_unfinished_work_is_not_shipped() -> None:
    """No placeholder, no silenced type error without a reason."""
    for module in MODULES:
        text = module.read_text()
        found = re.search(r"raise NotImplementedError|\b(TODO|FIXME|XXX)\b", text)
        assert not found, f"{found} in {module}"
        assert not any(line.endswith("# type: ignore") for line in text.splitlines()), (
            module
        )
