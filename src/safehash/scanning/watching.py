"""Files as they arrive in folders: each once, when nobody writes it any more; what events miss, a walk finds."""

from __future__ import annotations

import math
import os
import queue
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import SafehashError, logger_of
from ..matching.printable import printable

__all__ = ["UNFINISHED", "Renamed", "arrivals", "check_installed", "is_unfinished"]

_LOG = logger_of(__name__)

#: Endings of names under which files are written before they are renamed into place: not looked at by that name.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", "~")
#: Seconds between two looks at a file that is still written.
_AGAIN_SECONDS = 0.25
#: Where the system does not say who writes a file, it is complete when it was not changed for so many seconds.
_SETTLED_SECONDS = 2.0
#: Seconds between two walks: the system drops events when too many wait.
_WALK_SECONDS = 60.0

#: A file that is gone may have been renamed: the event that says so comes within so many seconds.
_GONE_SECONDS = 2.0
#: So many names of renamed files are remembered.
_RENAMED = 10_000

#: What tells one state of a file from another.
_State = tuple[int, int, int]


def is_unfinished(name: str) -> bool:
    """Return whether a name is one that files have before they are renamed into place."""
    return name.lower().endswith(UNFINISHED)


def check_installed() -> None:
    """Refuse to watch without what the system's events come through.

    Raises
    ------
    SafehashError
        The ``watch`` extra is not installed.
    """
    if find_spec("watchdog") is None:
        raise SafehashError("watching folders needs an extra: pip install 'safehash[watch]'")


class Renamed:
    """Names that files had before they were renamed within what is watched: the newest so many."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._changed = threading.Condition()
        self._in_vain = -math.inf

    def add(self, path: str) -> None:
        """Note that a file has another name now."""
        with self._changed:
            self._names[path] = None
            while len(self._names) > _RENAMED:
                del self._names[next(iter(self._names))]
            self._changed.notify_all()

    def forget(self, path: str) -> None:
        """Note that there is a file of this name again."""
        with self._changed:
            self._names.pop(path, None)

    def __contains__(self, path: str) -> bool:
        with self._changed:
            return path in self._names

    def will_hold(self, path: str) -> bool:
        """Wait a moment for the event about a file that is gone; not for each of many that nobody renamed."""
        with self._changed:
            is_patient = time.monotonic() - self._in_vain > _GONE_SECONDS
            if not self._changed.wait_for(lambda: path in self._names, _GONE_SECONDS if is_patient else 0.0):
                self._in_vain = time.monotonic()
                return False
        return True


def arrivals(
    folders: list[str], *, walk: Callable[[], Iterator[str]], stop: threading.Event, renamed: Renamed
) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yield files of some folders: those that are there, then those that arrive, until `stop` is set.

    Parameters
    ----------
    folders : list of str
    walk : callable
        Yields the path of every file below the folders, once.
    stop : Event
    renamed : Renamed
        Is told of files that are renamed.

    Yields
    ------
    path : str
    status : stat_result or None
        None where the file was gone before anybody could look at it, and not by being renamed within the folders.

    Raises
    ------
    SafehashError
        The folders cannot be watched.
    """
    watch = _Watch(folders, renamed)
    try:
        yield from _Arrivals(watch, walk, renamed).until(stop)
    finally:
        watch.close()


class _Watch:
    """The system's events, as paths in a queue. A path that was renamed away comes with a mark."""

    def __init__(self, folders: list[str], renamed: Renamed) -> None:
        check_installed()
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        self.paths: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()
        found = self.paths

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.is_directory:
                    return
                if event.event_type in ("created", "modified", "closed"):
                    if event.event_type == "created":
                        renamed.forget(os.fsdecode(event.src_path))
                    found.put((os.fsdecode(event.src_path), True))
                elif event.event_type == "moved":
                    renamed.add(os.fsdecode(event.src_path))
                    renamed.forget(os.fsdecode(event.dest_path))
                    found.put((os.fsdecode(event.src_path), False))
                    found.put((os.fsdecode(event.dest_path), True))

        self._folders, self._handler = folders, Handler()
        self._observer: Any = Observer()
        #: What is asked for of each folder, and which one bore its name then.
        self._asked: dict[str, tuple[Any, tuple[int, int] | None]] = {}
        try:
            for folder in folders:
                self._ask(folder)
            self._observer.start()
        except OSError as exc:
            hint = " (Linux: sysctl fs.inotify.max_user_watches)" if sys.platform == "linux" else ""
            raise SafehashError(
                f"{', '.join(folders)}: cannot be watched: {exc.strerror or exc}{hint}"
            ) from exc

    def follow(self) -> None:
        """Ask anew for the events of folders that were made anew, or mounted, under their names: the old ones end."""
        heard = {each.watch for each in self._observer.emitters if each.is_alive()}
        for folder in self._folders:
            asked, place = self._asked[folder]
            now = _place_of(folder)
            if now is None or (now == place and asked in heard):
                continue
            try:
                with suppress(KeyError):  # it ended with its folder
                    self._observer.unschedule(asked)
                self._ask(folder)
            except OSError as exc:
                _LOG.warning("%s: cannot be watched: %s", printable(folder), exc.strerror or exc)

    def _ask(self, folder: str) -> None:
        place = _place_of(folder)
        self._asked[folder] = self._observer.schedule(self._handler, folder, recursive=True), place

    def close(self) -> None:
        """Ask for no more events."""
        self._observer.stop()
        self._observer.join()


class _Arrivals:
    def __init__(self, watch: _Watch, walk: Callable[[], Iterator[str]], renamed: Renamed) -> None:
        self._watch, self._walk, self._renamed = watch, walk, renamed
        self._seen: dict[str, _State] = {}
        #: Files that are still written: when they changed last as far as we saw, and their state then.
        self._waiting: dict[str, tuple[float, _State | None]] = {}
        #: Files that are gone, since when: an event may yet say that they have another name.
        self._gone: dict[str, float] = {}

    def until(self, stop: threading.Event) -> Iterator[tuple[str, os.stat_result | None]]:
        walked = -_WALK_SECONDS
        while not stop.is_set():
            if time.monotonic() - walked >= _WALK_SECONDS:
                walked = time.monotonic()
                self._watch.follow()
                yield from self._walked(stop)
            for path in self._told():
                self._waiting.setdefault(path, (time.monotonic(), None))
            yield from self._complete(stop)
            for path, since in list(self._gone.items()):
                if time.monotonic() - since >= _GONE_SECONDS:
                    yield from self._given_up(path)
        for path in list(self._gone):
            yield from self._given_up(path)

    def _given_up(self, path: str) -> Iterator[tuple[str, None]]:
        del self._gone[path]
        if path not in self._renamed:
            yield path, None

    def _walked(self, stop: threading.Event) -> Iterator[tuple[str, os.stat_result | None]]:
        there: dict[str, _State] = {}
        for number, path in enumerate(self._walk()):
            if stop.is_set():
                return
            state = self._seen.get(path)
            if state is not None:
                there[path] = state
            self._waiting.setdefault(path, (time.monotonic(), None))
            if number % 256 == 255:
                yield from self._complete(stop)
                there |= {path: self._seen[path] for path in there if path in self._seen}
        yield from self._complete(stop)
        # What is gone need not be remembered.
        self._seen = {
            path: state for path, state in self._seen.items() if path in there or os.path.lexists(path)
        }

    def _told(self) -> Iterator[str]:
        """Yield the paths that events name, after waiting for the first a little."""
        timeout: float | None = _AGAIN_SECONDS
        while True:
            try:
                path, is_there = (
                    self._watch.paths.get(timeout=timeout) if timeout else self._watch.paths.get_nowait()
                )
            except queue.Empty:
                return
            timeout = None
            if not is_there:
                self._waiting.pop(path, None)  # it has another name now
                self._gone.pop(path, None)
                self._seen.pop(path, None)
            elif not is_unfinished(path):
                yield path

    def _complete(self, stop: threading.Event) -> Iterator[tuple[str, os.stat_result | None]]:
        for path in list(self._waiting):
            if stop.is_set():
                return
            try:
                status = Path(path).lstat()
            except OSError:
                del self._waiting[path]
                self._gone[path] = time.monotonic()
                continue
            self._gone.pop(path, None)
            state = _state_of(status)
            if self._seen.get(path) == state:
                del self._waiting[path]
                continue
            if stat.S_ISREG(status.st_mode):
                if not self._is_complete(path, state):
                    continue
                try:  # who was asked for may have written its last since, and closed it
                    if _state_of(Path(path).lstat()) != state:
                        continue
                except OSError:
                    continue  # gone: the next look says so
            del self._waiting[path]
            self._seen[path] = state
            yield path, status

    def _is_complete(self, path: str, state: _State) -> bool:
        """Return whether nobody writes a file any more."""
        written = _is_written(path)
        if written is not None:
            return not written
        since, before = self._waiting[path]
        if before != state:
            self._waiting[path] = (time.monotonic(), state)
            return False
        return time.monotonic() - since >= _SETTLED_SECONDS


def _place_of(folder: str) -> tuple[int, int] | None:
    """Return what tells a folder from another one under its name, None where there is none now."""
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _state_of(status: os.stat_result) -> _State:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_written(path: str) -> bool | None:
    """Return whether any process has a file open for writing; None where the system does not tell us.

    Linux gives a lease for reading only where nobody writes. It is given back at once; whoever opens the file
    in between waits that long, and the signal about it is one that is ignored.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # not our file, or a file system without leases
        _LOG.debug("%s: no lease", printable(path))
        return None
    finally:
        os.close(descriptor)
    return False
