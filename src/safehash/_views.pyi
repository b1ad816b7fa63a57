from typing import final

import numpy as np
import numpy.typing as npt

LEVELS: tuple[int, ...]
SIDE: int
__test__: dict[str, str]

_UInt8 = npt.NDArray[np.uint8]
_Float32 = npt.NDArray[np.float32]
_Float64 = npt.NDArray[np.float64]
_Int32 = npt.NDArray[np.int32]

@final
class Pixels: ...

def thumbnail(
    pixels: npt.ArrayLike,
    *,
    rows: int = 0,
    cols: int = 0,
    step: int = 1,
    orientation: int = 1,
    side: int = 256,
    level: int = -1,
) -> _Float32: ...
def rotated(thumb: _Float32, degrees: float, aspect: float, *, level: int = -1) -> _Float32: ...
def hash_windows(
    thumb: _Float32,
    row_spans: _Float64,
    col_spans: _Float64,
    row_of: _Int32,
    col_of: _Int32,
    *,
    doubts: _UInt8 | None = None,
    level: int = -1,
) -> _UInt8: ...
def hash_levelled(
    thumb: _Float32,
    windows: _Float64,
    degrees: _Float64,
    *,
    aspect: float,
    doubts: _UInt8 | None = None,
    level: int = -1,
) -> _UInt8: ...
def boxes(
    thumb: _Float32,
    *,
    n_lines: int = 12,
    n_windows: int = 150,
    least: float = ...,
    coarse: bool = False,
    doubts: _UInt8 | None = None,
    level: int = -1,
) -> tuple[_Float64, _UInt8, _Float32]: ...
def measure_window(
    thumb: _Float32, window: _Float64
) -> tuple[int, float, bool, float, float, float, float, float]: ...
def refine(
    thumb: _Float32,
    digest: _UInt8,
    window: _Float64,
    *,
    step: float,
    least: float,
    room: float,
    max_evaluations: int,
    level: int = -1,
) -> tuple[int, tuple[float, float, float, float], float]: ...
def part(thumb: _Float32, window: _Float64, *, side: int) -> _Float32: ...
def filled(thumb: _Float32, hole: _Int32) -> _Float32: ...
def hash_filled(
    thumb: _Float32, holes: _Int32, *, doubts: _UInt8 | None = None, level: int = -1
) -> _UInt8: ...
def find_holes(
    thumb: _Float32,
    digest: _UInt8,
    starts: _Int32,
    *,
    most: int,
    step: int,
    max_evaluations: int,
    level: int = -1,
) -> tuple[int, tuple[tuple[int, int, int, int], ...], float]: ...
def measure_lit(thumb: _Float32, window: _Float64) -> tuple[float, float, float, float]: ...
def is_quad(quad: _Float64) -> bool: ...
def bent(thumb: _Float32, quad: _Float64, *, level: int = -1) -> _Float32: ...
def hash_bent(
    thumb: _Float32, quads: _Float64, *, doubts: _UInt8 | None = None, level: int = -1
) -> _UInt8: ...
def refine_corners(
    thumb: _Float32,
    digest: _UInt8,
    quad: _Float64,
    *,
    step: float,
    least: float,
    room: float,
    max_evaluations: int,
    level: int = -1,
) -> tuple[int, tuple[float, float, float, float, float, float, float, float], float]: ...
def hidden_bits(
    frame: _Float32, rectangles: _Float64, is_free: _Int32, digest: _UInt8, *, enough: float
) -> float: ...
def logarithms() -> _Int32: ...
