import numpy as np
import numpy.typing as npt

__test__: dict[str, str]

def near_any(
    queries: npt.NDArray[np.uint8],
    listed: npt.NDArray[np.uint8],
    *,
    max_distance: int,
    portable: bool = False,
) -> npt.NDArray[np.bool_]: ...
