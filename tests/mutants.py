"""Mutation testing of a room's files with cosmic-ray, in a copy of the project: a test must notice what is changed.

Run: python tests/mutants.py ROOM[/FILE] ... [--tests TESTS ...] [-o tests/mutants.json]

Each file has a session of its own below build/mutants: what was tested once is not tested again until the file or the
room's tests change. Mutations of ``|`` are left out: in annotations, where most of them are, nothing runs. Survivors
are printed as they are; those that were looked at stand in tests/survivors.tsv, with why nothing can notice them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "breaks"))

from breaking import ROOT, Tree, place_of

__all__ = ["Score", "main", "read_survivors", "reason_of", "score_of"]

SESSIONS = ROOT / "build" / "mutants"
SURVIVORS = Path(__file__).parent / "survivors.tsv"
_PACKAGE = place_of("src/safehash/__init__.py").parent


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a file's mutants.

    Attributes
    ----------
    killed, survived, explained : int
        Noticed by a test; not noticed; of these, looked at and named in survivors.tsv.
    lines : tuple of (int, str)
        Line and mutation of every survivor that nobody has explained.
    """

    killed: int
    survived: int
    explained: int
    lines: tuple[tuple[int, str], ...]

    @property
    def share(self) -> float:
        """The part that is noticed, of those that something could notice."""
        n = self.killed + self.survived - self.explained
        return self.killed / n if n else 1.0


def read_survivors(path: Path = SURVIVORS) -> dict[tuple[str, str, str], str]:
    """Return the reason for each survivor that was looked at: by file, text of its line, mutation."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {(file, text, mutation): reason for file, text, mutation, reason in rows}


def reason_of(known: dict[tuple[str, str, str], str], file: str, line: str, mutation: str) -> str:
    """Return why nothing can notice a mutation, "" where nobody has said so.

    What is said of a kind of change without the number of its place is said of all on that line: places are counted
    anew whenever a file changes.
    """
    kind, _, _ = mutation.rpartition(" ")
    return known.get((file, line, mutation)) or known.get((file, line, kind), "")


def score_of(
    file: str, text: str, results: Sequence[dict[str, Any]], known: dict[tuple[str, str, str], str]
) -> Score:
    """Return the score of one file.

    Parameters
    ----------
    file : str
    text : str
        Of the file.
    results : sequence of dict
        "line", "mutation" and "outcome" (survived, killed, incompetent) of every mutant.
    known : dict
        As `read_survivors` gives it.
    """
    rows = text.splitlines()
    survived = [each for each in results if each["outcome"] == "survived"]
    left = [
        (int(each["line"]), str(each["mutation"]))
        for each in survived
        if not reason_of(known, file, rows[each["line"] - 1].strip(), each["mutation"])
    ]
    n_killed = sum(each["outcome"] in ("killed", "incompetent") for each in results)
    return Score(n_killed, len(survived), len(survived) - len(left), tuple(left))


def mutate(file: str, tests: Sequence[str]) -> list[dict[str, Any]]:
    """Test every mutant of one file that was not tested yet; return what became of all."""
    SESSIONS.mkdir(parents=True, exist_ok=True)
    said = hashlib.sha256(place_of(file).read_bytes())
    for path in sorted(path for test in tests for path in _files_of(ROOT / test.partition("::")[0])):
        said.update(path.read_bytes())
    session = SESSIONS / f"{file.replace('/', '-')}-{said.hexdigest()[:16]}.sqlite"
    with tempfile.TemporaryDirectory(prefix="safehash-mutants-") as name:
        folder = Path(name)
        Tree(folder / "copy")
        config = folder / "config.toml"
        command = " ".join(
            [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        )
        config.write_text(
            f'[cosmic-ray]\nmodule-path = "{file}"\ntimeout = 120.0\ntest-command = "{command}"\n'
            'excluded-modules = []\n[cosmic-ray.distributor]\nname = "local"\n'
            '[cosmic-ray.filters.operators-filter]\nexclude-operators = ["core/ReplaceBinaryOperator_BitOr_.*"]\n'
        )
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder / "copy" / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

        def tool(*arguments: str | Path) -> str:
            done = subprocess.run(
                arguments, cwd=folder / "copy", env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(f"{arguments[0]}: {done.stderr[-2000:]}")
            return done.stdout

        if not session.exists():
            tool("cosmic-ray", "init", config, session)
            tool("cr-filter-operators", session, config)
        tool("cosmic-ray", "exec", config, session)
        return list(_outcomes(tool("cosmic-ray", "dump", session)))


def _outcomes(dump: str) -> Iterator[dict[str, Any]]:
    for line in dump.splitlines():
        item, result = json.loads(line)
        if result is None or result["worker_outcome"] == "skipped":
            continue
        for mutation in item["mutations"]:
            yield {
                "line": mutation["start_pos"][0],
                "mutation": f"{mutation['operator_name'].removeprefix('core/')} {mutation['occurrence']}",
                "outcome": result["test_outcome"] or "incompetent",
            }


def _files_of(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("what", nargs="+", metavar="ROOM[/FILE]")
    parser.add_argument(
        "--tests", nargs="+", metavar="TEST", help="pytest's arguments; the room's tests by default"
    )
    parser.add_argument("-o", "--output", type=Path, help="add the scores to this file")
    args = parser.parse_args()
    known = read_survivors()
    scores: dict[str, Any] = (
        json.loads(args.output.read_text()) if args.output and args.output.exists() else {}
    )
    for what in args.what:
        room, _, name = what.partition("/")
        paths = sorted((_PACKAGE / room).glob(f"{name.removesuffix('.py')}.py" if name else "*.py"))
        for path in paths:
            file = f"src/safehash/{room}/{path.name}"
            score = score_of(
                file, path.read_text(encoding="utf-8"), mutate(file, args.tests or [f"tests/{room}"]), known
            )
            scores[file] = {
                "killed": score.killed, "survived": score.survived, "explained": score.explained,
                "share": round(score.share, 4), "unexplained": [list(line) for line in score.lines],
                "tests": args.tests or [f"tests/{room}"],
            }  # fmt: skip
            print(
                f"{file}: {score.killed} killed, {score.survived} survived ({score.explained} explained), "
                f"{score.share:.3f}"
            )
            for line, mutation in score.lines:
                print(
                    f"  {line}: {mutation}: {path.read_text(encoding='utf-8').splitlines()[line - 1].strip()}"
                )
            if args.output:
                args.output.write_text(json.dumps(scores, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
