"""JPEG and AVIF files with a gain map beside their picture: screens of another brightness show another picture."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from corpus import CorpusFile, grey_of
from corpus_jpeg import segment
from corpus_png import exif_of
from pictures_made import made
from PIL import Image
from profiles_made import ADOBE_RGB, DISPLAY_P3, gamma, matrix_profile

__all__ = ["avif_with_gain_map", "gain_corpus", "with_gain_map"]

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_ISO = b"urn:iso:std:iso:ts:21496:-1\0"


def _saved(pixels: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **{"quality": 95, "subsampling": 0, **options})
    return stream.getvalue()


def _xmp(attributes: str, inside: str = "") -> bytes:
    spaces = {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
        "Container": "http://ns.google.com/photos/1.0/container/",
        "Item": "http://ns.google.com/photos/1.0/container/item/",
    }
    named = " ".join(f'xmlns:{name}="{where}"' for name, where in spaces.items())
    packet = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {named}>'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    return segment(0xE1, _XMP + packet.encode())


def _directory(length: int) -> str:
    items = (("Primary", ""), ("GainMap", f' Item:Length="{length}"'))
    listed = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{what}" Item:Mime="image/jpeg"{more}/>'
        "</rdf:li>"
        for what, more in items
    )
    return f"<Container:Directory><rdf:Seq>{listed}</rdf:Seq></Container:Directory>"


def _said(
    least: Any, most: Any, exponent: float, offsets: tuple[float, float], is_base_bright: bool
) -> bytes:
    """Return the map's own XMP: numbers of one colour as attributes, of three as elements."""
    plain = {
        "Version": "1.0", "Gamma": exponent, "OffsetSDR": offsets[0], "OffsetHDR": offsets[1], "HDRCapacityMin": 0,
        "HDRCapacityMax": 3, "BaseRenditionIsHDR": is_base_bright,
    }  # fmt: skip
    inside = ""
    for name, value in (("GainMapMin", least), ("GainMapMax", most)):
        if isinstance(value, tuple):
            each = "".join(f"<rdf:li>{one}</rdf:li>" for one in value)
            inside += f"<hdrgm:{name}><rdf:Seq>{each}</rdf:Seq></hdrgm:{name}>"
        else:
            plain[name] = value
    return _xmp(" ".join(f'hdrgm:{name}="{value}"' for name, value in plain.items()), inside)


def _iso(least: Any, most: Any, exponent: float, offsets: tuple[float, float], is_base_bright: bool) -> bytes:
    """Return the same as a segment by ISO 21496-1."""
    return segment(0xE2, _ISO + _numbers(least, most, exponent, offsets, is_base_bright))


def _numbers(
    least: Any, most: Any, exponent: float, offsets: tuple[float, float], is_base_bright: bool
) -> bytes:
    of_three = isinstance(least, tuple)

    def number(value: float) -> bytes:
        return struct.pack(">iI", round(value * 10000), 10000)

    base, other = (3.0, 0.0) if is_base_bright else (0.0, 3.0)
    of_base, of_other = offsets[::-1] if is_base_bright else offsets
    body = struct.pack(">HHB", 0, 0, 0xC0 if of_three else 0x40) + number(base) + number(other)
    for k in range(3 if of_three else 1):
        low, high = (least[k], most[k]) if of_three else (least, most)
        body += b"".join(map(number, (low, high, exponent, of_base, of_other)))
    return body


def with_gain_map(
    base: bytes,
    own: bytes,
    *,
    least: Any = 0.0,
    most: Any = 3.0,
    exponent: float = 1.0,
    offsets: tuple[float, float] = (0.0, 0.0),
    is_base_bright: bool = True,
    how: str = "index and directory",
) -> bytes:
    """Return a JPEG file with a gain map behind it.

    `how` names where it is said: an "index", a "directory", and "iso" for the standard's numbers in place of XMP.
    """
    says = _iso if "iso" in how else _said
    own = own[:2] + says(least, most, exponent, offsets, is_base_bright) + own[2:]
    head = b"\xff\xd8"
    if "iso" in how:
        head += segment(0xE2, _ISO + struct.pack(">HH", 0, 0))
    if "directory" in how:
        head += _xmp('hdrgm:Version="1.0"', _directory(len(own)))
    elif "iso" not in how:
        head += _xmp('hdrgm:Version="1.0"')
    n_index = 2 + 2 + 4 + 8 + 2 + 36 + 4 + 32 if "index" in how else 0
    n_first = len(head) + n_index + len(base) - 2
    if "index" in how:
        behind = n_first - (len(head) + 2 + 2 + 4)  # counted from the index' own byte order
        index = b"MPF\0MM\0*" + struct.pack(">IH", 8, 3)
        index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
        index += struct.pack(">HHIII", 0xB002, 7, 32, 8 + 2 + 36 + 4, 0)
        index += struct.pack(">IIIHH", 0x030000, n_first, 0, 0, 0) + struct.pack(
            ">IIIHH", 0, len(own), behind, 0, 0
        )
        head += segment(0xE2, index)
    return head + base[2:] + own


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, body: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, bytes([version]) + flags.to_bytes(3, "big") + body)


def _boxes(data: bytes) -> dict[bytes, bytes]:
    found, at = {}, 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found[data[at + 4 : at + 8]] = data[at + 8 : at + length]
        at += length
    return found


def _coded(picture: Any, **options: Any) -> tuple[bytes, list[bytes]]:
    """Return a picture as AV1, and its properties as boxes, the essential one third."""
    stream = io.BytesIO()
    options = {"quality": 95, "speed": 9, "subsampling": "4:4:4", **options}
    Image.fromarray(picture).save(stream, "AVIF", **options)
    top = _boxes(stream.getvalue())
    owned = _boxes(_boxes(_boxes(top[b"meta"][4:])[b"iprp"])[b"ipco"])
    return top[b"mdat"], [_box(kind, owned[kind]) for kind in (b"ispe", b"pixi", b"av1C", b"colr")]


def avif_with_gain_map(
    base: Any,
    own: Any,
    *,
    least: Any = 0.0,
    most: Any = 3.0,
    exponent: float = 1.0,
    offsets: tuple[float, float] = (0.0, 0.0),
    is_base_bright: bool = True,
    is_inside: bool = False,
    **options: Any,
) -> bytes:
    """Return an AVIF file of a picture with a gain map; its numbers stand in a box of their own if `is_inside`."""
    (coded, properties), (gains, of_gains) = _coded(base, **options), _coded(own)
    numbers = b"\0" + _numbers(least, most, exponent, offsets, is_base_bright)
    owners = {1: (1, 2, 0x83, 4), 2: (5, 6, 0x87, 8), 3: (1, 2, 4)}
    owned = b"".join(struct.pack(">HB", item, len(each)) + bytes(each) for item, each in owners.items())
    iprp = _box(b"ipco", b"".join(properties + of_gains)) + _full(b"ipma", struct.pack(">I", 3) + owned)
    infe = b"".join(
        _full(b"infe", struct.pack(">HH", item, 0) + kind + b"\0", version=2, flags=item == 2)
        for item, kind in ((1, b"av01"), (2, b"av01"), (3, b"tmap"))
    )
    parts = _full(b"hdlr", bytes(4) + b"pict" + bytes(13)) + _full(b"pitm", struct.pack(">H", 1))
    parts += _full(b"iinf", struct.pack(">H", 3) + infe)
    parts += _full(b"iref", _box(b"dimg", struct.pack(">HHHH", 3, 2, 1, 2))) + _box(b"iprp", iprp)
    parts += _box(b"grpl", _full(b"altr", struct.pack(">IIII", 9, 2, 3, 1)))
    parts += _box(b"idat", numbers) if is_inside else b""
    ftyp = _box(b"ftyp", b"avif\0\0\0\0avifmif1miaftmap")

    def head(start: int) -> bytes:
        behind = start + len(coded) + len(gains)
        places = [(1, 0, start, len(coded)), (2, 0, start + len(coded), len(gains))]
        places.append((3, 1, 0, len(numbers)) if is_inside else (3, 0, behind, len(numbers)))
        pieces = b"".join(struct.pack(">HHHHII", item, how, 0, 1, at, n) for item, how, at, n in places)
        iloc = _full(b"iloc", b"\x44\0" + struct.pack(">H", 3) + pieces, version=1)
        return ftyp + _full(b"meta", parts + iloc)

    return head(len(head(0)) + 8) + _box(b"mdat", coded + gains + (b"" if is_inside else numbers))


def gain_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one, two = made(1, rows, cols), made(2, rows, cols)
    flat = np.clip(96 + one.astype(int) // 8, 0, 255).astype(np.uint8)
    base, own = _saved(flat), _saved(two)

    def file(name: str, data: bytes) -> CorpusFile:
        return CorpusFile(name=f"a gain map, {name}", ending="jpg", data=data)

    def avif(name: str, data: bytes) -> CorpusFile:
        return CorpusFile(name=f"a gain map in AVIF, {name}", ending="avif", data=data)

    for how in ("index", "directory", "index and directory", "iso, index", "iso, directory"):
        for is_bright in (True, False):
            base_is = "bright" if is_bright else "ordinary"
            data = with_gain_map(base, own, how=how, is_base_bright=is_bright)
            yield file(f"by {how}, a base that is {base_is}", data)
    ranges = ((-2.0, 2.0), ((0.0, -1.0, 0.0), (3.0, 1.0, 2.0)), (-3.0, 0.0))
    for (least, most), exponent, how in product(ranges, (1.0, 0.5, 2.2), ("directory", "iso, directory")):
        data = with_gain_map(base, own, least=least, most=most, exponent=exponent, how=how)
        yield file(f"{least} to {most}, gamma {exponent}, by {how}", data)
    for offsets in ((1 / 64, 1 / 64), (0.2, 0.05)):
        for how in ("directory", "iso, directory"):
            yield file(f"offsets {offsets}, by {how}", with_gain_map(base, own, offsets=offsets, how=how))
    yield file("of a quarter of the sides", with_gain_map(base, _saved(two[::4, ::4])))
    yield file("of greys", with_gain_map(base, _saved(grey_of(two))))
    yield file(
        "progressive, beside a progressive picture",
        with_gain_map(_saved(flat, progressive=True), _saved(two, progressive=True)),
    )
    yield file("of a grey picture", with_gain_map(_saved(grey_of(flat)), own))
    for name, profile in (
        ("Display P3", matrix_profile(DISPLAY_P3)),
        ("Adobe RGB", matrix_profile(ADOBE_RGB, gamma(2.2))),
        ("linear", matrix_profile(DISPLAY_P3, gamma(1.0))),
    ):
        yield file(f"of a picture in {name}", with_gain_map(_saved(flat, icc_profile=profile), own))
    turned = base[:2] + segment(0xE1, b"Exif\0\0" + exif_of(6)) + base[2:]
    yield file("of a picture that is turned", with_gain_map(turned, own))
    yield file("two of them", with_gain_map(base, own) + with_gain_map(base, _saved(made(3, rows, cols))))
    yield file("cut in the map", with_gain_map(base, own)[: -len(own) // 2])
    for is_bright, is_inside in product((True, False), (True, False)):
        data = avif_with_gain_map(flat, two, is_base_bright=is_bright, is_inside=is_inside)
        yield avif(f"a base that is {'bright' if is_bright else 'ordinary'}, inside {is_inside}", data)
    for (least, most), exponent in product(ranges, (1.0, 2.2)):
        yield avif(
            f"{least} to {most}, gamma {exponent}",
            avif_with_gain_map(flat, two, least=least, most=most, exponent=exponent),
        )
    yield avif("offsets", avif_with_gain_map(flat, two, offsets=(0.2, 0.05)))
    yield avif("of a quarter of the sides", avif_with_gain_map(flat, np.ascontiguousarray(two[::4, ::4])))
    yield avif("shared chroma", avif_with_gain_map(flat, two, subsampling="4:2:0"))
