"""What a word means, remembered: of so many words, and of none that is longer than any word is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Generic, TypeVar

__all__ = ["LONGEST", "remembered"]

#: No name, word or time is longer, in characters; what is said of a longer text is found out anew each time.
LONGEST = 1000

_Text = TypeVar("_Text", str, bytes)
_Meaning = TypeVar("_Meaning")


def remembered(
    most: int, *, longest: int = LONGEST
) -> Callable[[Callable[[_Text], _Meaning]], Callable[[_Text], _Meaning]]:
    """Have a function remember its answers: `most` of them at a time, to texts of up to `longest` characters.

    As `functools.lru_cache`, whose memory texts of any length would fill.

    Examples
    --------
    >>> asked = []
    >>> @remembered(2, longest=4)
    ... def length(text):
    ...     asked.append(text)
    ...     return len(text)
    >>> [length(text) for text in ("a", "a", "longer", "longer")], asked
    ([1, 1, 6, 6], ['a', 'longer', 'longer'])
    """

    def decorate(function: Callable[[_Text], _Meaning]) -> Callable[[_Text], _Meaning]:
        memory = _Memory(function, most, longest)

        @wraps(function)
        def answer(text: _Text) -> _Meaning:
            return memory[text]

        return answer

    return decorate


class _Memory(dict[_Text, _Meaning], Generic[_Text, _Meaning]):
    """Answers by text; what is not there is asked."""

    __slots__ = ("_function", "_longest", "_most")

    _function: Callable[[_Text], _Meaning]
    _longest: int
    _most: int

    def __init__(self, function: Callable[[_Text], _Meaning], most: int, longest: int) -> None:
        self._function = function
        self._most = most
        self._longest = longest

    def __missing__(self, text: _Text) -> _Meaning:
        meaning = self._function(text)
        if len(text) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[text] = meaning
        return meaning
