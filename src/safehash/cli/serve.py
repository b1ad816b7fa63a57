"""``safehash serve``: decisions over HTTP."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..errors import SafehashError
from ..matching.printable import printable
from ..service.options import ServiceOptions
from .arguments import ReadPath, UpdatePath, host, memory, number, several, size, whole
from .exits import OK
from .scan import add_matcher_options, matcher_opener
from .secrets import mind
from .wording import so_many_entries, worded

__all__ = ["add_commands"]

_DEFAULTS = ServiceOptions()


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "serve",
        help="match uploads over HTTP, as a service",
        description="Match uploads over HTTP. There are three interfaces: our own (/v1/check, described at /docs), "
        "that of HMA, the field's matching service, and a validator for media servers. Listens on this machine only, "
        "unless told otherwise. SIGHUP reads lists and tokens again; SIGTERM finishes the requests under way and "
        "stops. Needs safehash[serve].",
    )
    add_matcher_options(parser)
    place = parser.add_argument_group("who can reach it")
    place.add_argument(
        "--host",
        type=host,
        default=_DEFAULTS.host,
        metavar="HOST",
        help="address to listen on (default: %(default)s)",
    )
    place.add_argument(
        "--port",
        type=whole(0, 65535),
        default=_DEFAULTS.port,
        metavar="N",
        help="port to listen on (default: %(default)s; 0 takes a free one)",
    )
    place.add_argument(
        "--unix", type=UpdatePath, metavar="PATH", help="listen on a Unix socket at PATH instead"
    )
    place.add_argument(
        "--tokens",
        type=ReadPath,
        metavar="FILE",
        help="file of who may send requests, with lines of `check|admin NAME TOKEN`; needed to listen beyond this "
        "machine",
    )
    place.add_argument(
        "--open-to-all",
        action="store_true",
        help="listen beyond this machine without tokens: anybody may then send requests",
    )
    means = parser.add_argument_group("limits")
    means.add_argument(
        "--workers",
        type=whole(1, 1024),
        metavar="N",
        help="number of processes that decode (default: one for each processor)",
    )
    means.add_argument(
        "--max-memory",
        type=memory,
        default=_DEFAULTS.max_memory,
        metavar="SIZE",
        help="most memory for one worker (default: 1G)",
    )
    means.add_argument(
        "--max-body",
        type=size,
        default=_DEFAULTS.max_body,
        metavar="SIZE",
        help="largest body of a request (default: 32M)",
    )
    means.add_argument(
        "--max-requests",
        type=whole(1, 100_000),
        default=_DEFAULTS.max_requests,
        metavar="N",
        help="most uploads held at once; others are told to try again later (default: %(default)s)",
    )
    means.add_argument(
        "--timeout",
        type=number(),
        default=_DEFAULTS.timeout,
        metavar="SECONDS",
        help="most time for one request (default: %(default)g)",
    )
    what = parser.add_argument_group("behaviour")
    what.add_argument(
        "--on-undecided",
        choices=("accept", "reject"),
        help="what /validate answers for a picture that cannot be looked at; without this option there is no /validate",
    )
    what.add_argument(
        "--fetch-from",
        type=several(host),
        default=[],
        metavar="HOST,...",
        help="hosts from which a request may have pictures fetched, by url= (default: none)",
    )
    what.add_argument(
        "--state",
        type=UpdatePath,
        metavar="FILE",
        help="SQLite file that keeps flood counts and reviewers' verdicts; several services can share it",
    )
    what.add_argument(
        "--reload-every",
        type=number(),
        default=_DEFAULTS.reload_seconds,
        metavar="SECONDS",
        help="how often to look whether the lists' files changed (default: %(default)g)",
    )
    what.add_argument(
        "--no-reload", action="store_true", help="read lists again only on SIGHUP and /v1/reload"
    )
    what.add_argument("--no-access-log", action="store_true", help="do not log each answer on standard error")
    what.add_argument(
        "--check",
        action="store_true",
        help="read lists, tokens and state, say what is wrong with them, and exit",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to end."""
    if os.name != "posix":
        raise SafehashError("serving needs Linux or macOS")
    options = _options(arguments)
    open_matcher, settings = matcher_opener(arguments)
    flood = settings.flood

    try:
        from ..service.memory import Memory
        from ..service.running import log_to, serve
        from ..service.tokens import Tokens
    except ImportError as exc:
        raise SafehashError(f"serving needs pip install 'safehash[serve]': {exc.name} is not there") from exc
    if arguments.check:
        Tokens(options.tokens)
        if options.tokens is not None:
            mind(options.tokens)
        Memory(options.state, None).close()
        matcher = open_matcher(replace(settings, flood=None))
        for note in matcher.notes:
            print(f"safehash: {worded(note)}", file=sys.stderr)
        for each in matcher.lists:
            print(f"safehash: {printable(each.name)}: {so_many_entries(each.n_entries)}", file=sys.stderr)
        return OK
    access = log_to()
    with _deaf_to_hangups():
        serve(
            lambda: open_matcher(replace(settings, flood=None)),
            options,
            flood=flood,
            access=None if arguments.no_access_log else access,
            listening=lambda where: print(
                f"safehash: listening on {printable(where)}", file=sys.stderr, flush=True
            ),
        )
    return OK


@contextmanager
def _deaf_to_hangups() -> Iterator[None]:
    """Let a hang-up pass until `serve` heeds it: what it asks for is being done. Then it is the caller's again."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    was = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, was)


def _options(arguments: argparse.Namespace) -> ServiceOptions:
    try:
        return ServiceOptions(
            host=arguments.host,
            port=arguments.port,
            unix=arguments.unix,
            workers=arguments.workers,
            max_memory=arguments.max_memory,
            max_body=arguments.max_body,
            max_requests=arguments.max_requests,
            timeout=arguments.timeout,
            reload_seconds=None if arguments.no_reload else arguments.reload_every,
            tokens=arguments.tokens,
            open_to_all=arguments.open_to_all,
            on_undecided=arguments.on_undecided,
            fetch_from=tuple(arguments.fetch_from),
            state=arguments.state,
        )
    except ValueError as exc:
        raise SafehashError(
            f"{exc} (--tokens, --open-to-all)" if "machines" in str(exc) else str(exc)
        ) from exc
