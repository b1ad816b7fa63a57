"""Frozen verdicts: written and read alike, every kind of difference said, one upload in N a matter of its name."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def freezing() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "freeze_verdicts", ROOT / "benchmarks" / "freeze_verdicts.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    vars(module)["LIST_SIZE"] = 200
    return module


@pytest.fixture(scope="module")
def made(bridge: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photographs of each set; the first is listed for the unrelated uploads, and mirrored among them."""
    folder = tmp_path_factory.mktemp("made")
    photos = [bridge, bridge.with_name("reg-test-input__labelme-subset__q0003.jpg")]
    names = "".join(f"{path}\n" for path in photos)
    (folder / "photos.txt").write_text(names)
    (folder / "other_photos.txt").write_text(names)
    mirrored = folder / "pictures" / "mirrored.png"
    mirrored.parent.mkdir()
    with Image.open(bridge) as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(mirrored)
    (folder / "mixes.txt").write_text(
        f"bridges\tlisted\t{bridge}\nbridges\ttest\t{mirrored}\nbridges\ttest\t{photos[1]}\n"
    )
    return folder


KINDS = ("mirrored", "jpeg quality 75")


def test_verdicts_are_those_of_the_uploads(freezing: ModuleType, made: Path) -> None:
    frozen = freezing.freeze(made, ["unseen", "unrelated"], 7, 1, KINDS)
    assert len(frozen.verdicts) == 3 * (2 * 2 + 2)
    name = freezing.Name("unseen", "mirrored", "files/bridge-mods__aaa-orig.jpg")
    _, outcome, matches = frozen.verdicts[name, "fast"]
    assert (outcome, matches) == ("no_match", "[]")
    _, outcome, matches = frozen.verdicts[name, "standard"]
    [[entry, distance, view]] = json.loads(matches)
    assert (outcome, entry, view) == ("match", "files/bridge-mods__aaa-orig.jpg", "mirrored")
    assert distance <= 8  # what making it smaller and JPEG cost
    name = freezing.Name("unrelated", "bridges", "pictures/mirrored.png")
    assert [frozen.verdicts[name, effort][1] for effort in freezing.EFFORTS] == ["no_match", "match", "match"]
    name = freezing.Name("unrelated", "bridges", "files/reg-test-input__labelme-subset__q0003.jpg")
    assert {frozen.verdicts[name, effort][1] for effort in freezing.EFFORTS} == {"low_quality"}


@pytest.mark.parametrize("ending", ["tsv", "tsv.gz"])
def test_what_was_written_is_read(freezing: ModuleType, made: Path, tmp_path: Path, ending: str) -> None:
    frozen = freezing.freeze(made, ["unrelated"], 7, 1, KINDS)
    digest = freezing.write(frozen, tmp_path / f"old.{ending}")
    assert freezing.read(tmp_path / f"old.{ending}") == frozen
    assert (tmp_path / f"old.{ending}.sha256").read_text() == f"{digest}  old.tsv\n"
    assert freezing.write(frozen, tmp_path / "again.tsv") == digest


def test_every_kind_of_difference_is_said(freezing: ModuleType) -> None:
    a, b, c, d = (freezing.Name("known", "mirrored", picture) for picture in "abcd")
    made_with = {"seed": 7, "every": 1, "manipulations": ["mirrored"], "lists": {"known": "1" * 64}}
    same = {(a, "fast"): ("0" * 16, "match", '[["a", 3, "mirrored"]]')}
    old = freezing.Frozen(
        made_with,
        same
        | {
            (b, "fast"): ("0" * 16, "match", '[["b", 9, "negative"]]'),
            (c, "fast"): ("1" * 16, "match", "[]"),
        },
    )
    new = freezing.Frozen(
        made_with | {"lists": {"known": "2" * 64}},
        same | {(b, "fast"): ("0" * 16, "no_match", "[]"), (d, "fast"): ("2" * 16, "match", "[]")},
    )
    assert list(freezing.differences(old, old)) == []
    assert list(freezing.differences(old, new)) == [
        ("list", "known: the list of real and generated digests is another one"),
        ("entry lost", 'known, mirrored, b, fast: match [["b", 9, "negative"]] before, no_match [] now'),
        ("missing", f"known, mirrored, c, fast: only before: ('{'1' * 16}', 'match', '[]')"),
        ("missing", f"known, mirrored, d, fast: only now: ('{'2' * 16}', 'match', '[]')"),
    ]
    other = freezing.Frozen(
        made_with,
        {
            **old.verdicts,
            (b, "fast"): ("0" * 16, "match", '[["b", 10, "negative"]]'),
            (c, "fast"): ("3" * 16, "match", "[]"),
        },
    )
    assert list(freezing.differences(old, other)) == [
        (
            "distance or view",
            'known, mirrored, b, fast: match [["b", 9, "negative"]] before, match [["b", 10, "negative"]] now',
        ),
        ("upload", f"known, mirrored, c, fast: another upload: {'1' * 16} before, {'3' * 16} now"),
    ]


def test_an_entry_more_is_found_and_another_outcome_alone_is_that(freezing: ModuleType) -> None:
    name = freezing.Name("known", "mirrored", "a")
    made_with = {"seed": 7, "every": 1, "manipulations": ["mirrored"], "lists": {"known": "1" * 64}}

    def only(outcome: str, matches: str) -> object:
        return freezing.Frozen(made_with, {(name, "fast"): ("0" * 16, outcome, matches)})

    none, low = only("no_match", "[]"), only("low_quality", "[]")
    one, two = only("match", '[["a", 3, "x"]]'), only("match", '[["a", 3, "x"], ["b", 4, "x"]]')
    pairs = ((none, one), (one, two), (two, one), (none, low))
    kinds = [[kind for kind, _ in freezing.differences(*pair)] for pair in pairs]
    assert kinds == [["entry found"], ["entry found"], ["entry lost"], ["outcome"]]


def test_one_in_six_is_among_one_in_two_and_one_in_three(freezing: ModuleType) -> None:
    names = [freezing.Name("known", "mirrored", str(number)) for number in range(600)]
    taken = {every: {name for name in names if freezing.is_taken(name, every)} for every in (1, 2, 3, 6)}
    assert taken[1] == set(names)
    assert taken[6] == taken[2] & taken[3]
    assert 60 <= len(taken[6]) <= 140


def test_comparing_exits_with_one_where_something_differs(
    freezing: ModuleType,
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frozen = freezing.freeze(made, ["unrelated"], 7, 1, KINDS)
    old = tmp_path / "old.tsv"
    monkeypatch.setattr(sys, "argv", ["freeze_verdicts.py", str(made), "--compare", str(old)])
    freezing.write(frozen, old)
    with pytest.raises(SystemExit) as ended:
        freezing.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == "0 differences in 6 verdicts \n"
    old.write_text(old.read_text().replace("low_quality", "no_match", 1))
    with pytest.raises(SystemExit) as ended:
        freezing.main()
    assert ended.value.code == 1
    assert (
        "no_match [] before, low_quality [] now\n1 differences in 6 verdicts {'outcome': 1}\n"
        in capsys.readouterr().out
    )
