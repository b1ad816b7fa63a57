from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

LEVELS: tuple[int, ...]
BLOCK_SIZE: int
SEAL_BYTES: int
MAX_SLOTS: int
__test__: dict[str, str]

def checksum(data: bytes | bytearray | memoryview | npt.NDArray[Any]) -> int: ...
def block_checksums(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]: ...
def block_seals(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]: ...

@final
class Blocks:
    def __new__(
        cls,
        data: npt.NDArray[np.uint8],
        sums: npt.NDArray[np.uint64],
        on_damage: Callable[[int], Exception],
        *,
        seals: npt.NDArray[np.uint8] | None = None,
    ) -> Self: ...
    def touch(self, values: npt.NDArray[Any]) -> None: ...
    def settle(self) -> None: ...
    def damage(self) -> Exception: ...
    def misplaced(self) -> Exception: ...

@final
class Plan:
    n_slots: int
    def __new__(
        cls,
        masks: Sequence[npt.NDArray[np.uint32] | None],
        radii: Sequence[int],
        *,
        scan: bool,
        max_candidates: int,
        max_bucket: int = 0,
    ) -> Self: ...

@final
class SlotIndex:
    widths: tuple[int, ...]
    def __new__(
        cls,
        digests: npt.NDArray[np.uint8],
        widths: Sequence[int],
        starts: npt.NDArray[np.uint32],
        ids: npt.NDArray[np.uint32],
        *,
        disabled: npt.NDArray[np.uint8] | None = None,
        blocks: Blocks | None = None,
        level: int = -1,
    ) -> Self: ...
    def search(
        self, queries: npt.NDArray[np.uint8], plan: Plan, max_distance: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]]: ...
    def search_one(
        self, query: bytes | npt.NDArray[np.uint8], plan: Plan, max_distance: int
    ) -> list[tuple[int, int]]: ...
    def seed(
        self,
        queries: npt.NDArray[np.uint8],
        plan: Plan,
        max_distance: int,
        min_shared: int,
        doubts: npt.NDArray[np.uint8] | None = None,
    ) -> tuple[
        npt.NDArray[np.int64],
        npt.NDArray[np.int32],
        npt.NDArray[np.int64],
        npt.NDArray[np.int32],
        npt.NDArray[np.int32],
    ]: ...

def slot_keys(digests: npt.NDArray[np.uint8], widths: Sequence[int]) -> npt.NDArray[np.uint32]: ...
def build_slot(
    keys: npt.NDArray[np.uint32],
    width: int,
    starts: npt.NDArray[np.uint32],
    ids: npt.NDArray[np.uint32],
) -> None: ...
def merge_slot(
    old_starts: npt.NDArray[np.uint32],
    old_ids: npt.NDArray[np.uint32],
    width: int,
    kept: npt.NDArray[np.uint64],
    removed_keys: npt.NDArray[np.uint32],
    removed_rows: npt.NDArray[np.uint32],
    added_keys: npt.NDArray[np.uint32],
    added_rows: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    ids: npt.NDArray[np.uint32],
    *,
    level: int = -1,
) -> None: ...
