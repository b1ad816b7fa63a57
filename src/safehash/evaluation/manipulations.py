"""What people do to pictures before uploading them again: the documented set that `evaluate` applies."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from ..images.pictures import Decoded
from . import harder
from .scene import Change, Picture, Scene, write

__all__ = ["FAMILIES", "MANIPULATIONS", "Manipulation", "apply", "as_picture"]


@dataclass(frozen=True, slots=True)
class Manipulation:
    """One way to change a picture.

    Attributes
    ----------
    name : str
    family : str
        One of `FAMILIES`.
    change : callable
        Picture in mode RGB and a `Scene` to picture.
    encoding : str
        "JPEG", "WEBP", "PNG" or "GIF".
    quality : int
        Of the encoding, where it has one.
    """

    name: str
    family: str
    change: Change
    encoding: str = "JPEG"
    quality: int = 85


def as_picture(decoded: Decoded, *, longer_side: int | None = None) -> Picture:
    """Return decoded pixels as an upright picture in mode RGB, made smaller if a side is longer than this."""
    picture = Image.fromarray(decoded.pixels)
    method = _UPRIGHT.get(decoded.provenance.orientation)
    if method is not None:
        picture = picture.transpose(method)
    picture = picture.convert("RGB")
    if longer_side is not None and max(picture.size) > longer_side:
        picture = ImageOps.contain(picture, (longer_side, longer_side))
    return picture


#: What undoes an EXIF orientation.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def apply(manipulation: Manipulation, picture: Picture, scene: Scene) -> bytes:
    """Return the manipulated picture as the bytes of an image file.

    Parameters
    ----------
    manipulation : Manipulation
    picture : Image
        In mode RGB.
    scene : Scene
    """
    changed = manipulation.change(picture, scene)
    stream = io.BytesIO()
    options: dict[str, Any] = {}
    if manipulation.encoding in ("JPEG", "WEBP"):
        options["quality"] = manipulation.quality
    elif manipulation.encoding == "PNG":
        options["compress_level"] = 1
    changed.save(stream, manipulation.encoding, **options)
    return stream.getvalue()


# -- tone, filter, scale -----------------------------------------------------------------------------------


def _same(picture: Picture, scene: Scene) -> Picture:
    return picture


def _scaled(factor: float, stretch: float = 1.0) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        width, height = picture.size
        size = (max(16, round(width * factor * stretch)), max(16, round(height * factor)))
        return picture.resize(size, Image.Resampling.BICUBIC)

    return change


def _enhanced(what: Any, amount: float) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        enhanced: Picture = what(picture).enhance(amount)
        return enhanced

    return change


def _curve(curve: Callable[[float], float]) -> Change:
    table = [max(0, min(255, round(255 * curve(value / 255)))) for value in range(256)]

    def change(picture: Picture, scene: Scene) -> Picture:
        return picture.point(table * 3)

    return change


def _filtered(kernel: Any) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        return picture.filter(kernel)

    return change


def _blurred(share: float) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        return picture.filter(ImageFilter.GaussianBlur(share * min(picture.size)))

    return change


def _grey(picture: Picture, scene: Scene) -> Picture:
    return picture.convert("L").convert("RGB")


def _warm(picture: Picture, scene: Scene) -> Picture:
    red, green, blue = picture.split()
    return Image.merge(
        "RGB", (red.point(lambda v: min(255, v * 1.15)), green, blue.point(lambda v: v * 0.75))
    )


def _noisy(picture: Picture, scene: Scene) -> Picture:
    pixels = np.asarray(picture).astype(np.float32) + scene.rng.normal(
        0, 12, (picture.height, picture.width, 1)
    )
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _palette(picture: Picture, scene: Scene) -> Picture:
    return picture.quantize(64)


def _negative(picture: Picture, scene: Scene) -> Picture:
    return ImageOps.invert(picture)


# -- overlays ----------------------------------------------------------------------------------------------


def _text_across(picture: Picture, scene: Scene) -> Picture:
    out = picture.copy()
    write(out, "read this now", (out.width / 2, out.height / 2), out.width / 14, "white")
    return out


def _large_text(picture: Picture, scene: Scene) -> Picture:
    out = picture.copy()
    write(out, "READ THIS NOW", (out.width / 2, out.height / 2), out.width / 9, "white", "black")
    return out


def _meme_text(picture: Picture, scene: Scene) -> Picture:
    out = picture.copy()
    size = out.height / 10
    write(out, "WHEN IT RAINS", (out.width / 2, out.height * 0.09), size, "white", "black")
    write(out, "IT POURS", (out.width / 2, out.height * 0.91), size, "white", "black")
    return out


def _sticker(picture: Picture, scene: Scene) -> Picture:
    out = picture.copy()
    radius = 0.14 * min(out.size)
    x = scene.rng.uniform(radius, out.width - radius)
    y = scene.rng.uniform(radius, out.height - radius)
    draw = ImageDraw.Draw(out)
    draw.ellipse(
        (x - radius, y - radius, x + radius, y + radius), fill=(255, 214, 10), outline="black", width=3
    )
    for side in (-0.4, 0.4):
        eye = radius * 0.15
        ex, ey = x + side * radius, y - 0.25 * radius
        draw.ellipse((ex - eye, ey - eye, ex + eye, ey + eye), fill="black")
    draw.arc((x - radius / 2, y - radius / 2, x + radius / 2, y + radius / 2), 20, 160, fill="black", width=4)
    return out


def _logo(picture: Picture, scene: Scene) -> Picture:
    out = picture.copy()
    width, height = out.size
    draw = ImageDraw.Draw(out)
    draw.rectangle((width * 0.80, height * 0.88, width * 0.98, height * 0.97), fill=(200, 30, 40))
    write(out, "NEWS 24", (width * 0.89, height * 0.925), height * 0.05, "white")
    return out


def _watermark(picture: Picture, scene: Scene) -> Picture:
    layer = Image.new("L", picture.size)
    size = picture.height / 14
    for row in range(4):
        for col in range(3):
            at = (picture.width * (col + 0.5) / 3, picture.height * (row + 0.5) / 4)
            write(layer, "example.com", at, size, 90)
    return Image.composite(Image.new("RGB", picture.size, "white"), picture, layer)


# -- geometry ----------------------------------------------------------------------------------------------


def _turned(method: Image.Transpose) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        return picture.transpose(method)

    return change


def _rotated(degrees: float, *, cropped: bool = False) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        sign = 1 if scene.rng.integers(2) else -1
        turned = picture.rotate(sign * degrees, Image.Resampling.BICUBIC)
        if not cropped:
            return turned
        # The largest window of the same proportions without the empty corners.
        width, height = picture.size
        sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
        share = 1.0 / (cosine + sine * max(width / height, height / width))
        left, top = width * (1 - share) / 2, height * (1 - share) / 2
        return turned.crop((round(left), round(top), round(width - left), round(height - top)))

    return change


def _cropped(top: float, bottom: float, left: float, right: float) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        width, height = picture.size
        return picture.crop(
            (
                round(width * left),
                round(height * top),
                round(width * (1 - right)),
                round(height * (1 - bottom)),
            )
        )

    return change


def _cropped_at_random(share: float) -> Change:
    """Take `share` off both sides of each axis together, split between them by chance."""

    def change(picture: Picture, scene: Scene) -> Picture:
        first = scene.rng.uniform(0, share, 2)
        return _cropped(first[0], share - first[0], first[1], share - first[1])(picture, scene)

    return change


# -- frames ------------------------------------------------------------------------------------------------


def _framed(top: float, bottom: float, side: float, colour: Any) -> Change:
    """Add bars, in shares of the picture's height (top, bottom) and width (each side)."""

    def change(picture: Picture, scene: Scene) -> Picture:
        width, height = picture.size
        left = round(width * side)
        out = Image.new(
            "RGB", (width + 2 * left, height + round(height * top) + round(height * bottom)), colour
        )
        out.paste(picture, (left, round(height * top)))
        return out

    return change


def _caption_bar(picture: Picture, scene: Scene) -> Picture:
    out = _framed(0.2, 0, 0, "white")(picture, scene)
    bar = picture.height * 0.2
    write(out, "nobody:", (out.width * 0.2, bar * 0.3), bar * 0.3, "black")
    write(out, "me at three in the morning", (out.width * 0.5, bar * 0.7), bar * 0.3, "black")
    return out


def _demotivational(picture: Picture, scene: Scene) -> Picture:
    out = _framed(0.08, 0.35, 0.08, "black")(picture, scene)
    edge = max(1, picture.width // 200)
    x, y = round(picture.width * 0.08), round(picture.height * 0.08)
    box = (x - 3 * edge, y - 3 * edge, x + picture.width + 3 * edge, y + picture.height + 3 * edge)
    ImageDraw.Draw(out).rectangle(box, outline="white", width=edge)
    write(out, "PATIENCE", (out.width / 2, y + picture.height * 1.15), picture.height * 0.11, "white")
    return out


def _blurred_bars(picture: Picture, scene: Scene) -> Picture:
    """A wide picture made tall for a phone: above and below it, itself enlarged and blurred."""
    width, height = picture.size
    tall = round(height * 1.5)
    back = ImageOps.fit(picture, (width, tall)).filter(ImageFilter.GaussianBlur(0.06 * height))
    back.paste(picture, (0, (tall - height) // 2))
    return back


# -- embeddings --------------------------------------------------------------------------------------------


def _screenshot(*, dark: bool) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        back, ink, faint = ((18, 18, 18), (235, 235, 235), (70, 70, 70)) if dark else (
            (255, 255, 255), (20, 20, 20), (205, 205, 205))  # fmt: skip
        width = 720
        out = Image.new("RGB", (width, 1440), back)
        draw = ImageDraw.Draw(out)
        write(out, "12:41", (60, 24), 24, ink)
        draw.rectangle((650, 14, 690, 34), outline=ink, width=2)
        draw.ellipse((24, 70, 88, 134), fill=(120, 90, 200))
        write(out, "some.person", (190, 90), 26, ink)
        write(out, "Lisbon, Portugal", (190, 122), 20, faint)
        shown = picture.resize(
            (width, max(1, round(picture.height * width / picture.width))), Image.Resampling.BICUBIC
        )
        if shown.height > 900:
            size = (max(1, round(900 * picture.width / picture.height)), 900)
            shown = picture.resize(size, Image.Resampling.BICUBIC)
        top = 160 + int(scene.rng.integers(0, 60))
        out.paste(shown, ((width - shown.width) // 2, top))
        under = top + shown.height
        for number in range(3):
            x = 40 + 70 * number
            draw.ellipse((x, under + 24, x + 40, under + 64), outline=ink, width=3)
        write(out, "1 204 likes", (120, under + 92), 24, ink)
        for line in range(3):
            write(out, "so this happened today and I cannot", (330, under + 130 + 34 * line), 22, ink)
        draw.line((0, 1360, width, 1360), fill=faint, width=2)
        for number in range(5):
            x = 60 + 140 * number
            draw.rectangle((x, 1380, x + 40, 1420), outline=ink, width=3)
        return out

    return change


def _chat(picture: Picture, scene: Scene) -> Picture:
    """A message with the picture in a bubble, smaller than the screen."""
    out = Image.new("RGB", (720, 1280), (229, 221, 213))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, 720, 110), fill=(7, 94, 84))
    write(out, "Family", (200, 60), 30, "white")
    draw.rounded_rectangle((20, 140, 420, 210), 16, fill="white")
    write(out, "have you seen this?", (220, 175), 24, "black")
    shown = picture.resize(
        (500, max(1, round(picture.height * 500 / picture.width))), Image.Resampling.BICUBIC
    )
    if shown.height > 800:
        shown = shown.resize((max(1, round(shown.width * 800 / shown.height)), 800), Image.Resampling.BICUBIC)
    x = 700 - shown.width - 10
    draw.rounded_rectangle(
        (x - 8, 232, x + shown.width + 8, 232 + shown.height + 44), 14, fill=(220, 248, 198)
    )
    out.paste(shown, (x, 240))
    write(out, "12:42", (660, 240 + shown.height + 18), 20, (90, 110, 90))
    draw.rounded_rectangle((20, 1190, 600, 1260), 30, fill="white")
    return out


def _collage(columns: int, rows: int, gap: int) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        width = 960 // columns
        height = max(60, round(picture.height * width / picture.width))
        out = Image.new(
            "RGB", (columns * width + gap * (columns - 1), rows * height + gap * (rows - 1)), "white"
        )
        mine = int(scene.rng.integers(columns * rows))
        for place in range(columns * rows):
            shown = picture if place == mine else scene.other(picture)
            tile = shown.resize((width, height), Image.Resampling.BICUBIC)
            out.paste(tile, ((place % columns) * (width + gap), (place // columns) * (height + gap)))
        return out

    return change


def _inset(share: float) -> Change:
    """Paste the picture, at a share of the width, somewhere on another picture."""

    def change(picture: Picture, scene: Scene) -> Picture:
        back = ImageOps.fit(scene.other(picture), (960, 720))
        width = round(960 * share)
        height = min(round(picture.height * width / picture.width), 700)
        tile = picture.resize((width, height), Image.Resampling.BICUBIC)
        x = int(scene.rng.integers(0, 960 - width + 1))
        y = int(scene.rng.integers(0, 720 - height + 1))
        back.paste(tile, (x, y))
        return back

    return change


def _chain(*steps: Change) -> Change:
    def change(picture: Picture, scene: Scene) -> Picture:
        for step in steps:
            picture = step(picture, scene)
        return picture

    return change


_MIRROR = _turned(Image.Transpose.FLIP_LEFT_RIGHT)

#: In the order of the tables that show them.
FAMILIES = (
    "codec", "scale", "tone", "filter", "overlay", "cover", "orientation", "rotation", "perspective", "crop", "frame",
    "embed", "nested", "combination",
)  # fmt: skip

MANIPULATIONS: tuple[Manipulation, ...] = (
    Manipulation("jpeg quality 75", "codec", _same, quality=75),
    Manipulation("jpeg quality 30", "codec", _same, quality=30),
    Manipulation("jpeg quality 10", "codec", _same, quality=10),
    Manipulation("webp quality 40", "codec", _same, "WEBP", 40),
    Manipulation("gif, 64 colours", "codec", _palette, "GIF"),
    Manipulation("scaled to 1/2", "scale", _scaled(0.5)),
    Manipulation("scaled to 1/4", "scale", _scaled(0.25)),
    Manipulation("scaled by 1.5", "scale", _scaled(1.5)),
    Manipulation("stretched 15 % wider", "scale", _scaled(1.0, 1.15)),
    Manipulation("brighter", "tone", _enhanced(ImageEnhance.Brightness, 1.4)),
    Manipulation("darker", "tone", _enhanced(ImageEnhance.Brightness, 0.6)),
    Manipulation("more contrast", "tone", _enhanced(ImageEnhance.Contrast, 1.5)),
    Manipulation("less contrast", "tone", _enhanced(ImageEnhance.Contrast, 0.6)),
    Manipulation("gamma 1.6", "tone", _curve(lambda value: value**1.6)),
    Manipulation("greyscale", "tone", _grey),
    Manipulation("warmer", "tone", _warm),
    Manipulation("blurred 0.5 %", "filter", _blurred(0.005)),
    Manipulation("blurred 1 %", "filter", _blurred(0.01)),
    Manipulation("sharpened", "filter", _filtered(ImageFilter.UnsharpMask(2, 200))),
    Manipulation("median of 5", "filter", _filtered(ImageFilter.MedianFilter(5))),
    Manipulation("noise", "filter", _noisy),
    Manipulation("text across", "overlay", _text_across),
    Manipulation("large outlined text", "overlay", _large_text),
    Manipulation("meme text", "overlay", _meme_text),
    Manipulation("sticker", "overlay", _sticker),
    Manipulation("logo in a corner", "overlay", _logo),
    Manipulation("watermarks", "overlay", _watermark),
    Manipulation("mirrored", "orientation", _MIRROR),
    Manipulation("upside down", "orientation", _turned(Image.Transpose.ROTATE_180)),
    Manipulation("flipped top to bottom", "orientation", _turned(Image.Transpose.FLIP_TOP_BOTTOM)),
    Manipulation("turned a quarter left", "orientation", _turned(Image.Transpose.ROTATE_90)),
    Manipulation("turned a quarter right", "orientation", _turned(Image.Transpose.ROTATE_270)),
    Manipulation("mirrored and turned", "orientation", _turned(Image.Transpose.TRANSPOSE)),
    Manipulation("negative", "orientation", _negative),
    Manipulation("rotated 1 degree", "rotation", _rotated(1)),
    Manipulation("rotated 3 degrees", "rotation", _rotated(3)),
    Manipulation("rotated 5 degrees", "rotation", _rotated(5)),
    Manipulation("rotated 2 degrees, cropped", "rotation", _rotated(2, cropped=True)),
    Manipulation("cropped 2 %", "crop", _cropped_at_random(0.02)),
    Manipulation("cropped 5 %", "crop", _cropped_at_random(0.05)),
    Manipulation("cropped 10 %", "crop", _cropped_at_random(0.10)),
    Manipulation("cropped 20 %", "crop", _cropped_at_random(0.20)),
    Manipulation("cropped 2 % on every side", "crop", _cropped(0.02, 0.02, 0.02, 0.02)),
    Manipulation("cropped 5 % on every side", "crop", _cropped(0.05, 0.05, 0.05, 0.05)),
    Manipulation("cropped 10 % on every side", "crop", _cropped(0.10, 0.10, 0.10, 0.10)),
    Manipulation("cropped 10 % at the bottom", "crop", _cropped(0, 0.10, 0, 0)),
    Manipulation("white border", "frame", _framed(0.05, 0.05, 0.05, "white")),
    Manipulation("black border", "frame", _framed(0.1, 0.1, 0.1, "black")),
    Manipulation("letterbox", "frame", _framed(0.2, 0.2, 0, "black")),
    Manipulation("bars left and right", "frame", _framed(0, 0, 0.2, "black")),
    Manipulation("caption bar above", "frame", _caption_bar),
    Manipulation("poster with a title", "frame", _demotivational),
    Manipulation("blurred bars", "frame", _blurred_bars),
    Manipulation("screenshot, light", "embed", _screenshot(dark=False)),
    Manipulation("screenshot, dark", "embed", _screenshot(dark=True)),
    Manipulation("chat message", "embed", _chat),
    Manipulation("collage of 2 x 2", "embed", _collage(2, 2, 0)),
    Manipulation("side by side", "embed", _collage(2, 1, 8)),
    Manipulation("inset at 50 %", "embed", _inset(0.5)),
    Manipulation("inset at 70 %", "embed", _inset(0.7)),
    Manipulation("mirrored, jpeg quality 30", "combination", _MIRROR, quality=30),
    Manipulation(
        "mirrored, white border", "combination", _chain(_MIRROR, _framed(0.05, 0.05, 0.05, "white"))
    ),
    Manipulation("mirrored, cropped 5 %", "combination", _chain(_MIRROR, _cropped_at_random(0.05))),
    Manipulation("cropped 5 %, text across", "combination", _chain(_cropped_at_random(0.05), _text_across)),
    Manipulation(
        "rotated 1 degree, cropped 5 %", "combination", _chain(_rotated(1), _cropped_at_random(0.05))
    ),
    Manipulation("mirrored, screenshot, light", "combination", _chain(_MIRROR, _screenshot(dark=False))),
    Manipulation(
        "screenshot, scaled to 1/2", "combination", _chain(_screenshot(dark=False), _scaled(0.5)), quality=50
    ),
    Manipulation("keystone 5 %", "perspective", harder.keystone(0.05)),
    Manipulation("keystone 10 %", "perspective", harder.keystone(0.10)),
    Manipulation("sheared by 0.15", "perspective", harder.sheared(0.15)),
    Manipulation("rotated 8 degrees", "rotation", _rotated(8)),
    Manipulation("rotated 12 degrees", "rotation", _rotated(12)),
    Manipulation("rotated 8 degrees, cropped", "rotation", _rotated(8, cropped=True)),
    Manipulation("tilted 4 degrees in a frame", "nested", harder.tilted_in_a_frame(4)),
    Manipulation("tilted 8 degrees in a frame", "nested", harder.tilted_in_a_frame(8)),
    Manipulation("box in a box", "nested", harder.box_in_a_box),
    Manipulation(
        "cropped 10 % in a frame", "nested", _chain(_cropped_at_random(0.10), _framed(0.1, 0.1, 0.1, "black"))
    ),
    Manipulation("inset at 40 %", "embed", _inset(0.4)),
    Manipulation("web page", "embed", harder.web_page),
    Manipulation("vertical video with captions", "nested", harder.vertical_video),
    Manipulation("screen photographed", "perspective", harder.photographed_screen),
    Manipulation("sticker over 15 %", "cover", harder.covered(0.15)),
    Manipulation("sticker over 30 %", "cover", harder.covered(0.30)),
    Manipulation("sticker over 50 %", "cover", harder.covered(0.50)),
    Manipulation("picture over a quarter", "cover", harder.pasted_over(0.25)),
    Manipulation("block of text", "cover", harder.text_block),
    Manipulation("another blended in, 30 %", "overlay", harder.blended(0.3)),
    Manipulation("stripes", "overlay", harder.striped),
    Manipulation("slanting watermark", "overlay", harder.watermarked),
    Manipulation("exposure x2", "tone", harder.exposed(2.0)),
    Manipulation("exposure x3", "tone", harder.exposed(3.0)),
    Manipulation("half transparent", "tone", harder.faded(0.5)),
    Manipulation("high key", "tone", harder.high_key),
    Manipulation("gamma 2", "tone", _curve(lambda value: value**2)),
    Manipulation("cropped 15 %", "crop", _cropped_at_random(0.15)),
    Manipulation("cropped 30 %", "crop", _cropped_at_random(0.30)),
    Manipulation("cropped 40 %", "crop", _cropped_at_random(0.40)),
)
