"""Breaks of what bounds the cost of a picture's alternates and frames, in time and in memory."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_ALTERNATES = "tests/images/test_costs_of_alternates.py"
_DOUBTFUL = "tests/matching/test_doubtful_pictures.py"
_UNREDUCED = f"{_ALTERNATES}::test_frames_that_are_not_reduced_hold_the_first_one_besides"
_FRAMES, _PNG, _GIF, _COLOUR, _CONVERSIONS, _SEEN, _JPEG, _ENDS, _WHOLE = (
    f"src/safehash/images/{name}.py"
    for name in (
        "frames", "png", "gif", "colour", "conversions", "seen", "jpeg", "jpeg_ends", "png_whole",
    )
)  # fmt: skip
_VIEWS = "src/safehash/matching/views.py"
_TURNING = "src/safehash/matching/turning.py"

BREAKS = (
    Break(
        what="frames with alpha cost what others do",
        file=_FRAMES,
        before="(_COST_OF_ALPHA if facts.transparent else 1)",
        after="1",
        dies=(f"{_ALTERNATES}::test_frames_that_are_not_opaque_cost_four_times_as_much",),
    ),
    Break(
        what="pictures of an HEIC file are as many as frames of an animation",
        file="src/safehash/images/formats.py",
        before=", worth=STILLS)",
        after=")",
        dies=(
            "tests/images/test_heif.py::test_many_pictures_that_take_no_bytes_are_looked_at_within_bounds",
        ),
    ),
    Break(
        what="what frames of a PNG are unpacked to costs nothing",
        file=_PNG,
        before="        left -= bytes_of_rows(file, (frame.width, frame.height))\n",
        after="",
        dies=(f"{_ALTERNATES}::test_what_frames_are_unpacked_to_counts",),
    ),
    *(
        Break(
            what="frames that are not reduced hold nothing besides",
            file=file,
            before="    unreduced = HELD_UNREDUCED if request.step_of(size) == 1 else 0\n",
            after="    unreduced = 0\n",
            dies=(_UNREDUCED,),
        )
        for file in (_PNG, _GIF)
    ),
    Break(
        what="the conversion of a large table is made for every strip",
        file=_COLOUR,
        before="    made = colour._transforms.get(is_exact)\n",
        after="    made = None\n",
        dies=(f"{_ALTERNATES}::test_the_conversion_of_a_large_table_is_made_once_for_a_picture",),
    ),
    Break(
        what="one transparent colour gives alpha to every pixel",
        file=_CONVERSIONS,
        before="    elif _has_plain_key(image) and (",
        after="    elif False and (",
        dies=(f"{_ALTERNATES}::test_alpha_is_given_to_no_pixel_of_a_picture_with_one_transparent_colour",),
    ),
    Break(
        what="a picture that is not reduced may hold anything",
        file=_SEEN,
        before="    check(1)\n",
        after="",
        dies=(f"{_ALTERNATES}::test_what_is_made_of_an_unreduced_picture_is_held_beside_it",),
    ),
    Break(
        what="another picture made of one that is not reduced holds nothing",
        file=_SEEN,
        before="        check(2)\n",
        after="        check(1)\n",
        dies=(f"{_ALTERNATES}::test_what_is_made_of_an_unreduced_picture_is_held_beside_it",),
    ),
    Break(
        what="a cut JPEG is decoded for white, and again for black",
        file=_JPEG,
        before='    looks_at_both = request.effort not in (None, "fast")\n',
        after="    looks_at_both = False\n",
        dies=(f"{_ALTERNATES}::test_what_is_there_is_decoded_once_for_white_and_black",),
    ),
    Break(
        what="rows of 16 bits are left to the library, which takes several times as long",
        file=_WHOLE,
        before='    "I;16B": 2, "LA;16B": 4, "RGB;16B": 6, "RGBA;16B": 8,\n',
        after="",
        dies=("tests/images/test_png_whole.py::test_the_library_decodes_the_same",),
    ),
    Break(
        what="every doubtful picture of an upload is turned, however many there are",
        file=_TURNING,
        before="            self._left[is_new and self.since(own, thumbs) == 0] -= n_pixels\n",
        after="            pass\n",
        dies=(f"{_DOUBTFUL}::test_turns_are_looked_at_closely_for_so_many_pixels_of_an_upload",),
    ),
    Break(
        what="what more effort turns takes pixels from what less effort does",
        file=_TURNING,
        before="else self._left[is_new and self.since(own, thumbs) == 0]",
        after="else min(self._left.values())",
        dies=(f"{_DOUBTFUL}::test_what_more_effort_turns_takes_nothing_from_what_less_does",),
    ),
    Break(
        what="each of many flat frames is turned",
        file=_VIEWS,
        before="is_enough=partial(is_enough, thumbs=thumbs) if first is not None or turning.is_lazy else None",
        after="is_enough=None",
        dies=(
            f"{_DOUBTFUL}::test_of_frames_that_are_flat_the_first_alone_is_turned",
            f"{_DOUBTFUL}::test_of_frames_that_are_the_same_one_is_turned",
        ),
    ),
)
