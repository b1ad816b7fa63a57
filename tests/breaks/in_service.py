"""Breaks of the service: what it bounds, what it hands to workers and takes from them, whom it answers what."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_LANES, _HANDING, _PROTOCOL, _HMA, _SERVE, _ENGINE = (
    f"tests/{name}.py"
    for name in (
        "scanning/test_lanes", "service/test_handing", "service/test_protocol", "service/test_hma",
        "service/test_serve", "service/test_engine",
    )
)  # fmt: skip
_RUNNING = "tests/service/test_running.py"
_SHORT = "tests/service/test_short_ways.py"
_EXCHANGES = "tests/integrations/test_threatexchange.py"


def _in(file: str, what: str, before: str, after: str, *dies: str) -> Break:
    return Break(what=what, file=f"src/safehash/{file}.py", before=before, after=after, dies=dies)


BREAKS = (
    # -- to workers and back ---------------------------------------------------------------------------------------
    _in(
        "scanning/wire",
        "what a gate kept from matching is no part of a verdict",
        "Match, NearMiss, Audit, ListInfo, Entry",
        "Match, Audit, ListInfo, Entry",
        f"{_LANES}::test_whatever_a_verdict_may_hold_is_taken",
        f"{_LANES}::test_an_upload_that_a_gate_kept_from_matching_comes_back_as_the_matcher_says",
    ),
    _in(
        "scanning/lanes",
        "an answer is taken whatever was asked",
        "        if len(message) < _NUMBER.size or _NUMBER.unpack_from(message)[0] != self._number:\n",
        "        if len(message) < _NUMBER.size:\n",
        f"{_LANES}::test_nothing_comes_of_a_message_but_verdicts",
    ),
    _in(
        "scanning/passing",
        "a worker may cut the memory that both map",
        "fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL",
        "fcntl.F_SEAL_SEAL",
        f"{_LANES}::test_memory_of_uploads_cannot_be_cut_and_is_given_back",
    ),
    _in(
        "scanning/passing",
        "a long upload's memory is kept",
        "                whole.madvise(mmap.MADV_REMOVE, _KEPT_BYTES, self._n_long - _KEPT_BYTES)\n",
        "                whole.flush()\n",
        f"{_LANES}::test_memory_of_uploads_cannot_be_cut_and_is_given_back",
    ),
    _in(
        "scanning/passing",
        "pieces of an upload are laid one over the other",
        "                start += len(piece)\n",
        "                start += 0\n",
        f"{_LANES}::test_an_upload_in_pieces_is_what_they_are_together",
    ),
    _in(
        "service/pieces",
        "a body in pieces of two bytes takes twenty times its length",
        "        if len(piece) >= _LEAST_PIECE:\n",
        "        if piece:\n",
        f"{_PROTOCOL}::test_small_pieces_of_a_body_are_kept_together",
    ),
    _in(
        "service/engine",
        "nobody looks whether a snapshot is damaged",
        "        if state.verifying is None:\n",
        "        if True:\n",
        f"{_ENGINE}::test_damage_of_a_snapshot_is_known_before_a_request_meets_it",
    ),
    _in(
        "service/engine",
        "damage of a snapshot is told of the one that came after it",
        "if matcher._state is state and checked.result():",
        "if checked.result():",
        f"{_ENGINE}::test_damage_of_a_snapshot_that_is_no_longer_matched_against_is_not_told",
    ),
    _in(
        "service/asking",
        "of what a query and JSON say the second counts",
        "                _say(said, name, given[name])\n",
        "                said[name] = given[name]\n",
        f"{_SERVE}::test_what_is_refused_says_why",
    ),
    _in(
        "service/numbers",
        "a time on a limit is counted beyond it",
        "bisect_left(_BUCKETS, seconds)",
        "bisect_left(_BUCKETS, seconds + 1e-9)",
        f"{_SHORT}::test_the_page_of_numbers_is_what_the_library_would_count",
    ),
    _in(
        "service/handing",
        "a worker whose upload was given up takes the next one",
        "            lane.close()  # what it answers would be taken for the next upload's\n",
        "",
        f"{_HANDING}::test_what_was_given_up_leaves_nothing_to_the_next",
    ),
    _in(
        "service/handing",
        "who waits for a worker waits for ever",
        "        timer = loop.call_later(max(due - time.monotonic(), 0.0), _too_late, waiter)\n",
        "        timer = loop.call_later(600.0, _too_late, waiter)\n",
        f"{_HANDING}::test_who_waits_too_long_is_told_and_who_hangs_is_ended",
    ),
    _in(
        "service/engine",
        "workers that could not begin are not tried again",
        "            if changed or self._is_behind:\n",
        "            if changed:\n",
        f"{_ENGINE}::test_workers_that_cannot_begin_are_tried_again",
    ),
    _in(
        "service/engine",
        "the service's workers keep files and network",
        "sealed=True",
        "sealed=False",
        f"{_ENGINE}::test_workers_that_cannot_begin_are_tried_again",
    ),
    # -- what anybody may send -------------------------------------------------------------------------------------
    _in(
        "service/protocol",
        "a head has no end",
        "            if self._n_bytes > _MOST_HEAD:\n",
        "            if False:\n",
        f"{_PROTOCOL}::test_a_head_without_end_is_cut_off",
    ),
    _in(
        "service/protocol",
        "what comes of a request that was answered has no end",
        "        elif is_left and self._n_bytes > _MOST_LEFT:\n",
        "        elif False:\n",
        f"{_PROTOCOL}::test_what_comes_of_a_request_that_was_answered_is_bounded",
    ),
    _in(
        "service/protocol",
        "what comes past the parser of a request that was answered has no end",
        "        if self._n_bytes > _MOST_LEFT:\n",
        "        if False:\n",
        f"{_PROTOCOL}::test_what_comes_past_the_parser_of_a_request_that_was_answered_is_bounded",
    ),
    _in(
        "service/protocol",
        "the parser takes the next request for the rest of a body that it never saw",
        "        self.parser = _parser(self)  # the one before still waits for the body\n",
        "",
        f"{_PROTOCOL}::test_bodies_of_all_lengths_are_themselves_and_what_follows_them_is_another_request",
    ),
    _in(
        "service/protocol",
        "a long body goes through the parser, and is copied twice",
        "        if self._n_rest < _LEAST_STRAIGHT:\n",
        "        if True:\n",
        f"{_PROTOCOL}::test_a_long_body_is_read_past_the_parser_and_the_system_not_asked_once_more",
    ),
    _in(
        "service/straight",
        "the byte behind a body is lost",
        "        if has_next and room is not None:\n",
        "        if False:\n",
        f"{_PROTOCOL}::test_bodies_of_all_lengths_are_themselves_and_what_follows_them_is_another_request",
    ),
    _in(
        "service/bodies",
        "what came before a body was asked for is lost",
        "        come = (*pieces.taken(), chunk) if isinstance(pieces, Pieces) else (chunk,)\n",
        "        come = (chunk,)\n",
        f"{_PROTOCOL}::test_bodies_of_all_lengths_are_themselves_and_what_follows_them_is_another_request",
    ),
    _in(
        "service/running",
        "who is told to end before it runs has failed",
        "    with signals.heeded(), _listener(options) as listener:\n",
        "    with _listener(options) as listener:\n",
        f"{_RUNNING}::test_who_is_told_to_end_before_it_runs_ends_well",
    ),
    _in(
        "service/memory",
        "a verdict on several entries is half kept",
        "                        self._db.execute(statement, values)\n",
        "                        self._db.execute(statement, values)\n"
        '                        self._db.execute("COMMIT")\n                        self._db.execute("BEGIN")\n',
        f"{_ENGINE}::test_of_a_verdict_on_several_entries_all_is_kept_or_nothing",
    ),
    _in(
        "service/own",
        "of a verdict on several entries one is told",
        '"entries": [named_by(each) for each in keys]}',
        '"entries": [named_by(each) for each in keys[-1:]]}',
        f"{_SERVE}::test_a_verdict_is_of_the_entry_that_a_match_shows",
    ),
    _in(
        "files",
        "a secret that everybody may read is as good as another",
        '((0o004, "read"), (0o022, "change"))',
        '((0o000, "read"), (0o022, "change"))',
        f"{_ENGINE}::test_tokens_that_others_may_read_or_change_are_told",
    ),
    _in(
        "service/protocol",
        "the rest of a second request is timed as that of the first",
        "        if not self._is_whole and self.cycle.response_complete and not self.transport.is_closing():\n",
        "        if not self._is_whole and not self.transport.is_closing():\n",
        f"{_PROTOCOL}::test_a_second_request_on_its_way_is_not_taken_for_the_rest_of_the_first",
    ),
    _in(
        "service/protocol",
        "of a request that offers another protocol the body is lost",
        "        self._is_upgrade = self.parser.should_upgrade()\n",
        "",
        f"{_PROTOCOL}::test_a_body_is_read_whose_head_offers_another_protocol",
    ),
    _in(
        "service/asking",
        "of two lists in a query the last counts",
        "    if len(found) != len(pairs):\n",
        "    if False:\n",
        f"{_SHORT}::test_a_query_is_read_as_starlette_reads_it",
        f"{_SERVE}::test_what_is_refused_says_why",
    ),
    _in(
        "service/bodies",
        "of two hashes of one name the last counts",
        "    if len(found) != len(pairs):\n",
        "    if False:\n",
        f"{_SERVE}::test_what_is_refused_says_why",
    ),
    _in(
        "service/bodies",
        "what is no text is taken for one",
        "        if _MAY_BE_HALF.search(body) is not None:\n",
        "        if False:\n",
        f"{_SERVE}::test_what_is_refused_says_why",
    ),
    _in(
        "service/bodies",
        "a packed picture is no picture",
        "        if name in _CODINGS and value.strip().lower() not in _PLAIN:\n",
        "        if False:\n",
        f"{_SERVE}::test_what_is_refused_says_why",
    ),
    _in(
        "service/answers",
        "a match of an entry whose id is no text is an error",
        "        except UnicodeEncodeError:\n",
        "        except KeyError:\n",
        f"{_SHORT}::test_half_a_surrogate_pair_is_written_as_its_escape",
    ),
    _in(
        "service/hma",
        "who asks for a head is taken for who uploads",
        '    is_upload = request.method == "POST"\n    url = None if is_upload else query.get("url")\n',
        '    is_upload = request.method != "GET"\n    url = None if is_upload else query.get("url")\n',
        f"{_HMA}::test_a_head_is_that_of_the_answer",
    ),
    _in(
        "service/tokens",
        "a token of two is whose line is the last",
        "        if known.digest in {each.digest for each in tokens}:\n",
        "        if False:\n",
        f"{_ENGINE}::test_tokens_that_cannot_be_understood_are_refused_and_not_shown",
    ),
    _in(
        "service/app",
        "a page in a browser may say what reviewers say",
        '                elif header_of(request, b"origin") is not None:\n',
        "                elif False:\n",
        f"{_SERVE}::test_what_is_refused_says_why",
    ),
    _in(
        "service/fetching",
        "an inner address is public through a gateway",
        "        if inner is not None and not _is_public(str(inner)):\n",
        "        if False:\n",
        f"{_HMA}::test_no_address_of_an_inner_network_is_public",
    ),
    _in(
        "service/fetching",
        "what nobody gave out of IPv6 is public",
        "        if inner is None and known not in _GIVEN_OUT:\n",
        "        if False:\n",
        f"{_HMA}::test_no_address_of_an_inner_network_is_public",
    ),
    # -- short ways -------------------------------------------------------------------------------------------------
    _in(
        "service/protocol",
        "an answer says another length than it has",
        '    if [value for name, value in headers if name == b"content-length"] != [b"%d" % n_body]:\n',
        "    if False:\n",
        f"{_PROTOCOL}::test_headers_that_would_be_others_are_refused_as_uvicorn_does",
    ),
    _in(
        "service/protocol",
        "who asks for a head gets a body",
        'cycle.scope["method"] == "HEAD"',
        "False",
        f"{_PROTOCOL}::test_an_answer_is_one_write_and_what_uvicorn_writes",
    ),
    _in(
        "service/bodies",
        "a body that came with its head has no limit",
        " and pieces.are_all and len(pieces) <= max_bytes:\n",
        " and pieces.are_all:\n",
        f"{_SHORT}::test_a_body_that_is_all_there_is_not_waited_for",
    ),
    _in(
        "service/asking",
        "what stands for something else in a query is taken as it stands",
        'rb"[A-Za-z0-9_.,:=&-]*"',
        'rb"[A-Za-z0-9_.,:=&%-]*"',
        f"{_SHORT}::test_a_query_is_read_as_starlette_reads_it",
    ),
    _in(
        "service/access",
        "the log answers for whatever is said",
        'WithoutDigest(f"{line}}}" if said.keys() <= _OURS else shortened(f"{line}}}"))',
        'WithoutDigest(f"{line}}}")',
        f"{_SHORT}::test_a_line_of_the_log_is_json_in_which_nothing_is_left_to_shorten",
    ),
    _in(
        "service/gathering",
        "what one look-up meets is told to all that were made with it",
        "            answer.set_result(self._decide(values, *key))\n",
        "            answer.set_result(self._decide([], *key))\n",
        f"{_SHORT}::test_who_meets_damage_is_told_and_nobody_else",
    ),
    _in(
        "service/gathering",
        "look-ups of others are made at once, however many",
        " and n + len(self._asked[0][0]) <= self._at_once:\n",
        ":\n",
        f"{_SHORT}::test_what_asks_for_something_else_or_is_too_much_waits_for_its_turn",
    ),
    _in(
        "service/own",
        "what is said of an id is not said of what an exchange calls so",
        "        keys = await loop.run_in_executor(None, keys_named, state, source, named)\n",
        "        keys: Any = (key,)\n",
        f"{_SERVE}::test_a_verdict_is_of_the_entry_that_a_match_shows",
    ),
    _in(
        "matching/naming",
        "what is said of an entry of one list is said of another's",
        " if entry.source == source))\n",
        "))\n",
        "tests/matching/test_naming.py::test_entries_are_named_by_id_or_digest_of_one_list",
    ),
    # -- whom it answers what --------------------------------------------------------------------------------------
    _in(
        "service/hma",
        "a type that no list has matches nothing",
        "    for name in names:\n        if name not in known:\n",
        "    for name in names:\n        if False:\n",
        f"{_HMA}::test_a_type_that_no_list_has_is_no_answer",
    ),
    _in(
        "integrations/threatexchange",
        "an index is stored so that HMA cannot open it",
        "        write_framed(fout, _read, type(self), lambda stream: self._index.write(stream, pack=pack))\n",
        "        self._index.write(fout, pack=pack)\n",
        f"{_EXCHANGES}::test_hma_opens_a_stream_by_unpickling_it",
    ),
    _in(
        "integrations/framing",
        "any pickle is taken for an index",
        "    if names != (reader.__module__, reader.__qualname__):\n",
        "    if names is None:\n",
        f"{_EXCHANGES}::test_hma_opens_a_stream_by_unpickling_it",
    ),
    _in(
        "integrations/threatexchange",
        "a picture that cannot be looked at ends whoever hashes many",
        "class PictureRefused(ImageError, OSError, ValueError):\n",
        "class PictureRefused(ImageError):\n",
        f"{_EXCHANGES}::test_what_has_no_hash_is_empty_and_what_cannot_be_looked_at_is_an_error",
    ),
)
