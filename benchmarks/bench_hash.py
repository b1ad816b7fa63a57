"""Hashing, beside its peers, on the same pictures in the same run: per stage, end to end, threads, memory.

Run: python benchmarks/bench_hash.py [FOLDER] [--phone FOLDER] [-o FILE | --results] [--plot hash.svg]

FOLDER holds your own images; by default the photographs that come with scikit-image are put together to the sizes
measured. --phone names the folder below which the files of phone_pictures.tsv lie, as cameras wrote them; they are rows
of their own. Peers that are not installed are left out. Of an array, every side is given the same samples; a peer that
takes RGB alone is given grey three times. Calls are timed in turn by processor time, ratios are medians over rounds
with their quartiles, so that a noisy machine meets all alike. --results writes benchmarks/results/hash-MACHINE.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

import safehash
from safehash.hashing.compute import hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.decoding import decode

from common import beside, interleaved, losses, of_this_machine, ratio, ratios, report, write_result

Call = Callable[[], object]

#: (name, columns, rows) of the JPEG files measured.
SIZES = (
    ("150x100", 150, 100),
    ("256x256", 256, 256),
    ("512x512", 512, 512),
    ("1600x1004", 1600, 1004),
    ("4032x3024", 4032, 3024),
    ("8064x6048", 8064, 6048),
)
SEED = 20261123
PHONE_PICTURES = Path(__file__).parent / "phone_pictures.tsv"
PARTS = ("phone", "arrays", "files", "threads", "memory")
#: A full decode of 48 progressive megapixels holds more than an upload path allows by default.
AMPLE = safehash.Limits(max_decoded_bytes=1 << 30)


# -- pictures -----------------------------------------------------------------------------------------------------


def photographs(folder: Path | None) -> list[Image.Image]:
    """Return real photographs, RGB: those of a folder, or scikit-image's."""
    if folder is None:
        spec = find_spec("skimage")
        if spec is None or spec.origin is None:
            sys.exit("name a folder of images, or: pip install scikit-image")
        names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "hubble_deep_field.jpg")
        paths = [Path(spec.origin).parent / "data" / name for name in names]
        paths = [path for path in paths if path.exists()]
    else:
        paths = [
            p for p in sorted(folder.rglob("*")) if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")
        ][:24]
    found = []
    for path in paths:
        with Image.open(path) as image:
            found.append(image.convert("RGB"))
    if not found:
        sys.exit("no photographs there")
    return found


def picture(photos: list[Image.Image], cols: int, rows: int) -> Image.Image:
    """Return one picture of the size asked for: a photograph fitted, or a mosaic of them where it is larger.

    A mosaic keeps the detail of photographs, which enlarging would not.
    """
    largest = max(photos, key=lambda image: image.width * image.height)
    if largest.width >= cols and largest.height >= rows:
        return ImageOps.fit(largest, (cols, rows))
    across = -(-cols // 640)
    down = -(-rows // 480)
    sheet = Image.new("RGB", (across * 640, down * 480))
    generator = np.random.default_rng(SEED)
    for number in range(across * down):
        tile = ImageOps.fit(photos[int(generator.integers(len(photos)))], (640, 480))
        tile = ImageOps.mirror(tile) if generator.random() < 0.5 else tile
        sheet.paste(tile, ((number % across) * 640, number // across * 480))
    return sheet.crop((0, 0, cols, rows))


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


# -- peers: what their users call ---------------------------------------------------------------------------------


def peers_for_bytes(data: bytes) -> dict[str, Call]:
    """Return what every installed peer does from the bytes of a file to its hash."""
    calls: dict[str, Call] = {}
    if find_spec("threatexchange"):
        from threatexchange.signal_type.pdq.signal import PdqSignal

        calls["threatexchange pdq"] = lambda: PdqSignal.hash_from_bytes(data)
    if find_spec("imagehash"):
        import imagehash

        calls["imagehash phash"] = lambda: imagehash.phash(Image.open(io.BytesIO(data)))
    if find_spec("cv2"):
        import cv2

        hashers: Any = getattr(cv2, "img_hash", None)
        if hashers is not None:
            hasher = hashers.PHash_create()
            raw = np.frombuffer(data, np.uint8)
            cv2.setNumThreads(1)

            def with_opencv(flag: int) -> object:
                return hasher.compute(cv2.imdecode(raw, flag))

            # As its users call it; then as cheaply as it can be called: grey, and grey at half the size.
            for name, flag in (
                ("opencv phash", cv2.IMREAD_COLOR),
                ("opencv phash, grey", cv2.IMREAD_GRAYSCALE),
                ("opencv phash, grey half size", cv2.IMREAD_REDUCED_GRAYSCALE_2),
            ):
                calls[name] = partial(with_opencv, flag)
    if find_spec("perception"):
        try:
            from perception.hashers import PHash
        except ImportError:
            return calls
        perception = PHash()

        def with_perception() -> object:
            return perception.compute(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))

        calls["perception phash"] = with_perception
    return calls


def luma_decode(data: bytes) -> Call:
    """Return a bare decode: luma, at the scale our hashing takes, and nothing else."""

    def act() -> object:
        image = Image.open(io.BytesIO(data))
        cols, rows = image.size
        step = reduction_for(min(cols, rows))
        image.draft("L", (cols // step, rows // step))
        image.load()
        return image

    return act


# -- what is measured ---------------------------------------------------------------------------------------------


def _imagehash(grey: npt.NDArray[np.uint8]) -> object:
    import imagehash

    return imagehash.phash(Image.fromarray(grey))


def read_once(samples: npt.NDArray[np.uint8]) -> object:
    """Read every sample, eight at a time, and do next to nothing with it: what no hash of them all can do without."""
    return np.bitwise_or.reduce(samples.reshape(-1).view(np.uint64))


def arrays(photos: list[Image.Image], rounds: int) -> dict[str, Any]:
    result = {}
    for cols, rows in ((256, 256), (512, 512), (1600, 1004), (4032, 3024)):
        colour = picture(photos, cols, rows)
        grey, rgb = np.asarray(colour.convert("L")), np.ascontiguousarray(np.asarray(colour))
        # pdqhash takes RGB alone: of a grey picture, the same grey three times.
        for name, ours, theirs in (("", grey, np.dstack([grey] * 3)), ("rgb ", rgb, rgb)):
            calls: dict[str, Call] = {
                "safehash pdq": partial(safehash.hash_array, ours),
                "samples read once": partial(read_once, ours),
            }
            if find_spec("pdqhash"):
                import pdqhash

                calls["pdqhash"] = partial(pdqhash.compute, theirs)
            times = interleaved(calls, rounds=rounds)
            result[f"{cols}x{rows} {name}to pdq"] = beside(times, "safehash pdq")
        calls = {"safehash phash": partial(safehash.hash_array, grey, algorithm="phash")}
        if find_spec("imagehash"):
            calls["imagehash phash"] = partial(_imagehash, grey)
        result[f"{cols}x{rows} to phash"] = beside(interleaved(calls, rounds=rounds), "safehash phash")
    return result


def beside_peers(data: bytes, kind: str, rounds: int) -> dict[str, Any]:
    """Return what hashing one file takes, its stages, and every peer."""
    calls: dict[str, Call] = {
        "safehash pdq": lambda: safehash.hash_bytes(data),
        "safehash pdq full": lambda: safehash.hash_bytes(data, decode="full", limits=AMPLE),
        "safehash phash": lambda: safehash.hash_bytes(data, algorithm="phash", limits=AMPLE),
        "safehash decode": lambda: decode(data, step_for=reduction_for),
    }
    decoded = decode(data, step_for=reduction_for)
    calls["safehash kernel"] = lambda: hash_decoded(decoded, algorithm=Algorithm.PDQ)
    calls["open"] = lambda: Image.open(io.BytesIO(data))
    if "jpeg" in kind:
        calls["bare luma decode"] = luma_decode(data)
    calls |= peers_for_bytes(data)
    return beside(interleaved(calls, rounds=rounds), "safehash pdq")


def files(photos: list[Image.Image], rounds: int, largest: int) -> dict[str, Any]:
    result = {}
    for name, cols, rows in SIZES:
        if cols > largest:
            continue
        image = picture(photos, cols, rows)
        kinds = {"jpeg": encoded(image, "JPEG", quality=88)}
        kinds["progressive jpeg"] = encoded(image, "JPEG", quality=88, progressive=True)
        if cols <= 4032:
            kinds["png"] = encoded(image, "PNG", compress_level=1)
            kinds["webp"] = encoded(image, "WEBP", quality=80, method=0)
        if cols <= 1600:
            kinds["avif"] = encoded(image, "AVIF", quality=60, speed=10)
        for kind, data in kinds.items():
            few = max(3, rounds // 2) if cols > 1600 else rounds
            result[f"{name} {kind} ({len(data) // 1000} kB)"] = beside_peers(data, kind, few)
    return result


@dataclass(frozen=True, slots=True)
class PhonePicture:
    """A line of phone_pictures.tsv: a picture as a camera wrote it."""

    package: str
    version: str
    path: str
    sha256: str
    pixels: str
    camera: str

    def find(self, folder: Path) -> Path | None:
        """Return where it lies below a folder, its bytes being the very ones; None where it does not."""
        name = self.package.removeprefix("npm:")
        for top in (folder / name, folder / f"{name}-{self.version}", folder / "packages" / name,
                    folder / "npm" / f"{name}-{self.version}"):  # fmt: skip
            path = top / self.path
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256:
                return path
        return None


def read_phone_pictures(path: Path = PHONE_PICTURES) -> list[PhonePicture]:
    """Return the lines of phone_pictures.tsv."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [PhonePicture(*line.split("\t")) for line in lines if not line.startswith("#")]


def phone(folder: Path, rounds: int) -> dict[str, Any]:
    """Return a row for each picture that a camera wrote, as it is; those that are not there are left out and named."""
    result, missing = {}, []
    for each in read_phone_pictures():
        path = each.find(folder)
        if path is None:
            missing.append(f"{each.path} of {each.package}={each.version}")
            continue
        data = path.read_bytes()
        name = f"{each.pixels} jpeg of {each.camera}, {path.stem} ({len(data) // 1000} kB)"
        result[name] = beside_peers(data, "jpeg", max(3, rounds // 2))
    for each_missing in missing:
        print(f"not there: {each_missing}", file=sys.stderr)
    if not result:
        sys.exit(f"{folder}: none of the pictures of {PHONE_PICTURES.name}")
    return result


def threads(photos: list[Image.Image], rounds: int) -> dict[str, Any]:
    """How much faster two threads are than one, over a batch of 1.6-megapixel JPEG files."""
    generator = np.random.default_rng(SEED)
    blobs = []
    for _ in range(96):  # so many that the last file, which one thread alone works on, does not count
        image = picture([photos[int(generator.integers(len(photos)))]], 1600, 1004)
        blobs.append(encoded(image, "JPEG", quality=int(generator.integers(80, 92))))
    result: dict[str, Any] = {}

    def hash_all(n: int) -> list[object]:
        return list(safehash.hash_many(blobs, threads=n))

    calls: dict[str, Call] = {f"{n} threads": partial(hash_all, n) for n in (1, 2)}
    with ThreadPoolExecutor(2):  # the pool module, warm
        times = interleaved(calls, rounds=rounds, least_seconds=0, clock=time.perf_counter)
    found = ratios(times, "1 threads", "2 threads")
    result["one over two threads"] = round(ratio(times, "1 threads", "2 threads"), 3)
    result["of all rounds"] = [round(each, 3) for each in found]  # none is discarded
    result["images a second"] = {name: round(len(blobs) / median(values)) for name, values in times.items()}
    return result


#: (what, where it stands in the result, least ratio, or most) as the project asks of itself.
WANTED: tuple[tuple[str, tuple[str, ...], str, float], ...] = (
    ("4032x3024 RGB array to PDQ, times pdqhash", ("arrays", "4032x3024 rgb to pdq", "pdqhash"), ">=", 220),
    ("1600x1004 RGB array to PDQ, times pdqhash", ("arrays", "1600x1004 rgb to pdq", "pdqhash"), ">=", 200),
    ("512x512 RGB array to PDQ, times pdqhash", ("arrays", "512x512 rgb to pdq", "pdqhash"), ">=", 130),
    ("256x256 RGB array to PDQ, times pdqhash", ("arrays", "256x256 rgb to pdq", "pdqhash"), ">=", 45),
    ("1600x1004 grey array to PDQ, times pdqhash", ("arrays", "1600x1004 to pdq", "pdqhash"), ">=", 150),
    ("512x512 grey array to PDQ, times pdqhash", ("arrays", "512x512 to pdq", "pdqhash"), ">=", 60),
    ("256x256 grey array to PDQ, times pdqhash", ("arrays", "256x256 to pdq", "pdqhash"), ">=", 25),
    (
        "1600x1004 array to phash, times imagehash",
        ("arrays", "1600x1004 to phash", "imagehash phash"),
        ">=",
        8,
    ),
    (
        "1600x1004 JPEG to PDQ, times threatexchange",
        ("files", "1600x1004 jpeg", "threatexchange pdq"),
        ">=",
        9,
    ),
    (
        "4032x3024 JPEG to PDQ, times threatexchange",
        ("files", "4032x3024 jpeg", "threatexchange pdq"),
        ">=",
        16,
    ),
    (
        "1600x1004 JPEG to PDQ, times imagehash.phash",
        ("files", "1600x1004 jpeg", "imagehash phash"),
        ">=",
        2.8,
    ),
    ("1600x1004 JPEG to PDQ, times OpenCV's phash", ("files", "1600x1004 jpeg", "opencv phash"), ">=", 1.6),
    (
        "1600x1004 JPEG to PDQ, of a bare luma decode",
        ("files", "1600x1004 jpeg", "bare luma decode"),
        "<=",
        1.08,
    ),
    ("256x256 JPEG to PDQ, of a bare luma decode", ("files", "256x256 jpeg", "bare luma decode"), "<=", 1.25),
)


def judged(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each aim beside what was measured; an aim whose peer is not installed is left out."""
    rows = []
    for what, (part, start, peer), sign, wanted in WANTED:
        found: dict[str, Any] = next(
            (each for name, each in result.get(part, {}).items() if name.startswith(start)), {}
        )
        if peer not in found:
            continue
        times = found[peer]["times_ours"]
        measured = times if sign == ">=" else 1 / times
        met = measured >= wanted if sign == ">=" else measured <= wanted
        rows.append(
            {"what": what, "wanted": f"{sign} {wanted:g}", "measured": round(measured, 3), "met": met}
        )
    if "threads" in result:
        two = result["threads"]["one over two threads"]
        rows.append(
            {"what": "two threads, times one", "wanted": ">= 1.8", "measured": two, "met": two >= 1.8}
        )
    return rows


MEMORY = """
import resource, sys, io
data = open(sys.argv[2], "rb").read()
which = sys.argv[1]
def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) / 1024
if which == "safehash":
    import safehash, PIL.JpegImagePlugin, numpy, safehash.hashing.compute
    before = peak(); safehash.hash_bytes(data)
elif which == "threatexchange":
    from threatexchange.signal_type.pdq.signal import PdqSignal
    before = peak(); PdqSignal.hash_from_bytes(data)
elif which == "imagehash":
    import imagehash
    from PIL import Image
    before = peak(); imagehash.phash(Image.open(io.BytesIO(data)))
print(peak() - before)
"""


def memory(photos: list[Image.Image], folder: Path) -> dict[str, Any]:
    """Peak memory one hash adds to a process that has everything imported, in MB (Linux only)."""
    result: dict[str, Any] = {}
    if not Path("/proc/self/status").exists():
        return result
    for cols, rows in ((1600, 1004), (4032, 3024), (8064, 6048)):
        path = folder / f"{cols}.jpg"
        path.write_bytes(encoded(picture(photos, cols, rows), "JPEG", quality=88))
        for which in ("safehash", "threatexchange", "imagehash"):
            if which != "safehash" and not find_spec(which):
                continue
            command = [sys.executable, "-c", MEMORY, which, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            result.setdefault(f"{cols}x{rows} jpeg", {})[which] = round(float(done.stdout), 1)
    return result


def plot(result: dict[str, Any]) -> str:
    """Return a bar chart of milliseconds for the 1.6-megapixel JPEG, as SVG."""
    rows = next(value for name, value in result["files"].items() if name.startswith("1600x1004 jpeg"))
    bars = [(name, each["ms"]) for name, each in rows.items() if name not in ("open", "safehash kernel")]
    bars.sort(key=lambda bar: bar[1])
    widest = bars[-1][1]
    lines = []
    for number, (name, value) in enumerate(bars):
        y = 40 + 28 * number
        colour = "#2a6f97" if name.startswith("safehash") else "#a9a9a9"
        lines.append(f'<text x="190" y="{y + 14}" text-anchor="end">{name}</text>')
        lines.append(
            f'<rect x="200" y="{y}" width="{360 * value / widest:.1f}" height="20" fill="{colour}"/>'
        )
        lines.append(f'<text x="{206 + 360 * value / widest:.1f}" y="{y + 14}">{value:.2f} ms</text>')
    height = 50 + 28 * len(bars)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="660" height="{height}" '
        'font-family="sans-serif" font-size="12">'
    )
    title = '<text x="10" y="20" font-size="14">JPEG file of 1600 x 1004 pixels to hash, one core</text>'
    return (
        "\n".join([head, f'<rect width="660" height="{height}" fill="white"/>', title, *lines, "</svg>"])
        + "\n"
    )


#: What is measured; a busy machine can be come back to.
PARTS = ("phone", "arrays", "files", "threads", "memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="your own images")
    parser.add_argument(
        "--phone", type=Path, metavar="FOLDER", help="where the files of phone_pictures.tsv are"
    )
    parser.add_argument("-o", "--output", type=Path, help="write JSON there")
    parser.add_argument("--results", action="store_true", help="write benchmarks/results/hash-MACHINE.json")
    parser.add_argument("--plot", type=Path, help="write an SVG chart there")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--part",
        action="append",
        choices=PARTS,
        help="measure this part alone; others keep what the output has",
    )
    parser.add_argument("--largest", type=int, default=8064, help="leave out pictures wider than this")
    arguments = parser.parse_args()
    photos = photographs(arguments.folder)
    output = arguments.output
    if arguments.results:
        output = of_this_machine(Path(__file__).parent / "results", "hash")
    result: dict[str, Any] = {}
    if output is not None and arguments.part and output.exists():
        result = json.loads(output.read_text(encoding="utf-8"))["result"]  # parts that are not measured now
    if arguments.phone and _is_wanted("phone", arguments.part):
        result["phone"] = phone(arguments.phone, arguments.rounds)
    if _is_wanted("arrays", arguments.part):
        result["arrays"] = arrays(photos, arguments.rounds)
    if _is_wanted("files", arguments.part):
        result["files"] = files(photos, arguments.rounds, arguments.largest)
    if _is_wanted("threads", arguments.part):
        result["threads"] = threads(photos, max(arguments.rounds, 9))
    if _is_wanted("memory", arguments.part):
        with tempfile.TemporaryDirectory() as folder:
            result["peak_memory_mb"] = memory(photos, Path(folder))
    report({name: value for name, value in result.items() if name not in ("losses", "aims")})
    result["losses"] = losses(result)
    result["aims"] = judged(result)
    for row in result["aims"]:
        print(f"{'met ' if row['met'] else 'MISS'} {row['what']}: {row['measured']} (wanted {row['wanted']})")
    if output:
        write_result(output, result, seed=SEED)
    if arguments.plot:
        arguments.plot.write_text(plot(result))


def _is_wanted(part: str, parts: list[str] | None) -> bool:
    return not parts or part in parts


if __name__ == "__main__":
    main()
