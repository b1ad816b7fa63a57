"""How messages name what a list's reader can be told: as Python writes it, and as a shell does."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["SWITCHES", "for_shell", "switch"]

#: The settings of `ListSource`, and the options of every command that takes lists that mean the same; and settings of
#: scans and evaluations that messages name.
SWITCHES: Mapping[str, str] = MappingProxyType(
    {
        "format": "--list-format",
        "algorithm": "--algorithm",
        "notation": "--notation",
        "columns": "--columns",
        "ignore": "--ignore",
        "max_rejects": "--max-rejects",
        "allow_cut": "--allow-cut",
        "max_shrink": "--max-shrink",
        "last_good": "--no-last-good",
        "require_fresh": "--require-fresh",
        "allow_empty": "--allow-empty",
        "min_images": "--min-images",
    }
)


def switch(name: str, *values: object) -> str:
    """Return a setting for a message, as Python writes it: ``algorithm='sha256' or 'pdq'``.

    Parameters
    ----------
    name : str
        A key of `SWITCHES`.
    *values : object
        What may be passed; none where the setting is only named.

    Examples
    --------
    >>> switch("ignore", ["revoked by"])
    "ignore=['revoked by']"
    """
    if name not in SWITCHES:
        raise ValueError(f"no switch {name!r}; there are {', '.join(SWITCHES)}")
    return f"{name}={' or '.join(map(repr, values))}"


_TEXT = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ATOM = rf"True|False|\d+(?:\.\d+)?(?:e-?\d+)?|{_TEXT}"
_VALUE = rf"\{{(?:{_TEXT}): (?:{_TEXT})\}}|\[(?:{_TEXT})\]|{_ATOM}"
# A name in front of which nothing stands that a column's name in quotes would have there.
_SWITCH = re.compile(
    rf"(?<![\w'\"=.-])(?P<name>{'|'.join(SWITCHES)})=(?P<values>(?:{_VALUE})(?: or (?:{_VALUE}))*)?(?!\w)"
)


def for_shell(message: str) -> str:
    """Return a message with the options of the command line where it has the settings of Python.

    Examples
    --------
    >>> for_shell("columns={'hash': 'File MD5'} says it, ignore=['x'] sets it aside, or allow_cut=True")
    "--columns 'hash=File MD5' says it, --ignore x sets it aside, or --allow-cut"
    """
    return _SWITCH.sub(_option, message)


def _option(match: re.Match[str]) -> str:
    option = SWITCHES[match["name"]]
    if match["values"] is None:
        return option
    values = [ast.literal_eval(found[0]) for found in re.finditer(_VALUE, match["values"])]
    words = " or ".join(filter(None, map(_word, values)))
    return f"{option} {words}" if words else option


def _word(value: object) -> str:
    """Return a value as a shell takes it; "" for yes, which the option says alone."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, dict):
        value = ",".join(_cell(f"{meaning}={name}") for meaning, name in value.items())
    elif isinstance(value, list):
        value = ",".join(map(_cell, value))
    return shlex.quote(str(value))


def _cell(text: str) -> str:
    """Return a name, or a meaning with one, as options take them, which part them at commas."""
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
