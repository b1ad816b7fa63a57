"""A seeded sample of a room's mutants, each met by the tests that run its line: how many of them are noticed.

Run: python tests/sampled_mutants.py ROOM ... [--n 80] [--seed 7 ...] [--again] [-o tests/mutants.json]

A room has thousands of mutants and each costs seconds: `mutants.py` tests them all, this one draws some. The room's
tests are run once to learn which of them run which line. A mutant is noticed where one of the quickest of these fails,
or another test of the same files (what a fixture of the whole file made is asserted by others than the one that made
it), or of what else runs the line; what would take longer than the looks is not run, and counts as nothing. All of it
is run by one process that has imported what the package needs and forks for each mutant. The share is told with its
95 % interval (Wilson's). What was found stands below build/mutants until the mutated file changes, and which lines some
tests run until these or the room do; ``--again`` tests those once more that nothing noticed: for when tests were added.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import hashlib
import json
import math
import os
import py_compile
import random
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "breaks"))

from breaking import ROOT, Tree, place_of
from mutants import SESSIONS, read_survivors, reason_of

__all__ = ["Mutant", "drawn", "interval", "main", "summary"]

_PACKAGE = place_of("src/safehash/__init__.py").parent

#: Seconds of the quickest tests that a mutant meets first, of others of the same files that it meets then, and of the
#: other tests that run its line, which are left to those that would survive.
_FIRST_LOOK, _SECOND_LOOK, _THIRD_LOOK = 8.0, 30.0, 120.0
#: Processor seconds that tests run at once may take, and how many times that in all: what goes on for ever is noticed,
#: what waits for a busy machine is not.
_LONGEST, _IN_ALL = 180, 10

_QUIETLY = ("-q", "-p", "no:cacheprovider")

#: What pytest is told of each test: which lines of the package it runs, and how long it takes.
_PLUGIN = """
import json, os, time
import coverage, pytest

covering = coverage.Coverage(data_file=None, include=[os.environ["COVERED"]], config_file=False)
covering.set_option("run:disable_warnings", ["no-data-collected"])  # some tests of a room run none of its lines
covering.start()
taken = {}

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    covering.switch_context(item.nodeid)
    began = time.perf_counter()
    yield
    taken[item.nodeid] = time.perf_counter() - began
    covering.switch_context("")

def pytest_unconfigure():
    covering.stop()
    data = covering.get_data()
    lines = {path: data.contexts_by_lineno(path) for path in data.measured_files()}
    with open(os.environ["COVERING"], "w") as stream:
        json.dump({"lines": lines, "taken": taken}, stream)
"""


#: What runs tests in a fork of itself: reads pytest's arguments and the seconds that it may take, as JSON a line, and
#: writes its exit code, a line. The package is not imported here, but what it imports.
_RUNNER = """
import json, os, resource, sys, time
import numpy, PIL.Image, pytest, sqlite3, unittest.mock
told = os.fdopen(os.dup(1), "w")
nowhere = os.open(os.devnull, os.O_RDWR)
for each in (1, 2):
    os.dup2(nowhere, each)
class Noting:
    def pytest_runtest_logreport(self, report):
        if report.failed:
            with open(os.environ["FAILED"], "w") as stream:
                stream.write(report.nodeid)

for line in sys.stdin:
    arguments, processor_seconds, seconds = json.loads(line)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, processor_seconds + 5))
        os.dup2(nowhere, 0)
        os._exit(int(pytest.main(arguments, plugins=[Noting()])))
    end, ended = time.monotonic() + seconds, 0
    while not ended and time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.02)
    if not ended:
        os.killpg(child, 9)
        status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), file=told, flush=True)
"""


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change of one file.

    Attributes
    ----------
    file : str
        From the project's root.
    operator : str
        Cosmic-ray's name of the kind of change.
    occurrence : int
        Which of the places where it can be made.
    line : int
        Where that is.
    """

    file: str
    operator: str
    occurrence: int
    line: int

    @property
    def name(self) -> str:
        """What is changed, as survivors.tsv names it."""
        return f"{self.operator.removeprefix('core/')} {self.occurrence}"


def drawn(mutants: Sequence[Mutant], n: int, seed: int) -> list[Mutant]:
    """Return n of the mutants, or all where there are fewer: the same ones for the same seed.

    A number has two mutants, an addition eleven: lines are drawn first, then one mutant of each, so that arithmetic
    counts no more than a comparison.
    """
    places: dict[tuple[str, int], list[Mutant]] = defaultdict(list)
    for each in sorted(mutants):
        places[each.file, each.line].append(each)
    chance = random.Random(seed)
    chosen = chance.sample(sorted(places), min(n, len(places)))
    return sorted(chance.choice(places[place]) for place in chosen)


def interval(killed: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson's)."""
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    share = killed / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def summary(
    found: dict[Mutant, str], texts: dict[str, str], known: dict[tuple[str, str, str], str]
) -> dict[str, Any]:
    """Return what a room's sample says.

    Parameters
    ----------
    found : dict of Mutant to str
        "killed", "survived", or "void": no Python any more, which counts as nothing.
    texts : dict of str to str
        Of every file.
    known : dict
        As `mutants.read_survivors` gives it: survivors that nothing can notice leave the count.
    """
    killed, void = (sum(outcome == each for outcome in found.values()) for each in ("killed", "void"))
    survivors = []
    for each in sorted(each for each, outcome in found.items() if outcome == "survived"):
        line = texts[each.file].splitlines()[each.line - 1].strip()
        reason = reason_of(known, each.file, line, each.name)
        survivors.append({"file": each.file, "line": line, "mutation": each.name, "reason": reason})
    n = killed + sum(not each["reason"] for each in survivors)
    low, high = interval(killed, n)
    return {
        "drawn": len(found), "void": void, "killed": killed, "survived": len(survivors),
        "explained": len(found) - void - n,
        "share": round(killed / n, 3) if n else 1.0, "interval": [round(low, 3), round(high, 3)],
        "survivors": survivors,
    }  # fmt: skip


def mutants_of(file: str) -> Iterator[Mutant]:
    """Yield every mutant of a file: what makes no difference in annotations is left out."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast(place_of(file).read_text(encoding="utf-8"))))
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments() or "BitOr_" in name:
            continue
        operator = kind()
        places = (start for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, (line, _) in enumerate(places):
            yield Mutant(file, name, occurrence, line)


def mutated(mutant: Mutant, text: str) -> str | None:
    """Return the file's text with the change made, None where it makes none."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    changed = mutate_code(text, get_operator(mutant.operator)(), mutant.occurrence)
    return None if changed == text else changed


def is_void(mutant: Mutant, text: str) -> bool:
    """Tell whether a change leaves no Python: the tool takes the stars of parameters and arguments for arithmetic."""
    if not mutant.name.startswith(("ReplaceBinaryOperator_Mul", "ReplaceBinaryOperator_Pow")):
        return False
    try:
        ast.parse(mutated(mutant, text) or text)
    except SyntaxError:
        return True
    return False


def lines_of(text: str, line: int) -> list[int]:
    """Return a line, and where the innermost statement begins that it is of."""
    beginnings = [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return sorted({line, *beginnings[-1:]})


def names_at(text: str, line: int) -> list[str]:
    """Return the names that the innermost definition or assignment of a line makes, outside of functions."""
    found: list[str] = []
    left: list[ast.stmt] = list(ast.parse(text).body)
    while left:
        node = left.pop(0)
        first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
        if not first <= line <= (node.end_lineno or first):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found = [node.name]
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        found = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)] \
            if isinstance(node, (ast.Assign, ast.AnnAssign)) else found  # fmt: skip
        left = list(node.body) if isinstance(node, (ast.ClassDef, ast.If)) else []
    return found


def imports(text: str, module: str) -> bool:
    """Tell whether a test's text imports a module of this name, or something from it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {each.name.rpartition(".")[2] for each in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").rpartition(".")[2])
    return module in names


def is_in_function(text: str, line: int) -> bool:
    """Tell whether a line is of a function's body, and not run by importing."""
    return any(
        node.body[0].lineno <= line <= (node.end_lineno or line)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


class Bench:
    """A copy of the project, and which tests run which of its lines.

    Parameters
    ----------
    folder : Path
        Empty.
    tests : sequence of str
        Pytest's arguments: those of a room.
    room : str
    most : float
        Seconds that a file's tests may take; the mutants do without those that take longer.
    """

    def __init__(self, folder: Path, tests: Sequence[str], room: str, most: float) -> None:
        self._tree = folder / "copy"
        Tree(self._tree)
        (folder / "covering_lines.py").write_text(_PLUGIN)
        self._covering = folder / "covering.json"
        # By what they say, not by when they were written: a mutant may be written in the second of the file before it.
        by_content = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(self._tree / "src", quiet=1, invalidation_mode=by_content)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(self._tree / "src"), str(folder))),
            "COVERED": str(self._tree / "src" / "safehash" / room / "*"),
            "COVERING": str(self._covering),
            "FAILED": str(folder / "failed"),
        }
        self._lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._taken: dict[str, float] = {}
        for file in _test_files(tests):
            covering = self._met_by(file, room, environment, most)
            if covering is None:
                continue
            self._taken.update(covering["taken"])
            for path, lines in covering["lines"].items():
                for line, running in lines.items():
                    self._lines[path][int(line)] += filter(None, running)
        self._runner = subprocess.Popen(
            [sys.executable, "-B", "-c", _RUNNER], cwd=self._tree, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._failed = folder / "failed"
        self._sound: set[str] = set()

    def _met_by(
        self, file: str, room: str, environment: dict[str, str], most: float
    ) -> dict[str, Any] | None:
        """Return which lines of a room a file's tests run, and how long they take: as known, or by running them.

        None where they take longer than `most` seconds.
        """
        known = _covering_of(file, room)
        if not known.exists():
            command = [sys.executable, "-m", "pytest", *_QUIETLY, file, "-p", "covering_lines"]
            try:
                done = subprocess.run(
                    command, cwd=self._tree, env=environment, capture_output=True, check=False,
                    timeout=None if most == math.inf else most,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                known.write_text("null")
                return None
            if done.returncode:
                raise SystemExit(
                    f"{file} does not pass without a mutant: pytest ended with {done.returncode}"
                )
            covering = json.loads(self._covering.read_text())
            covering["lines"] = {
                Path(path).relative_to(self._tree).as_posix(): lines
                for path, lines in covering["lines"].items()
            }
            known.write_text(json.dumps(covering))
        found: dict[str, Any] | None = json.loads(known.read_text())
        return found

    def tests_of(self, mutant: Mutant) -> tuple[list[str], list[str], list[str]]:
        """Return the quickest tests that run a line, then others of the files of all of them, then the slower ones.

        What only importing runs is met by what imports the file, and by what runs a line with the name that it makes,
        else by whatever runs anything of the file, else by all.
        """
        lines = self._lines.get(mutant.file, {})
        text = place_of(mutant.file).read_text(encoding="utf-8")
        running = {test for line in lines_of(text, mutant.line) for test in lines.get(line, ())}
        if not running or not is_in_function(text, mutant.line):  # what first imports it runs it, too
            running |= {test for name in names_at(text, mutant.line) for test in self._naming(name)}
            importing = {file for file in {test.partition("::")[0] for test in self._taken}
                         if imports((ROOT / file).read_text(encoding="utf-8"), Path(mutant.file).stem)}  # fmt: skip
            running |= {test for test in self._taken if test.partition("::")[0] in importing}
        running = running or {test for tests in lines.values() for test in tests} or set(self._taken)
        files = {test.partition("::")[0] for test in running}
        beside = {test for test in self._taken if test.partition("::")[0] in files}
        first = self._quickest(running, running, _FIRST_LOOK)
        second = self._quickest(beside - set(first), running, _SECOND_LOOK)
        return first, second, self._quickest(running - {*first, *second}, running, _THIRD_LOOK)

    def _naming(self, name: str) -> Iterator[str]:
        """Yield the tests that run a line of the room with this name."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        for file, lines in self._lines.items():
            texts = place_of(file).read_text(encoding="utf-8").splitlines()
            for line, tests in lines.items():
                if word.search(texts[line - 1]):
                    yield from tests

    def _quickest(self, tests: set[str], running: set[str], seconds: float) -> list[str]:
        """Return tests that take no more than so many seconds together, one at least: those that run the line first."""
        kept: list[str] = []
        for test in sorted(tests, key=lambda test: (test not in running, self._taken[test], test)):
            seconds -= self._taken[test]
            if kept and seconds < 0:
                break
            kept.append(test)
        return kept

    def outcome(self, mutant: Mutant) -> str:
        """Return "killed" or "survived".

        A test kills nothing that fails without a mutant, too: all passed when they were run one after another, and here
        they are run by themselves.
        """
        path = self._tree / mutant.file
        text = path.read_text(encoding="utf-8")
        changed = mutated(mutant, text)
        if changed is None:
            return "survived"
        failed: str | None = None
        for tests in filter(None, self.tests_of(mutant)):
            path.write_text(changed, encoding="utf-8")
            try:
                failed = self._failing(tests)
            finally:
                path.write_text(text, encoding="utf-8")
            if failed is not None:
                break
        if failed is None:
            return "survived"
        alone = [failed] if failed else tests  # nothing can be imported: none of them has begun
        if not self._sound.issuperset(alone):
            if self._failing(alone) is not None:
                raise SystemExit(f"{', '.join(alone)}: fails by itself without a mutant")
            self._sound.update(alone)
        return "killed"

    def _failing(self, tests: Sequence[str]) -> str | None:
        """Return the first of these tests that does not pass, "" where none of them could begin; None: all pass."""
        assert self._runner.stdin is not None and self._runner.stdout is not None
        self._failed.unlink(missing_ok=True)
        arguments = [*_QUIETLY, "-x", "--timeout=0", *tests]
        self._runner.stdin.write(json.dumps([arguments, _LONGEST, _LONGEST * _IN_ALL]) + "\n")
        self._runner.stdin.flush()
        if int(self._runner.stdout.readline()) == 0:
            return None
        return self._failed.read_text() if self._failed.exists() else ""

    def close(self) -> None:
        """End the process that runs tests."""
        self._runner.communicate()


def _sources(room: str) -> list[Path]:
    return sorted((_PACKAGE / room).rglob("*.py"))


def _covering_of(file: str, room: str) -> Path:
    """Return where it stands which lines of a room a file's tests run; "null" where they take too long."""
    said = hashlib.sha256(b"".join(path.read_bytes() for path in [ROOT / file, *_sources(room)]))
    return SESSIONS / f"covering-{room}-{file.replace('/', '-')}-{said.hexdigest()[:16]}.json"


def _left_out(room: str, tests: Sequence[str]) -> list[str]:
    paths = {file: _covering_of(file, room) for file in _test_files(tests)}
    return [file for file, path in paths.items() if path.exists() and path.read_text() == "null"]


def _test_files(tests: Sequence[str]) -> list[str]:
    """Return the files of tests that pytest's arguments name, from the project's root."""
    found = [
        path
        for each in tests
        for path in (sorted((ROOT / each).rglob("test_*.py")) if (ROOT / each).is_dir() else [ROOT / each])
    ]
    return [path.relative_to(ROOT).as_posix() for path in found]


def _said_of(files: Iterable[str]) -> dict[str, str]:
    return {file: hashlib.sha256(place_of(file).read_bytes()).hexdigest()[:16] for file in files}


def _read(session: Path, said: dict[str, str]) -> dict[Mutant, str]:
    """Return what was found before, of files that did not change."""
    if not session.exists():
        return {}
    rows = json.loads(session.read_text())
    return {
        Mutant(**row["mutant"]): row["outcome"]
        for row in rows
        if said.get(row["mutant"]["file"]) == row["said"]
    }


def sample(
    room: str, n: int, seeds: Sequence[int], tests: Sequence[str], again: bool, seconds: float, most: float
) -> dict[str, Any]:
    """Draw mutants of a room, n with each seed, and test those that were not tested yet; return the summary."""
    files = [f"src/safehash/{path.relative_to(_PACKAGE).as_posix()}" for path in _sources(room)]
    mutants = [each for file in files for each in mutants_of(file)]
    chosen, said = sorted({each for seed in seeds for each in drawn(mutants, n, seed)}), _said_of(files)
    SESSIONS.mkdir(parents=True, exist_ok=True)
    session = SESSIONS / f"sample-{room}.json"
    found = _read(session, said)
    texts = {file: place_of(file).read_text(encoding="utf-8") for file in files}
    known = read_survivors()

    def is_left(each: Mutant) -> bool:
        line = texts[each.file].splitlines()[each.line - 1].strip()
        is_open = again and found.get(each) == "survived" and not reason_of(known, each.file, line, each.name)
        return each not in found or is_open

    left = [each for each in chosen if is_left(each)]
    random.Random(seeds[0]).shuffle(left)  # what is not come to is no matter of where it stands
    if left:
        with tempfile.TemporaryDirectory(prefix="safehash-mutants-") as name:
            bench = Bench(Path(name), tests, room, most)
            end = datetime.now(timezone.utc).timestamp() + seconds
            for each in left:
                if datetime.now(timezone.utc).timestamp() > end:
                    break
                found[each] = bench.outcome(each)
                print(f"{found[each]:8} {each.file}:{each.line} {each.name}", file=sys.stderr, flush=True)
                rows = [
                    {"mutant": asdict(one), "said": said[one.file], "outcome": found[one]}
                    for one in sorted(found)
                ]
                session.write_text(json.dumps(rows, indent=0))
            bench.close()
    outcomes = {each: found[each] for each in chosen if each in found}
    outcomes |= {each: "void" for each in outcomes if is_void(each, texts[each.file])}
    told = summary(outcomes, texts, known)
    return {
        "of_lines": len({(each.file, each.line) for each in mutants}),
        "seeds": list(seeds),
        "tests": list(tests),
        "left_out": _left_out(room, tests),
        **told,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("rooms", nargs="+", metavar="ROOM")
    parser.add_argument("--n", type=int, default=80)
    parser.add_argument(
        "--seed", type=int, nargs="+", default=[7], help="of several, so many are drawn with each"
    )
    parser.add_argument("--tests", nargs="+", metavar="TEST", help="the room's by default")
    parser.add_argument(
        "--again", action="store_true", help="test once more what nothing noticed and nobody explained"
    )
    parser.add_argument(
        "--at-least", type=float, default=0.0, help="exit code 1 where a room's share is less"
    )
    parser.add_argument("--seconds", type=float, default=math.inf, help="end after so many")
    parser.add_argument(
        "--each",
        type=float,
        default=math.inf,
        help="seconds that a file's tests may take; longer ones are left out",
    )
    parser.add_argument("-o", "--output", type=Path, help="add the summaries to this file")
    args = parser.parse_args()
    told: dict[str, Any] = json.loads(args.output.read_text()) if args.output and args.output.exists() else {}
    for room in args.rooms:
        tests = args.tests or [f"tests/{room}"]
        row = sample(room, args.n, args.seed, tests, args.again, args.seconds, args.each)
        told[room] = {"date": datetime.now(timezone.utc).date().isoformat(), **row}
        low, high = row["interval"]
        n_drawn = row["drawn"] - row["void"]
        print(f"{room}: {row['killed']} of {n_drawn} killed, {row['explained']} explained: {row['share']} "
              f"({low} to {high})")  # fmt: skip
        for each in row["survivors"]:
            print(f"  {each['file']}: {each['mutation']}: {each['line']}  {each['reason']}")
        if args.output:
            args.output.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return int(any(told[room]["share"] < args.at_least for room in args.rooms))


if __name__ == "__main__":
    sys.exit(main())
