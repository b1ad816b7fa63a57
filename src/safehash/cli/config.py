"""Options out of a TOML file, so that a cron line is short: as if they stood on the command line, which goes first."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import SafehashError
from ..files import read_regular
from .arguments import ListText, PathText

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["with_config"]

_MAX_BYTES = 1 << 20
#: Options that a file does not give.
_NEVER = frozenset({"help", "version", "config", "debug"})


def with_config(root: argparse.ArgumentParser, given: Sequence[str]) -> list[str]:
    """Return a command line with the options that its ``--config FILE`` gives put in behind the command's name.

    What the command line gives goes first: such an option is not taken from the file, nor is one that it excludes.

    Raises
    ------
    SafehashError
        The file cannot be read, or holds what no command knows.
    """
    name = _named(given)
    if name is None:
        return list(given)
    words, parser, at = _command(root, given)
    if parser is root:
        return list(given)
    settings = _read(name)
    wanted = list(_settings_for(settings, root, words, parser, name))
    taken = _given(parser, given[at:])
    options: list[str] = []
    for action, value in wanted:
        if action.dest not in taken:
            options += _words(action, value, name)
    return [*given[:at], *options, *given[at:]]


def _named(given: Sequence[str]) -> str | None:
    """Return the file that ``--config`` names, the last one where there are several."""
    name = None
    for word, following in zip(given, [*given[1:], ""], strict=True):
        if word == "--":
            break
        if word == "--config":
            name = following
        elif word.startswith("--config="):
            name = word.partition("=")[2]
    return name or None


def _command(
    root: argparse.ArgumentParser, given: Sequence[str]
) -> tuple[tuple[str, ...], argparse.ArgumentParser, int]:
    """Return the words that name the command, its parser, and where its own arguments begin."""
    words: list[str] = []
    parser, at = root, 0
    for number, word in enumerate(given):
        below = next(
            (action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None
        )
        if below is None:
            break
        if word in below.choices:
            parser, at = below.choices[word], number + 1
            words.append(word)
        elif not word.startswith("-"):
            break
    return tuple(words), parser, at


def _read(name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(name, _MAX_BYTES).decode("utf-8-sig"))
    except OSError as exc:
        raise SafehashError(f"{name}: cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:  # no UTF-8, no TOML
        raise SafehashError(f"{name}: no TOML: {exc}") from exc


def _settings_for(
    settings: Mapping[str, Any],
    root: argparse.ArgumentParser,
    words: tuple[str, ...],
    parser: argparse.ArgumentParser,
    name: str,
) -> Iterator[tuple[argparse.Action, Any]]:
    """Yield the options of one command: those for all commands that it has, then those of its own table."""
    found: dict[str, tuple[argparse.Action, Any]] = {}
    own: Mapping[str, Any] | None = settings
    known = _options(parser)
    tables = _tables(root)
    for key, value in settings.items():
        if isinstance(value, dict):
            if key not in tables:
                raise SafehashError(
                    f"{name}: [{key}] is no command; there are {', '.join(sorted(filter(None, tables)))}"
                )
            continue
        if key not in tables[""]:
            raise SafehashError(f"{name}: no command has an option {key!r}")
        if key in known:
            found[key] = (known[key], value)
    for word in words:
        own = own.get(word) if isinstance(own, Mapping) else None
    for key, value in (own or {}).items():
        if key not in known or isinstance(value, dict):
            raise SafehashError(
                f"{name}: [{'.'.join(words)}] has no option {key!r}; it has {', '.join(sorted(known))}"
            )
        found[key] = (known[key], value)
    yield from found.values()


def _tables(parser: argparse.ArgumentParser) -> dict[str, set[str]]:
    """Return the commands there are, and under "" the options that any of them has."""
    from .parser import make_parser, parsers_below

    whole = make_parser()
    names: set[str] = set()
    for each in parsers_below(whole):
        names |= set(_options(each))
    below = next(action for action in whole._actions if isinstance(action, argparse._SubParsersAction))
    return {"": names, **{word: set() for word in below.choices}}


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return a parser's options by their long names, without dashes."""
    return {
        string.removeprefix("--"): action
        for action in parser._actions
        for string in action.option_strings
        if string.startswith("--") and action.dest not in _NEVER
    }


def _given(parser: argparse.ArgumentParser, words: Sequence[str]) -> set[str]:
    """Return the options that a command line gives, and those that exclude them."""
    found: set[str] = set()
    strings = {string: action for action in parser._actions for string in action.option_strings}
    for word in words:
        if word == "--":
            break
        action = strings.get(word.partition("=")[0]) or (strings.get(word[:2]) if word[:1] == "-" else None)
        if action is not None:
            found.add(action.dest)
    for group in parser._mutually_exclusive_groups:
        together = {action.dest for action in group._group_actions}
        if together & found:
            found |= together
    return found


def _words(action: argparse.Action, value: Any, name: str) -> Iterator[str]:
    """Yield one option as words of a command line; its path is meant from where the file is."""
    option = action.option_strings[-1]
    where = f"{name}: {option.removeprefix('--')}"
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise SafehashError(f"{where} is true or false, not {value!r}")
        if value:
            yield option
        return
    several = isinstance(action, argparse._AppendAction)
    if isinstance(value, list) and not several:
        raise SafehashError(f"{where} is one value, not a list")
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, bool) or not isinstance(each, (str, int, float)):
            raise SafehashError(f"{where} is text or a number, not {each!r}")
        if isinstance(action.type, type) and issubclass(action.type, PathText) and not isinstance(each, str):
            raise SafehashError(f"{where} is text, the name of a file, not {each!r}")
        text = _from(name, action, str(each))
        try:
            checked = action.type(text) if callable(action.type) else text
        except (argparse.ArgumentTypeError, TypeError, ValueError) as exc:
            raise SafehashError(f"{where}: {exc}") from exc
        if action.choices is not None and checked not in action.choices:
            raise SafehashError(f"{where} is one of {', '.join(map(str, action.choices))}, not {each!r}")
        yield f"{option}={text}"


def _from(name: str, action: argparse.Action, text: str) -> str:
    """Return a path as it is meant from the folder of the file."""
    kind = action.type
    if not (isinstance(kind, type) and issubclass(kind, PathText)) or text in ("", "-") or "://" in text:
        return text
    folder = os.path.dirname(os.path.abspath(name))  # noqa: PTH100, PTH120
    before, path = "", text
    if kind is ListText:
        head, equals, rest = text.partition("=")
        if equals and head.strip() and rest and "/" not in head:
            before, path = f"{head}=", rest
    return before + os.path.join(folder, path)  # noqa: PTH118
