"""No command writes over what it reads: every output against every input, by whatever name the file is given."""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from safehash.cli import main
from safehash.cli.arguments import PathText, UpdatePath, WritePath
from safehash.cli.guard import refuse_overwriting
from safehash.cli.parser import make_parser, parsers_below
from safehash.errors import SafehashError
from safehash.matching.pairs import write_pairs
from stores import command, environment, write_list, write_pictures

#: Every command that reads one file and writes another: what it reads stands in braces, what it writes is "OUT".
COMMANDS = {
    "scan": "scan {folder} {picture} --list {list} --allow {allow} --files-from {names} --workers 0 -o OUT",
    "scan index": "scan {folder} --index {index} --workers 0 --catalog {catalog} -o OUT",
    "scan into a catalog": "scan {picture} --list {list} --workers 0 --catalog OUT",
    "rematch": "rematch {catalog} --list {list} --allow {allow} -o OUT",
    "export": "catalog export {catalog} -o OUT",
    "report": "report {catalog} -o OUT",
    "review export": "review export {catalog} --to pairs -o OUT",
    "scan with pairs": "scan {picture} --list {list} --allow-pairs {pairs} --workers 0 -o OUT",
    "index build": "index build {list} --allow {allow} -o OUT",
    "lists merge": "lists merge {list} {allow} -o OUT",
    "lists convert": "lists convert {list} --to jsonl -o OUT",
    "lists add": "lists add {picture} -o OUT",
    "serve": "serve --list {list} --allow {allow} --check --state OUT",
    "evaluate": "evaluate {folder} --list {list} --min-images 2 --page OUT",
    "evaluate json": "evaluate {folder} --list {list} --min-images 2 --json OUT",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    here = tmp_path_factory.mktemp("kept")
    pictures = write_pictures(here / "pictures", 3)
    places = {
        "folder": here / "pictures", "picture": pictures[0], "list": write_list(here / "own.csv", pictures[1]),
        "allow": write_list(here / "ok.csv", pictures[2]), "index": here / "lists.safehash", "catalog": here / "c.db",
        "names": here / "names", "pairs": here / "pairs.jsonl",
    }  # fmt: skip
    write_pairs(places["pairs"], [])
    places["names"].write_text(f"{pictures[1]}\n")
    assert main(["index", "build", str(places["list"]), "-o", str(places["index"])]) == 0
    scan = ["scan", str(here / "pictures"), "--list", str(places["list"]), "--workers", "0", "-q"]
    assert main([*scan, "--catalog", str(here / "c.db"), "-o", str(here / "r.jsonl")]) == 1
    return places


@pytest.fixture
def places(kept: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """Return a copy of everything, to be spoilt."""
    root = kept["folder"].parent
    shutil.copytree(root, tmp_path / "here")
    return {name: tmp_path / "here" / path.relative_to(root) for name, path in kept.items()}


def pairs() -> Iterator[tuple[str, str]]:
    for name, line in COMMANDS.items():
        for role in ("folder", "picture", "list", "allow", "index", "catalog", "names", "pairs"):
            if "{" + role + "}" in line and role != "folder":
                yield name, role


def spellings(path: Path, folder: Path) -> list[str]:
    (folder / "link").symlink_to(path.parent)
    (folder / "twin").hardlink_to(path)
    return [
        str(path),
        os.path.relpath(path),
        str(path.parent / ".." / path.parent.name / path.name),
        str(folder / "link" / path.name),
        str(folder / "twin"),
    ]


@pytest.mark.parametrize(("name", "role"), list(pairs()), ids=lambda value: str(value).replace(" ", "_"))
def test_an_input_is_not_written_over(
    places: dict[str, Path], name: str, role: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = places[role].read_bytes()
    ways = spellings(places[role], tmp_path)
    assert len(set(ways)) == 5
    for spelling in ways:
        words = [word.format(**places) for word in COMMANDS[name].split()]
        assert main([spelling if word == "OUT" else word for word in words]) == 2
        said = capsys.readouterr().err
        assert "name another file" in said, said
        assert places[role].read_bytes() == before


def test_what_stands_beside_an_input_is_not_written_over(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A catalog's newest rows stand in its -wal; a list's last good state takes its place when it is spoilt."""
    catalog, listed = places["catalog"], places["list"]
    for name, path, endings in (
        ("export", catalog, ("-wal", "-shm", "-journal", ".lock")),
        ("report", catalog, ("-wal",)),
        ("scan", catalog, ("-wal",)),  # whatever the command reads
        ("scan", listed, (".last-good", ".sig")),
        ("lists convert", listed, (".last-good", ".sig")),
    ):
        for ending in endings:
            beside = path.with_name(path.name + ending)
            beside.unlink(missing_ok=True)
            for made in (False, True):
                if made:
                    beside.write_bytes(b"rows")
                words = [word.format(**places) for word in COMMANDS[name].split()]
                assert main([str(beside) if word == "OUT" else word for word in words]) == 2
                assert "name another file" in capsys.readouterr().err
                assert beside.exists() == made
            twin = tmp_path / f"{name}{ending}.twin"
            twin.hardlink_to(beside)
            if name != "scan" or path == listed:
                assert main([str(twin) if word == "OUT" else word for word in words]) == 2
            assert beside.read_bytes() == b"rows"
            beside.unlink()


def leaves() -> dict[str, list[argparse.Action]]:
    """Return the options and arguments of each command that are files."""
    return {
        parser.prog: [
            action
            for action in parser._actions
            if isinstance(action.type, type) and issubclass(action.type, PathText)
        ]
        for parser in parsers_below(make_parser())
    }


@pytest.mark.parametrize(("name", "actions"), leaves().items(), ids=lambda value: str(value)[:30])
def test_of_every_two_files_of_every_command_none_is_written_over(
    name: str, actions: list[argparse.Action], tmp_path: Path
) -> None:
    """Keys, configurations, verdicts, tokens, lists: whatever a parser takes, and whatever comes to it later."""
    file, twin = tmp_path / "file", tmp_path / "twin"
    file.write_text("words")
    twin.hardlink_to(file)
    for out, other in itertools.permutations(actions, 2):
        (kind, other_kind) = (out.type, other.type)
        assert isinstance(kind, type)
        assert isinstance(other_kind, type)
        if not issubclass(kind, (WritePath, UpdatePath)) or other.dest == out.dest:
            continue
        for two in (file, twin):
            given = argparse.Namespace(**{out.dest: kind(str(file)), other.dest: [other_kind(str(two))]})
            with pytest.raises(SafehashError, match="name another"):
                refuse_overwriting(given)


def test_every_option_that_names_a_file_says_what_becomes_of_it() -> None:
    n_files = 0
    for parser in parsers_below(make_parser()):
        for action in parser._actions:
            named = {"FILE", "FOLDER", "LIST", "CATALOG", "PATH", "VERDICTS", "IMAGE", "OLD", "NEW"}
            if action.metavar in named and parser.prog != "safehash catalog relocate":
                n_files += 1
                assert isinstance(action.type, type), f"{parser.prog} {action.dest}"
                assert issubclass(action.type, PathText), f"{parser.prog} {action.dest}"
    assert n_files > 30


def test_commands_work_where_nothing_clashes(places: dict[str, Path], tmp_path: Path) -> None:
    """What the test above refuses is refused for the clash, and not for something else."""
    for name, line in COMMANDS.items():
        out = str(tmp_path / f"{name}.jsonl")
        assert main([out if word == "OUT" else word.format(**places) for word in line.split()]) in (0, 1), (
            name
        )


def test_a_new_file_given_twice_is_refused(places: dict[str, Path], tmp_path: Path) -> None:
    out, folder = str(tmp_path / "new"), str(places["folder"])
    assert main(["evaluate", folder, "--min-images", "2", "--page", out, "--json", out]) == 2
    scan = ["scan", folder, "--list", str(places["list"]), "--workers", "0"]
    assert main([*scan, "-o", out, "--catalog", str(tmp_path / "." / "new")]) == 2
    for ending in ("-wal", ".lock"):
        assert main([*scan, "--catalog", out, "-o", out + ending]) == 2
    assert not any(path.name.startswith("new") for path in tmp_path.iterdir())


def test_pictures_and_databases_are_not_replaced(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files named in a stream, or found in a folder, are no arguments: what they hold tells."""
    scan = ["scan", str(places["folder"]), "--list", str(places["list"]), "--workers", "0", "-o"]
    for path, what in ((places["picture"], "a picture (PNG)"), (places["catalog"], "a database")):
        before = path.read_bytes()
        assert main([*scan, str(path)]) == 2
        assert f"holds {what}" in capsys.readouterr().err
        assert path.read_bytes() == before


def test_what_somebody_keeps_is_replaced_by_its_like_alone(
    places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key, a list, a snapshot, verdicts: none is an argument here, and none is made again by a scan."""
    listed = tmp_path / "listed.jsonl"
    assert main(["lists", "convert", str(places["list"]), "-o", str(listed)]) == 0
    kept = {
        "a key or a certificate": b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\n-----END PRIVATE KEY-----\n",
        "verdicts of a reviewer": b'{"kind": "safehash verdicts", "version": 1, "verdicts": 0}\n',
        "a hash list": listed.read_bytes(),
        "a snapshot of lists": places["index"].read_bytes(),
    }
    may = {"lists merge": "a hash list", "lists convert": "a hash list", "index build": "a snapshot of lists"}
    opinions = "review export {catalog} --to list --owner me -o OUT"
    may["review export as a list"] = "a hash list"
    for name, line in (*COMMANDS.items(), ("review export as a list", opinions)):
        if name == "lists add":  # which reads what it adds to
            continue
        for what, held in kept.items():
            out = tmp_path / "out"
            out.write_bytes(held)
            words = [str(out) if word == "OUT" else word.format(**places) for word in line.split()]
            code = main(words)
            said = capsys.readouterr().err
            if may.get(name) == what:
                assert code == 0, said
            else:
                assert code == 2, (name, what, said)
                assert out.read_bytes() == held
                # What is updated in place is refused when it is opened: it is no database.
                assert f"holds {what}" in said or "--catalog" in words or "--state" in words, said


@pytest.mark.parametrize("words", ["scan x --list y -o -", "report c.db -o -", "scan x --list y --catalog -"])
def test_a_dash_is_no_file(words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Most commands of a shell take it for standard output: a file by that name is what nobody means."""
    assert main(words.split()) == 2
    assert "/dev/stdout is standard output, ./- a file called so" in capsys.readouterr().err
    assert not Path("-").exists()


@pytest.mark.parametrize("held", [b"", b"<svg/>", bytes(900)], ids=["nothing", "another format", "damage"])
def test_what_is_named_as_a_picture_is_not_replaced(
    places: dict[str, Path], tmp_path: Path, held: bytes
) -> None:
    """A scan of its folder decides such a file; a name that no file has yet is free to take."""
    path = tmp_path / "pictures" / "odd.jpg"
    path.parent.mkdir()
    scan = [
        "scan",
        str(path.parent),
        "--list",
        str(places["list"]),
        "--workers",
        "0",
        "--allow-empty",
        "-o",
        str(path),
    ]
    path.write_bytes(held)
    assert main(scan) == 2
    assert path.read_bytes() == held
    path.unlink()
    assert main(scan) == 0


def test_a_folder_of_pages_is_not_written_into(places: dict[str, Path], tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    shutil.copy(places["list"], pages / "1.csv")
    assert main(["lists", "merge", str(pages), "-o", str(pages / "all.jsonl")]) == 2
    assert [path.name for path in pages.iterdir()] == ["1.csv"]


def test_standard_input_is_an_input(places: dict[str, Path]) -> None:
    """Regression: a file of names was replaced by the records of what it named."""
    names = places["names"]
    scan = ("scan", "--list", places["list"], "--workers", "0", "--files-from", "-")
    before = names.read_bytes()
    for output in ("-o", "--catalog"):
        with names.open("rb") as given:
            done = subprocess.run(
                command(*scan, output, names),
                stdin=given,
                capture_output=True,
                env=environment(),
                check=False,
            )
        assert (done.returncode, b"name another file" in done.stderr) == (2, True)
        assert names.read_bytes() == before


def test_standard_output_into_an_output_is_refused(places: dict[str, Path], tmp_path: Path) -> None:
    """Replaced whole, it would have none of what is written there; `/dev/stdout` is that itself."""
    export = ("catalog", "export", places["catalog"])
    (tmp_path / "records").touch()
    outputs: list[tuple[str | Path, int]] = [(tmp_path / "records", 2), ("/dev/stdout", 0)]
    for output, code in outputs:
        with (tmp_path / "records").open("wb") as out:
            done = subprocess.run(
                command(*export, "-o", output),
                stdout=out, stderr=subprocess.PIPE, env=environment(), check=False,
            )  # fmt: skip
        assert done.returncode == code
        assert (b"standard output goes into it" in done.stderr) == (code == 2)
    assert (tmp_path / "records").read_bytes().startswith(b'{"type"')


def test_standard_output_into_an_input_is_refused(places: dict[str, Path]) -> None:
    with places["list"].open("ab") as out:
        done = subprocess.run(
            command("scan", places["picture"], "--list", places["list"], "--workers", "0"),
            stdout=out, stderr=subprocess.PIPE, env=environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert b"standard output goes into it" in done.stderr


def test_an_archive_is_no_place_for_records(places: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(places["picture"], "a.png")
    before = (tmp_path / "a.zip").read_bytes()
    scan = [
        "scan",
        str(tmp_path),
        "--list",
        str(places["list"]),
        "--workers",
        "0",
        "-o",
        str(tmp_path / "a.zip"),
    ]
    assert main(scan) == 2
    assert (tmp_path / "a.zip").read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="numbers of files that are open, as POSIX names them")
@pytest.mark.parametrize("name", ["export", "rematch", "scan into a catalog"])
def test_a_number_that_nothing_is_open_by_is_refused(
    name: str, places: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It came to be that of the catalog, into which the records went."""
    free = os.open(tmp_path, os.O_RDONLY)
    os.close(free)
    line = COMMANDS[name].removesuffix(" -o OUT").replace("OUT", "{catalog}")
    words = [word.format(**places) for word in line.split()]
    before = places["catalog"].read_bytes()
    for number in range(free, free + 3):
        assert main([*words, "-o", f"/dev/fd/{number}"]) == 2
        assert f"/dev/fd/{number}: cannot be written: it is not open for writing" in capsys.readouterr().err
    assert places["catalog"].read_bytes() == before
