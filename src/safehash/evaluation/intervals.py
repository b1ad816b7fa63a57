"""How sure a share is that was counted on a few pictures: Wilson's interval."""

from __future__ import annotations

import math

__all__ = ["wilson"]

#: Standard deviations that hold 95 of 100 of a normal distribution.
_Z = 1.959964


def wilson(n_found: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `n_found` of `n` were counted.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    Examples
    --------
    >>> low, high = wilson(20, 20)
    >>> round(low, 3), high
    (0.839, 1.0)
    """
    if not 0 <= n_found <= n:
        raise ValueError(f"{n_found} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    share, square = n_found / n, _Z * _Z / n
    middle = share + square / 2
    spread = _Z * math.sqrt(share * (1 - share) / n + square / (4 * n))
    low = 0.0 if n_found == 0 else (middle - spread) / (1 + square)
    high = 1.0 if n_found == n else (middle + spread) / (1 + square)
    return low, high
