"""What may say that a record was taken back, in words or places that nobody knows, is never read as live in silence."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from safehash import ListError, ListSource, Reject, load_list, read_list
from safehash.lists.formats.ordinary import ORDINARY, is_ordinary
from safehash.lists.formats.vocabulary import DELETED, DOUBTFUL, OPINIONS, TELLING, folded


def balanced(k: int) -> str:
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


P = [balanced(k) for k in range(400)]
MD5 = [hashlib.md5(bytes([k % 256, k // 256])).hexdigest() for k in range(400)]


def live_of(tmp_path: Path, text: str, name: str = "list.csv", **options: Any) -> set[str] | None:
    """Return the digests that are read as live and positive; None where the list is refused."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    try:
        table = load_list(ListSource(path, **options)).table
    except ListError:
        return None
    return {entry.hash.hex for entry in table if entry.category == "positive"}  # type: ignore[union-attr]


# -- columns -----------------------------------------------------------------------------------------------

#: Names of columns of deletion or opinion, as people of many places and trades write them; no list of ours.
NAMES = """
gelöscht|Löschdatum|Loeschkennzeichen|zu löschen|Entfernung|supprimé le|Date de suppression|annulé|
retrait|fecha de eliminación|eliminado el|fecha_baja|de baja|dado de baja|borrado|anulado|
data de exclusão|excluído|apagado|data cancellazione|annullata|data_eliminazione|verwijderdatum|vervallen|
geschrapt|gewist|slettet dato|fjernet|borttagen|ta bort|raderat|poistettu pvm|poisto|usunieto|skasowane|
smazano|odstraněno|odstranene|törölve|eltávolítva|sters|kaldirildi|изтрито|удален_дата|снято|аннулировано|
исключен|видалено|obrisano|izbrisano|uklonjeno|διαγραφή|διεγραμμένο|מחוק|تم الحذف|हटाया|ลบแล้ว|đã xoá|
dipadam|削除フラグ|廃止|失効|是否删除|已移除|작废|제거됨|폐기|del_flag|is_del|del_ind|lgl_del|drop_date|
sunset_on|eol|end_of_life|effective_to|fin de validité|válido hasta|valido fino|geldig tot|
действителен до|有効期限|有效期|terminated|closed_at|stand_down|recalled|reversal|undone|nuked|killed|
burned|blacked_out|unbanned|unblocked|cleared|appeal_outcome|overruled|reinstated|ruling|tp_fp|
false_alarm|Fehlalarm|fausse alerte|falsa alarma|falskt larm|väärä hälytys|ложная тревога|误判|is_ok|
is_bad|trusted|relevant|matchable|do_match|keep|skip|mute|snoozed|paused|frozen|on_hold|usable|enforced|
csam|gone_since|Q7|flag_3
"""


@pytest.mark.parametrize("name", [each.strip() for each in NAMES.replace("\n", "").split("|")])
def test_yes_or_a_date_in_a_column_that_may_speak_of_deletion(name: str, tmp_path: Path) -> None:
    for yes, no in (
        ("1", "0"),
        ("true", "false"),
        ("x", ""),
        ("yes", ""),
        ("2024-01-02", ""),
        ("1714953600", ""),
    ):
        rows = [(P[0], yes), *((digest, no) for digest in P[1:5])]
        live = live_of(tmp_path, f"hash,{name}\n" + "".join(f"{digest},{cell}\n" for digest, cell in rows))
        assert live is None or P[0] not in live, (name, yes)
    assert live_of(tmp_path, f"hash,{name}\n{P[0]},1\n{P[1]},0\n", ignore=[name]) == {*P[:2]}


@pytest.mark.parametrize("yes", ["1", "true", "x", "2024-05-06", "withdrawn", "false positive"])
def test_a_yes_after_hundreds_of_rows_without(yes: str, tmp_path: Path) -> None:
    """The first rows, by which columns are named, are blank or say no."""
    for no in ("", "0"):
        rows = [(digest, no) for digest in P[:399]]
        text = "hash,Q7\n" + "".join(f"{digest},{cell}\n" for digest, cell in [*rows, (P[399], yes)])
        live = live_of(tmp_path, text)
        assert live == {*P[:399]}, no


@pytest.mark.parametrize(
    "name",
    [
        "has_exif",
        "is_video",
        "num_faces",
        "viewCount",
        "nsfw",
        "Score",
        "width",
        "hasGPS",
        "bank_id",
        "exported_at",
    ],
)
def test_ordinary_names_stay_free(name: str, tmp_path: Path) -> None:
    rows = "".join(f"{digest},{cell}\n" for digest, cell in zip(P[:4], ("1", "0", "", "1"), strict=True))
    assert live_of(tmp_path, f"hash,{name}\n{rows}") == {*P[:4]}


def test_no_ordinary_word_speaks_of_deletion_or_opinion() -> None:
    said = {part for each in (DELETED | DOUBTFUL | {*OPINIONS}) & TELLING for part in [each, folded(each)]}
    assert len(said) > 100 and not ORDINARY & said
    assert not is_ordinary("") and not is_ordinary("删除") and not is_ordinary("is_deleted")


def test_cells_of_a_column_of_many_meanings_that_are_kept_are_named(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"hash,status\n{P[0]},zurückgelegt\n{P[1]},\n{P[2]},1\n")
    (note,) = [each for each in load_list(path).report.notes if "status" in each]
    assert note.startswith(
        "column 'status' is kept as it came: none of its cells ('zurückgelegt', '1') is known to"
    )
    assert "columns={'deleted': 'status'} or {'category': 'status'}" in note
    path.write_text(f"hash,status\n{P[0]},removed\n{P[1]},\n")
    assert not [each for each in load_list(path).report.notes if "status" in each]


# -- lists without columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gone", "stands"),
    [("D", "A"), ("-", "+"), ("DEL", "ADD"), ("delete", "add"), ("rm", "add"), ("remove", "keep"), ("FP", "TP"),
     ("0", "1"), ("n", "y"), ("t", "f"), ("benign", "malicious"), ("gelöscht", "neu"), ("削除", "追加")],
)  # fmt: skip
def test_what_is_to_be_done_beside_digests(gone: str, stands: str, tmp_path: Path) -> None:
    """In front of them and behind, in lines of words and in cells without a header."""
    for shape in (
        "{word} {digest}\n",
        "{digest} {word}\n",
        "{word},{digest}\n",
        "{digest},{word}\n",
        "{digest};{word}\n",
    ):
        if shape[:8] != "{word} {" and shape[9:10] == " " and gone in ("0", "n", "t"):
            continue
        if gone in ("0", "n", "t") and "," not in shape and ";" not in shape:
            continue  # a name or a number beside a digest
        lines = [shape.format(word=gone, digest=P[0])]
        lines += [shape.format(word=stands, digest=digest) for digest in P[1:8]]
        live = live_of(tmp_path, "".join(lines), "list.txt")
        assert live is None or P[0] not in live, shape


@pytest.mark.parametrize(
    "title",
    ["# removed", "# Deleted hashes:", "## The following entries were withdrawn on 2024-05-06",
     "#--- false positives ---",
     "Removed:", "[deleted]", "Benign hashes", "Gelöscht:", "revoked since 2024", "=== RETRACTED ==="],
)  # fmt: skip
def test_a_title_that_takes_back_what_stands_below(title: str, tmp_path: Path) -> None:
    for text in (
        f"{P[0]}\n{title}\n" + "".join(f"{digest}\n" for digest in P[1:300]),
        f"{title}\nhash,label\n{P[0]},x\n{P[1]},y\n",
        f"hash,label\n{P[0]},x\n{title}\n" + "".join(f"{digest},y\n" for digest in P[1:300]),
    ):
        if text[0] in "[":
            continue  # no list at all
        assert live_of(tmp_path, text, "list.txt") is None
    live = live_of(
        tmp_path, f"hash,label\n{P[0]},x\n# see the list of removed ones elsewhere\n{P[1]},y\n", "list.txt"
    )
    assert live == {*P[:2]}


def test_titles_are_set_aside_when_told(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"{P[0]}\n# removed\n{P[1]}\n")
    with pytest.raises(
        ListError, match=r"line 2: '# removed' may speak of the lines below it.*ignore=\['#'\]"
    ):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["#"]))) == 2


# -- digests that were cut ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [16, 32, 40])
@pytest.mark.parametrize("at", [0, 7, 29, 350])
def test_a_digest_cut_to_the_length_of_another_type_is_a_reject(n: int, at: int, tmp_path: Path) -> None:
    digests = P[:399]
    digests[at] = digests[at][:n]
    for text in (
        "".join(f"{digest}\n" for digest in digests),
        "hash,label\n" + "".join(f"{digest},x\n" for digest in digests),
        "".join(f"{digest} a file.jpg\n" for digest in digests),
    ):
        path = tmp_path / "list.csv"
        path.write_text(text)
        rejects: list[Reject] = []
        found = list(read_list(ListSource(path, algorithm=None), on_reject=rejects.append))
        assert [entry.hash.hex for entry in found] == [d for d in digests if len(d) == 64]  # type: ignore[union-attr]
        assert len(rejects) == 1 and "as the others have" in rejects[0].reason
    (tmp_path / "list.json").write_text(json.dumps(digests))
    with pytest.raises(ListError, match=r"these may be damaged.*algorithm='pdq'"):
        load_list(tmp_path / "list.json")
    assert len(load_list(ListSource(tmp_path / "list.json", algorithm="pdq"))) == 398


def test_lists_of_several_types_are_read_as_before(tmp_path: Path) -> None:
    text = "".join(f"{digest}\n" for digest in [*P[:20], *MD5[:10]])
    assert live_of(tmp_path, text, "list.txt") == {*P[:20], *MD5[:10]}
    text = "".join(f"{digest}\n" for digest in P[:20]) + f"md5 {MD5[0]}\nmd5:{MD5[1]}\n"
    assert live_of(tmp_path, text, "list.txt") == {*P[:20], *MD5[:2]}
    assert live_of(tmp_path, json.dumps([*P[:20], *MD5[:10]]), "list.json") == {*P[:20], *MD5[:10]}


# -- deletes by id -----------------------------------------------------------------------------------------

DELETES: dict[str, Any] = {
    "array": [{"id": "1", "deleted": True}, {"id": "2", "deleted": True}],
    "numbers": [{"id": 1, "is_deleted": True}, {"id": 2, "is_deleted": True}],
    "page": {"items": [{"id": "1", "op": "delete"}, {"id": "2", "op": "delete"}]},
    "states": {"data": [{"id": "1", "status": "withdrawn"}, {"id": "2", "status": "removed"}]},
    "dates": [{"id": "1", "deleted_at": "2024-01-01"}, {"id": "2", "deleted_at": "2024-01-01"}],
    "ids": {"deleted": ["1", "2"]},
    "ids beside": {"hashes": [], "removed": [1, 2]},
    "hma": [{"id": k, "bank": "A", "disable_until_ts": 0, "signals": {}} for k in (1, 2)],
}


@pytest.mark.parametrize("kind", DELETES)
def test_a_page_of_deletes_by_id_alone(kind: str, tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(json.dumps([{"id": str(k), "pdq": P[k]} for k in range(4)]))
    (tmp_path / "2.json").write_text(json.dumps(DELETES[kind]))
    loaded = load_list(tmp_path)
    assert {entry.id for entry in loaded.table} == {"0", "3"}
    assert loaded.withdrawn.ids == {"1", "2"}
    assert len(list(read_list(tmp_path / "2.json"))) == 2


def test_a_delete_by_id_of_what_is_kept_by_digest_is_refused(tmp_path: Path) -> None:
    """It would find nothing, and the record would be matched on."""
    record = {
        "id": "7",
        "indicator": P[0],
        "type": "HASH_PDQ",
        "last_updated": 1_763_800_000,
        "should_delete": False,
        "descriptors": {"data": [{"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS", "tags": []}]},
    }
    (tmp_path / "1.json").write_text(json.dumps({"data": [record]}))
    (tmp_path / "2.json").write_text(json.dumps({"data": [{"id": "8", "should_delete": True}]}))
    assert len(load_list(tmp_path)) == 1
    (tmp_path / "2.json").write_text(json.dumps({"data": [{"id": "7", "should_delete": True}]}))
    with pytest.raises(ListError, match="a delete names the id '7' alone"):
        load_list(tmp_path)


# -- inside records and around pages -----------------------------------------------------------------------

INSIDE: dict[str, Any] = {
    "history": {"history": [{"event": "created"}, {"event": "deleted"}]},
    "flags": {"flags": ["a", "deleted"]},
    "states": {"status": ["withdrawn"]},
    "tags": {"tags": [{"name": "false positive"}]},
    "deep": {"x": [[{"y": {"isRevoked": True}}]]},
    "in words": {"notes": [{"text": "Revoked by its owner"}]},
}


@pytest.mark.parametrize("kind", INSIDE)
def test_what_is_said_inside_a_record_is_not_passed_over(kind: str, tmp_path: Path) -> None:
    records = [{"pdq": P[0], **INSIDE[kind]}, *({"pdq": digest} for digest in P[1:40])]
    assert live_of(tmp_path, json.dumps(records), "list.json") == {*P[1:40]}
    harmless = {
        "history": [{"event": "created"}],
        "flags": ["a"],
        "tags": [{"name": "b"}],
        "x": [[{"isRevoked": False}]],
    }
    assert live_of(tmp_path, json.dumps([{"pdq": P[0], **harmless}]), "list.json") == {P[0]}


def test_yes_and_no_by_digest_say_nothing_sure(tmp_path: Path) -> None:
    assert live_of(tmp_path, json.dumps({P[0]: True, P[1]: False}), "list.json") is None


def test_a_page_whose_name_takes_back_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "live.csv").write_text(f"pdq\n{P[0]}\n")
    (tmp_path / "removed_hashes.csv").write_text(f"pdq\n{P[1]}\n")
    with pytest.raises(
        ListError, match=r"page removed_hashes\.csv may say that what is in it was taken back"
    ):
        load_list(tmp_path)
    assert len(load_list(ListSource(tmp_path, ignore=["#"]))) == 2
    assert len(load_list(tmp_path / "removed_hashes.csv")) == 1  # named for itself, as an allow-list is
