"""Breaks of our own reader of JPEG files: what it leaves to the decoder, which scans it reads, what its samples are."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_C = "src/safehash/_c/_jpeg"
_FILE, _SCANS, _STEPS, _BITS, _STATE, _SAMPLES, _SEQUENTIAL, _PROGRESSIVE = (
    f"{_C}_{name}.h"
    for name in (
        "file", "scans", "steps", "bits", "state", "samples_body", "sequential_body", "progressive_body",
    )
)  # fmt: skip
_OPERATOR = "src/safehash/_c/_operator.h"
_TESTS = "tests/images/test_jpeg_reader.py"
_IRREGULAR = f"{_TESTS}::test_what_is_irregular_is_left_to_others"
_CHANGED = f"{_TESTS}::test_what_is_read_of_a_changed_file_is_what_the_decoder_reads"
_MEANS = f"{_TESTS}::test_means_and_whole_pictures_are_the_decoders"
_SMOOTH = f"{_TESTS}::test_of_a_smooth_picture_the_samples_are_right_to_a_level"
_CUT = f"{_TESTS}::test_no_truncated_file_is_read"
_FOLDED = "tests/hashing/test_kernels.py::test_folding_equals_the_operator_on_lines_through_the_means"
_SHOWN = f"{_C}_shown_body.h"
_OF_SHOWN = "tests/images/test_jpeg_shown.py::test_what_is_shown_of_strong_colours_is_the_librarys"

BREAKS = (
    Break(
        what="chroma is drawn between its rows as if the picture had no last one",
        file=_SHOWN,
        before="beside >= n_rows ? n_rows - 1 : beside",
        after="beside",
        dies=(_OF_SHOWN,),
    ),
    Break(
        what="sixteen bits of a coefficient are taken for all of it",
        file=f"{_C}_whole_body.h",
        before="        odd |= SH_NAME(is_beyond)(&in_of[j], q[j], SJ_GREATEST_WHOLE);\n",
        after="        odd |= 0;\n",
        dies=("tests/images/test_jpeg_shown.py::test_what_sixteen_bits_do_not_hold_is_left_by_every_level",),
    ),
    Break(
        what="of sixteen blocks the third and the fourth stand behind the fifth",
        file=f"{_C}_whole_body.h",
        before="fours[i & 2], fours[(i & 2) + 1])\n                                     :",
        after="fours[2 - (i & 2)], fours[(i & 2) + 1])\n                                     :",
        dies=(_OF_SHOWN,),
    ),
    Break(
        what="red, green and blue that no screen has count as they are",
        file=_SHOWN,
        before="        reds = _mm256_min_epi16(_mm256_max_epi16(reds, none), most);\n",
        after="",
        dies=(_OF_SHOWN,),
    ),
    Break(
        what="a picture that is decoded once more is read in the same pass, too",
        file="src/safehash/images/jpeg.py",
        before="    return wanted and _is_within((header.width, header.height), 1, request)\n",
        after="    return wanted\n",
        dies=("tests/images/test_jpeg_shown.py::test_a_second_decode_gives_the_same",),
    ),
    Break(
        what="red stored as the first component is taken for luma where Adobe's segment says so",
        file=_FILE,
        before="r->is_not_ycc = body[11] != SJ_YCC;",
        after="r->is_not_ycc = 0;",
        dies=(_IRREGULAR,),
    ),
    Break(
        what="red stored as the first component is taken for luma where its number says so",
        file=_FILE,
        before="(of[0].number == 'R' && of[1].number == 'G' && of[2].number == 'B')",
        after="0",
        dies=(_IRREGULAR,),
    ),
    Break(
        what="samples of twelve bits are read as of eight",
        file=_FILE,
        before="n < 6 || body[0] != 8 ||",
        after="n < 6 ||",
        dies=(_IRREGULAR,),
    ),
    Break(
        what="a second frame header takes the place of the first",
        file=_FILE,
        before="if (r->n_components || n < 6",
        after="if (n < 6",
        dies=(_IRREGULAR,),
    ),
    Break(
        what="a scan that ends early counts as read",
        file=_BITS,
        before="{ return s->is_whole && sj_place(&s->now) == s->filled; }",
        after="{ return s->is_whole; }",
        dies=(f"{_TESTS}::test_no_scan_that_lacks_bytes_is_read",),
    ),
    Break(
        what="what stands behind a scan in memory is read for more of it",
        file=_BITS,
        before="        return sj_place(&s->now) <= s->filled;\n",
        after="        return 1;\n",
        dies=(f"{_TESTS}::test_reading_ends_where_the_bits_do",),
    ),
    Break(
        what="a file that ends behind its last scan is whole",
        file=_SCANS,
        before="            if (status != (r->has_one_scan ? SJ_DONE : SJ_MORE))\n",
        after="            if (!r->has_one_scan && status != SJ_MORE)\n",
        dies=(_CUT, _IRREGULAR),
    ),
    Break(
        what="a restart marker of any number will do",
        file=_STEPS,
        before="s->source[1] != 0xD0 + r->next_restart",
        after="(s->source[1] & 0xF8) != 0xD0",
        dies=(_CHANGED,),
    ),
    Break(
        what="a progressive file that lacks a scan is read, where decoders smooth it",
        file=_SCANS,
        before="            if (low[c][k] != 0) /* decoders smooth such pictures */\n",
        after="            if (low[c][k] > 9)\n",
        dies=(_IRREGULAR,),
    ),
    Break(
        what="the same scan may come twice",
        file=_SCANS,
        before="if (of[k] < 0 ? scan->high > 0 : of[k] == 0 || scan->high != of[k])",
        after="if (of[k] < 0 && scan->high > 0)",
        dies=(_IRREGULAR,),
    ),
    Break(
        what="scans are not counted before they are read",
        file=_SCANS,
        before="        if (n == SJ_MOST_SCANS)\n            return SJ_IRREGULAR;\n",
        after="        if (n == SJ_MOST_SCANS)\n            n = 0;\n",
        dies=(f"{_TESTS}::test_scans_are_counted_before_they_are_read",),
    ),
    Break(
        what="further bits of a progressive file are never read, however coarse it is without them",
        file=_SCANS,
        before="            coarse |= (uint64_t)1 << k;\n",
        after="            coarse |= 0;\n",
        dies=(f"{_TESTS}::test_bits_that_are_passed_over_are_few",),
    ),
    Break(
        what="a refined coefficient below zero moves towards it",
        file=_PROGRESSIVE,
        before="(*value < 0 ? -further : further)",
        after="further",
        dies=(_SMOOTH,),
    ),
    Break(
        what="the third of four samples is the second",
        file=_SAMPLES,
        before="        r2[i] = SH_NAME(middle)(inner - inner_odd, &odd);\n",
        after="        r2[i] = SH_NAME(middle)(inner + inner_odd, &odd);\n",
        dies=(_SMOOTH,),
    ),
    Break(
        what="what no decoder shows alike is cut off at black and white without a word",
        file=_SAMPLES,
        before="    *odd |= (uint32_t)(sample + SJ_GREATEST_SAMPLE) & ~(uint32_t)(2 * SJ_GREATEST_SAMPLE - 1);\n",
        after="    *odd |= (uint32_t)(sample + SJ_GREATEST_SAMPLE) & 0u;\n",
        dies=(_CHANGED,),
    ),
    Break(
        what="a mean beyond what eight bits have wraps around",
        file=_SEQUENTIAL,
        before="odd |= (unsigned)(mean[c] + SJ_GREATEST_DC + 1) & ~(unsigned)(2 * SJ_GREATEST_DC + 1);",
        after="odd |= (unsigned)(mean[c] + SJ_GREATEST_DC + 1) & 0u;",
        dies=(f"{_TESTS}::test_means_beyond_what_eight_bits_have_are_left_to_others",),
    ),
    Break(
        what="the means of both kinds of chroma are those of the first",
        file=_SAMPLES,
        before="        const sj_component *component = &r->component[1 + i];\n",
        after="        const sj_component *component = &r->component[1];\n",
        dies=(f"{_TESTS}::test_the_means_of_chroma_are_the_decoders",),
    ),
    Break(
        what="samples of a reduced picture are all equal to their mean",
        file=_OPERATOR,
        before="    if (step == 1)\n        return;\n",
        after="    if (step >= 1)\n        return;\n",
        dies=(_FOLDED,),
    ),
)
