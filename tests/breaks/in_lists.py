"""Breaks of lists and policies: what is matched against, and what is merged, told and refused."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_POLICY_TESTS = "tests/lists/test_lists_policy.py"
_POLICY, _SELECTING = "src/safehash/lists/policy.py", "src/safehash/lists/selecting.py"
_FORMATS = "src/safehash/lists/formats"
_CLOSED, _INSIDE, _FAST = (
    "tests/lists/test_closed.py",
    "tests/lists/test_inside.py",
    "tests/lists/test_fast_paths.py",
)

BREAKS = (
    Break(
        what="excluded labels are not heeded",
        file=_POLICY,
        before='    if not labels.isdisjoint(policy.exclude_labels):\n        return "with an excluded label"\n',
        after="",
        dies=(f"{_POLICY_TESTS}::test_selection",),
    ),
    Break(
        what="one list's excluded labels are not heeded",
        file=_POLICY,
        before="exclude_labels=_first(own.exclude_labels, self.exclude_labels),",
        after="exclude_labels=self.exclude_labels,",
        dies=(f"{_POLICY_TESTS}::test_every_setting_of_one_list_is_heeded",),
    ),
    Break(
        what="one list's suspicious entries stay out, whatever is said of it",
        file=_POLICY,
        before="include_suspicious=_first(own.include_suspicious, self.include_suspicious),",
        after="include_suspicious=self.include_suspicious,",
        dies=(f"{_POLICY_TESTS}::test_every_setting_of_one_list_is_heeded",),
    ),
    Break(
        what="suspicious entries are matched against",
        file=_SELECTING,
        before="if not policy.include_suspicious:",
        after="if False:",
        dies=(f"{_POLICY_TESTS}::test_selection",),
    ),
    Break(
        what="suspicious entries are left out, whatever the policy says",
        file=_SELECTING,
        before="if not policy.include_suspicious:",
        after="if True:",
        dies=(f"{_POLICY_TESTS}::test_selection",),
    ),
    Break(
        what="entries of low quality are matched against",
        file=_SELECTING,
        before="        ok &= ~low\n",
        after="",
        dies=(f"{_POLICY_TESTS}::test_selection",),
    ),
    Break(
        what="an entry whose quality is not known counts as low",
        file=_SELECTING,
        before="low = ok & (columns.qualities[rows] < policy.min_quality)  # 255: not known",
        after="low = ok & ((columns.qualities[rows] + 1).astype(np.uint8) <= policy.min_quality)",
        dies=(f"{_POLICY_TESTS}::test_selection",),
    ),
    Break(
        what="entries may be a hundred times as old",
        file=_POLICY,
        before="limit = when - timedelta(days=policy.max_age_days)",
        after="limit = when - timedelta(days=policy.max_age_days * 100)",
        dies=(f"{_POLICY_TESTS}::test_selection",),
    ),
    Break(
        what="a stale list is used although fresh ones are required",
        file=_SELECTING,
        before="        if stale is not None:\n            raise",
        after="        if False:\n            raise",
        dies=(f"{_POLICY_TESTS}::test_staleness",),
    ),
    Break(
        what="a list is stale at twice its age only",
        file=_SELECTING,
        before="    if age_days <= limit:\n",
        after="    if age_days <= 2 * limit:\n",
        dies=(f"{_POLICY_TESTS}::test_staleness",),
    ),
    Break(
        what="what an exchange's record says in a field of its own is not looked at",
        file=f"{_FORMATS}/exchange_types.py",
        before="        if not is_sure:\n",
        after="        if False:\n",
        dies=(f"{_INSIDE}::test_more_fields_of_an_exchanges_records",),
    ),
    Break(
        what="nor what stands in the elements and attributes of an image",
        file=f"{_FORMATS}/ncmec.py",
        before="    _check_said(node, tally)\n",
        after="",
        dies=(f"{_INSIDE}::test_an_element_of_a_record",),
    ),
    Break(
        what="nor pairs in the texts inside a record",
        file=f"{_FORMATS}/inside.py",
        before="(speaks(value) or word(value) in DELETED or pairs_speak(value))",
        after="(speaks(value) or word(value) in DELETED)",
        dies=(f"{_INSIDE}::test_no_piece_of_json_that_speaks_is_passed_over",),
    ),
    Break(
        what="many pieces of JSON are not looked at for sentences",
        file=f"{_FORMATS}/inside.py",
        before="        or in_a_sentence(joined)\n",
        after="",
        dies=(f"{_INSIDE}::test_no_piece_of_json_that_speaks_is_passed_over",),
    ),
    Break(
        what="a mark in front of a digest says nothing",
        file=f"{_FORMATS}/words.py",
        before='            if not is_name and takes_back(text, is_in_front=name == "name"):\n',
        after="            if False:\n",
        dies=(f"{_INSIDE}::test_a_mark_in_front_of_a_digest",),
    ),
    Break(
        what="an x beside a digest says that it is listed",
        file=f"{_FORMATS}/judging.py",
        before="        or bare in _YES_OR_NO\n",
        after="",
        dies=(f"{_INSIDE}::test_a_yes_or_no_beside_a_digest",),
    ),
    Break(
        what="labels beside digests are of all of them",
        file=f"{_FORMATS}/object_rows.py",
        before="        _check_labels(row, len(values))\n",
        after="",
        dies=(f"{_INSIDE}::test_as_many_labels_as_digests",),
    ),
    Break(
        what="arrays beside those of digests are passed over",
        file=f"{_FORMATS}/objects.py",
        before="        self._check_groups(groups, asides)\n",
        after="        self._check_groups(groups)\n",
        dies=(f"{_INSIDE}::test_arrays_side_by_side_are_refused",),
    ),
    Break(
        what="a title above a list takes nothing back",
        file=f"{_FORMATS}/text.py",
        before="        _check_titles(page, dialect, tally)\n",
        after="        pass\n",
        dies=(f"{_CLOSED}::test_a_title_that_takes_back_what_stands_below",),
    ),
    Break(
        what="sentences beside digests in a table are passed over where many are read at once",
        file=f"{_FORMATS}/bulk.py",
        before="        if in_a_sentence(alike):\n",
        after="        if False:\n",
        dies=(f"{_INSIDE}::test_a_sentence_beside_a_digest",),
    ),
    Break(
        what="a delete by id finds nothing, and nobody is told",
        file="src/safehash/lists/loading.py",
        before="            self._check_deletes_by_id(table, deleted)\n",
        after="            pass\n",
        dies=(f"{_CLOSED}::test_a_delete_by_id_of_what_is_kept_by_digest_is_refused",),
    ),
    Break(
        what="of a field that stands twice the last counts",
        file=f"{_FORMATS}/json_records.py",
        before="if n >= 0 and bytes(run.raw(k)).count(b'\"') != n + columns.free_quotes(k)",
        after="if False",
        dies=(f"{_FAST}::test_a_field_that_stands_twice_is_never_the_last_one_in_silence",),
    ),
    Break(
        what="an XML record with more behind what its shape has is of that shape",
        file=f"{_FORMATS}/xml_shapes.py",
        before="(?=\\0)|[^\\0]*)",
        after="|[^\\0]*)",
        dies=(f"{_FAST}::test_what_is_of_another_shape_is_told",),
    ),
    Break(
        what="entities stand for themselves in a record of a known shape",
        file=f"{_FORMATS}/xml_shapes.py",
        before='_TEXT = r"([^<>&',
        after='_TEXT = r"([^<>',
        dies=(f"{_FAST}::test_what_is_of_another_shape_is_told",),
    ),
    Break(
        what="rows of other lengths that add up are cut into columns",
        file=f"{_FORMATS}/rows.py",
        before='.count("\\n") == n - 1 else None',
        after='.count("\\n") >= 0 else None',
        dies=(f"{_FAST}::test_columns_are_the_cells_of_rows",),
    ),
    Break(
        what="each month has 31 days where many times are read at once",
        file=f"{_FORMATS}/times.py",
        before="(day > _DAYS[month])",
        after="(day > 31)",
        dies=(f"{_FAST}::test_many_times_are_each_what_one_is",),
    ),
    Break(
        what="files of NIST's known software are listed as harmful",
        file=f"{_FORMATS}/sqlite.py",
        before='more = ("negative",)',
        after='more = ("positive",)',
        dies=("tests/lists/test_answers.py::test_known_software_is_no_list_of_harm",),
    ),
    Break(
        what="digests of other types have the category of the list's first row",
        file=f"{_FORMATS}/bulk.py",
        before="likes[which[k] if which is not None else 0]",
        after="likes[0]",
        dies=(f"{_FAST}::test_digests_of_other_types_are_what_their_row_says",),
    ),
    Break(
        what="lines that end with a carriage return have no end until another comes",
        file=f"{_FORMATS}/pages.py",
        before='data.rfind(b"\\r", 0, len(data) - 1)',
        after="-1",
        dies=("tests/lists/test_dialects.py::test_only_lines_are_too_long_not_what_holds_them",),
    ),
    Break(
        what="an entry with a field of a header is a header: its digest is dropped",
        file=f"{_FORMATS}/jsonl.py",
        before="is_entry = not _OF_ENTRIES.isdisjoint(record)",
        after="is_entry = False",
        dies=("tests/lists/test_refusals.py::test_an_entry_is_no_header_whatever_else_it_has",),
    ),
    Break(
        what="a classification that clears a picture is kept as its severity",
        file=f"{_FORMATS}/ncmec.py",
        before="""if severity is not None and OPINIONS.get(word(severity)) == "negative":""",
        after="if False:",
        dies=("tests/lists/test_refusals.py::test_a_record_is_refused_and_the_other_read",),
    ),
    Break(
        what="a column that is told and not there is passed over",
        file=f"{_FORMATS}/columns.py",
        before="                if not at:\n                    has",
        after="                if False:\n                    has",
        dies=("tests/lists/test_refusals.py::test_a_list_is_refused",),
    ),
)
