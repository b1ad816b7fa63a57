from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__test__: dict[str, str]
LEVELS: tuple[int, ...]
ROOM: int

def unfilter(
    data: bytearray, *, rows: int, n_bytes: int, pixel: int, above: bytes | bytearray | memoryview
) -> int: ...
def unpack_runs(
    data: bytes | bytearray | memoryview,
    at: int,
    pixels: npt.NDArray[np.uint8],
    there: npt.NDArray[np.uint8],
    *,
    bits: int,
    row: int,
    col: int,
    n_codes: int,
) -> tuple[bool, int, int, int]: ...
def prefix_groups(
    data: bytes | bytearray | memoryview, *, width: int, height: int, most_pixels: int
) -> tuple[int, int]: ...
def read_luma(
    data: bytes | bytearray | memoryview,
    luma: npt.NDArray[np.uint8],
    *,
    step: int,
    blue: npt.NDArray[np.uint8] | None = None,
    red: npt.NDArray[np.uint8] | None = None,
    grey: npt.NDArray[np.uint8] | None = None,
    kept: npt.NDArray[np.uint8] | None = None,
    fine: int = ...,
    between: Callable[[], object] | None = None,
    n_blocks: int = 65536,
    level: int = -1,
) -> bool: ...
