"""``safehash completion``: what a shell needs to complete commands, options and names of files."""

from __future__ import annotations

import argparse

from ..errors import SafehashError
from .arguments import PathText
from .exits import OK

__all__ = ["add_commands"]

#: For tcsh, shtab writes no commands below commands; fish came to it after 1.7.
_SHELLS = ("bash", "zsh", "fish")


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "completion",
        help="print a script that completes command lines in a shell",
        description="Print a script that completes commands, options and file names. Keep it where your shell looks "
        "for it: docs/scan.md says where.",
    )
    parser.add_argument("shell", choices=_SHELLS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError as exc:
        raise SafehashError("completion needs an extra: pip install 'safehash[completion]'") from exc

    if arguments.shell not in shtab.SUPPORTED_SHELLS:
        raise SafehashError(f"the installed shtab knows no {arguments.shell}: pip install --upgrade shtab")
    from .parser import make_parser, parsers_below

    parser = make_parser()
    for each in parsers_below(parser):
        for action in each._actions:
            if isinstance(action.type, type) and issubclass(action.type, PathText):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell=arguments.shell))
    return OK
