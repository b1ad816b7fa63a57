"""A service from its start to its end: where it listens, which signals it heeds, what it logs."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn

from ..errors import SafehashError, logger_of, shortened
from ..lists.switches import for_shell
from ..matching.matcher import Matcher
from ..matching.settings import FloodLimits
from ..scanning.confining import keep_memory, leave_no_core
from .access import AccessLog
from .app import make_app, service_of
from .engine import Engine
from .options import ServiceOptions
from .protocol import Bounded
from .serving import Service
from .signals import Signals

__all__ = ["serve"]

_LOG = logger_of(__name__)

#: Whose warnings go where ours go, in the same form; what a parser says of a form, we say ourselves.
_LIBRARIES = {"asyncio": logging.WARNING, "uvicorn": logging.WARNING, "python_multipart": logging.CRITICAL}
#: Connections that wait to be taken.
_BACKLOG = 1024
#: Seconds a connection may stay without asking anything.
_KEEP_ALIVE_SECONDS = 30


class _Server(uvicorn.Server):
    """With signals as we heed them: what was told to end and did has ended well, and a hang-up reads lists again."""

    def __init__(self, config: uvicorn.Config, service: Service, signals: Signals) -> None:
        super().__init__(config)
        self._service = service
        self._signals = signals
        self._is_asked = False  # for lists to be read, since they were begun to be read last
        self._reloading: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with self._signals.told_to(self._stop, self._hang_up):
            yield

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True

    def _hang_up(self) -> None:
        """Read the lists: now, or again behind what is being read, once for however many ask meanwhile."""
        self._is_asked = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload())

    async def _reload(self) -> None:
        while self._is_asked:
            self._is_asked = False
            await _reload(self._service)


def serve(
    open_matcher: Callable[[], Matcher],
    options: ServiceOptions,
    *,
    flood: FloodLimits | None = None,
    access: AccessLog | None = None,
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve until a signal says to end: SIGTERM and ctrl-C finish what is under way, SIGHUP reads the lists again.

    Parameters
    ----------
    open_matcher : callable
        Reads the lists. Its settings have no flood limits: `flood` counts for the whole service.
    options : ServiceOptions
    flood : FloodLimits, optional
    access : AccessLog, optional
        Told of every answer.
    listening : callable, optional
        Told where it listens.

    Raises
    ------
    SafehashError, OSError
        It cannot listen there, or the lists cannot be used.
    """
    signals = Signals()
    with signals.heeded(), _listener(options) as listener:
        engine = Engine(open_matcher, options, flood=flood)
        if listening is not None:
            listening(_where(options, listener))
        _serve(service_of(engine, options, access), listener, signals)


def _serve(service: Service, listener: socket.socket, signals: Signals) -> None:
    errors: list[BaseException] = []

    def failed(error: BaseException) -> None:
        errors.append(error)
        server.should_exit = True

    config = uvicorn.Config(
        make_app(service, failed=failed),
        http=Bounded,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(service.options.grace)),
    )
    server = _Server(config, service, signals)
    keep_memory()  # bodies of requests come and go
    leave_no_core()  # and are in the memory of whatever ends this
    server.run(sockets=[listener])  # in uvloop's event loop, where that is installed
    if errors:
        raise errors[0]


async def _reload(service: Service) -> None:
    try:
        await service.reload()
    except Exception as exc:  # the state before stays, whatever it was
        _LOG.warning("not reloaded, the state before stays: %s", exc)


@contextmanager
def _listener(options: ServiceOptions) -> Iterator[socket.socket]:
    if options.unix is not None:
        listener = _unix(options.unix)
    else:
        listener = _internet(options.host, options.port)
    with listener:
        if options.unix is None:
            yield listener
            return
        ours = os.lstat(options.unix)
        yield listener
        listener.close()
        with suppress(OSError):
            found = os.lstat(options.unix)
            is_ours = os.path.samestat(found, ours) and found.st_mtime_ns == ours.st_mtime_ns
            if is_ours and not _is_heard(options.unix):  # else it is that of a service which began since
                Path(options.unix).unlink()


def _internet(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)  # who comes before the lists are read waits a moment, and is not refused
    except OSError as exc:
        raise SafehashError(f"{host}:{port}: cannot listen there: {exc.strerror or exc}") from exc
    return listener


def _unix(path: str) -> socket.socket:
    """Return a socket at a path, for its owner and group; a dead one there is replaced."""
    try:
        with suppress(FileNotFoundError):
            if not stat.S_ISSOCK(os.lstat(path).st_mode):
                raise SafehashError(f"{path}: there is a file that is no socket: name another")
            if _is_heard(path):
                raise SafehashError(f"{path}: another service listens there")
            Path(path).unlink()
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o117)
        try:
            listener.bind(path)
            listener.listen(_BACKLOG)
        finally:
            os.umask(before)
    except OSError as exc:
        raise SafehashError(f"{path}: cannot listen there: {exc.strerror or exc}") from exc
    return listener


def _is_heard(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _where(options: ServiceOptions, listener: socket.socket) -> str:
    if options.unix is not None:
        return f"unix:{options.unix}"
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _ForShell(logging.Formatter):
    """Messages with options of the command in place of settings of Python; no digest whole, in a traceback neither."""

    def format(self, record: logging.LogRecord) -> str:
        return shortened(for_shell(super().format(record)))


def log_to(stream_name: str = "stderr") -> AccessLog:
    """Send the log to a standard stream: warnings and what is worth a line. Return the access log on the same."""
    handler = logging.StreamHandler(getattr(sys, stream_name))
    handler.setFormatter(_ForShell("safehash: %(levelname)s: %(message)s"))
    logger = logging.getLogger("safehash")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    for name, level in _LIBRARIES.items():
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(level)
    return AccessLog(getattr(sys, stream_name))
