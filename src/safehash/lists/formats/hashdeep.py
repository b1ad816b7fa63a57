"""Read what hashdeep writes: its columns are named in its second line, and names of files end each line as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..entry import Entry
from .columns import name_columns
from .options import ReadOptions
from .packed import DamagedPage
from .pages import Page
from .records import RowReader, section_refused
from .sentences import is_section
from .tally import Tally
from .text import uses_of

__all__ = ["read"]

_MARK = "%%%%"
#: Comments that the tool writes: where it was called, and how.
_BY_TOOL = re.compile(r"##\s*(?:Invoked from:|\$)")


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "Text, CSV and TSV".
    """
    tally.unit = "line"
    reader: RowReader | None = None
    number = 0
    try:
        for number, line in page.lines():
            text = "" if line is None else line.decode("utf-8", "replace")
            if line is not None and (not text.strip() or text.startswith("#")):
                if "#" not in options.ignore and _BY_TOOL.match(text) is None and is_section(text):
                    raise section_refused(tally, number, text.strip())
                continue
            if text.startswith(_MARK):
                names = text[len(_MARK) :].strip().split(",")
                if len(names) > 1:
                    columns = name_columns(names, (), options, tally)
                    tally.columns += uses_of(page.name, columns, ())
                    reader = RowReader(columns, options, tally)
                continue
            if line is None or reader is None:
                tally.n_records += 1
                tally.reject(
                    number, "the line is longer than 4 MiB" if line is None else "no columns are named above"
                )
                continue
            yield from reader.entries(text.split(",", len(reader.columns) - 1), number)
    except DamagedPage as exc:
        tally.cut(number + 1, str(exc))
