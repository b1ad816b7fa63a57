"""Snapshots as somebody writes them who knows the format: changed, with all checksums made anew."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from safehash import _search

__all__ = ["forged", "resealed"]


def resealed(whole: bytes, change: Any = None, **fields: int) -> bytes:
    """Return the file with another header or preamble, its checksums made anew: what a forger would write."""
    layout = struct.Struct("<8sIIQQQQQ")
    names = ("magic", "version", "endian", "length", "start", "n_bytes", "header_sum", "reserved")
    preamble = dict(zip(names, layout.unpack_from(whole), strict=True))
    header = json.loads(whole[preamble["start"] :])
    if change is not None:
        change(header)
    text = json.dumps(header).encode()
    preamble |= {
        "n_bytes": len(text),
        "length": preamble["start"] + len(text),
        "header_sum": _search.checksum(text),
    }
    preamble |= fields
    packed = layout.pack(*preamble.values())
    sealed = packed + struct.pack("<Q", _search.checksum(packed))
    return sealed + whole[len(sealed) : preamble["start"]] + text


def forged(whole: bytes, name: str, change: Any) -> bytes:
    """Return the file with one section changed, and all checksums made anew."""
    start_of_header = struct.unpack_from("<Q", whole, 24)[0]
    data, header = bytearray(whole[:start_of_header]), json.loads(whole[start_of_header:])
    section = next(each for each in header["sections"] if each["name"] == name)
    here = slice(section["offset"], section["offset"] + section["n_bytes"])
    data[here] = change(np.frombuffer(bytes(data[here]), section["dtype"]).copy()).tobytes()
    end = header["sums"]["offset"]
    sums = _search.block_checksums(np.frombuffer(bytes(data[4096:end]), np.uint8))
    data[end:] = sums.tobytes()

    def reseal(header: Any) -> None:
        for each in header["sections"]:
            first = each["offset"] // 4096 - 1
            of_section = sums[first : first + -(-each["n_bytes"] // 4096)]
            each["checksum"] = f"{_search.checksum(of_section):016x}"
        header["sums"]["checksum"] = f"{_search.checksum(sums):016x}"

    return resealed(bytes(data) + whole[start_of_header:], reseal)
