"""Breaks of decoding: which pictures of a file are made, in which colours, how far, and what is called damaged."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_FURTHER, _ANIMATIONS = (f"tests/images/test_{name}.py" for name in ("further_pictures", "animations"))
_AVIF, _BOXES, _PNG, _WEBP, _ENDS, _EXIF, _JPEG, _TIFF, _SAMPLES, _TIFF_COLOURS, _PICTURES, _CANVAS, _GIF, _SEEN = (
    f"src/safehash/images/{name}.py"
    for name in (
        "avif", "boxes", "png", "webp", "jpeg_ends", "exif", "jpeg", "tiff", "tiff_samples", "tiff_colours",
        "pictures", "canvas", "gif", "seen",
    )
)  # fmt: skip
_CUT = f"{_FURTHER}::test_rows_that_a_cut_jpeg_lacks_are_empty_in_every_mode"
_FIRST_SCAN = f"{_FURTHER}::test_a_progressive_jpeg_cut_within_its_first_scan_has_the_rows_that_scan_has"
_TWO = f"{_FURTHER}::test_an_avif_animation_and_its_still_picture_are_both_looked_up"

_SIGNS = "tests/images/test_gamut.py::test_what_chroma_hides_that_changes_its_sign_is_looked_up"

_COSTS = "tests/images/test_costs_of_siblings.py"
_REFUSED = "tests/images/test_counting.py::test_made_to_cost_is_refused_on_its_bytes"

_DAMAGED, _TAKEN = (f"tests/images/test_{name}.py" for name in ("damaged_pixels", "taken_as_browsers"))
_WEBP_ENDS, _AVIF_ENDS = (f"src/safehash/images/{name}_ends.py" for name in ("webp", "avif"))

_ITEMS = "tests/images/test_avif_items.py"
_SHOWN, _OVERLAY, _DECLARED = (
    f"src/safehash/images/{name}.py" for name in ("avif_shown", "avif_overlay", "declared")
)
_PAINTED = "tests/images/test_painted.py::test_what_was_painted_is_looked_up_at_every_effort"

_PNM, _PNG_ROWS, _CONVERSIONS, _GUARDING = (
    f"src/safehash/images/{name}.py" for name in ("pnm", "png_rows", "conversions", "guarding")
)
_LAST = "tests/images/test_ends_of_animations.py"
_OF_PNM, _OF_IMAGES = (f"tests/images/test_{name}.py" for name in ("pnm", "images"))

BREAKS = (
    Break(
        what="samples of a PPM in digits are held beside the pictures made of them",
        file=_PNM,
        before="    del values, cube  # what is made of the image takes their room\n",
        after="",
        dies=(f"{_OF_PNM}::test_samples_of_digits_are_let_go_before_a_picture_is_made_of_them",),
    ),
    Break(
        what="a strip of a cut PNG's rows is unfiltered as if none were above it",
        file=_PNG_ROWS,
        before="        above = bytes(strip[1 - n_bytes - ROOM :])\n",
        after="",
        dies=(f"{_DAMAGED}::test_rows_of_a_png_are_the_same_however_many_are_decoded_at_once",),
    ),
    Break(
        what="strips of a cut PNG are all put at its top",
        file=_PNG_ROWS,
        before="across][first : first + n_strip]",
        after="across][:n_strip]",
        dies=(f"{_DAMAGED}::test_rows_of_a_png_are_the_same_however_many_are_decoded_at_once",),
    ),
    Break(
        what="strips that are taken in another way are all put at the top",
        file=_CONVERSIONS,
        before="min(height, top + n_rows)))), (0, top))",
        after="min(height, top + n_rows)))), (0, 0))",
        dies=(
            "tests/images/test_taken_as_browsers.py::test_what_is_taken_in_another_way_is_the_same_a_strip_at_a_time",
        ),
    ),
    Break(
        what="an AVIF picture keeps its decoder, with what that holds",
        file=_AVIF,
        before="take=_take)",
        after="take=None)",
        dies=(f"{_OF_IMAGES}::test_a_still_avif_holds_neither_planes_nor_another_copy",),
    ),
    Break(
        what="an AVIF that says of no time how long it is shown is damaged",
        file=_AVIF,
        before="    samples = get_frame(0)[0]",
        after="    samples, timescale, _, duration = get_frame(0)\n    duration / timescale",
        dies=(f"{_OF_IMAGES}::test_a_still_avif_is_taken_whatever_is_said_of_its_time",),
    ),
    Break(
        what="with a Pillow whose AVIF decoder is elsewhere every AVIF is damaged",
        file=_AVIF,
        before='getattr(getattr(image, "_decoder", None), "get_frame", None)',
        after="image._decoder.get_frame",
        dies=(f"{_OF_IMAGES}::test_a_library_whose_decoder_is_elsewhere_decodes_in_its_own_way",),
    ),
    Break(
        what="a WebP that Pillow was built without is called damaged",
        file=_WEBP,
        before="    if not plugin.SUPPORTED:\n",
        after="    if False:\n",
        dies=(f"{_OF_IMAGES}::test_a_tiff_of_webp_strips_says_so_too",),
    ),
    Break(
        what="a decoder that Pillow's own module lacks is damage",
        file=_GUARDING,
        before="    if _NOT_BUILT.search(str(error)):\n",
        after="    if False:\n",
        dies=(f"{_OF_IMAGES}::test_so_is_one_that_its_own_module_lacks",),
    ),
    Break(
        what="the primary picture of an AVIF is taken for the one that is shown, whatever stands before it",
        file=_SHOWN,
        before="            if primary in items:\n                return items\n",
        after="            if primary in items:\n                return [primary]\n",
        dies=(f"{_ITEMS}::test_the_first_alternative_is_shown_and_the_primary_picture_is_looked_up",),
    ),
    Break(
        what="alternatives that are not looked at are silence where effort is least",
        file=_AVIF,
        before='replace(failing(_FOR_IT, exc), effort="fast")',
        after="failing(_FOR_IT, exc)",
        dies=(f"{_ITEMS}::test_more_alternatives_than_are_looked_at_are_no_silence",),
    ),
    Break(
        what="parts of an AVIF picture are all laid at its corner",
        file=_OVERLAY,
        before='canvas.paste(part.convert("RGB"), place)',
        after='canvas.paste(part.convert("RGB"), (0, 0))',
        dies=(f"{_ITEMS}::test_parts_lie_one_over_the_other_where_the_file_says",),
    ),
    Break(
        what="pixels of parts that lie under one another have no bound",
        file=_OVERLAY,
        before="        if n_pixels > _MOST_SHARE * request.limits.max_pixels:",
        after="        if n_pixels < 0:",
        dies=(f"{_ITEMS}::test_parts_are_bounded",),
    ),
    Break(
        what="a grid's tiles say nothing of its colours",
        file=_BOXES,
        before="    if len(coloured) == 2 or dict(",
        after="    if len(coloured) <= 2 or dict(",
        dies=(f"{_ITEMS}::test_a_grid_is_in_the_colours_of_its_first_tile_where_it_says_none",),
    ),
    Break(
        what="a profile that nobody heeds goes before a gamma",
        file=_DECLARED,
        before="    if profile is not None and space_of_icc(profile) in (",
        after='    if profile is not None and (space_of_icc(profile) or "RGB") in (',
        dies=(f"{_PAINTED}[015.png-0-a gamma behind a profile that is cut]",),
    ),
    Break(
        what="alpha beside palette indices is left aside",
        file=_TIFF_COLOURS,
        before="    whole = np.ascontiguousarray(indices.astype(np.uint8))\n    if alpha is None:\n",
        after="    whole = np.ascontiguousarray(indices.astype(np.uint8))\n    if True:\n",
        dies=(f"{_PAINTED}[t311.tif-0-a palette of 8 bits with unassociated alpha]",),
    ),
    Break(
        what="of a damaged WebP all is shown, whatever was made of zeros",
        file=_WEBP,
        before="            n_rows = rows_there(data, _rows_alike(found, other))\n",
        after="",
        dies=(f"{_DAMAGED}::test_rows_of_a_webp_before_its_damage_are_seen_and_white_behind",),
    ),
    Break(
        what="rows that wait to be smoothed are taken for shown",
        file=_WEBP_ENDS,
        before="            return max(0, there - _WAITING[_smoothing(coded)])\n",
        after="            return there\n",
        dies=(f"{_DAMAGED}::test_rows_of_a_webp_before_its_damage_are_seen_and_white_behind",),
    ),
    Break(
        what="half of the codes is kept before some that mean nothing",
        file=_WEBP,
        before="range(min(_HALVINGS, _MOST_SEARCHED // n_pixels))",
        after="range(1)",
        dies=(f"{_DAMAGED}::test_codes_that_mean_nothing_end_a_lossless_webp",),
    ),
    Break(
        what="zeros behind the codes of many frames have no bound",
        file=_WEBP_ENDS,
        before="            longer = longer if left[0] >= 0 else content\n",
        after="",
        dies=(f"{_DAMAGED}::test_zeros_are_added_within_bounds",),
    ),
    Break(
        what="frames of an AVIF behind a damaged one are not looked at",
        file=_AVIF_ENDS,
        before="        _lengthen_frames(data, tables, added)\n",
        after="        del tables\n",
        dies=(f"{_DAMAGED}::test_frames_behind_a_damaged_one_of_an_avif_are_looked_at",),
    ),
    Break(
        what="one place named over and over grows a file without a bound",
        file=_AVIF_ENDS,
        before=" if added.is_lengthened and not added.is_full() else None",
        after=" if added.is_lengthened else None",
        dies=(
            f"{_DAMAGED}::test_a_box_that_names_one_place_over_and_over_adds_no_more_than_a_file_is_given",
        ),
    ),
    Break(
        what="open numbers of a video's colours say nothing",
        file="src/safehash/images/declared.py",
        before="        primaries = _SRGB_PRIMARIES\n",
        after="        return None\n",
        dies=(f"{_TAKEN}::test_open_numbers_of_an_avif_are_srgb_s",),
    ),
    Break(
        what="a matrix before a table holds",
        file="src/safehash/images/icc.py",
        before="        table, matrix = _without_matrix(table)\n",
        after='        matrix = b""\n',
        dies=(f"{_TAKEN}::test_a_matrix_before_a_table_holds_for_other_viewers_alone",),
    ),
    Break(
        what="alpha of a still AVIF has its whole range alone",
        file=_AVIF,
        before="    narrow = np.array(_NARROW, np.uint8)[alpha]\n",
        after="    narrow = alpha\n",
        dies=(f"{_TAKEN}::test_alpha_of_a_still_avif_is_taken_for_narrow",),
    ),
    Break(
        what="frames beyond the canvas cost nothing",
        file=_GIF,
        before="        left -= frame.width * _n_decoded_rows(frame, size[1])\n",
        after="",
        dies=(f"{_COSTS}::test_frames_beyond_the_canvas_are_paid_for",),
    ),
    Break(
        what="strips weigh the same, whatever unpacks them",
        file="src/safehash/images/counting.py",
        before='            budget.spend(count, each, f"{count} strips or tiles")\n',
        after='            budget.spend(count, _STRIP, f"{count} strips or tiles")\n',
        dies=(f"{_COSTS}::test_strips_are_weighed_by_what_unpacks_them",),
    ),
    Break(
        what="chunks within a frame are not counted",
        file="src/safehash/images/webp_parts.py",
        before="            at += _FRAME_HEADER\n",
        after="            at += n_bytes + n_bytes % 2\n",
        dies=(_REFUSED,),
    ),
    Break(
        what="tables of a lossless picture cost nothing",
        file="src/safehash/images/webp_parts.py",
        before='        budget.spend(n_groups, _GROUP, f"{n_groups} groups of codes in one picture")\n',
        after="",
        dies=(_REFUSED,),
    ),
    Break(
        what="a strip of a TIFF file makes as many tables as it likes",
        file="src/safehash/images/tiff_samples.py",
        before="    check_tables(packed)\n",
        after="",
        dies=("tests/images/test_webp_parts.py::test_a_strip_of_a_tiff_file_is_held_to_its_pixels",),
    ),
    Break(
        what="a remark among digits is carried from piece to piece",
        file="src/safehash/images/pnm.py",
        before='        return text[:remark], b"#"\n',
        after="        return text[:remark], text[remark:]\n",
        dies=(f"{_COSTS}::test_what_is_carried_on_does_not_grow",),
    ),
    Break(
        what="fill among a JPEG file's pixels stays there",
        file="src/safehash/images/mending.py",
        before='_FILL.sub(b"\\xff", data[at - 2 :]) if _LONG_FILL in data else data[at - 2 :]',
        after="data[at - 2 :]",
        dies=(f"{_COSTS}::test_fill_among_pixels_is_nothing",),
    ),
    Break(
        what="chroma that spreads is taken for its mean",
        file="src/safehash/images/gamut.py",
        before='    return apart(by="samples", blue_spreads=blue.spreads, red_spreads=red.spreads) > of_spread\n',
        after="    return False\n",
        dies=(_SIGNS,),
    ),
    Break(
        what="the picture as it is shown is averaged before what leaves the screen is cut",
        file=_JPEG,
        before="    step = min(step, provenance.scale)\n",
        after="    step = provenance.scale\n",
        dies=(_SIGNS,),
    ),
    Break(
        what="chroma of a progressive JPEG is read as far as its means",
        file="src/safehash/_c/_jpeg_scans.h",
        before="(scan->from == 0 || !sj_has(scan, 0))",
        after="scan->from == 0",
        dies=(_SIGNS,),
    ),
    Break(
        what="an AVIF animation is looked at to its end, whatever that costs",
        file="src/safehash/images/frames.py",
        before="        if left < 0:\n",
        after="        if left < -(10**12):\n",
        dies=(f"{_ANIMATIONS}::test_an_avif_animation_is_looked_at_as_far_as_its_bytes_are_worth",),
    ),
    Break(
        what="what else may be seen of a file is made without the guard",
        file="src/safehash/images/decoding.py",
        before="    if not frame.also:\n        return frame\n",
        after="    return frame\n",
        dies=(
            "tests/images/test_every_attribute.py::test_an_error_at_any_use_of_any_attribute_is_one_of_ours",
        ),
    ),
    Break(
        what="the still picture beside an AVIF animation is not looked up",
        file=_AVIF,
        before="            first = replace(first, also=first.also + still)\n",
        after="            first = replace(first, also=first.also)\n",
        dies=(_TWO,),
    ),
    Break(
        what="the animation beside an AVIF still is not looked up",
        file=_AVIF,
        before="        for frame in _read(data[:8] + _ANIMATED + data[12:], request):\n",
        after="        for frame in ():\n",
        dies=(_TWO,),
    ),
    Break(
        what="every AVIF animation counts as two pictures",
        file=_BOXES,
        before="    return bool(frames) and still is not None and still not in frames\n",
        after="    return bool(frames) and still is not None\n",
        dies=(_TWO,),
    ),
    Break(
        what="an AVIF animation in the narrow range has the colours of the full one",
        file=_AVIF,
        before="(np.arange(256) - _BLACK) * 255 / (_WHITE - _BLACK)",
        after="np.arange(256)",
        dies=(f"{_FURTHER}::test_every_view_of_an_avif_animation_is_made_in_the_narrow_range_too",),
    ),
    Break(
        what="only the plain view of an AVIF animation is made in the narrow range",
        file=_SEEN,
        before="in_own_colours(painted, provenance, step, colours, mode=mode)",
        after="()",
        dies=(f"{_FURTHER}::test_every_view_of_an_avif_animation_is_made_in_the_narrow_range_too",),
    ),
    Break(
        what="what else is seen of a hidden picture is not looked up",
        file=_PICTURES,
        before="        for also in picture.also\n",
        after="        for also in ()\n",
        dies=(f"{_FURTHER}::test_another_picture_brings_its_own_views_along_from_standard_on",),
    ),
    Break(
        what="a hidden picture that does not decode is left out",
        file=_PICTURES,
        before="        return (failing(name, exc),)\n",
        after="        return ()\n",
        dies=(f"{_FURTHER}::test_another_picture_that_does_not_decode_says_so_where_it_is_looked_up",),
    ),
    Break(
        what="the default image of an animation is not seen as older tools see it",
        file=_PNG,
        before="        if number == 0 and not file.has_hidden:\n",
        after="        if number == 1 and not file.has_hidden:\n",
        dies=(f"{_FURTHER}::test_the_default_image_of_an_animation_is_seen_as_older_tools_see_it",),
    ),
    Break(
        what="EXIF data with a head turns a PNG",
        file=_PNG,
        before='if file.exif.startswith(b"Exif\\0") else turns',
        after='if file.exif.startswith(b"never") else turns',
        dies=(f"{_FURTHER}::test_exif_in_a_png_has_no_head",),
    ),
    Break(
        what="alpha that a WebP does not announce is mixed alone",
        file=_WEBP,
        before="        if not announced and number == 0 and frame.provenance.transparent:\n",
        after="        if False:\n",
        dies=(f"{_FURTHER}::test_webp_whose_alpha_is_not_announced_is_added_up_on_white",),
    ),
    Break(
        what="rows that a cut JPEG of inks lacks are filled",
        file=_ENDS,
        before='image.mode not in ("L", "RGB", "CMYK")',
        after='image.mode not in ("L", "RGB")',
        dies=(_CUT,),
    ),
    Break(
        what="a cut JPEG is seen in stored colours alone",
        file=_ENDS,
        before="            image = strip if paint is None else paint(strip)\n",
        after="            image = strip\n",
        dies=(f"{_FURTHER}::test_a_cut_jpeg_with_a_profile_is_seen_in_its_colours_as_far_as_it_goes", _CUT),
    ),
    Break(
        what="a progressive JPEG cut within its first scan is taken for whole",
        file=_ENDS,
        before='    if image.info.get("progressive") and ended(data).count(_SCAN) == 1',
        after='    if image.info.get("progressive") and ended(data).count(_SCAN) == 0',
        dies=(_FIRST_SCAN,),
    ),
    Break(
        what="rows that a browser holds back are shown",
        file=_ENDS,
        before="_HELD_BACK = 2\n#: Lines",
        after="_HELD_BACK = 0\n#: Lines",
        dies=(_FIRST_SCAN,),
    ),
    Break(
        what="blocks that a first scan smooths count as reached",
        file=_ENDS,
        before="        probe = there[: -len(_END_MARKER)] + _ONE_CODE + ",
        after="        probe = there + _ONE_CODE + ",
        dies=(_FIRST_SCAN,),
    ),
    Break(
        what="the first EXIF segment counts though it holds nothing",
        file=_EXIF,
        before="        if is_first and len(raw) > _HEAD:\n",
        after="        if is_first:\n",
        dies=(f"{_FURTHER}::test_of_several_exif_segments_the_first_that_holds_anything_counts",),
    ),
    Break(
        what="gentle colours are decoded a second time",
        file=_JPEG,
        before="        if chroma is not None and is_averaged:\n",
        after="        if chroma is None:\n",
        dies=(f"{_FURTHER}::test_gentle_colours_come_out_of_the_decode_that_gives_luma",),
    ),
    Break(
        what="a TIFF's strip of WebP may have other sides",
        file=_SAMPLES,
        before="        if left or n_bands not in (3, 4) or image.height > n_rows:\n",
        after="        if image.height > n_rows:\n",
        dies=(f"{_FURTHER}::test_webp_in_tiff_of_other_sides_than_its_strip_is_left_out",),
    ),
    Break(
        what="a compression that nothing reads is called damaged",
        file=_TIFF,
        before="    if compression not in COMPRESSIONS | _BY_LIBRARY:\n",
        after="    if not compression:\n",
        dies=(f"{_FURTHER}::test_tiff_compressed_as_nothing_here_reads_is_unsupported_not_damaged",),
    ),
    Break(
        what="alpha behind inks is not looked at",
        file=_TIFF_COLOURS,
        before="    if photometric in _WITHOUT_ALPHA and",
        after="    if photometric in () and",
        dies=(f"{_FURTHER}::test_alpha_behind_inks_and_lab_is_one_more_picture",),
    ),
    Break(
        what="a frame's place is not cleared behind it",
        file=_CANVAS,
        before='        if self._disposal == "clear":\n',
        after='        if self._disposal == "never":\n',
        dies=(f"{_ANIMATIONS}::test_apng_frames_are_composed_as_the_oracle_does",),
    ),
    Break(
        what="transparent indices of a GIF are opaque",
        file=_GIF,
        before="        colours[control.transparent] = 0\n",
        after="        colours[control.transparent] = 255\n",
        dies=(_ANIMATIONS,),
    ),
    Break(
        what="a GIF frame that hides all lies on what was there, where the file ends within it",
        file=_CANVAS,
        before="        if not self._laid or (replaces and self._is_whole(place)):\n",
        after="        if not self._laid:\n",
        dies=(f"{_LAST}::test_a_gif_frame_that_hides_all_lies_on_nothing",),
    ),
    Break(
        what="a frame that was hidden is cleared all the same, where the file ends within the one that hides it",
        file=_CANVAS,
        before='        if base == len(self._laid) - 1 or self._disposal == "restore":\n',
        after="        if True:\n",
        dies=(f"{_LAST}::test_a_gif_frame_that_hides_the_one_before_lies_on_it",),
    ),
    Break(
        what="lines that browsers do not fill are filled",
        file=_GIF,
        before="        if not there.all() and (number or frame.control.transparent is not None):\n",
        after="        if not there.all() and number:\n",
        dies=(f"{_LAST}::test_lines_are_filled_in_an_opaque_first_picture_alone",),
    ),
    Break(
        what="rows that an APNG frame lacks clear what was there",
        file=_PNG,
        before="                part = _part(canvas, file, frame, pixels[:n_rows], again)\n",
        after="                part = _part(canvas, file, frame, pixels, again)\n",
        dies=(f"{_LAST}::test_an_apng_frame",),
    ),
    Break(
        what="of a WebP that is cut behind its pixels rows are taken away",
        file=_WEBP_ENDS,
        before="    if found is None or is_sound:\n",
        after="    if found is None or not is_sound:\n",
        dies=("tests/images/test_webp.py::test_what_is_cut_behind_the_pixels_takes_none_of_them_away",),
    ),
    Break(
        what="code points behind the palette of a PNG are heeded",
        file=_DECLARED,
        before='        name = _LATE if kind == b"cICP" and is_behind_palette else kind\n',
        after="        name = kind\n",
        dies=(
            "tests/images/test_colour.py::test_code_points_behind_the_palette_are_for_others_than_browsers",
        ),
    ),
    Break(
        what="masks behind a header of OS/2 are looked for within it",
        file="src/safehash/images/bmp_header.py",
        before="    are_behind = is_os2 or length <= _WINDOWS_V3\n",
        after="    are_behind = length <= _WINDOWS_V3\n",
        dies=("tests/images/test_bmp.py::test_any_masks",),
    ),
)
