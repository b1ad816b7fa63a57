"""Hazards: damaged, hostile and mistaken list files, one nasty thing each."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from list_samples import BRIDGE, DATA, EXPECTED, FIRST, entries_of
from safehash import ListSource
from safehash.errors import ListError
from safehash.lists.entry import Entry
from safehash.lists.formats import read_list
from safehash.lists.report import Reject

MIB = 1 << 20


def ids(entries: list[Entry]) -> list[str | None]:
    return [entry.id for entry in entries]


def text_of(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8-sig")


def changed(name: str, old: str, new: str) -> str:
    text = text_of(name)
    assert old in text
    return text.replace(old, new, 1)


class Case:
    """A nasty file: what it holds, and the ids (or digests), deletes and rejects that must come of it."""

    def __init__(
        self,
        name: str,
        make: Callable[[], str | bytes],
        entries: list[str],
        rejects: list[str],
        *,
        file: str = "list.json",
        notes: tuple[str, ...] = (),
    ) -> None:
        self.name, self.make, self.entries, self.rejects = name, make, entries, rejects
        self.file, self.notes = file, notes


def brief(entry: Entry) -> str:
    """Say one entry in few words: sign, algorithm, first digits, id, category."""
    value: Any = entry.hash
    sign = "-" if entry.deleted else "+"
    if value is None:
        return f"{sign}{entry.id}"
    algorithm = getattr(value.algorithm, "value", value.algorithm)
    digest = getattr(value, "hex", getattr(value, "value", ""))[:4]
    label = f" {entry.id}" if entry.id else ""
    return f"{sign}{algorithm} {digest}{label} {entry.category}"


TE = [
    "+pdq 1ff3 7001 positive",
    "+pdq e2b0 7002 disputed",
    "-md5 a1b2 7003 positive",
    "-pdq 0f0f 7004 positive",
]
NCMEC = [
    "+md5 0c1d 42-img-1 positive",
    "+sha1 0c1d 42-img-1 positive",
    "+pdq 6bc1 42-img-1 disputed",
    "-43-img-7",
]
STOPNCII = ["+pdq 5b3a positive", "-pdq a47c positive", "+videomd5 d41d seed"]
TAT = ["+pdq 3e5a 1 positive", "-md5 9e10 2 positive"]
HMA = ["+pdq b4d2 11 positive", "-pdq c8e5 12 positive"]
VICS = [
    "+md5 9e10 1 positive",
    "+sha1 2fd4 1 positive",
    "+pdq 2d6f 1 positive",
    "+md5 e4d9 2 seed",
    "+photodna AAEC 2 seed",
]


def te_record(number: int, **fields: Any) -> dict[str, Any]:
    record = {
        "id": str(number),
        "indicator": FIRST,
        "type": "HASH_PDQ",
        "last_updated": 1_763_800_000,
        "should_delete": False,
        "descriptors": {"data": [{"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS"}]},
    }
    return {name: value for name, value in (record | fields).items() if value is not ...}


def jsonl_line(rest: str = "") -> str:
    return '{"algorithm": "pdq", "hash": "' + FIRST + '"' + rest + "}"


def te_page(*records: dict[str, Any]) -> str:
    return json.dumps({"data": list(records)})


def entity_bomb() -> str:
    layers = "".join(
        f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' if k else '<!ENTITY e0 "lol">' for k in range(10)
    )
    return changed(
        "ncmec_page.xml", "<queryResult", f"<!DOCTYPE queryResult [{layers}]><queryResult"
    ).replace("Member One", "&e9;", 1)


CASES = [
    # ThreatExchange
    Case(
        "te truncated",
        lambda: text_of("threat_updates.json")[:700],
        TE[:1],
        ["list.json, record 2: the rest cannot be read: the page ends inside a record"],
    ),
    Case(
        "te truncated between records",
        lambda: text_of("threat_updates.json").split(',\n {"id": "7003"')[0],
        TE[:2],
        ["list.json, record 3: the rest cannot be read: the page ends inside a list of records"],
    ),
    Case(
        "te one record is not JSON",
        lambda: changed("threat_updates.json", '"last_updated": 1763800100', '"last_updated": '),
        [TE[0], *TE[2:]],
        ["list.json, record 2: not JSON: Expecting value"],
    ),
    Case(
        "te lost quote",
        lambda: changed("threat_updates.json", '"id": "7002"', '"id": "7002'),
        [TE[0], *TE[2:]],
        ["list.json, record 2: not JSON: Expecting ',' delimiter"],
    ),
    Case(
        "te brace too many",
        lambda: changed("threat_updates.json", ']}},\n {"id": "7002"', ']}}},\n {"id": "7002"'),
        TE,
        ["list.json, record 2: expected ',' or ']' after a record, found '}'"],
    ),
    Case(
        "te missing comma",
        lambda: changed("threat_updates.json", ']}},\n {"id": "7002"', ']}}\n {"id": "7002"'),
        TE,
        ["list.json, record 2: expected ',' or ']' after a record, found '{'"],
    ),
    Case(
        "te NaN",
        lambda: changed("threat_updates.json", "1763800100", "NaN"),
        [TE[0], *TE[2:]],
        ["list.json, record 2: not JSON: NaN is not JSON"],
    ),
    Case(
        "te JSON lines",
        lambda: "\n".join(map(json.dumps, json.loads(text_of("threat_updates.json"))["data"])),
        TE,
        [],
    ),
    Case("te array", lambda: json.dumps(json.loads(text_of("threat_updates.json"))["data"]), TE, []),
    Case(
        "te wrong types",
        lambda: te_page(
            te_record(1, indicator=5),
            te_record(2, type=None),
            te_record(3, should_delete="no"),
            te_record(4, descriptors=7),
            te_record(5, indicator=FIRST[:-1]),
            te_record(6, indicator="g" * 64),
            te_record(7, last_updated=[]),
            te_record(8, id={}),
            te_record(9, descriptors={"data": [3]}),
            te_record(10, indicator=FIRST[:30] + "  " + FIRST[:32]),
        ),
        ["+pdq 1ff3 7 positive", "+pdq 1ff3 positive"],
        [
            "list.json, record 1: expected a pdq digest, found 5",
            "list.json, record 2: expected the name of a hash type, found nothing",
            "list.json, record 3: expected true or false for 'should_delete', found 'no'",
            "list.json, record 4: expected a list of objects for 'descriptors', found 7",
            "list.json, record 5: expected 64 hexadecimal digits (pdq), found '1ff36ce6...' (63 characters)",
            "list.json, record 6: expected 64 hexadecimal digits (pdq), found 'ggggggggggggggggggggg...'",
            "list.json, record 9: expected a list of objects for 'descriptors', found dict",
            "list.json, record 10: expected 64 hexadecimal digits (pdq), found '1ff36ce6...  1ff36ce6...'",
        ],
    ),
    Case(
        "te missing fields",
        lambda: te_page(
            te_record(1, type=...),
            te_record(2, indicator=...),
            te_record(3, id=..., last_updated=...),
            te_record(4, should_delete=...),
            te_record(5, descriptors=...),
        ),
        ["+pdq 1ff3 positive", "+pdq 1ff3 4 positive", "-pdq 1ff3 5 positive"],
        [
            "list.json, record 1: expected the name of a hash type, found nothing",
            "list.json, record 2: expected a pdq digest, found nothing",
        ],
    ),
    Case(
        "te opinions",
        lambda: te_page(
            te_record(
                1, descriptors={"data": [{"owner": {"id": 5}, "status": "NON_MALICIOUS", "tags": "a b"}]}
            ),
            te_record(2, descriptors={"data": [{"owner": {"id": "5"}, "status": "UNKNOWN"}]}),
            # Without an owner an opinion is lost; without any, the record is dropped.
            te_record(3, descriptors={"data": [{"status": "MALICIOUS"}]}),
            # HELPFUL wins over DISAGREE_WITH_TAGS of the same owner, and a descriptor over both.
            te_record(
                4,
                descriptors={
                    "data": [
                        {
                            "owner": {"id": "5"},
                            "status": "MALICIOUS",
                            "reactions": [
                                {"key": "DISAGREE_WITH_TAGS", "value": "6, 5"},
                                {"key": "HELPFUL", "value": "6"},
                            ],
                        }
                    ]
                },
            ),
            te_record(
                5,
                descriptors={
                    "data": [
                        {"owner": {"id": "5"}, "status": "MALICIOUS"},
                        {"owner": {"id": "6"}, "status": "NON_MALICIOUS"},
                    ]
                },
            ),
        ),
        [
            "+pdq 1ff3 1 negative",
            "+pdq 1ff3 2 seed",
            "-pdq 1ff3 3 positive",
            "+pdq 1ff3 4 positive",
            "+pdq 1ff3 5 disputed",
        ],
        [],
        notes=("a record without any usable opinion was dropped, as if deleted",),
    ),
    Case(
        "te foreign types",
        lambda: te_page(
            te_record(1, type="HASH_VIDEO_MD5", indicator="ab"),
            te_record(2, type="HASH_SHA256", indicator=FIRST.upper()),
        ),
        ["+hash_video_md5 ab 1 positive", "+sha256 1ff3 2 positive"],
        [],
    ),
    Case(
        "te deeply nested",
        lambda: (
            '{"data": [{"id": "1", "indicator": "x", "descriptors": '
            + "[" * 100_000
            + "]" * 100_000
            + "}, "
            + json.dumps(te_record(2))
            + "]}"
        ),
        ["+pdq 1ff3 2 positive"],
        ["list.json, record 1: nested too deep"],
    ),
    Case(
        "te record of 10 MB",
        lambda: '{"data": [{"indicator": "' + "a" * (10 * MIB) + '"}, ' + json.dumps(te_record(2)) + "]}",
        ["+pdq 1ff3 2 positive"],
        ["list.json, record 1: longer than 4 MiB"],
    ),
    Case(
        "te record of 6 MB of escapes",
        lambda: '{"data": [{"indicator": "' + '\\"' * (3 * MIB) + '"}, ' + json.dumps(te_record(2)) + "]}",
        ["+pdq 1ff3 2 positive"],
        ["list.json, record 1: longer than 4 MiB"],
    ),
    Case(
        "te wrong encoding",
        lambda: changed("threat_updates.json", "Platform A", "Plattform Ä").encode("latin-1"),
        TE,
        [],
        notes=("1 characters are not UTF-8; replaced by U+FFFD",),
    ),
    Case(
        "te truncated gzip",
        lambda: gzip.compress(text_of("threat_updates.json").encode())[:-20],
        TE,
        ["list.json, record 5: the rest cannot be read: the gzip stream ends early"],
        file="list.json.gz",
    ),
    Case(
        "te number of 5000 digits",
        lambda: changed("threat_updates.json", "1763800100", "9" * 5000),
        [TE[0], *TE[2:]],
        ["*record 2: not JSON: Exceeds the limit (4300*"],
    ),
    # NCMEC
    Case(
        "ncmec truncated",
        lambda: text_of("ncmec_page.xml")[:1070],
        NCMEC,
        ["list.xml, record 3: the rest cannot be read: not well-formed: no element found: line 12"],
        file="list.xml",
    ),
    Case(
        "ncmec missing ids",
        lambda: changed("ncmec_page.xml", "<id>img-1</id>", ""),
        NCMEC[3:],
        ["list.xml, record 1: expected the ids of the member and of the record, which together are its key"],
        file="list.xml",
    ),
    Case(
        "ncmec bad digest beside good ones",
        lambda: changed("ncmec_page.xml", "<md5>0c", "<md5>zz"),
        NCMEC[1:],
        ["list.xml, record 1: expected 32 hexadecimal digits (md5), found 'zz1d2e3f...'"],
        file="list.xml",
    ),
    Case(
        "ncmec references only",
        lambda: changed(
            "ncmec_page.xml",
            text_of("ncmec_page.xml").split("<fingerprints>")[1].split("</fing")[0],
            '<pdna href="https://example.org/1"/>',
        ),
        NCMEC[3:],
        ["list.xml, record 1: no digest, only references"],
        file="list.xml",
    ),
    Case(
        "ncmec other namespace, video",
        lambda: (
            changed("ncmec_page.xml", "hashsharing/v2", "something/v9")
            .replace("image>", "video>")
            .replace("<image", "<video")
            .replace("/images", "/videos")
            .replace("Pdq", "md5")
        ),
        [
            "+video_md5 0c1d 42-img-1 disputed",
            "+video_sha1 0c1d 42-img-1 positive",
            "+video_pdq 6BC1 42-img-1 positive",
            "-43-img-7",
        ],
        [],
        file="list.xml",
    ),
    Case(
        "ncmec wrong encoding",
        lambda: changed("ncmec_page.xml", "Member One", "Mémber").encode("latin-1"),
        NCMEC,
        [],
        file="list.xml",
        notes=("1 characters are not UTF-8; replaced by U+FFFD",),
    ),
    Case(
        "ncmec latin-1, declared",
        lambda: (
            changed("ncmec_page.xml", "UTF-8", "ISO-8859-1").replace("Member One", "Mémber").encode("latin-1")
        ),
        NCMEC,
        [],
        file="list.xml",
    ),
    Case(
        "ncmec text of 10 MB",
        lambda: changed("ncmec_page.xml", "B2", "B" * (10 * MIB)),
        NCMEC[3:],
        ["list.xml, record 1: longer than 4 MiB"],
        file="list.xml",
    ),
    Case(
        "ncmec attribute of 10 MB",
        lambda: changed("ncmec_page.xml", "<deletedImage>", '<deletedImage x="' + "y" * (10 * MIB) + '">'),
        NCMEC[:3],
        ["list.xml, record 2: the rest cannot be read: a tag or comment longer than 4 MiB"],
        file="list.xml",
    ),
    # StopNCII
    Case(
        "stopncii truncated",
        lambda: text_of("stopncii_page.json")[:500],
        STOPNCII[:1],
        ["list.json, record 2: the rest cannot be read: the page ends inside a record"],
    ),
    Case(
        "stopncii statuses",
        lambda: changed("stopncii_page.json", '"Withdrawn", "sig', '"deleted", "sig').replace(
            '"hashStatus": "Active", "signalType": "VideoMD5"', '"signalType": "VideoMD5"'
        ),
        STOPNCII,
        [],
    ),
    Case(
        "stopncii wrong types",
        lambda: changed("stopncii_page.json", '"signalType": "VideoMD5"', '"signalType": 3').replace(
            '"Withdrawn", "signalType"', '[], "signalType"'
        ),
        STOPNCII[:1],
        [
            "list.json, record 2: expected a text for 'hashStatus', found list",
            "list.json, record 3: expected the name of a hash type, found 3",
        ],
    ),
    Case(
        "stopncii not blocked",
        lambda: changed("stopncii_page.json", '"Blocked"', '"NotBlocked"'),
        ["+pdq 5b3a disputed", *STOPNCII[1:]],
        [],
    ),
    # Tech Against Terrorism
    Case(
        "tat truncated",
        lambda: text_of("tat_page.json")[:400],
        TAT[:1],
        ["list.json, record 2: the rest cannot be read: the page ends inside a record"],
    ),
    Case(
        "tat video",
        lambda: changed("tat_page.json", '"png"', '"mp4"'),
        [TAT[0], "-video_md5 9e10 2 positive"],
        [],
    ),
    Case(
        "tat wrong types",
        lambda: changed("tat_page.json", '"deleted": false', '"deleted": "false"'),
        TAT[1:],
        ["list.json, record 1: expected true or false for 'deleted', found 'false'"],
    ),
    Case(
        "tat missing digest",
        lambda: changed("tat_page.json", '"hash_digest": "9e107d9d372bb6826bd81d3542a419d6", ', ""),
        TAT[:1],
        ["list.json, record 2: expected a md5 digest, found nothing"],
    ),
    # HMA
    Case(
        "hma truncated",
        lambda: text_of("hma_bank.json")[:-40],
        HMA[:1],
        ["list.json, record 2: the rest cannot be read: the page ends inside a record"],
    ),
    Case(
        "hma without signals",
        lambda: changed("hma_bank.json", '"signals"', '"signal"'),
        HMA[1:],
        ["list.json, record 1: expected digests by type in 'signals', found nothing"],
    ),
    Case(
        "hma wrong types",
        lambda: changed("hma_bank.json", '"disable_until_ts": 0', '"disable_until_ts": "x"'),
        HMA[:1],
        ["list.json, record 2: expected a time for 'disable_until_ts', found 'x'"],
    ),
    Case(
        "hma several signals",
        lambda: changed("hma_bank.json", '{"pdq": "b4', '{"video_md5": "ab", "md5": "x", "pdq": "b4'),
        ["+video_md5 ab 11 positive", *HMA],
        ["list.json, record 1: expected 32 hexadecimal digits (md5), found 'x'"],
    ),
    # pytx
    Case(
        "te cache columns",
        lambda: f"{FIRST},1,mine,false_positive x\n{FIRST},2\n{BRIDGE[1:]},3,,\n",
        ["+pdq 1ff3 1 negative"],
        [
            "simple.HASH_PDQ.te, line 2: expected indicator,id,added_on,labels, found 2 columns",
            "simple.HASH_PDQ.te, line 3: expected 64 hexadecimal digits (pdq), "
            "found '8f8f0cee...' (63 characters)",
        ],
        file="simple.HASH_PDQ.te",
    ),
    Case(
        "te cache of another type",
        lambda: f"{FIRST[:32]},1,2026-07-24T22:47:26+0000,a\n",
        ["+hash_video_md5 1ff3 1 positive"],
        [],
        file="simple.HASH_VIDEO_MD5.te",
    ),
    Case(
        "te cache by content, longer form",
        lambda: f"{FIRST},1,2026-07-24T22:47:26+0000,a\n{BRIDGE},1,22,mine,\n\n",
        ["+pdq 1ff3 1 positive", "+pdq f8f8 1 positive"],
        [],
        file="list.te",
        notes=(
            "2 digests of 64 hexadecimal digits taken as PDQ: nothing in the list says whether they are "
            "SHA-256 (algorithm= decides)",
        ),
    ),
    # VICS
    Case(
        "vics truncated",
        lambda: text_of("vics_2.json")[:420],
        VICS[:3],
        ["list.json, record 2: the rest cannot be read: the page ends inside a record"],
        notes=("Category is kept as severity; what it means is UK's own convention",),
    ),
    Case(
        "vics 1.x, a case",
        lambda: (
            changed("vics_2.json", "@odata.context", "odata.metadata")
            .replace("2.0.xml/UK", "1.3.xml/US")
            .replace('"value": [', '"value": [{"CaseID": "c", "Media": [')
            .replace("]}", "]}]}"[:2], 1)
            + "]}"
        ),
        VICS,
        [],
        notes=("Category is kept as severity; what it means is US's own convention",),
    ),
    Case(
        "vics wrong types",
        lambda: changed("vics_2.json", '"MD5": "9E107D9D372BB6826BD81D3542A419D6"', '"MD5": 5').replace(
            '"AlternativeHashes": [{"HashName": "PDQ"', '"AlternativeHashes": [7, {"HashName": null'
        ),
        [VICS[1], *VICS[3:]],
        [
            "list.json, record 1: expected a md5 digest, found 5",
            "list.json, record 1: expected an object for an alternative hash, found 7",
            "list.json, record 1: expected the name of a hash type, found nothing",
        ],
        notes=("Category is kept as severity; what it means is UK's own convention",),
    ),
    Case(
        "vics without digests",
        lambda: changed("vics_2.json", '"MD5": "E4D909C290D0FB1CA068FFADDF22CBD0", ', "").replace(
            '"PhotoDNA": "AAECAwQFBgcICQ==", ', ""
        ),
        VICS[:3],
        ["list.json, record 2: no digest"],
        notes=("Category is kept as severity; what it means is UK's own convention",),
    ),
    # safehash JSON Lines
    Case(
        "jsonl bad lines",
        lambda: "\n".join(
            [
                '{"safehash": 1, "name": "own"}',
                "",
                "# a comment",
                jsonl_line(),
                '{"algorithm": "pdq"}',
                "[1]",
                "{",
                jsonl_line(', "category": "bad"'),
                jsonl_line(', "quality": 101'),
                jsonl_line(', "labels": "x"'),
                jsonl_line(', "owners": [{}]'),
                jsonl_line(', "updated": "soon"'),
                '{"id": "1", "deleted": true}',
                '{"id": "1", "deleted": 1}',
            ]
        ),
        ["+pdq 1ff3 positive", "-1"],
        [
            "list.jsonl, line 5: no digest: a record has 'algorithm' and 'hash', a delete at least an 'id'",
            "list.jsonl, line 6: expected an object, found list",
            "*line 7: not JSON: Expecting property name enclosed in double quotes*",
            "list.jsonl, line 8: expected one of positive, seed, disputed, negative for 'category', "
            "found 'bad'",
            "list.jsonl, line 9: expected a quality of 0 to 100, found 101",
            "list.jsonl, line 10: expected a list for 'labels', found 'x'",
            "list.jsonl, line 11: expected an opinion with an 'owner', found dict",
            "list.jsonl, line 12: expected a time for 'updated', found 'soon'",
            "list.jsonl, line 14: expected true or false for 'deleted', found 1",
        ],
        file="list.jsonl",
        notes=("the list has no end line: it may have been cut off",),
    ),
    Case(
        "jsonl deeply nested",
        lambda: '{"safehash": 1}\n' + "[" * 100_000 + '\n{"id": "1", "deleted": true}\n',
        ["-1"],
        ["list.jsonl, line 2: nested too deep"],
        file="list.jsonl",
        notes=("the list has no end line: it may have been cut off",),
    ),
    Case(
        "jsonl line of 10 MB",
        lambda: '{"safehash": 1}\n' + "x" * (10 * MIB) + '\n{"id": "1", "deleted": true}\n',
        ["-1"],
        ["list.jsonl, line 2: the line is longer than 4 MiB"],
        file="list.jsonl",
        notes=("the list has no end line: it may have been cut off",),
    ),
    # text
    Case(
        "text line of 10 MB",
        lambda: FIRST + "\n" + "a" * (10 * MIB) + "\n" + BRIDGE.upper(),
        ["+pdq 1ff3 positive", "+pdq f8f8 positive"],
        ["list.txt, line 2: the line is longer than 4 MiB"],
        file="list.txt",
    ),
    Case(
        "text truncated in a digest",
        lambda: f"{FIRST}\n{BRIDGE[:40]}x",
        ["+pdq 1ff3 positive"],
        ["list.txt, line 2: expected 64, 40, 32 or 16 hexadecimal digits, found 'f8f8f0ce...'"],
        file="list.txt",
    ),
    Case(
        "text lost quote",
        lambda: f'hash,note\n{FIRST},"a\n{BRIDGE},c\n{FIRST},"d"\n',
        ["+pdq f8f8 positive", "+pdq 1ff3 positive"],
        ["*line 2: not a CSV line: "],
        file="list.csv",
    ),
    Case(
        "text lost quote that another one closes",
        lambda: f'hash,note\n{FIRST},"a\n{BRIDGE},c"\n{FIRST},d\n',
        ["+pdq f8f8 positive", "+pdq 1ff3 positive"],
        [
            "list.csv, line 2: not a CSV line: a quoted cell goes on over lines with digests in them: "
            "a quote is missing"
        ],
        file="list.csv",
    ),
    Case(
        "text quote that is not closed",
        lambda: f'hash,note\n{BRIDGE},c\n{FIRST},"a\nb\n',
        ["+pdq f8f8 positive"],
        [
            "*line 3: not a CSV line: ",
            "list.csv, line 4: expected 64, 40, 32 or 16 hexadecimal digits, found 'b'",
        ],
        file="list.csv",
    ),
    Case(
        "text with NUL and control characters",
        lambda: f"{FIRST},a\0b\x1b[31m\n\0\n{BRIDGE},c\n",
        ["+pdq 1ff3 positive", "+pdq f8f8 positive"],
        ["list.csv, line 2: expected 64, 40, 32 or 16 hexadecimal digits, found '\\x00'"],
        file="list.csv",
    ),
    Case(
        "text in latin-1",
        lambda: f"hash,filename\n{FIRST},café.jpg\n".encode("latin-1"),
        ["+pdq 1ff3 positive"],
        [],
        file="list.csv",
    ),
    Case(
        "text bomb",
        lambda: gzip.compress((FIRST + "\n").encode() + b"\0" * (80 * MIB)),
        ["+pdq 1ff3 positive"],
        [
            "list.txt, line 2: the line is longer than 4 MiB",
            "list.txt, line 3: the rest cannot be read: unpacks to more than 200 times its size: refused",
        ],
        file="list.txt.gz",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nasty(case: Case, tmp_path: Path) -> None:
    made = case.make()
    path = tmp_path / case.file
    path.write_bytes(made.encode() if isinstance(made, str) else made)
    entries, report = entries_of(path)
    assert [brief(entry) for entry in entries] == case.entries
    found = [str(reject) for reject in report.rejects]
    assert len(found) == len(case.rejects), found
    for reject, expected in zip(found, case.rejects, strict=True):
        if expected.startswith("*"):  # the rest is the interpreter's own wording
            assert expected.strip("*") in reject
        else:
            assert reject == expected
    for note in case.notes:
        assert note in report.notes


UNUSABLE = {
    "empty": b"",
    "blank": b" \n\n",
    "zeros": b"\0" * 5000,
    "random": bytes(range(256)) * 300,
    "html": b"<html>" + FIRST.encode() + b"</html>",
    "other JSON": b'{"a": 1}',
    "deep JSON": b"[" * 1_000_000,
    "header only": b"hash,quality\n",
    "empty page": b'{"data": []}',
    "comments": b"# nothing\n# yet\n",
    "prose": b"Do not hash this file.\n",
    "truncated in its first record": (DATA / "threat_updates.json").read_bytes()[:100],
    "xml bomb": entity_bomb().encode(),
    "xml external": b'<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]><queryResult>&x;</queryResult>',
    "xml deep": b"<queryResult><images>" + b"<image>" * 100_000,
    "line ends": b"\n" * 100_000,
    "spaces": b" " * 100_000,
    "spaces and line ends": b" \n" * 50_000 + b"{",
    "words": b"a " * (2 * MIB),
    "hash and words": b"hash " * MIB,
    "many fields": b"{" + b",".join(b'"%d": 1' % k for k in range(50_000)) + b', "type": "HASH_PDQ"}',
    "newer jsonl": b'{"safehash": 2}\n',
    "broken gzip": b"\x1f\x8b" + b"\0" * 100,
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(UNUSABLE[name])
    with pytest.raises(ListError) as caught:
        entries_of(path)
    assert caught.value.path == str(path)
    assert "root:" not in str(caught.value)


def test_error_says_what_was_recognised(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"hash\n{FIRST[:-1]}\n")
    with pytest.raises(ListError, match=r"recognised as text, CSV or TSV; first reject: list\.csv, line 2:"):
        entries_of(path)


def test_wrong_guess_is_said(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(FIRST + "\n")
    _, report = entries_of(path, format="text")
    assert not any("looks like" in note for note in report.notes)
    with pytest.raises(ListError, match=r"recognised as StopNCII page .as told."):
        entries_of(DATA / "threat_updates.json", format="stopncii")
    entries, report = entries_of(DATA / "simple.HASH_PDQ.te", format="text", name="L")
    assert [brief(entry) for entry in entries] == ["+pdq f8f8 positive"]
    assert (
        "simple.HASH_PDQ.te is read as text, CSV or TSV, as told, but looks like pytx simple.*.te"
        in report.notes
    )


def test_a_file_that_is_no_list_is_called_that(tmp_path: Path) -> None:
    wrong = tmp_path / "photo.jpg"
    wrong.write_bytes(b"\xff\xd8\xff\xe0 a picture")
    with pytest.raises(
        ListError, match=r"photo\.jpg: a picture: a list holds digests \(.*\); known are jsonl, ncmec"
    ):
        list(read_list(wrong))
    wrong.write_bytes(b"\x01\x02\x03 nothing that anybody knows")
    with pytest.raises(
        ListError, match=r"photo\.jpg: not recognised as any list format; known are jsonl, ncmec"
    ):
        list(read_list(wrong))
    wrong.write_bytes(b"")
    with pytest.raises(ListError, match=r"photo\.jpg: empty; known are"):
        list(read_list(wrong))
    with pytest.raises(ListError, match=r"empty \(photo\.jpg\); known are"):
        list(read_list(tmp_path))


def test_missing_list(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="no such file"):
        read_list(tmp_path / "nothing.csv")
    with pytest.raises(ListError, match="directory without files"):
        read_list(tmp_path)
    with pytest.raises(ValueError, match="no list format"):
        read_list(ListSource(DATA / "pdq.csv", format="xlsx"))


def test_rejects_are_counted_but_not_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(FIRST + "\n" + "x\n" * 1000)
    met: list[Reject] = []
    reader = read_list(ListSource(path, max_rejects=1), on_reject=met.append)
    assert len(list(reader)) == 1
    assert reader.report.n_rejects == len(met) == 1000
    assert len(reader.report.rejects) == 20
    assert met[-1].position == 1001


def test_digests_are_not_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{FIRST}\n{FIRST}0\n")
    _, report = entries_of(path)
    assert FIRST not in str(report.rejects)


@pytest.mark.parametrize("name", ["threat_updates.json", "ncmec_page.xml", "vics_2.json", "pdq.csv"])
def test_memory_is_bounded(name: str, tmp_path: Path) -> None:
    """Six MB of records are read with a fraction of it in memory."""
    text = text_of(name)
    path = tmp_path / name
    if name == "pdq.csv":
        head, line, _ = text.split("\n", 2)
        path.write_text(head + "\n" + f"{line}\n" * (6 * MIB // len(line)))
    elif name == "ncmec_page.xml":
        head, rest = text.split("    <image>", 1)
        body, tail = rest.split("  </images>", 1)
        body = "    <image>" + body
        path.write_text(head + body * (6 * MIB // len(body)) + "  </images>" + tail)
    else:
        key = '"data": [' if name == "threat_updates.json" else '"value": ['
        head, rest = text.split(key, 1)
        end = rest.rindex("]")
        body = rest[:end].strip()
        path.write_text(head + key + ",".join([body] * (6 * MIB // len(body))) + rest[end:])
    tracemalloc.start()
    try:
        n_entries = sum(1 for _ in read_list(ListSource(path, allow_cut=True)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert n_entries > 10_000
    assert peak < 5 * MIB


@pytest.mark.parametrize(
    "name", ["pdq.csv", "threat_updates.json", "stopncii_page.json", "hma_bank.json", "ncmec_page.xml"]
)
def test_every_prefix(name: str, tmp_path: Path) -> None:
    """A file cut anywhere gives the records before the cut, or says that it holds none."""
    data = (DATA / name).read_bytes()
    whole = EXPECTED[name]
    path = tmp_path / name
    for n_bytes in range(0, len(data), 7):
        path.write_bytes(data[:n_bytes])
        reader = read_list(ListSource(path, name="L", max_rejects=1, allow_cut=True))
        found: list[Entry] = []
        try:
            found.extend(reader)
        except ListError:
            assert not found
        if name != "pdq.csv":  # a cut line of text looks like any other bad line
            assert found == whole[: len(found)]
        else:
            assert all(entry.hash in [known.hash for known in whole] for entry in found)


def test_case_of_any_size(tmp_path: Path) -> None:
    """A VICS case larger than the limit of one record is read medium by medium."""
    media = [{"MediaID": k, "MD5": f"{k:032x}", "Category": 1, "Note": "n" * 400} for k in range(1, 12_000)]
    media[5]["MD5"] = "bad"
    case = {"CaseID": "c", "Owner": {"Name": "N"}, "Media": media, "After": []}
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"odata.metadata": "http://x/US/$metadata#Cases", "value": [case, media[0]]}))
    assert path.stat().st_size > 5 * MIB
    entries, report = entries_of(path)
    assert len(entries) == len(media)
    assert ids(entries)[:6] == ["1", "2", "3", "4", "5", "7"]
    assert report.n_records == len(media) + 1
    assert [str(reject) for reject in report.rejects] == [
        "case.json, record 6: expected 32 hexadecimal digits (md5), found 'bad'"
    ]


def test_a_list_is_read_lazily(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("hash\n" + f"{FIRST}\n" * 200_000)
    reader = read_list(path)
    assert next(reader).hash == EXPECTED["pdq.csv"][0].hash
    assert reader.report.n_records < 50_000
    assert reader.report.snapshot == ""
