"""The parser of a command line: the table of commands, and what all of them have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import __version__
from .arguments import ReadPath
from .exits import FATAL, epilog

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["COMMANDS", "make_parser", "parsers_below"]

#: Commands, in the order of the help, and the module of this room that each is told in.
COMMANDS = {
    "hash": "hash",
    "scan": "scan",
    "explain": "explain",
    "rematch": "catalog",
    "catalog": "catalog",
    "report": "catalog",
    "review": "review",
    "lists": "lists",
    "index": "index",
    "match": "index",
    "serve": "serve",
    "evaluate": "evaluate",
    "bench": "bench",
    "doctor": "doctor",
    "completion": "completion",
}


def make_parser(given: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of a command line; of all commands where it does not begin with one.

    Parameters
    ----------
    given : sequence of str
        The arguments: only the command that they name is loaded, which saves a tenth of a second.
    """
    parser = Parser(
        prog="safehash",
        description="Find known self-harm and suicide imagery by perceptual hash.",
        epilog=epilog(),
    )
    parser.add_argument("--version", action="version", version=f"safehash {__version__}")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    command = next((word for word in given if not word.startswith("-")), "")
    modules = [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in modules:
        import_module(f".{module}", __package__).add_commands(subparsers)
    for each in parsers_below(parser):
        each.set_defaults(parser=each)
        each.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show where an error comes from"
        )
        if each is not parser:
            each.add_argument(
                "--config",
                type=ReadPath,
                default=argparse.SUPPRESS,
                metavar="FILE",
                help="take options from a TOML file: those for all commands, and [COMMAND]'s own",
            )
    return parser


class Parser(argparse.ArgumentParser):
    """A parser that takes options by their whole names, and whose complaints show nothing raw."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # What is short for one option today would be short for another after the next release.
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print usage and complaint, and exit."""
        from ..matching.shown import printable

        self.print_usage(sys.stderr)
        self.exit(FATAL, f"{self.prog}: error: {printable(message)}\n")


def parsers_below(parser: argparse.ArgumentParser) -> Iterable[argparse.ArgumentParser]:
    """Yield a parser and all below it, each once."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                yield from parsers_below(below)
