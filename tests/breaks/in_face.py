"""Breaks of the public face: values that are frozen, arguments that are named, digests that no message shows whole."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_FACE, _FROZEN, _ERRORS, _MESSAGES, _LOGS, _UPLOADS, _DECODING, _ENTRY, _STORE, _STATE = (
    f"src/safehash/{name}.py"
    for name in (
        "_face",
        "_frozen",
        "errors",
        "cli/messages",
        "scanning/logs",
        "images/uploads",
        "images/decoding",
        "lists/entry",
        "scanning/store",
        "matching/state",
    )
)
_VALUES, _LOGGING, _SAID, _TAKEN, _DATABASES, _ARGUMENTS, _SAYS = (
    f"tests/{name}.py"
    for name in (
        "test_values",
        "test_logging",
        "cli/test_messages",
        "images/test_uploads",
        "scanning/test_databases",
        "test_arguments",
        "test_errors",
    )
)

BREAKS = (
    Break(
        what="a message is not looked through that holds just as many digits as the shortest digest has",
        file=_ERRORS,
        before='_IN_ALL = r"[\\w+/-]{16}",',
        after='_IN_ALL = r"[\\w+/-]{17}",',
        dies=(f"{_SAYS}::test_what_is_passed_over_has_nothing_in_it",),
    ),
    Break(
        what="a frozen value says nothing of its own of a name that it has not",
        file=_FACE,
        before="        kind.__setattr__ = _refuse_change  # type: ignore[method-assign]\n",
        after="",
        dies=(f"{_VALUES}::test_setting_anything_on_a_frozen_value_is_an_attribute_error_that_names_it",),
    ),
    Break(
        what="a mapping inside a frozen value can be updated",
        file=_FROZEN,
        before="    clear = pop = popitem = setdefault = update = _refuse\n",
        after="    clear = pop = popitem = setdefault = _refuse\n",
        dies=(f"{_VALUES}::test_no_method_changes_the_unknown_fields",),
    ),
    Break(
        what="an entry keeps the very dict that it was made of",
        file=_ENTRY,
        before='            object.__setattr__(self, "extra", FrozenMap(extra) if extra else _NOTHING)\n',
        after="            pass\n",
        dies=(f"{_VALUES}::test_entries_of_one_record_share_nothing_that_changes",),
    ),
    Break(
        what="a path object that gives no text counts as a path",
        file=_FACE,
        before='    return hasattr(type(value), "__fspath__") and isinstance(type(value).__fspath__(value), str)\n',
        after='    return hasattr(type(value), "__fspath__")\n',
        dies=(f"{_TAKEN}::test_a_path_object_that_gives_no_text_is_named",),
    ),
    Break(
        what="what was typed is repeated whole on standard error",
        file=_MESSAGES,
        before="        self._stream.write(shortened(text))\n",
        after="        self._stream.write(text)\n",
        dies=(f"{_SAID}::test_a_digest_that_was_typed_is_not_repeated",),
    ),
    Break(
        what="a traceback in the log shows a digest whole",
        file=_ERRORS,
        before="            record.exc_text = shortened(self._formatter.formatException(record.exc_info))\n",
        after="            pass\n",
        dies=(f"{_LOGGING}::test_no_log_shows_a_whole_digest_whoever_writes_it",),
    ),
    Break(
        what="the name of a worker's file is logged as it is",
        file=_LOGS,
        before="        logger_of(each.logger).log(",
        after="        logging.getLogger(each.logger).log(",
        dies=(f"{_LOGGING}::test_what_a_worker_logs_is_short_in_the_parent_too",),
    ),
    Break(
        what="a file object that cannot be read raises whatever it does",
        file=_UPLOADS,
        before="    except (TypeError, ValueError, AttributeError) as exc:\n        if isinstance(exc, OSError):",
        after="    except ZeroDivisionError as exc:\n        if isinstance(exc, OSError):",
        dies=(f"{_TAKEN}::test_whatever_calls_itself_a_file_object_is_read_or_named",),
    ),
    Break(
        what="a picture that was closed counts as damaged",
        file=_DECODING,
        before="        if may_lack:\n            raise _closed(image) from exc\n        raise\n",
        after="        raise\n",
        dies=(f"{_TAKEN}::test_a_picture_that_was_closed_is_a_mistake_of_the_caller",),
    ),
    Break(
        what="a journal beside a catalog's lock is left to SQLite, which removes it",
        file=_STORE,
        before='            if os.path.lexists(f"{path}{ending}"):',
        after='            if not os.path.lexists(f"{path}"):',
        dies=(f"{_DATABASES}::test_nothing_stands_beside_a_lock",),
    ),
    Break(
        what="a lock that is killed leaves a journal behind",
        file=_STORE,
        before='            lock.execute("PRAGMA journal_mode = MEMORY")',
        after="            pass",
        dies=(f"{_DATABASES}::test_looking_at_a_file_drops_no_lock_on_it",),
    ),
    Break(
        what="a message of a public function repeats a digest that was given",
        file=_FACE,
        before="            shorten(exc)\n            raise\n",
        after="            raise\n",
        dies=(f"{_ARGUMENTS}::test_no_message_shows_a_digest_that_was_given",),
    ),
    Break(
        what="an error of the system repeats the name of a file that is a digest",
        file=_ERRORS,
        before="                    setattr(one, attribute, _Name(name))\n",
        after="                    pass\n",
        dies=(f"{_SAYS}::test_a_files_name_is_cut_in_the_message_and_whole_in_the_error",),
    ),
    Break(
        what="an error that is a value repeats the name of a file that is a digest",
        file="src/safehash/hashing/compute.py",
        before="            shorten(exc)\n            return exc\n",
        after="            return exc\n",
        dies=(f"{_SAYS}::test_a_files_name_is_cut_in_the_message_and_whole_in_the_error",),
    ),
    Break(
        what="what an error came of is printed whole with it",
        file=_ERRORS,
        before="        waiting += [one.__cause__, one.__context__]\n",
        after="",
        dies=(f"{_SAYS}::test_what_an_error_came_of_is_cut_too",),
    ),
    Break(
        what="the repr of an error of ours is whole",
        file=_ERRORS,
        before="        return shortened(super().__repr__())\n\n    if not",
        after="        return super().__repr__()\n\n    if not",
        dies=(f"{_SAYS}::test_what_an_error_came_of_is_cut_too",),
    ),
    Break(
        what="a note names an id in base64 whole",
        file=_STATE,
        before="{shortened_value(name)!r} is no listed",
        after="{name!r} is no listed",
        dies=(f"{_SAYS}::test_notes_show_no_id_that_is_a_digest",),
    ),
    Break(
        what="an attribute that a value has not is named whole",
        file=_FACE,
        before="    names_no_digest(kind)\n",
        after="",
        dies=(f"{_VALUES}::test_an_attribute_that_there_is_not_is_named_without_a_digest",),
    ),
    Break(
        what="a list inside a frozen value is sorted",
        file=_FROZEN,
        before="    append = clear = extend = insert = pop = remove = reverse = sort = _refuse\n",
        after="    append = clear = extend = insert = pop = remove = reverse = _refuse\n",
        dies=(f"{_VALUES}::test_nothing_inside_the_unknown_fields_changes",),
    ),
    Break(
        what="an entry keeps the very list that is in its unknown fields",
        file=_ENTRY,
        before="        if not _STILL.issuperset(map(type, extra.values())):\n",
        after="        if False:\n",
        dies=(f"{_VALUES}::test_nothing_inside_the_unknown_fields_changes",),
    ),
    Break(
        what="a list has as many names of fields as it likes",
        file="src/safehash/lists/formats/tally.py",
        before="        if n_known >= most or self._n_characters > MOST_CHARACTERS:\n",
        after="        if False:\n",
        dies=("tests/lists/test_bounds.py::test_what_is_kept_is_bounded_and_what_is_more_is_said",),
    ),
    Break(
        what="a long cell is remembered with what it says",
        file="src/safehash/lists/formats/remembering.py",
        before="        if len(text) <= self._longest:\n",
        after="        if True:\n",
        dies=("tests/lists/test_bounds.py::test_no_long_text_is_remembered",),
    ),
    Break(
        what="a list of no harmless name is not remarked on for its name",
        file="src/safehash/lists/formats/reading.py",
        before="            self._tally.note(remark)\n",
        after="            pass\n",
        dies=(
            "tests/lists/test_bounds.py::test_a_list_whose_name_takes_it_back_is_remarked_on_wherever_it_is_taken",
        ),
    ),
    Break(
        what="of stored hashes near nothing it is not told when they were decided",
        file="src/safehash/integrations/batch.py",
        before='        found["milliseconds"] = [elapsed] * len(values)\n',
        after='        found["milliseconds"] = [None] * len(values)\n',
        dies=("tests/integrations/test_batch.py::test_every_row_has_all_that_its_own_decision_says",),
    ),
)
