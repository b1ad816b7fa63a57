"""The tables of docs/formats.md: every name of a column and every word of a cell that is understood."""

from __future__ import annotations

from collections.abc import Iterable

from .column_names import NAMES_JUDGED, STEMS, WORDS_AROUND
from .judging import CODES
from .ordinary import ORDINARY
from .sniffing import FORMATS
from .vocabulary import (
    ALGORITHMS,
    DELETED,
    DITTO,
    DOUBTFUL,
    FALSE,
    FOREIGN,
    LIVE,
    NAMES,
    NEUTRAL,
    NOTATIONS,
    NULL,
    OF_NO_PICTURE,
    OPINION_LABELS,
    OPINIONS,
    TRUE,
    UNMISTAKABLE,
    UNTYPED,
    VIDEO,
)

__all__ = ["formats_markdown", "names_markdown", "words_markdown"]

#: What a column of each meaning says, for people.
_SAYS = {
    "deleted": "deletion: yes, or a date that has come",
    "active": "deletion: no",
    "expires": "deletion: a date that has come",
    "begins": "deletion: a date to come, until then",
    "lasts": "deletion: for how long; a number may last still, and 0 is not understood",
    "category": "opinion, in words",
    "negative": "opinion: yes is negative",
    "malicious": "opinion: yes is positive, no negative",
    "reviewed": "opinion: no is a seed",
    "unreviewed": "opinion: yes is a seed",
    "disputed": "opinion: yes is disputed",
    "state": "deletion or opinion in words, once a cell says one that tells",
    "operation": "the same, and letters (A, D, U) for what is to be done",
    "stands": "kept as it came; no is deletion or opinion that is not understood",
    "disable_until": "Hasher-Matcher-Actioner: 1 is on, 0 is off, else off until then",
}


def names_markdown() -> str:
    """Return the table of the names of columns, for docs/formats.md."""
    types = ", ".join(f"{name} ({kind.value})" for name, kind in ALGORITHMS.items())
    before, behind = WORDS_AROUND
    rows = [
        ("digest, of this type", types),
        ("digest, kept and not matched", _listed(FOREIGN)),
        ("digest of a video, kept and not matched", f"any of the above behind {_listed(VIDEO)}"),
        ("digest", _listed(UNTYPED)),
        ("words beside the name of a digest", _listed(NEUTRAL)),
        ("notation, at the end of the name of a digest", _listed(f"{k} ({v})" for k, v in NOTATIONS.items())),
    ]
    meanings = dict.fromkeys(NAMES.values())
    rows += [(f"`{meaning}`", _listed(k for k, v in NAMES.items() if v == meaning)) for meaning in meanings]
    rows += [
        (f"`{meaning}`, {_SAYS[meaning]}", _listed(sorted(set(names))))
        for meaning, names in NAMES_JUDGED.items()
    ]
    rows += [
        ("words before `deleted`, `expires`", _listed(before)),
        ("words behind `deleted`, `expires`", _listed(behind)),
        ("any other name with one of these: deletion or opinion that is not understood", _listed(STEMS)),
        (
            "any other name of such words alone (camelCase, digits and signs part them): kept, whatever it holds",
            _listed(sorted(ORDINARY)),
        ),
        (
            "any other name at all",
            "kept, unless its cells say yes and no, name what is to be done, or are dates here and there: these may "
            "speak of deletion, and are not understood",
        ),
    ]
    return _table(("means", "names (lower case, letters and digits alone)"), rows)


def words_markdown() -> str:
    """Return the table of the words of cells, for docs/formats.md."""
    stands = [code for code, is_live in CODES.items() if is_live]
    gone = [code for code, is_live in CODES.items() if not is_live]
    rows = [
        ("nothing", _listed(sorted(NULL - {""}))),
        ("yes", _listed(sorted(TRUE))),
        ("no", _listed(sorted(FALSE))),
        ("taken back", _listed(sorted(DELETED))),
        ("stands", _listed(sorted(LIVE))),
        *(
            (
                f"opinion: {category}",
                _listed(sorted(word for word, own in OPINIONS.items() if own == category)),
            )
            for category in dict.fromkeys(OPINIONS.values())
        ),
        ("in columns of `operation`: taken back", _listed(gone)),
        ("in columns of `operation`: stands", _listed(stands)),
        (
            "as a label: an opinion",
            _listed(f"{label} ({own})" for label, own in sorted(OPINION_LABELS.items())),
        ),
        ("what the cell above says: not understood", _listed(sorted(DITTO))),
        ("not understood: the record is a reject", _listed(sorted(DOUBTFUL))),
        ("not understood as a label, or in a column without a name", _listed(sorted(OF_NO_PICTURE))),
        ("not understood in a column of any name", _listed(sorted(UNMISTAKABLE))),
    ]
    return _table(("means", "words (any case; blanks, hyphens and underscores are one)"), rows)


def formats_markdown() -> str:
    """Return the table of list formats and after how many days a copy is stale, for docs/formats.md."""
    rows = [(f"`{row.name}`", row.title, str(row.refresh_days or "no rule")) for row in FORMATS]
    return _table(("name", "format", "stale after days"), rows)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words).replace("|", "\\|")


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
