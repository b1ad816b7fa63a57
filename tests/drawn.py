"""Pictures to match: real ones, and drawings that gates are for."""

from __future__ import annotations

import io

import numpy as np
import skimage.data
from PIL import Image, ImageDraw

from safehash.hashing import compute
from safehash.images import decoding
from safehash.images.pictures import Decoded

Picture = Image.Image


def picture(name: str) -> Picture:
    return Image.fromarray(np.asarray(getattr(skimage.data, name)())).convert("RGB")


def decoded(image: Picture, encoding: str = "JPEG", **options: object) -> Decoded:
    stream = io.BytesIO()
    image.save(stream, encoding, **options)
    return decoding.decode(stream.getvalue(), step_for=compute.reduction_for)


def card(pips: int) -> Picture:
    """Draw a playing card: a template whose cards differ in a detail."""
    drawn = Image.new("RGB", (240, 330), "white")
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((6, 6, 233, 323), 18, outline=(90, 90, 90), width=4, fill=(235, 230, 205))
    pen.polygon([(20, 20), (60, 20), (20, 70)], fill="red")
    pen.rectangle((28, 90, 60, 150), fill=(20, 20, 20))
    pen.rectangle((180, 250, 220, 310), fill=(40, 40, 120))
    for pip in range(pips):
        x, y = 70 + 60 * (pip % 3), 60 + 55 * (pip // 3)
        pen.ellipse((x - 16, y - 20, x + 16, y + 20), fill=(200, 30, 30))
    return drawn


def screen(words: int) -> Picture:
    """Draw a program's window before a wallpaper that shines through: the same for everyone but for the words."""
    drawn = picture("coffee").resize((1000, 700))
    panes = drawn.copy()
    pen = ImageDraw.Draw(panes)
    pen.rectangle((0, 0, 1000, 40), fill=(60, 64, 72))
    pen.rectangle((40, 90, 300, 640), fill=(250, 250, 250))
    pen.rectangle((340, 90, 960, 640), fill=(236, 239, 241))
    drawn = Image.blend(drawn, panes, 0.8)
    pen = ImageDraw.Draw(drawn)
    rng = np.random.default_rng(words)
    for line in range(9):
        top = 120 + 56 * line
        pen.rectangle((60, top, 92, top + 32), fill=(40, 110, 190))
        for left in (110, 380, 640):
            pen.rectangle((left, top + 8, left + int(rng.integers(40, 150)), top + 20), fill="black")
    return drawn


def night(name: str) -> Picture:
    """Return a photograph whose upper half is a dark, empty sky."""
    pixels = np.asarray(picture(name).resize((600, 400))) * 0.6
    pixels[:190] = 28 + np.random.default_rng(0).normal(0, 1, (190, 600, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def profiles(name: str) -> Picture:
    """Return a photograph in bands of light down and across, the same in every row: its digest is degenerate."""
    rng = np.random.default_rng(1)

    def profile(n: int) -> np.ndarray:
        at = (np.arange(n) + 0.5) / n
        waves = [rng.choice([-1, 1]) * np.cos(np.pi * k * at) / k**0.5 for k in range(1, 14)]
        summed = np.sum(waves, axis=0)
        scaled: np.ndarray = summed / summed.std()
        return scaled

    own = np.asarray(picture(name).resize((600, 400)).convert("L")).astype(np.float64)
    bands = 0.7 * profile(400)[:, None] * profile(600)[None, :] + 0.5 * (own - own.mean()) / own.std()
    return Image.fromarray(np.clip(120 + 45 * bands, 0, 255).astype(np.uint8)).convert("RGB")


def egg(light: tuple[float, float], tone: float) -> Picture:
    """Draw an object on a white ground, lit from one side."""
    down, across = (np.arange(400) + 0.5)[:, None] / 400 - 0.5, (np.arange(300) + 0.5)[None, :] / 300 - 0.5
    inside = (down / 0.46) ** 2 + (across / (0.44 + 0.12 * down)) ** 2 < 1
    shade = np.clip(0.5 + light[0] * down + light[1] * across, 0.02, 1)
    grain = np.random.default_rng(round(tone)).normal(0, 6, (400, 300))
    pixels = np.where(inside, np.clip(tone * shade + grain, 0, 255), 255)
    return Image.fromarray(pixels.astype(np.uint8)).convert("RGB")


def lit_disc(down: float, across: float, tone: float) -> Picture:
    at = (np.arange(300) + 0.5) / 300 - 0.5
    inside = np.hypot(at[:, None], at[None, :]) < 0.48
    light = np.clip(0.3 + down * at[:, None] + across * at[None, :], 0.02, 1)
    noise = np.random.default_rng(round(1000 * tone)).normal(0, 4, (300, 300))
    pixels = np.where(inside, np.clip(tone * light + noise, 0, 255), 255).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB")
