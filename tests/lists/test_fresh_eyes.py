"""Lists that were written down by known truths, most of which were live in silence: columns, notes, tables beside."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from safehash import ListError, ListSource, load_list

M = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}" for k in range(1, 21)]


def outcome(path: Path) -> str:
    """Return what becomes of the second digest of a list: gone, noted, live; "lost" where others are not live."""
    loaded = load_list(ListSource(path, max_rejects=1.0))
    live = {entry.hash.hex for entry in loaded.table if entry.category == "positive"}  # type: ignore[union-attr]
    if not {M[0], *M[2:]} <= live:
        return "lost"
    return "gone" if M[1] not in live else "noted" if loaded.report.notes else "live"


#: Of one row of twenty; the others are blank.
NOTES = (
    "gelöscht am 3.4.2024|supprimé le 3 mai|borrado: lo pidió el dueño|ne plus utiliser|à supprimer|ya no aplica"
    "|niet meer gebruiken|entfällt|please disregard|not actually self-harm|no longer applies|FP - stock photo"
    "|fp confirmed|FP: logo|nicht mehr gültig|bitte ignorieren|par erreur|por error|per errore|per vergissing"
    "|av misstag|не использовать|struck out|durchgestrichen|superseded by|取り下げ済み"
)
#: What honest lists have there.
SAYING_NOTHING = (
    "no longer online|found in March|Nicht jugendfrei|please see ticket 5|actually two images|ne pas montrer"
    "|no usada antes|zu prüfen|I can't do this no more|per sempre|Struck by lightning|fp_001.jpg|fp-1.jpg"
)


@pytest.mark.parametrize("said", NOTES.split("|"))
def test_a_note_that_takes_back(said: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "md5,status\n" + "".join(f"{each},{said if k == 1 else ''}\n" for k, each in enumerate(M))
    )
    assert outcome(path) in ("gone", "noted")
    if said in ("struck out", "durchgestrichen", "取り下げ済み"):
        return  # words of a column of states alone
    path.write_text(
        "md5,remark\n" + "".join(f"{each},{said if k == 1 else ''}\n" for k, each in enumerate(M))
    )
    assert outcome(path) == "gone"
    path.write_text(
        json.dumps([{"md5": each, "a": {"b": said if k == 1 else ""}} for k, each in enumerate(M)])
    )
    assert outcome(path) == "gone"


@pytest.mark.parametrize("said", SAYING_NOTHING.split("|"))
def test_a_note_that_does_not(said: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "md5,remark\n" + "".join(f"{each},{said if k == 1 else ''}\n" for k, each in enumerate(M))
    )
    assert outcome(path) == "live"


COLUMNS = [
    ("Statut du signalement", "Retiré à la demande", "Actif", "gone"), ("ステータス", "取り下げ", "有効", "gone"),
    ("Situação", "Excluído pelo dono", "Ativo", "gone"), ("prediction", "safe", "unsafe", "lost"),
    ("enforcement", "lifted", "active", "noted"), ("qa", "fail", "pass", "noted"), ("human_label", "0", "1", "lost"),
    ("gold", "no", "yes", "lost"), ("risk", "none", "high", "noted"), ("risk_level", "0", "3", "noted"),
    ("tier", "none", "1", "noted"), ("check", "☐", "☑", "lost"), ("voting", "down", "up", "noted"),
    ("vote_count", "-3", "4", "noted"), ("moderation_action", "reinstated", "removed", "lost"),
    ("moderation_notes", "seen", "seen too", "live"), ("grade", "0", "3", "noted"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "others", "expected"), COLUMNS)
def test_a_column(name: str, said: str, others: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        f"md5,{name}\n" + "".join(f"{each},{said if k == 1 else others}\n" for k, each in enumerate(M))
    )
    if expected == "lost":
        with pytest.raises(ListError):
            load_list(path)
    else:
        assert outcome(path) == expected


@pytest.mark.parametrize("name", ["archive", "old", "control", "errors"])
def test_an_array_of_a_name_that_titles_take_back_with(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"add": [{"md5": M[0]}], name: [{"md5": M[1]}]}))
    with pytest.raises(ListError, match=f"what the array '{name}' says of the digests in it is not known"):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=[name]))) == 2


BESIDE = {
    "CREATE TABLE x (item INT REFERENCES hashes(id), v TEXT)|benign": "table 'x' says v 'benign' of records",
    "CREATE TABLE x (n INT, item INT, v TEXT, FOREIGN KEY (item) REFERENCES hashes (id))|1, 'benign": "by 'item'",
    "CREATE TABLE x (item INT REFERENCES others(id), v TEXT)|benign": "and of which records of table 'hashes' is not",
    "CREATE TABLE tags (id INT, name TEXT)|false positive": "and of which records of table 'hashes' is not known",
    "CREATE TABLE tags (id INT, name TEXT)|self harm": "",
    "CREATE TABLE x (hash_id INT, v BLOB)|zeroblob": "cannot be read .*ignore=.'x'. sets the table aside",
    "CREATE TABLE x (n INT, v BLOB)|zeroblob": "",
}


@pytest.mark.parametrize("tables", BESIDE)
def test_tables_beside_the_digests(tables: str, tmp_path: Path) -> None:
    path = tmp_path / "list.db"
    definition, _, said = tables.partition("|")
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE hashes (id INTEGER PRIMARY KEY, md5 TEXT)")
        database.executemany("INSERT INTO hashes VALUES (?, ?)", enumerate(M))
        database.execute(definition)
        name = definition.split()[2]
        value = "zeroblob(1500000)" if said == "zeroblob" else f"{said}'" if "'" in said else f"'{said}'"
        database.execute(f"INSERT INTO {name} VALUES (1, {value})")
        database.commit()
    words = BESIDE[tables]
    if not words or words.startswith("and"):
        loaded = load_list(path)
        assert len(loaded) == 20
        assert [words in note for note in loaded.report.notes] == [True] * bool(words)
    else:
        with pytest.raises(ListError, match=words):
            load_list(path)
        assert len(load_list(ListSource(path, ignore=[name]))) == 20
