__test__: dict[str, str]
ROOM: int

def unfilter(
    data: bytearray, *, rows: int, n_bytes: int, pixel: int, above: bytes | bytearray | memoryview
) -> int: ...
