import numpy as np
import numpy.typing as npt

LEVELS: tuple[int, ...]
__test__: dict[str, str]

def near_any(
    queries: npt.NDArray[np.uint8],
    listed: npt.NDArray[np.uint8],
    *,
    max_distance: int,
    level: int = -1,
) -> npt.NDArray[np.bool_]: ...
