"""How exchanges name types of digests: those we compute, foreign ones, and ones we have not heard of."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..._frozen import DEEPEST
from ...hashing.hashes import Algorithm
from ..switches import switch
from .column_names import JUDGED, named_column, type_named
from .fields import BadField, shown
from .inside import LATE, doubt_in, is_there, pairs_speak, says, speaks_inside
from .judging import ANSWERING, NOTHING, is_no_answer, is_one_off, judge, speaks
from .tally import Tally
from .vocabulary import ALGORITHMS, plain

__all__ = ["check_kept", "check_unknown", "exchange_type", "speaking_in"]

_OURS = re.compile("pdq|md-?5|sha-?_?(?:1|2|256)|p_?hash", re.IGNORECASE)


def exchange_type(name: object, tally: Tally) -> Algorithm | str:
    """Return the algorithm that an exchange calls `name`; its own name in lower case for a foreign one.

    Raises
    ------
    BadField
        No text, or nearly the name of a type that is computed here: it may be damaged.
    """
    if not isinstance(name, str) or not name.strip():
        raise BadField(f"expected the name of a hash type, found {shown(name)}")
    kind = type_named(name)
    if kind is not None and kind.algorithm is not None:
        return kind.algorithm
    if _OURS.search(name) or _is_nearly_ours(plain(name)):
        raise BadField(f"{shown(name)} is no type of digest known here")
    own = name.strip().lower()
    tally.note(f"digests of type {shown(own)} are kept, and not matched: the type is not known here")
    return own


def _is_nearly_ours(name: str) -> bool:
    """Tell whether a name has one letter changed, lost or added of one of ours."""
    bare = re.sub("hash|image|img", "", name)
    return any(bare != ours and is_one_off(bare, ours) for ours in ALGORITHMS if len(ours) >= 3)


_CLOSED = {"malicious": "unsure"} | {each: each for each in ("unsure", "active", "stands", "lasts", "begins")}


def check_unknown(extra: Mapping[str, object], tally: Tally) -> None:
    """Refuse a record whose unknown fields speak of deletion or opinion and say anything but "no".

    That nobody is sure of it is remarked on.

    Raises
    ------
    BadField
        One does.
    """
    if not extra:
        return
    for name, value in extra.items():
        named = named_column(name)
        if named.weak:
            is_sure = not speaks_inside(value, name)
        elif named.meaning in JUDGED:
            is_unsaid = is_there(name, value) or (named.meaning in ANSWERING and is_no_answer(value))
            is_sure = not is_unsaid and judge(_CLOSED.get(named.meaning, "unclear"), value, LATE) is NOTHING
        else:
            is_sure = not speaks_inside(value, name)
        if not is_sure:
            raise BadField(
                f"{shown(value)} in {name!r}, which speaks of deletion or opinion and is not known in this format, "
                f"is not understood: {switch('ignore', [name])} sets it aside"
            )
    _keep_doubt(extra, tally)


def _keep_doubt(extra: Mapping[str, object], tally: Tally) -> None:
    """Count what doubts a record that stands, for a remark."""
    doubt = doubt_in(extra)
    if doubt is not None:
        tally.keep(tally.doubts, doubt[0], shown(doubt[1]))


def check_kept(extra: Mapping[str, object], tally: Tally) -> None:
    """Refuse a record of our own whose unknown fields say against it what no reader of a list leaves in them.

    Raises
    ------
    BadField
        One does.
    """
    name = speaking_in(extra)
    if name is not None:
        raise BadField(
            f"{shown(extra[name])} in {name!r} of 'extra' speaks of deletion or opinion, and the record stands all the "
            f"same: {switch('ignore', ['extra'])} sets what is in 'extra' aside"
        )
    _keep_doubt(extra, tally)


def speaking_in(extra: Mapping[str, object]) -> str | None:
    """Return the name of a field that speaks of deletion or opinion as no list leaves it; None for none."""
    for name, value in extra.items():
        if name not in _KEPT_SO and (
            speaks_inside(value, name, -DEEPEST)  # our own are read as deep as they go
            if isinstance(value, (list, dict))
            else says(name, value) or (isinstance(value, str) and (speaks(value) or pairs_speak(value)))
        ):
            return name
    return None


#: What is kept as it came, whatever it says: the states of StopNCII's cases, what was united, and names of pictures
#: that were added here.
_KEPT_SO = frozenset(("caseNumbers", "united", "filename"))
