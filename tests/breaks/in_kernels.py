"""Breaks of what is compiled: windows, search, digests, hashes, checksums and the readers of bytes.

Each needs its module built anew in the copy: `make breaks WORDS=_c/` makes these alone.
"""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_VIEWS, _HOLES, _ASLANT, _SEARCH, _JOIN, _DIGESTS, _KERNELS, _AGREEMENT, _SNAPSHOT, _JPEG = (
    f"tests/{name}.py"
    for name in (
        "matching/test_views_kernels", "matching/test_holes", "matching/test_aslant", "search/test_index",
        "search/test_join", "hashing/test_digests", "hashing/test_kernels", "hashing/test_agreement",
        "matching/test_snapshot",
        "images/test_jpeg_reader",
    )
)  # fmt: skip
_MEASURED = f"{_VIEWS}::test_greys_are_counted_at_the_nearest_samples"
_REFINED = f"{_VIEWS}::test_refining_finds_where_a_crop_was_taken"
_BOXES = f"{_VIEWS}::test_boxes_equal_scoring_one_by_one"

_HIDDEN = "tests/matching/test_hidden_bits.py"

_MOVED = "tests/matching/test_moving_windows.py::test_a_window_moves_as_if_nothing_were_remembered"


def _in(name: str, what: str, before: str, after: str, *dies: str) -> Break:
    file = f"src/safehash/{name}" if name.endswith(".pyx") else f"src/safehash/_c/{name}"
    return Break(what=what, file=file, before=before, after=after, dies=dies)


BREAKS = (
    # -- what the rest of a picture says -----------------------------------------------------------------------
    _in(
        "_hidden.h",
        "what is hidden is held at the picture's own edges, too",
        "free_lo && free_hi ? m : free_lo || free_hi ? m + 0.5 : m + 1.0;",
        "m + 1.0;",
        f"{_HIDDEN}::test_it_is_what_is_found_slowly",
    ),
    _in(
        "_hidden.h",
        "the breadth of what is likely does not count",
        "    return (agreed - 0.5 * breadth) / a_bit + 256.0;",
        "    return agreed / a_bit + 256.0;",
        f"{_HIDDEN}::test_it_is_what_is_found_slowly",
    ),
    _in(
        "_hidden.h",
        "how unlikely the sums are does not count",
        "        total -= 0.5 * sums[a] * sums[a];",
        "        total -= 0.0 * sums[a];",
        f"{_HIDDEN}::test_it_is_what_is_found_slowly",
    ),
    _in(
        "_hidden.h",
        "what hides a part has a say",
        "                if (y >= rectangles[r][0] &&",
        "                if (r < 0 && y >= rectangles[r][0] &&",
        f"{_HIDDEN}::test_what_hides_a_part_has_no_say",
    ),
    _in(
        "_hidden.h",
        "what may come to enough is given up",
        "        if ((agreed + 2.0 * bring - 0.5 * breadth) / a_bit",
        "        if ((agreed - 20.0 - 0.5 * breadth) / a_bit",
        f"{_HIDDEN}::test_what_cannot_come_to_enough_is_found_roughly_and_what_can_exactly",
    ),
    # -- windows: what is measured, proposed, refined, filled --------------------------------------------------
    _in(
        "_views.h",
        "greys are counted in steps of an eighth of their deviation",
        "#define SV_GREY_STEPS 16.0 ",
        "#define SV_GREY_STEPS 8.0 ",
        _MEASURED,
    ),
    _in(
        "_views.h",
        "rows are taken for those of another window that begins alike",
        "kept->at[i][0] == from && kept->at[i][1] == to)",
        "kept->at[i][0] == from)",
        _MOVED,
    ),
    _in(
        "_views.h",
        "a window is taken for another one that was looked at",
        "window, sizeof bits) != 0)\n",
        "window, sizeof bits / 2) != 0)\n",
        _MOVED,
    ),
    _in(
        "_views.h",
        "three of the commonest greys count as the four",
        "    return largest[0] + largest[1] + largest[2] + largest[3];\n",
        "    return largest[0] + largest[1] + largest[2];\n",
        _MEASURED,
    ),
    _in(
        "_views.h",
        "corners of any greys are one plain ground",
        "    return highest - lowest <= SV_CORNER_ALIKE;\n",
        "    return 1;\n",
        "tests/matching/test_measures.py::test_a_plain_ground_is_four_flat_corners_of_one_grey",
    ),
    _in(
        "_views.h",
        "a corner may have any detail and be a plain ground",
        "        if (high - low > SV_CORNER_FLAT)\n            return 0;\n",
        "",
        "tests/matching/test_measures.py::test_a_plain_ground_is_four_flat_corners_of_one_grey",
    ),
    _in(
        "_views.h",
        "steps of a slope are lines",
        "            lines += (is_above || is_below) && ",
        "            lines += (before != 0 || behind != 0) && ",
        "tests/matching/test_measures.py::test_lines_go_on_and_are_brighter_or_darker_than_what_is_beside_them",
    ),
    _in(
        "_views.h",
        "dots are lines",
        "(is_above || is_below) && fabsf(here[along] - here[0]) < SV_FLAT_STEP;",
        "(is_above || is_below);",
        "tests/matching/test_measures.py::test_lines_are_counted_as_by_numpy",
    ),
    _in(
        "_views.h",
        "neighbours of three grey levels apart are flat",
        "#define SV_FLAT_STEP 1.5f ",
        "#define SV_FLAT_STEP 3.5f ",
        "tests/matching/test_measures.py::test_what_is_flat_differs_from_its_neighbours_by_less_than_a_level_and_a_half",
    ),
    _in(
        "_views.h",
        "faint coefficients are those under a fifth of the mean size",
        "#define SV_FAINT 50.0f ",
        "#define SV_FAINT 5.0f ",
        "tests/matching/test_measures.py::test_coefficients_are_faint_under_a_fiftieth_of_their_mean_size",
    ),
    _in(
        "_views.h",
        "a bit counts with all of its coefficient's size",
        "        sum += wanted[i] * (c > mean ? mean : c < -mean ? -mean : c);\n",
        "        sum += wanted[i] * c;\n",
        "tests/matching/test_measures.py::test_a_bit_agrees_by_its_coefficients_size_up_to_half_the_mean",
    ),
    _in(
        "_views.h",
        "the last window tried counts, not the nearest",
        "    if (distance < s->best_distance) {\n",
        "    if (s->n_evaluations) {\n",
        _REFINED,
    ),
    _in(
        "_views.h",
        "boxes may be as small as their lines allow",
        "            if (height * width * SV_LEAST_PART < n * n || (height == n && width == n))\n",
        "            if (height == n && width == n)\n",
        _BOXES,
    ),
    _in(
        "_views.h",
        "the last, short sample of a reduced decode counts as a whole one",
        "            box->last_weight = (float)((b - last_start) / (b - a));\n",
        "            box->last_weight = box->inner_weight;\n",
        f"{_VIEWS}::test_thumbnail_of_a_reduced_decode_counts_a_short_last_sample_by_its_length",
    ),
    _in(
        "_views_holes.h",
        "a hole is filled from its left and right alone",
        "        down[0] = top > 0 ? 1.0f / (float)(r - top + 1) : 0.0f;\n",
        "        down[0] = 0.0f;\n",
        f"{_HOLES}::test_a_hole_is_filled_from_its_borders",
    ),
    _in(
        "_views_holes.h",
        "holes may take a tenth of a picture at most",
        "#define SV_MOST_HOLE 40 ",
        "#define SV_MOST_HOLE 10 ",
        f"{_HOLES}::test_holes_take_two_fifths_of_an_upload_at_most",
    ),
    _in(
        "_views_holes.h",
        "holes may take all of a picture",
        "#define SV_MOST_HOLE 40 ",
        "#define SV_MOST_HOLE 100 ",
        f"{_HOLES}::test_holes_take_two_fifths_of_an_upload_at_most",
    ),
    _in(
        "_views_holes.h",
        "a further hole need bring nothing",
        "#define SV_HOLE_GAIN 0.03 ",
        "#define SV_HOLE_GAIN -2.0 ",
        f"{_HOLES}::test_holes_that_bring_nothing_are_none",
    ),
    _in(
        "_views_holes.h",
        "what is blown out counts among what is left",
        "    const float least_blown = most - SV_BLOWN;\n",
        "    const float least_blown = most + 1.0f;\n",
        f"{_HOLES}::test_greys_are_counted_of_what_is_not_blown_out",
    ),
    _in(
        "_views_quads.h",
        "corners that lie within the others hold a picture",
        "        if (sv_spanned(corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]) < 2.0 * SV_LEAST_TRIANGLE)\n",
        "        if (sv_spanned(corners[0], corners[1], corners[2]) < 2.0 * SV_LEAST_TRIANGLE)\n",
        f"{_ASLANT}::test_what_no_picture_lies_in_is_refused",
    ),
    _in(
        "_views_turns_body.h",
        "what is seen from the side is no farther at its far end",
        "            const double w = n / (p->beyond[0] * y + p->beyond[1] * x + 1.0);\n",
        "            const double w = n / (p->beyond[0] * 0.5 + p->beyond[1] * 0.5 + 1.0 + 0.0 * (x + y));\n",
        f"{_ASLANT}::test_what_lies_in_four_corners_is_brought_to_a_square",
    ),
    _in(
        "_views_corners.h",
        "the last corners tried count, not the nearest",
        "    if (distance < s->best_distance) {\n",
        "    if (s->n_evaluations) {\n",
        f"{_ASLANT}::test_corners_are_found_where_they_are",
    ),
    # -- search -------------------------------------------------------------------------------------------------
    _in(
        "_search_shared.h",
        "who wishes for a bucket that is read already gets nothing of it",
        "                end_wish = sh_end_of(w, at_slot, first_wish);\n",
        "                first_wish = (end_wish = sh_end_of(w, at_slot, first_wish)) - 1;\n",
        "tests/search/test_index.py::test_seeds_are_the_rows_that_share_slots",
    ),
    _in(
        "_search_shared.h",
        "of those who wish for a long bucket one gets it",
        "            for (k = of->first[i]; k < of->end[i]; k++) {\n",
        "            for (k = of->first[i]; k < of->first[i] + 1; k++) {\n",
        "tests/search/test_index.py::test_seeds_look_at_no_more_than_a_bucket_s_head",
    ),
    _in(
        "_search.h",
        "what lies at the radius is not found by the slots",
        "    if (!SH_RARE(distance <= max_distance) || sh_is_disabled(ix, row)) return SH_OK;\n",
        "    if (!SH_RARE(distance < max_distance) || sh_is_disabled(ix, row)) return SH_OK;\n",
        f"{_SEARCH}::test_the_probes_alone_equal_brute_force",
    ),
    _in(
        "_search.h",
        "looking at every digest leaves the last one out",
        "    for (row = 0; row < ix->n; row++) {\n",
        "    for (row = 0; row < ix->n - 1; row++) {\n",
        f"{_SEARCH}::test_every_level_scans_to_the_last_digest",
    ),
    _in(
        "_search.h",
        "rows that are never to be returned are",
        "    return ix->disabled && (ix->disabled[row >> 3] >> (row & 7) & 1);\n",
        "    return 0 && ix->disabled && row;\n",
        f"{_SEARCH}::test_every_method_equals_brute_force",
    ),
    _in(
        "_search.h",
        "a row is told once for every slot that finds it",
        "        if (!seeds) return SH_OK;\n",
        "",
        f"{_SEARCH}::test_the_probes_alone_equal_brute_force",
    ),
    _in(
        "_search.h",
        "seeds look at all of a bucket",
        "            if (seeds && end - first > (uint64_t)plan->max_bucket)",
        "            if (0 && seeds && end - first > (uint64_t)plan->max_bucket)",
        f"{_SEARCH}::test_seeds_are_the_rows_that_share_slots",
        f"{_SEARCH}::test_seeds_look_at_no_more_than_a_bucket_s_head",
    ),
    _in(
        "_search.h",
        "answers come in the order in which they were found",
        "    if (status == SH_OK) sh_sort(hits->keys + first, hits->n - first);\n",
        "",
        f"{_SEARCH}::test_every_method_equals_brute_force",
    ),
    _in(
        "_blocks.h",
        "a mapped block is never compared with its checksum",
        "        if (SH_RARE(!file->verified[first]) && sh_verify_block(file, first)) return SH_BAD_BLOCK;\n",
        "        if (SH_RARE(!file->verified[first]) && 0) return sh_verify_block(file, first);\n",
        f"{_SNAPSHOT}::test_no_changed_byte_changes_an_answer",
    ),
    _in(
        "_blocks.h",
        "of what is asked for only the first block is compared",
        "    last = (at + n_bytes - 1) >> SH_BLOCK_BITS;\n",
        "    last = at >> SH_BLOCK_BITS;\n    (void)n_bytes;\n",
        f"{_SNAPSHOT}::test_no_changed_byte_changes_an_answer",
    ),
    _in(
        "_blocks.h",
        "seals of a signed file are not compared",
        "    if (file->seals) {\n",
        "    if (0 && file->seals) {\n",
        "tests/matching/test_signing.py::test_checksums_can_be_forged_and_seals_cannot",
        "tests/matching/test_signing.py::test_a_forger_with_all_checksums_is_met",
    ),
    _in(
        "_join.h",
        "pairs three bits of a slot apart do not meet",
        "    for (i = 0; radius >= 3 && i < 16; i++)\n",
        "    for (i = 0; radius >= 4 && i < 16; i++)\n",
        f"{_JOIN}::test_three_errors_in_each_slot_are_found",
    ),
    # -- digests ------------------------------------------------------------------------------------------------
    _in(
        "_digests.h",
        "digests of any number of ones are not degenerate by that",
        "#define SH_UNEVEN 8\n",
        "#define SH_UNEVEN 128\n",
        f"{_DIGESTS}::test_degenerate_is_what_it_says",
        f"{_DIGESTS}::test_degenerate_starts_where_it_says",
    ),
    _in(
        "_digests.h",
        "rows may repeat each other a half more",
        "#define SH_ALIKE 60 ",
        "#define SH_ALIKE 90 ",
        f"{_DIGESTS}::test_degenerate_starts_where_it_says",
    ),
    _in(
        "_digests.h",
        "the negative of a plain shape is none",
        "    return least < 256 - most ? least : 256 - most;\n",
        "    return least;\n",
        f"{_DIGESTS}::test_distance_to_plain_is_that_of_the_nearest_shape",
    ),
    _in(
        "_digests.h",
        "two turns are each other's",
        "    {0, 0, 0}, {1, 1, 0}, {0, 1, 1}, {1, 0, 1},",
        "    {0, 0, 0}, {1, 0, 1}, {0, 1, 1}, {1, 1, 0},",
        f"{_DIGESTS}::test_turns_are_those_of_the_signs",
    ),
    # -- hashes -------------------------------------------------------------------------------------------------
    _in(
        "_core.pyx",
        "the reference's rounding never decides",
        "cdef int A_COUPLE = 2\n",
        "cdef int A_COUPLE = 256\n",
        f"{_AGREEMENT}::test_pdq_equals_the_reference_where_coefficients_tie",
        f"{_AGREEMENT}::test_the_references_rounding_decides_where_more_than_a_couple_are_in_doubt",
    ),
    _in(
        "_core.pyx",
        "two of the turned pictures are each other's",
        "    [[0, 6], [5, 1], [4, 3], [2, 7]],\n",
        "    [[0, 6], [5, 3], [4, 1], [2, 7]],\n",
        f"{_KERNELS}::test_turned_equals_turning_the_pixels",
    ),
    _in(
        "_phash.h",
        "pHash's median is the upper of the two middle ones",
        "    const double median = (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0;\n",
        "    const double median = sorted[n / 2];\n",
        f"{_AGREEMENT}::test_phash_equals_the_reference_on_generated_pictures",
    ),
    _in(
        "_phash.h",
        "tall pictures are shrunk along their rows first, too",
        "    return picture->n_rows > side && picture->n_rows - side > 2 * (picture->n_cols - side);\n",
        "    return 0 && picture->n_rows > side;\n",
        f"{_AGREEMENT}::test_phash_equals_the_reference_on_generated_pictures",
        "tests/hashing/test_golden.py",
    ),
    _in(
        "_sums_body.h",
        "sums of a line's second block are added to its first",
        "        SH_NAME(add_few)(line + from, halves,",
        "        SH_NAME(add_few)(line, halves,",
        f"{_KERNELS}::test_lines_that_are_added_up_in_several_blocks",
    ),
    _in(
        "_transform_body.h",
        "the ends of rows and the beginnings of the next are neighbours",
        "        sum -= SH_NAME(percent)(small[i - 1], small[i]);\n",
        "        (void)0;\n",
        "tests/hashing/test_golden.py",
    ),
    # -- readers of bytes ----------------------------------------------------------------------------------------
    _in(
        "_jpeg_file.h",
        "a JPEG that says it holds red, green and blue is read as luma",
        "        r->is_not_ycc = body[11] != SJ_YCC;\n",
        "        r->is_not_ycc = 0;\n",
        f"{_JPEG}::test_what_is_irregular_is_left_to_others",
    ),
    _in(
        "_jpeg_file.h",
        "chroma finer than luma is read as if it were not",
        "    if (r->component[0].across_each != r->most_across || r->component[0].down_each != r->most_down)\n",
        "    if (0)\n",
        f"{_JPEG}::test_luma_coarser_than_chroma_is_left_to_others",
    ),
    _in(
        "_jpeg_scans.h",
        "a progressive JPEG without its last bits is read",
        "            if (low[c][k] != 0) /* decoders smooth such pictures */\n",
        "            if (low[c][k] > 20) /* decoders smooth such pictures */\n",
        f"{_JPEG}::test_what_is_irregular_is_left_to_others",
    ),
    _in(
        "_jpeg_scans.h",
        "bytes that a scan leaves over are no damage",
        "            if (!sj_is_done(&r->stream))\n",
        "            if (0)\n",
        f"{_JPEG}::test_what_is_irregular_is_left_to_others",
    ),
    _in(
        "_jpeg_sequential_body.h",
        "means go on behind a restart marker",
        "                mean[0] = mean[1] = mean[2] = 0;\n",
        "",
        f"{_JPEG}::test_means_and_whole_pictures_are_the_decoders",
    ),
    _in(
        "_jpeg_progressive_body.h",
        "further bits of a negative coefficient make it larger",
        "        *value = (int16_t)(*value + (*value < 0 ? -further : further));\n",
        "        *value = (int16_t)(*value + further);\n",
        f"{_JPEG}::test_samples_are_those_that_the_kept_coefficients_make_up",
    ),
    _in(
        "_png.h",
        "the average of two bytes is rounded up",
        "row[i] = (uint8_t)(row[i] + ((row[i - pixel] + above[i]) >> 1));",
        "row[i] = (uint8_t)(row[i] + ((row[i - pixel] + above[i] + 1) >> 1));",
        "tests/images/test_png_whole.py::test_filters_are_undone_as_the_specification_says",
    ),
    _in(
        "_bmp_runs.h",
        "a run goes on into the next row",
        "            if (left < code) return 0;\n            shown = count < runs->cols - runs->col ?",
        "            if (left < code) return 0;\n            shown = runs->row + 1 < runs->rows ?",
        "tests/images/test_bmp_runs.py::test_the_kernel_unpacks_what_the_oracle_does",
    ),
    _in(
        "_gamut.h",
        "chroma of the last rows stands for none",
        "        const ptrdiff_t n_rows = of->rows - top < of->down ? of->rows - top : of->down;\n",
        "        const ptrdiff_t n_rows = of->rows - top < of->down ? 1 : of->down;\n",
        "tests/images/test_gamut.py::test_means_stand_for_their_samples",
    ),
)
