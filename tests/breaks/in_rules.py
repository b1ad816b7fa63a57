"""Breaks of what is refused where nothing is sure, of lists' signatures, of requests, ctrl-C and confined workers."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_CLOSED, _INSIDE, _GUARDS, _FOLDERS, _LATE, _SIGNING, _NAMES = (
    f"tests/{name}.py"
    for name in (
        "lists/test_closed", "lists/test_inside", "lists/test_guards", "lists/test_folders", "lists/test_late",
        "matching/test_signing", "matching/test_list_names",
    )
)  # fmt: skip
_BODIES, _ISOLATED = "tests/service/test_bodies.py", "tests/scanning/test_isolating.py"


def _in(file: str, what: str, before: str, after: str, *dies: str) -> Break:
    return Break(what=what, file=f"src/safehash/{file}.py", before=before, after=after, dies=dies)


BREAKS = (
    # -- lists: closed by default ------------------------------------------------------------------------------
    _in(
        "lists/formats/cells",
        "yes in a column that said nothing so far is kept as it is",
        "            text.lower() in TRUE\n            or is_date(text)\n            or tells(text)\n",
        "            tells(text)\n",
        f"{_CLOSED}::test_a_yes_after_hundreds_of_rows_without",
    ),
    _in(
        "lists/formats/ordinary",
        "every name of a column is ordinary",
        "not is_of_no_picture and all(part in ORDINARY for part in parts)\n",
        "not is_of_no_picture\n",
        f"{_CLOSED}::test_yes_or_a_date_in_a_column_that_may_speak_of_deletion",
        f"{_INSIDE}::test_columns_that_looked_ordinary",
    ),
    _in(
        "lists/formats/cells",
        "what a column says that comes to count late is as understood as what it said before",
        "            if watch.unknown:\n                raise self._refusal(column, value, position, watch.unknown)\n"
        "            watch.counts = True\n        if watch.counts:\n",
        "            watch.counts = True\n        if watch.counts:\n",
        f"{_GUARDS}::test_refused_by_whoever_reads_it_until_told",
    ),
    _in(
        "lists/formats/text",
        "titles that take back what stands below them are comments",
        '        if "#" not in reader.options.ignore:\n            raise section_refused(',
        "        if False:\n            raise section_refused(",
        f"{_CLOSED}::test_a_title_that_takes_back_what_stands_below",
        f"{_INSIDE}::test_titles_of_several_phrases",
    ),
    _in(
        "lists/formats/reading",
        "a page whose name takes back what is in it is read like any other",
        "        elif any(map(is_section, inner)) or (is_section_name(name) and "
        "not (is_alone and says_former(name))):\n",
        "        elif False:\n",
        f"{_CLOSED}::test_a_page_whose_name_takes_back_what_is_in_it",
    ),
    _in(
        "lists/formats/reading",
        "what lies in a list's folder and is no page is passed over",
        "        if objections:\n",
        "        if False:\n",
        f"{_FOLDERS}::test_what_is_no_page_refuses_a_list",
    ),
    _in(
        "lists/formats/reading",
        "a former state of a page is read beside the present one",
        "        if not is_alone and any(is_former(each, beside) for each in [*inner, name]):\n",
        "        if False:\n",
        f"{_FOLDERS}::test_a_page_that_others_took_the_place_of",
    ),
    _in(
        "lists/formats/guards",
        "who asks about a column that stands is told that it says what was deleted",
        '"stands": ("active", "category"), ',
        "",
        f"{_LATE}::test_what_is_advised_for_a_column_that_comes_to_speak",
    ),
    _in(
        "lists/formats/together",
        "every long cell of a list is remembered",
        "            if len(cell) > _LONGEST and len(cell.strip()) > _LONGEST:\n",
        "            if False:\n",
        f"{_LATE}::test_a_long_cell_is_looked_at_and_not_remembered",
    ),
    _in(
        "lists/formats/inside",
        "a record's inner lists are not looked into",
        "        return any(speaks_inside(each, name, depth + 1) for each in value)\n",
        "        return False\n",
        f"{_INSIDE}::test_lists_in_a_record",
    ),
    _in(
        "lists/formats/inside",
        "a record's inner objects are not looked into",
        "            speaks_inside(each, inner, depth + 1)\n            or (",
        "            False\n            or (",
        f"{_CLOSED}::test_what_is_said_inside_a_record_is_not_passed_over",
    ),
    _in(
        "lists/formats/inside",
        "what is too deep to be looked at says nothing",
        "    if depth > _MAX_DEPTH:\n        return True\n",
        "    if depth > _MAX_DEPTH:\n        return False\n",
        f"{_INSIDE}::test_what_is_too_deep_to_be_looked_at_may_say_anything",
    ),
    _in(
        "lists/formats/inside",
        "a text of pairs is a text",
        "    return names_in_pairs(text) and any(",
        "    return False and any(",
        f"{_INSIDE}::test_pairs_in_a_cell",
    ),
    _in(
        "lists/formats/sqlite",
        "a table whose name takes back may hold records",
        "        if name.casefold() in ignored or not _takes_back(name):\n",
        "        if True:\n",
        f"{_INSIDE}::test_a_table_whose_name_takes_back",
    ),
    _in(
        "lists/formats/sqlite",
        "a database is read without what stands in its log",
        "    if log.exists() and log.stat().st_size:\n",
        "    if False:\n",
        f"{_GUARDS}::test_a_database_part_of_which_stands_in_its_log_is_refused",
    ),
    _in(
        "lists/formats/digests",
        "a digest's own word for its type is not held against its column",
        "        if algorithm is not None and named.algorithm != algorithm:\n",
        "        if False:\n",
        f"{_GUARDS}::test_a_digest_s_own_word_for_its_type_is_held_against_its_column",
    ),
    _in(
        "lists/formats/guards",
        "a list that was cut is used",
        "    if not tally.cuts or options.allow_cut:\n",
        "    if True:\n",
        f"{_GUARDS}::test_a_list_with_an_end_is_refused_wherever_it_is_cut",
        f"{_INSIDE}::test_a_database_that_was_cut",
    ),
    _in(
        "lists/formats/guards",
        "a list may be more rejects than records",
        "    if n <= options.max_rejects * n_records and n <= n_good:\n",
        "    if n <= n_good:\n",
        f"{_GUARDS}::test_a_share_of_rejects_is_of_the_records",
    ),
    _in(
        "lists/formats/guards",
        "pages that promise another one are all there is",
        "    if not tally.n_promising or tally.n_last or options.allow_cut:\n",
        "    if True:\n",
        f"{_GUARDS}::test_refused_by_whoever_reads_it_until_told",
    ),
    _in(
        "lists/formats/guards",
        "SHA-256 digests are looked up as PDQ's",
        "    if evidence < math.log(_DOUBT):\n",
        "    if evidence < 1e9:\n",
        f"{_GUARDS}::test_refused_by_whoever_reads_it_until_told",
    ),
    # -- lists: what belongs to which, and who vouches for it ----------------------------------------------------
    _in(
        "matching/state",
        "records keep the source that they name",
        "            builder.extend_from(loaded.table, selection.rows, source=loaded.name)\n",
        "            builder.extend_from(loaded.table, selection.rows)\n",
        f"{_NAMES}::test_records_of_other_sources_belong_to_their_list",
        f"{_NAMES}::test_a_threshold_of_a_list_holds_for_all_its_records",
    ),
    _in(
        "matching/state",
        "lists need no signature, whoever is trusted",
        "                expect_list_signed(source, loaded.snapshot, settings.trusted)\n",
        "                pass\n",
        f"{_SIGNING}::test_a_list_that_is_signed_is_used_and_no_other",
    ),
    _in(
        "matching/signing",
        "any key may sign",
        "    if key not in trusted:\n",
        "    if not trusted:\n",
        f"{_SIGNING}::test_others_signatures_and_none_are_refused",
        f"{_SIGNING}::test_a_list_that_is_signed_is_used_and_no_other",
    ),
    _in(
        "matching/signing",
        "what is signed does not say what for",
        "        public.verify(signature[KEY_BYTES:], purpose + message)\n",
        "        public.verify(signature[KEY_BYTES:], message)\n",
        f"{_SIGNING}::test_what_is_trusted_is_opened",
    ),
    _in(
        "matching/signing",
        "a signature that does not fit is as good",
        '        return "its signature does not fit: it was changed after it was signed"\n',
        "        return None\n",
        f"{_SIGNING}::test_a_change_anywhere_is_met",
        f"{_SIGNING}::test_a_list_that_is_signed_is_used_and_no_other",
    ),
    _in(
        "matching/list_signatures",
        "what cannot be used is signed",
        "    deque(reader, maxlen=0)\n",
        "    deque((each for each, _ in zip(reader, range(1))), maxlen=0)\n",
        f"{_SIGNING}::test_what_cannot_be_used_is_not_signed",
    ),
    # -- requests, ctrl-C, workers ---------------------------------------------------------------------------------
    _in(
        "service/bodies",
        "a body that is too large is dropped without an answer that its client reads",
        "        if n_bytes > _LINGERED * max_bytes:\n",
        "        if is_refused:\n",
        f"{_BODIES}::test_a_body_that_is_too_large_is_read_to_its_end",
    ),
    _in(
        "service/bodies",
        "a body without an end is read on",
        "        if n_bytes > _LINGERED * max_bytes:\n",
        "        if n_bytes > 50 * max_bytes:\n",
        f"{_BODIES}::test_a_body_without_end_is_left_after_four_times_what_is_allowed",
    ),
    _in(
        "service/bodies",
        "bytes beyond what is allowed are kept",
        "        is_refused = is_refused or n_bytes > max_bytes\n",
        "        is_refused = is_refused or n_bytes > 2 * max_bytes\n",
        f"{_BODIES}::test_a_body_within_its_size_is_read_whole",
    ),
    _in(
        "cli/interrupts",
        "what a library swallowed is not raised again",
        "    if _came:\n        raise KeyboardInterrupt\n",
        "    if False:\n        raise KeyboardInterrupt\n",
        "tests/cli/test_terminal.py::test_ctrl_c_that_a_library_swallows_is_heeded",
    ),
    _in(
        "scanning/isolating",
        "floods are not counted over confined workers",
        "        return decision if guard is None else quarantined(decision, guard)\n",
        "        return decision\n",
        f"{_ISOLATED}::test_floods_are_counted_over_all_workers",
    ),
    _in(
        "scanning/isolating",
        "confined workers go on with the lists of before",
        "            old, self._generation = self._generation, fresh\n",
        "            old = fresh if self._generation else None\n",
        f"{_ISOLATED}::test_threads_share_a_pool_through_reloads_and_crashes",
    ),
    _in(
        "scanning/isolating",
        "confined workers ask all lists, whichever are named",
        "            only = None if lists is None else frozenset(lists)\n",
        "            only = None\n",
        f"{_ISOLATED}::test_the_lists_that_are_named_are_asked_and_no_other",
    ),
)
