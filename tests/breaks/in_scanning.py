"""Breaks of scanning and of files: durability, limits of workers and archives, what a catalog keeps."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_FILES_TESTS, _SCAN, _CATALOG, _MODEL, _AWAY = (
    f"tests/{name}.py"
    for name in (
        "test_files",
        "scanning/test_scan",
        "scanning/test_catalog",
        "scanning/test_catalog_model",
        "scanning/test_away",
    )
)
_CONTINUED = "tests/scanning/test_continued.py"
_FILES = "src/safehash/files.py"
_ARCHIVES, _CONFINING, _STORE, _LEDGER, _SCOPES, _HOLDINGS, _INCOMING, _MISSING = (
    f"src/safehash/scanning/{name}.py"
    for name in ("archives", "confining", "store", "ledger", "scopes", "holdings", "incoming", "missing")
)

_STREAMS, _INTERRUPTS = (f"tests/cli/{name}.py" for name in ("test_streams", "test_interrupts"))
_SHARING, _ISOLATING = (f"tests/scanning/{name}.py" for name in ("test_sharing", "test_isolating"))

BREAKS = (
    Break(
        what="an xz file's header decides how much memory is taken",
        file=_ARCHIVES,
        before="memlimit=_MAX_XZ_MEMORY",
        after="memlimit=None",
        dies=(f"{_SCAN}::test_an_xz_header_cannot_ask_for_memory",),
    ),
    Break(
        what="headers that pack to nothing are read on and on",
        file=_ARCHIVES,
        before="            if position == most:\n",
        after="            if False:\n",
        dies=(f"{_SCAN}::test_headers_that_pack_to_nothing_are_read_so_far",),
    ),
    Break(
        what="a catalog keeps no evidence",
        file="src/safehash/scanning/sightings.py",
        before='        evidence=match.facts()["evidence"],  # rounded, as a record has it\n',
        after="        evidence=None,\n",
        dies=(f"{_CONTINUED}::test_a_continued_scan_has_every_record_whole",),
    ),
    Break(
        what="what gates refused is told as a lesser look saw it",
        file=_HOLDINGS,
        before='        if of_list.get(each["list"]) is look and',
        after="        if",
        dies=(f"{_CONTINUED}::test_of_two_looks_at_one_list_the_better_one_tells_what_gates_kept_back",),
    ),
    Break(
        what="what gates refused is told of a list that has changed since",
        file=_HOLDINGS,
        before='for name, digest in look["lists"].items() if digest == newest[name]',
        after='for name, digest in look["lists"].items() if digest in (digest, newest[name])',
        dies=(f"{_CONTINUED}::test_what_gates_kept_from_an_older_list_is_not_told_of_its_newest",),
    ),
    Break(
        what="what waits to be written together is not written when a run ends early",
        file=_LEDGER,
        before="                self._write_incoming()\n                self._store.commit()\n",
        after="                self._store.commit()\n",
        dies=(f"{_MODEL}::test_what_waits_to_be_written_together_is_written_at_every_end",),
    ),
    Break(
        what="files known by another name are lost with the rows written beside them",
        file=_INCOMING,
        before="                one_by_one(key, row)\n",
        after="                pass\n",
        dies=(f"{_MODEL}::test_rows_written_together_are_those_written_one_by_one",),
    ),
    Break(
        what="what nobody expects of an archive ends the scan",
        file=_ARCHIVES,
        before="    except Exception as exc:  # of a library's reader, whatever it is: it costs its own archive\n",
        after="    except AssertionError as exc:\n",
        dies=(f"{_SCAN}::test_what_nobody_expects_of_an_archive_costs_that_archive",),
    ),
    Break(
        what="sockets are put into a folder whose name is too long",
        file="src/safehash/scanning/starting.py",
        before="    _shorten_names()\n",
        after="",
        dies=(f"{_SHARING}::test_a_folder_for_temporary_files_may_have_any_name",),
    ),
    Break(
        what="isolated workers keep files and network",
        file="src/safehash/scanning/isolating.py",
        before="sealed=True",
        after="sealed=False",
        dies=(f"{_ISOLATING}::test_a_worker_that_was_taken_over_opens_nothing",),
    ),
    Break(
        what="whatever a worker sends is unpickled",
        file="src/safehash/scanning/wire.py",
        before="    def find_class(self, module: str, name: str) -> NoReturn:\n",
        after="    def find_nothing(self, module: str, name: str) -> NoReturn:\n",
        dies=("tests/scanning/test_lanes.py::test_nothing_is_called_that_a_message_names",),
    ),
    Break(
        what="a worker's short message may become a long answer",
        file="src/safehash/scanning/wire.py",
        before="        self._left -= len(told)\n",
        after="",
        dies=("tests/scanning/test_lanes.py::test_a_message_is_no_longer_than_it_is",),
    ),
    Break(
        what="a written file does not reach the disk before it takes its place",
        file=_FILES,
        before="        os.fsync(new.descriptor)\n",
        after="",
        dies=(f"{_FILES_TESTS}::test_what_was_written_survives_a_power_cut",),
    ),
    Break(
        what="a new name does not reach the disk",
        file=_FILES,
        before="        new.take_place()\n        place.sync()\n",
        after="        new.take_place()\n",
        dies=(f"{_FILES_TESTS}::test_what_was_written_survives_a_power_cut",),
    ),
    Break(
        what="a symbolic link as output is followed",
        file=_FILES,
        before="mode = os.lstat(target).st_mode",
        after="mode = os.stat(target).st_mode  # noqa: PTH116",
        dies=(f"{_FILES_TESTS}::test_a_planted_link_is_refused",),
    ),
    Break(
        what="the name beside the target can be guessed",
        file=_FILES,
        before="{secrets.token_hex(8)}.partial",
        after="x.partial",
        dies=(f"{_FILES_TESTS}::test_the_name_beside_the_target_is_another_each_time",),
    ),
    Break(
        what="a file that grew meanwhile is read whole",
        file=_FILES,
        before="        data = read_up_to(file, max_bytes + 1, hint=status.st_size)  # it may have grown meanwhile\n",
        after="        data = read_up_to(file, max_bytes, hint=status.st_size)\n",
        dies=(
            f"{_FILES_TESTS}::test_bytes_and_their_limit",
            f"{_FILES_TESTS}::test_a_file_that_says_nothing_of_its_length",
        ),
    ),
    Break(
        what="devices are opened before they are refused",
        file=_FILES,
        before="_expect_regular(os.stat(name), name)",
        after="pass",
        dies=(f"{_FILES_TESTS}::test_devices_and_pipes_are_not_even_opened",),
    ),
    Break(
        what="a catalog's commits are not on the disk when they return",
        file=_STORE,
        before="PRAGMA synchronous = FULL",
        after="PRAGMA synchronous = OFF",
        dies=(f"{_MODEL}::test_what_was_committed_is_on_the_disk",),
    ),
    Break(
        what="two scans write one catalog",
        file=_STORE,
        before='            lock.execute("BEGIN EXCLUSIVE")\n',
        after='            lock.execute("BEGIN")\n',
        dies=(f"{_CATALOG}::test_two_writers_are_refused",),
    ),
    Break(
        what="the lock is by the name, and a file may have two",
        file="src/safehash/scanning/databases.py",
        before="if status is not None and status.st_nlink > 1:",
        after="if status is not None and status.st_nlink > 9:",
        dies=(f"{_CATALOG}::test_one_catalog_has_one_writer_by_whatever_name",),
    ),
    Break(
        what="the lock is by the name, and a link may be one",
        file="src/safehash/scanning/databases.py",
        before="    if stat.S_ISLNK(status.st_mode):\n",
        after="    if stat.S_ISLNK((status := os.stat(path)).st_mode):\n",
        dies=(f"{_CATALOG}::test_one_catalog_has_one_writer_by_whatever_name",),
    ),
    Break(
        what="a catalog that refers to nothing passes its check",
        file=_STORE,
        before='if found != ["ok"] or broken:',
        after='if found != ["ok"]:',
        dies=(f"{_CATALOG}::test_rows_that_lead_nowhere_are_damage",),
    ),
    Break(
        what="a tar may expand without an end",
        file=_ARCHIVES,
        before="        if self._position > self._allowed:\n",
        after="        if False:\n",
        dies=(f"{_SCAN}::test_a_tar_expands_so_far_and_no_further",),
    ),
    Break(
        what="a zip may expand without an end",
        file=_ARCHIVES,
        before="            if allowed < 0:\n",
        after="            if False:\n",
        dies=(f"{_SCAN}::test_bombs_are_bounded",),
    ),
    Break(
        what="a zip's directory may be of any size",
        file=_ARCHIVES,
        before="    if n_bytes > _MAX_ZIP_DIRECTORY:\n",
        after="    if False:\n",
        dies=(f"{_SCAN}::test_a_zip_s_directory_is_measured_before_it_is_held",),
    ),
    Break(
        what="a tar's header may ask for any memory",
        file=_ARCHIVES,
        before=" or n_bytes > self.max_read:\n",
        after=":\n",
        dies=("tests/scanning/test_forward.py::test_no_more_is_asked_for_than_may_be_read_at_once",),
    ),
    Break(
        what="links in a tar are followed",
        file=_ARCHIVES,
        before="            if not info.isfile():\n",
        after="            if info.isdev():\n",
        dies=(f"{_SCAN}::test_archives_are_read_in_place",),
    ),
    Break(
        what="workers may leave a core",
        file=_CONFINING,
        before="    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n",
        after="",
        dies=(f"{_SCAN}::test_a_worker_that_crashes_leaves_no_core",),
    ),
    Break(
        what="workers have no limit of memory",
        file=_CONFINING,
        before="    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))\n",
        after="",
        dies=(f"{_SCAN}::test_crashers_cost_their_own_file",),
    ),
    Break(
        what="a file is known by its size alone",
        file=_LEDGER,
        before="(row[1], row[2]) != (item.size, item.mtime_ns):",
        after="row[1] != item.size:",
        dies=(f"{_CATALOG}::test_a_file_of_the_same_size_and_another_time_is_decided_again",),
    ),
    Break(
        what="a lesser effort's decision answers for a greater one",
        file=_SCOPES,
        before="return self.settings == wanted.settings and rank_of(self.effort) >= rank_of(wanted.effort)",
        after="return self.settings == wanted.settings",
        dies=(f"{_CATALOG}::test_other_lists_decide_again",),
    ),
    Break(
        what="other settings answer for ours",
        file=_SCOPES,
        before="return self.settings == wanted.settings and rank_of(self.effort) >= rank_of(wanted.effort)",
        after="return rank_of(self.effort) >= rank_of(wanted.effort)",
        dies=(f"{_MODEL}::test_other_settings_are_looked_up_again_and_lose_nothing",),
    ),
    Break(
        what="a file that cannot be looked at is taken as gone",
        file=_MISSING,
        before="    except OSError:\n        return False  # it cannot be looked at: that is no proof\n",
        after="    except OSError:\n        return True\n",
        dies=(f"{_AWAY}::test_what_cannot_be_looked_at_is_not_gone",),
    ),
    Break(
        what="a folder that shows none of its files has lost them",
        file=_MISSING,
        before="if absent and not n_seen and not allow_empty:",
        after="if False:",
        dies=(f"{_AWAY}::test_a_folder_that_shows_nothing_is_no_proof",),
    ),
    Break(
        what="a store that is not mounted has lost its files",
        file=_MISSING,
        before="store_away = () if allow_empty else _within(place, unmounted)",
        after="store_away: tuple[bytes, ...] = ()",
        dies=(f"{_AWAY}::test_what_was_mounted_and_is_not_has_lost_nothing",),
    ),
    Break(
        what="files of a folder that cannot be listed are gone where the system says so",
        file=_MISSING,
        before="    if nearest_of(place, met.troubles) is not None:\n        return False\n",
        after="",
        dies=(
            f"{_AWAY}::test_a_folder_that_cannot_be_listed_has_lost_nothing",
            f"{_AWAY}::test_members_behind_a_damage_are_not_gone",
        ),
    ),
    Break(
        what="names on a store that is away overwrite what is known of them",
        file=_LEDGER,
        before='if record.failure == "read" and record.size is None and self._is_kept(record):',
        after="if False:",
        dies=(f"{_AWAY}::test_names_that_lead_nowhere_change_nothing",),
    ),
    Break(
        what="what an option leaves aside is forgotten",
        file=_LEDGER,
        before='_UNASKED = frozenset({"hidden", "symbolic link", "folder seen before"})',
        after="_UNASKED: frozenset[str] = frozenset()",
        dies=(f"{_AWAY}::test_what_an_option_leaves_aside_keeps_its_matches",),
    ),
    Break(
        what="a run that was killed is left as running",
        file=_LEDGER,
        before="\"UPDATE runs SET state = 'killed' WHERE state = 'running'\"",
        after="\"UPDATE runs SET state = 'killed' WHERE state = 'ended'\"",
        dies=(f"{_CATALOG}::test_an_unfinished_run_is_seen_as_killed",),
    ),
    Break(
        what="counts of a catalog hold files that are gone",
        file=_HOLDINGS,
        before="PRESENT = f\"files.outcome <> '{SKIPPED}' AND files.gone IS NULL\"",
        after="PRESENT = f\"files.outcome <> '{SKIPPED}'\"",
        dies=("tests/reports/test_report_figures.py",),
    ),
    Break(
        what="digests that are asked for later are not made of what is known",
        file=_LEDGER,
        before="            if self._digests and self._lacks_digests(file):\n                return None\n",
        after="",
        dies=(f"{_CATALOG}::test_what_a_rematch_passes_over_is_said",),
    ),
    Break(
        what="what a reviewer sees is not known by its bytes",
        file="src/safehash/scanning/run.py",
        before="_REVIEWED_BY if self._catalog is not None else ()",
        after="()",
        dies=(f"{_CATALOG}::test_what_matched_is_known_by_its_bytes",),
    ),
    Break(
        what="a remote folder that cannot be listed is passed over",
        file="src/safehash/scanning/sources.py",
        before="            yield _remote_problem(store.unstrip_protocol(folder), exc)\n            continue\n",
        after="            continue\n",
        dies=(f"{_AWAY}::test_a_remote_folder_that_cannot_be_listed_is_a_problem",),
    ),
    Break(
        what="records for a standard output that is closed are lost without a word",
        file="src/safehash/cli/streams.py",
        before="    def write(self, data: ReadableBuffer, /) -> int:\n        raise _closed()\n",
        after="    def write(self, data: ReadableBuffer, /) -> int:\n        return len(memoryview(data))\n",
        dies=(f"{_STREAMS}::test_a_standard_output_that_is_closed_is_refused",),
    ),
    Break(
        what="what is written nowhere is found out after the scan",
        file="src/safehash/cli/output.py",
        before="            expect_open(sys.stdout)\n",
        after="            pass\n",
        dies=(f"{_STREAMS}::test_it_is_refused_before_anything_is_scanned",),
    ),
    Break(
        what="a standard error that nobody reads ends the command",
        file="src/safehash/cli/streams.py",
        before="        with suppress(OSError):\n            return super().write(text)\n        return len(text)\n",
        after="        return super().write(text)\n",
        dies=(f"{_STREAMS}::test_what_nobody_hears_costs_nothing",),
    ),
    Break(
        what="where Python is told not to buffer, what is said on standard error waits for the end",
        file="src/safehash/cli/streams.py",
        before="            write_through=told.write_through,\n",
        after="",
        dies=(f"{_STREAMS}::test_what_is_said_on_standard_error_is_said_at_once",),
    ),
    Break(
        what="an interrupted exec() decides how the process ends",
        file="src/safehash/cli/interrupts.py",
        before='    namedtuple("_Next", "text")\n',
        after="",
        dies=(f"{_INTERRUPTS}::test_whatever_is_being_defined_the_exit_code_is_ours",),
    ),
    Break(
        what="only ctrl-C unwinds a command",
        file="src/safehash/cli/interrupts.py",
        before='("SIGTERM", signal.SIG_DFL), ("SIGHUP", signal.SIG_DFL)\n',
        after="\n",
        dies=(f"{_INTERRUPTS}::test_a_report_that_is_ended_leaves_nothing_and_says_one_line",),
    ),
    Break(
        what="a records file takes the place of a key",
        file="src/safehash/cli/guard.py",
        before="        else _kept(head, output)\n",
        after="        else None\n",
        dies=("tests/cli/test_guard.py::test_what_somebody_keeps_is_replaced_by_its_like_alone",),
    ),
)
