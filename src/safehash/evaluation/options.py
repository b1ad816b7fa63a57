"""How an evaluation is done: which manipulations and efforts, on how many pictures, against how long a list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .._face import checked, public_value
from ..hashing.algorithms import USUAL_DISTANCE, USUAL_QUALITY
from ..hashing.hashes import Algorithm
from ..matching.settings import USUAL_EFFORTS, Effort, check_effort
from .manipulations import FAMILIES

__all__ = ["DEFAULT_OPTIONS", "EvaluationOptions"]

#: Bits of a PDQ digest.
_N_BITS = 256

#: What an evaluation lists at least: with one picture there is no other that an upload could come near.
_LEAST_IMAGES = 2


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """How an evaluation is done.

    Attributes
    ----------
    efforts : sequence of "fast", "standard", "thorough", "exhaustive"
        Each is measured.
    families : collection of str
        Which families of manipulations; all of them unless told otherwise.
    thresholds : sequence of int
        In bits. The usual one is reported, or the widest where it is not among them; more than one adds a sweep.
    min_quality : int
        Pictures of less PDQ quality are left out.
    list_size : int
        Entries the list is filled up to with generated digests.
    max_images : int
        Take so many of the folder, spread evenly over it.
    min_images : int
        Refuse to give figures from fewer usable pictures.
    peers : bool
        Measure pdqhash, imagehash and perception beside, where they are installed.
    seed : int
        Of every choice: where stickers go, what is generated.

    Raises
    ------
    ValueError
        No effort, no threshold, no such family, or a number out of range.

    Examples
    --------
    >>> EvaluationOptions(families=["crop", "embed"], efforts=["thorough"]).thresholds
    (31,)
    >>> EvaluationOptions(families=["colour"])
    Traceback (most recent call last):
    ...
    ValueError: no family 'colour'; there are codec, ...
    """

    efforts: Sequence[Effort] = USUAL_EFFORTS
    families: Collection[str] = FAMILIES
    thresholds: Sequence[int] = (USUAL_DISTANCE[Algorithm.PDQ],)
    min_quality: int = USUAL_QUALITY
    list_size: int = 100_000
    max_images: int = 50
    min_images: int = _LEAST_IMAGES
    peers: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("efforts", "families", "thresholds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: name at least one")
        for effort in self.efforts:
            check_effort(effort)
        for family in self.families:
            if family not in FAMILIES:
                raise ValueError(f"no family {family!r}; there are {', '.join(FAMILIES)}")
        for threshold in self.thresholds:
            if not 0 <= threshold <= _N_BITS:
                raise ValueError(f"thresholds are 0 to {_N_BITS} bits, not {threshold}")
        if not 0 <= self.min_quality <= 100:
            raise ValueError(f"min_quality is 0 to 100, not {self.min_quality}")
        for name, least in (
            ("list_size", 0), ("max_images", _LEAST_IMAGES), ("min_images", _LEAST_IMAGES), ("seed", 0),
        ):  # fmt: skip
            if getattr(self, name) < least:
                raise ValueError(f"{name} is at least {least}, not {getattr(self, name)}")


DEFAULT_OPTIONS = EvaluationOptions()
