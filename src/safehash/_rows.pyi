import numpy as np
import numpy.typing as npt

__test__: dict[str, str]
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
