"""Numbers in prose: found whatever they look like, held by results and constants, and a wrong one is said."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
IS_SOURCE = (ROOT / "src" / "safehash").exists()


@pytest.fixture(scope="module")
def claims() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("claims")
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It takes 1.86 times as long", [("1.86",)]),
        ("within 8 to 20 bits, or 0-2 bits", [("8", "20"), ("0", "2")]),
        ("about 30 / 75-100 / 154 times", [("30", "75", "100", "154")]),
        ("costs .89 of the time, 10,000 files/s", [(".89",), ("10,000",)]),
        ("256 MiB, 100 % and 3.5 µs", [("256",), ("100",), ("3.5",)]),
        ("version 1.2.3 s, x86_64 bits, `31 bits`, step-2 times, #17 times", []),
        ("31 bitsy things, 7 stars", []),
    ],
)
def test_numbers_with_units_are_found(claims: ModuleType, text: str, numbers: list[tuple[str, ...]]) -> None:
    assert [claim.numbers for claim in claims.claims_in("page", text)] == numbers


@pytest.mark.parametrize(
    ("written", "value", "same"),
    [
        ("2", 2.077, True),
        ("2", 2.51, False),
        ("1.14", 1.1440, True),
        ("1.14", 1.146, False),
        ("10,000", 9999.9, True),
    ],
)
def test_a_number_is_held_as_far_as_it_is_written(
    claims: ModuleType, written: str, value: float, same: bool
) -> None:
    assert claims.agrees(written, value) is same


def test_what_is_wrong_is_said(claims: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.json").write_text(json.dumps({"a": {"slow": 6.0, "fast": 4.0}, "rows": [{"s": 2.5}]}))
    monkeypatch.setattr(claims, "RESULTS", tmp_path)
    pages = [("P", "It takes 1.5 times that, 2.0 s less, 2.5 ms each, 31 bits at most; 9 bits more.")]

    def said(*accounts: tuple[str, str, str]) -> list[str]:
        made = [claims.Account("P", *each) for each in accounts]
        found: list[str] = claims.check(pages, made, "def test_there_is() -> None: ...")
        return found

    right = [
        ("takes 1.5 times", "result", "r.json: a / slow over a / fast"),
        ("2.0 s less", "result", "r.json: a / slow less a / fast"),
        ("2.5 ms each", "result", "r.json: rows / 0 / s"),
        ("31 bits at most", "code", "safehash.hashing.algorithms:USUAL_DISTANCE.pdq"),
        ("9 bits more", "test", "test_there_is"),
    ]
    assert said(*right) == []
    assert said(*right[1:]) == [
        "P: nothing holds 1.5 in: ...It takes 1.5 times that, 2.0 s less, 2.5 ms each, 31 bits at most; 9 bit..."
    ]
    changes = {
        0: ("takes 1.5 times", "result", "r.json: a / fast over a / slow"),
        1: ("2.0 s less", "result", "r.json: a / none"),
        2: ("2.5 ms each", "result", "r.json: rows / 0 / s; r.json: rows / 0 / s"),
        3: ("31 bits at most", "once", ""),
        4: ("9 bits more", "test", "test_there_is_none"),
    }
    told = [said(*right[:at], change, *right[at + 1 :]) for at, change in changes.items()]
    assert told == [
        ["P: takes 1.5 times: 1.5 is written, r.json: a / fast over a / slow holds 0.666667"],
        ["P: 2.0 s less: r.json: a / none: KeyError: 'none'"],
        ["P: 2.5 ms each: 1 numbers, 2 places"],
        ["P: 31 bits at most: says nothing of where it comes from"],
        ["P: 9 bits more: no test test_there_is_none"],
    ]
    assert said(*right, ("8 bits", "rule", "x")) == ["P: no number stands in these words any more: 8 bits"]
    assert said(*right[:4], ("9 bits more", "fact", "x")) == [
        "P: no kind 'fact'; there are result, code, test, rule, once"
    ]


@pytest.mark.skipif(not IS_SOURCE, reason="docstrings are out of reach; `make claims` reads them")
def test_every_number_with_a_unit_is_held(claims: ModuleType) -> None:
    assert claims.wrong_now() == [], "hold it in benchmarks/claims.tsv, or say it otherwise"


def test_recall_in_docs_is_that_of_the_results() -> None:
    """The rows of docs/matching-measured.md of one manipulation, share by share."""
    result = json.loads((ROOT / "benchmarks" / "results" / "views.json").read_text(encoding="utf-8"))[
        "result"
    ]
    text = (ROOT / "docs" / "matching-measured.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \|((?: [01]\.\d{3} \|){6})$", text, re.MULTILINE)
    n_compared = 0
    for name, cells in rows:
        plain = re.sub(r"^\.\.\. (the )?| \(of a side.*", "", name)
        if plain not in result["recall"]["rows"]:
            continue
        wanted = [
            f"{result[part]['rows'][plain]['found'].get(effort, 0) / result[part]['rows'][plain]['n']:.3f}"
            for part in ("recall", "known")
            for effort in ("fast", "standard", "thorough")
        ]
        assert re.findall(r"[\d.]+", cells) == wanted, name
        n_compared += 1
    assert n_compared >= 20
    # And how near the nearest entry of another picture is, over all of them.
    said = re.search(
        r"the first of the 304 is at (\d+), of an (\w+) at `(\w+)`, of the 250 \([^)]*\) at (\d+)", text
    )
    nearest = {
        part: min(
            (needs, effort, name)
            for name, row in result[part]["rows"].items()
            for effort, needs in row["nearest_other"].items()
        )
        for part in ("recall", "known")
    }
    (first, effort, name), (known, *_) = nearest["recall"], nearest["known"]
    assert said is not None
    assert said.groups() == (f"{first}", name.split()[0], effort, f"{known}")


#: Formats of results/pixels.json, in the order of the rows of docs/pixels.md: which column each of their figures is.
BEFORE = (0, 1, None, 3, 4, 5)
STORED = (0, 1, 2, 3, 4, 5)


def test_painted_pictures_in_docs_are_those_of_the_results() -> None:
    """docs/pixels.md's rows by format, but for what an earlier state gave, which is not remade."""
    formats = json.loads((ROOT / "benchmarks" / "results" / "pixels.json").read_text(encoding="utf-8"))[
        "formats"
    ]
    text = (ROOT / "docs" / "pixels.md").read_text(encoding="utf-8")
    plain = ("png", "gif", "bmp", "jpeg", "webp", "avif")
    expected = {
        "| format | files | pictures of quality 50 |": (BEFORE, [*plain, "tiff"]),
        "| odd files | files |": (BEFORE, [f"odd {name}" for name in plain]),
        "| colours | files |": (STORED, ["colours", "odd colours"]),
    }
    for head, (columns, names) in expected.items():
        (table,) = re.findall(rf"^{re.escape(head)}.*\n\|[- |]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
        rows = [[cell.strip() for cell in line.split("|")[2:-1]] for line in table.splitlines()]
        keys = ("files", "pictures", "stored_is_another", "far_from_every_view", "within_2", "most")
        wanted = [[None if at is None else str(formats[name][keys[at]]) for at in columns] for name in names]
        given = [
            [None if at is None else cell for at, cell in zip(columns, row, strict=True)] for row in rows
        ]
        assert given == wanted, head
    for name, words in (
        ("fresh", "Of its {files} files' {pictures} pictures of quality 50 none is far, {within_2} lie as near as 2, "
                  "the farthest {most} away"),
        ("items", "Of its {files} files' {pictures} pictures of quality 50 none is farther than {most}, {within_2} lie "
                  "as near as 2"),
    ):  # fmt: skip
        assert words.format(**formats[name]) in " ".join(text.split()), name
        assert formats[name]["far_from_every_view"] == 0
