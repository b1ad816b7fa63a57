"""What records say about type, deletion and opinion is understood, or refused: in any words, never guessed as live."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from safehash import Algorithm, Entry, ListError, ListSource, Reject, load_list, read_list
from safehash.lists.formats.column_names import named_column
from safehash.lists.formats.vocabulary import DOUBTFUL, FOREIGN, OPINION_LABELS, OPINIONS, UNMISTAKABLE

MD5 = ("9e107d9d372bb6826bd81d3542a419d6", "e4d909c290d0fb1ca068ffaddf22cbd0")
SHORT = ("2d3fe2973ae46155", "be5c39319d892098")


def balanced(k: int) -> str:
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


ONE, TWO = balanced(1), balanced(2)


def entries(
    tmp_path: Path, text: str, name: str = "list.csv", encoding: str = "utf-8", **options: Any
) -> list[Entry]:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return list(read_list(ListSource(path, **options)))


def column(tmp_path: Path, name: str, *cells: str) -> list[Entry]:
    rows = "".join(f"{balanced(k)},{cell}\n" for k, cell in enumerate(cells))
    return entries(tmp_path, f"hash,{name}\n{rows}")


# -- deletion ----------------------------------------------------------------------------------------------

LANGUAGES = {
    "de": ("Hashwert", "Gelöscht", "ja", "nein"),
    "fr": ("Empreinte", "Supprimé", "oui", "non"),
    "es": ("Huella", "Eliminado", "Sí", "No"),
    "pt": ("hash", "Excluído", "sim", "não"),
    "it": ("impronta", "cancellato", "sì", "no"),
    "nl": ("hashwaarde", "verwijderd", "ja", "nee"),
    "sv": ("kontrollsumma", "raderad", "ja", "nej"),
    "da": ("hash", "slettet", "ja", "nej"),
    "fi": ("tarkiste", "poistettu", "kyllä", "ei"),
    "pl": ("skrót", "usunięte", "tak", "nie"),
    "cs": ("otisk", "smazáno", "ano", "ne"),
    "hu": ("hash", "törölt", "igen", "nem"),
    "tr": ("hash", "silindi", "evet", "hayır"),
    "ru": ("хэш", "удалено", "да", "нет"),
    "el": ("hash", "διαγράφηκε", "ναι", "όχι"),
    "ar": ("hash", "محذوف", "نعم", "لا"),
    "ja": ("ハッシュ値", "削除済み", "はい", "いいえ"),
    "zh": ("哈希值", "已删除", "是", "否"),
    "ko": ("해시", "삭제됨", "예", "아니오"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_deleted_in_many_languages(language: str, tmp_path: Path) -> None:
    digest, deleted, yes, no = LANGUAGES[language]
    text = f"{digest};{deleted};Größe\n{ONE};{yes};1\n{TWO};{no};2\n"
    assert [entry.deleted for entry in entries(tmp_path, text)] == [True, False]


NAMES_OF_DELETION = (
    *("is_deleted", "deleted_at", "removed", "revoked", "withdrawn", "retracted", "disabled"),
    *("deletedAt", "DateDeleted", "soft_deleted", "expunged", "voided", "void", "cancelled", "canceled"),
    *("retired_at", "discarded", "erased", "trashed", "unlisted", "delisted", "inactive", "tombstone"),
    *(
        "purged_at",
        "obsolete",
        "storniert",
        "fjernet",
        "dado de baja",
        "odstraněno",
        "odstraneno",
    ),
)


@pytest.mark.parametrize("name", NAMES_OF_DELETION)
def test_a_name_of_deletion_is_understood(name: str, tmp_path: Path) -> None:
    found = column(tmp_path, name, "true", "false", "", "2024-05-06", "9999-12-31", "1900-01-01")
    assert [entry.deleted for entry in found] == [True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("added", "deleted"),
    [
        ("hinzufügen", "löschen"), ("hinzugefügt", "loeschen"), ("hinzugefuegt", "Löschung"), ("aktiv", "entfernen"),
        ("aktiv", "storniert"), ("ajouter", "supprimer"), ("añadir", "eliminar"), ("active", "удалить"),
    ],
)  # fmt: skip
def test_what_is_done_is_understood_as_what_was_done(added: str, deleted: str, tmp_path: Path) -> None:
    assert [entry.deleted for entry in column(tmp_path, "aktion", added, deleted)] == [False, True]


NAMES_NOT_UNDERSTOOD = (
    *("suspended", "archived", "is_archived", "redacted", "takedown_date", "deprecated", "superseded"),
    *("suppressed", "quarantined", "excluded", "ignored", "dismissed", "overturned", "do_not_use"),
    *("dont_match", "no_match", "deleted_by", "removal_reason", "end_date", "unpublished"),
    *("no_longer_used", "Loeschdatum", "zurueckgezogen_am"),
)


@pytest.mark.parametrize("name", NAMES_NOT_UNDERSTOOD)
def test_a_name_that_may_speak_of_deletion_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="speaks of deletion or opinion, is not understood"):
        column(tmp_path, name, "true", "true")
    path = tmp_path / "list.csv"
    assert len(load_list(ListSource(path, ignore=[name]))) == 2


def test_names_beside_them_stay_free() -> None:
    """Words that hold a stem and mean nothing of the kind."""
    for name in (
        "archive_url",
        "avoidance",
        "deadline",
        "exclusive",
        "dropbox_path",
        "skipper",
        "polygone",
        "source",
    ):
        assert named_column(name).meaning == "extra", name


@pytest.mark.parametrize("column_name", ["action", "op", "event_type", "change", "record_action"])
def test_letters_for_what_is_to_be_done(column_name: str, tmp_path: Path) -> None:
    found = column(tmp_path, column_name, "A", "D", "U", "I", "del", "+")
    assert [entry.deleted for entry in found] == [False, True, False, False, True, False]
    with pytest.raises(ListError, match=r"'-' .* is not understood"):
        column(tmp_path, column_name, "-", "+")


STATES = ("HashDeleted", "signal_removed", "deleted by admin", "no longer listed", *sorted(DOUBTFUL))


def test_a_state_that_is_not_understood_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "hash,status\n" + "".join(f"{balanced(k)},{s}\n" for k, s in enumerate(("active", *STATES)))
    )
    rejects: list[Reject] = []
    with pytest.raises(ListError, match="records were rejected"):
        list(read_list(path, on_reject=rejects.append))
    assert len(rejects) == len(STATES)


@pytest.mark.parametrize("cell", ["resolved", "open", "done", "uploaded", "draft", "1", "ok"])
def test_a_state_of_something_else_is_kept_as_it_came(cell: str, tmp_path: Path) -> None:
    assert column(tmp_path, "status", cell, cell)[0].extra == {"status": cell}


# -- opinion -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["category", "class", "verdict", "Kategorie", "threat_level", "feedback", "reaction"]
)
def test_every_word_of_an_opinion(name: str, tmp_path: Path) -> None:
    words = sorted(OPINIONS)
    # So that a column of many meanings counts from its first row on.
    found = column(tmp_path, name, "false positive", *words)
    assert [entry.category for entry in found] == ["negative", *(OPINIONS[word] for word in words)]


def test_a_label_that_is_an_opinion(tmp_path: Path) -> None:
    expected = [OPINION_LABELS[label] for label in OPINION_LABELS]
    for labels in ([*OPINION_LABELS], [label.replace(" ", "_").upper() for label in OPINION_LABELS]):
        found = column(tmp_path, "label", *labels)
        assert [(entry.category, entry.labels) for entry in found] == [(each, ()) for each in expected]
    found = column(tmp_path, "tags", *(f'"graphic_suicide;{label}"' for label in OPINION_LABELS))
    assert [(entry.category, entry.labels) for entry in found] == [
        (each, ("graphic_suicide",)) for each in expected
    ]


def test_an_unknown_column_that_speaks_for_itself_is_refused(tmp_path: Path) -> None:
    """Cell by cell a reject: in a table with a header, and behind the digests of a list of lines."""
    cells = [
        cell
        for said in sorted(UNMISTAKABLE)
        for cell in (said, f"[{said}]", f"// {said.upper()}", f"{said} by its owner", f"{said}: 3")
    ]
    rows = [(balanced(k), cell) for k, cell in enumerate(cells)]
    for text in (
        f"hash,remark\n{balanced(-1)},x\n" + "".join(f"{digest},{cell}\n" for digest, cell in rows),
        f"{balanced(-1)} a\n" + "".join(f"{digest} {cell}\n" for digest, cell in rows),
    ):
        path = tmp_path / "list.csv"
        path.write_text(text)
        rejects: list[Reject] = []
        with pytest.raises(ListError, match="records were rejected"):
            list(read_list(path, on_reject=rejects.append))
        assert len(rejects) == len(cells)
        assert all("deletion or opinion" in reject.reason for reject in rejects)


@pytest.mark.parametrize(
    "said", ["deleted scene.jpg", "benignity", "a deleted scene", "undeleted.png", "safe.jpg"]
)
def test_a_word_within_others_is_none(said: str, tmp_path: Path) -> None:
    assert column(tmp_path, "file name", said)[0].extra == {"file name": said}


@pytest.mark.parametrize(
    "cells",
    [
        ("negative", "positive"),
        ("whitelist", "blacklist"),
        ("removed", "live"),
    ],
)
def test_an_unknown_column_of_such_words_is_refused(cells: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ListError, match="may speak of deletion or opinion, is not understood"):
        column(tmp_path, "feed", *cells)
    with pytest.raises(ListError, match="may speak of deletion or opinion, is not understood"):
        entries(tmp_path, "".join(f"{balanced(k)},{cell}\n" for k, cell in enumerate(cells)))
    path = tmp_path / "list.csv"
    assert len(load_list(ListSource(path, ignore=["column2"]))) == len(cells)


@pytest.mark.parametrize(
    ("name", "cells"), [("x", "ja nein"), ("Ñandú", "true false"), ("", "true false"), ("", "yes no")]
)
def test_yes_and_no_under_a_name_that_nobody_knows(name: str, cells: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="is not understood"):
        if name:
            column(tmp_path, name, *cells.split())
        else:
            entries(tmp_path, "".join(f"{balanced(k)},{cell}\n" for k, cell in enumerate(cells.split())))


def test_yes_and_no_under_an_ordinary_name(tmp_path: Path) -> None:
    assert [entry.extra for entry in column(tmp_path, "has_exif", "true", "false")] == [
        {"has_exif": "true"},
        {"has_exif": "false"},
    ]


# -- types -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", [SHORT[0], MD5[0], MD5[0] + "01234567", ONE], ids=len)
def test_a_foreign_type_is_never_read_by_its_digits(digest: str, tmp_path: Path) -> None:
    header = ",".join(FOREIGN)
    for text in (
        f"{header}\n{','.join([digest] * len(FOREIGN))}\n",
        "hash,type\n" + "".join(f"{digest},{name}\n" for name in FOREIGN),
        "".join(f"{name}:{digest}\n" for name in FOREIGN),
    ):
        found = entries(tmp_path, text)
        assert [entry.hash.algorithm for entry in found if entry.hash is not None] == [*FOREIGN]


@pytest.mark.parametrize("name", ["kind", "Algorithmus", "fmt", "tool", "hash_algo_name", "descriptor"])
def test_a_column_of_types_is_known_by_what_it_holds(name: str, tmp_path: Path) -> None:
    found = entries(tmp_path, f"hash,{name}\n{SHORT[0]},dHash\n{SHORT[1]},phash\n")
    assert {entry.hash.algorithm for entry in found if entry.hash is not None} == {"dhash", Algorithm.PHASH}


@pytest.mark.parametrize("name", ["git_sha", "thumb_phash", "frame_md5", "foo64", "email_hash", "md5_video"])
def test_a_column_that_names_some_other_digest_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="the name does not say it for sure"):
        entries(tmp_path, f"{name},x\n{MD5[0]},1\n{MD5[1]},2\n")


@pytest.mark.parametrize("cell", ["frobnicate", "1", "unknown", "SHA-2567"])
def test_a_type_that_nobody_knows_is_a_reject(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"hash,type\n{MD5[0]},MD5\n{MD5[1]},{cell}\n")
    report = load_list(ListSource(path, max_rejects=1)).report
    assert (dict(report.entries), report.n_rejects) == ({"md5": 1}, 1)


@pytest.mark.parametrize(
    "day", ["2567-05-06", "2567-05-06T10:00:00Z", "06/05/2567", "1403/02/17", "1445-10-27", "5784-01-28"]
)
@pytest.mark.parametrize("column", ["deleted_at", "valid_until", "expires"])
def test_a_date_of_another_calendar_is_not_understood(column: str, day: str, tmp_path: Path) -> None:
    """2567 is 2024 in Thailand: an entry deleted then would be live, and one valid until 1450 (2071) would be lost."""
    path = tmp_path / "list.csv"
    path.write_text(
        f"md5,{column}\n{'9e107d9d372bb6826bd81d3542a419d6'},{day}\n{'e4d909c290d0fb1ca068ffaddf22cbd0'},\n"
    )
    loaded = load_list(ListSource(path, max_rejects=1))
    assert (len(loaded), loaded.report.n_deletes, loaded.report.n_rejects) == (1, 0, 1)


@pytest.mark.parametrize(
    "day", ["2099-12-31", "2199-01-01", "2999-12-31", "9999-12-31", "9999-12-31T23:59:59Z"]
)
def test_a_date_that_never_comes_is_to_come(day: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"md5,valid_until\n{'9e107d9d372bb6826bd81d3542a419d6'},{day}\n")
    assert len(load_list(path)) == 1
