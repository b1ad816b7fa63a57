"""More lists as people write them: languages, logs, titles, names of files, code, exports of tools."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from test_siblings import check, digest, live_of, written

from safehash import Hash, ListError, ListSource, load_list
from safehash.lists.formats.sentences import is_section

STATES = (
    "ru:хэш;статус;снят;действует|uk:хеш;стан;скасовано;чинний|ro:amprentă;stare;retras;activ|fa:هش;وضعیت;حذف شده;فعال"
    "|hr:sažetak;stanje;obrisano;aktivno|sr:хеш;стање;обрисано;активно|sk:odtlačok;stav;zmazané;aktívne"
    "|sl:zgoščena;stanje;izbrisano;aktivno|lt:maiša;būsena;ištrinta;aktyvi|lv:jaucējkods;statuss;dzēsts;aktīvs"
    "|et:räsi;olek;kustutatud;kehtiv|ca:empremta;estat;esborrat;actiu|eu:hash;egoera;ezabatua;aktiboa"
    "|ga:hais;stádas;scriosta;beo|tl:hash;katayuan;tinanggal;aktibo|sw:hash;hali;imefutwa;hai"
    "|ms:hash;status;dipadam;aktif"
    "|hu:ujjlenyomat;állapot;visszavonva;aktív|it:impronta;esito;falso allarme;confermato"
    "|nl:hash;uitkomst;vals alarm;treffer"
    "|de:Prüfsumme;Ergebnis;Fehlalarm;Treffer|he:גיבוב;נמחק;כן;לא|ar:البصمة;محذوف;نعم;لا|hi:हैश;हटाया गया;हाँ;नहीं"
    "|th:แฮช;ลบแล้ว;ใช่;ไม่|vi:mã băm;đã xoá;có;không|ja:ハッシュ;状態;削除済;有効"
    "|ko:해시;삭제여부;Y;N|zh:哈希;是否删除;是;否"
    "|el:κατακερματισμός;διαγράφηκε;ναι;όχι|tr:özet;durum;iptal;aktif|pl:skrót;stan;wycofany;aktywny"
)


@pytest.mark.parametrize("row", STATES.split("|"))
def test_a_state_in_another_language(row: str, tmp_path: Path) -> None:
    first, state, gone, stands = row.partition(":")[2].split(";")
    path = tmp_path / "list.csv"
    check(path, *written(path, f"{first};{state}\nPg0;{gone}\nPl0;{stands}\nPl1;{stands}\n"))


@pytest.mark.parametrize("name", ["verification", "fact_check", "status", "outcome"])
@pytest.mark.parametrize("cell", ["refuted", "debunked", "unfounded", "not verified"])
def test_what_did_not_prove_true(name: str, cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, f"hash;{name}\nPg0;{cell}\nPl0;verified\nPl1;verified\n"))


def test_what_another_record_stands_in_for(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, "hash;replaced_with\nPg0;7\nPl0;\nPl1;\n"))


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "shift_jis", "gb18030", "mac_roman", "utf-16"])
@pytest.mark.parametrize("cell", ["gelöscht", "удалён", "削除", "已删除"])
def test_an_encoding_that_nothing_names(encoding: str, cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for name in ("foo", "état", "статус", "状态"):
        text = f"hash;{name}\nPg0;{cell}\nPl0;x\nPl1;x\n"
        if text.encode(encoding, "ignore").decode(encoding) == text:
            check(path, *written(path, text, lambda whole: whole.encode(encoding)))
    path.write_bytes(b"")
    with pytest.raises(ListError):
        load_list(path)


LINES = (
    "2024-05-06T10:00:01Z INFO removed Pg0", "May  6 10:00:00 host app[12]: delete Pg0", "SREM hashes Pg0",
    "except Pg0", "not Pg0", "Pg0    2024-05-06 deleted", "Pg0 2024-05-06 by hand withdrawn",
    "deleted on 2024-05-06: Pg0", "Pg0 t",
    "permit Pg0", "Pg0  ❌", "Pg0 | 🚫",
    "DELETE FROM h WHERE hash='Pg0';", "Pg0 false%20positive",
    "Pg0 false+positive",
    "[Pg0](https://example.org/removed)", "urn:md5:Mg0:revoked", "@@||Pg0^", "{'hash': 'Pg0', 'deleted': True}",
    "('Pg0', True)", "Hash(value='Pg0', deleted=True)",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_what_a_log_or_a_command_says(line: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    check(path, *written(path, "".join(f"{each}\n" for each in [*(f"Pl{k}" for k in range(8)), line])))


@pytest.mark.parametrize("name", ["removed_scene.jpg", "a removed scene.jpg", "img 1.jpg", "t.jpg"])
def test_the_name_of_a_file_takes_nothing_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    _, listed = written(path, f"Ml0  {name}\nMl1  {name}\nMl2  {name}\n")
    assert live_of(path) == listed


TITLES = (
    "Old|Former|Previous|Archive|Exceptions|Except:|Excluding|Not to be matched|Do not block these|Cleared by reviewers"
    "|Appeals granted|Reinstated|Errors|Errata|Corrections|Pending|Unconfirmed|Control group|Negatives|Ham|Minus|Trash"
    "|Papierkorb|Corbeille|回收站|Ложные|Снятые с учёта|Αφαιρέθηκαν|Freigegeben|Entlastet|Irrtümer|Versehentlich"
    "|Bajas del mes"
    "|Descartados|Erróneos|Levée|Rectificatif|Errata corrige|Annullati|Da ignorare|Te negeren|Ignorieren"
    "|À ignorer|Ignore|Skip"
    "|Entfernt seit letzter Ausgabe|<!--|/*"
)


@pytest.mark.parametrize("title", TITLES.split("|"))
def test_a_title_in_other_words(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    check(path, *written(path, f"Pl0\nPl1\n\n{title}\nPg0\nPg1\n"))
    assert is_section(f"# {title}" if title[0].isalpha() else title)


@pytest.mark.parametrize(
    "title", ["# hashes", "# new", "# added in 2024", "# version 3", "# sorted", "# export of this week"]
)
def test_a_title_of_anything_else(title: str) -> None:
    assert not is_section(title)


NAMED = (
    "SHA256SUMS:P|sha256.txt:P|list.sha256:P|dhash.txt:H|hashes_dhash.csv:H|average-hash.txt:H|ntlm.txt:M"
    "|sha1.txt:M"
)


@pytest.mark.parametrize("row", NAMED.split("|"))
def test_the_name_of_a_file_names_another_type(row: str, tmp_path: Path) -> None:
    """What its digests would be taken for by their length is not what the list is called."""
    name, _, kind = row.partition(":")
    path = tmp_path / name
    written(path, f"{kind}l0\n{kind}l1\n{kind}l2\n")
    with pytest.raises(ListError, match="another type"):
        load_list(path)
    told = {"P": "pdq", "M": "md5", "H": "phash"}[kind]
    assert len(load_list(ListSource(path, algorithm=told))) == 3


@pytest.mark.parametrize(
    "name", ["md5.txt", "MD5SUMS", "hash.txt", "hashes-md5-2024.csv", "list.md5", "md5_sha1.csv"]
)
def test_the_name_of_a_file_names_its_type(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    _, listed = written(path, "Ml0\nMl1\n")
    assert live_of(path) == listed


ABOVE = (
    "# average hash, 8x8:H|# computed with imagehash.dhash:H|# sha 256 sums of images:P"
    "|# MD5 of the URLs:M|# hashes of e-mails:M"
    "|# sha-1 of all file names:M|# blockhash.io 16 bits:P"
)


@pytest.mark.parametrize("row", ABOVE.split("|"))
def test_a_title_names_another_type_or_other_things(row: str, tmp_path: Path) -> None:
    title, _, kind = row.rpartition(":")
    path = tmp_path / "list.txt"
    written(path, f"{title}\n{kind}g0\n{kind}g1\n{kind}g2\n")
    assert live_of(path) is None
    assert len(load_list(ListSource(path, algorithm={"P": "pdq", "M": "md5", "H": "phash"}[kind]))) == 3


RANDOM = random.Random(5)
UUIDS = [uuid.UUID(int=RANDOM.getrandbits(128), version=4).hex for _ in range(6)]
OF_UUIDS: dict[str, str] = {
    "list.csv": "".join(f"{each},Pl{k}\n" for k, each in enumerate(UUIDS)),
    "words.txt": "".join(f"{each} Pl{k}\n" for k, each in enumerate(UUIDS)),
    "alone.txt": "".join(f"{each}\n" for each in UUIDS),
    "many.txt": "".join(f"{each}\n" for each in UUIDS * 80),
    "list.json": json.dumps({each: {"pdq": f"Pl{k}"} for k, each in enumerate(UUIDS)}),
}


@pytest.mark.parametrize("name", OF_UUIDS)
def test_ids_that_look_like_digests(name: str, tmp_path: Path) -> None:
    """Random UUIDs without their hyphens have 32 digits, as MD5 digests do."""
    path = tmp_path / name
    written(path, OF_UUIDS[name])
    with pytest.raises(ListError, match="UUIDs"):
        load_list(path)


def test_a_few_digests_look_like_uuids_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    digests = [digest("M", "l", str(k)) for k in range(400)]
    path.write_text("".join(f"{each}\n" for each in [*digests, *UUIDS]))
    assert len(load_list(path)) == 406
    assert sum(each[12] == "4" and each[16] in "89ab" for each in digests) > 2
    path.write_text("".join(f"{each}\n" for each in UUIDS))
    assert len(load_list(ListSource(path, algorithm="md5"))) == 6


TABLES = (
    "hash,esito\nPg0,falso allarme\nPl0,confermato\nPl1,confermato\n",
    "hash,😀\nPl0,👍\nPg0,👎\n",
    "| hash | ok? |\n|---|---|\n| Pg0 | ❌ |\n| Pl0 | ✅ |\n",
    "rule,hash\nDENY,Pl0\nPERMIT,Pg0\n",
    "list,hash\nblock,Pl0\nallow,Pg0\n",
    "policy,hash\nblacklist,Pl0\nwhitelist,Pg0\n",
    "list,hash\nlive,Pl0\ntrash,Pg0\n",
    "hash,severity\nPl0,A1\nPl1,A1\nPg0,benign\n",
    "hash,decision\nPl0,remove\nPg0,no action\n",
    "hash,resolution\nPl0,\nPl1,\nPg0,wontfix\n",
    "hash,self_harm\nPl0,\nPl1,\nPg0,0\n",
    "hash,accepted\nPl0,\nPl1,\nPg0,no\n",
    "hash,n_false\nPl0,0\nPl1,0\nPg0,5\n",
    "hash,replacement\nPg0,Pl0\nPl1,\n",
    "hash,deleted_at\nPg0,2024-05-06 10:00:00\nPl0,\\N\nPl1,\\N\n",
    "COPY public.hashes (hash, deleted) FROM stdin;\nPg0\tt\nPl0\tf\n\\.\n",
    '"MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode"\n"Mg0","AA6A7B16","x.jpg",1,1,"W"\n',
    "md5,name,knownStatus\nMg0,a,Known\nMl0,b,Notable\n",
    "uuid,event_id,type,value,to_ids,date\nu1,1,md5,Mg0,0,20240506\nu2,1,md5,Ml0,1,20240506\n",
    "hash,c\nPl0,g\nPg0,r\nPl1,g\n\ng = listed\nr = removed\n",
    "# c: 1 = listed; 2 = removed\nhash,c\nPl0,1\nPg0,2\nPl1,1\n",
    ",,Review,Review\nhash,label,verdict,deleted\nPg0,sh,positive,yes\nPl0,sh,positive,no\n",
    "hash,deleted\nstring,boolean\nPg0,true\nPl0,false\n",
    "hash,quality,deleted\n(hex),(0-100),(y/n)\nPg0,90,y\nPl0,90,n\n",
    "hash,deleted\nPg0,1\nPl0,0\nTotal,1\n",
    "Pl0\nPl1\nPg0*\n\n* withdrawn\n",
    "hash: Pg0\nstatus: deleted\n\nhash: Pl0\nstatus: active\n",
    "hash=Pg0\ndeleted=1\n\nhash=Pl0\ndeleted=0\n",
    "- hash: Pl0\n- hash: Pg0\n  status: withdrawn\n- hash: Pl1\n",
    "removed:\n  - Pg0\nlive:\n  - Pl0\n",
    "---\ntitle: removed hashes\ndate: 2024-05-06\n---\nPg0\nPg1\n",
    "[[hash]]\nvalue = \"Pg0\"\ndeleted = true\n\n[[hash]]\nvalue = \"Pl0\"\ndeleted = false\n",
    "const HASHES = [\n  \"Pl0\",\n  \"Pl1\",\n];\nconst REMOVED = [\n  \"Pg0\",\n];\n",
    "diff --git a/l b/l\n--- a/l\n+++ b/l\n@@ -1,3 +1,3 @@\n-Pg0\n+Pl0\n Pl1\n Pl2\n",
    "1c1\n< Pg0\n---\n> Pl0\n",
    "hash^deleted\nPg0^1\nPl0^0\n",
    "hash\x1fdeleted\nPg0\x1f1\nPl0\x1f0\n",
    "hash，deleted\nPg0，1\nPl0，0\n",
    "\u200fhash\u200f,\u200fdeleted\u200f\nPg0,\u200fyes\u200f\nPl0,\u200fno\u200f\n",
    "active,removed\nPl0,Pg0\nPl1,Pg1\n",
    "pdq_old,pdq_new\nPg0,Pl0\nPg1,Pl1\n",
    "hash,positive,negative\nPg0,,x\nPl0,x,\n",
    "a1b2c3d4e5f60718...\nb1b2c3d4e5f60718...\nHl0\nHl1\n",
    "<table>\n<tr class=\"deleted\"><td>Pg0</td></tr>\n<tr><td>Pl0</td></tr>\n</table>\n",
    "BEGIN:HASH\nVALUE:Pg0\nSTATUS:CANCELLED\nEND:HASH\nBEGIN:HASH\nVALUE:Pl0\nSTATUS:CONFIRMED\nEND:HASH\n",
    "Pl0\nPl1\n\x1b[9mPg0\x1b[0m\n",
)  # fmt: skip


@pytest.mark.parametrize("text", TABLES, ids=lambda text: ascii(text[:40]))
def test_a_table_or_a_text(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    check(path, *written(path, text))


JSON: tuple[Any, ...] = (
    ["Pl0", True, "Pg0", False], [["Pg0", True], ["Pl0", False]], {"hashes": ["Pl0", True, "Pg0", False]},
    {"type": "bundle", "objects": [
        {"type": "indicator", "revoked": True, "pattern": "[file:hashes.MD5 = 'Mg0']"},
        {"type": "indicator", "pattern": "[file:hashes.MD5 = 'Ml0']"}]},
    {"Event": {"Object": [{"deleted": True, "Attribute": [{"type": "md5", "value": "Mg0", "deleted": False}]},
                          {"deleted": False, "Attribute": [{"type": "md5", "value": "Ml0", "deleted": False}]}]}},
    {"name": "List of hashes with common false-positives", "type": "hashes", "list": ["Mg0", "Mg1"]},
    [{"hash": "Pl0", "quality": 90}, {"hash": "Pg0", "quality": 90, "unsigned": {"redacted_because": {"sender": "x"}}}],
    [{"op": "add", "path": "/-", "value": "Pl0"}, {"op": "remove", "path": "/0", "value": "Pg0"}],
    {"upserts": [{"hash": "Pl0"}], "deletes": ["Pg0"]}, {"sections": [{"title": "Removed", "hashes": ["Pg0"]}]},
    {"range": "Removed!A1:A3", "values": [["hash"], ["Pg0"], ["Pg1"]]},
    {"range": "Sheet1!A1:B3", "values": [["hash", "deleted"], ["Pg0", "TRUE"], ["Pl0", "FALSE"]]},
    {"results": [{"archived": True, "properties": {"hash": {"title": [{"plain_text": "Pg0"}]}}}]},
    [{"file": "a.jpg", "average_hash": "Hg0", "phash": "Hl0", "difference_hash": "Hg1"}],
    {"documents": [{"fields": {"hash": {"stringValue": "Pg0"}, "deleted": {"booleanValue": True}}},
                   {"fields": {"hash": {"stringValue": "Pl0"}, "deleted": {"booleanValue": False}}}]},
    [{"hash": "Pg0", "state": {"id": 2, "key": "REMOVED"}}, {"hash": "Pl0", "state": {"id": 1, "key": "ACTIVE"}}],
)  # fmt: skip


@pytest.mark.parametrize("page", JSON, ids=lambda page: json.dumps(page)[:50])
def test_a_page_of_a_tool(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    check(path, *written(path, json.dumps(page)))


def test_rows_of_a_digest_and_a_yes_or_no_are_refused_however_few(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    lines = [*(f'["Pl{k}"]' for k in range(300)), '["Pg0", true]']
    _, listed = written(path, "\n".join(lines) + "\n")
    with pytest.raises(ListError, match="among the digests of an array"):
        load_list(path)
    written(path, "\n".join(lines[:-1]) + "\n")
    assert {entry.hash.hex for entry in load_list(path).table if isinstance(entry.hash, Hash)} == listed
