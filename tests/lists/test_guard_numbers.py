"""How much a list may have of what it should not have: the last that is taken, and the first that is refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from safehash import ListError, load_list


def digest(k: int, n_ones: int, n_bits: int = 256) -> str:
    """Return a digest with so many ones."""
    bits = [1] * n_ones + [0] * (n_bits - n_ones)
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):0{n_bits // 4}x}"


def is_taken(tmp_path: Path, lines: list[str], reason: str = "") -> bool:
    path = tmp_path / "list.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    try:
        load_list(path)
    except ListError as exc:
        assert reason in str(exc)
        return False
    return True


@pytest.mark.parametrize(
    ("n_even", "n_uneven", "taken"),
    [
        # An uneven digest makes SHA-256 57.6 times as likely, each other one 1.397 times less: from 4 times on.
        (36, 4, False),
        (37, 3, True),
        (5, 1, False),  # 57.6 / 1.397 ** 5 = 10.8
        (7, 1, False),  # 5.5
        (8, 1, True),  # 3.97
        (9, 1, True),
    ],
)
def test_sha256_is_told_from_pdq_by_its_ones(n_even: int, n_uneven: int, taken: bool, tmp_path: Path) -> None:
    lines = [digest(k, 128 + k % 17 - 8) for k in range(n_even)] + [digest(k, 137) for k in range(n_uneven)]
    assert is_taken(tmp_path, lines, "they look like SHA-256") is taken
    mirrored = [digest(k, 128) for k in range(n_even)] + [digest(k, 119) for k in range(n_uneven)]
    assert is_taken(tmp_path, mirrored, "they look like SHA-256") is taken


@pytest.mark.parametrize(("n_decimal", "taken"), [(2, True), (3, False)])
def test_one_digest_of_twenty_may_have_no_letter(n_decimal: int, taken: bool, tmp_path: Path) -> None:
    lines = [f"{digest(k, 32, 64)[:15]}a" for k in range(40 - n_decimal)]
    lines += [f"{1234567890123456 + k}" for k in range(n_decimal)]
    assert is_taken(tmp_path, lines, "may be decimal numbers") is taken


@pytest.mark.parametrize(
    ("n_good", "n_bad", "taken"), [(38, 2, True), (37, 3, False), (57, 3, True), (56, 4, False)]
)
def test_one_record_of_twenty_may_be_rejected(n_good: int, n_bad: int, taken: bool, tmp_path: Path) -> None:
    lines = [digest(k, 128) for k in range(n_good)] + ["bad"] * n_bad
    assert is_taken(tmp_path, lines, "records were rejected") is taken
