"""What the opinions of several organisations make together."""

from __future__ import annotations

from collections.abc import Iterable

from .entry import Opinion

__all__ = ["category_of", "join_categories", "unite_opinions"]


def join_categories(one: str, other: str) -> str:
    """Return the category of a hash that was called both.

    A "negative" beside anything else is "disputed", and so is anything beside "disputed"; "positive" beats
    "seed".
    """
    if one == other:
        return one
    if "disputed" in (one, other) or "negative" in (one, other):
        return "disputed"
    return "positive"


def category_of(opinions: Iterable[Opinion], *, default: str) -> str:
    """Return the category all `opinions` make together, `default` where there is none."""
    category: str | None = None
    for opinion in opinions:
        category = opinion.category if category is None else join_categories(category, opinion.category)
    return default if category is None else category


def unite_opinions(opinions: Iterable[Opinion]) -> tuple[Opinion, ...]:
    """Return one opinion per owner, sorted by owner: contradictions of one owner are "disputed"."""
    by_owner: dict[str, Opinion] = {}
    for opinion in opinions:
        known = by_owner.get(opinion.owner)
        if known is not None and known != opinion:
            opinion = Opinion(
                owner=opinion.owner,
                category=join_categories(known.category, opinion.category),
                labels=tuple(sorted({*known.labels, *opinion.labels})),
                name=min(filter(None, (known.name, opinion.name)), default=None),
                reasons=tuple(sorted({*known.reasons, *opinion.reasons})),
            )
        by_owner[opinion.owner] = opinion
    return tuple(by_owner[owner] for owner in sorted(by_owner))
