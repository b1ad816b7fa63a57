"""How an index cuts digests into slots, and what each radius makes it look at."""

from __future__ import annotations

import functools
import heapq
import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from .. import _search
from ..hashing.threads import n_threads_of

__all__ = ["build_slots", "choose_widths", "masks_within", "merge_slots", "radii_for"]

UInt8Array = npt.NDArray[np.uint8]
UInt32Array = npt.NDArray[np.uint32]

# Costs in units of one bucket looked at (about 16 ns when its cache misses overlap others'), measured at
# 100 k, 1 M and 10 M digests over a dozen ways to cut.
_COST_OF_CANDIDATE = 1.5  # measured 1.1 to 1.3; the rest allows for real digests, whose buckets are uneven
_COST_OF_SCANNED = 0.065  # a digest in a scan of all
_MAX_WIDTH = 26
_MAX_MASKS = 20_000

#: Bytes a hash that the slot arrays may take, beside its digest.
_BYTES_PER_HASH = 92
#: Small lists may take more, up to this in all: there it is speed that is scarce.
_BYTES_WHEN_SMALL = 1024
_BYTES_AT_LEAST = 8 << 20


def n_masks(width: int, radius: int) -> int:
    """Return how many values of `width` bits lie within `radius` bits of one."""
    return sum(math.comb(width, bits) for bits in range(radius + 1))


def scan_cost(n: int) -> float:
    """Return the cost of looking at all of `n` digests."""
    return _COST_OF_SCANNED * n


def _cost(n: int, width: int, radius: int) -> float:
    if radius < 0:
        return 0.0
    return n_masks(width, radius) * (1 + _COST_OF_CANDIDATE * n / (1 << width))


def choose_widths(n: int, n_bits: int, max_distance: int) -> tuple[int, ...]:
    """Return the widths of the slots that answer `max_distance` fastest over `n` digests, widest first.

    Returns
    -------
    tuple of int
        Empty only for an empty list. Where scanning all digests is cheaper than any slots for `max_distance`,
        as in lists of a few thousand or for a very wide radius, the slots serve smaller radii and seeds.

    Notes
    -----
    Any digest within d bits of the query is within r_s bits in some slot s as soon as the sum of (r_s + 1) is
    d + 1: if it differed by more everywhere, it would differ by d + 1 in all. So every split of d + 1 into
    slots of radius r and r + 1 is tried, and the bits are dealt one at a time to the slot that gains most.
    """
    if n == 0:
        return ()
    max_distance = min(max_distance, n_bits - 1)
    cost, widths = _cheapest(n, n_bits, max_distance)
    smaller = max_distance
    while cost > scan_cost(n) and smaller > n_bits // 16:
        smaller = smaller * 3 // 4
        cost, found = _cheapest(n, n_bits, smaller)
        if cost <= scan_cost(n) or not widths:
            widths = found
    return tuple(sorted(widths, reverse=True))


def _cheapest(n: int, n_bits: int, max_distance: int) -> tuple[float, tuple[int, ...]]:
    best: tuple[float, tuple[int, ...]] = (math.inf, ())
    max_bytes = max(_BYTES_PER_HASH * n, min(_BYTES_AT_LEAST, _BYTES_WHEN_SMALL * n))
    for low in range(5):
        for n_high in range((max_distance + 1) // (low + 2) + 1):
            n_low, rest = divmod(max_distance + 1 - n_high * (low + 2), low + 1)
            if rest or not 0 < n_high + n_low <= _search.MAX_SLOTS:
                continue
            radii = [low + 1] * n_high + [low] * n_low
            best = min(best, _deal_bits(n, n_bits, radii, max_bytes))
    return best


def _deal_bits(n: int, n_bits: int, radii: list[int], max_bytes: int) -> tuple[float, tuple[int, ...]]:
    """Return the cost and the widths of slots probed with `radii`; infinite if they do not fit."""
    widths = [radius + 1 for radius in radii]
    free_bits = n_bits - sum(widths)
    free_bytes = max_bytes - 4 * n * len(radii) - sum(4 << width for width in widths)
    if free_bits < 0 or free_bytes < 0:
        return math.inf, ()

    def loss(slot: int) -> float:
        now, wider = (_cost(n, width, radii[slot]) for width in (widths[slot], widths[slot] + 1))
        return wider - now

    heap = [(loss(slot), slot) for slot in range(len(radii))]
    heapq.heapify(heap)
    while heap and free_bits:
        loss_now, slot = heapq.heappop(heap)
        if loss_now >= 0:
            break
        if free_bytes < 4 << widths[slot] or widths[slot] == _MAX_WIDTH:
            continue
        free_bytes -= 4 << widths[slot]
        free_bits -= 1
        widths[slot] += 1
        heapq.heappush(heap, (loss(slot), slot))
    return sum(_cost(n, width, radius) for width, radius in zip(widths, radii, strict=True)), tuple(widths)


def radii_for(n: int, widths: tuple[int, ...], max_distance: int) -> tuple[int, ...] | None:
    """Return the radius to probe each slot with so that `max_distance` is answered exactly.

    Returns
    -------
    tuple of int or None
        -1 for a slot that need not be looked at; None where looking at every digest is cheaper.

    Notes
    -----
    Each of the ``max_distance + 1`` units goes to the slot where it costs least. The costs of a slot grow
    faster than linearly in its radius, so this is the cheapest sum.
    """
    radii = [-1] * len(widths)
    heap = [(_cost(n, width, 0), slot) for slot, width in enumerate(widths)]
    heapq.heapify(heap)
    total = 0.0
    for _ in range(max_distance + 1):
        if not heap:
            return None
        added, slot = heapq.heappop(heap)
        total += added
        if total > scan_cost(n):
            return None
        radii[slot] += 1
        radius, width = radii[slot], widths[slot]
        if radius < width and n_masks(width, radius + 1) <= _MAX_MASKS:
            heapq.heappush(heap, (_cost(n, width, radius + 1) - _cost(n, width, radius), slot))
    return tuple(radii)


@functools.lru_cache(maxsize=128)
def masks_within(width: int, radius: int) -> UInt32Array:
    """Return every number of `width` bits with at most `radius` ones.

    Sorted: numbers that differ only in their lowest four bits select bucket limits in one cache line.
    """
    found = np.fromiter(
        (
            sum(1 << bit for bit in bits)
            for count in range(radius + 1)
            for bits in itertools.combinations(range(width), count)
        ),
        np.uint32,
    )
    found.sort()
    found.setflags(write=False)
    return found


def build_slots(
    digests: UInt8Array, widths: tuple[int, ...], threads: int = 1
) -> tuple[UInt32Array, UInt32Array]:
    """Return the arrays that `SlotIndex` searches: where each slot's buckets start, and their rows.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, n_bytes)
    widths : tuple of int
    threads : int
        Build so many slots at once.
    """
    n = digests.shape[0]
    keys = _search.slot_keys(digests, widths)
    limits = _limits(widths)
    starts = np.empty(limits[-1], np.uint32)
    ids = np.empty(len(widths) * n, np.uint32)

    def build(slot: int) -> None:
        of_slot = slice(limits[slot], limits[slot + 1])
        _search.build_slot(keys[slot], widths[slot], starts[of_slot], ids[slot * n : (slot + 1) * n])

    _for_each(build, len(widths), threads)
    return starts, ids


def merge_slots(
    old_starts: UInt32Array,
    old_ids: UInt32Array,
    old_digests: UInt8Array,
    keep: npt.NDArray[np.bool_],
    added: UInt8Array,
    widths: tuple[int, ...],
    threads: int = 1,
) -> tuple[UInt32Array, UInt32Array]:
    """Return what `build_slots` returns for the digests kept and then those added, from the older arrays.

    Parameters
    ----------
    old_starts, old_ids : ndarray of uint32
        For the same `widths`.
    old_digests : ndarray of uint8, shape (n_old, n_bytes)
    keep : ndarray of bool, shape (n_old,)
    added : ndarray of uint8, shape (n_added, n_bytes)
    widths : tuple of int
    threads : int
        Merge so many slots at once.

    Raises
    ------
    ValueError
        The older arrays do not belong together.
    """
    n_old = keep.shape[0]
    removed = np.flatnonzero(~keep)
    n_kept = n_old - removed.shape[0]
    n_new = n_kept + added.shape[0]
    kept = _kept_words(keep, removed) if removed.size else np.empty(0, np.uint64)
    removed_keys = _search.slot_keys(np.ascontiguousarray(old_digests[removed]), widths)
    added_keys = _search.slot_keys(added, widths)
    coming = np.arange(n_kept, n_new)
    limits = _limits(widths)
    starts = np.empty(limits[-1], np.uint32)
    ids = np.empty(len(widths) * n_new, np.uint32)

    def merge(slot: int) -> None:
        of_slot = slice(limits[slot], limits[slot + 1])
        _search.merge_slot(
            old_starts[of_slot],
            old_ids[slot * n_old : (slot + 1) * n_old],
            widths[slot],
            kept,
            *_sorted_by_key(removed_keys[slot], removed),
            *_sorted_by_key(added_keys[slot], coming),
            starts[of_slot],
            ids[slot * n_new : (slot + 1) * n_new],
        )

    _for_each(merge, len(widths), threads)
    return starts, ids


def _sorted_by_key(keys: UInt32Array, rows: npt.NDArray[np.intp]) -> tuple[UInt32Array, UInt32Array]:
    """Return both sorted by (key, row). As single numbers: ten times as fast as `argsort`."""
    pairs = keys.astype(np.uint64) << np.uint64(32) | rows.astype(np.uint64)
    pairs.sort()
    return (pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32)


def _kept_words(keep: npt.NDArray[np.bool_], removed: npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
    """Return a word for each 32 rows: which of them stay, and above that how many before them do."""
    n_words = -(-keep.shape[0] // 32)
    bits = np.zeros(4 * n_words, np.uint8)
    packed = np.packbits(keep, bitorder="little")
    bits[: packed.shape[0]] = packed
    firsts = 32 * np.arange(n_words)
    before = (firsts - np.searchsorted(removed, firsts)).astype(np.uint64)
    words: npt.NDArray[np.uint64] = before << np.uint64(32) | bits.view("<u4")
    return words


def _limits(widths: tuple[int, ...]) -> list[int]:
    return [0, *itertools.accumulate((1 << width) + 1 for width in widths)]


def _for_each(work: Callable[[int], None], n: int, threads: int) -> None:
    if n_threads_of(threads) == 1:
        for number in range(n):
            work(number)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(n)))
