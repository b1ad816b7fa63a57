"""ICC profiles of every kind, written tag by tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "ADOBE_RGB", "DISPLAY_P3", "PROPHOTO", "REC2020", "SRGB", "Corners", "Device", "chain", "gamma", "grey_profile",
    "lab_of", "matrix_profile", "parametric", "profile", "sampled", "srgb_curve", "table_8", "table_16", "xyz_columns",
]  # fmt: skip

Float64Array = npt.NDArray[np.float64]
Corners = tuple[float, float, float, float, float, float, float, float]
#: From samples, shape (n, inputs), to CIE XYZ, shape (n, 3).
Device = Callable[[Float64Array], Float64Array]

D50 = np.array([0.9642, 1.0, 0.8249])
#: White, red, green, blue.
SRGB: Corners = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
DISPLAY_P3: Corners = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
ADOBE_RGB: Corners = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
PROPHOTO: Corners = (0.3457, 0.3585, 0.734699, 0.265301, 0.159597, 0.840403, 0.036598, 0.000105)
REC2020: Corners = (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)


def _fixed(values: Sequence[float] | Float64Array) -> bytes:
    return b"".join(round(float(value) * 65536).to_bytes(4, "big", signed=True) for value in np.ravel(values))


def _xyz(values: Sequence[float] | Float64Array) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0\0\0\0\1" + round(exponent * 256).to_bytes(2, "big")


def sampled(light: Float64Array) -> bytes:
    values = np.rint(np.clip(light, 0, 1) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + len(values).to_bytes(4, "big") + values.tobytes()


def parametric(kind: int, *numbers: float) -> bytes:
    return b"para\0\0\0\0" + kind.to_bytes(2, "big") + b"\0\0" + _fixed(numbers)


def srgb_curve() -> bytes:
    return parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(
    tags: Sequence[tuple[bytes, bytes]], *, space: bytes = b"RGB ", pcs: bytes = b"XYZ ", version: int = 0x04300000,
    device: bytes = b"mntr",
) -> bytes:  # fmt: skip
    """Return a profile of tags, each written once, in order."""
    places, bodies = b"", b""
    first = 132 + 12 * len(tags)
    for name, body in tags:
        places += name + (first + len(bodies)).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        bodies += body + b"\0" * (-len(body) % 4)
    header = bytearray(128)
    header[0:4] = (first + len(bodies)).to_bytes(4, "big")
    header[8:12] = version.to_bytes(4, "big")
    header[12:16], header[16:20], header[20:24], header[36:40] = device, space, pcs, b"acsp"
    header[68:80] = _fixed(D50)
    return bytes(header) + len(tags).to_bytes(4, "big") + places + bodies


def xyz_columns(corners: Corners) -> Float64Array:
    """Return the matrix from light of these primaries to CIE XYZ under D50 (Bradford)."""
    x, y = np.array(corners[0::2]), np.array(corners[1::2])
    all_xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    white, columns = all_xyz[:, 0], all_xyz[:, 1:]
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(cones) @ np.diag((cones @ D50) / (cones @ white)) @ cones
    return np.asarray(adapt @ (columns * np.linalg.solve(columns, white)), np.float64)


def matrix_profile(
    corners: Corners = SRGB,
    *curves: bytes,
    extra: Sequence[tuple[bytes, bytes]] = (),
    version: int = 0x04300000,
    device: bytes = b"mntr",
) -> bytes:
    """Return a profile of a matrix and one curve or three; of sRGB's curve where none is given."""
    columns = xyz_columns(corners)
    red, green, blue = curves * 3 if len(curves) == 1 else curves or (srgb_curve(),) * 3
    tags = [(b"wtpt", _xyz(D50))]
    tags += [(name, _xyz(columns[:, i])) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(b"rTRC", red), (b"gTRC", green), (b"bTRC", blue), *extra]
    return profile(tags, version=version, device=device)


def grey_profile(curve: bytes) -> bytes:
    return profile([(b"wtpt", _xyz(D50)), (b"kTRC", curve)], space=b"GRAY")


def lab_of(xyz: Float64Array) -> Float64Array:
    """Return CIE L*a*b* as profiles code it: 0 to 1."""
    share = xyz / D50
    root = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    lab = np.stack(
        [116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1
    )
    return np.asarray((lab + np.array([0, 128, 128])) / np.array([100, 255, 255]), np.float64)


def _nodes(device: Device, n_inputs: int, grid: int) -> Float64Array:
    axes = np.meshgrid(*[np.linspace(0, 1, grid)] * n_inputs, indexing="ij")
    return np.clip(lab_of(device(np.stack(axes, axis=-1).reshape(-1, n_inputs))), 0, 1)


def table_8(device: Device, n_inputs: int, grid: int) -> bytes:
    """Return an ``mft1`` tag to CIE L*a*b*."""
    nodes = np.rint(_nodes(device, n_inputs, grid) * 255).astype(np.uint8).tobytes()
    head = b"mft1\0\0\0\0" + bytes([n_inputs, 3, grid, 0]) + _fixed(np.eye(3))
    return head + bytes(range(256)) * n_inputs + nodes + bytes(range(256)) * 3


def table_16(device: Device, n_inputs: int, grid: int) -> bytes:
    """Return an ``mft2`` tag to CIE L*a*b*, whose 16 bits end at 0xFF00."""
    nodes = np.rint(_nodes(device, n_inputs, grid) * 65280).astype(">u2").tobytes()
    head = b"mft2\0\0\0\0" + bytes([n_inputs, 3, grid, 0]) + _fixed(np.eye(3)) + b"\0\2\0\2"
    return head + b"\0\0\xff\xff" * n_inputs + nodes + b"\0\0\xff\xff" * 3


def chain(device: Device, n_inputs: int, grid: int, *, first: bytes | None = None) -> bytes:
    """Return an ``mAB `` tag to CIE L*a*b*: curves before the table (`first`), the table, curves that do nothing."""
    plain = b"curv\0\0\0\0\0\0\0\0"
    before = first if first is not None else plain
    before += b"\0" * (-len(before) % 4)
    nodes = np.rint(_nodes(device, n_inputs, grid) * 65535).astype(">u2").tobytes()
    table = bytes([grid] * n_inputs).ljust(16, b"\0") + b"\2\0\0\0" + nodes
    table += b"\0" * (-len(table) % 4)
    at_table = 32 + 3 * len(plain)
    offsets = b"".join(each.to_bytes(4, "big") for each in (32, 0, 0, at_table, at_table + len(table)))
    return b"mAB \0\0\0\0" + bytes([n_inputs, 3, 0, 0]) + offsets + plain * 3 + table + before * n_inputs
