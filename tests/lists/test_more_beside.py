"""What stands beside a table, in JSON and in databases, and pages that say in other ways that they are not all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from safehash import ForeignHash, ListError, ListSource, load_list

M = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}" for k in range(1, 21)]
ROWS = [[k, each] for k, each in enumerate(M[:6])]
TABLE = {"columns": ["id", "md5"], "data": ROWS}
RECORDS = [{"md5": each} for each in M[:6]]


def written(value: object, tmp_path: Path) -> Path:
    path = tmp_path / "list.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize(
    "beside",
    [
        {"deleted": [1]}, {"deleted": [M[1]]}, {"rows": [[9, M[9]]]}, {"other": [[9, M[9]]]}, {"other": {"md5": M[9]}},
        {"results": RECORDS}, {"results": [{"md5": M[9]}]},
    ],
)  # fmt: skip
def test_nothing_of_a_table_is_lost_to_what_is_beside_it(beside: dict[str, object], tmp_path: Path) -> None:
    assert load_list(written(TABLE, tmp_path)).report.n_entries == 6
    with pytest.raises(ListError, match=r"beside|records in it"):
        load_list(written({**TABLE, **beside}, tmp_path))


def test_digests_in_rows_beside_records(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="'list' beside the records") as refused:
        load_list(written({"results": RECORDS, "list": [["x", M[9]]]}, tmp_path))
    assert "ignore=['list']" in str(refused.value)
    path = written({"results": RECORDS, "list": [["x", M[9]]]}, tmp_path)
    assert load_list(ListSource(path, ignore=["list"])).report.n_entries == 6
    assert (
        load_list(written({"results": RECORDS, "box": [[1, 2], ["a", "b"]]}, tmp_path)).report.n_entries == 6
    )


def test_rows_that_stand_twice(tmp_path: Path) -> None:
    for rows in ([["x"]], ROWS[:1]):
        text = f'{{"columns": ["id", "md5"], "data": {json.dumps(rows)}, "data": {json.dumps(ROWS)}}}'
        with pytest.raises(ListError, match="stands twice"):
            load_list(written(text, tmp_path))


def test_what_numbers_the_rows_may_say_something(tmp_path: Path) -> None:
    table = {"columns": ["md5"], "data": [[each] for each in M[:3]]}
    assert load_list(written({**table, "index": [0, 1, 2]}, tmp_path)).report.n_entries == 3
    loaded = load_list(written({**table, "index": ["a", "b", "c"]}, tmp_path))
    assert [entry.extra["index"] for entry in loaded.table] == ["a", "b", "c"]
    for index in (["keep", "withdrawn", "keep"], [["x", "deleted"], ["x", "a"], ["x", "a"]], ["a", "b"]):
        with pytest.raises(ListError):
            load_list(written({**table, "index": index}, tmp_path))


@pytest.mark.parametrize(
    "page",
    [
        {"hits": {"total": {"value": 40, "relation": "eq"}, "hits": [{"_source": each} for each in RECORDS]}},
        {"hits": {"total": 40, "hits": [{"_source": each} for each in RECORDS]}},
        {"data": {"hashes": {"nodes": RECORDS, "pageInfo": {"hasNextPage": True}}}},
        {"data": {"hashes": {"nodes": RECORDS, "totalCount": 40}}},
        {"page": 1, "pages": 7, "results": RECORDS},
        {"current_page": 1, "last_page": 7, "data": RECORDS},
        {"data": RECORDS, "next_page_url": "x"},
        {"records": RECORDS, "done": False},
        {"Items": [{"id": {"S": "a"}, "md5": {"S": M[0]}}], "LastEvaluatedKey": {"id": {"S": "a"}}},
    ],
)
def test_a_page_that_is_not_the_last(page: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ListError, match="fetch the rest"):
        load_list(written(page, tmp_path))
    text = (
        json.dumps(page).replace("40", "6").replace("true", "false").replace('"done": false', '"done": true')
    )
    text = text.replace("7,", "1,").replace('"next_page_url": "x"', '"next_page_url": null')
    text = text.replace('"LastEvaluatedKey": {"id": {"S": "a"}}', '"LastEvaluatedKey": null')
    assert load_list(written(text, tmp_path)).report.n_rejects == 0


def test_yes_is_no_time_until_which_an_entry_is_disabled(tmp_path: Path) -> None:
    records = [{"id": k, "bank": "a", "disable_until_ts": 1, "signals": {"md5": M[k]}} for k in range(2)]
    assert load_list(written(records, tmp_path)).report.n_entries == 2
    records[1]["disable_until_ts"] = True
    loaded = load_list(ListSource(written(records, tmp_path), max_rejects=1.0))
    assert (loaded.report.n_entries, loaded.report.n_rejects) == (1, 1)


def database(path: Path, *script: str) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript(
            "CREATE TABLE [hash list] (id INTEGER PRIMARY KEY, md5 TEXT);"
            + "".join(f"INSERT INTO [hash list] VALUES ({k}, '{each}');" for k, each in enumerate(M[:3]))
            + "".join(script)
        )
    return path


def test_a_database_with_a_journal(tmp_path: Path) -> None:
    path = database(tmp_path / "list.db")
    journal = tmp_path / "list.db-journal"
    for content in (b"", bytes(512)):
        journal.write_bytes(content)
        assert load_list(path).report.n_entries == 3
    journal.write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(504))
    with pytest.raises(ListError, match="journal"):
        load_list(path)


def test_a_database_with_more_tables_than_are_looked_at(tmp_path: Path) -> None:
    more = "".join(f"CREATE TABLE t{k} (x);" for k in range(1000))
    with pytest.raises(ListError, match="more than 1000 tables"):
        load_list(database(tmp_path / "list.db", more))


@pytest.mark.parametrize(
    "column",
    [
        'x INT REFERENCES "hash list" (id)',
        "x INT REFERENCES [hash list]",
        "x NUMERIC(10, 2) REFERENCES `hash list`(id)",
    ],
)
def test_a_table_that_refers_to_one_of_another_name(column: str, tmp_path: Path) -> None:
    table = f"CREATE TABLE review ({column}, said TEXT); INSERT INTO review VALUES (1, '%s');"
    assert load_list(database(tmp_path / "list.db", table % "fine")).report.n_entries == 3
    with pytest.raises(ListError, match="'inactive' of records"):
        load_list(database(tmp_path / "list.db", table.replace("said", "state") % "inactive"))


XML = """<?xml version="1.0"?>
{before}<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images count="1">
<image><member id="1">A</member>
<timestamp>2026-10-24T15:00:00Z</timestamp><id>a</id><fingerprints><md5>{md5}</md5></fingerprints></image></images>
</queryResult>{behind}"""


@pytest.mark.parametrize("where", ["before", "behind"])
def test_a_comment_outside_all_that_is_in_a_page(where: str, tmp_path: Path) -> None:
    path = tmp_path / "list.xml"
    around = {"before": "", "behind": ""}
    path.write_text(XML.format(md5=M[0], **around | {where: "<!-- written by a program -->"}))
    assert load_list(path).report.notes == ()
    path.write_text(XML.format(md5=M[0], **around | {where: "<!-- all of these were withdrawn -->"}))
    with pytest.raises(ListError, match="the comment"):
        load_list(path)


@pytest.mark.parametrize("name", ["BLAKE2", "hash BLAKE2", "Huella digital SHA3-256", "the photo's dhash"])
def test_a_name_with_the_name_of_a_type_in_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{name},title\n" + "".join(f"{each},t{k}\n" for k, each in enumerate(M)))
    try:
        loaded = load_list(path)
    except ListError:
        assert load_list(ListSource(path, algorithm="md5")).report.n_entries == len(M)
        return
    assert all(isinstance(entry.hash, ForeignHash) for entry in loaded.table)
