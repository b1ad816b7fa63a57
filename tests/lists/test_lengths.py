"""Digests of no type are what their length says: one that was cut is no digest of another type, and takes none away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from safehash import ListError, ListSource, load_list

M, S = (
    [f"{k * factor % (1 << 4 * n):0{n}x}" for k in range(1, 13)]
    for n, factor in (
        (32, 0x9E3779B97F4A7C15F39CC0605CEDC835),
        (40, 0x9E3779B97F4A7C15F39CC0605CEDC8341082276B),
    )
)
#: With as many ones as noughts, as PDQ digests have.
P = [f"{each}{int(each, 16) ^ (1 << 128) - 1:032x}" for each in M]
#: What a line is, and what is left of it; each once with a line end.
SHAPES: dict[str, tuple[Callable[[int], str], Callable[[int], str]]] = {
    "two digests": (lambda k: f"{M[k]},{P[k]}", lambda k: f"{M[k]},{P[k][:40]}"),
    "two digests, the first": (lambda k: f"{P[k]},{M[k]}", lambda k: f"{P[k][:40]},{M[k]}"),
    "three digests": (lambda k: f"{M[k]},{S[k]},{P[k]}", lambda k: f"{M[k]},{S[k][:32]},{P[k]}"),
    "two digests, one left": (lambda k: f"{M[k]},{P[k]}", lambda k: S[k]),
    "a digest and a label": (lambda k: f"{P[k]},a", lambda k: P[k][:32]),
    "pairs": (lambda k: f"hash={P[k]}", lambda k: f"hash={P[k][:32]}"),
    "pairs with more": (lambda k: f"hash={P[k]},source=x", lambda k: f"hash={P[k][:32]},source=x"),
    "words": (lambda k: f"{M[k]} {P[k]}", lambda k: f"{M[k]} {P[k][:40]}"),
    "words, one left": (lambda k: f"{M[k]} {P[k]}", lambda k: M[k]),
}


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("n", [4, 11])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_cut_one(shape: str, n: int, end: str, tmp_path: Path) -> None:
    whole, cut = SHAPES[shape]
    path = tmp_path / "list.txt"
    path.write_text("".join(f"{whole(k)}\n" for k in range(n)))
    listed = set(load_list(ListSource(path, max_rejects=1.0)).table)
    assert listed
    path.write_text("".join(f"{whole(k)}\n" for k in range(n)) + cut(n) + end)
    try:
        loaded = load_list(ListSource(path, max_rejects=1.0))
    except ListError:
        return
    found = {entry.hash for entry in loaded.table}
    assert {entry.hash for entry in listed} <= found
    assert loaded.report.n_rejects == 1
    assert all(str(each.hex) in (*M, *S, *P) for each in found)  # type: ignore[union-attr]


def test_one_behind_others_with_their_types(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"pdq {P[0]}\nphoto pdq {P[1]}\nhash={P[2][:32]}")
    with pytest.raises(ListError, match="no line end"):
        load_list(path)
    path.write_text(f"pdq {P[0]}\nphoto pdq {P[1]}\nhash={M[2]}\n")
    assert load_list(path).report.n_entries == 3


@pytest.mark.parametrize(
    "lines",
    [
        [P[0], M[0], S[0], P[1], M[1]],
        [f"hash={each}" for each in (P[0], M[0], S[0], P[1], M[1])],
        [f"{each},a" for each in (P[0], M[0], S[0], P[1], M[1])],
        [*(f"{m},{s}" for m, s in zip(M[:5], S, strict=False)), M[7]],
        [*(f"{p},100,{m}.jpg" for p, m in zip(P[:5], M, strict=False))],
        [*(f"md5 {m} sha1 {s}" for m, s in zip(M[:5], S, strict=False))],
    ],
)
def test_what_is_meant_to_be_of_several_lengths(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n".join(lines) + "\n")
    loaded = load_list(path)
    assert loaded.report.n_rejects == 0
    assert loaded.report.n_entries >= 5
