"""How long a record may be, and how many digests without a letter are still digests: counted one by one."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safehash import Hash, ListError, ListSource, load_list, read_list
from safehash.lists import adding
from safehash.lists.formats import xml_stream


def ncmec(inside: str, n: int) -> str:
    """Return a page of so many records, the first with something more in it."""
    records = "".join(
        f'<image><member id="42">One</member><timestamp>2026-10-24T15:00:00Z</timestamp><id>i{k}</id>'
        f"<fingerprints><md5>{k + 1:032x}</md5></fingerprints>{'' if k else inside}</image>"
        for k in range(n)
    )
    return (
        '<?xml version="1.0"?><queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">'
        f'<images count="{n}">{records}</images></queryResult>'
    )


def test_how_long_a_record_may_be_is_counted_of_each_and_of_all_that_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the parser that reads what is not written as usual: a comment stands in a record."""
    monkeypatch.setattr(xml_stream, "MAX_RECORD_BYTES", 2000)
    path = tmp_path / "list.xml"
    path.write_text(ncmec("<!-- a -->", 30))
    assert len(load_list(path)) == 30
    members = "".join(f'<member id="{k}">Member</member>' for k in range(43, 83))
    vote = (
        f'<feedback><negativeFeedback type="Md5"><members>{members}</members></negativeFeedback></feedback>'
    )
    path.write_text(ncmec(f"<!-- a -->{vote}", 30))
    with pytest.raises(ListError, match="record 1: longer than"):
        load_list(ListSource(path, max_rejects=0))
    assert len(load_list(ListSource(path, max_rejects=1))) == 29


@pytest.mark.parametrize("n_decimal", [2, 3])
def test_one_in_twenty_of_sixteen_digits_may_have_no_letter(n_decimal: int, tmp_path: Path) -> None:
    """Of pHash digests a two thousandth has none; more than a few of them are numbers."""
    path = tmp_path / "list.txt"
    digests = [
        f"{random.Random(k).getrandbits(60):015x}" + ("7" if k < n_decimal else "c") for k in range(40)
    ]
    digests = [each.translate(str.maketrans("abcdef", "123456")) if k < n_decimal else each
               for k, each in enumerate(digests)]  # fmt: skip
    path.write_text("".join(f"{each}\n" for each in digests))
    if n_decimal == 2:
        assert len(load_list(path)) == 40
    else:
        with pytest.raises(ListError, match="3 of 40 digests of 16 digits have no letter"):
            load_list(path)


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_a_line_ends_nowhere_but_at_its_end(end: str, quote: str, tmp_path: Path) -> None:
    """What Python takes for a line's end, too, is a character of a cell; rows are told by the lines of an editor."""
    path = tmp_path / "list.csv"
    rows = [f"{random.Random(k).getrandbits(128):032x},{quote}a{end}b{k}{quote}\n" for k in range(5)]
    path.write_text(f"md5,name\n{''.join(rows)}zz,c\n", encoding="utf-8", newline="")
    reader = read_list(ListSource(path, max_rejects=1))
    assert [entry.hash.hex for entry in reader] == [row[:32] for row in rows]  # type: ignore[union-attr]
    assert [reject.position for reject in reader.report.rejects] == [7]


def test_a_picture_of_just_the_least_quality_is_added() -> None:
    digest = bytes(random.Random(7).sample([0x0F, 0x33, 0x55, 0x96, 0xC3, 0xA5, 0x3C, 0x69] * 4, 32))
    picture: Any = SimpleNamespace(hash=Hash("pdq", digest, quality=50))
    adding._check(picture, 50)
    with pytest.raises(ValueError, match="quality 50 is under 51"):
        adding._check(picture, 51)


@pytest.mark.parametrize(("context", "region"), [("", "(none)"), ("UK/", "UK")])
def test_a_category_that_is_not_known_is_told_with_its_region(
    context: str, region: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.json"
    url = f"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{context}$metadata#Media"
    media = {"MediaID": 1, "MD5": f"{7:032x}", "Category": "77"}
    path.write_text(json.dumps({"@odata.context": url, "value": [media]}))
    with pytest.raises(ListError, match=rf"of region {re.escape(region)} is not known"):
        load_list(ListSource(path, max_rejects=0))
