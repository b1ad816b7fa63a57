"""Answers that say nothing sure (none, 0, -1, ditto), and what stands around or beside digests and speaks of them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from test_siblings import check, digest, live_of, written

from safehash import Hash, ListError, ListSource, load_list, read_list
from safehash.lists.formats import bulk
from safehash.lists.formats import text as text_lists
from safehash.lists.formats.inside import json_may_speak, speaks_inside
from safehash.lists.formats.judging import judge
from safehash.lists.formats.vocabulary import DITTO

NOW = "2026-01-01T00:00:00Z"


def noted(path: Path, words: str) -> None:
    """Hold that a note says so, of a list that is read row by row, too."""
    for few in (8, 1 << 30):
        with mock.patch.object(bulk, "_FEW", few):
            notes = load_list(ListSource(path, max_rejects=1)).report.notes
        assert any(words in note for note in notes), notes


# -- none, 0, -1 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["verdict", "opinion", "violation", "is_csam", "review_verdict", "truth"])
@pytest.mark.parametrize("none", ["none", "None", "NONE"])
def test_none_is_an_answer_where_an_opinion_is_asked_for(name: str, none: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash,{name}\nPl0,positive\nPl1,positive\nPg0,{none}\n"))
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps([{"hash": "Pl0"}, {"hash": "Pg0", name: none}])))


@pytest.mark.parametrize("name", ["classification", "threat_level", "decision", "category"])
def test_none_among_opinions_of_a_column_of_many_meanings(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash,{name}\nPl0,malicious\nPl1,false positive\nPg0,none\n"))
    written(path, f"hash,{name}\nPl0,high\nPl1,low\nPl2,none\n")
    noted(path, f"column '{name}' is kept as it came: none of its cells ('high', 'low', 'none')")


@pytest.mark.parametrize("name", ["deleted", "deleted_at", "deleted_by", "status", "revoked", "expires"])
def test_none_is_no_deletion(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, f"hash,{name}\nPl0,None\nPl1,none\nPl2,\n")
    assert live_of(path) == listed


NO_OF = "gt|target|y|csam|is_csam|csem|sh|flagged|suicide|self_injury|illegal|relevant|y_true|label|labels"


@pytest.mark.parametrize("name", NO_OF.split("|"))
@pytest.mark.parametrize("no", ["0", "no", "false", "nein", "0.0"])
def test_no_beside_blanks_in_a_column_that_asks_for_it(name: str, no: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash,{name}\nPl0,\nPl1,\nPg0,{no}\n"))
    if no in ("0", "false"):
        path = tmp_path / "list.json"
        check(path, *written(path, json.dumps([{"hash": "Pl0"}, {"hash": "Pg0", name: json.loads(no)}])))


def test_y_beside_x_is_a_coordinate(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, "hash,x,y\nPl0,0,0\nPl1,10,0\nPl2,,\n")
    assert live_of(path) == listed


@pytest.mark.parametrize("no", ["0", "no", "false"])
def test_no_in_a_column_that_nobody_knows_is_remarked_on(no: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, "hash,xyzzy\n" + "".join(f"Pl{k},{no if k > 11 else ''}\n" for k in range(20)))
    assert live_of(path) == listed
    noted(path, f"column 'xyzzy' holds '{no}', and nothing that says yes")


@pytest.mark.parametrize(("name", "nobody"), [("confidence", "0"), ("score", "-1"), ("x_opencti_score", "0.0"),
                                              ("trust", "none"), ("votes", "-3")])  # fmt: skip
def test_what_nobody_is_sure_of_is_remarked_on(name: str, nobody: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = "".join(f"Pl{k},{nobody if k == 15 else 40 + k}\n" for k in range(20))
    _, listed = written(path, f"hash,{name}\n{rows}")
    assert live_of(path) == listed
    noted(path, f"column '{name}' holds '{nobody}': what nobody is sure of")


@pytest.mark.parametrize("name", ["width", "nsfw_score", "count"])
def test_nothing_of_other_things_is_not(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    written(path, f"md5,{name}\nMl0,0\nMl1,-1\nMl2,40\n")
    assert not load_list(path).report.notes


# -- times -------------------------------------------------------------------------------------------------

LASTING = {"86400": False, "-1": False, "30d": False, "7 days": False, "unlimited": False, "": False, "0": None,
           "0.0": None, "-2": None, "expired": True, "1500000000": True, "4000000000": False, "x": None}  # fmt: skip


@pytest.mark.parametrize("value", LASTING)
def test_for_how_long(value: str) -> None:
    found = judge("lasts", value, NOW)
    assert (None if found is None else found.deleted) is LASTING[value]


@pytest.mark.parametrize(
    "name", ["ttl", "ttl_seconds", "time_to_live", "lifetime", "expires_in", "valid_for", "max_age"]
)
def test_a_record_that_lasts(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, f"hash,{name}\nPl0,86400\nPl1,\nPl2,3600\nPg0,0\nPg1,expired\n")
    assert live_of(path) == listed


def test_a_record_that_begins(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, "hash,valid_from\nPl0,2020-01-01\nPl1,\nPg0,2999-01-01\nPg1,perhaps\n")
    assert live_of(path) == listed


@pytest.mark.parametrize("name", ["valid_until", "until", "best_before", "use_by"])
def test_a_record_that_ends(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, f"hash,{name}\nPl0,2999-01-01\nPl1,\nPg0,2020-01-01\nPg1,perhaps\n")
    assert live_of(path) == listed


@pytest.mark.parametrize("name", ["Erstellt am", "date seized", "gesehen", "timestamp", "gemeldet"])
def test_a_date_in_every_row_is_kept_and_remarked_on(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, f"hash,{name}\n" + "".join(f"Pl{k},2024-05-0{k % 9 + 1}\n" for k in range(20)))
    assert live_of(path) == listed
    noted(path, f"column '{name}' holds a date in every row")
    check(path, *written(path, f"hash,{name}\nPl0,\nPl1,\nPg0,2024-05-06\n"))


# -- cells that hang on others -----------------------------------------------------------------------------


@pytest.mark.parametrize("ditto", sorted(DITTO))
@pytest.mark.parametrize("name", ["deleted", "status", "xyzzy"])
def test_the_same_as_above(ditto: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    cell = '"' + ditto.replace('"', '""') + '"'
    for yes, no in (("yes", "no"), ("deleted", "active")):
        text = f"hash,{name}\nPl0,{no}\nPg0,{yes}\nPg1,{cell}\nPg2,{cell}\nPl1,{no}\n"
        check(path, *written(path, text))


@pytest.mark.parametrize(("gone", "stands"), [("withdrawn", "active"), ("yes", "no"), ("1", "0")])
def test_cells_that_may_have_been_merged(gone: str, stands: str, tmp_path: Path) -> None:
    """A spreadsheet writes merged cells as one and blank ones below it; what is blank stands, and that is said."""
    path = tmp_path / "list.csv"
    name = "deleted" if gone != "withdrawn" else "status"
    rows = [f"Pl{k},{stands if k % 3 == 0 else ''}" for k in range(12)]
    for at in (0, 6, 12):
        text = "\n".join([f"hash,{name}", *rows[:at], f"Pg0,{gone}", "Pl20,", *rows[at:], ""])
        _, listed = written(path, text)
        assert live_of(path) == listed
        noted(path, f"column '{name}' is blank below '{gone}' (list.csv, line {at + 2})")


def test_a_merged_cell_that_ends_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows is read with the next rows."""
    monkeypatch.setattr(text_lists, "_ROWS", 16)
    path = tmp_path / "list.csv"
    for at in range(13, 18):
        rows = [f"Pl{k},active" for k in range(at)]
        _, listed = written(
            path, "\n".join(["hash,status", *rows, "Pg0,withdrawn", *(f"Pl2{k}," for k in range(9)), ""])
        )
        assert live_of(path) == listed
        noted(path, f"column 'status' is blank below 'withdrawn' (list.csv, line {at + 2})")


def test_a_mark_here_and_there_is_no_merged_cell(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, "md5,deleted\nMl0,\nMg0,deleted\nMl1,\nMl2,\n")
    assert live_of(path) == listed
    assert not load_list(path).report.notes


@pytest.mark.parametrize("value", [["D"], ["x"], [True], ["FP"], ["A", "D"], ["deleted"]])
@pytest.mark.parametrize("name", ["flags", "state", "marks"])
def test_a_list_of_one_is_what_is_in_it(value: list[object], name: str, tmp_path: Path) -> None:
    if name == "marks" and len(value) > 1:
        return  # of a name that nobody knows a list may be of anything
    path = tmp_path / "list.json"
    check(
        path,
        *written(
            path, json.dumps([{"hash": "Pl0", name: []}, {"hash": "Pl1"}, {"hash": "Pg0", name: value}])
        ),
    )


def test_lists_of_other_things_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    records = [
        {"hash": f"Pl{k}", "embedding": [0, 1, 1], "flags": ["graphic", "blood"][:k], "x": [k]}
        for k in range(3)
    ]
    _, listed = written(path, json.dumps(records))
    assert live_of(path) == listed


WITH_ANOTHER = "see|use|new|corrected|moved|Ersatz|remplacé par|current_hash|→"


@pytest.mark.parametrize("name", WITH_ANOTHER.split("|"))
def test_a_column_with_another_digest_is_never_silent(name: str, tmp_path: Path) -> None:
    for n in (3, 20):
        path = tmp_path / "list.csv"
        rows = "".join(f"Pl{k},{'a note' if k % 2 else ''}\n" for k in range(1, n))
        written(path, f"hash,{name}\nPg0,Pl0\n{rows}")
        report = load_list(ListSource(path, max_rejects=1)).report
        assert report.n_rejects or any(repr(name) in note and "digests" in note for note in report.notes)


CELLS = (
    "note:see Mg9|note:moved to: Mg9|note:until 2020-01-01|note:bis 01.01.2020|path:negatives/a.jpg"
    "|path:./false_positive/a.jpg|path:C:\\x\\benign\\a.jpg|file:/srv/not_self_harm/a.jpg|label:active=0"
    "|label:overturned|label:normal|label:~~cut~~|note:<del>cut</del>|match:0%"
    "|label:do not use|label:enabled: no|tags:-1"
)


@pytest.mark.parametrize("row", CELLS.split("|"))
def test_a_cell_in_a_column_of_another_name(row: str, tmp_path: Path) -> None:
    name, _, cell = row.partition(":")
    path = tmp_path / "list.csv"
    check(
        path, *written(path, f"md5,{name}\n" + "".join(f"Ml{k},a{k}\n" for k in range(12)) + f"Mg0,{cell}\n")
    )
    if name in ("path", "file"):
        path = tmp_path / "list.txt"
        check(path, *written(path, f"Ml0  a/b.jpg\nMl1  {cell[:1]}/c.jpg\nMg0  {cell}\n"))


@pytest.mark.parametrize(
    "cell", ["see the forum", "use of blood", "seen until dawn", "a/negative.jpg", "removed/a.jpg"]
)
def test_cells_that_look_like_those(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, f"md5,note\nMl0,{cell}\nMl1,x\n")
    assert live_of(path) == listed


@pytest.mark.parametrize("word", ["overturned", "recalled", "unlisted", "duplicate", "skip", "FP!", "benign"])
def test_a_word_in_a_cell_without_a_name(word: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for n in (3, 20):
        check(path, *written(path, "".join(f"Ml{k},a{k}\n" for k in range(n)) + f"Mg0,{word}\n"))


# -- around records ----------------------------------------------------------------------------------------

TITLES = ("description", "title", "name", "comment")


@pytest.mark.parametrize("key", TITLES)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    ("text", "kind"),
    [("dHash list", "H"), ("SHA-256 of images", "P"), ("MD5 of the URLs", "M"), ("Removed hashes", "P"),
     ("These were withdrawn", "M")],
)  # fmt: skip
def test_a_text_around_the_records_of_json(
    key: str, nested: bool, is_last: bool, text: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.json"
    said = {"meta": {key: text}} if nested else {key: text}
    for records in ([f"{kind}g0", f"{kind}g1"], [{"hash": f"{kind}g0"}, {"hash": f"{kind}g1"}]):
        page = {"items": records, **said} if is_last else {**said, "items": records}
        gone, listed = written(path, json.dumps(page))
        if live_of(path):  # a text that is a type, and nothing else, is understood
            assert {*load_list(path).report.entries} == {"sha256"} and "SHA-256" in text
        else:
            check(path, gone, listed)


def test_texts_around_records_that_say_nothing_of_them(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    for text in (
        "PDQ list 2024, deduplicated",
        "https://example.org/removed",
        "MD5 and PDQ hashes of images",
        "",
    ):
        _, listed = written(path, json.dumps({"description": text, "hashes": ["Pl0", "Pl1"], "name": "x"}))
        assert live_of(path) == listed
    written(path, json.dumps({"description": "Removed hashes", "hashes": ["Pl0", "Pl1"]}))
    with pytest.raises(
        ListError, match=r"'description'.*may speak of what stands beside it.*ignore=\['description'\]"
    ):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["description"]))) == 2


def test_the_name_of_a_page_of_json_names_another_type(tmp_path: Path) -> None:
    path = tmp_path / "dhash.json"
    written(path, json.dumps({"hashes": ["Hg0", "Hg1"]}))
    with pytest.raises(ListError, match="another type"):
        load_list(path)


BESIDE: tuple[Any, ...] = (
    {"hashes": [{"id": 1, "hash": "Pl0"}, {"id": 2, "hash": "Pg0"}], "votes": [{"hash_id": 2, "vote": "disagree"}]},
    {"hashes": [{"id": 1, "hash": "Pl0"}, {"id": 2, "hash": "Pg0"}], "votes": [{"hash_id": 2, "vote": -1}]},
    {"data": [{"id": "1", "hash": "Pl0"}, {"id": "2", "hash": "Pg0"}],
     "included": [{"type": "review", "id": "9", "attributes": {"verdict": "false_positive"}}]},
    [{"delete": {"_id": "2"}}, {"pdq": "Pg0"}, {"index": {"_id": "1"}}, {"pdq": "Pl0"}],
    [{"pdq": "Pl0", "id": 1}, {"pdq": "Pg0", "id": 2}, {"target_id": 2, "verdict": "benign"}],
    {"enabled": False, "hashes": ["Pg0", "Pg1"]}, {"published": False, "hashes": ["Pg0", "Pg1"]},
    [{"pdq": "Pl0", "content": {"disable_until_ts": 1}}, {"pdq": "Pg0", "content": {"disable_until_ts": 0}}],
)  # fmt: skip


@pytest.mark.parametrize("page", BESIDE, ids=lambda page: json.dumps(page)[:60])
def test_what_is_said_of_another_record(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps(page)))
    assert not live_of(path) or "disable" in str(page)


def test_deletes_beside_records_are_read_however_many_there_are(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    _, listed = written(path, json.dumps({"added": ["Pl0", "Pl1"], "removed": []}))
    assert live_of(path) == listed
    _, listed = written(path, json.dumps({"added": ["Pl0", "Pl1"], "removed": ["Pg0"]}))
    assert live_of(path) == listed


SIDE_TABLES = (
    "reviews(hash_id, verdict):2,false_positive|votes(hash_id, vote):2,-1|tags(hash_id, tag):2,false_positive"
    "|log(hash_id, action):2,delete"
)


@pytest.mark.parametrize("row", SIDE_TABLES.split("|"))
def test_a_table_beside_the_digests_of_a_database(row: str, tmp_path: Path) -> None:
    path = tmp_path / "list.db"
    table, _, cells = row.partition(":")
    name = table.partition("(")[0]
    for values, is_taken in ((cells.split(","), False), (["2", "positive"], True)):
        path.unlink(missing_ok=True)
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE hashes(id INTEGER, md5 TEXT)")
        database.executemany(
            "INSERT INTO hashes VALUES (?, ?)", [(k, digest("M", "l", str(k))) for k in range(3)]
        )
        database.execute("CREATE TABLE users(id INTEGER, name TEXT, deleted INTEGER)")
        database.execute("INSERT INTO users VALUES (1, 'x', 1)")
        database.execute(f"CREATE TABLE {table}")
        database.execute(f"INSERT INTO {name} VALUES (?, ?)", values)
        database.commit()
        database.close()
        if not is_taken:
            with pytest.raises(ListError, match=rf"table '{name}' says .*ignore=\['{name}'\]"):
                load_list(path)
        assert len(load_list(ListSource(path, ignore=[] if is_taken else [name]))) == 3


def test_the_views_of_a_database_are_remarked_on(tmp_path: Path) -> None:
    path = tmp_path / "list.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE hashes(md5 TEXT, z INTEGER)")
    database.execute("INSERT INTO hashes VALUES (?, 1)", [digest("M", "l", "0")])
    database.execute("CREATE VIEW live AS SELECT md5 FROM hashes WHERE z = 0")
    database.commit()
    database.close()
    assert any("views of this database ('live') are not run" in note for note in load_list(path).report.notes)


SHA1, MD5 = ([of(b"x" * k).hexdigest() for k in range(3)] for of in (hashlib.sha1, hashlib.md5))
NSRL = """
CREATE TABLE FILE(sha1 TEXT, md5 TEXT, file_name TEXT, file_size INTEGER, package_id INTEGER);
CREATE TABLE PKG(package_id INTEGER, name TEXT, version TEXT, operating_system_id INTEGER, language TEXT);
CREATE TABLE MFG(manufacturer_id INTEGER, name TEXT);
CREATE TABLE OS(operating_system_id INTEGER, name TEXT, version TEXT, manufacturer_id INTEGER);
CREATE TABLE VERSION(version TEXT, build_set TEXT, build_date TEXT, release_date TEXT, description TEXT);
INSERT INTO PKG VALUES (1, 'x', '2', 3, 'English');
INSERT INTO MFG VALUES (4, 'x');
INSERT INTO OS VALUES (3, 'x', '5', 4);
INSERT INTO VERSION VALUES ('RDS 2026.03.1', 'x', '2026-03-01', '2026-03-04', 'RDS modern');
"""


@pytest.mark.parametrize("has_metadata", [False, True])
def test_known_software_is_no_list_of_harm(has_metadata: bool, tmp_path: Path) -> None:
    """NIST's files are known, whatever they hold: an allow-list. In whole sets their digests stand in a table more."""
    path = tmp_path / "RDS_2026.03.1_modern.db"
    database = sqlite3.connect(path)
    database.executescript(NSRL)
    database.execute("INSERT INTO FILE VALUES (?, ?, 'a.jpg', 7, 1)", (SHA1[0], MD5[0]))
    if has_metadata:
        database.execute("CREATE TABLE METADATA(sha1 TEXT, md5 TEXT, bytes INTEGER)")
        database.executemany("INSERT INTO METADATA VALUES (?, ?, 9)", zip(SHA1[1:], MD5[1:], strict=True))
    database.commit()
    database.close()
    reader = read_list(path)
    found = [(entry.category, entry.hash.hex) for entry in reader if isinstance(entry.hash, Hash)]
    known = (*SHA1[1:], *MD5[1:]) if has_metadata else (SHA1[0], MD5[0])
    assert sorted(found) == sorted(("negative", each) for each in known)
    assert any("NSRL reference data set" in note for note in reader.report.notes)


def test_known_software_as_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "NSRLFile.txt"
    path.write_text(
        '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"\n'
        f'"{SHA1[0].upper()}","{MD5[0].upper()}","344428FA","a.jpg",7,8,"9",""\n'
    )
    with pytest.raises(ListError, match="columns are those of NSRL's RDS"):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["ProductCode"])).table) == 3  # CRC32, too


# -- MISP --------------------------------------------------------------------------------------------------


def attribute(digest: str, **more: Any) -> dict[str, Any]:
    return {"id": digest[-1], "type": "md5", "category": "Payload delivery", "to_ids": True, "value": digest,
            "deleted": False, "timestamp": "1700000000", "uuid": f"5e-{digest[-1]}", **more}  # fmt: skip


def event(*attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Event": {"id": "1", "info": "a list", "date": "2024-05-06", "published": True, "Orgc": {"name": "x"},
                      "Attribute": list(attributes), **more}}  # fmt: skip


@pytest.mark.parametrize(
    "around", [lambda page: page, lambda page: {"response": [page]}, lambda page: [page]]
)
def test_an_event_of_misp(around: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    seen = [{"id": "1", "type": "0", "source": "x"}]
    objects = [{"name": "file", "deleted": False, "Attribute": [attribute("Ml2")]}]
    page = event(attribute("Ml0"), attribute("Ml1", Sighting=seen), Object=objects, Tag=[{"name": "tlp:red"}])
    _, listed = written(path, json.dumps(around(page)))
    assert live_of(path) == listed and len(listed) == 3


AGAINST: tuple[dict[str, Any], ...] = (
    {"Sighting": [{"id": "1", "type": "1"}]}, {"Sighting": [{"id": "1", "type": 2}]}, {"to_ids": False},
    {"deleted": True}, {"deleted": "1"}, {"Tag": [{"name": 'false-positive:risk="high"'}]},
    {"warnings": [{"match": "x", "warninglist_name": "List of common hashes"}]}, {"decay_score": [{"decayed": True}]},
    {"sightings": {"false-positive": 1}},
)  # fmt: skip


@pytest.mark.parametrize("said", AGAINST, ids=str)
def test_what_misp_says_of_an_attribute(said: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    attributes = [attribute("Ml0"), attribute("Ml1"), attribute("Mg2", **said)]
    for page in (
        event(*attributes),
        event(attributes[0], Object=[{"name": "file", "Attribute": attributes[1:]}]),
    ):
        _, listed = written(path, json.dumps(page))
        assert live_of(path) == listed
    inside = {name: value for name, value in said.items() if isinstance(value, (list, dict))}
    if inside:
        assert speaks_inside(inside) and json_may_speak([json.dumps(inside).encode()])


@pytest.mark.parametrize("said", [{"deleted": True}, {"Tag": [{"name": "false-positive"}]}, {"published": False},
                                  {"info": "Retracted hashes"}])  # fmt: skip
def test_what_misp_says_of_an_event(said: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    written(path, json.dumps(event(attribute("Mg0"), attribute("Mg1"), **said)))
    assert not live_of(path)


# -- titles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title", ["Zurück an Absender", "# Zurück an Absender", "წაშლილია", "# წაშლილია", "Batch 2"]
)
def test_a_title_in_words_that_nobody_knows_is_remarked_on(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for text in (f"Ml0\nMl1\n{title}\nMl2\nMl3\n", f"md5,label\nMl0,a\nMl1,b\n{title},\nMl2,c\nMl3,d\n"):
        _, listed = written(path, text)
        assert live_of(path) == listed
        noted(path, "is no record: if it is a title that takes back the lines below it")
    written(path, f"Ml0\nMl1\nMl2\n{title}\n")
    assert not any("title" in note for note in load_list(ListSource(path, max_rejects=1)).report.notes)


def test_a_title_on_a_page_below_others_is_remarked_on(tmp_path: Path) -> None:
    """What ends the page before, and takes back nothing, is another line."""
    path = tmp_path / "list"
    path.mkdir()
    written(path / "1.csv", "Ml0\nMl1\nMl2\nin all: three\n")
    written(path / "2.csv", "Ml3\nMl4\nZurück an Absender\nMl5\nMl6\n")
    noted(path, "2.csv, line 3: 'Zurück an Absender' is no record")


def test_a_title_in_a_row_of_blank_cells(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    written(path, "hash,label,x\nPl0,a,1\nPl1,b c,1\n,,Removed\nPg0,d,1\nPg1,e,1\n")
    assert live_of(path) is None


@pytest.mark.parametrize(
    "title",
    ["# Disputed", "# Not ours", "# label 0", "# Negative set", "# Sorry, these are wrong", "# Legacy"],
)
def test_more_titles(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    written(path, f"{title}\nMl0\nMl1\n")
    assert live_of(path) is None


@pytest.mark.parametrize(
    "title",
    ["# changes: added 3, removed 2", "# 3 new, 2 deleted", "# deleted entries are marked with deleted=1"],
)
def test_titles_that_count_what_was_changed(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    _, listed = written(path, f"{title}\nMl0\nMl1\n")
    assert live_of(path) == listed


def test_an_index_without_a_name_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for first in (0, 1):
        _, listed = written(path, ",md5,label\n" + "".join(f"{k + first},Ml{k},a\n" for k in range(2)))
        assert live_of(path) == listed
    check(path, *written(path, ",md5,label\n0,Mg0,a\n1,Ml0,a\n0,Mg1,a\n"))


@pytest.mark.parametrize("said", [{"matching_enabled_ratio": 0.0}, {"bank": {"name": "B", "matching_enabled_ratio": 0}},
                                  {"bank": "ALLOWLIST BENIGN"}, {"verdict": "none"},
                                  {"verdict": "None"}])  # fmt: skip
def test_a_bank_that_is_switched_off(said: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    records = [{"id": k, "bank": "B", "disable_until_ts": 1, "signals": {"pdq": f"Pl{k}"}} for k in range(3)]
    records.append({"id": 9, "bank": "B", "disable_until_ts": 1, "signals": {"pdq": "Pg0"}, **said})
    _, listed = written(path, json.dumps(records))
    assert live_of(path) == listed
    assert digest("P", "g", "0") not in listed
