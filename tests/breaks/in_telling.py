"""Breaks of what is told, asked for and counted: one figure, option or answer taken for another."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]
_OWN_LISTS = "tests/evaluation/test_own_lists_and_peers.py"
_REPORTS = "tests/reports/test_report_told_apart.py"
_SERVICE = "tests/service/test_told_apart.py"
_OPTIONS = "tests/cli/test_options_passed.py"
_REVIEWS = "tests/cli/test_reviews_told.py"
_COUNTED = "tests/lists/test_counted.py"
_FIGURES = "tests/benchmarks/test_figures.py"
_MORE_TABLES = "tests/benchmarks/test_more_tables.py"
_HMA = "tests/service/test_hma.py"
_TABLES = "tests/benchmarks/test_tables_made.py"


def _in(file: str, what: str, before: str, after: str, dies: str) -> Break:
    return Break(what=what, file=file, before=before, after=after, dies=(dies,))


BREAKS = (
    # -- evaluation ------------------------------------------------------------------------------------------
    _in(
        "src/safehash/evaluation/evaluate.py",
        "views are those of the effort that is named last",
        "if effort == max(self._efforts, key=EFFORTS.index):",
        "if effort == self._efforts[-1]:",
        f"{_OWN_LISTS}::test_views_are_those_of_the_most_thorough_effort_wherever_it_stands",
    ),
    _in(
        "src/safehash/evaluation/own_list.py",
        "a wrong match on an own list is of the entry at another place",
        "found = self._table[int(self._rows[entry])]",
        "found = self._table[entry]",
        f"{_OWN_LISTS}::test_each_own_list_has_its_own_counts_and_names",
    ),
    _in(
        "src/safehash/evaluation/own_list.py",
        "entries of an own list that are near a picture to begin with are false matches",
        "found = index.search_views(views, max_distance=_ON_LIST)",
        "found = index.search_views(views, max_distance=0)",
        f"{_OWN_LISTS}::test_entries_near_a_picture_to_begin_with_are_neither_false_nor_nearest",
    ),
    _in(
        "src/safehash/evaluation/evaluate.py",
        "uploads are looked up at the widest threshold of the sweep",
        "max_distance=bench.thresholds[0]",
        "max_distance=max(bench.thresholds)",
        f"{_OWN_LISTS}::test_uploads_are_looked_up_as_a_check_does",
    ),
    _in(
        "src/safehash/evaluation/evaluate.py",
        "mirrored copies in the folder are false matches of each other",
        "turned = [_turned(named.picture) for named in listed]",
        "turned = [_turned(named.picture)[:1] for named in listed]",
        f"{_OWN_LISTS}::test_a_mirrored_copy_in_the_folder_is_alike",
    ),
    # -- reports ---------------------------------------------------------------------------------------------
    _in(
        "src/safehash/reports/report.py",
        "what could not be decided is told by name, whatever became of it",
        "ORDER BY outcome, roots.path, files.path LIMIT",
        "ORDER BY files.path LIMIT",
        f"{_REPORTS}::test_what_could_not_be_decided_and_is_gone_is_not_told",
    ),
    _in(
        "src/safehash/reports/report.py",
        "of many runs as many are told as are shown",
        '"n": store.number("SELECT count(*) FROM runs")',
        '"n": len(rows)',
        f"{_REPORTS}::test_of_more_runs_and_folders_than_are_shown_that_is_said",
    ),
    _in(
        "src/safehash/reports/report.py",
        "a run ends when it began",
        '"finished": (finished or "")[:19]',
        '"finished": started[:19]',
        f"{_REPORTS}::test_runs_are_told_apart",
    ),
    _in(
        "src/safehash/reports/report.py",
        "what was passed over as unchanged is whatever was met",
        '"unchanged": what.get("unchanged"),',
        '"unchanged": what.get("files"),',
        f"{_REPORTS}::test_runs_are_told_apart",
    ),
    _in(
        "src/safehash/reports/report.py",
        "looks that nobody timed took no time",
        '"SELECT count(*) FROM looks WHERE milliseconds IS NOT NULL"',
        '"SELECT count(*) FROM looks"',
        f"{_REPORTS}::test_only_what_was_timed_has_a_time",
    ),
    _in(
        "src/safehash/reports/matches.py",
        "a folder's part holds what begins with its name",
        'folder + b"/", folder + b"0"]',
        'folder, folder + b"0"]',
        f"{_REPORTS}::test_a_part_is_of_its_own_files",
    ),
    _in(
        "src/safehash/reports/matches.py",
        "a match was found in the run of its own number",
        "stale is not None else 0, first_run,",
        "stale is not None else 0, match,",
        f"{_REPORTS}::test_every_match_is_told_when_it_was_found_and_whether_it_is_stale",
    ),
    _in(
        "src/safehash/reports/matches.py",
        "of labels the first alone counts",
        'labels.update(json.loads(named) or ["no label"])',
        'labels.update(json.loads(named)[:1] or ["no label"])',
        f"{_REPORTS}::test_labels_days_and_folders_of_what_stands",
    ),
    _in(
        "src/safehash/reports/matches.py",
        "pictures are made of later frames, too",
        'if position == 0 and "://" not in folder:',
        'if "://" not in folder:',
        f"{_REPORTS}::test_pictures_are_made_confined_and_not_of_everything",
    ),
    _in(
        "src/safehash/reports/matches.py",
        "pictures of a report are made without a limit of memory",
        "means=Means(max_memory=USUAL_MEMORY)",
        "means=Means()",
        f"{_REPORTS}::test_pictures_are_made_confined_and_not_of_everything",
    ),
    # -- service ---------------------------------------------------------------------------------------------
    _in(
        "src/safehash/service/hma.py",
        "a look-up by hash is of all banks",
        '(decision,) = await service.decide_hashes([value], _banks(query.get("banks")))',
        "(decision,) = await service.decide_hashes([value], None)",
        f"{_SERVICE}::test_only_the_banks_that_are_asked_for_are_told",
    ),
    _in(
        "src/safehash/service/hma.py",
        "a look-up tells what stands no more",
        "Json(_by_bank(decision.standing), headers",
        "Json(_by_bank(decision.matches), headers",
        f"{_SERVICE}::test_of_an_allowed_picture_nothing_is_told",
    ),
    _in(
        "src/safehash/service/hma.py",
        "two hashes are compared at the usual threshold, whatever ours is",
        "near = thresholds.get(name, USUAL_DISTANCE[Algorithm(name)])",
        "near = USUAL_DISTANCE[Algorithm(name)]",
        f"{_SERVICE}::test_two_hashes_are_as_near_as_our_own_threshold_says",
    ),
    _in(
        "src/safehash/service/hma.py",
        "an index is as new as its oldest list",
        '{"built_to": int(max(loaded, default=-1))',
        '{"built_to": int(min(loaded, default=-1))',
        f"{_SERVICE}::test_an_index_is_as_new_as_its_newest_list",
    ),
    _in(
        "src/safehash/service/hma.py",
        "whatever a URL leads to is taken for the upload beside it",
        'url = None if is_upload else query.get("url")',
        'url = query.get("url")',
        f"{_SERVICE}::test_a_picture_is_fetched_in_the_time_that_is_left",
    ),
    _in(
        "src/safehash/service/own.py",
        "a hash has the usual effort, whichever is asked for",
        "(decision,) = await service.decide_hashes(asked.hashes, asked.lists, effort=asked.effort)",
        "(decision,) = await service.decide_hashes(asked.hashes, asked.lists)",
        f"{_SERVICE}::test_effort_lists_and_whole_hashes_are_heeded_whichever_way_one_asks",
    ),
    _in(
        "src/safehash/service/own.py",
        "the log says how many uploads there were for their bytes",
        '"n_bytes": asked.n_bytes,\n    }',
        '"n_bytes": len(asked.uploads),\n    }',
        f"{_SERVICE}::test_the_log_says_what_was_sent_and_nothing_whole",
    ),
    _in(
        "src/safehash/service/own.py",
        "a list has the thresholds of all",
        "for of, name, bits in audit.list_thresholds if of == info.name}",
        "for of, name, bits in audit.list_thresholds}",
        f"{_SERVICE}::test_the_lists_are_told_with_their_own_limits",
    ),
    _in(
        "src/safehash/service/own.py",
        "whoever says it, a verdict is anybody's",
        'said_by = str(request.scope.get("safehash bearer") or "anybody")',
        'said_by = "anybody"',
        f"{_SERVICE}::test_a_verdict_says_who_and_what_and_floods_are_told_as_they_were",
    ),
    _in(
        "src/safehash/service/app.py",
        "another method is not told which there are",
        'headers={"Allow": allowed}',
        "headers={}",
        f"{_SERVICE}::test_another_method_is_told_which_there_are",
    ),
    _in(
        "src/safehash/service/app.py",
        "every request is counted as answered well",
        "service.numbers.answered(routes[0].path, response.status_code, seconds)",
        "service.numbers.answered(routes[0].path, 200, seconds)",
        f"{_SERVICE}::test_every_number_is_of_what_happened",
    ),
    _in(
        "src/safehash/service/engine.py",
        "one batch more than there is room for is taken",
        "if self._n_held + n_uploads > self._options.max_requests:",
        "if self._n_held > self._options.max_requests:",
        f"{_SERVICE}::test_whatever_brings_an_upload_waits_for_its_place",
    ),
    _in(
        "src/safehash/service/engine.py",
        "many hashes are looked up turned at any effort",
        "None, lambda: matcher.check_hashes(values, lists=only, turned=turned)",
        "None, lambda: matcher.check_hashes(values, lists=only)",
        f"{_SERVICE}::test_effort_lists_and_whole_hashes_are_heeded_whichever_way_one_asks",
    ),
    _in(
        "src/safehash/service/engine.py",
        "what reviewers said is not heeded for hashes",
        "return [self.memory.judged(decision, allow_distance=near) for decision in decisions]",
        "return decisions",
        f"{_SERVICE}::test_what_is_harmless_for_one_upload_is_so_for_what_is_like_it_whichever_way_one_asks",
    ),
    _in(
        "src/safehash/service/engine.py",
        "what reviewers said is heeded for the very same upload alone",
        "return self.memory.judged(decision, allow_distance=matcher.audit.allow_distance)",
        "return self.memory.judged(decision, allow_distance=0)",
        f"{_SERVICE}::test_what_is_harmless_for_one_upload_is_so_for_what_is_like_it_whichever_way_one_asks",
    ),
    _in(
        "src/safehash/service/numbers.py",
        "of times the last is told as their sum",
        "self._sums[labels] += seconds",
        "self._sums[labels] = seconds",
        f"{_SERVICE}::test_every_number_is_of_what_happened",
    ),
    _in(
        "src/safehash/service/fetching.py",
        "the query of a URL is not asked for",
        '(f"?{parts.query}" if parts.query else "")',
        '""',
        f"{_HMA}::test_a_picture_is_fetched_from_a_host_that_was_named",
    ),
    # -- command line ----------------------------------------------------------------------------------------
    _in(
        "src/safehash/cli/catalog.py",
        "a re-match that finds something ends as if nothing were found",
        "return MATCHED if n_matched else OK",
        "return OK",
        f"{_REVIEWS}::test_a_rematch_says_how_many_match_and_what_it_passed_over",
    ),
    _in(
        "src/safehash/cli/catalog.py",
        "a report of one run is of all",
        "run=arguments.number,\n",
        "run=None,\n",
        f"{_OPTIONS}::test_options_of_a_report",
    ),
    _in(
        "src/safehash/cli/scan.py",
        "the time a file may take is the usual one",
        "timeout=arguments.timeout",
        "timeout=DEFAULT_OPTIONS.timeout",
        f"{_OPTIONS}::test_options_of_a_scan",
    ),
    # -- lists and benchmarks --------------------------------------------------------------------------------
    _in(
        "src/safehash/lists/comparing.py",
        "odd digests are degenerate and suspicious at once",
        "degenerate=sum(suspicion(value) is None for value in regular)",
        "degenerate=sum(1 for value in regular)",
        f"{_COUNTED}::test_what_is_suspicious_is_not_degenerate_besides",
    ),
    _in(
        "src/safehash/lists/policy.py",
        "a list of its own policy may be as stale as the others",
        "require_fresh=_first(own.require_fresh, self.require_fresh)",
        "require_fresh=self.require_fresh",
        f"{_COUNTED}::test_what_a_list_s_own_policy_says_is_what_holds_for_it",
    ),
    _in(
        "benchmarks/make_tables.py",
        "aims of lists are those of the state before",
        'if row.get("aim_per_million") and row["label"] != "before":',
        'if row.get("aim_per_million"):',
        f"{_MORE_TABLES}::test_aims_of_lists_and_catalogs",
    ),
    _in(
        "benchmarks/make_tables.py",
        "a wrong upload counts once for each entry",
        "effort: len({(name, photo) for at, name, photo, *_ in",
        "effort: len({(name, photo, *rest) for at, name, photo, *rest in",
        f"{_TABLES}::test_front",
    ),
    _in(
        "benchmarks/bench_views.py",
        "what the picture as it is matches is each effort's own",
        "more = [hit for hit in found if hit.row not in plain]",
        "more = list(found)",
        f"{_FIGURES}::test_of_unrelated_pictures_an_upload_counts_once_and_for_what_its_effort_adds",
    ),
)
