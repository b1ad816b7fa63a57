"""A deletion or an opinion is heard wherever it stands in a record: in attributes, elements, lists, objects, texts."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, ListSource, load_list, read_list
from safehash.lists.formats.inside import json_may_speak, says, speaks_inside

M = [hashlib.md5(bytes([k])).hexdigest() for k in range(60)]


def live_of(tmp_path: Path, text: object, name: str, **options: Any) -> set[str] | None:
    """Return the digests that are read as live and positive; None where the list is refused."""
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8", newline="")
    try:
        table = load_list(ListSource(path, **options)).table
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


@pytest.mark.parametrize("within", [lambda value: [value], lambda value: {"a": value}])
def test_what_is_too_deep_to_be_looked_at_may_say_anything(within: Callable[[object], object]) -> None:
    value: object = "fine"
    for _ in range(12):
        value = within(value)
        assert not speaks_inside(value)
    assert speaks_inside(within(value))


@pytest.mark.parametrize(
    "separators", [(",", ":"), (", ", ": "), (" ,", " : "), ("\n,", "  :"), (",", "\t:\n")]
)
def test_no_piece_of_json_that_speaks_is_passed_over(separators: tuple[str, str]) -> None:
    for value in (
        {"deleted": True}, {"a": [{"state": "removed"}]}, {"a": ["withdrawn 2020"]}, "Revoked by us", "inactive",
        {"enabled": False}, "this was a false positive", {"a": "deleted=1"}, {"x": "gel\u00f6scht"}, ["no_self_harm"],
        {"is-deleted": 1}, {"x": "hard-deleted"},
    ):  # fmt: skip
        assert speaks_inside(value) or value == ["no_self_harm"]
        for is_ascii in (True, False):
            data = json.dumps(value, separators=separators, ensure_ascii=is_ascii).encode()
            assert json_may_speak([b'"ticket 7"', b'{"content_id": "x-3"}', data])
            assert json_may_speak([f'"ticket of {"x" * k}"'.encode() for k in range(200)] + [data])
    assert not json_may_speak([b'"ticket 7"', b'{"content_id": "x-3", "json": {"ticket": 5}}'])
    assert not json_may_speak([f'"ticket of {"x" * k}"'.encode() for k in range(200)])


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
    assert len(load_list(ListSource(path, ignore=[name]))) == 40
    path = database(tmp_path / "other.db", more="deletions")
    with pytest.raises(ListError, match="the name of table 'deletions' may say"):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["deletions"]))) == 40


# -- JSON by columns, by digest, in groups -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells"),
    [("status", ["live", "revoked", "live"]), ("deleted", [0, 1, 0]), ("deleted", [False, True, False]),
     ("verdict", ["fp", None, None]), ("deleted_at", [None, "2024-01-02", None]), ("enabled", [1, 0, 1])],
)  # fmt: skip
def test_arrays_side_by_side_are_refused(name: str, cells: list[Any], tmp_path: Path) -> None:
    for digests in ("md5", "hash", "hashes"):
        for record in ({digests: M[:3], name: cells}, {name: cells, digests: M[:3]}):
            assert live_of(tmp_path, record, "list.json") is None
            assert live_of(tmp_path, {"data": record}, "list.json") is None
    assert live_of(tmp_path, {"md5": M[:3], "width": [1, 2, 3]}, "list.json") == {*M[:3]}


@pytest.mark.parametrize(
    ("gone", "live"), [("no", "yes"), (0, 1), ("2020-01-01", None), (False, True), ("removed", "")]
)
def test_cells_by_digest(gone: object, live: object, tmp_path: Path) -> None:
    found = live_of(tmp_path, {digest: live if k else gone for k, digest in enumerate(M[:40])}, "list.json")
    assert found is None or M[0] not in found


@pytest.mark.parametrize(
    ("stands", "other"),
    [
        ("hashes", "taken_back"),
        ("+", "-"),
        ("new", "old"),
        ("current", "previous"),
        ("hashes", "alt"),
        ("md5", "weg"),
    ],
)
def test_groups_of_digests_whose_name_is_not_understood(stands: str, other: str, tmp_path: Path) -> None:
    for page in ({stands: M[1:40], other: [M[0]]}, {other: [M[0]], stands: M[1:40]}):
        assert live_of(tmp_path, page, "list.json") in (None, {*M[1:40]})
    records = {stands: [{"md5": digest} for digest in M[1:40]], other: [{"md5": M[0]}]}
    assert live_of(tmp_path, records, "list.json") in (None, {*M[1:40]})
    assert live_of(tmp_path, [records], "list.json") in (None, {*M[1:40]})
    page = {stands: M[1:40], "images": [M[0]]}
    assert live_of(tmp_path, page, "list.json") == {*M[:40]}


# -- labels, sentences, marks, titles ----------------------------------------------------------------------

LABELS = (
    '["false_positive"]|{false_positive,self_harm}|#falsepositive|status:false_positive|misp:verdict="false-positive"'
    "|no self harm|not-self-harm|verdict=fp|false_positive:confirmed|(false positive)|ns/false_positive|state:withdrawn"
)


@pytest.mark.parametrize("label", LABELS.split("|"))
@pytest.mark.parametrize("name", ["label", "tags"])
def test_a_label_with_an_opinion_in_it(label: str, name: str, tmp_path: Path) -> None:
    quoted = '"' + label.replace('"', '""') + '"'
    rest = "".join(f"{digest},self_harm\n" for digest in M[1:40])
    assert live_of(tmp_path, f"hash,{name}\n{M[0]},{quoted}\n{rest}", "list.csv") == {*M[1:40]}
    assert live_of(tmp_path, f"hash,{name}\n{M[0]},tlp:amber\n{rest}", "list.csv") == {*M[:40]}


SENTENCES = (
    "this was a false positive|removed on request|entered by mistake"
    "|deleted at the request of its owner|turned out benign"
    "|not self harm after all|listed in error|please do not match|taken back in May"
)


@pytest.mark.parametrize("said", SENTENCES.split("|"))
def test_a_sentence_beside_a_digest(said: str, tmp_path: Path) -> None:
    rest = "".join(f"{digest},a girl with a book\n" for digest in M[1:40])
    for head in ("hash,comment\n", "hash,remark\n", ""):
        assert live_of(tmp_path, f"{head}{M[0]},{said}\n{rest}", "list.csv") == {*M[1:40]}
        assert live_of(tmp_path, f"{head}{M[0]},a removed wall\n{rest}", "list.csv") == {*M[:40]}


@pytest.mark.parametrize(
    ("said", "is_live"),
    [
        ("hash removed from list", False),
        ("entry was deleted", False),
        ("taken off our blocklist", False),
        ("pulled from the hash bank", False),
        ("not removed from the list", True),
        ("post removed from site", True),
        ("account deleted", True),
    ],
)
def test_a_sentence_of_the_list_is_told_from_one_of_the_post(
    said: str, is_live: bool, tmp_path: Path
) -> None:
    rest = "".join(f"{digest},seen twice\n" for digest in M[1:40])
    live = live_of(tmp_path, f"hash,comment\n{M[0]},{said}\n{rest}", "list.csv")
    assert live == {*(M[:40] if is_live else M[1:40])}


@pytest.mark.parametrize("mark", ["//", "~", "!", ";", "-", "--", "?", "%", ">", "/*"])
def test_a_mark_in_front_of_a_digest(mark: str, tmp_path: Path) -> None:
    rest = "".join(f"{digest}\n" for digest in M[1:40])
    for line in (f"{mark} {M[0]}", f"{mark}{M[0]}"):
        assert live_of(tmp_path, f"{line}\n{rest}", "list.txt") == {*M[1:40]}


@pytest.mark.parametrize("bullet", ["*", "+", "\N{BULLET}", "\N{MIDDLE DOT}", "'", "a)", "1.", "12"])
def test_a_bullet_in_front_of_a_digest(bullet: str, tmp_path: Path) -> None:
    """Bullets, numbers and a spreadsheet's mark of a text are understood: they say nothing."""
    text = "".join(f"{bullet} {digest}\n" for digest in M[:40])
    assert live_of(tmp_path, text, "list.txt") == {*M[:40]}
    rest = "".join(f"{digest}\n" for digest in M[1:40])
    assert live_of(tmp_path, f"{bullet} {M[0]}\n{rest}", "list.txt") == {*M[:40]}


@pytest.mark.parametrize("said", ["x", "[x]", "X", "yes", "no", "true", "FALSE", "(no)"])
def test_a_yes_or_no_beside_a_digest(said: str, tmp_path: Path) -> None:
    """Listed, or taken back: nothing says which."""
    rest = "".join(f"{digest}\n" for digest in M[1:40])
    for line in (f"{said} {M[0]}", f"{M[0]} {said}"):
        assert live_of(tmp_path, f"{rest}{line}\n", "list.txt") == {*M[1:40]}
    assert live_of(tmp_path, "".join(f"{said} {digest}\n" for digest in M[:40]), "list.txt") is None


@pytest.mark.parametrize("labels", [["x", "false_positive", "z"], ["x", "y", "withdrawn"], ["fp"] * 3])
def test_as_many_labels_as_digests(labels: list[str], tmp_path: Path) -> None:
    """One of them judges: all three, or one? Labels that judge nothing are of all."""
    for name in ("labels", "tags"):
        record = {"md5": M[:3], name: labels}
        assert live_of(tmp_path, record, "list.json") is None
        rest = [{"md5": digest} for digest in M[3:40]]
        assert live_of(tmp_path, [record, *rest], "list.json") == {*M[3:40]}
        assert live_of(tmp_path, {"md5": M[:3], name: ["x", "y", "z"]}, "list.json") == {*M[:3]}
        for record in ({"md5": M[:3], name: ["false_positive"]}, {name: ["a", "withdrawn"], "md5": M[:3]}):
            assert live_of(tmp_path, record, "list.json") is None
        record = {"hashes": M[:3], name: ["false_positive"]}  # one label of the record that they are of
        assert live_of(tmp_path, record, "list.json") == set()


@pytest.mark.parametrize(
    "title",
    ["# Known good images (allow list)", "# these were taken back", "# cleared on appeal",
     "# false positives, do not match", "# no longer listed", "# Not self harm:"],
)  # fmt: skip
def test_titles_of_several_phrases(title: str, tmp_path: Path) -> None:
    assert live_of(tmp_path, f"{title}\n" + "".join(f"{digest}\n" for digest in M[:40]), "list.txt") is None
    text = f"{M[0]}\n{title}\n" + "".join(f"{digest}\n" for digest in M[1:40])
    assert live_of(tmp_path, text, "list.txt") is None
    kind = "# report false positives to x@example.org\n" + "".join(f"{digest}\n" for digest in M[:40])
    assert live_of(tmp_path, kind, "list.txt") == {*M[:40]}


# -- columns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gone", "no"),
    [("taken_back", "yes", ""), ("taken_back", "2020-01-01", ""), ("self_harm", "0", "1"), ("suicide", "no", "yes"),
     ("target", "0", "1"), ("fp_count", "3", "0"), ("false_reports", "3", "0"), ("replaced_by", M[50], ""),
     ("duplicate_of", M[50], ""), ("merged_into", M[50], "")],
)  # fmt: skip
def test_columns_that_looked_ordinary(name: str, gone: str, no: str, tmp_path: Path) -> None:
    rest = "".join(f"{digest},{no}\n" for digest in M[1:40])
    found = live_of(tmp_path, f"hash,{name}\n{M[0]},{gone}\n{rest}", "list.csv")
    assert found is None or found == {*M[1:40]}


@pytest.mark.parametrize("name", ["y", "Y"])
def test_a_coordinate_alone_may_be_a_verdict(name: str, tmp_path: Path) -> None:
    rows = [(digest, str(k % 2), str(k)) for k, digest in enumerate(M[:40])]
    text = "".join(f"{digest},{flag}\n" for digest, flag, _ in rows)
    assert live_of(tmp_path, f"hash,{name}\n{text}", "list.csv") is None
    text = "".join(f"{','.join(row)}\n" for row in rows)
    assert live_of(tmp_path, f"hash,{name},x\n{text}", "list.csv") == {*M[:40]}
    text = "".join(f"{digest},{40 + k}\n" for k, digest in enumerate(M[:40]))
    assert live_of(tmp_path, f"hash,{name}\n{text}", "list.csv") == {*M[:40]}


def test_some_dates_without_a_header(tmp_path: Path) -> None:
    found = live_of(tmp_path, f"{M[0]},\n{M[1]},2020-01-01\n{M[2]},\n", "list.csv")
    assert found is None or M[1] not in found
    every = "".join(f"{digest},2020-01-01\n" for digest in M[:3])
    assert live_of(tmp_path, every, "list.csv") == {*M[:3]}


def test_the_name_of_a_file_takes_nothing_back(tmp_path: Path) -> None:
    assert live_of(tmp_path, f"MD5 (d) = {M[0]}\nMD5 (e) = {M[1]}\n", "list.txt") == {*M[:2]}


# -- types in titles, and ends of files --------------------------------------------------------------------


@pytest.mark.parametrize("title", ["# algorithm: dhash", "# dHash list", "dHash list", "# type: sha256"])
def test_a_title_that_names_another_type(title: str, tmp_path: Path) -> None:
    short = "".join(f"{digest[:16]}\n" for digest in M[:40])
    assert live_of(tmp_path, f"{title}\n{short}", "list.txt") is None
    assert live_of(tmp_path, f"# pHash list\n{short}", "list.txt") == {digest[:16] for digest in M[:40]}


@pytest.mark.parametrize("around", [{"header": {"algorithm": "dhash"}}, {"meta": {"hash_type": "dhash"}}])
def test_a_type_in_an_object_beside_digests(around: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps({**around, "hashes": [digest[:16] for digest in M[:40]]}))
    assert load_list(tmp_path / "list.json").report.entries == {"dhash": 40}


def test_a_last_line_without_an_end_that_may_be_cut(tmp_path: Path) -> None:
    numbers = [str(int(digest[:16], 16)) for digest in M[:12]]
    table = "phash_int\n" + "".join(f"{number}\n" for number in numbers[:11])
    mixed = "".join(f"{digest}\n{digest}{digest[:8]}\n" for digest in M[:10])
    pairs = f"hash={M[0]},x=1\n" * 30
    for text, cut in (
        (table, numbers[11][:9]),
        (mixed, M[20]),
        (mixed, M[20][:16]),
        (pairs, f"hash={M[1]},dele"),
        (pairs, f"hash={M[1]},status=with"),
    ):
        rejects: list[Any] = []
        found = list(
            read_list(ListSource(_written(tmp_path, text + cut), max_rejects=1.0), on_reject=rejects.append)
        )
        assert len(rejects) == 1 and "cut off" in rejects[0].reason
        assert [e.hash for e in found] == [e.hash for e in read_list(_written(tmp_path, text))]
    assert len(load_list(_written(tmp_path, mixed + f"{M[20]}{M[20][:8]}"))) == 21


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(text)
    return path
