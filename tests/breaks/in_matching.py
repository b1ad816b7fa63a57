"""Breaks of matching: what is found, what cancels it, when an entry is quarantined, what a snapshot checks."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_MATCHER, _SNAPSHOT = (f"tests/matching/{name}.py" for name in ("test_matcher", "test_snapshot"))
_LITTLE = "tests/matching/test_little_evidence.py"
_HOLES = "tests/matching/test_holes.py"
_ANIMATIONS = "tests/matching/test_efforts.py"
_FLOOD_TESTS = "tests/lists/test_lists_policy.py"
_DECIDING, _FLOOD, _LOOK_UP, _SAMPLING, _FILE, _DECISION = (
    f"src/safehash/matching/{name}.py"
    for name in ("deciding", "flood", "views", "sampling", "snapshot", "decision")
)

BREAKS = (
    Break(
        what="other bits are doubtful of a guess than of the turned picture",
        file="src/safehash/matching/turning.py",
        before="_TURNS) ^ _INVERTED",
        after="_TURNS) ^ 0",
        dies=(
            "tests/matching/test_turning.py::test_guesses_and_their_doubts_are_those_of_turned_thumbnails",
        ),
    ),
    Break(
        what="boxes without evidence are looked up for every upload",
        file="src/safehash/matching/thumbnails.py",
        before="least = _LEAST_EVIDENCE if coarse else -math.inf",
        after="least = -math.inf",
        dies=("tests/matching/test_proposals.py::test_each_orientation_has_its_share_of_the_boxes",),
    ),
    Break(
        what="uploads are turned that no entry is near",
        file="src/safehash/matching/turning.py",
        before="max_distance=within, doubts=doubtful).rows) > 0",
        after="max_distance=within, doubts=doubtful).rows) >= 0",
        dies=("tests/matching/test_turning.py::test_an_upload_is_turned_where_a_guess_leads_to_an_entry",),
    ),
    Break(
        what="nobody guesses at negatives",
        file="src/safehash/matching/turning.py",
        before="    guesses[-_N_NEGATIVES:] ^= 0xFF",
        after="    guesses[-_N_NEGATIVES:] ^= 0x00",
        dies=("tests/matching/test_turning.py::test_an_upload_is_turned_where_a_guess_leads_to_an_entry",),
    ),
    Break(
        what="thin lines are guessed at",
        file="src/safehash/matching/turning.py",
        before="_STEADY = 16",
        after="_STEADY = 256",
        dies=("tests/matching/test_turning.py::test_what_a_thumbnail_says_little_of_is_always_turned",),
    ),
    Break(
        what="what more effort alone finds turned is settled for less effort, too",
        file="src/safehash/matching/views.py",
        before="found.note_since(turned, max(since, turning.since(own, thumbs)))",
        after="found.note_since(turned, since)",
        dies=(
            "tests/matching/test_turning.py::test_what_more_effort_alone_finds_turned_is_looked_for_by_all_families",
        ),
    ),
    Break(
        what="the first find of a row without a window counts, not that of the least effort",
        file="src/safehash/matching/views.py",
        before="self.since[row] = min(since, self.since.get(row, since))",
        after="self.since.setdefault(row, since)",
        dies=(
            "tests/matching/test_turning.py::test_what_little_effort_finds_otherwise_is_no_find_of_more_effort_alone",
        ),
    ),
    Break(
        what="the upload itself is not refined",
        file="src/safehash/matching/efforts.py",
        before="_STANDARD = (as_it_is, few_boxes)",
        after="_STANDARD = (few_boxes,)",
        dies=(
            "tests/matching/test_turning.py::test_little_effort_finds_what_is_a_little_less_or_has_something_on_it",
        ),
    ),
    Break(
        what="further holes cost nothing",
        file="src/safehash/matching/hiding.py",
        before="    further = _A_HOLE * max(0, len(holes) - 1)",
        after="    further = 0.0",
        dies=("tests/matching/test_hidden_bits.py::test_a_further_hole_costs_sixteen_bits",),
    ),
    Break(
        what="what lies under two holes is hidden twice",
        file="src/safehash/matching/hiding.py",
        before="[_of_hole(hole) for hole in _apart(holes)]",
        after="[_of_hole(hole) for hole in holes]",
        dies=("tests/matching/test_hidden_bits.py",),
    ),
    Break(
        what="holes stay where the picture agrees best",
        file="src/safehash/matching/settling.py",
        before="            found, left = bits(trial, best + _GAIN), left - 1",
        after="            found, left = -256.0, left - 1",
        dies=("tests/matching/test_hidden_bits.py::test_places_are_settled_where_the_rest_says_most",),
    ),
    Break(
        what="a photograph behind a plain sticker is a graphic",
        file="src/safehash/matching/holes.py",
        before="    if is_graphic(thumbs) and not hides_a_photograph(thumbs, _halves()):",
        after="    if is_graphic(thumbs):",
        dies=("tests/matching/test_rest_found.py::test_a_photograph_behind_a_plain_sticker_is_no_graphic",),
    ),
    Break(
        what="what is blown out gains all of it at its edge",
        file="src/safehash/matching/overexposed.py",
        before="np.where(blown_out, counts, 0)",
        after="np.where(blown_out, width**4, 0)",
        dies=("tests/matching/test_overexposed.py::test_what_is_blown_out_is_brightest_in_its_middle",),
    ),
    Break(
        what="whose lights were given back is judged as whose lights were not",
        file="src/safehash/matching/gates.py",
        before="        for lit in self.relit if evidence.family.relit else self.lit:\n",
        after="        for lit in self.lit:\n",
        dies=("tests/matching/test_gates_one_by_one.py::test_a_gate_speaks_alone",),
    ),
    Break(
        what="what is blown out counts as flat between boxes",
        file="src/safehash/matching/judgement.py",
        before='    relit=Range("lit_flat", 0.08, 0.16),\n',
        after="",
        dies=("tests/matching/test_gates_one_by_one.py::test_a_gate_speaks_alone",),
    ),
    Break(
        what="a template is an overexposed building",
        file="src/safehash/matching/judgement.py",
        before='        Range("flat", 0.42, 0.38),\n',
        after="",
        dies=("tests/matching/test_gates_one_by_one.py::test_a_gate_speaks_alone",),
    ),
    Break(
        what="an upload of which hardly anything is left is given lights",
        file="src/safehash/matching/overexposed.py",
        before="_LEAST, _MOST = 0.02, 0.75",
        after="_LEAST, _MOST = 0.02, 1.0",
        dies=("tests/matching/test_overexposed.py::test_what_has_few_lights_or_nothing_else_is_left_alone",),
    ),
    Break(
        what="all best boxes but the very best keep what is written on them",
        file="src/safehash/matching/holes.py",
        before="    for box in best_boxes(thumbs):\n        _add_holes(batch, thumbs.part(box), _bands())\n",
        after="    for box in best_boxes(thumbs)[:1]:\n        _add_holes(batch, thumbs.part(box), _bands())\n",
        dies=(
            "tests/matching/test_holes.py::test_every_best_box_is_looked_up_without_what_is_written_on_it",
        ),
    ),
    Break(
        what="the best box keeps what is written on it",
        file="src/safehash/matching/efforts.py",
        before="    box_without_a_band,\n    relit",
        after="    relit",
        dies=(
            "tests/matching/test_holes.py::test_a_picture_in_a_captioned_video_is_found_without_what_is_written_on_it",
        ),
    ),
    Break(
        what="what another view needs less does not count",
        file="src/safehash/matching/views.py",
        before="                    found.lower(row, evidence)\n",
        after="                    pass\n",
        dies=("tests/matching/test_views.py::test_hits_need_no_less_than_the_threshold_they_were_found_at",),
    ),
    Break(
        what="doubtful bits of a slot are not turned over",
        file="src/safehash/matching/refining.py",
        before="doubts=batch.doubts",
        after="doubts=None",
        dies=(
            "tests/matching/test_doubts.py::test_a_window_that_shares_no_slot_but_for_doubtful_bits_is_refined",
        ),
    ),
    Break(
        what="doubtful slots of every box are looked up for every upload",
        file="src/safehash/matching/windows.py",
        before="        doubts[n_doubted:] = 0\n",
        after="        pass\n",
        dies=("tests/matching/test_doubts.py::test_families_that_ask_have_doubts_for_each_digest",),
    ),
    Break(
        what="text beside a picture hides its edges from every upload's look-up",
        file="src/safehash/matching/windows.py",
        before="coarse=side == FRAME_SIDE",
        after="coarse=False",
        dies=(
            "tests/matching/test_proposals.py::test_lines_of_text_hide_no_edge_of_a_picture_at_little_effort",
        ),
    ),
    Break(
        what="an upload of low quality matches as far as any other",
        file=_LOOK_UP,
        before="                within = min(low_quality_distance, max_distance)\n",
        after="                within = max_distance\n",
        dies=("tests/matching/test_low_quality_matches.py::test_it_must_come_nearer_than_the_setting_says",),
    ),
    Break(
        what="an upload of low quality matches a plain shape",
        file="src/safehash/matching/judgement.py",
        before="LOW_QUALITY = Gates((PLAIN_SHAPE,))\n",
        after="LOW_QUALITY = Gates(())\n",
        dies=("tests/matching/test_low_quality_matches.py::test_a_blank_shape_is_no_copy_of_another",),
    ),
    Break(
        what="a match does not say how much speaks for it",
        file=_LOOK_UP,
        before="            hit = replace(hit, evidence=bits_of(evidence))\n",
        after="            pass\n",
        dies=(
            "tests/matching/test_weighing.py::test_a_copy_has_evidence_and_the_less_the_more_was_done_to_it",
        ),
    ),
    Break(
        what="a view that needs less of a threshold takes evidence away",
        file=_LOOK_UP,
        before="self.best[hit.row] = replace(kept, evidence=most, less=less)",
        after="self.best[hit.row] = replace(kept, less=less)",
        dies=(f"{_LITTLE}::test_more_views_of_an_entry_take_no_evidence_away",),
    ),
    Break(
        what="what is too far for its own list and not for another is looked for no more",
        file=_LOOK_UP,
        before="self.limit = limit or (lambda row: max_distance)",
        after="self.limit = lambda row: max_distance",
        dies=("tests/matching/test_efforts.py::test_what_another_list_allows_takes_no_match_away",),
    ),
    Break(
        what="whatever evidence is asked for, every match stands",
        file=_DECIDING,
        before="if suppressed_by is None and _is_thin(hit.evidence, own.min_evidence):",
        after="if False:",
        dies=(f"{_LITTLE}::test_less_than_is_asked_for_is_suppressed_and_told",),
    ),
    Break(
        what="a match of which its digest is all that is known is suppressed for want of evidence",
        file=_DECIDING,
        before="return evidence is not None and wanted is not None and round(evidence, 1) < wanted",
        after="return wanted is not None and round(evidence or -99.0, 1) < wanted",
        dies=(f"{_LITTLE}::test_where_digests_are_all_that_is_known_a_match_stands",),
    ),
    Break(
        what="a snapshot forgets what evidence a list asks for",
        file="src/safehash/matching/saving.py",
        before='min_evidence=own.get("min_evidence")',
        after="min_evidence=None",
        dies=(f"{_LITTLE}::test_a_list_may_ask_for_more_or_less_than_the_others",),
    ),
    Break(
        what="frames that could not be looked at are passed over beside a cancelled match",
        file=_DECIDING,
        before="    return rest._replace(hash=own, failure=None, provenance=result.provenance, refused=refused)\n",
        after="    return Facts(Outcome.NO_MATCH, hash=own, provenance=result.provenance, refused=refused)\n",
        dies=("tests/matching/test_partly.py::test_the_rest_is_never_passed_over_in_silence",),
    ),
    Break(
        what="what lies tilted on a ground is taken for as large as its extent",
        file="src/safehash/matching/nested.py",
        before="    rows = (height * cosine - width * abs(sine)) / both\n",
        after="    rows = height\n",
        dies=("tests/matching/test_nested.py::test_a_picture_is_inscribed_in_the_extent_of_its_tilted_self",),
    ),
    Break(
        what="gates look at the upload, not at what lies in the corners",
        file="src/safehash/matching/evidence.py",
        before="            return _views.bent(thumb, np.array(self._candidate.corners))\n",
        after="            return thumb\n",
        dies=("tests/matching/test_aslant.py::test_gates_look_at_what_lies_in_the_corners",),
    ),
    Break(
        what="what is left of a poster is listed",
        file="src/safehash/matching/parts.py",
        before="    if holes and not is_graphic(thumbs):\n",
        after="    if holes:\n",
        dies=("tests/matching/test_parts.py::test_a_graphic_has_no_holes_to_list",),
    ),
    Break(
        what="only the first picture of an upload is cut into windows",
        file=_LOOK_UP,
        before="        for sampled in sample.kept:\n",
        after="        for sampled in sample.kept[:1]:\n",
        dies=(f"{_ANIMATIONS}::test_what_is_shown_longest_and_differs_most_is_cut_into_windows",),
    ),
    Break(
        what="only the first frame is offered to be cut into windows",
        file=_SAMPLING,
        before="        self.kept.append(Sampled(own, thumbs, name, shown_for, since))\n",
        after="        if not self.kept:\n            self.kept.append(Sampled(own, thumbs, name, 1.0))\n",
        dies=("tests/matching/test_sampling.py",),
    ),
    Break(
        what="of many frames those shown shortest are kept",
        file=_SAMPLING,
        before="self.kept.remove(min(self.kept, key=self._worth))",
        after="self.kept.remove(max(self.kept, key=self._worth))",
        dies=("tests/matching/test_sampling.py",),
    ),
    Break(
        what="a frame asked to be shown for no time counts as not shown",
        file=_SAMPLING,
        before="            shown_for = _HASTY_SHOWN_FOR\n",
        after="            shown_for = 0.0\n",
        dies=("tests/matching/test_sampling.py",),
    ),
    Break(
        what="views of low quality are looked up",
        file=_LOOK_UP,
        before="return quality is None or quality >= min_quality",
        after="return quality is None or quality >= 0",
        dies=("tests/matching/test_low_quality.py",),
    ),
    Break(
        what="a view's own threshold is not heeded",
        file=_LOOK_UP,
        before="if not isinstance(needs, Refusal) and needs <= self.limit(row):",
        after="if not isinstance(needs, Refusal) and distance <= self.limit(row):",
        dies=("tests/matching/test_gates.py::test_of_a_graphic_only_near_identity_counts_when_it_is_turned",),
    ),
    Break(
        what="of two views of an entry the nearer one stays, whatever it needs",
        file=_LOOK_UP,
        before="kept = hit if (hit.by_itself, hit.distance) < (before.by_itself, before.distance) else before",
        after="kept = hit if hit.distance < before.distance else before",
        dies=(
            "tests/matching/test_gates_one_by_one.py::test_of_two_views_of_an_entry_the_one_that_needs_less_stays",
        ),
    ),
    Break(
        what="a share of exactly the limit floods",
        file=_FLOOD,
        before="n_matches > self._limits.max_share * self._n_uploads",
        after="n_matches >= self._limits.max_share * self._n_uploads",
        dies=(f"{_FLOOD_TESTS}::TestFloodGuard",),
    ),
    Break(
        what="few matches flood",
        file=_FLOOD,
        before="            n_matches >= self._limits.min_matches\n            and ",
        after="            ",
        dies=(f"{_FLOOD_TESTS}::TestFloodGuard",),
    ),
    Break(
        what="an entry matched twice by one upload counts twice",
        file=_FLOOD,
        before="        matched = set(entries)\n        with self._lock:\n            self._n_uploads += 1\n"
        "            fresh = [(entry, *self._quarantined[entry]) for entry in matched if self._count(entry, 1)]",
        after="        every = list(entries)\n        matched = set(every)\n        with self._lock:\n"
        "            self._n_uploads += 1\n"
        "            fresh = [(entry, *self._quarantined[entry]) for entry in every if self._count(entry, 1)]",
        dies=(f"{_FLOOD_TESTS}::TestFloodGuard",),
    ),
    Break(
        what="what was released is quarantined again",
        file=_FLOOD,
        before=" or entry in self._released or not",
        after=" or not",
        dies=(f"{_FLOOD_TESTS}::TestFloodGuard",),
    ),
    Break(
        what="a quarantine's share is of the matches until now",
        file=_FLOOD,
        before="return self.n_matches_then / self.n_uploads",
        after="return self.n_matches / self.n_uploads",
        dies=(f"{_FLOOD_TESTS}::TestFloodGuard",),
    ),
    Break(
        what="an allowed picture anywhere in the upload hides every match",
        file=_DECIDING,
        before="        if other.view != hit.view:\n            continue\n",
        after="",
        dies=("tests/matching/test_cancelling.py::test_only_what_the_same_view_hit_is_cancelled",),
    ),
    Break(
        what="an allowed picture hides whatever the same view matched",
        file=_DECIDING,
        before="if nearer and entry.hash.distance(harmless.hash) <= hit.distance + other.distance:",
        after="if nearer:",
        dies=("tests/matching/test_cancelling.py::test_only_what_the_same_view_hit_is_cancelled",),
    ),
    Break(
        what="an upload a bit too far from an allowed picture is hidden",
        file=_DECIDING,
        before="if row >= state.n_listed and hit.distance <= settings.allow_distance",
        after="if row >= state.n_listed and hit.distance <= settings.allow_distance + 1",
        dies=("tests/matching/test_cancelling.py::test_an_allowed_picture_reaches_as_far_as_it_is_told",),
    ),
    Break(
        what="allowed ids are not heeded",
        file=_DECIDING,
        before="(entry.id in names or entry.hash in digests_named(frozenset(names)))",
        after="entry.hash in digests_named(frozenset(names))",
        dies=(f"{_MATCHER}::test_allowed_ids",),
    ),
    Break(
        what="an entry without an id cannot be allowed by its digest",
        file=_DECIDING,
        before="(entry.id in names or entry.hash in digests_named(frozenset(names)))",
        after="entry.id in names",
        dies=(f"{_MATCHER}::test_an_entry_without_an_id_is_allowed_by_its_digest",),
    ),
    Break(
        what="a threshold is exclusive",
        file=_DECIDING,
        before="hit.needs > own.max_distance[algorithm.value]",
        after="hit.needs >= own.max_distance[algorithm.value]",
        dies=(f"{_MATCHER}::test_thresholds_are_inclusive",),
    ),
    Break(
        what="eight bytes of a file's digest are enough for a match",
        file=_DECIDING,
        before="if isinstance(value, Hash) and value.digest == digest:",
        after="if isinstance(value, Hash):",
        dies=("tests/matching/test_cancelling.py::test_a_file_s_digest_matches_whole",),
    ),
    Break(
        what="an unexpected error is raised, and ends a scan",
        file=_DECIDING,
        before="    except Exception as exc:\n        return matches, why_undecided(exc)\n",
        after="",
        dies=(f"{_MATCHER}::test_a_defect_costs_its_own_upload",),
    ),
    Break(
        what="what a later frame could not be is forgotten",
        file=_DECIDING,
        before="    if not result.failures:\n",
        after="    if True:\n",
        dies=(f"{_MATCHER}::test_what_was_found_before_the_deadline_stands",),
    ),
    Break(
        what="stored hashes of low quality match as far as others",
        file=_DECIDING,
        before="                found = _near_enough(found, state, algorithm)\n",
        after="                pass\n",
        dies=(f"{_MATCHER}::test_stored_hashes", "tests/matching/test_low_quality_matches.py"),
    ),
    Break(
        what="a standing match beside a cancelled one does not count",
        file=_DECISION,
        before="    if None in suppressed_by:\n",
        after="    if suppressed_by and set(suppressed_by) == {None}:\n",
        dies=("tests/matching/test_decision.py::test_one_standing_match_outweighs_every_cancelled_one",),
    ),
    Break(
        what="cancelled matches come first",
        file=_DECISION,
        before="    return match.suppressed_by is not None, match.distance,",
        after="    return match.suppressed_by is None, match.distance,",
        dies=("tests/matching/test_decision.py::test_one_standing_match_outweighs_every_cancelled_one",),
    ),
    Break(
        what="blocks of a signed file are not compared with their seals",
        file=_FILE,
        before=", on_damage, seals=seals)",
        after=", on_damage)",
        dies=("tests/matching/test_signing.py::test_checksums_can_be_forged_and_seals_cannot",),
    ),
    Break(
        what="a section's own checksum is not compared",
        file=_FILE,
        before='            if f"{checksum(sums[first : first + n_blocks]):016x}" != section.checksum:\n'
        '                raise self._error("its block checksums are not its own", section.name)\n',
        after="",
        dies=("tests/matching/test_forged_snapshots.py::test_a_section_s_own_checksum_is_compared",),
    ),
    Break(
        what="the header's checksum is not compared",
        file=_FILE,
        before="        if checksum(data) != header_sum:\n",
        after="        if False:\n",
        dies=(
            "tests/matching/test_snapshot_sums.py::test_the_name_of_a_list_is_under_the_header_s_checksum",
        ),
    ),
    Break(
        what="the preamble's checksum is not compared",
        file=_FILE,
        before="if checksum(preamble[: _PREAMBLE.size]) != preamble_sum or version < _UNSIGNED:",
        after="if version < _UNSIGNED:",
        dies=(
            "tests/matching/test_snapshot_sums.py::test_where_things_lie_is_under_the_preamble_s_checksum",
        ),
    ),
    Break(
        what="the sum of the block checksums is not compared",
        file=_FILE,
        before="        if checksum(sums) != sums_sum:\n",
        after="        if False:\n",
        dies=(
            "tests/matching/test_snapshot_sums.py::test_block_checksums_are_under_a_checksum_of_their_own",
        ),
    ),
    Break(
        what="a snapshot is mapped where what is mapped cannot be replaced",
        file=_FILE,
        before="data = _mapped(file) if _MAPS else _read_whole(file, status.st_size)",
        after="data = _mapped(file)",
        dies=("tests/test_windows.py::test_where_a_mapped_file_cannot_be_replaced_a_snapshot_is_read",),
    ),
    Break(
        what="a snapshot of bits of another version is used",
        file=_FILE,
        before='        if facts["algorithm_version"] != algorithm.version:\n',
        after="        if False:\n",
        dies=(
            f"{_MATCHER}::test_a_snapshot_whose_parts_do_not_fit",
            f"{_SNAPSHOT}::test_a_forged_header_is_refused",
        ),
    ),
    Break(
        what="an extended file is opened",
        file=_FILE,
        before="        if length != size:\n",
        after="        if length > size:\n",
        dies=(f"{_SNAPSHOT}::test_no_truncated_or_extended_file_is_opened",),
    ),
    Break(
        what="a replaced file of the same size is not told apart",
        file=_FILE,
        before="return status.st_ino, status.st_mtime_ns, status.st_size",
        after="return 0, 0, status.st_size",
        dies=(f"{_SNAPSHOT}::test_a_replaced_file_is_told_apart",),
    ),
    Break(
        what="a file that shares its MD5 with a harmless one is harmless by every digest",
        file="src/safehash/matching/deciding.py",
        before="if harmless.hash.algorithm.n_bits >= entry.hash.algorithm.n_bits:",
        after="if True:",
        dies=("tests/matching/test_cancelling.py::test_an_allowed_file_is_cancelled_whole",),
    ),
    Break(
        what="an allow-list cancels a file's match by the same kind of digest alone",
        file="src/safehash/matching/deciding.py",
        before="_judged(state, algorithm, hits, settings, allowing)",
        after="_judged(state, algorithm, hits, settings)",
        dies=("tests/matching/test_cancelling.py::test_an_allowed_file_is_cancelled_whole",),
    ),
)
