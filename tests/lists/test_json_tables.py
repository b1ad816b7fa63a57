"""Lists as programs write them, whose records are columns, rows, typed values or features; and digests in parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, ListSource, load_list

M = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}" for k in range(1, 13)]
H = [each[:16] for each in M]

RECORDS: list[dict[str, Any]] = [
    {"md5": each, "deleted": k == 3, "label": f"l{k}"} for k, each in enumerate(M)
]
NAMES = [*RECORDS[0]]
ROWS = [[*each.values()] for each in RECORDS]


def typed(value: object) -> dict[str, Any]:
    return {"BOOL": value} if isinstance(value, bool) else {"S": value}


DYNAMO = [{name: typed(value) for name, value in each.items()} | {"n": {"N": "1"}} for each in RECORDS]
DYNAMO[0]["deleted"] = {"NULL": True}


def in_firestore(value: object) -> dict[str, Any]:
    return {"booleanValue": value} if isinstance(value, bool) else {"stringValue": value}


MORE = {
    "n": {"integerValue": "1"},
    "seen": {"arrayValue": {"values": [{"doubleValue": 1.5}]}},
    "m": {"mapValue": {}},
}
DOCUMENTS = [
    {"name": f"documents/{k}", "createTime": "2026-11-28T00:00:00Z", "updateTime": "2026-11-28T00:00:00Z",
     "fields": {name: in_firestore(value) for name, value in each.items()} | MORE} for k, each in enumerate(RECORDS)
]  # fmt: skip
DOCUMENTS[0]["fields"]["deleted"] = {"nullValue": None}  # type: ignore[index]
SCHEMA = {"fields": [{"name": "index", "type": "integer"}, *({"name": each, "type": "string"} for each in NAMES)],
          "primaryKey": ["index"], "pandas_version": "1.4.0"}  # fmt: skip

TABLES: dict[str, Any] = {
    "by column": {name: {str(k): each[name] for k, each in enumerate(RECORDS)} for name in NAMES},
    "by number": {str(k): each for k, each in enumerate(RECORDS)},
    "split": {"columns": NAMES, "index": [*range(12)], "data": ROWS},
    "Datasette": {"ok": True, "next": None, "rows": ROWS, "columns": NAMES, "truncated": False},
    "table": {"schema": SCHEMA, "data": [{"index": k, **each} for k, each in enumerate(RECORDS)]},
    "DynamoDB": {"Items": DYNAMO, "Count": 12, "ScannedCount": 12},
    "Google Sheets, by column": {"range": "A1:C13", "majorDimension": "COLUMNS", "values": [
        [name, *(str(each[name]) for each in RECORDS)] for name in NAMES]},
    "Firestore": {"documents": DOCUMENTS},
    "Firestore's query": [{"document": each, "readTime": "2026-11-28T00:00:00Z"} for each in DOCUMENTS],
    "DynamoDB's export": "".join(json.dumps({"Item": each}) + "\n" for each in DYNAMO),
    "GeoJSON": {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": e} for e in RECORDS]},
}  # fmt: skip


def read(tmp_path: Path, text: Any, name: str = "list.json", **told: Any) -> set[str]:
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return {entry.hash.hex for entry in load_list(ListSource(path, **told)).table}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_its_records(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, TABLES[name], max_rejects=0.0) == {*M} - {M[3]}
    table = load_list(tmp_path / "list.json").table
    assert {entry.labels for entry in table} == {(f"l{k}",) for k in range(12) if k != 3}


def test_columns_that_end_in_blank_cells_are_shorter(tmp_path: Path) -> None:
    deleted = ["deleted", "", "", "", "yes"]
    columns = {"majorDimension": "COLUMNS", "values": [["md5", *M], deleted]}
    assert read(tmp_path, columns) == {*M} - {M[3]}
    for names in (["md5", "md5"], ["first", "second"]):
        told = {"majorDimension": "COLUMNS", "values": [[names[0], *M], [names[1], *deleted[1:]]]}
        with pytest.raises(ListError, match="no column is known to hold digests"):
            read(tmp_path, told)


def test_a_document_with_more_beside_its_fields_is_taken_as_it_comes(tmp_path: Path) -> None:
    taken_back = [each | {"state": "revoked"} for each in DOCUMENTS]
    with pytest.raises(ListError):
        read(tmp_path, {"documents": [*taken_back[:11], DOCUMENTS[11]]}, max_rejects=0.0)


def test_what_stands_beside_a_table_is_heard(tmp_path: Path) -> None:
    split = TABLES["split"]
    with pytest.raises(ListError, match="may speak of what stands beside it"):
        read(tmp_path, split | {"title": "Withdrawn hashes"})
    with pytest.raises(ListError, match="beside the records speaks of deletion"):
        read(tmp_path, split | {"about": {"enabled": False}})
    with pytest.raises(ListError, match="promises another page"):
        read(tmp_path, TABLES["Datasette"] | {"truncated": True})
    assert read(tmp_path, split | {"algorithm": "md5"}) == {*M} - {M[3]}


@pytest.mark.parametrize(
    "text",
    [
        {"columns": NAMES, "data": [*ROWS, ROWS[0][:2]]}, {"columns": ["md5", "x", "x"], "data": ROWS},
        TABLES["by column"] | {"deleted": {"3": True}}, TABLES["by number"] | {"removed": RECORDS[3]},
        {"schema": {"fields": [*SCHEMA["fields"], {"name": "a", "type": "b", "deleted": [1]}]}, "data": RECORDS},  # type: ignore[misc]
    ],
)  # fmt: skip
def test_what_is_no_whole_table_is_refused(text: Any, tmp_path: Path) -> None:
    with pytest.raises(ListError):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "name", ["Empreinte MD5", "Huella MD5", "Suma MD5", "MD5-Prüfsumme", "Hash MD5 do arquivo", "MD5 хеш",
             "MD5ハッシュ", "Somme de contrôle MD5", "Kontrollsumma (MD5)", "MD5 校验和", "Impronta MD5"],
)  # fmt: skip
def test_a_digest_by_its_name_in_other_languages(name: str, tmp_path: Path) -> None:
    text = f"{name};Nom\n" + "".join(f"{each};a\n" for each in M)
    assert read(tmp_path, text, "list.csv") == {*M}


@pytest.mark.parametrize("name", ["MD5 del", "del MD5", "old MD5", "MD5 alt"])
def test_a_name_with_more_in_it_is_not(name: str, tmp_path: Path) -> None:
    text = f"{name};Nom\n" + "".join(f"{each};a\n" for each in M)
    with pytest.raises(ListError, match="may hold the digests, and the name does not say it for sure"):
        read(tmp_path, text, "list.csv")


@pytest.mark.parametrize("text", ["0|1|0|1", "A|B|D|A", "1|2|0|3"])
@pytest.mark.parametrize("name", ["fold", "kfold", "grade"])
def test_parts_of_a_set_and_grades(name: str, text: str, tmp_path: Path) -> None:
    cells = text.split("|")
    assert read(
        tmp_path, f"md5,{name}\n" + "".join(f"{M[k]},{cells[k % 4]}\n" for k in range(12)), "list.csv"
    ) == {*M}


def test_columns_of_yes_and_no_are_named_all_at_once(tmp_path: Path) -> None:
    text = "md5,cat,dog\n" + "".join(f"{each},{k % 2},{1 - k % 2}\n" for k, each in enumerate(M))
    with pytest.raises(ListError, match=r"ignore=\['cat', 'dog'\] sets all such columns aside"):
        read(tmp_path, text, "list.csv")
    assert read(tmp_path, text, "list.csv", ignore=["cat", "dog"]) == {*M}


@pytest.mark.parametrize("name", ["sha256sum.txt", "SHA256SUMS"])
def test_what_a_name_of_another_type_is_told_by(name: str, tmp_path: Path) -> None:
    text = "".join(f"{each}{each}  {k}.jpg\n" for k, each in enumerate(M))
    with pytest.raises(ListError, match=r"algorithm='sha256' takes them for the type that it names"):
        read(tmp_path, text, name)
    assert len(read(tmp_path, text, name, algorithm="sha256")) == 12


PARTS = [(H, 4, "phash"), (H, 2, "phash"), (M, 2, "md5")]


@pytest.mark.parametrize(("digests", "n", "algorithm"), PARTS)
@pytest.mark.parametrize("start", ["", "0x"])
def test_digests_in_parts(digests: list[str], n: int, algorithm: str, start: str, tmp_path: Path) -> None:
    each = [[f"{start}{part}" for part in digests[k : k + n]] for k in range(0, 12, n)]
    for name in ("hash", "digest", "fingerprint"):
        records = [{name: parts} for parts in each]
        with pytest.raises(ListError, match="may be one in parts"):
            read(tmp_path, records)
        assert read(tmp_path, records, algorithm=algorithm) == {*digests}
        assert read(tmp_path, [{f"{name}s": parts} for parts in each]) == {*digests}
    if not start:
        for end in ("\n", "\r\n"):
            text = (2 * end).join(end.join(parts) for parts in each) + end
            with pytest.raises(ListError, match="stand in blocks, and may be digests of"):
                read(tmp_path, text, "list.txt")
            assert read(tmp_path, text, "list.txt", algorithm=algorithm) == {*digests}


def test_digests_with_a_blank_line_among_them(tmp_path: Path) -> None:
    for text in (
        "\n".join(M),
        "\n\n".join(M),
        "\n".join([*M[:5], "", *M[5:]]),
        "\n".join([*H[:3], "", *H[3:]]),
    ):
        assert len(read(tmp_path, text + "\n", "list.txt")) == 12
