"""The list of breaks: each can still be made, names tests that there are, and a few are made. All: `make breaks`."""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from breaking import ROOT, Break, Tree, place_of, text_of
from listed import BREAKS
from run import left, told, verdicts

IS_SOURCE = place_of("src/safehash/_core.pyx").exists()
#: What is compiled is not part of a wheel.
REACHED = [each for each in BREAKS if IS_SOURCE or not each.is_compiled]


def test_there_are_as_many_as_promised() -> None:
    assert len(BREAKS) >= 60
    assert len({(each.file, each.before, each.after) for each in BREAKS}) == len(BREAKS)
    assert len({(each.file, each.what) for each in BREAKS}) == len(BREAKS)


@pytest.mark.parametrize("each", REACHED, ids=lambda each: f"{each.file}: {each.what}")
def test_every_break_can_be_made(each: Break) -> None:
    text = text_of(each.file)
    assert text.count(each.before) == 1, (
        "the text to break is gone or stands more than once: put the break anew"
    )
    assert each.before != each.after
    if each.file.endswith(".py"):
        ast.parse(text.replace(each.before, each.after))
    assert each.dies
    for test in each.dies:
        path, *names = test.split("::")
        source = (ROOT / path).read_text(encoding="utf-8")
        for name in names:
            name = name.partition("[")[0]  # one case of many
            assert f"def {name}(" in source or f"class {name}:" in source, test


def test_all_breaks_of_the_committed_result_died() -> None:
    """Of `make breaks`; a break that is newer than the result is not in it, and these are few."""
    result = json.loads((Path(__file__).parent / "result.json").read_text(encoding="utf-8"))
    assert result["of"] == len(result["breaks"]) >= 80
    made = {(row["file"], row["what"]) for row in result["breaks"]}
    assert len(made & {(each.file, each.what) for each in BREAKS}) >= 0.9 * len(BREAKS)
    assert [row for row in result["breaks"] if row["became"] != "died"] == []
    compiled = [row for row in result["breaks"] if row["file"].endswith((".h", ".pyx", ".pxi"))]
    assert len(compiled) >= 12


def test_a_result_keeps_what_is_known_of_others() -> None:
    first, second, *_ = BREAKS
    gone = {"file": "gone.py", "what": "gone", "became": "lived", "date": "2026-01-01"}
    known = {"file": second.file, "what": second.what, "became": "lived", "date": "2026-01-02"}
    result = told({first: "died"}, [gone, known])
    assert (result["died"], result["of"]) == (1, 2)
    assert [(row["what"], row["became"]) for row in result["breaks"]] == [
        (first.what, "died"),
        (second.what, "lived"),
    ]
    assert result["breaks"][1] == known


def test_what_is_left_is_what_did_not_die_as_it_stands() -> None:
    first, second, third, fourth, *_ = BREAKS
    known = told({first: "died", second: "lived", third: "died"}, [])["breaks"]
    known[2]["of"] = "of another text"
    assert left([first, second, third, fourth], known) == [fourth, second, third]
    asked_otherwise = replace(first, dies=(*first.dies, *second.dies))
    assert left([asked_otherwise], known) == [asked_otherwise]


def test_what_lives_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of these two one is no defect; and one that a test must notice."""
    tests = ("tests/lists/test_lists_policy.py::test_thresholds_per_list",)
    policy = "src/safehash/lists/policy.py"
    harmless = Break(
        what="another word in a message",
        file=policy,
        before="per_list maps names to ListPolicy, found",
        after="per_list maps names to ListPolicy, there is",
        dies=tests,
    )
    harmful = Break(
        what="one list's thresholds are not heeded",
        file=policy,
        before="max_distance={**self.max_distance, **(own.max_distance or {})},",
        after="max_distance=self.max_distance,",
        dies=tests,
    )
    found = verdicts([harmless, harmful], 1)
    assert found == {harmless: "lived", harmful: "died"}
    assert "lived    src/safehash/lists/policy.py: another word in a message" in capsys.readouterr().err


def test_a_test_that_fails_by_itself_kills_nothing(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "copy")
    (tmp_path / "copy" / "tests" / "test_failing.py").write_text("def test_it() -> None:\n    assert False\n")
    assert tree.outcome(["tests/test_failing.py"]) == (
        1,
        "tests/test_failing.py::test_it",
    )  # which `verdicts` refuses to begin with
    assert tree.outcome(["tests/test_missing.py"])[0] not in (0, 1)
