"""The kernel that unpacks BMP run lengths, against the same written in Python, on codes of every kind and none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bmp_oracle
from safehash import _rows
from safehash.images.bmp_runs import unpack_runs
from safehash.images.deadline import NO_DEADLINE

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 20))
CODES = st.one_of(
    st.binary(max_size=6),
    st.tuples(st.integers(1, 255), st.integers(0, 255)).map(bytes),
    st.just(b"\0\0"),
    st.just(b"\0\1"),
    st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda to: b"\0\2" + bytes(to)),
    st.integers(3, 255).flatmap(
        lambda n: st.binary(min_size=0, max_size=3 * n + 3).map(lambda b: bytes([0, n]) + b)
    ),
)


@given(codes=st.lists(CODES, max_size=60), size=SIZES, bits=st.sampled_from([4, 8, 24]), at=st.integers(0, 9))
def test_the_kernel_unpacks_what_the_oracle_does(
    codes: list[bytes], size: tuple[int, int], bits: int, at: int
) -> None:
    data = b"".join(codes)
    pixels, there, n_rows = unpack_runs(data, at, size, bits, NO_DEADLINE)
    wanted, wanted_there, wanted_rows = bmp_oracle.unpack_runs(data, at, size, bits, NO_DEADLINE)
    assert (pixels == wanted).all()
    assert (there == wanted_there).all()
    assert n_rows == wanted_rows


def test_it_goes_on_where_it_was_left() -> None:
    data = b"\x03\x07\0\0\x02\x09\0\2\1\1\0\3abc\0\1"
    whole, there, _ = unpack_runs(data, 0, (6, 5), 8, NO_DEADLINE)
    pixels, marks = np.zeros((5, 6, 1), np.uint8), np.zeros((5, 6), np.uint8)
    more, at, row, col = True, 0, 0, 0
    while more:
        more, at, row, col = _rows.unpack_runs(data, at, pixels, marks, bits=8, row=row, col=col, n_codes=1)
    assert (pixels[..., 0] == whole).all()
    assert (marks.view(bool) == there).all()


@pytest.mark.parametrize(
    "change",
    [
        {"bits": 5}, {"bits": 24}, {"at": -1}, {"at": 5}, {"row": -1}, {"col": -1}, {"n_codes": -1},
        {"there": np.zeros((2, 4), np.uint8)}, {"pixels": np.zeros((3, 4, 3), np.uint8)},
        {"pixels": np.zeros((0, 4, 1), np.uint8), "there": np.zeros((0, 4), np.uint8)},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_refused(change: dict[str, object]) -> None:
    whole = {
        "data": b"\0\0\0\1", "at": 0, "pixels": np.zeros((3, 4, 1), np.uint8), "there": np.zeros((3, 4), np.uint8),
        "bits": 8, "row": 0, "col": 0, "n_codes": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"bits|pixels|place"):
        _rows.unpack_runs(**(whole | change))  # type: ignore[arg-type]
