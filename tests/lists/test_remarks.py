"""What exchanges' records say in fields, reactions and comments without withdrawing them: heard, or remarked on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, ListSource, load_list, read_list
from safehash.lists.formats.jsonl import write_list
from safehash.lists.formats.object_rows import speaks_of_another

#: Enough that most are read many at once, and the odd one is not.
N = 300
#: Of 32 digits each.
M = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}" for k in range(1, N + 1)]
ODD = 270


def threatexchange(record: dict[str, Any], descriptor: dict[str, Any]) -> str:
    def one(k: int) -> dict[str, Any]:
        own = {
            "id": str(k),
            "owner": {"id": "5"},
            "status": "MALICIOUS",
            "added_on": "2024-01-02T03:04:05+0000",
        }
        more = {
            "id": str(k),
            "indicator": M[k],
            "type": "HASH_MD5",
            "last_updated": 1700000000,
            "should_delete": False,
        }
        return {
            **more,
            "descriptors": {"data": [own | (descriptor if k == ODD else {})]},
            **(record if k == ODD else {}),
        }

    return json.dumps({"data": [one(k) for k in range(N)]})


def hma(metadata: object, note: str = "") -> str:
    def one(k: int) -> dict[str, Any]:
        said = metadata if k == ODD else {"x": k}
        return {
            "id": k,
            "bank": "B",
            "disable_until_ts": 1,
            "note": note,
            "signals": {"md5": M[k]},
            "metadata": said,
        }

    return json.dumps([one(k) for k in range(N)])


def ncmec(inside: str = "", between: str = "", above: str = "") -> str:
    def image(k: int) -> str:
        around, within = (between, inside) if k == ODD else ("", "")
        return (
            f'{around}<image><member id="1">x</member><id>{k}</id><timestamp>2024-01-02T03:04:05Z</timestamp>'
            f"<classification>A</classification>{within}<fingerprints><md5>{M[k]}</md5></fingerprints></image>\n"
        )

    images = f'<images count="{N}">{"".join(map(image, range(N)))}</images>'
    return f'<?xml version="1.0"?>{above}<queryResult>{images}</queryResult>'


def own(extra: dict[str, Any], **more: Any) -> str:
    def line(k: int) -> str:
        said = (
            {"extra": extra, **more}
            if k == ODD
            else {"extra": {"filename": f"removed by request {k}.jpg", "n": k}}
        )
        return json.dumps({"algorithm": "md5", "hash": M[k], **said}, separators=(",", ":")) + "\n"

    return '{"safehash":1}\n' + "".join(map(line, range(N)))


def read(tmp_path: Path, name: str, text: str, **told: Any) -> tuple[set[str], tuple[str, ...]]:
    """Return the digests that are live, and the notes."""
    path = tmp_path / name
    path.write_text(text)
    loaded = load_list(ListSource(path, **told))
    live = {entry.hash.hex for entry in loaded.table}  # type: ignore[union-attr]
    return live, loaded.report.notes


REST = {*M} - {M[ODD]}


TITLES = "Complaints upheld|# appeals granted|Upheld objections:|objections were sustained|Counter-notices accepted"


@pytest.mark.parametrize("title", TITLES.split("|"))
def test_titles_of_what_was_objected_to(title: str, tmp_path: Path) -> None:
    for text in (f"{title}\nmd5,label\n{M[0]},a\n", f"md5,label\n{M[0]},a\n{title}\n{M[1]},b\n"):
        with pytest.raises(ListError, match="may speak of the lines below it"):
            read(tmp_path, "list.csv", text)
    with pytest.raises(ListError, match="may speak of what stands beside it"):
        read(tmp_path, "list.json", json.dumps({"title": title, "md5": M[:3]}))


def test_a_title_above_the_header_is_shown(tmp_path: Path) -> None:
    _, notes = read(tmp_path, "list.csv", f"Année 2024\n\nmd5,label\n{M[0]},a\n")
    (note,) = notes
    assert note.startswith(
        "1 lines above the header of list.csv are set aside ('Année 2024'): if they take back the"
    )


@pytest.mark.parametrize(
    "name", ["complaint", "Complaint Status", "objection", "Widerspruch", "counter_notice"]
)
def test_what_somebody_objects_to_is_remarked_on(name: str, tmp_path: Path) -> None:
    rows = "".join(f"{each},{'upheld' if k == ODD else ''}\n" for k, each in enumerate(M))
    live, notes = read(tmp_path, "list.csv", f"md5,{name}\n{rows}")
    assert live == {*M}
    assert any(f"column '{name}' is kept as it came: none of its cells ('upheld')" in note for note in notes)


PLACES = {"folder": "neg", "source_folder": "Negatives", "dir": "fps/", "split": "clean", "set": "false_positives",
          "Ordner": "gelöscht", "file.folder": "benign", "bucket": "cleared", "group": "not a match"}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_where_a_picture_is_sorted_in_may_judge_it(name: str, tmp_path: Path) -> None:
    rows = "".join(f"{each},{PLACES[name] if k == ODD else f'part {k}'}\n" for k, each in enumerate(M))
    assert read(tmp_path, "1.csv", f"md5,{name}\n{rows}")[0] == REST
    rows = "".join(f"{each},{PLACES[name] if k == 3 else 'train'}\n" for k, each in enumerate(M[:5]))
    assert read(tmp_path, "2.csv", f"md5,{name}\n{rows}", max_rejects=0.3)[0] == {*M[:5]} - {M[3]}
    records = [{"md5": each, name: PLACES[name] if k == ODD else "val"} for k, each in enumerate(M)]
    assert read(tmp_path, "3.json", json.dumps(records))[0] == REST


def test_what_a_picture_shows_is_no_place(tmp_path: Path) -> None:
    rows = "".join(f"{each},{'neg' if k == ODD else f'part {k}'},clean\n" for k, each in enumerate(M))
    assert read(tmp_path, "list.csv", f"md5,caption,note\n{rows}")[0] == {*M}


def test_a_table_beside_the_digests_is_looked_at_to_its_end(tmp_path: Path) -> None:
    """A hundred thousand of its rows were, and each cell by itself."""
    path = tmp_path / "list.db"
    for said in ("deleted", "fine"):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE hashes (id INTEGER PRIMARY KEY, md5 TEXT)")
            database.executemany("INSERT INTO hashes VALUES (?, ?)", enumerate(M))
            database.execute("CREATE TABLE marks (hash_id INTEGER, mark TEXT)")
            rows = ((k % N, said if k == 100_500 else "fine") for k in range(101_000))
            database.executemany("INSERT INTO marks VALUES (?, ?)", rows)
            database.commit()
        if said == "fine":
            assert len(load_list(path)) == N
        else:
            with pytest.raises(ListError, match="table 'marks' says mark 'deleted' of records"):
                load_list(path)


def test_when_something_was_made_names_no_record() -> None:
    assert speaks_of_another({"created_on": "2024-05-06", "status": "withdrawn"}) is None
    assert speaks_of_another({"on": "7", "status": "withdrawn"}) == "status 'withdrawn'"
    assert speaks_of_another({"record_id": "7", "status": "withdrawn"}) == "status 'withdrawn'"


@pytest.mark.parametrize("reaction", ["NOT_HELPFUL", "OUTDATED", "SAW_THIS_TOO"])
def test_reactions_that_doubt_a_record(reaction: str, tmp_path: Path) -> None:
    said = threatexchange({}, {"reactions": [{"key": reaction, "value": "7,8"}]})
    live, notes = read(tmp_path, "list.json", said)
    assert live == {*M}
    assert any(f"'reactions' holds '{reaction}': what nobody" in note for note in notes) == (
        reaction != "SAW_THIS_TOO"
    )


@pytest.mark.parametrize("sure", [0, "0", 0.0, -1, "none", "0 %"])
def test_what_nobody_is_sure_of_in_an_exchanges_records(sure: object, tmp_path: Path) -> None:
    said = {"confidence": sure}
    lists = {
        "1.json": threatexchange(said, {}), "2.json": threatexchange({}, said), "3.json": hma(said),
        "4.json": hma({"by": [{"a": said}]}), "5.xml": ncmec(f"<confidence>{sure}</confidence>"), "6.jsonl": own(said),
        "7.json": json.dumps([{"md5": each, "x": said if each == M[ODD] else {}} for each in M]),
    }  # fmt: skip
    for name, text in lists.items():
        live, notes = read(tmp_path, name, text)
        assert live == {*M}, name
        assert any("column 'confidence' holds" in note for note in notes), name
    assert not any("confidence" in note for note in read(tmp_path, "8.json", hma({"confidence": 70}))[1])


@pytest.mark.parametrize(
    "said",
    [
        {"threat": "none"},
        {"classification": "None"},
        {"threat": {"level": "none"}},
        {"change": {"type": "delete"}},
    ],
)
def test_answers_inside_an_exchanges_records(said: dict[str, Any], tmp_path: Path) -> None:
    lists = {
        "1.json": threatexchange(said, {}), "2.json": threatexchange({}, {"details": said}), "3.json": hma(said),
        "4.json": json.dumps([{"md5": each, "details": [said] if each == M[ODD] else []} for each in M]),
    }  # fmt: skip
    for name, text in lists.items():
        assert read(tmp_path, name, text)[0] == REST, name


#: Unknown fields of our own records that say against them what no reader of a list leaves in them, and others.
AGAINST: list[dict[str, Any]] = [
    {"deleted": True}, {"is_deleted": "yes"}, {"status": "withdrawn"}, {"note": "removed on request"},
    {"a": "false positive"}, {"verdict": "benign"}, {"a": [{"b": {"revoked": 1}}]}, {"enabled": False},
    {"safehash:also": {"status": ["withdrawn"]}}, {"note": "status: deleted"}, {"malicious": False},
]  # fmt: skip
FOR: list[dict[str, Any]] = [
    {"deleted": False}, {"title": "Void"}, {"status": "ok"}, {"note": "a removed scene"}, {"enabled": True},
    {"caseNumbers": {"a": "Withdrawn"}}, {"united": [{"category": "seed"}]}, {"filename": "false positive.jpg"},
]  # fmt: skip


@pytest.mark.parametrize("extra", AGAINST)
def test_unknown_fields_of_our_own_records_that_speak_against_them(
    extra: dict[str, Any], tmp_path: Path
) -> None:
    assert read(tmp_path, "list.jsonl", own(extra))[0] == REST
    assert read(tmp_path, "list.jsonl", own(extra), ignore=["extra"])[0] == {*M}
    live, _ = read(tmp_path, "list.jsonl", own(extra, deleted=True), max_rejects=0.0)
    assert live == REST
    (odd,) = [e for e in read_list(ListSource(tmp_path / "list.jsonl", max_rejects=0.0)) if e.deleted]
    assert odd.extra == extra


@pytest.mark.parametrize("extra", FOR)
def test_unknown_fields_of_our_own_records_that_say_nothing(extra: dict[str, Any], tmp_path: Path) -> None:
    assert read(tmp_path, "list.jsonl", own(extra), max_rejects=0.0)[0] == {*M}
    written = {entry.hash: entry for entry in read_list(tmp_path / "list.jsonl")}
    write_list(tmp_path / "again.jsonl", written.values())
    assert {entry.hash: entry for entry in read_list(tmp_path / "again.jsonl")} == written


@pytest.mark.parametrize(
    "comment",
    ["removed", "deleted:", " false positives ", "status: withdrawn", "a\nremoved on request\n", "~~x~~"],
)
def test_comments_that_take_back(comment: str, tmp_path: Path) -> None:
    for where in ("inside", "between"):
        text = ncmec(**{where: f"<!--{comment}-->"})
        with pytest.raises(ListError, match=r"the comment .* may take back"):
            read(tmp_path, "list.xml", text)
        assert read(tmp_path, "list.xml", text, ignore=["#"])[0] == {*M}


def test_other_comments_are_remarked_on(tmp_path: Path) -> None:
    for where in ("inside", "between"):
        live, notes = read(tmp_path, "list.xml", ncmec(**{where: "<!-- à revoir --><!-- x -->"}))
        assert live == {*M}
        assert [note for note in notes if "'à revoir' is no record" in note] == [*notes]
    assert read(tmp_path, "list.xml", ncmec(above="<!-- made by x -->", between="<!-- -->")) == ({*M}, ())
