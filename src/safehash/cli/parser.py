"""The parser of a command line: the table of commands, and what all of them have in common."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Mapping, Sequence
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
        description="Find copies of known self-harm and suicide imagery, by perceptual hash.",
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
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,
            help="with an error, show where in the code it comes from",
        )
        if each is not parser:
            each.add_argument(
                "--config",
                type=ReadPath,
                default=argparse.SUPPRESS,
                metavar="FILE",
                help="take options from a TOML file: options at its top are for all commands, those under [COMMAND] "
                "for that one",
            )
    return parser


class Parser(argparse.ArgumentParser):
    """A parser that takes options by their whole names and anywhere, and whose complaints are one line each."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # What is short for one option today would be short for another after the next release.
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit."""
        from ..matching.printable import printable

        said = f"{self.prog}: error: {printable(message)}\n(`{self.prog} --help` says what it takes)\n"
        self.exit(FATAL, said)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, options and arguments in any order; a misspelt option is named before anything that it leaves out."""
        words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(self._in_order(words), namespace)

    def _in_order(self, words: list[str]) -> list[str]:
        """Return words with the options first, as the standard parser wants them around several arguments."""
        known = {option: action for action in self._actions for option in action.option_strings}
        has_commands = any(isinstance(action, argparse._SubParsersAction) for action in self._actions)
        options: list[str] = []
        others: list[str] = []
        waiting = iter(words)
        for word in waiting:
            if word == "--":
                others += [word, *waiting]
            elif not word.startswith("-") or word == "-" or " " in word:
                if has_commands:  # what follows is the command's own
                    return words
                others.append(word)
            else:
                options.append(word)
                waits = self._waiting_option(word, known)
                if waits is not None:
                    value = next(waiting, None)
                    if value is None:
                        self.error(f"{waits} wants a value")
                    options.append(value)
        return [*options, *others]

    def _waiting_option(self, word: str, known: Mapping[str, argparse.Action]) -> str | None:
        """Return which option of a word takes the next word as its value, if one does; refuse one that is none."""
        name, equals, _ = word.partition("=")
        if word.startswith("--"):
            if name not in known:
                self.error(f"there is no option {name}{_similar(name, known)}")
            return None if equals or known[name].nargs == 0 else name
        for number, letter in enumerate(word[1:], start=1):
            if f"-{letter}" not in known:
                self.error(
                    f"there is no option -{letter}{_similar(f'-{word}', known) if len(word) > 2 else ''}"
                )
            if known[f"-{letter}"].nargs != 0:
                return None if word[number + 1 :] else f"-{letter}"
        return None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is none of the choices, and name the one that may be meant."""
        if action.choices is not None and value not in action.choices:
            choices = [str(each) for each in action.choices]
            kind = f"no {action.metavar}" if action.metavar else "none of them"
            said = f"{value!r} is {kind}{_similar(str(value), choices)}; there are {', '.join(choices)}"
            raise argparse.ArgumentError(action, said)


def _similar(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, [each for each in known if len(each) > 2], n=1)
    return f": did you mean {near[0]}?" if near else ""


def parsers_below(parser: argparse.ArgumentParser) -> Iterable[argparse.ArgumentParser]:
    """Yield a parser and all below it, each once."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                yield from parsers_below(below)
