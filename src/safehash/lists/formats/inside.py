"""Tell whether something inside a record, in a list, an object or a text of pairs, takes it back or judges it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .column_names import JUDGED, is_of_opinions, is_of_trust, named_column
from .judging import AGAINST, CODES, FIRST_WORDS, NOTHING, as_text, is_no_answer, judge, speaks, tells
from .remembering import remembered
from .sentences import in_a_sentence
from .vocabulary import DELETED, LIVE, OPINIONS, plain, word

__all__ = [
    "LATE",
    "NO_TRUST",
    "doubt_in",
    "is_of_sightings",
    "is_there",
    "json_may_speak",
    "names_in_pairs",
    "pairs_speak",
    "says",
    "speaks_inside",
]

#: Deeper than so many lists and objects nothing is looked for: what is there may say anything.
_MAX_DEPTH = 12

#: Later than all dates: what was, or will be, taken back at some time is not for a nested field to say.
LATE = "9999-12-31T23:59:59Z"


def says(name: str, value: object, now: str = LATE) -> bool:
    """Tell whether a field says of its record anything but that it stands, at a time; without one at any time.

    Examples
    --------
    >>> says("enabled", False), says("enabled", True), says("title", "deleted scenes"), says("status", "ok")
    (True, False, False, False)
    """
    named = named_column(name)
    if named.meaning not in JUDGED:
        return False
    if named.weak:
        if is_no_answer(value) and is_of_opinions(name):
            return True
        said = word(value) if isinstance(value, str) else ""
        return (
            said not in LIVE
            and OPINIONS.get(said) != "positive"
            and (tells(value, named.meaning) or CODES.get(said) is False or as_text(value) in AGAINST)
        )
    found = judge(named.meaning, value, now)
    return found is None or (found is not NOTHING and (found.deleted or found.category != "positive"))


def speaks_inside(value: object, name: str = "", depth: int = 0) -> bool:
    """Tell whether something in a list or an object that a record has says that it was taken back, or judges it.

    Parameters
    ----------
    value : object
        As JSON holds it.
    name : str
        Of the field that it stands in.
    """
    if depth > _MAX_DEPTH:
        return True
    if isinstance(value, list):
        return any(speaks_inside(each, name, depth + 1) for each in value)
    if isinstance(value, dict):
        if is_there(name, value) or (is_of_sightings(name) and _is_against(value)):
            return True
        if len(value) == 1 and name and named_column(name).weak and _says_nothing(*value.values()):
            (only,) = value  # of several things that a state can be the one that it is
            if says(name, only):
                return True
        return any(
            speaks_inside(each, inner, depth + 1)
            or (
                inner.lower() in _OF_WHAT_IT_IS_IN
                and not isinstance(each, (list, dict))
                and says(f"{name}_{inner}", each)
            )
            for inner, each in value.items()
        )
    if name and says(name, value):
        return True
    return isinstance(value, str) and (speaks(value) or word(value) in DELETED or pairs_speak(value))


def is_there(name: str, value: object) -> bool:
    """Tell whether a field that speaks against its record is there, and holds nothing more: "tombstone": {}.

    So some services, and messages, write what has no more to say; a map of several things is called so.

    Examples
    --------
    >>> is_there("tombstone", {}), is_there("tombstone", None), is_there("deletions", {}), is_there("meta", {})
    (True, False, False, False)
    """
    if value != {} or not isinstance(value, dict) or plain(name).endswith("s"):
        return False
    named = named_column(name)
    return named.meaning in _AGAINST_IF_THERE and not named.weak


_AGAINST_IF_THERE = frozenset(("deleted", "negative", "disputed", "unreviewed", "unclear", "unsure"))


def _says_nothing(value: object) -> bool:
    return value is None or value in ([], {})


#: Fields that say something of the one that they stand in: "threat": {"level": "none"}.
_OF_WHAT_IT_IS_IN = frozenset(("level", "value", "name", "code", "type", "result", "down", "against"))


def doubt_in(value: object, name: str = "", depth: int = 0) -> tuple[str, object] | None:
    """Return a field that says how sure somebody is, with its value, where that is nobody or less; None for none.

    Parameters
    ----------
    value : object
        As JSON holds it.
    name : str
        Of the field that it stands in.

    Examples
    --------
    >>> doubt_in({"seen": 0, "by": [{"confidence": 0}]}), doubt_in({"confidence": 70})
    (('confidence', 0), None)
    """
    if depth > _MAX_DEPTH:
        return None  # `speaks_inside` says more of it
    if isinstance(value, list):
        inner = (doubt_in(each, name, depth + 1) for each in value)
    elif isinstance(value, dict):
        inner = (doubt_in(each, own, depth + 1) for own, each in value.items())
    else:
        text = as_text(value) if name and is_of_trust(name) else None
        return (name, value) if text is not None and NO_TRUST.fullmatch(text.strip()) else None
    return next(filter(None, inner), None)


#: Of what nobody is sure, in a field that says how sure somebody is: nothing, or less.
NO_TRUST = re.compile(r"none|0+(?:[.,]0+)?[ \t]*%?|0/\d+|-[ \t]*\d+(?:[.,]\d+)?", re.IGNORECASE)


def is_of_sightings(name: str) -> bool:
    """Tell whether a field holds what MISP calls sightings, some of which say that a digest is a false positive."""
    return plain(name) in ("sighting", "sightings")


def _is_against(sighting: Mapping[str, object]) -> bool:
    """Tell whether a sighting is anything but that something was seen: 1 is a false positive, 2 that it expires."""
    return str(sighting.get("type", "0")).strip() != "0"


def json_may_speak(pieces: Sequence[bytes]) -> bool:
    """Tell whether pieces of JSON may have something in them of which `speaks_inside`, or `doubt_in`, would say so.

    Many are looked at in little time; where this says no, none does.
    """
    # Numbers differ from record to record, and say nothing: with all digits the same few pieces are left to look at.
    alike = {*b"\0".join(pieces).translate(_DIGITS).split(b"\0")}
    if len(alike) <= _FEW:
        return any(map(_may_speak_as_known, alike))
    return _may_speak(b"\n".join(alike))


def _may_speak(data: bytes) -> bool:
    alike = data.replace(b'" :', b'":')
    names = {piece.rpartition(b'"')[2].decode("utf-8", "replace") for piece in alike.split(b'":')[:-1]}
    if _ODD.search(data) or any(
        named_column(name).meaning in JUDGED or is_of_sightings(name) or is_of_trust(name) for name in names
    ):
        return True
    texts = {*alike.replace(b'"', b"\n").decode("utf-8", "replace").lower().split("\n")}
    joined = "\n".join(texts)
    return (
        not FIRST_WORDS.isdisjoint(_FIRST_WORD.findall(joined))
        or not DELETED.isdisjoint(map(word, texts))
        or in_a_sentence(joined)
        or names_in_pairs(joined)
    )


_may_speak_as_known = remembered(1024, longest=1 << 14)(_may_speak)

#: Escapes, and more than a blank behind a name.
_ODD = re.compile(rb'\\|"(?: \s+|[\t\r\n]\s*):')
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
#: So few pieces are remembered each; more are looked at as one.
_FEW = 64
_FIRST_WORD = re.compile(r"^[^\w\n]*([^\W\d_]+)", re.MULTILINE)


# -- texts -------------------------------------------------------------------------------------------------

_NAME = re.compile(r"\b([^\W\d]\w{0,40})[\"']?[ \t]*[:=]")
_PAIR = re.compile(r"\b([^\W\d]\w{0,40})[\"']?[ \t]*[:=]+[ \t]*[\"'\[{(]*([^\"'\[\]{}();,&|\n]*)")


def names_in_pairs(text: str) -> bool:
    """Tell whether a text, of any number of lines, has pairs with a name that speaks of deletion or opinion."""
    if "=" not in text and ":" not in text:
        return False
    return any(named_column(name).meaning in JUDGED for name in set(_NAME.findall(text)))


def pairs_speak(text: str) -> bool:
    """Tell whether a text is of pairs, JSON or not, one of which speaks of deletion or opinion.

    Examples
    --------
    >>> pairs_speak('{"a": 1, "deleted": true}'), pairs_speak("a=1;status=withdrawn"), pairs_speak("deleted: no")
    (True, True, False)
    """
    return names_in_pairs(text) and any(says(name, value.strip()) for name, value in _PAIR.findall(text))
