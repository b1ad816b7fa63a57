"""Files are written whole, privately and durably, at every place where a command writes; read only if regular."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import safehash
from safehash import files
from safehash.cli import main
from safehash.cli.arguments import WritePath
from safehash.cli.parser import make_parser, parsers_below
from safehash.errors import SafehashError
from safehash.files import (
    NotRegularFile,
    TooManyBytes,
    expect_writable,
    open_regular,
    read_regular,
    writing_whole,
)
from stores import write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes of POSIX")

EVALUATE = [
    "evaluate",
    "{pictures}",
    "--min-images",
    "2",
    "--effort",
    "fast",
    "--family",
    "codec",
    "--list-size",
    "9",
]
#: Every way in which safehash writes a file, by name; "{out}" is where.
COMMANDS: dict[str, list[str] | Callable[[Path, Path], None]] = {
    "scan": ["scan", "{pictures}", "--list", "{list}", "--workers", "0", "-q", "-o", "{out}"],
    "scan csv": [
        "scan",
        "{pictures}",
        "--list",
        "{list}",
        "--workers",
        "0",
        "--format",
        "csv",
        "-o",
        "{out}",
    ],
    "scan text": [
        "scan",
        "{pictures}",
        "--list",
        "{list}",
        "--workers",
        "0",
        "-q",
        "--format",
        "text",
        "-o",
        "{out}",
    ],
    "rematch": ["rematch", "{catalog}", "--list", "{list}", "-o", "{out}"],
    "export": ["catalog", "export", "{catalog}", "-o", "{out}"],
    "export parquet": ["catalog", "export", "{catalog}", "--format", "parquet", "-o", "{out}"],
    "report": ["report", "{catalog}", "-o", "{out}"],
    "report compliance": ["report", "{catalog}", "--compliance", "-o", "{out}"],
    "review export": ["review", "export", "{catalog}", "--to", "pairs", "-o", "{out}"],
    "index build": ["index", "build", "{list}", "-o", "{out}"],
    "lists merge": ["lists", "merge", "{list}", "-o", "{out}"],
    "lists convert": ["lists", "convert", "{list}", "--to", "jsonl", "-o", "{out}"],
    "lists convert csv": ["lists", "convert", "{list}", "--to", "csv", "-o", "{out}"],
    "lists add": ["lists", "add", "{picture}", "-o", "{out}"],
    "evaluate page": [*EVALUATE, "--page", "{out}"],
    "evaluate json": [*EVALUATE, "--json", "{out}"],
    # Of Python alone.
    "save": lambda here, out: safehash.Matcher.from_files(here / "own.csv").save(out),
    "write_pairs": lambda here, out: safehash.write_pairs(out, []),
}
Write = Callable[[Path], int]
#: What needs to go back in its file, and so cannot be written into a pipe.
SEEKS = {"index build", "save"}
_LINES = b'{"safehash":1,"kind":"list","name":"old"}\n{"algorithm":"md5","hash":"%s"}\n' % (b"5a" * 16)
_LIST = _LINES + b'{"end":1,"sha256":"%s"}\n' % hashlib.sha256(_LINES).hexdigest().encode()


def old(write: Write) -> bytes:
    """Return what stood there: a list, because `lists add` adds to one; no other command replaces one."""
    return _LIST if write.__name__.startswith("lists ") else b"what an earlier run wrote"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    pictures = write_pictures(folder / "pictures", 4)
    write_list(folder / "own.csv", pictures[1])
    words = ["scan", folder / "pictures", "--list", folder / "own.csv", "--workers", "0", "-q"]
    assert main([*map(str, words), "--catalog", str(folder / "c.db"), "-o", str(folder / "first.jsonl")]) == 1
    return folder


@pytest.fixture(params=COMMANDS)
def write(request: pytest.FixtureRequest, here: Path) -> Write:
    """Return what writes one file by one of the commands, and returns the exit code."""
    name: str = request.param

    def run(out: Path) -> int:
        words = COMMANDS[name]
        if not isinstance(words, list):
            try:
                words(here, out)
            except (SafehashError, OSError):
                return 2
            return 0
        places = {
            "pictures": here / "pictures", "picture": here / "pictures" / "picture00000.png",
            "list": here / "own.csv", "catalog": here / "c.db", "out": out,
        }  # fmt: skip
        return main([word.format(**places) for word in words])

    run.__name__ = name
    return run


@pytest.fixture(params=["unnamed", "named"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return how the new file exists before it takes its place; Linux alone has files without a name."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


def test_no_command_that_writes_is_missing_here() -> None:
    """Whatever names a file to write, of whatever command, stands in the table above."""
    asked = {
        (parser.prog.removeprefix("safehash "), action.option_strings[-1])
        for parser in parsers_below(make_parser())
        for action in parser._actions
        if isinstance(action.type, type) and issubclass(action.type, WritePath)
    }
    lines = [" ".join(words) for words in COMMANDS.values() if isinstance(words, list)]
    missing = [
        (name, option)
        for name, option in asked
        if not any(
            line.startswith(f"{name} ") and f"{short} {{out}}" in line
            for line in lines
            for short in (option, "-o" if option == "--output" else option)
        )
    ]
    assert len(asked) > 8 and not missing


# -- what somebody else planted -----------------------------------------------------------------------------


def test_a_planted_link_is_refused(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "victim").write_text("precious")
    for target in ("victim", "missing"):
        out = tmp_path / f"to_{target}"
        out.symlink_to(tmp_path / target)
        assert write(out) == 2
        assert out.is_symlink()
        assert "Traceback" not in capsys.readouterr().err
    assert (tmp_path / "victim").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["to_missing", "to_victim", "victim"]


def test_a_planted_open_file_does_not_survive(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(before := old(write))
    out.chmod(0o666)
    planted = out.stat().st_ino
    with out.open("rb") as spy:
        assert write(out) in (0, 1)
        assert spy.read() == before
    assert out.stat().st_ino != planted
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("what", ["signature", "last good state"])
def test_what_is_written_beside_a_list_is_no_way_to_another_file(
    what: str, tmp_path: Path, here: Path
) -> None:
    """Its name is known beforehand: a link is not followed, an open file does not survive."""
    shutil.copy(here / "own.csv", tmp_path / "own.csv")
    beside = tmp_path / ("own.csv.sig" if what == "signature" else "own.csv.last-good")
    (tmp_path / "victim").write_text("precious")
    scan = [
        "scan",
        str(here / "pictures" / "picture00001.png"),
        "--list",
        str(tmp_path / "own.csv"),
        "--workers",
        "0",
    ]

    def write() -> None:
        if what == "signature":
            safehash.sign_list(tmp_path / "own.csv", bytes(32))
        else:
            assert main([*scan, "-q", "-o", os.devnull]) == 1

    beside.symlink_to(tmp_path / "victim")
    with suppress(SafehashError, OSError):
        write()
    assert (tmp_path / "victim").read_text() == "precious" and beside.is_symlink()
    beside.unlink()
    beside.write_text("safehash list signature, 1" if what == "signature" else "planted")
    beside.chmod(0o666)
    planted = beside.stat().st_ino
    write()
    assert beside.stat().st_ino != planted and stat.S_IMODE(beside.stat().st_mode) == 0o600


#: Where files are opened to be written, and whether by `files.py`; None while nobody asks.
_opened: list[tuple[str, bool]] | None = None


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is None or event != "open" or not isinstance(arguments[0], (str, bytes)):
        return
    path, _, flags = arguments
    if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
        return
    frame, is_ours = sys._getframe(1), False
    while frame is not None and not is_ours:
        is_ours = frame.f_code.co_filename == files.__file__
        frame = frame.f_back  # type: ignore[assignment]
    _opened.append((os.fsdecode(path), is_ours))


sys.addaudithook(_listen)


def test_whatever_is_opened_to_be_written_is_so_in_one_place(
    write: Write, kind: str, tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by the interpreter itself, whatever a command calls; a catalog's own files and devices aside."""
    monkeypatch.setattr(sys.modules[__name__], "_opened", [])
    assert write(tmp_path / "out") in (0, 1)
    opened, own = _opened or [], (str(here / "c.db"), os.devnull)
    monkeypatch.undo()
    found = [(path, is_ours) for path, is_ours in opened if not path.startswith(own)]
    assert found, "the one file is not seen"
    assert [path for path, is_ours in found if not is_ours] == []


def test_names_that_can_be_guessed_are_not_used(write: Write, tmp_path: Path) -> None:
    """Links under every provisional name that some version used stay as they are, and so does what they lead to."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    guessed = [
        tmp_path / name for name in ("out.partial", ".out.part", "out.tmp", f".out.{os.getpid()}.part")
    ]
    for name in guessed:
        name.symlink_to(victim)
    assert write(tmp_path / "out") in (0, 1)
    assert victim.read_text() == "precious"
    assert all(name.is_symlink() for name in guessed)


def test_a_pipe_is_written_into(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "pipe"
    os.mkfifo(out)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(out.read_bytes()), daemon=True)
    reader.start()
    code = write(out)
    if write.__name__ in SEEKS:
        assert code == 2
    else:
        assert code in (0, 1)
    reader.join(30)
    assert stat.S_ISFIFO(out.lstat().st_mode)
    assert len(read[0]) > 20


def test_a_pipe_that_nobody_reads_yet_is_waited_for(tmp_path: Path) -> None:
    """As by a shell's `>`: `mkfifo p; safehash scan ... -o p & reader p`, whichever of the two is quicker."""
    out = tmp_path / "pipe"
    os.mkfifo(out)

    def write_first() -> None:
        with writing_whole(out) as file:
            file.write(b"whole")

    writer = threading.Thread(target=write_first, daemon=True)
    writer.start()
    assert out.read_bytes() == b"whole"
    writer.join(30)
    assert not writer.is_alive()


def test_ctrl_c_ends_the_wait_for_a_reader(tmp_path: Path) -> None:
    out = tmp_path / "pipe"
    os.mkfifo(out)
    code = (
        "import sys\n"
        "from safehash.files import writing_whole\n"
        "print('ready', flush=True)\n"
        "with writing_whole(sys.argv[1]) as file: file.write(b'words')\n"
    )
    command = [sys.executable, "-c", code, str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        while (
            process.poll() is None
        ):  # one that comes just before the system's call is not heard: people press again
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0 and "KeyboardInterrupt" in said


def test_a_device_is_written_into(write: Write) -> None:
    """A terminal, as a device that can be made by anybody and destroyed by nobody."""
    primary, secondary = os.openpty()
    name = os.ttyname(secondary)
    before = Path(name).stat()
    read: list[bytes] = []

    def drain() -> None:
        with suppress(OSError):
            while part := os.read(primary, 65536):
                read.append(part)

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    assert (write(Path(name)) == 2) == (write.__name__ in SEEKS)
    assert Path(name).stat().st_rdev == before.st_rdev
    os.close(secondary)
    reader.join(30)
    os.close(primary)
    assert len(b"".join(read)) > 20


def test_a_folder_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert write(tmp_path / "folder") == 2
    assert write(tmp_path / "no such folder" / "out") == 2
    assert list((tmp_path / "folder").iterdir()) == []


# -- power cuts ---------------------------------------------------------------------------------------------


class Disk:
    """What a power cut would leave: bytes as of a file's last fsync, names as of a folder's.

    A name may reach the disk earlier than its folder's fsync, so a file is complete there before it gets one.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.content: dict[int, bytes] = {}
        self.names: dict[str, int] = {}
        self._fsync, self._replace, self._link = os.fsync, os.replace, os.link
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "replace", self.replace)
        monkeypatch.setattr(os, "link", self.link)

    def fsync(self, file: Any) -> None:
        descriptor = file if isinstance(file, int) else file.fileno()
        self._fsync(descriptor)
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            folder = Path(f"/proc/self/fd/{descriptor}").readlink()
            self.names |= {entry.path: entry.inode() for entry in os.scandir(folder)}
        else:
            self.content[status.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def replace(self, source: Any, target: Any, **options: Any) -> None:
        self._expect_durable(source)
        self._replace(source, target, **options)

    def link(self, source: Any, target: Any, **options: Any) -> None:
        self._expect_durable(source)
        self._link(source, target, **options)

    def _expect_durable(self, path: Any) -> None:
        status = Path(path).stat()
        assert self.content.get(status.st_ino) == Path(path).read_bytes(), "named before it was on the disk"

    def after_a_cut(self, path: Path) -> bytes:
        return self.content[self.names[str(path)]]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors as Linux shows them")
def test_what_was_written_survives_a_power_cut(
    write: Write, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.write_bytes(before := old(write))
    disk = Disk(monkeypatch)
    assert write(out) in (0, 1)
    assert disk.after_a_cut(out) == out.read_bytes() != before


# -- whole or not at all ------------------------------------------------------------------------------------


@given(parts=st.lists(st.binary(max_size=100_000), max_size=5), fails=st.booleans(), stood=st.booleans())
def test_old_or_new_never_half(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], fails: bool, stood: bool
) -> None:
    folder = tmp_path_factory.mktemp("whole")
    out = folder / "out"
    if stood:
        out.write_bytes(b"old")

    def act() -> None:
        with writing_whole(out) as file:
            for part in parts:
                file.write(part)
            assert out.exists() == stood, "what stood there stands until the new file is whole"
            assert not stood or out.read_bytes() == b"old"
            if fails:
                raise ZeroDivisionError

    if fails:
        with pytest.raises(ZeroDivisionError):
            act()
        assert [path.read_bytes() for path in folder.iterdir()] == ([b"old"] if stood else [])
    else:
        act()
        assert [path.read_bytes() for path in folder.iterdir()] == [b"".join(parts)]


def test_nothing_is_left_of_a_failure(kind: str, tmp_path: Path) -> None:
    def act(error: type[BaseException]) -> None:
        with writing_whole(tmp_path / "out", text=True) as file:
            file.write("half")
            raise error

    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            act(error)
        assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(kind: str, tmp_path: Path) -> None:
    """Neither a link nor a pipe that appears while the file is written is replaced or followed."""
    out = tmp_path / "out"

    def act(plant: Callable[[], object]) -> None:
        with writing_whole(out) as file:
            file.write(b"new")
            plant()

    with pytest.raises(OSError, match="symbolic link"):
        act(lambda: out.symlink_to("elsewhere"))
    assert out.is_symlink()
    out.unlink()
    with pytest.raises(OSError, match="took its place"):
        act(lambda: os.mkfifo(out))
    assert stat.S_ISFIFO(out.lstat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_mode_and_text(kind: str, tmp_path: Path) -> None:
    with writing_whole(tmp_path / "a", mode=0o640, text=True) as file:
        file.write("é\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\n"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640 & ~_umask()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def test_long_and_odd_names(kind: str, tmp_path: Path) -> None:
    for name in ("x" * 255, "é" * 120, "a\nb", "-", " "):
        with writing_whole(tmp_path / name) as file:
            file.write(b"1")
        assert (tmp_path / name).read_bytes() == b"1"


def test_what_the_process_holds_is_written_into(tmp_path: Path) -> None:
    with (tmp_path / "held").open("wb") as held:
        held.write(b"first ")
        held.flush()
        for number in (1, 2):
            with writing_whole(f"/dev/fd/{held.fileno()}") as file:
                file.write(b"%d" % number)
    assert (tmp_path / "held").read_bytes() == b"first 12"


def test_what_the_process_does_not_hold_is_not_writable(tmp_path: Path) -> None:
    with (tmp_path / "held").open("wb") as written, (tmp_path / "held").open("rb") as read:
        free = os.dup(0)
        os.close(free)
        expect_writable(f"/dev/fd/{written.fileno()}")
        for number in (read.fileno(), free, 999_999_999):
            with pytest.raises(OSError, match="not open for writing"):
                expect_writable(f"/proc/self/fd/{number}")


def test_a_pipe_replaced_by_a_file_is_not_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    os.mkfifo(out)
    opened = os.open

    def swap(path: Any, *more: Any, **options: Any) -> int:
        if str(path) == str(out):
            out.unlink()
            out.write_text("precious")
        return opened(path, *more, **options)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(OSError, match="took its place"), writing_whole(out):
        pass
    assert out.read_text() == "precious"


# -- reading ------------------------------------------------------------------------------------------------


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[dict[str, Path]]:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path)  # a socket's name is short
        listener.bind("socket")
        yield {
            "pipe": tmp_path / "pipe", "folder": tmp_path / "folder", "socket": tmp_path / "socket",
            "device": Path("/dev/null"),
        }  # fmt: skip


def test_only_regular_files_are_read(odd: dict[str, Path], tmp_path: Path) -> None:
    for name, path in odd.items():
        with pytest.raises(NotRegularFile, match="not a regular file"):
            read_regular(path, 100)
        link = tmp_path / f"link to {name}"
        link.symlink_to(path)
        with pytest.raises(NotRegularFile), open_regular(link):
            pass
    for wrong in ("a\0b", "missing", ""):
        with pytest.raises(OSError):
            read_regular(wrong, 100)


def test_devices_and_pipes_are_not_even_opened(odd: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    for path in odd.values():
        with pytest.raises(NotRegularFile):
            read_regular(path, 100)


def test_a_file_that_becomes_a_pipe_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    looked = os.stat

    def swap(name: Any, **options: Any) -> os.stat_result:
        status = looked(name, **options)
        if str(name) == str(path) and stat.S_ISREG(status.st_mode):
            path.unlink()
            os.mkfifo(path)
        return status

    monkeypatch.setattr(os, "stat", swap)
    with pytest.raises(NotRegularFile):
        read_regular(path, 100)


@given(data=st.binary(max_size=300_000), spare=st.integers(-3, 3))
def test_bytes_and_their_limit(tmp_path_factory: pytest.TempPathFactory, data: bytes, spare: int) -> None:
    path = tmp_path_factory.mktemp("read") / "file"
    path.write_bytes(data)
    limit = max(0, len(data) + spare)
    if len(data) <= limit:
        assert read_regular(path, limit) == data
    else:
        with pytest.raises(TooManyBytes, match=f"{len(data)} bytes, the limit is {limit}") as caught:
            read_regular(path, limit)
        assert caught.value.n_bytes == len(data)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="files without a length are Linux's")
def test_a_file_that_says_nothing_of_its_length(tmp_path: Path) -> None:
    """Files of /proc have the length 0 and more bytes than that, as a file that grows has."""
    assert b"Name:" in read_regular("/proc/self/status", 1 << 20)
    with pytest.raises(TooManyBytes, match="more than 10 bytes") as caught:
        read_regular("/proc/self/status", 10)
    assert caught.value.n_bytes is None


@pytest.mark.skipif(
    not hasattr(os, "O_TMPFILE"), reason="elsewhere the name stands in the folder from the start"
)
def test_the_name_beside_the_target_is_another_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows the name could put something there first."""
    names: list[str] = []
    link = os.link

    def noted(source: str, name: str, **options: Any) -> None:
        names.append(name)
        link(source, name, **options)

    monkeypatch.setattr(os, "link", noted)
    for _ in range(4):
        with writing_whole(tmp_path / "page.html") as file:
            file.write(b"whole")
    assert len(set(names)) == 4
    assert all(len(name.removeprefix(".page.html.").removesuffix(".partial")) >= 12 for name in names)
