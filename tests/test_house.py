"""The structure: arrows one way, one door per outside thing, names few, imports light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import safehash

PACKAGE = Path(safehash.__file__).parent
ROOT = Path(__file__).parent.parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: The rooms, ground floor first: a room imports from itself and from the floors below.
FLOORS = (
    {"errors", "files", "_core", "_borrow", "_digests", "_reference", "_search", "_join", "_views"},
    {"images"},
    {"hashing"},
    {"search"},
    {"lists"},
    {"matching"},
    {"scanning"},
    {"evaluation", "reports"},
    {"cli"},
    {"__main__"},
)

#: Outside packages and the only places that may import them.
DOORS = {
    "PIL": {"images", "evaluation"},
    "pillow_heif": {"images"},
    "faiss": {"search"},
    "argparse": {"cli"},
    "sqlite3": {"scanning"},
    "multiprocessing": {"scanning"},
    "pebble": {"scanning"},
    "jinja2": {"reports"},
    "scipy": set(),
}


#: Public names that are unions of types, which carry no docstring on every Python.
ALIASES = {"ScanEvent", "Upload"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[int, str, bool]]:
    """Return (line, top name, is ours) of every import, those inside functions and type checks included."""
    found = []
    package = ("safehash", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0], False) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                found.append((node.lineno, (node.module or "").split(".")[0], False))
                continue
            base = package[: len(package) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            names = [target[1]] if len(target) > 1 else [alias.name for alias in node.names]
            found += [(node.lineno, name, True) for name in names]
    return found


def floor_of(room: str) -> int:
    floors = [number for number, rooms in enumerate(FLOORS) if room in rooms]
    assert len(floors) == 1, f"{room} has no place in the house: give it one in FLOORS and docs/design.md"
    return floors[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_go_down(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    for line, target, ours in imports_of(path):
        if not ours or target in (room, "__version__"):
            continue
        assert floor_of(target) < floor_of(room), f"{path.name}:{line} reaches up or sideways to {target}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_one_door_per_outside_thing(path: Path) -> None:
    for line, target, ours in imports_of(path):
        if not ours and target in DOORS and not _only_for_types(path, line):
            assert room_of(path) in DOORS[target], f"{path.name}:{line} goes to {target} by another door"


def _only_for_types(path: Path, line: int) -> bool:
    """Tell whether an import stands under ``if TYPE_CHECKING``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return any(child.lineno == line for child in ast.walk(node) if hasattr(child, "lineno"))
    return False


def test_public_names() -> None:
    assert sorted(safehash.__all__) == sorted(safehash._HOMES)
    for name in safehash.__all__:
        value = getattr(safehash, name)
        assert value.__doc__ or name in ALIASES, name
    assert set(safehash.__all__) <= set(dir(safehash))
    with pytest.raises(AttributeError, match="nonsense"):
        safehash.nonsense  # noqa: B018


def test_scan_stays_a_function() -> None:
    """A module called scan would replace it as soon as something imports the module."""
    code = "import safehash.scanning.run, safehash.cli.scan, safehash; assert callable(safehash.scan)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_is_light() -> None:
    code = (
        "import sys, safehash; "
        "heavy = {'PIL', 'faiss', 'scipy', 'tqdm', 'sqlite3', 'pebble', 'jinja2'} & set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_file_says_what_it_is(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
    assert first.endswith("."), f"{path.name} needs a first sentence"


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="the source folder is out of reach")
def test_the_version_stands_in_one_place() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert re.fullmatch(r"\d+\.\d+\.\d+", safehash.__version__)


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="the source folder is out of reach")
def test_design_names_every_room() -> None:
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rooms = {room_of(path) for path in SOURCES} | {path.stem for path in PACKAGE.glob("*.pyx")}
    missing = {room for room in rooms if room not in design}
    assert not missing
