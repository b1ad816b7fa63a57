"""Breaks of lists and policies: what is matched against, and what is merged, told and refused."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_POLICY_TESTS = "tests/lists/test_lists_policy.py"
_POLICY, _SELECTING = "src/safehash/lists/policy.py", "src/safehash/lists/selecting.py"

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
)
