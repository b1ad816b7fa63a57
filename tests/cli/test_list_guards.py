"""Guards against lists that must not be used, at every command that takes lists: refused until the switch is given."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from list_samples import BRIDGE, FIRST
from safehash.cli import main
from safehash.cli.arguments import ListText
from safehash.cli.parser import make_parser, parsers_below

MD5 = "9e107d9d372bb6826bd81d3542a419d6"


def balanced(k: int) -> str:
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


#: What each guard refuses, and what is passed to use it all the same.
GUARDS: dict[str, tuple[str, str, list[str]]] = {
    "rejects": (
        "list.txt",
        "".join(f"{balanced(k)}\n" for k in range(20)) + "bad\nbad\n",
        ["--max-rejects", "0.2"],
    ),
    "a cut": (
        "own.jsonl",
        '{"safehash": 1, "kind": "list"}\n' + json.dumps({"algorithm": "pdq", "hash": FIRST}) + "\n",
        ["--allow-cut"],
    ),
    "another type": (
        "list.txt",
        "".join(f"{random.Random(k).randbytes(32).hex()}\n" for k in range(40)),
        ["--algorithm", "pdq"],
    ),
    "another notation": (
        "list.csv",
        "phash,id\n1234567890123456,1\n9876543210987654,2\n",
        ["--notation", "hex"],
    ),
    "a column": (
        "list.csv",
        f"parent_hash,own_hash\n{MD5},{FIRST}\n{MD5[::-1]},{BRIDGE}\n",
        ["--columns", "pdq=own_hash"],
    ),
    "a deletion": ("list.csv", f"pdq,deleted\n{FIRST},perhaps\n{BRIDGE},no\n", ["--ignore", "deleted"]),
}


def _scan(path: Path, folder: Path) -> list[str]:
    return ["scan", str(folder / "nothing"), "--workers", "0", "--list", str(path)]


_LITTLE = [
    *(
        "--min-images",
        "2",
        "--max-images",
        "2",
        "--list-size",
        "10",
        "--family",
        "orientation",
        "--effort",
        "fast",
    ),
]

#: Every command that reads lists, with one.
COMMANDS: dict[str, Callable[[Path, Path], list[str]]] = {
    "lists check": lambda path, folder: ["lists", "check", str(path)],
    "lists merge": lambda path, folder: ["lists", "merge", str(path), "-o", str(path.with_name("merged.jsonl"))],
    "lists convert": lambda path, folder: ["lists", "convert", str(path), "-o", str(path.with_name("other.jsonl"))],
    "lists diff": lambda path, folder: ["lists", "diff", str(path), str(path)],
    "lists stats": lambda path, folder: ["lists", "stats", str(path)],
    "lists sign": lambda path, folder: ["lists", "sign", str(path), "--key", str(folder / "key.pem")],
    "index build": lambda path, folder: ["index", "build", str(path), "-o", str(path.with_suffix(".safehash"))],
    "index build, allowed": lambda path, folder: [
        *("index", "build", str(folder / "good.csv"), "--allow", str(path), "-o", str(path.with_suffix(".safehash"))),
    ],
    "scan": lambda path, folder: [*_scan(path, folder), "--no-last-good"],
    "scan, allowed": lambda path, folder: [
        *_scan(folder / "good.csv", folder), "--allow", str(path), "--no-last-good"
    ],
    "serve": lambda path, folder: ["serve", "--list", str(path), "--check", "--no-last-good"],
    "rematch": lambda path, folder: [
        *("rematch", str(folder / "scan.db"), "--list", str(path), "--no-last-good")
    ],
    "explain": lambda path, folder: [
        *("explain", str(folder / "photos" / "photo.jpg"), "--list", str(path), "--no-last-good")
    ],
    "doctor": lambda path, folder: ["doctor", "--list", str(path)],
    "evaluate": lambda path, folder: ["evaluate", str(folder / "photos"), "--list", str(path), *_LITTLE],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, examples_folder: Path) -> Path:
    made = tmp_path_factory.mktemp("guards")
    (made / "nothing").mkdir()
    (made / "photos").symlink_to(examples_folder / "photos")
    shutil.copy(examples_folder / "scan.db", made)
    (made / "good.csv").write_text(f"pdq,own_hash\n{balanced(99)},{balanced(98)}\n")
    key = Ed25519PrivateKey.generate()
    (made / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_refuses_and_is_told_otherwise(
    command: str, guard: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, text, told = GUARDS[guard]
    path = tmp_path / name
    path.write_text(text)
    words = COMMANDS[command](path, folder)
    assert main(words) in (1, 2)
    said = "".join(capsys.readouterr())
    assert "refused: " in said and told[0] in said
    main([*words, *told])
    assert "refused: " not in "".join(capsys.readouterr())


#: Commands that go on from a list's last good state, which they keep beside it; those that compare with a snapshot
#: whose place they take; and those that know no older state.
KEEPING = ("scan", "scan, allowed", "serve", "rematch", "explain")
REPLACING = ("index build", "index build, allowed")
KNOWING_NONE = tuple(name for name in COMMANDS if name not in (*KEEPING, *REPLACING))


def written(path: Path, n: int) -> None:
    path.write_text("".join(f"{balanced(k)}\n" for k in range(n)))


def said_by(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(words)
    return code, "".join(capsys.readouterr())


@pytest.mark.parametrize("command", [*KEEPING, *REPLACING])
def test_a_list_that_lost_half_is_refused_until_max_shrink_allows_it(
    command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.txt"
    words = [word for word in COMMANDS[command](path, folder) if word != "--no-last-good"]
    written(path, 20)
    code, said = said_by(words, capsys)
    assert "refused: " not in said
    written(path, 10)
    refused, said = said_by(words, capsys)
    assert "refused: 10 of its 20 entries are gone" in said and "--max-shrink" in said
    assert refused == (code if command in KEEPING else 2)  # who keeps the last good state goes on from it
    assert "refused: " in said_by([*words, "--max-shrink", "0.49"], capsys)[1]
    allowed, said = said_by([*words, "--max-shrink", "0.5"], capsys)
    assert (allowed, "refused: " in said) == (code, False)


@pytest.mark.parametrize("command", KEEPING)
def test_a_refused_list_ends_a_command_only_with_no_last_good(
    command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.txt"
    words = [word for word in COMMANDS[command](path, folder) if word != "--no-last-good"]
    written(path, 20)
    code, said = said_by(words, capsys)
    assert "refused: " not in said
    path.write_text(path.read_text() + "bad\n" * 10)
    went_on, said = said_by(words, capsys)
    assert went_on == code
    assert "refused: 10 of 30 records were rejected" in said and "--no-last-good" in said
    ended, said = said_by([*words, "--no-last-good"], capsys)
    assert ended == 2 and "refused: 10 of 30 records were rejected" in said


@pytest.mark.parametrize("command", KNOWING_NONE)
def test_commands_that_know_no_older_state_take_the_switches_and_do_the_same(
    command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.txt"
    written(path, 20)
    words = COMMANDS[command](path, folder)
    code, said = said_by(words, capsys)
    assert "refused: " not in said
    written(path, 10)
    again, said = said_by([*words, "--max-shrink", "0", "--no-last-good"], capsys)
    assert (again, "refused: " in said) == (code, False)


def test_no_command_that_takes_lists_is_missing_here() -> None:
    named = {name.partition(",")[0] for name in COMMANDS}
    taking = {
        one.prog.removeprefix("safehash ")
        for one in parsers_below(make_parser())
        if any(action.type is ListText for action in one._actions)
    }
    assert taking - named <= set()
