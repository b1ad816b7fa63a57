"""When a list as a whole is refused: cut off, too many rejects, digests that are not what they were taken for."""

from __future__ import annotations

import math

from ..switches import switch
from .column_names import named_column
from .options import ReadOptions
from .tally import Tally

__all__ = ["objection"]

#: How many digests with 128 ones but for more than 8 bits there are: of SHA-256 digests (of random bits, by the
#: binomial distribution), and at most of PDQ digests (flat pictures; docs/hashes.md).
_UNBALANCED_SHA256, _UNBALANCED_PDQ = 0.288, 0.005
#: How much surer than even it must be that digests are SHA-256 before a list is refused, as a ratio.
_DOUBT = 4.0
#: Of hexadecimal digests of 16 digits (10/16)^16 have no letter; a list with more than this share is in decimals.
_MAX_DECIMAL = 0.05


def objection(tally: Tally, options: ReadOptions) -> str | None:
    """Return why a list that was read must not be used, with the switch that allows it; None for nothing."""
    for found in (
        _cut_off(tally, options),
        _promised(tally, options),
        _came_to_speak(tally),
        _other_type(tally),
        _decimals(tally),
        _uuids(tally),
        _too_many_rejects(tally, options),
    ):
        if found is not None:
            return found
    return None


def _cut_off(tally: Tally, options: ReadOptions) -> str | None:
    if not tally.cuts or options.allow_cut:
        return None
    more = f" and {len(tally.cuts) - 1} more" if len(tally.cuts) > 1 else ""
    return f"cut off or changed ({tally.cuts[0]}{more}); {switch('allow_cut', True)} uses what is left"


def _promised(tally: Tally, options: ReadOptions) -> str | None:
    if tally.n_promised > tally.n_records and not options.allow_cut:
        return (
            f"it says that it has {tally.n_promised} records, and {tally.n_records} are there: fetch the rest into one "
            f"directory, or use what there is with {switch('allow_cut', True)}"
        )
    if not tally.n_promising or tally.n_last or options.allow_cut:
        return None
    pages = "its page promises" if tally.n_promising == 1 else f"all of its {tally.n_promising} pages promise"
    return (
        f"{pages} another page after it, which is not there: fetch the rest into one directory, or use what "
        f"there is with {switch('allow_cut', True)}"
    )


def _came_to_speak(tally: Tally) -> str | None:
    """Say which column was kept as it came, and turned out to mean something."""
    for (name, _), met in tally.together.items():
        if met.meant != "extra" and met.kept and not tally.watch(name).counts:
            meanings = ("type",) if met.meant == "type" else _meanings_of(name)
            what = "the types of digests" if met.meant == "type" else "deletion or opinion"
            later = f", and {met.turned} behind it" if met.turned else ", and nothing in other records"
            as_told = switch("columns", *({each: name} for each in meanings))
            return (
                f"column {name!r} may speak of {what}: it holds {met.kept}{later}: {as_told} takes it for that, "
                f"{switch('ignore', [name])} sets it aside"
            )
    for name, watch in tally.watches.items():
        if watch.counts and watch.blank:
            return (
                f"column {name!r} says the type of digests, and nothing of the one in {watch.blank}: "
                f"{switch('ignore', [name])} sets the column aside"
            )
    return None


def _meanings_of(name: str) -> tuple[str, ...]:
    """Return what a column of this name may mean that speaks of deletion or opinion.

    One like `current` says the opposite of `deleted`; of a name that says nothing nobody knows which of both it says.
    """
    meaning = named_column(name).meaning
    known = {"stands": ("active", "category"), "extra": ("deleted", "active", "category")}
    return known.get(meaning, ("deleted", "category"))


def _other_type(tally: Tally) -> str | None:
    n, k = tally.n_untyped, tally.n_unbalanced
    if tally.n_sums * 2 > n:
        return (
            f"{tally.n_sums} lines look like the output of sha256sum, and nothing in the list says whether its "
            f"digests of 64 digits are SHA-256 or PDQ: pass {switch('algorithm', 'sha256', 'pdq')}"
        )
    if not k:
        return None
    evidence = k * math.log(_UNBALANCED_SHA256 / _UNBALANCED_PDQ)
    evidence += (n - k) * math.log((1 - _UNBALANCED_SHA256) / (1 - _UNBALANCED_PDQ))
    if evidence < math.log(_DOUBT):
        return None
    return (
        f"{k} of {n} digests of 64 digits do not have 128 ones, as PDQ digests do: they look like SHA-256, and "
        f"nothing in the list says what they are: pass {switch('algorithm', 'sha256', 'pdq')}"
    )


def _decimals(tally: Tally) -> str | None:
    if tally.n_decimal <= _MAX_DECIMAL * tally.n_short:
        return None
    return (
        f"{tally.n_decimal} of {tally.n_short} digests of 16 digits have no letter: they may be decimal numbers; "
        f"pass {switch('notation', 'decimal', 'hex')}"
    )


def _uuids(tally: Tally) -> str | None:
    # Of MD5 digests 1 in 64 has the four digits of a random UUID where it has them.
    if tally.n_uuids < _FEW_UUIDS or tally.n_uuids * 2 < tally.n_md5:
        return None
    return (
        f"{tally.n_uuids} of {tally.n_md5} digests of 32 digits are written as random UUIDs are, and may be ids: if "
        f"they are digests, {switch('algorithm', 'md5')} or {switch('columns', {'md5': 'NAME'})} says so"
    )


#: So many may look like UUIDs by chance: two do in one list of two in 4096.
_FEW_UUIDS = 2


def _too_many_rejects(tally: Tally, options: ReadOptions) -> str | None:
    n = tally.n_rejects - (tally.n_cut if options.allow_cut else 0)
    n_records = max(tally.n_records, n)
    if not n or options.max_rejects >= 1:
        return None
    n_good = sum(tally.entries.values()) + tally.n_deletes
    if n <= options.max_rejects * n_records and n <= n_good:
        return None
    first = tally.first_reject
    return (
        f"{n} of {n_records} records were rejected, more than {switch('max_rejects', options.max_rejects)} "
        f"allows{'' if n > options.max_rejects * n_records else ', and more than were good'}; the first: {first}"
    )
