"""What is kept of a list while it is read does not grow with it, whatever stands in it; what is left out is said."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, ListSource, Matcher, Reject, load_list, read_list
from safehash.lists.formats import column_names, fields, inside, judging, objects, ordinary, tally
from safehash.lists.formats.reading import ListReader
from safehash.lists.formats.remembering import LONGEST, remembered

N = 300
FEW = 40


def digest(k: int) -> str:
    """Return a digest of its own for every number."""
    return f"{(k + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95 % (1 << 256):064x}"


def objects_of(named: Callable[[int], dict[str, object]]) -> str:
    return json.dumps([{"pdq": digest(k), "id": f"b-{k}", **named(k)} for k in range(N)])


def pairs_of(named: Callable[[int], str]) -> str:
    return "".join(f"hash={digest(k)},{named(k)}\n" for k in range(N))


#: Lists of which every record has a name, a type or a remark of its own.
HOSTILE: dict[str, tuple[str, str]] = {
    "fields": ("list.json", objects_of(lambda k: {f"zurückgelegt_{k}": True})),
    "fields that say no": ("list.json", objects_of(lambda k: {f"xyzzy{k}": "0"})),
    "fields of states": ("list.json", objects_of(lambda k: {f"status {k}": "ok"})),
    "fields inside": (
        "list.json",
        objects_of(lambda k: {"more": {f"xyzzy{k}": "no", "md5": digest(k)[:32]}}),
    ),
    "lines of objects": (
        "list.jsonl",
        "".join(json.dumps({"pdq": digest(k), f"xyzzy{k}": "x"}) + "\n" for k in range(N)),
    ),
    "pairs": ("list.txt", pairs_of(lambda k: f"xyzzy{k}=1")),
    "pairs of states": ("list.txt", pairs_of(lambda k: f"status{k}=ok")),
    "a header": (
        "list.csv",
        ",".join(["pdq", *(f"xyzzy{k}" for k in range(N))]) + f"\n{digest(1)}" + ",x" * N + "\n",
    ),
    "types": (
        "list.json",
        json.dumps(
            {
                "data": [
                    {
                        "id": str(k),
                        "indicator": digest(k),
                        "type": f"{k}_xyzzy",
                        "last_updated": 1_763_800_000 + k,
                        "descriptors": {"data": [{"id": "1", "owner": {"id": "5"}, "status": "MALICIOUS"}]},
                    }
                    for k in range(N)
                ]
            }
        ),
    ),
}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_NAMES", "MOST_REMARKS", "MOST_TYPES"):
        monkeypatch.setattr(tally, name, FEW)


def read(path: Path, **told: Any) -> tuple[int, list[Reject], str, ListReader]:
    """Return how many entries there were, what was rejected, why all of it was refused, and the reader."""
    rejects: list[Reject] = []
    reader = read_list(ListSource(path, max_rejects=1, **told), on_reject=rejects.append)
    n = 0
    try:
        for _ in reader:
            n += 1
    except ListError as exc:
        return n, rejects, str(exc), reader
    return n, rejects, "", reader


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_kept_is_bounded_and_what_is_more_is_said(name: str, few: None, tmp_path: Path) -> None:
    file, text = HOSTILE[name]
    path = tmp_path / file
    path.write_text(text)
    n, rejects, why, reader = read(path)
    kept = reader._tally
    assert len(kept.together) <= FEW and len(kept.watches) <= FEW
    assert len(kept._notes) <= FEW + 1 and len(kept.entries) <= FEW + 1
    report = reader.report
    assert len(report.notes) <= 2 * FEW + 4
    if name == "types":  # digests that nobody matches: counted, not told apart
        assert (n, rejects, why) == (N, [], "")
        assert report.n_entries == N and report.entries[tally.OTHER_TYPES] == N - FEW
        assert any(tally.OTHER_REMARKS in note for note in report.notes)
        return
    is_said = [f"more than {FEW} columns or fields of different names" in each.reason for each in rejects]
    assert (
        sum(is_said) >= N - 2 * FEW or f"more than {FEW} columns or fields" in why or len(rejects) >= N - FEW
    )
    assert n <= 2 * FEW


def test_an_honest_list_has_fewer_names_than_that(tmp_path: Path) -> None:
    """A thousand fields of names of their own are no reason to refuse anything."""
    path = tmp_path / "list.json"
    path.write_text(objects_of(lambda k: {f"tag{k % 250}": "a word", "width": k}))
    n, rejects, why, _ = read(path)
    assert (n, rejects, why) == (N, [], "")


def test_names_are_as_long_as_names_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A few names may be as long as a list."""
    monkeypatch.setattr(tally, "MOST_CHARACTERS", 10_000)
    path = tmp_path / "list.json"
    path.write_text(objects_of(lambda k: {f"xyzzy{k}" * 300: "a word"}))
    n, rejects, _, reader = read(path)
    assert n < 10 and len(rejects) > N - 10
    assert sum(len(name) for name, _ in reader._tally.together) <= 10_000
    assert all(len(each.reason) < 1100 for each in rejects), "a message repeats the name"


def test_shapes_of_records_are_remembered_within_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Regression: a thousand orders of ten thousand fields would have been."""
    met: list[objects._Reader] = []
    real = objects._Reader.entries

    def entries(self: objects._Reader) -> Iterator[Any]:
        met.append(self)
        return real(self)

    monkeypatch.setattr(objects._Reader, "entries", entries)
    monkeypatch.setattr(objects, "_REMEMBERED_FIELDS", 100)
    path = tmp_path / "list.json"
    path.write_text(
        objects_of(lambda k: dict([(f"tag{(i * (k + 1)) % 11}", "a word") for i in range(11)][: k % 11]))
    )
    n, rejects, why, _ = read(path)
    assert (n, rejects, why) == (N, [], "")
    (reader,) = met
    assert 0 < sum(len(each.columns) for each in reader._readers.values() if not isinstance(each, str)) < 120


@pytest.mark.parametrize(
    "function",
    [
        column_names.named_column,
        column_names.type_named,
        ordinary.is_ordinary,
        judging._is_wordy,
        fields._from_text,
    ],
)
def test_no_long_text_is_remembered(function: Any) -> None:
    """Regression: thousands of cells of megabytes were, each by the cache of what words mean."""
    (memory,) = [each.cell_contents for each in function.__closure__]
    for k in range(5):
        function(f"word{k}")
        function("x" * LONGEST + f"y{k}")
    assert sum(map(len, memory)) and max(map(len, memory)) <= LONGEST
    assert function("x" * LONGEST + "y") == function.__wrapped__("x" * LONGEST + "y")


def test_no_long_piece_of_json_is_remembered() -> None:
    (memory,) = [each.cell_contents for each in inside._may_speak_as_known.__closure__ or ()]
    inside.json_may_speak([b'"a": "' + b"x" * (1 << 15) + b'"'])
    assert max(map(len, memory), default=0) <= 1 << 14


def test_so_many_are_remembered() -> None:
    asked = []

    @remembered(3)
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    (memory,) = [each.cell_contents for each in length.__closure__ or ()]
    for k in (*range(20), 19, 19):
        assert length("x" * k) == k
        assert len(memory) <= 3
    assert len(asked) == 20


# -- names of lists -----------------------------------------------------------------------------------------


NAMES = ("list.removed.csv", "false_positives.csv", "2026-11-27-withdrawn.csv", "allowlist.csv")
OTHER_NAMES = ("list.csv", "partner-2026-11.csv", "blocklist.csv", "duplicates.csv")


def on_name(notes: tuple[str, ...]) -> list[str]:
    return [each for each in notes if "may say that what is in it was taken back" in each]


@pytest.mark.parametrize("name", [*NAMES, *OTHER_NAMES])
def test_a_list_whose_name_takes_it_back_is_remarked_on_wherever_it_is_taken(
    name: str, tmp_path: Path
) -> None:
    """One rule: what reads a list says it, and every command that takes lists shows what that says."""
    path = tmp_path / name
    path.write_text(f"pdq,id\n{digest(1)},b-1\n")
    other = tmp_path / "own.csv"
    other.write_text(f"pdq,id\n{digest(2)},b-2\n")
    reader = read_list(path)
    list(reader)
    assert len(on_name(reader.report.notes)) == (name in NAMES)
    matcher = Matcher.from_files(path)
    assert len(on_name(matcher.notes)) == (name in NAMES)
    matcher.save(tmp_path / "lists.safehash")
    assert len(on_name(Matcher.open(tmp_path / "lists.safehash").notes)) == (name in NAMES)
    assert not on_name(Matcher.from_files(ListSource(path, ignore=["#"])).notes), "it is meant so"
    assert not on_name(Matcher.from_files(other, allow=[path]).notes), "an allow-list is called so"


def test_a_folder_of_such_a_name_is_remarked_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "removed"
    folder.mkdir()
    (folder / "page1.csv").write_text(f"pdq,id\n{digest(1)},b-1\n")
    for path in (folder, Path()):
        monkeypatch.chdir(folder)
        assert len(on_name(Matcher.from_files(path).notes)) == 1


# -- depth --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_records", [1, 400])
@pytest.mark.parametrize("depth", [40, 63, 64, 65, 300, 600, 1500, 5000])
def test_what_is_nested_too_deep_is_a_reject(depth: int, n_records: int, tmp_path: Path) -> None:
    """Regression: in our own lists it was an error of Python, where the list was read or an entry looked at."""
    path = tmp_path / "list.jsonl"
    nested = "[" * depth + "]" * depth
    lines = [
        json.dumps({"algorithm": "pdq", "hash": digest(k), "id": str(k), "extra": {"x": 0}}).replace(
            "0}}", f"{nested}}}}}"
        )
        for k in range(n_records)
    ]
    plain = json.dumps({"algorithm": "pdq", "hash": digest(N), "id": "plain"})
    path.write_text("\n".join(['{"safehash": 1, "kind": "list", "name": "own"}', *lines, plain, ""]))
    source = ListSource(path, max_rejects=1, allow_cut=True)
    loaded = load_list(source)
    for entry in loaded.table:
        assert pickle.loads(pickle.dumps(entry)) == copy.deepcopy(entry) == entry
    n_kept = n_records if depth <= 64 else 0
    assert (len(loaded), loaded.report.n_rejects) == (n_kept + 1, n_records - n_kept)
    said = {each.reason for each in loaded.report.rejects}
    assert said <= {"extra is nested more than 64 deep", "not JSON: nested too deep", "nested too deep"}
    assert len(list(read_list(source))) == n_kept + 1
