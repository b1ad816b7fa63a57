"""The house as the tree has it: rooms, floors, doors, and the tables of docs/design.md that are made of them.

``python tests/house.py`` writes those tables anew, ``--check`` says whether they are true; `test_house.py` holds code
and page to them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SOURCE = ROOT / "src" / "safehash"
_INSTALLED = find_spec("safehash")

#: The package as it was written, or, where the sources are out of reach, as it was installed: without what is compiled.
PACKAGE = _SOURCE if _SOURCE.exists() else Path(str(_INSTALLED and _INSTALLED.origin)).parent
DESIGN = ROOT / "docs" / "design.md"
SOURCES = sorted(PACKAGE.rglob("*.py"))

#: The rooms, ground floor first: a room imports from itself and from the floors below.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("images",),
    ("hashing",),
    ("search",),
    ("lists",),
    ("matching",),
    ("scanning",),
    ("evaluation", "integrations", "reports", "service"),
    ("cli",),
)
ROOMS = tuple(room for floor in FLOORS for room in floor)

#: Outside packages, and the rooms that go to them.
DOORS: dict[str, tuple[str, ...]] = {
    "PIL": ("images", "evaluation"),
    "pillow_heif": ("images",),
    "faiss": ("search",),
    "sqlite3": ("scanning", "lists", "service"),
    "msgspec": ("lists", "service"),
    "defusedxml": ("lists",),
    "multiprocessing": ("scanning",),
    "pebble": ("scanning",),
    "fsspec": ("scanning",),
    "jinja2": ("reports",),
    "starlette": ("service",),
    "uvicorn": ("service",),
    "python_multipart": ("service",),
    "prometheus_client": ("service",),
    "h11": ("service",),
    "httptools": ("service",),
    "threatexchange": ("integrations",),
    "pyarrow": ("matching", "integrations", "cli"),
    "polars": ("integrations",),
    "cryptography": ("matching",),
    "rich": ("cli",),
    "argparse": ("cli",),
    "shtab": ("cli",),
    "tomli": ("cli",),
    "watchdog": ("scanning",),
}

#: What stands in the package beside code, and why.
BESIDE = {
    "py.typed": "Tells type checkers that the package is typed.",
    "reports/templates/compliance.html": "The page that a record of compliance fills.",
    "reports/templates/report.html": "The page that a report fills.",
    "reports/templates/report.css": "Its style.",
    "reports/templates/report.js": "Its script.",
}

_BEGIN, _END = "<!-- {name}: made by tests/house.py -->", "<!-- end of {name} -->"


def room_of(path: Path) -> str:
    """Return the room a file stands in; a file of the ground floor is a room of its own."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def place_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def files() -> list[Path]:
    """Return every file of the package that somebody wrote, stubs of compiled modules aside."""
    made = {".so", ".pyd", ".c", ".pyc", ".html~"}
    return [
        path
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and path.suffix not in {*made, ".pyi"} and "__pycache__" not in path.parts
    ]


def sentence_of(path: Path) -> str:
    """Return the first sentence of a file, as its row in docs/design.md; "" where it has none."""
    if place_of(path) in BESIDE:
        return BESIDE[place_of(path)]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    begin = {".pyx": r'(?:#[^\n]*\n)*\s*"""', ".h": r"/\* ", ".pxi": r"# "}[path.suffix]
    found = re.match(begin + r"(.*)", text)
    return re.sub(r'\s*("""|\*/)$', "", found[1]) if found else ""


def _top_names() -> Iterator[tuple[str, str]]:
    """Yield what ``ls`` shows of the package, and one sentence each."""
    for path in files():
        place = place_of(path)
        if "/" not in place:
            yield place, sentence_of(path)
    yield "_c/", "C headers of the compiled modules."
    for room in ROOMS:
        yield f"{room}/", sentence_of(PACKAGE / room / "__init__.py")


def tree() -> str:
    """Return the tree as a block of text: what is on the ground floor, then the rooms."""
    names = list(_top_names())
    width = max(len(name) for name, _ in names)
    return "\n".join(
        ["```text", "src/safehash/", *(f"  {name:<{width}}  {said}" for name, said in names), "```"]
    )


def tables() -> str:
    """Return one table a folder, one row a file."""
    folders: dict[str, list[Path]] = {"_c": [], **{room: [] for room in ROOMS}}
    for path in files():
        parent = place_of(path.parent) if path.parent != PACKAGE else ""
        if parent and path.name != "__init__.py":
            folders.setdefault(parent, []).append(path)
    blocks = []
    for folder in sorted(folders, key=lambda name: (_order(name), name)):
        head = f"### {folder}"
        above = PACKAGE / folder / "__init__.py"
        said = f"{sentence_of(above)}\n\n" if "/" in folder and above.exists() else ""
        rows = [f"| `{path.name.removesuffix('.py')}` | {sentence_of(path)} |" for path in folders[folder]]
        blocks.append("\n".join([f"{head}\n\n{said}| file | one sentence |\n| --- | --- |", *rows]))
    return "\n\n".join(blocks)


def _order(folder: str) -> int:
    room = folder.split("/")[0]
    return ROOMS.index(room) if room in ROOMS else -1


def doors() -> str:
    """Return the doors as a table."""
    rows = [
        f"| {_listed(name for name in DOORS if DOORS[name] == rooms)} | {_listed(rooms)} |"
        for rooms in dict.fromkeys(DOORS.values())
    ]
    return "\n".join(["| outside | only in |", "| --- | --- |", *rows])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def parts() -> dict[str, str]:
    """Return the parts of docs/design.md that are made of the tree, by name."""
    return {"tree": tree(), "doors": doors(), "files": tables()}


def page_with(parts_by_name: dict[str, str], page: str) -> str:
    """Return a page with its made parts in place of what stood there."""
    for name, text in parts_by_name.items():
        begin, end = _BEGIN.format(name=name), _END.format(name=name)
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"docs/design.md has no place for {name!r}: write {begin} and {end}")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def part_of(page: str, name: str) -> str:
    """Return one made part as it stands on a page."""
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    return page.partition(begin)[2].partition(end)[0].strip()


if __name__ == "__main__":
    page = DESIGN.read_text(encoding="utf-8")
    made = page_with(parts(), page)
    if "--check" not in sys.argv:
        DESIGN.write_text(made, encoding="utf-8")
    elif made != page:
        sys.exit("docs/design.md does not tell the house as it is: run `make design`")
