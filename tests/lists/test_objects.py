"""JSON of no exchange's own format: what is around records, in them, beside them and twice in them."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from safehash import Hash, ListError, ListReport, ListSource, load_list, read_list


def balanced(k: int) -> str:
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


A, B, C = balanced(1), balanced(2), balanced(3)
MD5, OTHER = "9e107d9d372bb6826bd81d3542a419d6", "e4d909c290d0fb1ca068ffaddf22cbd0"
SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
SHORT, HIGH = "2d3fe2973ae46155", "be5c39319d892098"
NAMES = {A: "A", B: "B", C: "C", MD5: "md5", OTHER: "other", SHA1: "sha1", SHORT: "short", HIGH: "high"}


def read(tmp_path: Path, found: Any, **options: Any) -> tuple[list[str], ListReport]:
    path = tmp_path / "list.json"
    path.write_text(found if isinstance(found, str) else json.dumps(found))
    reader = read_list(ListSource(path, **options))
    entries = list(reader)
    brief = []
    for entry in entries:
        value = entry.hash
        text = ""
        if isinstance(value, Hash):
            text = NAMES.get(value.hex, value.hex)
        elif value is not None:
            text = f"{value.algorithm} {NAMES.get(value.value, value.value)}"
        what = "deleted" if entry.deleted else entry.category
        brief.append(f"{text} {what}{f' {entry.id}' if entry.id else ''}")
    return brief, reader.report


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


READ: dict[str, tuple[Any, list[str]]] = {
    "array of digests": ([A, MD5], ["A positive", "md5 positive"]),
    "array of objects": ([{"hash": A, "deleted": True}, {"hash": B}], ["A deleted", "B positive"]),
    "digests and objects": ([A, {"hash": B}], ["A positive", "B positive"]),
    "by digest": ({A: {"quality": 80}, B: {"deleted": True}}, ["A positive", "B deleted"]),
    "by digest, inside": ({"hashes": {A: {"quality": 80}}}, ["A positive"]),
    "by digest, deeper inside": ({A: {"meta": {"deleted": True}}}, ["A deleted"]),
    "by type": ({"md5": [MD5], "dhash": [SHORT]}, ["md5 positive", "dhash short positive"]),
    "by type and digest": ({"dhash": {SHORT: {}}, "pdq": {A: {}}}, ["dhash short positive", "A positive"]),
    "by what became of them": ({"hashes": [A], "removed": [B]}, ["B deleted", "A positive"]),
    "objects by what became": (
        {"hashes": [{"md5": MD5}], "removed": [{"md5": OTHER}]},
        ["md5 positive", "other deleted"],
    ),
    "the same, other way": (
        {"removed": [{"md5": OTHER}], "hashes": [{"md5": MD5}]},
        ["other deleted", "md5 positive"],
    ),
    "states as names": ({"active": {A: {}}, "revoked": {B: {}}}, ["A positive", "B deleted"]),
    "types inside states": ({"deleted": {"pdq": [A]}, "active": {"pdq": [B]}}, ["A deleted", "B positive"]),
    "states inside types": ({"pdq": {"deleted": [A], "active": [B]}}, ["A deleted", "B positive"]),
    "opinions as names": ({"positive": [A], "negative": [B]}, ["A positive", "B negative"]),
    "false positives as a name": ({"hashes": [A], "false_positives": [B]}, ["B negative", "A positive"]),
    "said around them": ({"deleted": True, "items": [{"hash": A}, {"hash": B}]}, ["A deleted", "B deleted"]),
    "said behind digests": ({"items": [A, B], "deleted": True}, ["A deleted", "B deleted"]),
    "a type around them": ({"algorithm": "ahash", "items": [{"hash": SHORT}]}, ["ahash short positive"]),
    "of something else around them": (
        {"status": "ok", "valid": True, "deleted": 0, "items": [{"hash": A}]},
        ["A positive"],
    ),
    "wrapped": ({"data": [{"id": "1", "attributes": {"pdq": A, "deleted": True}}]}, ["A deleted 1"]),
    "hits": ({"hits": {"hits": [{"_id": "1", "_source": {"md5": MD5, "deleted": True}}]}}, ["md5 deleted 1"]),
    "properties": ({"features": [{"properties": {"md5": MD5, "revoked": True}}]}, ["md5 deleted"]),
    "metadata": ([{"hash": A, "metadata": {"status": "withdrawn"}}], ["A deleted"]),
    "several digests": (
        [{"hashes": {"MD5": MD5, "SHA-1": SHA1}, "revoked": True}],
        ["md5 deleted", "sha1 deleted"],
    ),
    "listed digests": (
        [
            {
                "id": "1",
                "hashes": [{"type": "md5", "value": MD5}, {"type": "dhash", "value": SHORT}],
                "deleted": True,
            }
        ],
        ["md5 deleted 1", "dhash short deleted 1"],
    ),
    "lines": (lines({"hash": A, "deleted": True}, {"hash": B}), ["A deleted", "B positive"]),
    "lines with parts in front": (
        lines({"info": {"a": 1}, "seen": ["x"], "hash": A, "deleted": True}, {"seen": [], "hash": B}),
        ["A deleted", "B positive"],
    ),
    "lines with a history": (lines({"history": [{"id": 1, "status": "created"}], "hash": A}), ["A positive"]),
    "lines of lists": (
        lines({"hashes": [A, B], "deleted": True}, {"hashes": [C]}),
        ["A deleted", "B deleted", "C positive"],
    ),
    "deletes of ids": (
        {"data": [{"id": 3, "hash": A}, {"id": 1, "deleted": True}]},
        ["A positive 3", " deleted 1"],
    ),
    "labels that are opinions": ([{"hash": A, "tags": ["benign"]}], ["A negative"]),
    "letters in any case": ([{"HASH": A, "DELETED": "TRUE"}], ["A deleted"]),
}


@pytest.mark.parametrize("title", READ)
def test_what_stands_around_and_in_records(title: str, tmp_path: Path) -> None:
    found, expected = READ[title]
    brief, report = read(tmp_path, found)
    assert (sorted(brief), report.n_rejects) == (sorted(expected), 0)


REFUSED: dict[str, tuple[Any, str]] = {
    "said behind its records": ({"items": [{"hash": A}], "deleted": True}, "stands behind the records"),
    "a type behind its records": (
        {"items": [{"hash": SHORT}], "algorithm": "ahash"},
        "stands behind the records",
    ),
    "a number that may count": ({"deleted": 3, "items": [{"hash": A}]}, "'3 of them' .* is not understood"),
    "twice": (f'[{{"hash": "{A}", "deleted": true, "deleted": false}}]', "'deleted' stands twice"),
    "twice in a line": (f'{{"hash": "{A}", "deleted": true, "deleted": false}}', "'deleted' stands twice"),
    "a field that is no JSON": (f'{{"hash": "{A}", "deleted": NaN}}', "NaN is not JSON"),
    "deep inside": ([{"hash": A, "a": {"b": {"deleted": True}}}], "'a.b.deleted', which speaks of deletion"),
    "a digest beside records": (
        {"items": [{"hash": A}], "hash": B},
        "a digest of its own, and records in it",
    ),
    "a number for a type": ([{"hash": SHORT, "type": 1}], "1 in column 'type' is no type"),
    "a label of deletion": (
        [{"hash": A, "tags": ["withdrawn"]}],
        "label 'withdrawn' speaks of deletion, and is not understood, in column 'tags'",
    ),
    "a name that may mean deletion": (
        {"hashes": [{"hash": A}], "gone": [{"hash": B}]},
        "'gone' in column 'opinion'",
    ),
    "opinions of others": (
        [{"hash": A, "opinions": [{"owner": "x", "category": "negative"}]}],
        "'opinions', which speaks",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_not_understood_is_refused(title: str, tmp_path: Path) -> None:
    found, message = REFUSED[title]
    with pytest.raises(ListError, match=message):
        read(tmp_path, found)


PAGED = (
    {"next": "https://example.org"},
    {"links": {"next": "https://example.org"}},
    {"_links": {"next": {"href": "https://example.org"}}},
    {"meta": {"next": "https://example.org"}},
    {"pageInfo": {"hasNextPage": True}},
    {"@odata.nextLink": "https://example.org"},
    {"nextPageToken": "x"},
    {"has_more": True},
    {"response": {"meta": {"paging": {"has_more": True}}}},
    {"IsTruncated": True},
    {"complete": False},
    {"page": 1, "total_pages": 3},
    {"count": 5},
    {"total": 2},
)


@pytest.mark.parametrize("paging", PAGED, ids=lambda paging: next(iter(paging)))
def test_a_page_that_is_not_the_last(paging: dict[str, Any], tmp_path: Path) -> None:
    for found in ({"items": [{"hash": A}], **paging}, {**paging, "items": [{"hash": A}]}):
        with pytest.raises(ListError, match=r"allow_cut=True"):
            read(tmp_path, found)
        assert read(tmp_path, found, allow_cut=True)[0] == ["A positive"]


@pytest.mark.parametrize(
    "paging",
    [
        {"next": None},
        {"has_more": False},
        {"page": 3, "total_pages": 3},
        {"count": 1},
        {"links": {"self": "x"}},
    ],
)
def test_the_last_page(paging: dict[str, Any], tmp_path: Path) -> None:
    assert read(tmp_path, {"items": [{"hash": A}], **paging})[0] == ["A positive"]


def test_the_pages_of_one_list_count_together(tmp_path: Path) -> None:
    for k, digest in enumerate((A, B)):
        (tmp_path / f"{k}.json").write_text(json.dumps({"total": 2, "items": [{"hash": digest}]}))
    assert len(load_list(tmp_path)) == 2


def test_digests_in_other_notations(tmp_path: Path) -> None:
    text = base64.b64encode(bytes.fromhex(A)).decode()
    for found in (
        [text],
        [{"hash": text}],
        {"items": [text]},
        {text: {"quality": 90}},
        lines({"hash": text}),
    ):
        assert read(tmp_path, found, notation="base64", algorithm="pdq")[0] == ["A positive"]
    assert read(tmp_path, [{"pdq_b64": text}])[0] == ["A positive"]
    number = int(HIGH, 16)  # beyond what a signed number of 64 bits holds
    for value in (number, number - (1 << 64), str(number)):
        assert read(tmp_path, [{"phash_int": value}])[0] == ["high positive"]
    assert read(tmp_path, [number], notation="decimal", algorithm="phash")[0] == ["high positive"]
    with pytest.raises(ListError, match="expected a phash digest"):
        read(tmp_path, [{"phash": number}])


def test_an_unknown_field_costs_the_records_that_it_speaks_of(tmp_path: Path) -> None:
    found = [{"hash": A, "x": "benign"}, *({"hash": balanced(k), "x": "foo"} for k in range(10, 40))]
    brief, report = read(tmp_path, found)
    assert (len(brief), report.n_rejects) == (30, 1)
