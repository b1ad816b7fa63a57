"""Read ``simple.<type>.te``, the command line cache of Meta's threatexchange tool."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Literal

from ...hashing.hashes import Algorithm, Hash
from ..entry import Entry
from .exchange_types import exchange_type
from .fields import BadField, hash_named, shown, utc_time
from .judging import may_be_cut, opinion_in
from .options import ReadOptions
from .pages import DamagedPage, Page
from .tally import Tally

__all__ = ["NAME", "read"]

#: How such files are called; the type stands nowhere else.
NAME = re.compile(r"simple\.([^.]+)\.te")

_BY_DIGITS = {64: Algorithm.PDQ, 40: Algorithm.SHA1, 32: Algorithm.MD5}
#: So many columns has the form with the indicator's id before the descriptor's.
_LONG = 5
# What the tool adds to the labels to remember an opinion by.
_KEY: Literal["digest"] = "digest"


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page: ``indicator,id,added_on,labels separated by spaces``.

    References
    ----------
    docs/formats.md, "Hasher-Matcher-Actioner".
    """
    tally.unit = "line"
    named = NAME.fullmatch(page.name)
    algorithm = exchange_type(named.group(1), tally) if named else options.algorithm
    number = 0
    try:
        for number, line in page.lines():
            if line is not None and not line.strip():
                continue
            tally.n_records += 1
            try:
                if line is None:
                    raise BadField("the line is longer than 4 MiB")
                text = line.decode("utf-8", "replace")
                if page.is_unfinished and any(map(may_be_cut, text.rpartition(",")[2].split())):
                    raise BadField("the list may be cut off in its labels: its last line has no line end")
                entry = _entry(text, algorithm, options.source)
            except BadField as exc:
                tally.reject(number, str(exc))
                continue
            if algorithm is None and isinstance(entry.hash, Hash) and entry.hash.algorithm is Algorithm.PDQ:
                tally.meet_untyped_one(entry.hash.digest)
            yield tally.meet(entry)
    except DamagedPage as exc:
        tally.cut(number + 1, str(exc))


def _entry(line: str, algorithm: Algorithm | str | None, source: str) -> Entry:
    try:
        cells = next(csv.reader([line.strip()]))
    except csv.Error as exc:
        raise BadField(f"not a CSV line: {exc}") from exc
    if len(cells) not in (4, _LONG):
        raise BadField(f"expected indicator,id,added_on,labels, found {len(cells)} columns")
    indicator, entry_id = cells[0], cells[1].strip()
    added, labels = cells[-2], cells[-1].split()
    if len(cells) == _LONG and utc_time(added) is None and utc_time(cells[2]) is not None:
        raise BadField(f"expected a time before the labels, found {shown(added)}")
    if algorithm is None:
        algorithm = _BY_DIGITS.get(len(indicator.strip()))
        if algorithm is None:
            raise BadField(f"expected 64, 40 or 32 hexadecimal digits, found {shown(indicator)}")
    kept, category = opinion_in(labels)
    return Entry(
        hash=hash_named(algorithm, indicator),
        id=entry_id or None,
        source=source,
        category=category or "positive",
        labels=tuple(sorted(set(kept))),
        created=utc_time(added),
        keyed_by=_KEY,
        extra={"descriptor_id": cells[2]} if len(cells) == _LONG else {},
    )
