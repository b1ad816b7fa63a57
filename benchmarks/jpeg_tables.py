"""The table and the aims of bench_jpeg.py: from a JPEG's bytes to its hash."""

from __future__ import annotations

from typing import Any

from told import aim, load, measured_on, of_machines, told

__all__ = ["jpeg", "jpeg_aims", "jpeg_parts"]


def jpeg() -> list[str]:
    """Return from a JPEG's bytes to its hash, beside the bare decoder, by size and kind."""
    found = of_machines("jpeg")
    if not found:
        return ["Not measured in the newest run."]
    record = found[-1]
    lines = [
        measured_on(record),
        "",
        "| JPEG files | files | bytes to PDQ | of a bare luma decode (middle half) | OpenCV's pHash | threatexchange |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in record["result"].items():
        ours = row.get("safehash pdq")
        if ours is None or " all " in name:
            continue
        peers = (
            f"{row[peer]['times_ours']:.2f} times ours" if peer in row else ""
            for peer in ("opencv phash", "threatexchange pdq")
        )
        low, high = ours["quartiles"]
        lines.append(
            f"| {name} | {row['files']} | {told(ours['ms'])} | {ours['of_bare']:.2f} ({low:.2f} to {high:.2f}) | "
            + " | ".join(peers)
            + " |"
        )
    return lines


#: Files of a size and kind, and what a hash of them is read at (docs/hashes.md).
_READ_AT = {
    "0.4 MP baseline": "1/2", "1.6 MP baseline": "1/4", "12 MP baseline": "1/8",
    "0.4 MP progressive": "1/2", "1.6 MP progressive": "1/2", "12 MP progressive": "1/8",
}  # fmt: skip


def jpeg_parts() -> list[str]:
    """Return what the parts of hashing a file take, of a bare luma decode."""
    found = of_machines("jpeg")
    if not found:
        return ["Not measured in the newest run."]
    result = found[-1]["result"]
    lines = [
        "| files | means kept (1/8) | the same, and 4 coefficients (1/4) | and 21 (1/2) | all (1/1) | "
        "what is not the reader | in all |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, scale in _READ_AT.items():
        size, kind = name.rsplit(" ", 1)
        row = result.get(f"{size} all {kind}", {})
        if "reader, 1/2" not in row:
            continue
        readers = [row[f"reader, {step}"]["of_bare"] for step in ("1/8", "1/4", "1/2", "1/1")]
        whole = row["safehash pdq"]["of_bare"]
        rest = whole - row[f"reader, {scale}"]["of_bare"]
        lines.append(
            f"| {name} | "
            + " | ".join(f"{each:.2f}" for each in readers)
            + f" | {rest:.2f} | {whole:.2f}, at {scale} |"
        )
    row = result.get("1.6 MP all baseline", {})
    if "check" in row:
        check, reader = row["check"]["of_bare"], row["reader, 1/2"]["of_bare"]
        lines += [
            "",
            f"`Matcher.check` of 1.6 MP at `standard` takes {check:.2f}: {reader:.2f} the reader at 1/2, and "
            f"{check - reader:.2f} what is the same by whichever decoder (turned hashes, a thumbnail, boxes, looking "
            "up among 100,000 digests) and the look at the chroma; by the imaging library "
            f"{row['check, decoder']['of_bare']:.2f}.",
        ]
    return lines + _beside_peers(result)


#: Peers of 1.6 MP, and how many times as fast a hash is to be.
_PEERS = {"opencv phash": 3, "threatexchange pdq": 18}


def _beside_peers(result: dict[str, Any]) -> list[str]:
    """Return what peers take of the bare decode, hence what a hash may take to be so many times as fast."""
    lines = []
    for kind in ("baseline", "progressive"):
        row = result.get(f"1.6 MP all {kind}", {})
        for peer, times in _PEERS.items():
            if peer not in row or row[peer]["times_ours"] >= times:
                continue
            of_bare = row[peer]["of_bare"]
            lines += [
                "",
                f"{peer} decodes, too: it takes {of_bare:.2f} of the bare decode of 1.6 MP {kind} files "
                f"({row[peer]['files']} of them), so that {times} times as fast is {of_bare / times:.3f} of it; a hash "
                f"takes {row['safehash pdq']['of_bare']:.3f} (all {row['files']}), and is "
                f"{row[peer]['times_ours']:.1f} times as fast on those.",
            ]
    return lines


#: The most that JPEG files of a size may take from bytes to PDQ, of a bare luma decode of theirs.
_OF_BARE = {
    "0.4 MP all baseline": 0.60, "1.6 MP all baseline": 0.48, "12 MP all baseline": 0.42,
    "0.4 MP all progressive": 0.55, "1.6 MP all progressive": 0.38, "12 MP all progressive": 0.12,
}  # fmt: skip


def jpeg_aims() -> list[str]:
    """Return the aims of the JPEG reader, met or not."""
    found = of_machines("jpeg")
    if not found:
        return []
    result = found[-1]["result"]
    lines = [
        aim(
            f"{name.replace(' all', '')}: JPEG bytes to PDQ, of a bare luma decode",
            -bound,
            row["safehash pdq"]["of_bare"],
        )
        for name, bound in _OF_BARE.items()
        if (row := result.get(name))
    ]
    for kind in ("baseline", "progressive"):
        row = result.get(f"1.6 MP all {kind}", {})
        for peer, least in _PEERS.items():
            if peer in row:
                lines.append(aim(f"1.6 MP {kind}: {peer}, times ours", least, row[peer]["times_ours"]))
    row = result.get("1.6 MP all baseline", {})
    if "check, decoder" in row:
        share = round(1 / row["check, decoder"]["times_ours"], 3)
        lines.append(
            aim("1.6 MP baseline: check at standard, of the same by the imaging library", -0.65, share)
        )
    before = result.get("150x100 beside an earlier state")
    if before:
        lines.append(
            aim("150 x 100 JPEG to PDQ, of the time before there was a reader", -1.0, before["of_before"])
        )
    drifted = load("drift.json")["result"]["pdq"]
    lines.append(aim("drift of the fast decode, bits in the mean", -0.9, drifted["mean"]))
    lines.append(aim("the same, 99th percentile", -4, drifted["p99"]))
    lines.append(aim("the same, at most", -10, drifted["max"]))
    by_scale = load("drift.json")["result"].get("by_scale", {})
    for scale, found in by_scale.items():
        if " " in scale:  # of one kind of file alone
            continue
        name = f"drift at {scale}, of {found['n']} files that had no say"
        lines += [
            aim(f"{name}, in the mean", -0.9, found["mean"]),
            aim(f"{name}, at most", -10, found["max"]),
        ]
    return lines
