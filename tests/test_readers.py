"""Every place where a command reads a file: a pipe is not waited for, and what never ends is not read to its end.

And every place in the code that opens one: through `files.py`, or in a table here that says why not.
"""

from __future__ import annotations

import ast
import os
import shlex
import socket
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import safehash
from safehash import ListError, ListSource, Matcher
from safehash.cli import main
from safehash.cli.arguments import ListText, LookPath, ReadPath, UpdatePath, WritePath
from safehash.cli.exits import CRASH, EXITS, OK
from safehash.cli.parser import make_parser, parsers_below
from safehash.matching.pairs import write_pairs
from safehash.matching.snapshot import write_snapshot
from stores import write_list, write_pictures
from test_files import COMMANDS as WRITING

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")

PACKAGE = Path(safehash.__file__).parent

_SCAN = "scan {picture} --workers 0 -q"
_SERVE = "serve --check"
#: Every argument that names a file to read, by command and name: a line in which IN stands for it.
READING = {
    "hash files": "hash IN",
    "scan paths": "scan IN --list {list} --workers 0 -q",
    "scan list": f"{_SCAN} --list IN",
    "scan index": f"{_SCAN} --index IN",
    "scan trusted": f"{_SCAN} --index {{index}} --trusted IN",
    "scan allow": f"{_SCAN} --list {{list}} --allow IN",
    "scan allow_pairs": f"{_SCAN} --list {{list}} --allow-pairs IN",
    "scan files_from": f"{_SCAN} --list {{list}} --files-from IN",
    "scan catalog": f"{_SCAN} --list {{list}} --catalog IN",
    "explain file": "explain IN --list {list}",
    "explain list": "explain {picture} --list IN",
    "explain index": "explain {picture} --index IN",
    "explain trusted": "explain {picture} --index {index} --trusted IN",
    "explain allow": "explain {picture} --list {list} --allow IN",
    "explain allow_pairs": "explain {picture} --list {list} --allow-pairs IN",
    "rematch catalog": "rematch IN --list {list}",
    "rematch list": "rematch {catalog} --list IN",
    "rematch index": "rematch {catalog} --index IN",
    "rematch trusted": "rematch {catalog} --index {index} --trusted IN",
    "rematch allow": "rematch {catalog} --list {list} --allow IN",
    "rematch allow_pairs": "rematch {catalog} --list {list} --allow-pairs IN",
    "catalog export catalog": "catalog export IN",
    "catalog stats catalog": "catalog stats IN",
    "catalog similar catalog": f"catalog similar IN {'00ff' * 16}",
    "catalog diff catalog": "catalog diff IN 1 2",
    "catalog relocate catalog": "catalog relocate IN old new",
    "catalog relocate new": "catalog relocate {catalog} old IN",
    "report catalog": "report IN -o {out}",
    "report folder": "report {catalog} -o {out} --folder IN",
    "report evaluation": "report {catalog} --compliance -o {out} --evaluation IN",
    "review apply verdicts": "review apply IN {catalog}",
    "review apply catalog": "review apply {verdicts} IN",
    "review stats catalog": "review stats IN",
    "review export catalog": "review export IN --to pairs -o {out}",
    "lists check lists": "lists check IN",
    "lists merge lists": "lists merge IN -o {out}",
    "lists convert list": "lists convert IN --to jsonl -o {out}",
    "lists diff old": "lists diff IN {list}",
    "lists diff new": "lists diff {list} IN",
    "lists stats lists": "lists stats IN",
    "lists sign lists": "lists sign IN --key {key}",
    "lists sign key": "lists sign {list} --key IN",
    "lists add images": "lists add IN -o {out}",
    "lists add output": "lists add {picture} -o IN",
    "index build lists": "index build IN -o {out}",
    "index build allow": "index build {list} --allow IN -o {out}",
    "index build sign": "index build {list} --sign IN -o {out}",
    "index info file": "index info IN",
    "index info trusted": "index info {index} --trusted IN",
    "match index": f"match --index IN {'00ff' * 16}",
    "match trusted": f"match --index {{index}} --trusted IN {'00ff' * 16}",
    "serve list": f"{_SERVE} --list IN",
    "serve index": f"{_SERVE} --index IN",
    "serve trusted": f"{_SERVE} --index {{index}} --trusted IN",
    "serve allow": f"{_SERVE} --list {{list}} --allow IN",
    "serve allow_pairs": f"{_SERVE} --list {{list}} --allow-pairs IN",
    "serve tokens": f"{_SERVE} --list {{list}} --tokens IN",
    "serve state": f"{_SERVE} --list {{list}} --state IN",
    "evaluate folder": "evaluate IN",
    "evaluate lists": "evaluate {folder} --min-images 2 --list IN",
    "bench files": "bench --seconds 0.001 --threads 1 IN",
    "doctor list": "doctor --list IN",
    "doctor verify": "doctor --verify IN",
    "all config": "hash {picture} --config IN",
}
#: Where a pipe is read, because that is how names come to us: until its writer closes it.
PIPES_ARE_READ = {"scan files_from"}
#: What only stands in the output, or names a place, and is not opened.
NOT_OPENED = {"catalog relocate new", "report folder"}
#: A file to add to is written, too: a pipe is refused by `test_files`, which does not wait for its other end.
WRITTEN = {"lists add output"}
#: Where 1 says that what was asked about is refused.
REFUSED_IS_1 = {"lists check lists"}


def arguments_that_name_files() -> dict[str, type]:
    found: dict[str, type] = {}
    for parser in parsers_below(make_parser()):
        name = parser.prog.removeprefix("safehash ")
        for action in parser._actions:
            kind = action.type
            if isinstance(kind, type) and issubclass(kind, (ReadPath, LookPath, ListText, UpdatePath)):
                found["all config" if action.dest == "config" else f"{name} {action.dest}"] = kind
    return found


def test_the_table_is_whole() -> None:
    """A new argument that names a file has its line."""
    assert set(READING) == set(arguments_that_name_files()) - {
        "serve unix"  # a socket that is made: test_serve
    }


def test_the_table_of_writers_is_whole() -> None:
    """A new option that names a file to write stands in the table of `test_files`."""
    lines = [words for words in WRITING.values() if isinstance(words, list)]
    assert len(lines) > 5
    for parser in parsers_below(make_parser()):
        name = parser.prog.removeprefix("safehash ").split()
        for action in parser._actions:
            if action.type is WritePath:
                assert any(
                    words[: len(name)] == name and words[words.index("{out}") - 1] in action.option_strings
                    for words in lines
                ), (name, action.dest)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    here = tmp_path_factory.mktemp("reading")
    pictures = write_pictures(here / "pictures", 3)
    listed = write_list(here / "own.csv", pictures[1])
    assert main(["index", "build", str(listed), "-o", str(here / "lists.safehash")]) == 0
    scan = ["scan", str(here / "pictures"), "--list", str(listed), "--workers", "0", "-q"]
    assert main([*scan, "--catalog", str(here / "c.db"), "-o", str(here / "r.jsonl")]) == 1
    write_pairs(here / "pairs.jsonl", [])
    (here / "verdicts").write_text('{"kind": "safehash verdicts", "version": 1, "verdicts": 0}\n')
    key = Ed25519PrivateKey.generate()
    (here / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {
        "key": str(here / "key.pem"),
        "verdicts": str(here / "verdicts"),
        "picture": str(pictures[0]), "folder": str(here / "pictures"), "list": str(listed),
        "index": str(here / "lists.safehash"), "catalog": str(here / "c.db"), "pairs": str(here / "pairs.jsonl"),
    }  # fmt: skip


#: One place of each reader, for what is rarer than a pipe.
SOME = ("hash files", "scan list", "scan index", "scan trusted", "scan allow_pairs", "scan catalog", "serve tokens",
        "serve state", "review apply verdicts", "report evaluation", "lists add images", "all config")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, "pipe") for name in sorted(set(READING) - PIPES_ARE_READ - NOT_OPENED - WRITTEN)]
    + [(name, kind) for name in SOME for kind in ("socket", "device", "link that leads nowhere")],
)
def test_what_is_no_file_is_neither_waited_for_nor_read(
    name: str,
    kind: str,
    kept: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "in"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        monkeypatch.chdir(tmp_path)  # a socket's name is short
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("in")
    elif kind == "device":
        place = Path("/dev/zero")
    else:
        place.symlink_to(tmp_path / "missing")
    names = {**kept, "out": str(tmp_path / "out")}
    line = [word.format(**names) for word in shlex.split(READING[name])]
    code = main([str(place) if word == "IN" else word for word in line])
    captured = capsys.readouterr()
    assert code in {each.code for each in EXITS} - {OK, CRASH} - ({1} - {name in REFUSED_IS_1}), captured
    assert "Traceback" not in captured.err
    assert ("special file" if name == "scan paths" else str(place)) in captured.err + captured.out
    assert not (tmp_path / "out").exists()


def test_a_pipe_of_names_is_read(kept: dict[str, str], tmp_path: Path) -> None:
    """`--files-from <(find ...)`: names come through pipes."""
    pipe = tmp_path / "names"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(f"{kept['picture']}\n"))
    writer.start()
    line = ["scan", "--workers", "0", "-q", "--list", kept["list"], "--files-from", str(pipe)]
    assert main([*line, "-o", str(tmp_path / "out")]) == OK
    writer.join(30)
    assert (tmp_path / "out").read_bytes().count(b'"type": "decision"') == 1


# -- lists --------------------------------------------------------------------------------------------------


def test_a_reload_does_not_wait_for_a_pipe(kept: dict[str, str], tmp_path: Path) -> None:
    listed = tmp_path / "own.csv"
    listed.write_bytes(Path(kept["list"]).read_bytes())
    matcher = Matcher.from_files(listed)
    listed.unlink()
    os.mkfifo(listed)
    assert not matcher.reload_if_changed()
    with pytest.raises(
        ListError, match=r"not a regular file \(a pipe, socket or device\): save it as a file"
    ):
        matcher.reload()
    assert len(matcher.lists) == 1


@pytest.mark.parametrize("format", ["csv", "zip"])
def test_a_list_that_changes_while_it_is_read_is_refused(
    format: str, kept: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows, maybe for ever, or is cut: neither what is there nor what was is the list."""
    listed = tmp_path / "own.csv"
    lines = Path(kept["list"]).read_text()
    pages: Any = import_module("safehash.lists.formats.pages")
    for change, said in ((lines, "grew beyond its"), ("", "bytes, and")):
        listed.write_text(lines)
        opened = pages.open_regular

        def then(path: Path, opened: Any = opened, change: str = change) -> object:
            context = opened(path)
            file = context.__enter__()

            class Given:
                def __enter__(self) -> object:
                    with listed.open("r+") as other:
                        if change:
                            other.seek(0, 2)
                            other.write(change)
                        else:
                            other.truncate(len(lines) // 2)
                    return file

                def __exit__(self, *error: object) -> None:
                    context.__exit__(*error)

            return Given()

        monkeypatch.setattr(pages, "open_regular", then)
        with pytest.raises(ListError, match=said):
            safehash.load_list(listed)
        monkeypatch.undo()


@pytest.mark.parametrize("kind", ["link", "link that leads nowhere", "pipe", "open to all", "folder"])
@pytest.mark.parametrize("ending", [".last-good", ".sig"])
def test_what_is_planted_beside_a_list(
    kind: str, ending: str, kept: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that nobody chose: a last good state, a signature."""
    listed = tmp_path / "own.csv"
    listed.write_bytes(Path(kept["list"]).read_bytes())
    victim, place = tmp_path / "victim", tmp_path / f"own.csv{ending}"
    victim.write_text("precious")
    if kind.startswith("link"):
        place.symlink_to(victim if kind == "link" else tmp_path / "missing")
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.write_text("safehash list signature, 1")
        place.chmod(0o666)
    before = place.lstat()
    if ending == ".sig":
        code = main(["lists", "sign", str(listed), "--key", kept["key"]])
        said = capsys.readouterr().err
    else:
        said = "\n".join(Matcher.from_files(ListSource(listed), last_good=True).notes)
        code = int("cannot be kept" in said) * 2
    assert victim.read_text() == "precious" and not (tmp_path / "missing").exists()
    if kind == "open to all":
        assert code == 0
        assert (place.stat().st_mode & 0o777, place.stat().st_ino != before.st_ino) == (0o600, True)
    else:
        assert code == 2 and ending in said
        assert place.lstat().st_mode == before.st_mode


# -- in the code --------------------------------------------------------------------------------------------

#: What opens a file or makes one, by the last part of its name in a call.
OPENERS = {
    "open", "connect", "fdopen", "FileIO", "ZipFile", "memmap", "fromfile", "mkstemp", "mkdtemp", "NamedTemporaryFile",
    "TemporaryFile", "TemporaryDirectory", "SpooledTemporaryFile", "read_text", "read_bytes", "write_text",
    "write_bytes", "touch", "mkfifo", "copyfile", "copy2", "move", "rename", "symlink", "hardlink_to",
    "symlink_to", "save", "savez", "tofile", "link", "mknod", "truncate", "mkdir", "makedirs", "unlink", "rmdir",
    "rmtree", "chmod", "fchmod", "chown", "bind", "ParquetWriter", "OSFile", "memory_map",
}  # fmt: skip
#: Likewise, by all of what is called: others are called so, too.
OPENERS_OF_OS = {
    "os.replace",
    "os.remove",
    "os.removedirs",
    "os.renames",
    "os.sendfile",
    "shutil.copy",
    "os.popen",
}
#: Calls of these that open no file of a user's, by the text of what is called, anywhere.
HARMLESS = {
    "Matcher.open", "kind.open", "cls.open", "zipfile.ZipFile", "archive.open", "opened.open", "tarfile.open",
    "self._blocks.touch", "matcher.save",
}  # fmt: skip
#: Every other one, and why it is not `files.py`'s.
OPENED = {
    "cli/output.py pq.ParquetWriter": "into the file that writing_whole made",
    "cli/scan.py open": "names of files to scan, which come through pipes, too",
    "cli/streams.py open": "the null device, in place of a stream that is closed",
    "cli/streams.py os.open": "likewise",
    "evaluation/manipulations.py changed.save": "into memory",
    "images/decoding.py pil.fromarray(pixels).save": "into memory",
    "lists/formats/sqlite.py sqlite3.connect": "for reading alone, after StoredFile has opened it as a regular file",
    "lists/in_turn.py os.open": "a folder, to lock it: what is none is not opened (O_DIRECTORY)",
    "reports/rendering.py folder.joinpath(template).read_text": "of the package",
    "reports/rendering.py folder.joinpath(file).read_text": "of the package",
    "scanning/confining.py Path('/proc/self/statm').read_text": "the system's",
    "scanning/confining.py os.open": "the null device",
    "scanning/databases.py os.chmod": "the database that was just made, before anything is in it",
    "scanning/databases.py os.open": "looks at a file that is to be ours, and makes it with O_EXCL",
    "scanning/databases.py os.fdopen": "the same descriptor",
    "scanning/databases.py sqlite3.connect": "what was looked at",
    "scanning/reading.py store.open": "of a remote store",
    "scanning/sealing.py os.open": "a place that a worker may still use, as a path alone (O_PATH)",
    "scanning/starting.py tempfile.mkdtemp": "a folder of our own for a socket, mode 0700",
    "scanning/sharing.py shutil.rmtree": "such a folder, when it is no longer needed",
    "scanning/sharing.py tempfile.mkdtemp": "a folder of our own, mode 0700, where there are no files without names",
    "scanning/sharing.py tempfile.TemporaryFile": "a file of our own without a name",
    "scanning/sharing.py Path(self._folder, _LOCK).open": "in that folder",
    "scanning/sharing.py Path(folder, _LOCK).open": "in such a folder, whose owner and mode were looked at",
    "scanning/store.py self._file.connect": "through scanning/databases.py",
    "scanning/store.py sqlite3.connect": "that lock, and a whole catalog on a disk that cannot be written",
    "scanning/watching.py os.open": "to see whether a file can be opened; without waiting, links not followed",
    "service/memory.py file.connect": "through scanning/databases.py",
    "service/memory.py sqlite3.connect": "a memory that is no file",
    "service/running.py Path(options.unix).unlink": "the socket that was made there, at the end",
    "service/running.py Path(path).unlink": "a socket that nobody listens to: what is none is refused",
    "service/running.py listener.bind": "a socket of our own: what is there already is an error of the system",
}
#: Every function that writes a file whole, and the line of `test_files` (or what is said here) that shows it.
WRITERS = {
    "cli/evaluate.py _write": "evaluate page",
    "cli/output.py Records.__init__": "scan",
    "cli/review.py _export": "review export",
    "cli/scan.py _outputs": "scan text",
    "lists/formats/writing.py replacing": "lists merge",
    "matching/list_signatures.py sign_list": "beside",  # a list: test_what_is_planted_beside_a_list
    "matching/pairs.py write_pairs": "write_pairs",
    "matching/snapshot.py write_snapshot": "index build",
    "reports/compliance.py compliance_record": "report compliance",
    "reports/report.py report": "report",
}


def calls() -> dict[str, set[str]]:
    """Return what is called in the package, "FILE CALLED" and the functions it is called in."""
    found: dict[str, set[str]] = {}

    def look(node: ast.AST, place: str, inside: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            within = inside
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                within = (*inside, child.name)
            if isinstance(child, ast.Call):
                found.setdefault(f"{place} {ast.unparse(child.func)}", set()).add(".".join(within))
            look(child, place, within)

    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place != "files.py":
            look(ast.parse(path.read_text(encoding="utf-8")), place, ())
    return found


CALLS = calls()


def test_files_are_opened_in_one_place() -> None:
    """A new `open(...)` goes through `files.py`, or into the table with a reason."""
    opened = {
        name
        for name in CALLS
        if (name.rpartition(" ")[2].rpartition(".")[2] in OPENERS or name.partition(" ")[2] in OPENERS_OF_OS)
        and name.partition(" ")[2] not in HARMLESS
    }
    assert opened == set(OPENED)


def test_every_writer_is_shown() -> None:
    """Who calls `writing_whole` has a line in the table of `test_files`."""
    writers = {
        f"{name.partition(' ')[0]} {function}"
        for name, functions in CALLS.items()
        if name.endswith(" writing_whole")
        for function in functions
    }
    assert writers == set(WRITERS)
    assert set(WRITERS.values()) - {"beside"} <= set(WRITING)
    assert callable(write_snapshot)  # `save`, `index build` and the last good state are this function
