"""Alterations that bend, cover or nest a picture: keystone, stickers, screens photographed, boxes in boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from .scene import Change, Picture, Scene, write

__all__ = [
    "blended",
    "box_in_a_box",
    "covered",
    "exposed",
    "faded",
    "high_key",
    "keystone",
    "pasted_over",
    "photographed_screen",
    "sheared",
    "striped",
    "text_block",
    "tilted_in_a_frame",
    "vertical_video",
    "watermarked",
    "web_page",
]

#: Corners of a picture in shares of its sides, x before y: upper left, lower left, lower right, upper right.
_CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))


# -- bent ----------------------------------------------------------------------------------------------------


def _warped(picture: Picture, seen: Sequence[tuple[float, float]]) -> Picture:
    """Show the part of a picture between four corners, in shares of its sides and in the order of `_CORNERS`."""
    width, height = picture.size
    corners = [part for x, y in seen for part in (x * width, y * height)]
    rows = []
    for (x, y), (u, v) in zip(_CORNERS, seen, strict=True):
        at_x, at_y, from_x, from_y = x * width, y * height, u * width, v * height
        rows.append([at_x, at_y, 1, 0, 0, 0, -from_x * at_x, -from_x * at_y])
        rows.append([0, 0, 0, at_x, at_y, 1, -from_y * at_x, -from_y * at_y])
    factors = np.linalg.solve(np.array(rows, dtype=np.float64), np.array(corners, dtype=np.float64))
    return picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, factors.tolist(), Image.Resampling.BICUBIC
    )


def keystone(share: float) -> Change:
    """See a picture from the side: two neighbouring corners go in by a share of the side, no corner is empty."""

    def change(picture: Picture, scene: Scene) -> Picture:
        end, axis = divmod(int(scene.rng.integers(4)), 2)
        corners = [list(corner) for corner in _CORNERS]
        for corner in corners:
            if corner[axis] == end:
                corner[1 - axis] += share * (1 - 2 * corner[1 - axis])
        return _warped(picture, [(x, y) for x, y in corners])

    return change


def sheared(amount: float) -> Change:
    """Push the upper edge sideways against the lower one, by a share of the height; the corners are empty."""

    def change(picture: Picture, scene: Scene) -> Picture:
        sign = 1 if scene.rng.integers(2) else -1
        shift = sign * amount
        return picture.transform(
            picture.size, Image.Transform.AFFINE, (1, shift, -shift * picture.height / 2, 0, 1, 0),
            Image.Resampling.BICUBIC,
        )  # fmt: skip

    return change


def tilted_in_a_frame(degrees: float) -> Change:
    """Lay the picture askew on a plain table, all of it to be seen."""

    def change(picture: Picture, scene: Scene) -> Picture:
        sign = 1 if scene.rng.integers(2) else -1
        back = tuple(int(level) for level in scene.rng.integers(150, 235, 3))
        turned = picture.rotate(sign * degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=back)
        return ImageOps.expand(turned, round(0.06 * min(picture.size)), back)

    return change


# -- covered -------------------------------------------------------------------------------------------------


def _somewhere(picture: Picture, width: float, height: float, scene: Scene) -> tuple[int, int]:
    x = scene.rng.uniform(0, max(0.0, picture.width - width))
    y = scene.rng.uniform(0, max(0.0, picture.height - height))
    return round(x), round(y)


def covered(share: float) -> Change:
    """Put a round face onto a picture that hides a share of it."""

    def change(picture: Picture, scene: Scene) -> Picture:
        out = picture.copy()
        size = min(2 * float(np.sqrt(share * out.width * out.height / np.pi)), 0.98 * min(out.size))
        x, y = _somewhere(out, size, size, scene)
        draw = ImageDraw.Draw(out)
        draw.ellipse((x, y, x + size, y + size), fill=(255, 214, 10), outline="black", width=3)
        for side in (0.3, 0.7):
            eye = size * 0.07
            at_x, at_y = x + side * size, y + 0.38 * size
            draw.ellipse((at_x - eye, at_y - eye, at_x + eye, at_y + eye), fill="black")
        draw.arc((x + size / 4, y + size / 4, x + size * 0.75, y + size * 0.75), 20, 160, "black", 4)
        return out

    return change


def pasted_over(share: float) -> Change:
    """Paste another picture over a share of this one."""

    def change(picture: Picture, scene: Scene) -> Picture:
        out = picture.copy()
        size = (round(out.width * share**0.5), round(out.height * share**0.5))
        other = ImageOps.fit(scene.other(picture), size)
        out.paste(other, _somewhere(out, *size, scene))
        return out

    return change


def text_block(picture: Picture, scene: Scene) -> Picture:
    """Write six lines on a white card over a fifth of the picture."""
    out = picture.copy()
    size = (round(0.6 * out.width), round(0.34 * out.height))
    x, y = _somewhere(out, *size, scene)
    ImageDraw.Draw(out).rectangle((x, y, x + size[0], y + size[1]), fill="white")
    for line in range(6):
        write(
            out, "and then nobody said a word to him", (x + size[0] / 2, y + size[1] * (line + 0.7) / 6.4),
            size[0] / 19, "black",
        )  # fmt: skip
    return out


def blended(share: float) -> Change:
    """Let another picture shine through."""

    def change(picture: Picture, scene: Scene) -> Picture:
        return Image.blend(picture, ImageOps.fit(scene.other(picture), picture.size), share)

    return change


def striped(picture: Picture, scene: Scene) -> Picture:
    """Draw grey lines across, one in eight rows."""
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    pitch = max(8, out.height // 40)
    for y in range(0, out.height, pitch):
        draw.rectangle((0, y, out.width, y + pitch // 8), fill=(128, 128, 128))
    return out


def watermarked(picture: Picture, scene: Scene) -> Picture:
    """Write one line slantwise over the whole picture, half transparent."""
    layer = Image.new("L", (picture.width * 2, picture.height * 2))
    write(layer, "PREVIEW ONLY", (picture.width, picture.height), picture.width / 6, 128)
    layer = layer.rotate(25).crop(
        (
            picture.width // 2,
            picture.height // 2,
            picture.width // 2 + picture.width,
            picture.height // 2 + picture.height,
        )
    )
    return Image.composite(Image.new("RGB", picture.size, "white"), picture, layer)


# -- lit -----------------------------------------------------------------------------------------------------


def exposed(factor: float) -> Change:
    """Multiply every level; what is beyond white is white."""

    def change(picture: Picture, scene: Scene) -> Picture:
        return ImageEnhance.Brightness(picture).enhance(factor)

    return change


def faded(opacity: float) -> Change:
    """Show the picture half transparent on white."""

    def change(picture: Picture, scene: Scene) -> Picture:
        return Image.blend(Image.new("RGB", picture.size, "white"), picture, opacity)

    return change


def high_key(picture: Picture, scene: Scene) -> Picture:
    """Brighten by a curve that leaves dark hair and eyes and little else."""
    table = [min(255, round(255 * (1.25 * (level / 255) ** 0.6))) for level in range(256)]
    return picture.point(table * 3)


# -- nested --------------------------------------------------------------------------------------------------


def box_in_a_box(picture: Picture, scene: Scene) -> Picture:
    """Show a framed picture with a caption inside a dark viewer's window."""
    width, height = picture.size
    bar = round(0.16 * height)
    card = Image.new("RGB", (round(width * 1.08), height + bar + round(0.08 * height)), "white")
    card.paste(picture, (round(width * 0.04), bar))
    write(card, "when the weekend comes", (card.width / 2, bar / 2), bar * 0.35, "black")
    card = ImageOps.contain(card, (620, 620))
    out = Image.new("RGB", (1024, 768), (40, 42, 46))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, 1024, 48), fill=(60, 62, 68))
    write(out, "image viewer", (512, 24), 20, "white")
    for number in range(5):
        draw.rectangle((20 + 60 * number, 700, 60 + 60 * number, 740), outline=(180, 180, 180), width=2)
    out.paste(card, ((1024 - card.width) // 2, 64 + (620 - card.height) // 2))
    return out


def vertical_video(picture: Picture, scene: Scene) -> Picture:
    """Show a wide picture in a tall video: blurred bars, a line above it, subtitles on it, buttons beside it."""
    out = ImageOps.fit(picture, (720, 1280)).filter(ImageFilter.GaussianBlur(28))
    shown = ImageOps.contain(
        picture.resize((720, max(1, round(picture.height * 720 / picture.width)))), (720, 900)
    )
    top = (1280 - shown.height) // 2
    out.paste(shown, ((720 - shown.width) // 2, top))
    write(out, "WAIT FOR IT ...", (360, max(60, top - 50)), 44, "white", "black")
    write(out, "he did not see that", (360, top + shown.height * 0.86), 40, "yellow", "black")
    draw = ImageDraw.Draw(out)
    for number in range(4):
        y = 620 + 110 * number
        draw.ellipse((640, y, 700, y + 60), fill="white", outline="black", width=2)
    write(out, "@some.person", (130, 1190), 30, "white", "black")
    return out


def web_page(picture: Picture, scene: Scene) -> Picture:
    """Show the picture in an article of a web page: a head, text above, below and beside it, advertisements."""
    out = Image.new("RGB", (1280, 900), "white")
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, 1280, 60), fill=(24, 60, 110))
    write(out, "The Daily Example", (160, 30), 28, "white")
    for number, word in enumerate(("News", "Sport", "Culture", "Weather")):
        write(out, word, (640 + 140 * number, 30), 22, "white")
    write(out, "Nobody knows what happened on that evening", (440, 110), 32, "black")
    top = 150 + int(scene.rng.integers(0, 60))
    for line in range(2):
        write(
            out,
            "By our correspondent, who was there and tells what he saw",
            (390, top + 26 * line),
            20,
            (60, 60, 60),
        )
    shown = ImageOps.contain(
        picture.resize((640, max(1, round(picture.height * 640 / picture.width))), Image.Resampling.BICUBIC),
        (640, 480),
    )
    out.paste(shown, (90 + (640 - shown.width) // 2, top + 60))
    under = top + 60 + shown.height
    for line in range(12):
        if under + 40 + 26 * line < 880:
            write(
                out,
                "and so it went on, hour after hour, until they came",
                (390, under + 40 + 26 * line),
                20,
                "black",
            )
    for number in range(2):
        advert = ImageOps.fit(scene.other(picture), (300, 250))
        out.paste(advert, (900, 150 + 290 * number))
    for line in range(3):
        write(out, "You may like this as well", (1050, 760 + 30 * line), 20, (20, 60, 160))
    return out


def photographed_screen(picture: Picture, scene: Scene) -> Picture:
    """Photograph a screen that shows the picture: its pixels beat with the camera's, seen a little from the side."""
    back = Image.new("RGB", (round(picture.width * 1.3), round(picture.height * 1.3)), (28, 27, 26))
    screen = np.asarray(picture).astype(np.float32)
    rows, columns = np.mgrid[0 : picture.height, 0 : picture.width]
    pitch = scene.rng.uniform(3.1, 4.7)
    beat = 1 + 0.12 * np.sin(2 * np.pi * (columns * 1.02 + rows * 0.05) / pitch)
    beat *= 1 + 0.08 * np.sin(2 * np.pi * (rows * 1.03 - columns * 0.04) / pitch)
    lit = Image.fromarray(np.clip(screen * beat[..., None] * 0.9 + 12, 0, 255).astype(np.uint8))
    back.paste(lit, ((back.width - picture.width) // 2, (back.height - picture.height) // 2))
    seen = keystone(0.03)(back, scene)
    seen = seen.rotate(float(scene.rng.uniform(-2, 2)), Image.Resampling.BICUBIC, fillcolor=(28, 27, 26))
    seen = seen.filter(ImageFilter.GaussianBlur(0.002 * min(seen.size)))
    noisy = np.asarray(seen).astype(np.float32) + scene.rng.normal(0, 5, (seen.height, seen.width, 1))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
