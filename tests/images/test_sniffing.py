"""Formats that viewers show and that are not read are called by their names, by a scan too, whatever the file's."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from safehash.errors import UnsupportedImage
from safehash.images.decoding import decode
from safehash.images.sniffing import sniff_unread
from safehash.scanning.items import why_skipped


def written(form: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(stream, form)
    return stream.getvalue()


FILES = {
    "JPEG XL": [b"\xff\x0a" + bytes(range(40)), b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30)],
    "ICO": [written("ICO"), b"\0\0\2\0" + written("ICO")[4:]],
    "JPEG 2000": [written("JPEG2000"), b"\xff\x4f\xff\x51" + bytes(30)],
    "PSD": [b"8BPS\0\1" + bytes(30)],
    "SVG": [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<?xml version='1.0'?>\n<!-- made by -->\n<svg >",
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>\n<svg>",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, files in FILES.items() for data in files])
def test_what_is_not_read_is_called_by_its_name(name: str, data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match=f"^{name} is not read "):
        decode(data)
    skipped = why_skipped(data[:300], "no ending", named=False)
    assert skipped == ("a drawing (SVG), which is not read" if name == "SVG" else None)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<html><svg>",
        b"\0\0\1\xba\x44\0\4\0",
        bytes(300),
        b"8BIM",
        b"some text",
        b"\0\1\0\0\0\x0f\0\x80",
    ],
)
def test_what_is_no_image_is_not(head: bytes) -> None:
    assert sniff_unread(head) is None
    assert why_skipped(head, "no ending", named=False) in ("not an image", "empty file")


@pytest.mark.parametrize("piece", [b"<!---->", b"<!-- -->", b"<!DOCTYPE svg>", b"<!-->", b"<?xml ?>", b" "])
def test_what_begins_like_a_drawing_is_told_in_no_time(piece: bytes) -> None:
    """Regression: each end of a remark was tried for each remark, which doubles with each: hours in 256 bytes."""
    head = (piece * 64)[:256]
    assert sniff_unread(head) is None
    assert sniff_unread(b"<!-- a --> <!---->" + b"<svg>") == "SVG"
