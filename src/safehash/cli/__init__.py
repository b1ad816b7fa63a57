"""The command line: arguments in, printing and exit codes out; one file a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import SafehashError
from . import bench, catalog, evaluate, hash, index, lists, scan
from .common import FATAL, INTERRUPTED

__all__ = ["main"]

_COMMANDS = (hash, scan, lists, index, catalog, evaluate, bench)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/scan.md, "Records")."""
    parser = _parser()
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="safehash",
        description="Find known self-harm and suicide imagery by perceptual hash.",
        epilog="Exit codes: 0 nothing matched, 1 something matched, 2 usage or fatal error, "
        "3 nothing matched but some files could not be decided, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"safehash {__version__}")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in _COMMANDS:
        command.add_commands(subparsers)
    return parser
