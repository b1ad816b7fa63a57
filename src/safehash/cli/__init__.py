"""The command line: arguments in, printing and exit codes out; one file a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import SafehashError
from .exits import CRASH, FATAL, INTERRUPTED, OK
from .interrupts import check_interrupts, end_heeding, heeding_interrupts, was_told_to_end
from .messages import shortening_messages
from .streams import give_back_streams, give_up, release_stdout, settle_streams

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/scan.md, "Exit codes")."""
    given = sys.argv[1:] if argv is None else list(argv)
    with heeding_interrupts(ends_process=argv is None):
        before = sys.stdout, sys.stderr
        settle_streams()
        try:
            with shortening_messages():
                return _run(given)
        finally:
            if argv is not None:
                give_back_streams(*before)


def _run(given: list[str]) -> int:
    arguments = argparse.Namespace(debug="--debug" in given)
    try:
        if given == ["--version"]:  # before anything is loaded
            print(f"safehash {__version__}", flush=True)
            return OK
        from .parser import make_parser

        parser = make_parser(given)
        if any(word.startswith("--config") for word in given):
            from .config import with_config

            given = with_config(parser, given)
        try:
            arguments = parser.parse_args(given, arguments)
        except SystemExit as exc:  # the parser's own: it has said what is wrong, or printed its help
            sys.stdout.flush()
            return int(exc.code or 0)
        if arguments.run is None:
            arguments.parser.print_help()
            sys.stdout.flush()
            return FATAL
        from .guard import refuse_overwriting

        refuse_overwriting(arguments)
        check_interrupts()
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except SystemExit as exc:  # a parser's, of values that contradict each other
        return int(exc.code or 0)
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as exc:
        if _was_interrupted(exc):
            return _interrupted()
        return _ended_by(exc, arguments)
    return code


def _ended_by(exc: Exception, arguments: argparse.Namespace) -> int:
    """Say what ended a command that nobody interrupted; return its exit code."""
    if isinstance(exc, SafehashError):
        return _fail(str(exc), arguments)
    if isinstance(exc, BrokenPipeError):
        # The reader went away (`| head`): nothing is wrong, and not everything was done.
        give_up(sys.stdout)
        return INTERRUPTED
    from .shortages import shortage

    lacking = shortage(exc)
    if lacking is not None:
        return _fail(lacking, arguments)
    if isinstance(exc, OSError):
        told = f"{exc.filename}: {exc.strerror}" if exc.filename and exc.strerror else str(exc)
        return _fail(told, arguments)
    _fail(f"a defect, please report it: {type(exc).__name__}: {exc} (--debug shows where)", arguments)
    return CRASH


def _fail(message: str, arguments: argparse.Namespace) -> int:
    from .wording import worded

    release_stdout()
    if getattr(arguments, "debug", False):
        import traceback

        traceback.print_exc()
    print(f"safehash: {worded(message)}", file=sys.stderr)
    return FATAL


def _interrupted() -> int:
    """Say so, once."""
    end_heeding()
    release_stdout()
    print("safehash: interrupted", file=sys.stderr)
    return INTERRUPTED


def _was_interrupted(exc: Exception) -> bool:
    """Tell an error that some library made of ctrl-C or a signal to end, while it was imported, of one that stands.

    numpy then says that it is installed wrongly, and who needs it that it is missing; neither names what came.
    """
    causes: list[BaseException] = []
    cause: BaseException | None = exc
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, SafehashError | OSError):
        return was_told_to_end() and any(isinstance(each, ImportError) for each in causes)
    return was_told_to_end() or any(isinstance(each, KeyboardInterrupt) for each in causes)
