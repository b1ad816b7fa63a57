"""What a cell says of a deletion or an opinion; None for what is not understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from ..opinions import join_categories
from .dates import is_date, moment_of
from .fields import BadField, labels_from, shown
from .remembering import remembered
from .sentences import ends_in_a_sign, in_a_sentence
from .vocabulary import (
    DELETED,
    DOUBTFUL,
    FALSE,
    LIVE,
    NULL,
    OF_NO_PICTURE,
    OPINION_LABELS,
    OPINIONS,
    TELLING,
    TRUE,
    UNMISTAKABLE,
    word,
)

__all__ = [
    "AGAINST",
    "ANSWERING",
    "CODES",
    "FIRST_WORDS",
    "GONE",
    "GONE_WORDS",
    "MAY_SPEAK",
    "NOTHING",
    "Judgement",
    "as_text",
    "denies",
    "is_no_answer",
    "is_one_off",
    "judge",
    "labels_said",
    "may_be_cut",
    "opinion_in",
    "speaks",
    "speaks_of_a_place",
    "speaks_without_a_name",
    "takes_back",
    "tells",
    "without_signs",
]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one cell says of its record.

    Attributes
    ----------
    deleted : bool
    category : str or None
        None where it says nothing of the picture.
    """

    deleted: bool = False
    category: str | None = None


NOTHING = Judgement()
GONE = Judgement(deleted=True)

_Judge = Callable[[str, str, str], "Judgement | None"]


def judge(meaning: str, value: object, now: str) -> Judgement | None:
    """Return what `value` says in a column of this meaning, None where it is not understood.

    Parameters
    ----------
    meaning : str
        One of `column_names.JUDGED`.
    value : object
        A cell's text, or what JSON holds.
    now : str
        ISO 8601, UTC: dates to come are not yet true.

    Examples
    --------
    >>> judge("deleted", "2024-05-06", now="2026-01-01T00:00:00Z")
    Judgement(deleted=True, category=None)
    >>> judge("deleted", "2027-05-06", now="2026-01-01T00:00:00Z")
    Judgement(deleted=False, category=None)
    >>> judge("deleted", "perhaps", now="2026-01-01T00:00:00Z") is None
    True
    """
    text = as_text(value)
    if text is None:
        return None
    raw = text.strip().lower()
    is_answer = (raw == "-" and meaning in ("operation", "unsure")) or (
        raw == _NO_ANSWER and meaning in ANSWERING
    )
    if raw in NULL and not is_answer:
        return NOTHING
    said = word(text)
    return _JUDGES[meaning](raw, said, now)


def is_no_answer(value: object) -> bool:
    """Tell whether a value says "none", which is an answer in some columns, and no value in others."""
    return isinstance(value, str) and value.strip().lower() == _NO_ANSWER


def tells(value: object, meaning: str = "state") -> bool:
    """Tell whether a cell shows that a column of many meanings speaks of deletion or opinion.

    A known word does, and so does one that is nearly such a word, or has one in it: it may be one that was
    damaged, or a sentence that says more.
    """
    text = as_text(value)
    if text is None:
        return False
    said = word(text)
    if meaning == "operation" and said in CODES:
        return True
    if "." in said and re.fullmatch(r"[\w.]+", said):  # "org.matrix.unban"
        said = said.rpartition(".")[2]
    first = said.split(" ", 1)[0]
    return (
        said in TELLING
        or (first in DELETED and first in TELLING)
        or _HAS_STEM.search(said) is not None
        or _nearly(said)
    )


def opinion_in(labels: Iterable[str]) -> tuple[tuple[str, ...], str | None]:
    """Return labels without those that are opinions, and the category that these make, None for none.

    Raises
    ------
    BadField
        One says that its record was taken back.
    """
    kept: list[str] = []
    category: str | None = None
    for label in labels:
        said = word(label)
        opinion = OPINION_LABELS.get(said) or OPINION_LABELS.get(word(without_signs(label)))
        if opinion is not None:
            category = opinion if category is None else join_categories(category, opinion)
        elif said in UNMISTAKABLE or said in OF_NO_PICTURE or (said in DELETED and said not in _TOPICS):
            raise BadField(f"the label {shown(label)} speaks of deletion, and is not understood")
        elif _is_wordy(label):
            raise BadField(
                f"the label {shown(label)} may speak of deletion or opinion, and is not understood"
            )
        else:
            kept.append(label)
    return tuple(kept), category


def labels_said(value: object) -> tuple[tuple[str, ...], str | None]:
    """Return the labels in a text or a list, without opinions, and the category that these make, None for none.

    Raises
    ------
    BadField
        One says that its record was taken back, or denies what the list is about.
    """
    if isinstance(value, str):
        whole = word(without_signs(value))
        if whole in OPINION_LABELS or whole in UNMISTAKABLE or whole in OF_NO_PICTURE:
            return opinion_in((value,))  # "false positive" is one label
        if denies(value):  # so is "no self harm"
            raise BadField(f"the label {shown(value)} may speak of an opinion, and is not understood")
    return opinion_in(labels_from(value))


_PART = re.compile(r"[^\w -]+")


@remembered(4096)
def _is_wordy(label: str) -> bool:
    """Tell whether a label has an opinion or a deletion in it, and more: "status:withdrawn", "no self harm"."""
    if denies(label):
        return True
    parts = [word(part) for part in _PART.split(label) if part.strip()]
    return (len(parts) > 1 or parts != [word(label)]) and any(
        OPINION_LABELS.get(part) in ("negative", "disputed")
        or part in UNMISTAKABLE
        or part in DELETED - _TOPICS
        for part in parts
    )


def without_signs(text: str) -> str:
    """Return a text without quotes, brackets, "#" and other signs around it."""
    start, stop = 0, len(text)
    while start < stop and not _is_of_word(text[start]):
        start += 1
    while start < stop and not _is_of_word(text[stop - 1]):
        stop -= 1
    return text[start:stop]


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def denies(text: str) -> bool:
    """Tell whether a text denies that a picture is what the list is about: "no self harm"."""
    return _DENIES.match(word(text)) is not None


#: Words of deletion that are topics, too.
_TOPICS = frozenset(
    ("disabled", "disable", "void", "inactive", "retired", "erased", "recalled", "discarded", "rm", "del")
)

#: A word of which less than one part in so many is left is not looked for.
_CUT_TO = 3


def may_be_cut(label: str) -> bool:
    """Tell whether a label at the end of a list that breaks off may be the beginning of an opinion or a deletion."""
    said = word(label)
    known = (*OPINION_LABELS, *UNMISTAKABLE)
    return bool(said) and any(
        each.startswith(said) and len(said) < len(each) <= _CUT_TO * len(said) for each in known
    )


def takes_back(text: str, *, is_in_front: bool = False) -> bool:
    """Tell whether a word or two beside a digest, in a list without columns, may take it back or judge it harmless."""
    said = word(text)
    bare = word(without_signs(text))
    words = [word(each) for each in text.split()]
    some = words if is_in_front else [*words[:1], *words[-1:]]
    if any(each in DELETED and (is_in_front or each not in _TOPICS) for each in some) or (
        is_in_front and not _IN_FRONT.isdisjoint(words)
    ):
        return True
    return (
        (re.search(r"\w", text) is None and not (is_in_front and text.strip() in _BULLETS))
        or ends_in_a_sign(text)
        or CODES.get(said) is False
        or bare in _YES_OR_NO
        or any(
            each in DELETED or each in DOUBTFUL or OPINIONS.get(each) == "negative" for each in (said, bare)
        )
    )


#: Words of which nothing says whether they mean that a digest is listed, or was taken back.
_YES_OR_NO = frozenset(
    ("x", "yes", "no", "true", "false", "t", "f", "y", "n", "on", "off", "ok", "okay", "nok")
)
#: In front of a digest, other words that may take it back: those of logs, commands and conditions.
_IN_FRONT = frozenset(
    (
        "except",
        "excluding",
        "without",
        "not",
        "undo",
        "srem",
        "hdel",
        "zrem",
        "lrem",
        "unset",
        "drop",
        "dropped",
        "minus",
    )
)
#: Signs that a line begins with in a list of what is new, or of anything.
_BULLETS = frozenset("+*\N{BULLET}\N{MIDDLE DOT}")


def speaks_without_a_name(text: str) -> bool:
    """Tell whether a cell of a column without a name is a word that takes back, or judges, whatever else it means."""
    return word(text) in _GONE or word(without_signs(text)) in _GONE


def speaks_of_a_place(text: str) -> bool:
    """Tell whether the name of a folder, or of a part of a set, is a word that takes back or judges what is in it."""
    return speaks_without_a_name(text) or in_a_sentence(f"/{text.strip()}/")


_GONE = DELETED | DOUBTFUL | OF_NO_PICTURE | {said for said, own in OPINIONS.items() if own == "negative"}
#: The words of which `speaks_without_a_name` says so, as cells write them.
GONE_WORDS = frozenset(each.replace(" ", between) for each in _GONE for between in (" ", "_", "-"))


def speaks(text: str) -> bool:
    """Tell whether a cell speaks of deletion or opinion for itself, whatever its column is called."""
    return MAY_SPEAK.fullmatch(text) is not None or in_a_sentence(text)


#: A cell that speaks for itself: a word that means nothing else, bare, in brackets, or with "by ..." behind it.
#: Each of these begins with a letter: asked for first, as four million signs in front would be tried with every word.
MAY_SPEAK = re.compile(
    r"[^\w\n]*(?=\w)(?:"
    + "|".join(
        sorted((re.escape(each).replace(r"\ ", "[ _-]+") for each in UNMISTAKABLE), key=len, reverse=True)
    )
    + r")(?:[^\w\n]*|(?:[ _-]+(?:by|on|at|since|per|due|because|after|upon|via|am|vom|auf|wegen|durch|seit|nach|le|el"
    r"|il|op|door|sur|par|suite|por|em|su|den|dne|av|af)\b|[ _-]*[:;,(\[]|[ _-]+\d)[^\n]*)",
    re.IGNORECASE,
)

#: The words that such a cell begins with, in lower case.
FIRST_WORDS = frozenset(
    found[0] for each in UNMISTAKABLE if (found := re.match(r"[^\W\d_]+", each)) is not None
)

_DENIAL = (
    "^(?:not?|non|never) (?:an? )?(?:csam|csem|cse|sh|self ?harm|suicid|match|hit|violati|abus|harm|malic|relevant"
    "|pertinent|sensitive|graphic|offen|illegal|illicit|prohibit|nsfw|explicit|confirm|valid|active|live|enabled)"
)
# A state that was not understood as a whole speaks of deletion or opinion where one of these is in it.
_HAS_STEM = re.compile(
    "delet|remov|withdr|revok|revoc|retract|rescind|tombston|expung|invalidat|deactivat|no longer|false ?pos"
    f"|non ?malic|benign|exonerat|innocen|whitelist|allowlist|misclassif|mislabel|{_DENIAL}"
)
_DENIES = re.compile(_DENIAL)

#: Letters for what is to be done with a record, in columns called "action", "op" and the like.
CODES = {
    "d": False,
    "del": False,
    "rem": False,
    "rm": False,
    "i": True,
    "ins": True,
    "u": True,
    "upd": True,
    "a": True,
    "c": True,
}
CODES |= {"+": True, "m": True, "n": True}


def as_text(value: object) -> str | None:
    """Return a cell as text, as JSON's values are written in other lists; None for a list or an object."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return "" if value in ([], {}) else None


# -- the meanings ------------------------------------------------------------------------------------------


def _deleted(raw: str, said: str, now: str) -> Judgement | None:
    if raw in TRUE or said in DELETED:
        return GONE
    if raw in FALSE or said in LIVE:
        return NOTHING
    return _since(raw, now)


def _since(raw: str, now: str) -> Judgement | None:
    moment = moment_of(raw, now)
    return None if moment is None else GONE if moment == "past" else NOTHING


def _active(raw: str, said: str, now: str) -> Judgement | None:
    if raw in TRUE or said in LIVE:
        return NOTHING
    if raw in FALSE or said in DELETED:
        return GONE
    return None


def _expires(raw: str, said: str, now: str) -> Judgement | None:
    return NOTHING if raw in ("0", "0.0") else _since(raw, now)


def _disable_until(raw: str, said: str, now: str) -> Judgement | None:
    """Hasher-Matcher-Actioner: 1 is on, 0 is off, else off until then."""
    if raw in ("1", "1.0"):
        return NOTHING
    if raw in ("0", "0.0"):
        return GONE
    moment = moment_of(raw, now)
    return None if moment is None else GONE if moment == "future" else NOTHING


def _category(raw: str, said: str, now: str) -> Judgement | None:
    category = OPINIONS.get(said)
    return None if category is None else Judgement(category=category)


def _state(raw: str, said: str, now: str) -> Judgement | None:
    if said in DELETED:
        return GONE
    if said in LIVE:
        return NOTHING
    return _category(raw, said, now)


def _operation(raw: str, said: str, now: str) -> Judgement | None:
    stands = CODES.get(said)
    if stands is not None:
        return NOTHING if stands else GONE
    return None if raw == "-" else _state(raw, said, now)


def _flag(when_true: Judgement, when_false: Judgement) -> _Judge:
    def judged(raw: str, said: str, now: str) -> Judgement | None:
        if raw in TRUE:
            return when_true
        if raw in FALSE:
            return when_false
        return _category(raw, said, now)

    return judged


def _unclear(raw: str, said: str, now: str) -> Judgement | None:
    """Speaks of deletion or opinion in words that are not known: only "no" is sure to say nothing."""
    return NOTHING if raw in FALSE else None


def _begins(raw: str, said: str, now: str) -> Judgement | None:
    moment = moment_of(raw, now)
    return None if moment is None else GONE if moment == "future" else NOTHING


def _lasts(raw: str, said: str, now: str) -> Judgement | None:
    """For how long: a number, of a time that is not said, may last still, and of nothing nobody knows."""
    if said in DELETED:
        return GONE
    if is_date(raw):
        return _since(raw, now)
    is_long = raw in ("-1", "-1.0") or said in LIVE | _ENDLESS or _LASTING.fullmatch(raw) is not None
    return NOTHING if is_long else None


_ENDLESS = frozenset(("unlimited", "infinite", "infinity", "forever", "permanent", "indefinite", "no limit"))
_LASTING = re.compile(
    r"(?=[0.,]*[1-9])\d{1,12}(?:[.,]\d+)?\s*"
    r"(?:s|secs?|seconds|m|min|minutes|h|hours?|d|days?|w|weeks?|months?|y|years?)?"
)

#: Columns of these meanings answer a question: "none" may say that nothing was found, or that nobody looked.
ANSWERING = frozenset(("category", "malicious", "stands"))
_NO_ANSWER = "none"
#: Against, where others are for.
AGAINST = frozenset(("-1", "-1.0"))
_POSITIVE, _NEGATIVE, _SEED = (Judgement(category=each) for each in ("positive", "negative", "seed"))
_JUDGES: dict[str, _Judge] = {
    "deleted": _deleted,
    "active": _active,
    "expires": _expires,
    "begins": _begins,
    "lasts": _lasts,
    "disable_until": _disable_until,
    "category": _category,
    "state": _state,
    "operation": _operation,
    "negative": _flag(_NEGATIVE, NOTHING),
    "malicious": _flag(_POSITIVE, _NEGATIVE),
    "reviewed": _flag(NOTHING, _SEED),
    "unreviewed": _flag(_SEED, NOTHING),
    "disputed": _flag(Judgement(category="disputed"), NOTHING),
    "unclear": _unclear,
    "stands": lambda raw, said, now: (
        None if raw.rstrip(" %") in FALSE or raw in AGAINST or raw == _NO_ANSWER else NOTHING
    ),
    "unsure": lambda raw, said, now: None,
}

# -- damaged words -----------------------------------------------------------------------------------------

_LONG_ENOUGH = 5
_LONG_WORDS = tuple(sorted(each for each in TELLING if len(each) >= _LONG_ENOUGH))


def _nearly(said: str) -> bool:
    """Tell whether a cell is one of the telling words with one letter lost, added or changed."""
    if not 3 <= len(said) <= 30 or said in OPINIONS or said in LIVE or not any(map(str.isalpha, said)):
        return False
    beginnings, lacking = _beside_long_words()
    return said in beginnings or any(
        is_one_off(said, each) for less in _lacking_one(said) for each in lacking.get(less, ())
    )


@cache
def _beside_long_words() -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Return the longer halves of long words, and the words by what is left of them without one of their letters.

    Words that differ by one letter, or by two that changed places, have in common what lacks one.
    """
    beginnings = {each[:n] for each in _LONG_WORDS for n in range(len(each) // 2 + 1, len(each) + 1)}
    lacking: dict[str, tuple[str, ...]] = {}
    for each in _LONG_WORDS:
        for less in _lacking_one(each):
            lacking[less] = (*lacking.get(less, ()), each)
    return frozenset(beginnings), lacking


def _lacking_one(word: str) -> set[str]:
    """Return a word, and what is left of it without each of its letters."""
    return {word, *(word[:k] + word[k + 1 :] for k in range(len(word)))}


def is_one_off(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter lost, added or changed, or two that changed places."""
    start = next(
        (k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
