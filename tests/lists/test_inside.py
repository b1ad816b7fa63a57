"""A deletion or an opinion is heard wherever it stands in a record: in attributes, elements, lists, objects, texts."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, load_list
from safehash.lists.formats.inside import says, speaks_inside

M = [hashlib.md5(bytes([k])).hexdigest() for k in range(60)]


def live_of(tmp_path: Path, text: object, name: str, **options: Any) -> set[str] | None:
    """Return the digests that are read as live and positive; None where the list is refused."""
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8", newline="")
    try:
        table = load_list(path, **options).table
    except ListError:
        return None
    return {entry.hash.hex for entry in table if entry.category == "positive"}  # type: ignore[union-attr]


# -- NCMEC -------------------------------------------------------------------------------------------------


def ncmec(inside: str = "", record: str = "", digest: str = "", beside: str = "") -> str:
    def image(k: int, *said: str) -> str:
        inside, record, digest, beside = said
        return (
            f'<image {record}><member id="1">x</member><id>{k}</id><timestamp>2020-01-01T00:00:00Z</timestamp>'
            f"<classification>A1</classification><fingerprints><md5 {digest}>{M[k]}</md5>{beside}</fingerprints>"
            f"{inside}</image>"
        )

    images = "".join(image(k, "", "", "", "") for k in range(1, 40))
    return (
        '<?xml version="1.0"?><queryResult xmlns="http://hashsharing.ncmec.org/hashsharing/v2"><images count="40">'
        f"{image(0, inside, record, digest, beside)}{images}</images></queryResult>"
    )


ELEMENTS = (
    "<deleted>true</deleted>|<status>withdrawn</status>|<revoked/>|<state value='withdrawn'/>"
    "|<falsePositive>true</falsePositive>|<note>withdrawn</note>|<enabled>false</enabled>"
    "|<x><y><deleted>1</deleted></y></x>"
    "|<deletedAt>2024-01-02</deletedAt>"
)


@pytest.mark.parametrize("element", ELEMENTS.split("|"))
def test_an_element_of_a_record(element: str, tmp_path: Path) -> None:
    assert live_of(tmp_path, ncmec(inside=element), "list.xml") == {*M[1:40]}
    assert live_of(tmp_path, ncmec(beside=element), "list.xml") == {*M[1:40]}


@pytest.mark.parametrize(
    "attribute", ['deleted="true"', 'status="withdrawn"', 'enabled="0"', 'note="Revoked by us"']
)
def test_an_attribute_of_a_record_or_of_its_digest(attribute: str, tmp_path: Path) -> None:
    assert live_of(tmp_path, ncmec(record=attribute), "list.xml") == {*M[1:40]}
    assert live_of(tmp_path, ncmec(digest=attribute), "list.xml") == {*M[1:40]}
    name = attribute.partition("=")[0]
    assert live_of(tmp_path, ncmec(record=attribute), "list.xml", ignore=[name]) == {*M[:40]}


def test_elements_and_attributes_that_say_no(tmp_path: Path) -> None:
    assert live_of(tmp_path, ncmec(), "list.xml") == {*M[:40]}
    said = ncmec("<deleted>false</deleted><width>5</width>", 'enabled="true"', 'n="1"')
    assert live_of(tmp_path, said, "list.xml") == {*M[:40]}


# -- JSON --------------------------------------------------------------------------------------------------


def hma(**more: Any) -> list[dict[str, Any]]:
    return [
        {"id": k, "bank": "B", "disable_until_ts": 1, "signals": {"md5": M[k]}, **(more if k == 0 else {})}
        for k in range(40)
    ]


def vics(**more: Any) -> dict[str, Any]:
    files = [[{"FileName": "a", **(more if k == 0 else {})}] for k in range(40)]
    media = [{"MediaID": k, "Category": 1, "MD5": M[k], "MediaFiles": files[k]} for k in range(40)]
    return {"@odata.context": "http://x/US/$metadata#Media", "value": media}


@pytest.mark.parametrize(
    "said",
    [{"enabled": False}, {"content": {"enabled": False}}, {"content": {"deleted": True}}, {"note": "withdrawn"},
     {"metadata": {"deleted": True}}, {"metadata": {"a": [{"state": "removed"}]}}, {"is_active": 0},
     {"status": ["removed"]}],
)  # fmt: skip
def test_more_fields_of_an_exchanges_records(said: dict[str, Any], tmp_path: Path) -> None:
    assert live_of(tmp_path, hma(**said), "list.json") == {*M[1:40]}
    assert live_of(tmp_path, vics(**said), "list.json") == {*M[1:40]}
    no = {
        "enabled": True,
        "content": {"deleted": False},
        "metadata": {"deleted_at": None, "a": [{"state": "ok"}]},
    }
    assert live_of(tmp_path, hma(**no), "list.json") == {*M[:40]}
    assert live_of(tmp_path, vics(**no), "list.json") == {*M[:40]}


@pytest.mark.parametrize(
    "said",
    [{"tags": [{"name": "false_positive"}]}, {"Tag": [{"name": "false-positive"}]}, {"category": ["negative"]},
     {"reviews": [{"verdict": "false_positive"}]}, {"events": [{"type": "deleted"}]}, {"status": ["withdrawn"]},
     {"history": [{"action": "withdrawn"}]}, {"actions": ["delete"]}, {"flags": ["deleted"]},
     {"labels": ["a", {"value": "false positive"}]}, {"x": [{"enabled": False}]}, {"states": [["removed"]]}],
)  # fmt: skip
def test_lists_in_a_record(said: dict[str, Any], tmp_path: Path) -> None:
    records = [{"md5": M[0], **said}, *({"md5": digest} for digest in M[1:40])]
    assert live_of(tmp_path, records, "list.json") == {*M[1:40]}
    assert live_of(tmp_path, {"data": records}, "list.json") == {*M[1:40]}
    lines = "".join(json.dumps(record) + "\n" for record in records)
    assert live_of(tmp_path, lines, "list.jsonl") == {*M[1:40]}


def test_what_is_said_by_a_name_and_its_value() -> None:
    for name, value in {
        "deleted": 1,
        "enabled": False,
        "status": "withdrawn",
        "deleted_at": "2024-01-01",
    }.items():
        assert says(name, value) and speaks_inside([{"a": [{name: value}]}])
    for name, value in {"deleted": 0, "enabled": True, "status": "ok", "deleted_at": None, "x": True}.items():
        assert not says(name, value) and not speaks_inside([{"a": [{name: value}]}])


# -- texts of pairs ----------------------------------------------------------------------------------------

PAIRS = (
    '"{""deleted"":true}"|"{""status"":""withdrawn""}"|status=withdrawn|deleted=true|deleted: true'
    """|"{""a"":1,""is_deleted"":1}"|{'deleted': True}|a=1;deleted=true|"[{""verdict"": ""fp""}]"|enabled=false"""
)


@pytest.mark.parametrize("cell", PAIRS.split("|"))
@pytest.mark.parametrize("head", ["hash,metadata\n", "hash,note\n", ""])
def test_pairs_in_a_cell(cell: str, head: str, tmp_path: Path) -> None:
    rest = "".join(f"{digest},x\n" for digest in M[1:40])
    assert live_of(tmp_path, f"{head}{M[0]},{cell}\n{rest}", "list.csv") == {*M[1:40]}
    no = "deleted=false; status: ok; https://example.org/?a=1&page=2"
    assert live_of(tmp_path, f"{head}{M[0]},{no}\n{rest}", "list.csv") == {*M[:40]}


# -- SQLite ------------------------------------------------------------------------------------------------


def database(path: Path, table: str = "hashes", more: str = "") -> Path:
    connection = sqlite3.connect(path)
    connection.execute(f"create table {table}(id integer primary key, phash_int integer)")
    numbers = [(k, int(M[k][:15] + "1", 16) >> 1) for k in range(40)]
    connection.executemany(f"insert into {table} values (?, ?)", numbers)
    if more:
        connection.execute(f"create table {more}(hash_id integer)")
        connection.execute(f"insert into {more} values (0)")
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize("n_lost", [1, 2, 7, 511, 4095, 4096, 5000])
def test_a_database_that_was_cut(n_lost: int, tmp_path: Path) -> None:
    path = database(tmp_path / "list.db")
    assert len(load_list(path)) == 40
    path.write_bytes(path.read_bytes()[:-n_lost])
    with pytest.raises(ListError, match="cut off"):
        load_list(path)


@pytest.mark.parametrize("name", ["removed", "allowlist", "deleted_hashes", "false_positives", "withdrawn"])
def test_a_table_whose_name_takes_back(name: str, tmp_path: Path) -> None:
    path = database(tmp_path / "list.db", name)
    with pytest.raises(ListError, match=f"the name of table '{name}' may say"):
        load_list(path)
    assert len(load_list(path, ignore=[name])) == 40
    path = database(tmp_path / "other.db", more="deletions")
    with pytest.raises(ListError, match="the name of table 'deletions' may say"):
        load_list(path)
    assert len(load_list(path, ignore=["deletions"])) == 40
