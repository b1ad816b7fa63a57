"""What a file says its colours are, and a picture as it looks then."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._borrow import borrow
from .._core import LIGHT_LEVELS, shown_luma
from ..errors import UnsupportedImage
from . import hdr
from .icc import MAX_PROFILE_BYTES, SAMPLES, Curve, Profile, read_profile, with_matrix, write_profile
from .light import (
    HLG,
    PQ,
    PRIMARIES,
    REC2020_PRIMARIES,
    Chromaticities,
    as_it_is,
    light_to_xyz,
    power,
    says_something,
    srgb_light,
    srgb_samples,
    to_srgb_light,
    transfer_of,
)  # fmt: skip
from .matrices import inverse, product, through

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "Colour",
    "colour_of_code_points",
    "colour_of_gamma",
    "colour_of_icc",
    "colour_of_screen",
    "space_of_icc",
]

Float64Array = npt.NDArray[np.float64]
UInt8Array = npt.NDArray[np.uint8]

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
    is_halved : bool
        A table's numbers are taken for light as they stand, as browsers do, though they go to twice a screen's most.
    otherwise : Colour or None
        What other viewers take the same for.
    """

    space: str
    curves: tuple[Curve, Curve, Curve] | None = None
    to_srgb: Float64Array | None = None
    high_range: tuple[int, Float64Array, float] | None = None
    table: Profile | None = None
    is_gentle: bool = False
    is_halved: bool = False
    otherwise: Colour | None = None
    _transforms: dict[bool, Any] = field(
        default_factory=dict, init=False, repr=False
    )  # of a table, as they are made

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
            light = hdr.pq_light(light) if transfer == PQ else hdr.hlg_light(light, to_rec2020)
            light = hdr.mapped(through(to_rec2020, light), peak)
        return srgb_samples(through(self.to_srgb, light), most=most)

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
        image : PIL image of mode "L", "RGB", "YCbCr", "CMYK" or "I;16"

        Returns
        -------
        PIL image of mode "L" or "RGB"

        Raises
        ------
        UnsupportedImage
            The imaging library was built without the colour library.
        """
        image = _eight_bits(image)
        if image.mode == "YCbCr" and not self._mixes_channels:
            image = image.convert("RGB")
        if self.table is not None:
            return _by_profile(image, self)
        assert self.curves is not None and self.to_srgb is not None
        if image.mode == "L":
            return _grey_by(image, self.shown(np.repeat(SAMPLES[:, None], 3, axis=1)))
        if self.high_range is not None:
            return _by_cube(image, self)
        if not self._mixes_channels:
            light = np.stack([curve(SAMPLES) for curve in self.curves])
            return image.point(np.rint(srgb_samples(light)).astype(int).ravel().tolist())
        return _grey_by_light(image, self)

    @property
    def _mixes_channels(self) -> bool:
        """Whether curves and a matrix say all, and the matrix something."""
        if self.table is not None or self.high_range is not None or self.to_srgb is None:
            return False
        return float(np.abs(self.to_srgb - np.eye(3)).max()) >= _IDENTITY


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
    by_number = _by_number(profile, peak)
    if by_number is not None:
        return by_number[0]
    if profile.table is not None:
        rightly = Colour(space=profile.space, table=profile)
        otherwise = Colour(space=profile.space, table=with_matrix(profile)) if profile.matrix else None
        if profile.is_lab:
            return replace(rightly, otherwise=otherwise)
        return replace(rightly, is_halved=True, otherwise=otherwise or rightly)
    if profile.curves is None:
        return None
    to_srgb = np.eye(3) if profile.to_xyz is None else product(to_srgb_light(), profile.to_xyz)
    return _unless_srgb(Colour(space=profile.space, curves=profile.curves, to_srgb=to_srgb))


_remembered = lru_cache(maxsize=64)(_judged)


def space_of_icc(data: bytes) -> str | None:
    """Return which samples a profile is for, "RGB", "GRAY" or "CMYK"; None for one that browsers do not heed."""
    if len(data) > MAX_PROFILE_BYTES:
        return None
    return (_remembered_space if len(data) <= _REMEMBERED_BYTES else _space)(data)


def _space(data: bytes) -> str | None:
    profile = read_profile(data)
    return None if profile is None else profile.space


_remembered_space = lru_cache(maxsize=64)(_space)


def _by_number(profile: Profile, peak: float | None) -> tuple[Colour | None] | None:
    """Return what the numbers in a profile say, which go before all else in it; None for numbers without a meaning."""
    primaries, transfer = profile.code_points or (0, 0)
    is_cut = transfer in (PQ, HLG) and primaries not in PRIMARIES and primaries != _UNSPECIFIED
    if (
        (is_cut or primaries == _UNSPECIFIED)
        and profile.table is None
        and says_something(_SRGB_PRIMARIES, transfer)
    ):
        to_xyz = profile.to_xyz
        if to_xyz is None:
            to_xyz = inverse(to_srgb_light())
        # With primaries that do not exist browsers map no tones.
        colour = _by_transfer(to_xyz, transfer, peak=hdr.WHITE if is_cut else peak)
    elif says_something(primaries, transfer):
        colour = colour_of_code_points(primaries, transfer, peak=peak)
    else:
        return None
    return (None if colour is None else replace(colour, space=profile.space),)


#: What primaries have these numbers: sRGB's, and those that something else tells.
_SRGB_PRIMARIES, _UNSPECIFIED = 1, 2


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
    curve = power(1 / gamma)
    to_srgb = np.eye(3)
    if chromaticities is not None:
        to_xyz = light_to_xyz(chromaticities)
        if to_xyz is None:
            return None
        to_srgb = product(to_srgb_light(), to_xyz)
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
    red, green, blue = (power(gamma) for gamma in gammas)
    to_srgb = np.eye(3)
    xyz = np.array(corners).reshape(3, 3)
    if (xyz.sum(axis=1) > 0).all():
        of_corners = (xyz[:, :2] / xyz.sum(axis=1)[:, None]).ravel()
        rx, ry, gx, gy, bx, by = (float(each) for each in of_corners)
        to_xyz = light_to_xyz((0.3127, 0.3290, rx, ry, gx, gy, bx, by))
        to_srgb = to_srgb if to_xyz is None else product(to_srgb_light(), to_xyz)
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
    if primaries not in PRIMARIES:
        return None
    to_xyz = light_to_xyz(PRIMARIES[primaries])
    assert to_xyz is not None
    return _by_transfer(to_xyz, transfer, peak=peak, video=video)


def _by_transfer(
    to_xyz: Float64Array, transfer: int, *, peak: float | None, video: bool = False
) -> Colour | None:
    """Return what a transfer function by its number says of samples whose light is brought to CIE XYZ by a matrix."""
    if transfer in (PQ, HLG):
        rec2020 = light_to_xyz(PRIMARIES[REC2020_PRIMARIES])
        assert rec2020 is not None
        return Colour(
            space="RGB",
            curves=(as_it_is, as_it_is, as_it_is),
            to_srgb=product(to_srgb_light(), rec2020),
            high_range=(
                transfer,
                product(inverse(rec2020), to_xyz),
                hdr.DEFAULT_PEAK if peak is None else peak,
            ),
        )
    curve = transfer_of(transfer, video=video)
    if curve is None:
        return None
    to_srgb = product(to_srgb_light(), to_xyz)
    return _unless_srgb(Colour(space="RGB", curves=(curve, curve, curve), to_srgb=to_srgb))


def _unless_srgb(colour: Colour) -> Colour | None:
    """Return a colour, None where no viewer's picture differs by what moves more than a bit or two.

    Compared are every sample of every curve, and luma on a few colours.
    """
    assert colour.curves is not None
    levels = srgb_samples(np.stack([curve(SAMPLES) for curve in colour.curves]))
    if any(
        np.abs(levels - srgb_samples(curve(SAMPLES))).max() <= _SAME
        for curve in (srgb_light, power(_USUAL_GAMMA))
    ):
        plain = replace(colour, curves=(srgb_light, srgb_light, srgb_light))
        if np.abs(through(_LUMA, plain.shown(_FEW_COLOURS) - 255 * _FEW_COLOURS)).max() <= _SAME:
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

# -- the conversions -------------------------------------------------------------------------------------------


def _grey_by(image: Image, shown: Float64Array) -> Image:
    """Return a grey picture with each of its 256 greys as luma of what is shown."""
    return image.point(np.rint(through(_LUMA, shown)).astype(int).tolist())


#: Bytes of a pixel as the imaging library holds it.
_PIXEL_BYTES = 4


def _grey_by_light(image: Image, colour: Colour) -> Image:
    """Return a picture of mode "RGB" or "YCbCr" as luma of what is shown by curves and a matrix."""
    from PIL import Image as pil

    cols, rows = image.size
    luma = np.empty(cols * rows, np.uint8)
    samples: bytes | memoryview
    try:
        samples = borrow(image.im.__arrow_c_array__(), _PIXEL_BYTES * len(luma))
    except ValueError:  # not in one piece: pictures of more than 16 MB
        samples = image.tobytes("raw", f"{image.mode}X")
    light, levels = _light_of(colour), _levels_of_light()
    shown_luma(samples, luma, light=light, levels=levels, is_ycc=image.mode == "YCbCr")
    return pil.fromarray(luma.reshape(rows, cols))


@lru_cache(maxsize=16)
def _light_of(colour: Colour) -> npt.NDArray[np.float32]:
    """Return what every sample of red, green and blue adds to a screen's light, as `shown_luma` takes it."""
    assert colour.curves is not None and colour.to_srgb is not None
    light = np.zeros((3, len(SAMPLES), 4), np.float32)
    for channel, curve in enumerate(colour.curves):
        each = curve(SAMPLES)[:, None] * colour.to_srgb[:, channel] * (LIGHT_LEVELS - 1)
        light[channel, :, :3] = np.clip(each, -_MOST_STEPS, _MOST_STEPS)
    return light


#: Steps of light beyond which more makes no difference: nothing takes so much of it back.
_MOST_STEPS = 1e30


@lru_cache(maxsize=1)
def _levels_of_light() -> UInt8Array:
    """Return sRGB's samples of light, from none to a screen's most."""
    return np.rint(srgb_samples(np.linspace(0.0, 1.0, LIGHT_LEVELS))).astype(np.uint8)


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


def _by_profile(image: Image, colour: Colour) -> Image:
    """Convert by the colour library, which sees only what was read and checked."""
    from PIL import Image as pil

    mode = _modes_of(colour)
    if image.mode != mode:
        image = image.convert(mode)
    assert colour.table is not None
    transform = _transform_for if len(colour.table.table or b"") <= _REMEMBERED_BYTES else _transform_of
    small = min(image.width, _SAMPLED_SIDE), min(image.height, _SAMPLED_SIDE)
    sample = image.resize(small, pil.Resampling.NEAREST)
    quick, exact = (transform(colour, is_exact=is_exact) for is_exact in (False, True))
    one, other = (np.asarray(each.apply(sample).convert("L")).astype(int) for each in (quick, exact))
    converted: Image = (exact if np.abs(one - other).mean() > _APART else quick).apply(image)
    return converted


#: Pixels a side that a conversion is tried on, and grey levels by which the quick way may be off there on average: it
#: makes a table of its own, with some 33 steps a side, of whatever a profile says, and takes a seventh of the time.
_SAMPLED_SIDE, _APART = 64, 1.0


def _modes_of(colour: Colour) -> str:
    return "L" if colour.space == "GRAY" else colour.space


def _transform(colour: Colour, *, is_exact: bool) -> Any:
    """Return the colour library's conversion to sRGB; it takes milliseconds to make, and threads may share it.

    Parameters
    ----------
    colour : Colour
        With a table.
    is_exact : bool
        As the profile says, step by step; otherwise by a table made of it, behind its own first curves.
    """
    assert colour.table is not None
    try:
        from PIL import ImageCms

        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(write_profile(colour.table))),
            _bright_screen() if colour.is_halved else ImageCms.createProfile("sRGB"),
            _modes_of(colour),
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.NOOPTIMIZE
            if is_exact
            # The library's own table is finer where much of the light is cut.
            else ImageCms.Flags.CLUT_PRE_LINEARIZATION
            | (ImageCms.Flags.HIGHRESPRECALC if colour.is_halved else ImageCms.Flags.NONE),
        )
    except ImportError as exc:
        raise UnsupportedImage("colours by a profile need Pillow built with LittleCMS") from exc


def _bright_screen() -> Any:
    """Return a profile of a screen twice as bright as sRGB's: what is shown there of light has half its light."""
    from PIL import ImageCms

    columns = _XYZ_MOST * inverse(to_srgb_light())
    screen = Profile(space="RGB", curves=(srgb_light, srgb_light, srgb_light), to_xyz=columns)
    return ImageCms.ImageCmsProfile(io.BytesIO(write_profile(screen)))


#: What a table's greatest number stands for (ICC.1:2022, 6.3.4.2).
_XYZ_MOST = 65535 / 32768

#: Of small tables, which many files have.
_transform_for = lru_cache(maxsize=16)(_transform)


def _transform_of(colour: Colour, *, is_exact: bool) -> Any:
    """Return the conversion of a large table, made once for one file's colours: each strip of a picture asks for it."""
    made = colour._transforms.get(is_exact)
    if made is None:
        made = colour._transforms[is_exact] = _transform(colour, is_exact=is_exact)
    return made


def _eight_bits(image: Image) -> Image:
    """Return a 16-bit grey picture's high bytes, as browsers take them before they convert colours."""
    if not image.mode.startswith("I;16"):
        return image
    from PIL import Image as pil

    return pil.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
