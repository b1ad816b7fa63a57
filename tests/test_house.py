"""The structure: arrows one way, one door per outside thing, names few, imports light, and the page that tells it."""

from __future__ import annotations

import ast
import graphlib
import itertools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import house
import safehash
from conftest import QUICK
from house import DESIGN, DOORS, FLOORS, PACKAGE, ROOMS, ROOT, SOURCES, place_of, room_of

#: Names directly in the package, stubs of compiled modules included: more are not seen at a glance.
MOST_NAMES = 34

IS_SOURCE = (PACKAGE / "_core.pyx").exists()
NO_SOURCES = pytest.mark.skipif(
    not IS_SOURCE, reason="what is compiled is out of reach; `make lint` compares"
)


# -- arrows and doors -------------------------------------------------------------------------------------------


def imports_of(path: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (line, outside package, ()) or (line, "", our module) of every import, those inside functions included."""
    package = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0], ()
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, (node.module or "").split(".")[0], ()
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] + tuple((node.module or "").split("."))
            base = tuple(part for part in base if part)
            for alias in node.names:
                target = (*base, alias.name)
                yield node.lineno, "", target if _is_module(target) else base


def _is_module(parts: tuple[str, ...]) -> bool:
    place = PACKAGE.joinpath(*parts)
    return any(place.with_suffix(end).exists() for end in (".py", ".pyi")) or (place / "__init__.py").exists()


def floor_of(room: str) -> int:
    """Return how high a room lies; -1 for the ground floor."""
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), -1)


def only_for_types(path: Path) -> set[int]:
    """Return the lines under ``if TYPE_CHECKING``."""
    return {
        child.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for part in node.body
        for child in ast.walk(part)
        if hasattr(child, "lineno")
    }


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_arrows_go_down(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    for line, outside, target in imports_of(path):
        if outside or not target or target[0] == room:
            continue
        assert floor_of(target[0]) < floor_of(room) or (room not in ROOMS and target[0] not in ROOMS), (
            f"{place_of(path)}:{line} reaches up or sideways to {'.'.join(target)}"
        )


def test_imports_between_rooms_are_seen() -> None:
    """What the tests of arrows and doors look at is there, and floors are told apart."""
    arrows = {
        (room_of(path), target[0])
        for path in SOURCES
        for _, outside, target in imports_of(path)
        if not outside and target and target[0] != room_of(path)
    }
    assert {
        ("matching", "images"),
        ("matching", "search"),
        ("cli", "scanning"),
        ("scanning", "matching"),
    } <= arrows
    assert floor_of("images") < floor_of("search") < floor_of("matching") < floor_of("cli")


def test_no_files_import_each_other_in_a_circle() -> None:
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for path in SOURCES:
        own = path.relative_to(PACKAGE).with_suffix("").parts
        own = own[:-1] if own[-1] == "__init__" else own
        skipped = only_for_types(path)
        graph[own] = {
            target
            for line, outside, target in imports_of(path)
            if not outside and target and line not in skipped
        } - {own}
    del graph[()]  # the public names load what they need, by their names
    # A room's own first file says what the room is; its lazy names are no imports.
    order = list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError
    assert len(order) > len(SOURCES) // 2


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_one_door_per_outside_thing(path: Path) -> None:
    skipped = only_for_types(path)
    for line, outside, _ in imports_of(path):
        if outside in DOORS and line not in skipped:
            assert room_of(path) in DOORS[outside], (
                f"{place_of(path)}:{line} goes to {outside} by another door"
            )


def test_every_door_is_used() -> None:
    """A door that nobody goes through says of a room what is not true."""
    used = {
        (outside, room_of(path))
        for path in SOURCES
        for line, outside, _ in imports_of(path)
        if outside in DOORS and line not in only_for_types(path)
    }
    assert used == {(outside, room) for outside, rooms in DOORS.items() for room in rooms}


def test_every_outside_package_that_must_be_installed_has_a_door() -> None:
    outside = {name for path in SOURCES for _, name, _ in imports_of(path) if name}
    known = {*sys.stdlib_module_names, *DOORS, "numpy", "_typeshed", "markupsafe"}
    assert outside <= known, f"no door for {sorted(outside - known)}: give it one in tests/house.py"


def test_modules_named_in_strings_exist() -> None:
    """A wrong name to preload is swallowed by the fork server, and costs every worker a second."""
    named = {
        (place_of(path), node.value)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"(safehash|PIL|numpy)(\.\w+)+", node.value)
    }
    assert any(name == "safehash.scanning.preload" for _, name in named)
    assert [(place, name) for place, name in sorted(named) if not _exists(name)] == []


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_the_package_is_seen_at_a_glance() -> None:
    built = {".so", ".pyd", ".c"}
    names = [
        path.name for path in PACKAGE.iterdir() if path.suffix not in built and path.name != "__pycache__"
    ]
    assert len(names) <= MOST_NAMES, sorted(names)
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__", "_c"}
    assert rooms == set(ROOMS)


#: What others than the package use, and who.
USED_BY_OTHERS = {
    "names_markdown": "docs/make_tables.py",
    "words_markdown": "docs/make_tables.py",
    "formats_markdown": "docs/make_tables.py",
}


@NO_SOURCES
def test_what_is_defined_is_used() -> None:
    """By the package itself: what tests alone use is one more thing to read, and promises what nobody keeps."""
    written = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyx", ".pxi")]
    words = Counter(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in written)))
    unused = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        exported = {
            each.value
            for node in tree.body
            if isinstance(node, ast.Assign) and _names(node) == ["__all__"]
            for each in ast.walk(node.value)
            if isinstance(each, ast.Constant)
        }
        for name in (name for node in tree.body for name in _names(node) if not name.startswith("__")):
            if words[name] <= 1 + (name in exported):
                unused.add(name)
    assert unused == set(USED_BY_OTHERS)


#: So long is the text of a function's tree, names left out, that two of them are one.
LONG_ENOUGH = 300


class _Unnamed(ast.NodeTransformer):
    """Gives what a function calls its own names in their order, so that two that differ in these alone are alike."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def _plain(self, name: str) -> str:
        return self._known.setdefault(name, f"name{len(self._known)}")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._plain(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._plain(node.arg))


@NO_SOURCES
def test_no_function_stands_in_two_files() -> None:
    """However its arguments are called: one of the two would be mended and the other not."""
    places: dict[str, list[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[ast.get_docstring(node) is not None :]
                text = ast.dump(_Unnamed().visit(ast.Module(body, [])))
                if len(text) > LONG_ENOUGH:
                    places.setdefault(text, []).append(f"{place_of(path)}: {node.name}")
    assert len(places) > 1000
    twice = [found for found in places.values() if len({each.partition(":")[0] for each in found}) > 1]
    assert not twice


# -- imports are light ------------------------------------------------------------------------------------------


def loaded_by(*command: str) -> set[str]:
    """Return the modules that a fresh interpreter has after a command line of ours."""
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "sys.argv = sys.argv[1:]; exec(sys.argv.pop(0))"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


HEAVY = {*DOORS, "numpy", "asyncio", "concurrent", "ctypes", "dataclasses", "inspect", "json", "subprocess"}


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = loaded_by("import safehash")
    assert not loaded & HEAVY
    assert {name for name in loaded if name.startswith("safehash")} == {"safehash", "safehash._face"}


def test_asking_for_the_version_loads_no_command() -> None:
    loaded = loaded_by(
        "import runpy; runpy.run_module('safehash', run_name='__main__')", "safehash", "--version"
    )
    assert {"safehash", "runpy"} <= loaded and not loaded & (HEAVY - {"argparse"})
    assert not {name for name in loaded if name.startswith("safehash.") and name.count(".") > 2}


def test_an_exception_can_be_caught_without_loading_anything() -> None:
    loaded = loaded_by("import safehash; safehash.ListError, safehash.lists")
    assert "safehash.errors" in loaded and not loaded & {"numpy", "PIL"}


# -- the page that tells it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", house.files(), ids=place_of)
def test_every_file_says_what_it_is(path: Path) -> None:
    """In one sentence: it is the file's row in docs/design.md."""
    said = house.sentence_of(path)
    assert re.fullmatch(r"[^|\n]{8,160}\.", said), f"{place_of(path)} needs a first sentence, it has {said!r}"


def test_every_file_is_short_enough_to_read() -> None:
    lines = {place_of(path): path.read_text(encoding="utf-8").count("\n") for path in SOURCES}
    assert {place: n for place, n in lines.items() if n > 600} == {}


def test_files_of_a_folder_are_told_apart_by_their_names() -> None:
    """Six letters in common are too many, but where one goes on from the other: ``jpeg`` and ``jpeg_header``."""
    plain = [(path.parent, path.stem) for path in SOURCES if "_" not in path.stem]
    alike = [
        (one, other)
        for one, other in itertools.combinations(plain, 2)
        if one[0] == other[0] and one[1][:6] == other[1][:6]
    ]
    assert len(plain) > 150 and not alike


@NO_SOURCES
@pytest.mark.parametrize("name", house.parts())
def test_design_tells_the_house_as_it_is(name: str) -> None:
    """Every room, file, sentence and door: none left out, none that is gone."""
    told = house.part_of(DESIGN.read_text(encoding="utf-8"), name)
    assert told == house.parts()[name], "run: make design"


@NO_SOURCES
def test_design_tells_the_rooms_in_their_order() -> None:
    text = " ".join(DESIGN.read_text(encoding="utf-8").split())
    floors = [
        f"{{{', '.join(sorted(rooms, reverse=True))}}}" if len(rooms) > 1 else rooms[0] for rooms in FLOORS
    ]
    assert f"`{' -> '.join(reversed(floors))} -> {{compiled, errors, files}}`" in text


#: What somebody looks for, and words of its file's own sentence that lead there.
LOOKED_FOR = {
    "a TIFF's bit depth": ("TIFF", "bits"),
    "a list's tombstone": ("list entry", "tombstone"),
    "a crop's threshold": ("crops", "threshold"),
    "a worker's time limit": ("workers", "time limit"),
    "an exit code": ("exit code",),
}


@NO_SOURCES
def test_five_look_ups_end_in_the_right_place() -> None:
    """Somebody who reads only the tree and docs/design.md finds each of the five."""
    page = DESIGN.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (an? [^|]+) \| (`[\w/]+\.py`, `[\w.]+`) \|$", page, re.MULTILINE))
    assert set(rows) == set(LOOKED_FOR)
    for what, where in rows.items():
        place, symbol = re.findall(r"`([^`]+)`", where)
        path = PACKAGE / place
        assert symbol in symbols_of(path), f"{what}: {place} has no {symbol}"
        said = house.sentence_of(path)
        for word in LOOKED_FOR[what]:
            assert word.lower() in said.lower(), f"{what}: nobody who reads {said!r} looks into {place}"


def symbols_of(path: Path) -> set[str]:
    """Return what a file defines at its top, and the fields and methods of its classes."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for name in _names(node):
            found.add(name)
            if isinstance(node, ast.ClassDef):
                found |= {f"{name}.{each}" for part in node.body for each in _names(part)}
    return found


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [node.target.id] if isinstance(node.target, ast.Name) else []
    if isinstance(node, ast.Assign):
        targets = [each for target in node.targets for each in getattr(target, "elts", [target])]
        return [each.id for each in targets if isinstance(each, ast.Name)]
    return []


@NO_SOURCES
def test_the_tests_have_the_same_rooms() -> None:
    rooms = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and list(path.glob("test_*.py"))
    }
    assert rooms >= set(ROOMS)


@NO_SOURCES
def test_no_two_scripts_that_tests_import_have_one_name() -> None:
    """Which of them is imported would hang on which test runs first."""
    tests = Path(__file__).parent
    folders = (tests, tests / "breaks", tests / "browser", tests.parent / "benchmarks", tests.parent / "fuzz")
    names = [path.name for folder in folders for path in folder.glob("*.py")]
    assert len(names) > 80
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_the_version_stands_in_one_place() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    first = re.search(
        r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$",
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert first is not None
    # What is not released says so in both places, and what is in neither.
    assert safehash.__version__ == first[1] + (".dev0" if first[2] == "unreleased" else "")


def test_quick_tests_are_files_that_are_there() -> None:

    missing = [name for name in QUICK if not (Path(__file__).parent / name).exists()]
    assert missing == [] and len(QUICK) > 20


def test_every_dataclass_has_slots() -> None:
    """A field that is misspelt is an error, and many of them take less memory."""
    found = {
        f"{path.name}: {node.name}": ast.unparse(each)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for each in node.decorator_list
        if ast.unparse(each).startswith("dataclass")
    }
    assert len(found) > 150
    assert [name for name, said in found.items() if "slots=True" not in said] == []
