"""The command line: arguments in, printing and exit codes out; one file a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import SafehashError
from .exits import CRASH, FATAL, INTERRUPTED, OK
from .interrupts import check_interrupts, end_heeding, heeding_interrupts
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
    except SafehashError as exc:
        return _fail(str(exc), arguments)
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is wrong, and not everything was done.
        give_up(sys.stdout)
        return INTERRUPTED
    except OSError as exc:
        return _fail(
            f"{exc.filename}: {exc.strerror}" if exc.filename and exc.strerror else str(exc), arguments
        )
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as exc:
        if _was_interrupted(exc):
            return _interrupted()
        _fail(f"a defect, please report it: {type(exc).__name__}: {exc} (--debug shows where)", arguments)
        return CRASH
    return code


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


def _was_interrupted(exc: BaseException | None) -> bool:
    """Tell ctrl-C that some library made an error of its own of: numpy, while it is imported."""
    while exc is not None:
        if isinstance(exc, KeyboardInterrupt):
            return True
        exc = exc.__cause__ or exc.__context__
    return False
