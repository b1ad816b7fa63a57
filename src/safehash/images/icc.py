"""An ICC profile read within bounds: what its samples mean, as curves and a matrix or as a table."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = [
    "D50",
    "MAX_PROFILE_BYTES",
    "SAMPLES",
    "Curve",
    "Profile",
    "read_profile",
    "with_matrix",
    "write_profile",
]

Float64Array = npt.NDArray[np.float64]
#: From samples, 0 to 1, to light, 0 to 1 in an ordinary profile.
Curve = Callable[[Float64Array], Float64Array]

#: Longer profiles are not read. The largest for presses (four inks, fine tables) have 3 MB.
MAX_PROFILE_BYTES = 8 * 1024 * 1024
#: A profile says what it says in a dozen tags; the largest seen has 40.
_MAX_TAGS = 256
#: Nodes of a table, all inputs together: 17^4 and 33^3 are usual, 33^4 has been seen.
_MAX_NODES = 2_000_000

_HEADER = 128
#: The 256 samples of a byte.
SAMPLES = np.arange(256) / 255.0
#: White of the connection space (ICC.1:2022, 7.2.16).
D50 = (0.9642, 1.0, 0.8249)
#: How far a header's white may be off: what Chromium's reader takes.
_WHITE_TOLERANCE = 0.01
_NEWEST_MAJOR_VERSION = 4

_TAG = struct.Struct(">4sII")
_TABLE_TYPES = (b"mft1", b"mft2", b"mAB ")
_INPUTS = {"GRAY": 1, "RGB": 3, "CMYK": 4}
#: Parametric curves: how many numbers each function type has (ICC.1:2022, table 68).
_PARAMETERS = (1, 3, 4, 5, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a profile says of samples. Curves and a matrix, or a table, or code points are there.

    Attributes
    ----------
    space : "RGB", "GRAY" or "CMYK"
        Which samples it is for.
    curves : (Curve, Curve, Curve) or None
        Of red, green and blue; for grey the same three times.
    to_xyz : ndarray of float64, shape (3, 3), or None
        From light to CIE XYZ under D50.
    table : bytes or None
        The tag that leads from samples to the connection space, checked to be whole and of a sane size.
    is_lab : bool
        Whether the table's connection space is CIE L*a*b* instead of XYZ.
    matrix : bytes
        Nine numbers that stand before a table of bytes or words and are meant for samples of CIE XYZ alone; where they
        say something, viewers differ on whether they hold for others. Empty where they do not. The table has none.
    version : int
        As the header has it.
    code_points : (int, int) or None
        Primaries and transfer function by their numbers in ITU-T H.273, which go before all else where they mean
        something.
    """

    space: str
    curves: tuple[Curve, Curve, Curve] | None = None
    to_xyz: Float64Array | None = None
    table: bytes | None = None
    is_lab: bool = False
    matrix: bytes = b""
    version: int = 0x02400000
    code_points: tuple[int, int] | None = None


def read_profile(data: bytes) -> Profile | None:
    """Return what a profile says; None for one that browsers ignore: broken, cut short, of a version to come.

    Nothing is allocated that the file does not hold. The rules are those of Chromium, measured on files.

    Parameters
    ----------
    data : bytes
        The profile and whatever stands behind it.

    References
    ----------
    ICC.1:2022 (profile version 4.4).
    """
    places = _places(data)
    if places is None:
        return None

    def tag(name: bytes) -> bytes | None:
        at, length = places.get(name, (0, 0))
        return data[at : at + length] or None

    version, pcs = data[8:12], data[20:24]
    space = {b"GRAY": "GRAY", b"CMYK": "CMYK"}.get(data[16:20], "RGB")
    code_points = _code_points(tag(b"cicp")) if space != "CMYK" else None
    by_number = None if code_points is None else Profile(space=space, code_points=code_points)
    table = tag(b"A2B0") or tag(b"A2B1")
    if table is not None and not (space == "GRAY" and b"kTRC" in places):
        if not _is_whole_table(table, _INPUTS[space]):
            return None
        table, matrix = _without_matrix(table)
        return Profile(
            space=space, table=table, is_lab=pcs == b"Lab ", matrix=matrix, version=int.from_bytes(version, "big"),
            code_points=code_points,
        )  # fmt: skip
    if space == "GRAY":
        curve = _curve(tag(b"kTRC"))
        if curve is None and b"kTRC" in places:
            return None
        if curve is None or pcs != b"XYZ ":
            return by_number
        return Profile(space=space, curves=(curve, curve, curve), code_points=code_points)
    red, green, blue = (_curve(tag(name)) for name in (b"rTRC", b"gTRC", b"bTRC"))
    columns = [_xyz(tag(name)) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    # What is there and broken goes before numbers: then browsers heed nothing.
    if None in (red, green, blue) and places.keys() >= {b"rTRC", b"gTRC", b"bTRC"}:
        return None
    if None in columns and places.keys() >= {b"rXYZ", b"gXYZ", b"bXYZ"}:
        return None
    if space == "CMYK" or red is None or green is None or blue is None or None in columns:
        return by_number
    to_xyz = np.array(columns, np.float64).T
    return Profile(space=space, curves=(red, green, blue), to_xyz=to_xyz, code_points=code_points)


def write_profile(profile: Profile) -> bytes:
    """Return a profile written anew, with nothing in it but what was read and checked.

    What another reader of profiles gets to see is thereby as small and as plain as what this one has judged.

    Parameters
    ----------
    profile : Profile
        With a table, or with curves (read at the 256 samples of a byte, cut at 1) and a matrix.
    """
    tags = [(b"wtpt", b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in D50))]
    if profile.table is not None:
        tags.append((b"A2B0", profile.table))
    if profile.curves is not None and profile.to_xyz is not None:
        for number, colour in enumerate(b"rgb"):
            column = b"".join(_fixed(value) for value in profile.to_xyz[:, number])
            tags.append((bytes([colour]) + b"XYZ", b"XYZ \0\0\0\0" + column))
            light = profile.curves[number](SAMPLES)
            values = np.rint(np.clip(light, 0.0, 1.0) * 65535).astype(">u2").tobytes()
            tags.append((bytes([colour]) + b"TRC", b"curv\0\0\0\0\0\0\1\0" + values))
    places, bodies = b"", b""
    first = _HEADER + 4 + _TAG.size * len(tags)
    for name, body in tags:
        places += _TAG.pack(name, first + len(bodies), len(body))
        bodies += body + b"\0" * (-len(body) % 4)
    header = bytearray(_HEADER)
    header[:4] = (first + len(bodies)).to_bytes(4, "big")
    header[8:12] = profile.version.to_bytes(4, "big")
    header[12:24] = b"scnr" + profile.space.ljust(4).encode() + (b"Lab " if profile.is_lab else b"XYZ ")
    header[36:40] = b"acsp"
    header[68:80] = b"".join(_fixed(value) for value in D50)
    return bytes(header) + len(tags).to_bytes(4, "big") + places + bodies


# -- the parts ------------------------------------------------------------------------------------------------


def _places(data: bytes) -> dict[bytes, tuple[int, int]] | None:
    """Return where each tag stands and its length, by name; None for a profile that is not whole."""
    if len(data) < _HEADER + 4 or data[36:40] != b"acsp" or data[8] > _NEWEST_MAJOR_VERSION:
        return None
    n_bytes, n_tags = int.from_bytes(data[:4], "big"), int.from_bytes(data[128:132], "big")
    first = _HEADER + 4 + _TAG.size * n_tags
    if not first <= n_bytes <= min(len(data), MAX_PROFILE_BYTES) or n_tags > _MAX_TAGS:
        return None
    if data[20:24] not in (b"XYZ ", b"Lab "):
        return None
    white = (_number(data, 68), _number(data, 72), _number(data, 76))
    if any(abs(have - want) > _WHITE_TOLERANCE for have, want in zip(white, D50, strict=True)):
        return None
    places: dict[bytes, tuple[int, int]] = {}
    for name, at, length in _TAG.iter_unpack(data[_HEADER + 4 : first]):
        if length < 4 or at + length > n_bytes:
            return None
        places.setdefault(name, (at, length))
    return places


def _number(data: bytes, at: int) -> float:
    """Return a signed fixed-point number of 16 and 16 bits."""
    return int.from_bytes(data[at : at + 4], "big", signed=True) / 65536


def _fixed(value: float) -> bytes:
    """Return the number in 16 and 16 bits, the largest that there is for one beyond."""
    return min(max(round(value * 65536), -(1 << 31)), (1 << 31) - 1).to_bytes(4, "big", signed=True)


def _xyz(tag: bytes | None) -> tuple[float, float, float] | None:
    if tag is None or len(tag) < 20 or tag[:4] != b"XYZ ":
        return None
    return _number(tag, 8), _number(tag, 12), _number(tag, 16)


def _code_points(tag: bytes | None) -> tuple[int, int] | None:
    """Return primaries and transfer function of a ``cicp`` tag for RGB samples of full range."""
    if tag is None or len(tag) < 12 or tag[:4] != b"cicp" or tag[10:12] != b"\x00\x01":
        return None
    return tag[8], tag[9]


def _curve(tag: bytes | None, at: int = 0) -> Curve | None:
    """Return the curve that stands at `at`; None for one that is not whole or makes no sense."""
    if tag is None or at + 12 > len(tag):
        return None
    kind = tag[at : at + 4]
    if kind != b"curv":
        return _parametric(tag, at) if kind == b"para" else None
    n = int.from_bytes(tag[at + 8 : at + 12], "big")
    if at + 12 + 2 * n > len(tag):
        return None
    if n == 0:
        return lambda samples: samples
    values = np.frombuffer(tag, ">u2", n, at + 12).astype(np.float64)
    if n == 1:
        exponent = values[0] / 256
        return lambda samples: _power(samples, exponent)
    places = np.linspace(0.0, 1.0, n)
    return lambda samples: np.asarray(np.interp(samples, places, values / 65535), np.float64)


def _power(bases: Float64Array, exponent: float) -> Float64Array:
    """Return powers, none of what is not over 0: to the power of 0, too, as browsers have it."""
    return np.asarray(np.where(bases > 0, np.power(np.maximum(bases, 0.0), exponent), 0.0), np.float64)


def _parametric(tag: bytes, at: int) -> Curve | None:
    kind = int.from_bytes(tag[at + 8 : at + 10], "big")
    if kind >= len(_PARAMETERS) or at + 12 + 4 * _PARAMETERS[kind] > len(tag):
        return None
    numbers = [_number(tag, at + 12 + 4 * i) for i in range(_PARAMETERS[kind])]
    g, a, b, c, d, e, f = numbers[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if kind == 1:  # (a x + b)^g from -b / a on, 0 below
        a, b = numbers[1:]
        d = -b / a if a else 0.0
    elif kind == 2:  # the same, and a constant added to both
        a, b, e = numbers[1:]
        f = e
        d = -b / a if a else 0.0
    elif kind == 3:
        a, b, c, d = numbers[1:]
    elif kind == 4:
        a, b, c, d, e, f = numbers[1:]
    if min(a, c, d, g, a * d + b) < 0:
        return None

    def light(samples: Float64Array) -> Float64Array:
        high = _power(a * samples + b, g) + e
        return np.asarray(np.where(samples >= d, high, c * samples + f), np.float64)

    # No number of 16 bits before the point to such a power is out of range of the arithmetic, or it is here.
    with np.errstate(over="ignore"):
        return light if np.isfinite(light(SAMPLES)).all() else None


#: Where the matrix of a table of bytes or words stands, and the one that says nothing.
_MATRIX = slice(12, 48)
_NO_MATRIX = np.eye(3, dtype=">i4").tobytes().replace(b"\0\0\0\1", b"\0\1\0\0")


def _without_matrix(table: bytes) -> tuple[bytes, bytes]:
    """Return a whole table without the matrix before it, and that matrix where it says something."""
    if table[:4] == b"mAB " or table[8] != 3 or table[_MATRIX] == _NO_MATRIX:
        return table, b""
    return table[: _MATRIX.start] + _NO_MATRIX + table[_MATRIX.stop :], table[_MATRIX]


def with_matrix(profile: Profile) -> Profile:
    """Return a profile with the matrix of its table, for viewers for which it holds."""
    assert profile.table is not None
    table = profile.table[: _MATRIX.start] + profile.matrix + profile.table[_MATRIX.stop :]
    return replace(profile, table=table, matrix=b"")


def _is_whole_table(tag: bytes, n_inputs: int) -> bool:
    """Tell whether a table from samples to the connection space is whole, and no larger than sane ones are."""
    if len(tag) < 32 or tag[:4] not in _TABLE_TYPES or tag[8] != n_inputs or tag[9] != 3:
        return False
    if tag[:4] == b"mAB ":
        return _is_whole_chain(tag, n_inputs)
    grid = tag[10]
    nodes: int = grid**n_inputs
    if grid < 2 or nodes > _MAX_NODES or len(tag) < 52:
        return False
    if tag[:4] == b"mft1":
        return len(tag) >= 48 + 256 * n_inputs + 3 * nodes + 256 * 3
    n_in, n_out = int.from_bytes(tag[48:50], "big"), int.from_bytes(tag[50:52], "big")
    if not (2 <= n_in <= 4096 and 2 <= n_out <= 4096):
        return False
    return len(tag) >= 52 + 2 * (n_in * n_inputs + 3 * nodes + 3 * n_out)


def _is_whole_chain(tag: bytes, n_inputs: int) -> bool:
    """Tell the same of a chain of curves, table, curves, matrix and curves."""
    b_curves, matrix, m_curves, table, a_curves = struct.unpack_from(">5I", tag, 12)
    if not b_curves or bool(a_curves) != bool(table) or (table == 0 and n_inputs != 3):
        return False
    if bool(matrix) != bool(m_curves) or (matrix and matrix + 48 > len(tag)):
        return False
    if not all(
        _are_whole_curves(tag, at, n) for at, n in ((b_curves, 3), (m_curves, 3), (a_curves, n_inputs)) if at
    ):
        return False
    if not table:
        return True
    if table + 20 > len(tag):
        return False
    nodes = 1
    for grid in tag[table : table + n_inputs]:
        if grid < 2:
            return False
        nodes *= grid
    width = int(tag[table + 16])
    return width in (1, 2) and nodes <= _MAX_NODES and table + 20 + 3 * nodes * width <= len(tag)


def _are_whole_curves(tag: bytes, at: int, n: int) -> bool:
    for _ in range(n):
        if _curve(tag, at) is None:
            return False
        if tag[at : at + 4] == b"curv":
            length = 12 + 2 * int.from_bytes(tag[at + 8 : at + 12], "big")
        else:
            length = 12 + 4 * _PARAMETERS[int.from_bytes(tag[at + 8 : at + 10], "big")]
        at += -(-length // 4) * 4
    return True
