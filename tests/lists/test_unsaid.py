"""What was live in silence, or refused though honest: fields that are there, votes, nearness, rows with a header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, ListSource, load_list, read_list
from safehash.lists.formats.column_names import named_column, type_named

M = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}" for k in range(1, 21)]


def outcome(path: Path, data: object) -> str:
    """Return what becomes of the second digest of a list: gone, noted, live; "lost" where others are not live."""
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    try:
        loaded = load_list(ListSource(path, max_rejects=1.0))
    except ListError:
        return "refused"
    live = {entry.hash.hex for entry in loaded.table if entry.category == "positive"}  # type: ignore[union-attr]
    if not {M[0], *M[2:]} <= live:
        return "lost"
    return "gone" if M[1] not in live else "noted" if loaded.report.notes else "live"


def objects(said: dict[str, Any], others: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"md5": each, **(said if k == 1 else others)} for k, each in enumerate(M)]


@pytest.mark.parametrize(
    ("said", "others", "expected"),
    [
        ({"tombstone": {}}, {}, "gone"), ({"deleted": {}}, {}, "gone"), ({"meta": {"tombstone": {}}}, {}, "gone"),
        ({"a": [{"withdrawn": {}}]}, {}, "gone"), ({"is_deleted": {}}, {"is_deleted": False}, "gone"),
        ({"state": {"deleted": {}}}, {"state": {"active": {}}}, "gone"),
        ({"state": {"Withdrawn": None}}, {"state": {"Active": None}}, "gone"),
        ({"state": {"Withdrawn": []}}, {"state": {"Active": []}}, "gone"),
        ({"deletions": {}}, {}, "live"), ({"deleted": []}, {"deleted": []}, "live"), ({"meta": {}}, {}, "live"),
        ({"false_positives": {}}, {}, "live"), ({"folder": {}}, {}, "live"),
        ({"votes": {"up": 1, "down": 5}}, {"votes": {"up": 3, "down": 0}}, "gone"),
        ({"a": {"b": [{"votes": {"against": 2}}]}}, {"a": {"b": [{"votes": {"against": 0}}]}}, "gone"),
        ({"weight": -1}, {"weight": 1}, "noted"), ({"weight": 0.5}, {"weight": 1}, "live"),
        ({"upvotes": 0}, {"upvotes": 3}, "noted"),
        ({"__typename": "DeletedHash"}, {"__typename": "Hash"}, "refused"),
        ({"a": 1, "objectType": "tombstone"}, {}, "refused"),
    ],
)  # fmt: skip
def test_a_field_of_one_record(said: Any, others: Any, expected: str, tmp_path: Path) -> None:
    assert outcome(tmp_path / "list.json", objects(said, others)) == expected


@pytest.mark.parametrize("name", ["tombstone", "deleted", "withdrawn"])
def test_a_field_that_is_there_in_an_export(name: str, tmp_path: Path) -> None:
    record = {"id": 1, "bank": "B", "disable_until_ts": 1, "signals": {"md5": M[0]}, "metadata": {}}
    more: dict[str, Any]
    for more in ({name: {}}, {"metadata": {"json": {name: {}}}}):
        told = [
            {**record, "id": k, "signals": {"md5": each}, **(more if k == 1 else {})}
            for k, each in enumerate(M)
        ]
        assert outcome(tmp_path / "list.json", told) == "gone"


@pytest.mark.parametrize(
    ("name", "said", "others", "expected"),
    [
        ("weight", "-1", "1", "noted"), ("severity", "0", "3", "noted"), ("severity", "none", "high", "noted"),
        ("severity", "1", "3", "live"), ("match_threshold", "8", "31", "noted"), ("max distance", "", "0", "noted"),
        ("distance", "8", "31", "live"), ("votes_down", "5", "0", "gone"), ("fp_rate", "0.9", "0", "gone"),
        ("unhelpful", "2", "0", "gone"), ("helpful", "2", "0", "live"),
        ("is_test", "1", "0", "refused"), ("test", "yes", "", "gone"), ("is_example", "true", "false", "refused"),
        ("sample", "a.exe", "b.exe", "live"), ("test_image", "1", "0", "live"),
        ("lifecycle_stage", "retired", "", "gone"), ("lifecycle_stage", "retired", "prod", "refused"),
        ("valid_to", "2024-01-01", "infinity", "gone"), ("sys_end", "2024-01-01", "infinity", "refused"),
        ("deleted_at", "01/05/2024", "12/30/1899", "gone"), ("deleted_at", "01.05.2024", "30.12.1899", "gone"),
        ("deleted_at", "2024-05-01", "1/0/1900", "gone"), ("expires", "infinity", "", "live"),
    ],
)  # fmt: skip
def test_a_column(name: str, said: str, others: str, expected: str, tmp_path: Path) -> None:
    rows = [f"{each},{said if k == 1 else others}" for k, each in enumerate(M)]
    assert outcome(tmp_path / "list.csv", "\n".join([f"md5,{name}", *rows, ""])) == expected


def test_how_near_is_for_a_policy_to_say(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"md5,max_distance\n{M[0]},\n{M[1]},8\n")
    reader = read_list(path)
    assert len(list(reader)) == 2
    (note,) = reader.report.notes
    assert note.startswith("column 'max_distance' holds '8'")
    assert "policy" in note


def test_digests_by_which_nothing_stands(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    some: dict[str, Any] = {each: {"labels": ["a"]} for each in M}
    assert outcome(path, {**some, M[1]: None}) == "refused"
    assert outcome(path, {M[1]: None, **{each: some[each] for each in M if each != M[1]}}) == "refused"
    assert outcome(path, {**some, M[1]: {}}) == "live"
    assert outcome(path, dict.fromkeys(M)) == "live"


# -- honest lists ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["", "md5,\n"])
@pytest.mark.parametrize("start", [0, 1, 5])
def test_numbers_in_a_column_without_a_name(head: str, start: int, tmp_path: Path) -> None:
    numbers = [start + k for k in range(20)]
    for each in (numbers, numbers[::-1], [n % 3 for n in numbers]):
        rows = [f"{digest},{n}\n" for digest, n in zip(M, each, strict=True)]
        assert outcome(tmp_path / "list.csv", head + "".join(rows)) == "live"
    rows = [f"{digest},{n % 2}\n" for digest, n in zip(M, numbers, strict=True)]
    assert outcome(tmp_path / "list.csv", head + "".join(rows)) in ("lost", "refused")


@pytest.mark.parametrize("name", ["k_12", "K 12", "l_m", "j-h", "tt_h"])
def test_a_field_that_is_no_type_in_parts(name: str) -> None:
    assert type_named(name) is None
    assert named_column(name).meaning == "extra"
    joined = name.replace("_", "").replace(" ", "").replace("-", "")
    found = type_named(joined)
    assert found is not None
    assert found.algorithm == joined.lower()


def test_rows_below_a_header(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    header = ["md5", "labels", "deleted"]
    rows: list[Any] = [[each, "a", k == 1] for k, each in enumerate(M)]
    for page in (
        [header, *rows],
        {"range": "A1:C21", "values": [header, *rows]},
        {"a": [header, *rows], "b": 1},
    ):
        assert outcome(path, page) == "gone"
        deleted = {entry.hash.hex: entry.deleted for entry in read_list(path) if entry.hash is not None}  # type: ignore[union-attr]
        assert deleted == {each: k == 1 for k, each in enumerate(M)}
    assert outcome(path, [header, *rows, [M[0]]]) == "gone"  # a short one is a reject
    assert read_all(path) == (
        20,
        "expected an object or a digest for a record, found list: rows need a first one",
    )
    for odd in (rows, [["a", "b", "c"], *rows], [["md5", "md5", "a"], *rows], [[M[0], "md5", "a"], *rows]):
        assert outcome(path, odd) == "refused"
    assert outcome(path, [header, *objects({}, {})]) == "live"
    assert read_all(path) == (
        20,
        "expected an object or a digest for a record, found list: rows need a first one",
    )


def read_all(path: Path) -> tuple[int, str]:
    reader = read_list(ListSource(path, max_rejects=1.0))
    n = len(list(reader))
    (reject,) = reader.report.rejects
    return n, reject.reason.partition(" that names")[0]


@pytest.mark.parametrize("around", ["result", "payload", "row", "signals", "fingerprints"])
def test_a_record_in_what_a_search_prints(around: str, tmp_path: Path) -> None:
    lines = [json.dumps({"offset": k, around: {"md5": each}}) for k, each in enumerate(M)]
    assert outcome(tmp_path / "list.jsonl", "\n".join(lines)) == "live"


# -- pages -------------------------------------------------------------------------------------------------

#: Beside two digests: there are more of them.
MORE: list[dict[str, Any]] = [
    {"nextUri": "https://a"}, {"metadata": {"continue": "a"}}, {"remainingItemCount": 5},
    {"links": [{"rel": "self", "href": "a"}, {"rel": "next", "href": "b"}]}, {"complete": False}, {"has_more": 1},
    {"page": "1", "pages": "2"}, {"count": "5"}, {"page": {"number": 0, "totalElements": 40}},
    {"response": {"numFound": 3}},
    {"total_rows": 3}, {"totalSize": 9}, {"errors": [{"message": "a"}]}, {"_shards": {"total": 5, "failed": 1}},
    {"offset": "itrA1/recB2"}, {"next_page_offset": 7}, {"nextPageCursor": "a"}, {"next_href": "b"},
    {"PaginationToken": "eyJ9"}, {"NextContinuationToken": "eyJ8"}, {"next_offset": 2},
]  # fmt: skip
WHOLE: list[dict[str, Any]] = [
    {"_shards": {"total": 5, "successful": 5, "failed": 0}}, {"links": [{"rel": "self", "href": "a"}]}, {"count": "2"},
    {"page": "2", "pages": "2"}, {"has_more": "no"}, {"next": "null"}, {"error": {"code": 0}},
    {"meta": [{"name": "md5", "type": "String"}, {"name": "n", "type": "UInt8"}], "rows": 1, "rows_before_limit": 1},
    {"metadata": {"continue": ""}}, {"remainingItemCount": None}, {"total": "9" * 30}, {"page": {"totalElements": 1}},
    {"offset": "0"}, {"offset": 0}, {"offset": ""}, {"next_page_offset": None},
    {"next_update": "2024-05-06"},
]  # fmt: skip


@pytest.mark.parametrize("n", [1, 2])
def test_a_page_says_that_there_are_more(n: int, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    pages: list[dict[str, Any]] = [
        {"hashes": M[:n]},
        {"items": [{"md5": each} for each in M[:n]]},
        {"hits": {"hits": [{"_source": {"md5": each}} for each in M[:n]]}},
    ]
    for page in pages:
        for beside in MORE:
            path.write_text(json.dumps({**beside, **page}))
            with pytest.raises(ListError, match="allow_cut=True"):
                load_list(path)
            assert len(load_list(ListSource(path, allow_cut=True)).table) == n, beside
        for beside in WHOLE:
            if beside != {"count": "2"} or n == 2:
                path.write_text(json.dumps({**beside, **page}))
                assert len(load_list(path).table) == n, beside
