from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

LEVELS: tuple[int, ...]
LIGHT_LEVELS: int
MAX_SIDE: int
MOST_TURNED: int
__test__: dict[str, str]
LONGEST_KEPT: int
_kept_operator: Any

@final
class Operator: ...

@final
class Pixels: ...

@final
class Resampler: ...

def luma_and_apart(
    pixels: bytes | memoryview | npt.NDArray[np.uint8], luma: npt.NDArray[np.uint8], *, level: int = -1
) -> float: ...
def apart_by_means(
    luma: npt.NDArray[np.uint8],
    blue: npt.NDArray[np.uint8],
    red: npt.NDArray[np.uint8],
    *,
    blue_spreads: npt.NDArray[np.uint8] | None = None,
    red_spreads: npt.NDArray[np.uint8] | None = None,
    across: int,
    down: int,
    by: Literal["means", "extremes", "samples"] = "means",
    level: int = -1,
) -> float: ...
def apart_at_most(
    luma: npt.NDArray[np.uint8],
    blue: npt.NDArray[np.uint8],
    red: npt.NDArray[np.uint8],
    *,
    blue_spreads: npt.NDArray[np.uint8] | None = None,
    red_spreads: npt.NDArray[np.uint8] | None = None,
    across: int,
    down: int,
    level: int = -1,
) -> tuple[float, float]: ...
def spread(luma: npt.NDArray[np.uint8], *, every: int = 1, level: int = -1) -> float: ...
def grey_means(
    pixels: bytes | memoryview | npt.NDArray[np.uint8],
    means: npt.NDArray[np.uint8],
    *,
    rows: int,
    cols: int,
    side: int,
    level: int = -1,
) -> None: ...
def kept(pixels: Any, *, side: int, level: int = -1) -> npt.NDArray[np.uint8]: ...
def shown_luma(
    pixels: bytes | memoryview | npt.NDArray[np.uint8],
    luma: npt.NDArray[np.uint8],
    *,
    light: npt.NDArray[np.float32],
    levels: npt.NDArray[np.uint8],
    is_ycc: bool = False,
    level: int = -1,
) -> None: ...
def pdq(
    pixels: Any, *, rows: int = 0, cols: int = 0, step: int = 1, orientation: int = 1, level: int = -1
) -> tuple[bytes, int]: ...
def pdq_parts(
    pixels: Any, *, rows: int = 0, cols: int = 0, step: int = 1, orientation: int = 1, level: int = -1
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]: ...
def reference_parts(
    pixels: Any, *, orientation: int = 1
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]: ...
def pdq_turned(
    pixels: Any,
    *,
    rows: int = 0,
    cols: int = 0,
    step: int = 1,
    orientation: int = 1,
    level: int = -1,
    most: int = ...,
) -> tuple[tuple[bytes, ...], int, int]: ...
def phash(pixels: Any, *, keep: int = 8, level: int = -1) -> bytes: ...
def phash_parts(
    pixels: Any, *, keep: int = 8, level: int = -1
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]: ...
def cosines() -> dict[str, list[float]]: ...
def sines_and_cosines(
    radians: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
