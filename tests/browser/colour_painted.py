"""What Chromium paints of every file that declares its colours: some view that `fast` looks up is near to it.

Not collected by default, as it needs Chromium: ``make check-browser``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from colour_files import ColourFile, colour_files
from colour_odd import odd_colour_files
from painter import paint
from pixels_painted import on_white

from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images.decoding import decode

#: Bits between what is painted and the nearest view.
_NEAR = 10
#: Flatter than this a picture's hash means nothing.
_LEAST_QUALITY = 20
#: TIFF is painted by no browser; an AVIF with a broken profile is refused by Chromium, and shown by others without it.
_NOT_PAINTED = ("a profile ", "avif")


def views(data: bytes) -> dict[str, Hash]:
    """Return the hash of every picture that is looked up at every effort, by its name."""
    decoded = decode(data, step_for=reduction_for)
    found = {"as it is": hash_decoded(decoded, algorithm=Algorithm.PDQ)}
    for also in decoded.also:
        if also.effort == "fast":
            found[also.name] = hash_decoded(also.make(), algorithm=Algorithm.PDQ)
    return found


def test_some_view_is_what_is_painted() -> None:
    far: list[str] = []
    n_seen: Counter[str] = Counter()
    n_moved: Counter[str] = Counter()  # those whose stored picture is another one
    files = list(painted_files())
    for file, shown in zip(files, paint([file.data for file in files]), strict=True):
        name = f"{file.name}.{file.ending}"
        if shown.picture is None:
            assert file.name.startswith(_NOT_PAINTED[0]) and file.ending == _NOT_PAINTED[1], name
            continue
        painted = hash_array(on_white(shown.picture))
        found = views(file.data)
        n_seen[file.ending] += 1
        n_moved[file.ending] += found["as it is"].distance(painted) > _NEAR
        nearest = min(view.distance(painted) for view in found.values())
        if nearest > _NEAR and (painted.quality or 0) >= _LEAST_QUALITY:
            far.append(f"{name}: {nearest} bits, quality {painted.quality}, of {', '.join(found)}")
    print(f"painted {dict(n_seen)}, another picture than stored {dict(n_moved)}")
    assert far == []
    assert n_seen.total() > 1000 and n_moved.total() > 500


def painted_files() -> Iterator[ColourFile]:
    return (file for file in (*colour_files(), *odd_colour_files()) if file.ending != "tif")
