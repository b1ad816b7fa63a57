"""The command line's reference, made from its parsers: what `safehash COMMAND --help` says, as a page."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from safehash.cli.parser import make_parser

__all__ = ["markdown"]


def markdown() -> str:
    """Return every command with its usage, arguments and options."""
    return "\n\n".join(part for parser in _leaves(make_parser()) for part in _command(parser))


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers that are a command of their own, in the order of the help."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield parser
    for action in below:
        for each in dict.fromkeys(action.choices.values()):
            yield from _leaves(each)


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}"
    if parser.description:
        yield _cell(parser.description)
    yield f"```text\n{_usage(parser)}\n```"
    for group in parser._action_groups:
        rows = [_row(parser, action) for action in group._group_actions if _is_told(action)]
        if rows:
            title = "arguments" if group.title == "positional arguments" else group.title
            yield "\n".join([f"| {title} | |", "| --- | --- |", *rows])


def _is_told(action: argparse.Action) -> bool:
    return action.help != argparse.SUPPRESS and action.dest not in ("help", "debug")


def _usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage in one line of words; the options stand in the tables."""
    words = [parser.prog, "[OPTIONS]"]
    for action in parser._actions:
        if not action.option_strings:
            name = str(action.metavar or action.dest)
            words.append(
                {"*": f"[{name} ...]", "+": f"{name} [{name} ...]", "?": f"[{name}]"}.get(
                    str(action.nargs), name
                )
            )
        elif action.required:
            words.append(f"{action.option_strings[-1]} {_value(action)}")
    return " ".join(words)


def _value(action: argparse.Action) -> str:
    if action.metavar is not None:
        return str(action.metavar)
    if action.choices is not None:
        return "|".join(str(each) for each in action.choices)
    return action.dest.upper()


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    names = ", ".join(action.option_strings) or _value(action)
    if action.option_strings and action.nargs != 0:
        names += f" {_value(action)}"
    # As argparse itself fills the help in, with defaults and choices.
    said = parser._get_formatter()._expand_help(action) if action.help else ""
    return f"| `{names.replace('|', chr(92) + '|')}` | {_cell(said)} |"


def _cell(text: str) -> str:
    """Return a help's text as Markdown shows it: on one line, nothing of it taken for markup."""
    line = " ".join(text.split())
    for mark in ("\\", "*", "_", "|", "<", "["):
        line = line.replace(mark, "\\" + mark)
    return line
