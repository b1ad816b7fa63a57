"""What a matcher says of itself: its lists, settings and what is to be said of them."""

from __future__ import annotations

from dataclasses import replace

from ..errors import shortened
from ..images.limits import Limits
from .decision import Audit, ListInfo
from .flood import FloodGuard
from .keeping import Refusals
from .settings import Settings
from .state import Sources, State, remarks_on

__all__ = ["_Telling"]


class _Telling:
    """The part of a `Matcher` that only tells."""

    _asked: Settings
    _state: State
    _sources: Sources
    _refusals: Refusals
    _remarks: tuple[State | None, tuple[str, ...]]
    _flood_guard: FloodGuard | None

    @property
    def n_refused(self) -> int:
        """How often `reload_if_changed` refused what it found, since it last took over a new state.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").n_refused
        0
        """
        return self._refusals.n

    @property
    def lists_kept(self) -> tuple[str, ...]:
        """Names of the lists that were refused when they were read, and are matched in their last good state.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").lists_kept
        ()
        """
        return self._state.kept

    def __len__(self) -> int:
        """Return how many list entries are matched against."""
        return self._state.n_listed

    def counts(self) -> dict[str, int]:
        """Return how many hashes of each algorithm are looked among, those of allow-lists included.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").counts()
        {'pdq': 1}
        """
        return self._state.counts()

    @property
    def lists(self) -> tuple[ListInfo, ...]:
        """The lists decisions are made against, allow-lists included.

        Examples
        --------
        >>> [(each.name, each.n_entries) for each in safehash.Matcher.from_files("list.csv").lists]
        [('list', 1)]
        """
        return self._state.audit.lists

    @property
    def audit(self) -> Audit:
        """What every decision of the present state carries.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").audit.effort
        'standard'
        """
        return self._state.audit

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks about lists and settings: stale lists, what was left out and why, names that nothing bears.

        Examples
        --------
        >>> settings = safehash.Settings(allow_ids=["b-7"])
        >>> safehash.Matcher.from_files("list.csv", settings=settings).notes
        ("the allowed id 'b-7' is no listed entry's",)
        """
        refused = (self._refusals.note,) if self._refusals.note else ()
        return tuple(map(shortened, (*refused, *self._state.notes, *self._settings_in_vain())))

    def _settings_in_vain(self) -> tuple[str, ...]:
        """Return what the settings name and nothing bears: once of a state, as it may read every id of a snapshot."""
        state = self._state
        known, remarks = self._remarks
        if known is not state:
            remarks = remarks_on(state, self._asked, opened=self._sources.snapshot is not None)
            self._remarks = (state, remarks)
        return remarks

    @property
    def limits(self) -> Limits:
        """What one upload may cost.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").limits == safehash.Limits()
        True
        """
        return self._asked.limits

    @property
    def settings(self) -> Settings:
        """What decisions depend on beside the lists; its policy is the one in force, never None.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").settings.policy.max_distance["pdq"]
        31
        """
        return replace(self._asked, policy=self._state.policy)

    @property
    def flood_guard(self) -> FloodGuard | None:
        """The guard that counts matches, where there is one.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").flood_guard is None
        True
        """
        return self._flood_guard
