"""What a file says its colours are, and a picture as it looks then."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import UnsupportedImage
from . import hdr
from .icc import D50, MAX_PROFILE_BYTES, SAMPLES, Curve, Profile, read_profile, write_profile

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Colour", "colour_of_code_points", "colour_of_gamma", "colour_of_icc", "colour_of_screen"]

Float64Array = npt.NDArray[np.float64]
Chromaticities = tuple[float, float, float, float, float, float, float, float]

#: Of luma, as PDQ weighs it.
_LUMA = np.array([0.299, 0.587, 0.114])

#: Grey levels by which curves and colours may be off those of sRGB and count as the same. Encoders of sRGB profiles
#: differ by one.
_SAME = 2.0
#: Up to this much, in grey levels, may averaging before the conversion differ from averaging after it for the picture
#: to be decoded at the reduction that its luma has.
_GENTLE = 8.0

#: Profiles up to this length are judged once, not for every file: cameras, phones and editors all write the same.
_REMEMBERED_BYTES = 16 * 1024

#: White, red, green and blue (x, y) by their number in ITU-T H.273, table 2.
_PRIMARIES: dict[int, Chromaticities] = {
    1: (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
_SRGB_PRIMARIES, _REC2020_PRIMARIES, _SRGB_TRANSFER = 1, 9, 13
_PQ, _HLG = 16, 18
#: Transfer functions that a video's picture has and browsers paint as sRGB.
_VIDEO = frozenset({1, 6, 14, 15})


def _srgb_light(samples: Float64Array) -> Float64Array:
    high = np.power((samples + 0.055) / 1.055, 2.4)
    return np.asarray(np.where(samples <= 0.04045, samples / 12.92, high), np.float64)


def _srgb_samples(light: Float64Array, *, most: float = 1.0) -> Float64Array:
    """Return 8-bit samples, not rounded, of light that a screen shows from 0 to 1.

    With `most` over 1 the curve goes on to that light, and mirrored below 0.
    """
    size = np.clip(np.abs(light), 0.0, most)
    high = 1.055 * np.power(size, 1 / 2.4) - 0.055
    samples = 255 * np.where(size <= 0.0031308, 12.92 * size, high)
    return np.asarray(np.where(light > 0, samples, -samples if most > 1 else 0.0), np.float64)


def _smpte_240m_light(samples: Float64Array) -> Float64Array:
    high = np.power((samples + 0.1115) / 1.1115, 1 / 0.45)
    return np.asarray(np.where(samples < 0.0913, samples / 4, high), np.float64)


def _as_it_is(samples: Float64Array) -> Float64Array:
    return samples


def _power(exponent: float, scale: float = 1.0) -> Curve:
    return lambda samples: np.asarray(np.power(samples, exponent) * scale, np.float64)


#: Light by the transfer function's number in ITU-T H.273, table 3, as Chromium takes them: those of a camera as the
#: screen that undoes them. Numbers that are not here say nothing.
_TRANSFERS: dict[int, Curve] = {
    **dict.fromkeys((1, 6, 11, 14, 15), _power(2.4)),
    4: _power(2.2),
    5: _power(2.8),
    7: _smpte_240m_light,
    8: _as_it_is,
    _SRGB_TRANSFER: _srgb_light,
    17: _power(2.6, 52.37 / 48),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Colour:
    """What samples mean where that is not what sRGB says.

    Attributes
    ----------
    space : "RGB", "GRAY" or "CMYK"
        Samples of grey alone may be of "RGB" too.
    curves : (Curve, Curve, Curve)
        From samples of red, green and blue to light; of PQ and HLG to themselves.
    to_srgb : ndarray of float64, shape (3, 3)
        From that light to the light of sRGB's primaries; with PQ and HLG, from that of Rec. 2020.
    high_range : (int, ndarray, float) or None
        PQ or HLG by its number, from the light of the samples' primaries to Rec. 2020's, and the peak.
    table : Profile or None
        A profile that has a table, instead of all these.
    is_gentle : bool
        Whether a picture may be averaged before it is converted: what that changes is small.
    """

    space: str
    curves: tuple[Curve, Curve, Curve] | None = None
    to_srgb: Float64Array | None = None
    high_range: tuple[int, Float64Array, float] | None = None
    table: Profile | None = None
    is_gentle: bool = False

    def shown(self, samples: Float64Array, *, most: float = 1.0) -> Float64Array:
        """Return what a browser shows of samples by curves and matrix.

        Parameters
        ----------
        samples : ndarray of float64, shape (n, 3)
            0 to 1, of red, green and blue.
        most : float
            Where light is cut, a screen's most being 1.

        Returns
        -------
        ndarray of float64, shape (n, 3)
            sRGB, 0 to 255 for light from 0 to 1, not rounded.
        """
        assert self.curves is not None and self.to_srgb is not None
        light = np.stack([curve(samples[:, channel]) for channel, curve in enumerate(self.curves)], axis=1)
        if self.high_range is not None:
            transfer, to_rec2020, peak = self.high_range
            light = hdr.pq_light(light) if transfer == _PQ else hdr.hlg_light(light, to_rec2020)
            light = hdr.mapped(light @ to_rec2020.T, peak)
        return _srgb_samples(light @ self.to_srgb.T, most=most)

    def fits(self, mode: str, format: str) -> bool:
        """Tell whether browsers heed these colours for a mode of samples, as the imaging library names them."""
        if self.space == "CMYK" or mode == "CMYK":
            return self.space == mode
        is_grey = mode in ("1", "L", "LA", "I", "F") or mode.startswith("I;16")
        return self.space == "RGB" or is_grey or format in _GREY_IN_RGB

    def apply(self, image: Image) -> Image:
        """Return a picture as it is shown.

        Parameters
        ----------
        image : PIL image of mode "L", "RGB", "CMYK" or "I;16"

        Returns
        -------
        PIL image of mode "L" or "RGB"

        Raises
        ------
        UnsupportedImage
            The imaging library was built without the colour library.
        """
        image = _eight_bits(image)
        if self.table is not None:
            return _by_profile(image, self.table)
        assert self.curves is not None and self.to_srgb is not None
        if image.mode == "L":
            return _grey_by(image, self.shown(np.repeat(SAMPLES[:, None], 3, axis=1)))
        if self.high_range is not None:
            return _by_cube(image, self)
        light = np.stack([curve(SAMPLES) for curve in self.curves])
        if np.abs(self.to_srgb - np.eye(3)).max() < _IDENTITY:
            return image.point(np.rint(_srgb_samples(light)).astype(int).ravel().tolist())
        most = max(1.0, float(light.max()))  # where the curves that the library reads end
        red, green, blue = (_scaled(curve, most) for curve in self.curves)
        to_xyz = np.linalg.inv(_to_srgb()) @ self.to_srgb * most
        return _by_profile(image, Profile(space="RGB", curves=(red, green, blue), to_xyz=to_xyz))


def _scaled(curve: Curve, most: float) -> Curve:
    return lambda samples: curve(samples) / most


#: Decoders of these give grey as colour.
_GREY_IN_RGB = ("AVIF", "HEIF")
#: A matrix this near to none changes no grey level.
_IDENTITY = 1e-3


# -- what a file says ------------------------------------------------------------------------------------------


def colour_of_icc(data: bytes, *, peak: float | None = None) -> Colour | None:
    """Return what an ICC profile says; None where it says sRGB, or nothing that a browser heeds.

    Parameters
    ----------
    data : bytes
        The profile.
    peak : float or None
        The brightest light that the file says it has, in candela a square metre.
    """
    if len(data) > MAX_PROFILE_BYTES:
        return None
    judge = _remembered if len(data) <= _REMEMBERED_BYTES else _judged
    return judge(data, peak)


def _judged(data: bytes, peak: float | None) -> Colour | None:
    profile = read_profile(data)
    if profile is None:
        return None
    if profile.code_points is not None:
        return colour_of_code_points(*profile.code_points, peak=peak)
    if profile.table is not None:
        return Colour(space=profile.space, table=profile)
    assert profile.curves is not None
    to_srgb = np.eye(3) if profile.to_xyz is None else _to_srgb() @ profile.to_xyz
    return _unless_srgb(Colour(space=profile.space, curves=profile.curves, to_srgb=to_srgb))


_remembered = lru_cache(maxsize=64)(_judged)


@lru_cache(maxsize=64)
def colour_of_gamma(gamma: float, chromaticities: Chromaticities | None) -> Colour | None:
    """Return what a PNG's gAMA chunk, and cHRM beside it, say; None where they say sRGB or make no sense.

    Parameters
    ----------
    gamma : float
        The exponent from light to samples, over 0.
    chromaticities : tuple of 8 float, or None
        x and y of white, red, green, blue.
    """
    curve = _power(1 / gamma)
    to_srgb = np.eye(3)
    if chromaticities is not None:
        to_xyz = _to_xyz(chromaticities)
        if to_xyz is None:
            return None
        to_srgb = _to_srgb() @ to_xyz
    return _unless_srgb(Colour(space="RGB", curves=(curve, curve, curve), to_srgb=to_srgb))


def colour_of_screen(gammas: tuple[float, ...], corners: tuple[float, ...]) -> Colour | None:
    """Return what the screen says that a bitmap was made on; None where that is sRGB's, or makes no sense.

    Parameters
    ----------
    gammas : 3 float
        Exponents from samples to light of red, green and blue.
    corners : 9 float
        Their CIE XYZ.
    """
    if min(gammas) <= 0:
        return None
    red, green, blue = (_power(gamma) for gamma in gammas)
    to_srgb = np.eye(3)
    xyz = np.array(corners).reshape(3, 3)
    if (xyz.sum(axis=1) > 0).all():
        of_corners = (xyz[:, :2] / xyz.sum(axis=1)[:, None]).ravel()
        rx, ry, gx, gy, bx, by = (float(each) for each in of_corners)
        to_xyz = _to_xyz((0.3127, 0.3290, rx, ry, gx, gy, bx, by))
        to_srgb = to_srgb if to_xyz is None else _to_srgb() @ to_xyz
    return _unless_srgb(Colour(space="RGB", curves=(red, green, blue), to_srgb=to_srgb))


@lru_cache(maxsize=64)
def colour_of_code_points(
    primaries: int, transfer: int, *, peak: float | None = None, video: bool = False
) -> Colour | None:
    """Return what numbers of ITU-T H.273 say; None where they say sRGB or nothing.

    Parameters
    ----------
    primaries, transfer : int
    peak : float or None
        The brightest light that the file says it has, in candela a square metre.
    video : bool
        The picture is coded as video is (AVIF, HEIF).
    """
    if primaries not in _PRIMARIES:
        return None
    to_xyz = _to_xyz(_PRIMARIES[primaries])
    assert to_xyz is not None
    to_srgb = _to_srgb() @ to_xyz
    if transfer in (_PQ, _HLG):
        rec2020 = _to_xyz(_PRIMARIES[_REC2020_PRIMARIES])
        assert rec2020 is not None
        return Colour(
            space="RGB",
            curves=(_as_it_is, _as_it_is, _as_it_is),
            to_srgb=_to_srgb() @ rec2020,
            high_range=(
                transfer,
                np.linalg.inv(rec2020) @ to_xyz,
                hdr.DEFAULT_PEAK if peak is None else peak,
            ),
        )
    if video and transfer in _VIDEO:
        transfer = _SRGB_TRANSFER
    curve = _TRANSFERS.get(transfer)
    if curve is None:
        return None
    return _unless_srgb(Colour(space="RGB", curves=(curve, curve, curve), to_srgb=to_srgb))


def _unless_srgb(colour: Colour) -> Colour | None:
    """Return a colour, None where no viewer's picture differs by what moves more than a bit or two.

    Compared are every sample of every curve, and luma on a few colours.
    """
    assert colour.curves is not None
    levels = _srgb_samples(np.stack([curve(SAMPLES) for curve in colour.curves]))
    if any(
        np.abs(levels - _srgb_samples(curve(SAMPLES))).max() <= _SAME
        for curve in (_srgb_light, _power(_USUAL_GAMMA))
    ):
        plain = replace(colour, curves=(_srgb_light, _srgb_light, _srgb_light))
        if np.abs((plain.shown(_FEW_COLOURS) - 255 * _FEW_COLOURS) @ _LUMA).max() <= _SAME:
            return None
    return replace(colour, is_gentle=_is_gentle(levels))


def _is_gentle(levels: Float64Array) -> bool:
    """Tell whether the level of every mean of two samples is near the mean of their levels."""
    some = np.arange(0, 256, 3)
    of_means = np.stack([np.interp((some[:, None] + some) / 2, np.arange(256), each) for each in levels])
    means = (levels[:, some, None] + levels[:, None, some]) / 2
    return bool(np.abs(of_means - means).max() <= _GENTLE)


#: What a screen's curve is where it is not sRGB's: seven levels darker at most, in the darkest greys.
_USUAL_GAMMA = 2.2
_FEW_COLOURS = np.stack(np.meshgrid(*[np.array([0.0, 0.5, 1.0])] * 3, indexing="ij"), -1).reshape(-1, 3)

#: Bradford's cone responses.
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def _to_xyz(chromaticities: Chromaticities) -> Float64Array | None:
    """Return the matrix from light of these primaries to CIE XYZ under D50; None where there is none."""
    white = np.array(chromaticities[:2])
    corners = np.array(chromaticities[2:]).reshape(3, 2)
    if white[1] <= 0:
        return None
    columns = np.stack([corners[:, 0], corners[:, 1], 1 - corners.sum(axis=1)])
    xyz = np.array([white[0], white[1], 1 - white.sum()]) / white[1]
    if abs(np.linalg.det(columns)) < 1e-6:
        return None
    own = columns * np.linalg.solve(columns, xyz)
    cones = _BRADFORD @ xyz
    if min(abs(cones)) < 1e-6:
        return None
    adapt = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ np.array(D50)) / cones) @ _BRADFORD
    return np.asarray(adapt @ own, np.float64)


@lru_cache(maxsize=1)
def _to_srgb() -> Float64Array:
    """Return the matrix from CIE XYZ under D50 to light of sRGB's primaries."""
    srgb = _to_xyz(_PRIMARIES[_SRGB_PRIMARIES])
    assert srgb is not None
    return np.asarray(np.linalg.inv(srgb), np.float64)


# -- the conversions -------------------------------------------------------------------------------------------


def _grey_by(image: Image, shown: Float64Array) -> Image:
    """Return a grey picture with each of its 256 greys as luma of what is shown."""
    return image.point(np.rint(shown @ _LUMA).astype(int).tolist())


#: Samples a side of a table of colours. With 33 the brightest PQ pictures move by up to 10 bits, with 65 by 6.
_CUBE_SIDE = 65
#: What light goes into it at most: samples of 2, as far as the library's numbers reach.
_CUBE_MOST = 4.8


def _by_cube(image: Image, colour: Colour) -> Image:
    """Convert through a table of colours: what depends on all three channels and is no matrix."""
    return image.filter(_cube(colour))


@lru_cache(maxsize=4)
def _cube(colour: Colour) -> Any:
    from PIL import ImageFilter

    side = np.linspace(0.0, 1.0, _CUBE_SIDE)
    blue, green, red = np.meshgrid(side, side, side, indexing="ij")
    samples = np.stack([red.ravel(), green.ravel(), blue.ravel()], axis=1)
    # Not cut at white and black, so that no bend lies between two nodes: the library cuts behind them.
    table = (colour.shown(samples, most=_CUBE_MOST) / 255).astype(np.float32)
    return ImageFilter.Color3DLUT(_CUBE_SIDE, table.ravel(), _copy_table=False)


def _by_profile(image: Image, profile: Profile) -> Image:
    """Convert by the colour library, which sees only what was read and checked."""
    from PIL import ImageCms

    wanted = {"GRAY": "L"}.get(profile.space, profile.space)
    if image.mode != wanted:
        image = image.convert(wanted)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(write_profile(profile)))
        transform = ImageCms.buildTransform(
            source, _srgb_profile(), wanted, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        converted = ImageCms.applyTransform(image, transform)
    except ImportError as exc:
        raise UnsupportedImage("colours by a profile need Pillow built with LittleCMS") from exc
    assert converted is not None
    return converted


def _eight_bits(image: Image) -> Image:
    """Return a 16-bit grey picture's high bytes, as browsers take them before they convert colours."""
    if not image.mode.startswith("I;16"):
        return image
    from PIL import Image as pil

    return pil.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))


@lru_cache(maxsize=1)
def _srgb_profile() -> Any:
    from PIL import ImageCms

    return ImageCms.createProfile("sRGB")
