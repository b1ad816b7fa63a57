"""The command line: arguments in, printing and exit codes out; one file a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from ..errors import SafehashError
from .common import FATAL, INTERRUPTED

__all__ = ["main"]

#: The file each command stands in. Only that of the command asked for is loaded; for the help, all are.
_COMMANDS = {
    "hash": "hash",
    "scan": "scan",
    "lists": "lists",
    "index": "index",
    "rematch": "catalog",
    "catalog": "catalog",
    "report": "catalog",
    "evaluate": "evaluate",
    "bench": "bench",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/scan.md, "Records")."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = _parser(argv[0] if argv else "")
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help()
        return FATAL
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except SafehashError as exc:
        return _fail(exc)
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is wrong with us. Keep the interpreter from flushing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FATAL
    except OSError as exc:
        return _fail(f"{exc.filename}: {exc.strerror}" if exc.filename and exc.strerror else exc)
    except KeyboardInterrupt:
        print("safehash: interrupted", file=sys.stderr)
        return INTERRUPTED
    return code


def _fail(said: Exception | str) -> int:
    print(f"safehash: {said}", file=sys.stderr)
    return FATAL


def _parser(first: str = "") -> argparse.ArgumentParser:
    """Return the parser; `first` is the first argument of the command line, which often names the command."""
    parser = argparse.ArgumentParser(
        prog="safehash",
        description="Find known self-harm and suicide imagery by perceptual hash.",
        epilog="Exit codes: 0 nothing matched, 1 something matched, 2 usage or fatal error, "
        "3 nothing matched but some files could not be decided, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"safehash {__version__}")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    if first != "--version":  # answered in a tenth of the time that loading the commands takes
        wanted = [_COMMANDS[first]] if first in _COMMANDS else dict.fromkeys(_COMMANDS.values())
        for name in wanted:
            import_module(f".{name}", __package__).add_commands(subparsers)
    return parser
