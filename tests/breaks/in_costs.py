"""Breaks of what bounds the cost of lists and archives: each lets a small file take minutes, or gigabytes."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_ARCHIVES, _FORMATS = "src/safehash/scanning/archives.py", "src/safehash/lists/formats"
_IMAGES, _COUNTING, _HEIF = (
    "src/safehash/images",
    "tests/images/test_counting.py",
    "tests/images/test_heif.py",
)
_OF_ARCHIVES, _OF_LISTS = "tests/scanning/test_archive_costs.py", "tests/lists/test_costs.py"

BREAKS = (
    Break(
        what="headers of a tar have no end",
        file=_ARCHIVES,
        before="        if self._left < 0:\n",
        after="        if False:\n",
        dies=(f"{_OF_ARCHIVES}::test_a_chain_of_headers_ends",),
    ),
    Break(
        what="each member of a tar has headers of its own length",
        file=_ARCHIVES,
        before="            headers_left -= may_be_long - forward.end_header(max_member_bytes + 1)\n",
        after="            forward.end_header(max_member_bytes + 1)\n",
        dies=(f"{_OF_ARCHIVES}::test_all_headers_of_a_tar_have_an_end",),
    ),
    Break(
        what="headers of digits are searched",
        file=_ARCHIVES,
        before="        if n_bytes > tarfile.BLOCKSIZE and _TOO_MANY_DIGITS.search(data):\n",
        after="        if False:\n",
        dies=(f"{_OF_ARCHIVES}::test_a_header_of_digits_is_not_searched",),
    ),
    Break(
        what="a tar may tell any number of fields of all its members",
        file=_ARCHIVES,
        before="            if len(opened.pax_headers) > _MAX_TAR_FIELDS:\n",
        after="            if False:\n",
        dies=(f"{_OF_ARCHIVES}::test_few_fields_are_told_of_all_members",),
    ),
    Break(
        what="holes cost nothing",
        file=_ARCHIVES,
        before="                left -= min(info.size, max_member_bytes)  # holes are in no stream, and are read\n",
        after="",
        dies=(f"{_OF_ARCHIVES}::test_holes_count_as_what_they_are_read_as",),
    ),
    Break(
        what="a map of holes may go back",
        file=_ARCHIVES,
        before="        if offset < end or n_bytes < 0 or (not offset and not n_bytes):\n",
        after="        if False:\n",
        dies=(f"{_OF_ARCHIVES}::test_a_map_of_holes_goes_forward",),
    ),
    Break(
        what="members of a zip may share bytes",
        file=_ARCHIVES,
        before="            if stored_left < 0:\n",
        after="            if False:\n",
        dies=(f"{_OF_ARCHIVES}::test_members_of_a_zip_share_no_bytes",),
    ),
    Break(
        what="marks of any number are put in order",
        file=f"{_FORMATS}/vocabulary.py",
        before="_PIECES.findall(text))",
        after="[text])",
        dies=(f"{_OF_LISTS}::test_marks_are_put_in_order_a_few_at_a_time",),
    ),
    Break(
        what="words of which a letter is lost are not found",
        file=f"{_FORMATS}/judging.py",
        before="    return {word, *(word[:k] + word[k + 1 :] for k in range(len(word)))}\n",
        after="    return {word}\n",
        dies=(f"{_OF_LISTS}::test_damaged_words_are_found_as_by_looking_at_each",),
    ),
    Break(
        what="a list of rejects is read to its end",
        file=f"{_FORMATS}/tally.py",
        before="        if self.n_rejects > MANY_REJECTS and self",
        after="        if False and self",
        dies=(f"{_OF_LISTS}::test_a_list_of_rejects_is_not_read_to_its_end",),
    ),
    Break(
        what="each file of a zip expands by itself",
        file=f"{_FORMATS}/packed.py",
        before="                if n_out * n_files > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * info",
        after="                if n_out > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * info",
        dies=(f"{_OF_LISTS}::test_files_of_an_archive_expand_together",),
    ),
    Break(
        what="what is packed in a zip's files expands by itself",
        file=f"{_FORMATS}/packed.py",
        before="        if n_out * n_files > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * n_stored():\n",
        after="        if n_out > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * n_stored():\n",
        dies=(f"{_OF_LISTS}::test_files_of_an_archive_expand_together",),
    ),
    Break(
        what="files of a zip may share bytes",
        file=f"{_FORMATS}/packed.py",
        before="            if sum(info.compress_size for info in infos) > ",
        after="            if False and sum(info.compress_size for info in infos) > ",
        dies=(f"{_OF_LISTS}::test_files_of_an_archive_share_no_bytes",),
    ),
    Break(
        what="an unpacker is given all there is",
        file=f"{_FORMATS}/packed.py",
        before="_PIECE_BYTES = 1 << 12\n",
        after="_PIECE_BYTES = 1 << 17\n",
        dies=(f"{_OF_LISTS}::test_streams_laid_end_to_end_are_copied_once",),
    ),
    Break(
        what="any number of streams is laid end to end",
        file=f"{_FORMATS}/packed.py",
        before="            if n_streams > _STREAMS_FREE + n_stored() // _BYTES_A_STREAM:\n",
        after="            if False:\n",
        dies=(f"{_OF_LISTS}::test_few_streams_of_nothing_are_laid_end_to_end",),
    ),
    Break(
        what="cells of a database may come to more than it",
        file=f"{_FORMATS}/sqlite.py",
        before="            if self.left < 0:\n",
        after="            if False:\n",
        dies=(f"{_OF_LISTS}::test_cells_of_a_database_stand_in_it",),
    ),
    Break(
        what="cells of tables beside that of the digests may come to more than the database",
        file=f"{_FORMATS}/sqlite.py",
        before='in _blocks(database.execute(f"SELECT * FROM {_quoted(name)}"), budget):\n',
        after='in _blocks(database.execute(f"SELECT * FROM {_quoted(name)}"), _Budget(1 << 40)):\n',
        dies=(f"{_OF_LISTS}::test_cells_of_tables_beside_that_of_the_digests_stand_in_it",),
    ),
    Break(
        what="names of an archive are listed for each of its files",
        file=f"{_FORMATS}/pages.py",
        before=" if members is None else members\n",
        after="\n",
        dies=(f"{_OF_LISTS}::test_names_of_an_archive_are_listed_once",),
    ),
    Break(
        what="blank lines are rows",
        file=f"{_FORMATS}/rows.py",
        before='    return bool(data) and not data.strip(b"\\r\\n ")\n',
        after="    return False\n",
        dies=(f"{_OF_LISTS}::test_blank_lines_are_no_rows",),
    ),
    Break(
        what="blank lines within a cell are left out",
        file=f"{_FORMATS}/rows.py",
        before="        while block is not None and not self.lines and _is_blank(block[1]):\n",
        after="        while block is not None and _is_blank(block[1]):\n",
        dies=(f"{_OF_LISTS}::test_blank_lines_within_a_cell_are_kept",),
    ),
    Break(
        what="bytes of an HEIC file may be decoded again and again",
        file=f"{_IMAGES}/heif_parts.py",
        before="    again = max(0, n_bytes - _MAX_USES * len(data))\n",
        after="    again = 0\n",
        dies=(f"{_COUNTING}::test_made_to_cost_is_refused_on_its_bytes",),
    ),
    Break(
        what="pixels of an HEIC file may be decoded again and again",
        file=f"{_IMAGES}/heif_parts.py",
        before="    more = max(0, pixels - _PIXELS_A_BYTE * len(data))\n",
        after="    more = 0\n",
        dies=(f"{_COUNTING}::test_made_to_cost_is_refused_on_its_bytes",),
    ),
    Break(
        what="a picture of an HEIC file is turned as often as it says",
        file=f"{_IMAGES}/heif_parts.py",
        before="        if item.n_changes > _MAX_CHANGES:\n",
        after="        if False:\n",
        dies=(f"{_COUNTING}::test_made_to_cost_is_refused_on_its_bytes",),
    ),
    Break(
        what="items of an HEIC file are in each other without end",
        file=f"{_IMAGES}/heif_parts.py",
        before="            if depth > _MAX_DEPTH:\n",
        after="            if False:\n",
        dies=(f"{_HEIF}::test_items_in_each_other_have_an_end",),
    ),
    Break(
        what="another picture of an HEIC file is taken for one that is not read",
        file=f"{_IMAGES}/heif.py",
        before='            if not self.info.get("primary"):',
        after="            if False:",
        dies=(f"{_HEIF}::test_another_picture_is_not_taken_for_one_that_is_not_read",),
    ),
    Break(
        what="all pictures of an HEIC file are held",
        file=f"{_IMAGES}/heif.py",
        before="                pictures[self.tell()] = None\n",
        after="                pass\n",
        dies=(f"{_HEIF}::test_one_picture_at_a_time_is_held",),
    ),
    Break(
        what="a frame is decoded to be refused",
        file=f"{_IMAGES}/frames.py",
        before="        if left < 0 and number < facts.n_frames:\n",
        after="        if False:\n",
        dies=(f"{_HEIF}::test_a_frame_that_is_too_many_is_not_decoded",),
    ),
    Break(
        what="members of a zip may be unpacked at one go",
        file=_ARCHIVES,
        before="            if info.compress_type not in _BOUNDED:\n",
        after="            if False:\n",
        dies=(f"{_OF_ARCHIVES}::test_a_member_of_a_zip_is_unpacked_piece_by_piece_or_not_at_all",),
    ),
    Break(
        what="files of a zip may be unpacked at one go",
        file=f"{_FORMATS}/packed.py",
        before="    if info.compress_type not in _BOUNDED:\n",
        after="    if False:\n",
        dies=(f"{_OF_LISTS}::test_files_of_a_zip_are_unpacked_piece_by_piece_or_not_at_all",),
    ),
)
