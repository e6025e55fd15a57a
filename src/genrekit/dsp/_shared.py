"""Tables that are built once for all who ask for the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

__all__ = ["kept", "shared"]

P = ParamSpec("P")
T = TypeVar("T")


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """Keep what a function gives; nobody can write to it, for others get the same."""

    # By type as well: True is equal to 1 and would pass where 1 has been.
    @lru_cache(maxsize=64, typed=True)
    @wraps(function)
    def build(*args: Any, **kwargs: Any) -> Any:
        return _freeze(function(*args, **kwargs))

    return build  # type: ignore[return-value]


def shared(function: Callable[P, T]) -> Callable[P, T]:
    """The same for a function that users call, with what can't be looked up as well."""
    build = kept(function)

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return build(*args, **kwargs)
        except TypeError:
            function(*args, **kwargs)  # says what is wrong with a value that can't be looked up
            raise

    return ask


def _freeze(table: Any) -> Any:
    """An array, or a tuple of them, made read-only."""
    if isinstance(table, tuple):
        return tuple(map(_freeze, table))
    if isinstance(table, np.ndarray):
        table.flags.writeable = False
    return table
