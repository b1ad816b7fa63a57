"""Siblings of lists that were read wrongly once: what they take back, or name otherwise, is never matched against."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safehash import Hash, ListError, ListSource, Matcher, load_list, read_list
from safehash.cli import main


def balanced(k: int, n_bits: int = 256) -> str:
    bits = [1] * (n_bits // 2) + [0] * (n_bits // 2)
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):0{n_bits // 4}x}"


def digest(kind: str, mark: str, number: str) -> str:
    k = int(number) + (1000 if mark == "g" else 2000)
    if kind == "M":
        return hashlib.md5(f"{mark}{number}".encode()).hexdigest()
    return balanced(k) if kind == "P" else f"a{balanced(k, 64)[1:]}"


#: In what stands below: PDQ (P), MD5 (M) and short (H) digests, that are gone, or of another type (g), and listed (l).
TOKEN = re.compile(r"(?<![A-Za-z0-9])([PMH])([gl])(\d+)(?![A-Za-z0-9])")


def written(path: Path, text: str, pack: Callable[[str], bytes] | None = None) -> tuple[set[str], set[str]]:
    """Write a list with digests in place of tokens; return those that are gone, and those that are listed."""
    found: dict[str, set[str]] = {"g": set(), "l": set()}
    for kind, mark, number in TOKEN.findall(text):
        found[mark].add(digest(kind, mark, number))
    whole = TOKEN.sub(lambda match: digest(*match.groups()), text)
    path.write_bytes(pack(whole) if pack is not None else whole.encode())
    return found["g"], found["l"]


def live_of(path: Path, **options: Any) -> set[str] | None:
    """Return what is matched against; None where the list is refused, however many of its records are rejects."""
    try:
        loaded = load_list(ListSource(path, max_rejects=1, **options))
    except ListError:
        with pytest.raises(ListError):
            list(read_list(ListSource(path, max_rejects=1, **options)))
        with pytest.raises(ListError):
            Matcher.from_files(path)
        return None
    read = [
        entry.hash.hex
        for entry in loaded.table
        if isinstance(entry.hash, Hash) and entry.category == "positive"
    ]
    return {*read}


def check(path: Path, gone: set[str], listed: set[str]) -> None:
    """Hold that nothing is matched that is gone, and that nothing listed is lost without a reject or a refusal."""
    live = live_of(path)
    if live is None:
        return
    assert not live & gone
    report = load_list(ListSource(path, max_rejects=1)).report
    assert listed <= live or report.n_rejects


# -- columns -----------------------------------------------------------------------------------------------

NAMES = (
    "csam_deleted_flag|t.deleted|public.hashes.deleted|deleted (0/1)|[deleted]|deleted*|bDeleted|del_yn|x-deleted"
    "|DELETED_IND_CD|deleted (UTC)|dlt|rmvd|zap|isWithdrawnByReporter|loesch_kz|LÖKZ|gelöscht?|Supprimé ?|¿Eliminado?"
    "|verwijderd?|ungültig|annulé|zurückgenommen|désactivée|dado_de_baja|obsolète|Widerruf|ｄｅｌｅｔｅｄ|del\u200beted"
    "|false positive?|is_fp|fehltreffer|falscher alarm|ok|cleared|not_csam|verified_safe|h.status"
)


@pytest.mark.parametrize("name", NAMES.split("|"))
@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("ja", "nein"), ("2024-05-06", "")])
def test_a_column_of_another_name(name: str, yes: str, no: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash,{name}\nPg0,{yes}\nPl0,{no}\nPl1,{no}\n"))


STANDS = "on_list|is_listed|present|current|still_valid|usable|visible|published|blocked|enforce|in_force|vigente|match"


@pytest.mark.parametrize("name", STANDS.split("|"))
def test_a_no_where_others_have_nothing_or_a_yes(name: str, tmp_path: Path) -> None:
    for others in ("", "yes"):
        path = tmp_path / "list.csv"
        rows = "".join(f"Pl{k},{others}\n" for k in range(400))
        check(path, *written(path, f"hash,{name}\n{rows}Pg0,no\n"))
    path = tmp_path / "list.json"
    check(
        path,
        *written(path, json.dumps([{"hash": "Pl0"}, {"hash": "Pg0", "x": {name: False}}, {"hash": "Pl1"}])),
    )


@pytest.mark.parametrize("others", ["0.93", "A3", "in Berlin", "1"])
def test_what_stands_beside_such_names_is_kept(others: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, f"hash,match\nPl0,{others}\nPl1,{others}\n")
    assert live_of(path) == listed


CELLS = [
    ("Status", "Gelöscht", "Aktiv"), ("Zustand", "gesperrt", "aktiv"), ("estado", "baja", "alta"),
    ("estado", "anulada", "vigente"), ("état", "retiré", "en vigueur"), ("status", "nicht aktiv", "aktiv"),
    ("status", "D", "A"), ("status", "0", "1"), ("status", "REMOVED_BY_REVIEW", "ACTIVE"),
    ("status", "rejected", "new"),
    ("status", "deleted!", "active"), ("status", "with\u00addrawn", "active"),
    ("status", "ｗｉｔｈｄｒａｗｎ", "active"),
    ("Bewertung", "Fehlalarm", "Treffer"), ("verdict", "no violation found", "violation"), ("op", "d", "c"),
    ("reviewer_decision", "reject", "accept"), ("moderation", "approved as safe", "violates"), ("s", "D", "A"),
    ("Vorgang", "Storno", "Neu"), ("azione", "rimozione", "aggiunta"), ("acción", "eliminar", "añadir"),
    ("valid_until", "2020-01-01", "2099-01-01"), ("gültig bis", "01.01.2020", "01.01.2099"),
    ("deleted", "06.05.24", ""),
    ("deleted", "2024-W19-1", ""), ("deleted", "45418", ""), ("deleted", "=TRUE()", "=FALSE()"), ("deleted", "☒", "☐"),
    ("deleted", "ture", "false"), ("deleted", "-1", "0"), ("deleted", "100%", "0%"), ("deleted", "1\0", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "gone", "stands"), CELLS)
def test_a_cell_in_other_words(name: str, gone: str, stands: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash,{name}\nPg0,{gone}\nPl0,{stands}\nPl1,{stands}\n"))
    if len(name) == 1:
        return  # the name of a field of an object, of any meaning
    path = tmp_path / "list.json"
    record = {"hash": "Pg0", "info": {name: gone}}
    check(path, *written(path, json.dumps([{"hash": "Pl0", "info": {name: stands}}, record])))


@pytest.mark.parametrize(
    "text",
    [
        "hash,deleted,deleted\nPg0,0,1\nPl0,0,0\n",
        "hash,deleted,Deleted\nPg0,no,yes\nPl0,no,no\n",
        "hash,status,status\nPg0,active,withdrawn\nPl0,active,active\n",
        "hash,category,category\nPg0,positive,false positive\nPl0,positive,positive\n",
        "hash,hash,deleted\nPg0,Pg1,1\nPl0,Pl1,0\n",
        "hash,deleted\nPl0,0\n\ufeffhash,deleted\nPg0,1\n",
        "\ufeff\ufeffhash,deleted\nPg0,1\nPl0,0\n",
        "hash deleted\nPg0 true\nPl0 false\n",
        "hash    zap\nPg0    1\nPl0    0\n",
        "Pg0\t1\nPl0\t0\nPl1\t0\n",
        "| hash | deleted |\n|---|---|\n| Pg0 | yes |\n| Pl0 | no |\n",
        " hash | deleted \n------+---------\n Pg0 | t\n Pl0 | f\n(2 rows)\n",
        "+------+---------+\n| hash | deleted |\n+------+---------+\n| Pg0 | 1 |\n| Pl0 | 0 |\n",
        "'hash','deleted'\n'Pg0','true'\n'Pl0','false'\n",
        "INSERT INTO hashes (hash, deleted) VALUES ('Pg0', 1), ('Pl0', 0);\n",
        "Mg0:123:Name:deleted\nMl1:44:Other:listed\n",
        "[live]\nPl0\n[removed]\nPg0\n",
        "-Pg0\n+Pl0\n Pl1\n",
    ],
)
def test_a_table_written_otherwise(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, text))


# -- lines -------------------------------------------------------------------------------------------------

LINES = (
    "Pg0 (deleted)|Pg0 # removed|Pg0 // false positive|deleted Pg0|~~Pg0~~|<del>Pg0</del>|- Pg0|[x] Pg0|[ ] Pg0"
    "|* Pg0 *(withdrawn)*|Pg0 ✗|Pg0 -> Pl9|Pg0 superseded by Pl9|Pg0:deleted|Pg0;deleted|Pg0 deleted 2024-05-06"
    "|Pg0 [removed]|removed:Pg0|!Pg0|rm Pg0|DELETE Pg0|Pg0 gelöscht|Pg0 supprimé|Pg0 (FP)|Pg0 ok|Pg0 -1|Pg0 *"
    "|pdq:Pg0:deleted|hash: Pg0, deleted: true|hash=Pg0;deleted=true|hash=Pg0,status=withdrawn|hash=Pg0,foo=true"
    "|Pg0 WITHDRAWN BY OWNER|Pg0 -- wrong|Pg0 †"
)


@pytest.mark.parametrize("line", LINES.split("|"))
def test_the_rest_of_a_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    check(path, *written(path, "".join(f"{each}\n" for each in [*(f"Pl{k}" for k in range(8)), line])))


SECTIONS = (
    "Removed:|=== removed ===|// removed|; removed|# Gelöscht|# Folgende Hashes wurden zurückgezogen:|# Eliminados"
    "|# Supprimés le 6 mai|# List of false positives|# false positives reported by partners|# Liste der Fehlalarme"
    "|Allowlist of known good images"
)


@pytest.mark.parametrize("title", SECTIONS.split("|"))
def test_a_title_among_lines_or_above_them(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    check(path, *written(path, f"Pl0\nPl1\n\n{title}\nPg0\nPg1\n"))
    check(path, *written(path, f"{title}\nPg0\nPg1\n"))
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash,label\nPl0,a\nPl1,a\n{title},\nPg0,b\n"))


@pytest.mark.parametrize(
    "title",
    [
        "# 2 hashes, duplicates removed",
        "# known bad images",
        "# malicious",
        "# Exported on 2024-05-06",
        "# new",
    ],
)
def test_a_title_that_takes_nothing_back(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    _, listed = written(path, f"{title}\nPl0\nPl1\n")
    assert live_of(path) == listed


@pytest.mark.parametrize(
    "name",
    ["false_positives.txt", "removed.csv", "allowlist.txt", "list.removed.csv", "2026-11-27.deleted.txt",
     "hashes.csv.deleted", "list.whitelist.csv.gz"],
)  # fmt: skip
def test_the_name_of_a_list_alone_is_remarked_on(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    written(
        path, "Pl0\nPl1\n", (lambda whole: gzip.compress(whole.encode())) if name.endswith(".gz") else None
    )
    for command, code in (
        (["lists", "check", path], 0),
        (["lists", "merge", path, "-o", tmp_path / "merged.jsonl"], 0),
        (["lists", "convert", path, "--to", "jsonl", "-o", tmp_path / "converted.jsonl"], 0),
        (["index", "build", path, "-o", tmp_path / "lists.safehash"], 0),
        (["scan", tmp_path, "--list", path, "--workers", "0", "-q", "--no-last-good"], 4),
    ):
        assert main([*map(str, command)]) in (0, code), command
        assert "may say that what is in it was taken back" in "".join(capsys.readouterr()), command


@pytest.mark.parametrize("name", ["list.csv", "service.example.csv", "2026-11-27.csv", "deduplicated.csv"])
def test_the_name_of_most_lists_says_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    written(path, "Pl0\nPl1\n")
    assert main(["lists", "check", str(path)]) == 0
    assert "may say that what is in it was taken back" not in "".join(capsys.readouterr())


# -- types -------------------------------------------------------------------------------------------------

TYPES = "oshash|dHash|aHash|imphash|ntlm|RIPEMD-160|xxh64|crc64|blockhash64|pHash-MH|PDQF|colorhash|dct|avg|siphash"


@pytest.mark.parametrize("name", TYPES.split("|"))
def test_a_type_that_is_not_computed_here(name: str, tmp_path: Path) -> None:
    """In a column of types, of another name, of few types among texts, in front of a digest, and around some."""
    path = tmp_path / "list.csv"
    for column in ("type", "kind", "method"):
        check(path, *written(path, f"hash,{column}\nHg0,{name}\nHl0,phash\nHl1,phash\n"))
    check(path, *written(path, f"{name}: Hg0\nphash: Hl0\nphash: Hl1\n"))
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps([{"hash": "Hl0", "type": "phash"}, {"hash": "Hg0", "type": name}])))
    check(path, *written(path, json.dumps({"phash": ["Hl0", "Hl1"], name: ["Hg0"]})))


NAMES_OF_FILES = "IMG_0.jpg:|DSC 0001.png:|a.b=|2024-05-06:|1:|/photos/1.png:|C:\\photos\\1.png:|hash:|id:"


@pytest.mark.parametrize("name", NAMES_OF_FILES.split("|"))
@pytest.mark.parametrize("kind", ["P", "M", "H"])
def test_the_name_of_a_file_in_front_of_its_digest(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    _, listed = written(path, f"{name} {kind}l0\n{name} {kind}l1\n{name} {kind}l2\n")
    assert live_of(path) == listed
    assert not load_list(path).report.n_rejects


@pytest.mark.parametrize("name", ["photo0=", "photo0:", "frame:", "Bild_1:", "x-hash=", "ahash8:"])
def test_what_may_be_a_type_in_front_of_a_digest(name: str, tmp_path: Path) -> None:
    """It is a reject, which says what to pass; who says of which type digests are has them."""
    path = tmp_path / "list.txt"
    _, listed = written(path, f"Pl0\nPl1\nPl2\n{name} Pl3\n")
    report = load_list(ListSource(path, max_rejects=1)).report
    assert report.n_rejects == 1 and "algorithm=" in report.rejects[0].reason
    assert live_of(path) == listed - {digest("P", "l", "3")}
    told = load_list(ListSource(path, algorithm="pdq"))
    assert {entry.hash.hex for entry in told.table if isinstance(entry.hash, Hash)} == listed
    assert not told.report.n_rejects


def test_the_advice_on_a_type_is_an_option_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.txt"
    written(path, "Pl0\nPl1\nphoto0= Pl2\n")
    assert main(["lists", "check", str(path)]) == 1
    assert "--algorithm says what the digests are" in capsys.readouterr().out
    assert main(["lists", "check", str(path), "--algorithm", "pdq"]) == 0


@pytest.mark.parametrize(
    "name",
    [
        "md5_of_url",
        "filename_md5",
        "email_md5",
        "text_md5",
        "parent_md5",
        "old_md5",
        "replaces_md5",
        "md5_hmac",
    ],
)
def test_a_digest_of_something_else(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"{name},id\nMg0,1\nMg1,2\n"))
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps([{name: "Mg0", "id": 1}, {name: "Mg1", "id": 2}])))


# -- JSON --------------------------------------------------------------------------------------------------

SAID: tuple[dict[str, Any], ...] = (
    {"status": {"deleted": True}}, {"status": {"code": "REVOKED"}}, {"deleted": "true"}, {"deleted": {"$date": "2024"}},
    {"deleted": {"$numberInt": "1"}}, {"deleted": [True]}, {"meta": {"isDeleted": "Y"}}, {"deleted": 1714990000000},
    {"deleted": "06 May 2024"}, {"deleted": {"by": "x"}}, {"attributes": [{"key": "deleted", "value": "true"}]},
    {"fields": {"Status": ["Withdrawn"]}}, {"tags": {"false_positive": True}}, {"votes": {"fp": 3}},
    {"review": {"is_match": False}}, {"x": {"valid": False}}, {"live": False}, {"current": False}, {"zap": True},
    {"a": {"zap": True}}, {"a": {"b": {"withdrawn": "yes"}}}, {"gelöscht": "ja"}, {"status": 0, "text": "deleted"},
    {"annotation": {"comment": "removed on request of the person"}}, {"score": {"benign": 1.0}}, {"visible": False},
    {"category": {"id": 3, "name": "Non-violating"}}, {"classification": [{"label": "benign"}]}, {"deletion": {"n": 1}},
    {"events": ["added", "removed"]}, {"state": {"name": "Removed"}}, {"unblock": True}, {"action": "unblock"},
)  # fmt: skip


@pytest.mark.parametrize("said", SAID, ids=str)
def test_what_one_record_says_in_its_nest(said: dict[str, Any], tmp_path: Path) -> None:
    records = [{"hash": f"Pl{k}"} for k in range(4)]
    records.insert(3, {"hash": "Pg0", **said})
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps(records)))
    path = tmp_path / "list.jsonl"
    check(path, *written(path, "".join(f"{json.dumps(each)}\n" for each in records)))


PAGES: tuple[Any, ...] = (
    {"Pg0": "deleted", "Pl0": "active"}, {"live": ["Pl0"], "dead": ["Pg0"]}, {"add": ["Pl0"], "remove": ["Pg0"]},
    {"hashes": [{"v": "Pg0", "s": "D"}, {"v": "Pl0", "s": "A"}]}, {"hashes": [["Pg0", "deleted"], ["Pl0", "active"]]},
    ["Pl0", "-Pg0"], ["Pl0", "Pg0 (deleted)"],
    {"columns": ["hash", "deleted"], "data": [["Pg0", True], ["Pl0", False]]},
    {"hash": {"0": "Pg0", "1": "Pl0"}, "deleted": {"0": True, "1": False}}, {"type": "allowlist", "hashes": ["Pg0"]},
    {"name": "known false positives", "list": ["Pg0", "Pg1"]}, {"title": "Allow list", "hashes": ["Pg0", "Pg1"]},
    {"hashes": ["Pl0"], "exceptions": ["Pg0"]}, {"include": ["Pl0"], "exclude": ["Pg0"]},
    {"v1": ["Pg0"], "v2": ["Pl0"]},
    {"hashes": [{"pdq": "Pl0", "id": 5}, {"pdq": "Pg0", "id": 6}], "deleted_ids": [6]},
    {"items": [{"id": 1, "hash": "Pg0"}, {"id": 2, "hash": "Pl0"}], "tombstones": [{"id": 1}]},
    [{"hash": "Pg0", "@removed": {"reason": "deleted"}}, {"hash": "Pl0"}], {"before": ["Pg0"], "after": ["Pl0"]},
    {"Event": {"Attribute": [{"type": "md5", "value": "Mg0", "to_ids": False}, {"type": "md5", "value": "Ml0"}]}},
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: json.dumps(page)[:60])
def test_a_page_laid_out_otherwise(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps(page)))


@pytest.mark.parametrize(
    "text",
    [
        '\x1e{"hash":"Pg0","deleted":true}\n\x1e{"hash":"Pl0"}\n',
        'callback([{"hash":"Pg0","deleted":true}]);',
        '[{"hash":"Pl0"}]\n[{"hash":"Pg0","deleted":true}]',
        '[{"hash":"Pg0","deleted":true,"deleted":false},{"hash":"Pl0"}]',
        '[{"hash":"Pg0","deleted":false,"Deleted":true},{"hash":"Pl0"}]',
        '[{"hash":"Pg0","hash":"Pg1"},{"hash":"Pl0"}]',
    ],
)
def test_json_written_otherwise(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    check(path, *written(path, text))


# -- bytes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "end", ["\r", "\r\r\n", "\x0b", "\x0c", "\x1e", "\u2028", "\x85", "\0", "\n\0"], ids=ascii
)
def test_line_ends(end: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, end.join(["hash,deleted", "Pg0,true", "Pl0,false", "Pl1,false", ""])))
    check(path, *written(path, f"hash,deleted\nPl0,false\nPg0,true{end}Pl1,false\nPl2,false\n"))
    check(path, *written(path, f"Pl0\nPl3{end}Pl1\nPl2\n"))


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp850", "utf-7", "utf-8-sig"]
)
def test_encodings(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for text in (
        "hash,gelöscht\nPg0,ja\nPl0,nein\nPl1,nein\n",
        "hash,status\nPg0,gelöscht\nPl0,aktiv\nPl1,aktiv\n",
    ):
        check(path, *written(path, text, lambda whole: whole.encode(encoding)))


def zipped(**members: str | Callable[[str], bytes]) -> Callable[[str], bytes]:
    def packed(whole: str) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, text in members.items():
                made = (
                    TOKEN.sub(lambda match: digest(*match.groups()), text)
                    if isinstance(text, str)
                    else text(whole)
                )
                archive.writestr(name.replace("__", "/") + ".txt", made)
        return file.getvalue()

    return packed


def tarred(whole: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(whole.encode())
        archive.addfile(info, io.BytesIO(whole.encode()))
    return file.getvalue()


PACKED: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "gzip twice": ("list.csv.gz", lambda whole: gzip.compress(gzip.compress(whole.encode()))),
    "gzip by another name": ("list.csv", lambda whole: gzip.compress(whole.encode())),
    "gzip with more behind it": ("list.csv.gz", lambda whole: gzip.compress(whole.encode()) + b"garbage"),
    "gzip cut": ("list.csv.gz", lambda whole: gzip.compress(whole.encode())[:-9]),
    "zip in zip": ("list.zip", zipped(inner=zipped(a=str.encode))),
    "tar": ("list.tar", tarred),
    "a folder removed": ("list.zip", zipped(removed__a="Pg0\n", live__a="Pl0\n")),
    "a member deleted": ("list.zip", zipped(deleted="Pg0\n", added="Pl0\n")),
    "a member whitelist": ("list.zip", zipped(hashes_whitelist="Pg0\n", hashes="Pl0\n")),
    "a workbook": ("list.xlsx", zipped(xl__worksheets__sheet1="<x>Pg0</x>")),
}


@pytest.mark.parametrize("how", PACKED)
def test_packed(how: str, tmp_path: Path) -> None:
    name, pack = PACKED[how]
    path = tmp_path / name
    check(path, *written(path, "hash,deleted\nPg0,1\nPl0,0\nPl1,0\n", pack))


# -- what people are told ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("list.csv", "hash,deleted\nPg0,1\nPl0,0\n", 0),
        ("list.csv", "hash,deleted\nPg0,perhaps\nPl0,0\n", 1),
        ("list.csv", "hash,status\nPg0,D\nPl0,A\n", 1),
        ("list.txt", "Pl0\nPl1\n# Eliminados\nPg0\n", 1),
        ("list.json", '[{"hash": "Pl0"}, {"hash": "Pg0", "x": {"current": false}}]', 1),
    ],
)
def test_check_ends_with_one_where_something_was_not_understood(
    name: str, text: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    written(path, text)
    assert main(["lists", "check", str(path)]) == code
    said = capsys.readouterr().out
    assert ("not understood" in said or "may speak" in said) is (code == 1)
