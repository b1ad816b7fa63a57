"""Tell whether a title takes back, or judges, what stands below it, or a sentence the picture that it speaks of."""

from __future__ import annotations

import re

from .vocabulary import DELETED, DOUBTFUL, OPINIONS

__all__ = ["in_a_sentence", "is_section"]


def in_a_sentence(text: str) -> bool:
    """Tell whether a text, of any number of lines, says in its midst that a picture was listed wrongly or taken back.

    Examples
    --------
    >>> in_a_sentence("this was a false positive"), in_a_sentence("removed on request")
    (True, True)
    >>> in_a_sentence("a removed scene")
    False
    """
    lower = text.lower()
    return any(stem in lower for stem in _SENTENCE_STEMS) and _SENTENCE.search(lower) is not None


_SENTENCE = re.compile(
    r"(?<![^\W_])(?:false[ _-]?(?:positive|alarm)s?|(?:non|not)[ _-]malicious|exonerated|taken[ _-]back"
    r"|(?:by|in|a)[ _-]mistake|in[ _-]error|mistakenly|erroneously|misidentified"
    r"|(?:deleted|removed|withdrawn|taken[ _-]down|delisted|revoked|retracted|cleared)"
    r"[ _-](?:on|upon|at|by|after|per|following)"
    r"[ _-][^\n]{0,40}(?:request|demand|appeal|review|order)"
    r"|(?:is|was|were|are|be|out|found|judged|deemed)[ _-](?:to[ _-]be[ _-])?(?:benign|harmless|innocent|innocuous)"
    r"|(?:not|no)[ _-](?:self[ _-]?harm|csam|suicidal)|do[ _-]not[ _-](?:use|match))(?![^\W_])"
)
#: One of these is in all of what is looked for.
_SENTENCE_STEMS = (
    *(
        "false",
        "malicious",
        "exonerated",
        "taken",
        "mistake",
        "error",
        "erroneous",
        "misident",
        "request",
        "demand",
    ),
    *(
        "appeal",
        "review",
        "order",
        "benign",
        "harmless",
        "innoc",
        "harm",
        "csam",
        "suicid",
        "not use",
        "not match",
    ),
)


def is_section(line: str) -> bool:
    """Tell whether a line of a list is a title that may take back, or judge, what stands below it: "# removed"."""
    if len(line) > _MAX_TITLE:
        return False
    words = re.sub(r"[\W_]+", " ", line.lower()).split()
    said = " ".join(each for each in words if each not in _BESIDE_A_TITLE and not each.isdecimal())
    return bool(said) and (_is_of_titles(said) or _is_of_titles(" ".join(words)))


def _is_of_titles(said: str) -> bool:
    """Tell whether a text is made of words or phrases that take back, and no others."""
    words = said.split()
    while words:
        n = next((n for n in range(min(4, len(words)), 0, -1) if _takes(" ".join(words[:n]))), 0)
        if not n:
            return False
        words = words[n:]
    return True


def _takes(said: str) -> bool:
    return said in DELETED or said in DOUBTFUL or OPINIONS.get(said) == "negative"


_MAX_TITLE = 100
#: Words of a title that say nothing themselves: "The following hashes were removed on 2024-05-06:".
_BESIDE_A_TITLE = frozenset(
    (
        *(
            "hash",
            "hashes",
            "entry",
            "entries",
            "list",
            "lists",
            "item",
            "items",
            "record",
            "records",
            "signals",
        ),
        *(
            "digest",
            "digests",
            "image",
            "images",
            "pdq",
            "md5",
            "sha1",
            "sha256",
            "phash",
            "id",
            "ids",
            "of",
            "the",
        ),
        *(
            "these",
            "following",
            "are",
            "is",
            "was",
            "were",
            "have",
            "has",
            "been",
            "be",
            "to",
            "from",
            "below",
            "all",
        ),
        *(
            "here",
            "section",
            "start",
            "begin",
            "on",
            "at",
            "since",
            "by",
            "after",
            "appeal",
            "review",
            "und",
            "die",
            "der",
            "les",
            "los",
            "las",
        ),
    )
)
