from typing import Any

__test__: dict[str, str]

def pdq_orientations(pixels: Any) -> tuple[bytes, ...]: ...
