"""``safehash completion``: what a shell needs to complete commands, options and names of files."""

from __future__ import annotations

import argparse

from ..errors import SafehashError
from .arguments import PathText
from .exits import OK

__all__ = ["add_commands"]

_SHELLS = ("bash", "zsh")


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "completion",
        help="print what a shell needs to complete command lines",
        description="Print a script, to be kept where the shell looks for it (docs/scan.md says where).",
    )
    parser.add_argument("shell", choices=_SHELLS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError as exc:
        raise SafehashError("completion needs an extra: pip install 'safehash[completion]'") from exc

    from .parser import make_parser, parsers_below

    parser = make_parser()
    for each in parsers_below(parser):
        for action in each._actions:
            if isinstance(action.type, type) and issubclass(action.type, PathText):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell=arguments.shell))
    return OK
