"""How long extraction takes inside something else, such as the `fit` of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

__all__ = ["clocked", "extraction_clock"]

P = ParamSpec("P")
R = TypeVar("R")

# A context variable, so that folds that run in threads side by side have a clock each.
_SPENT: ContextVar[list[float] | None] = ContextVar("_SPENT", default=None)


@contextmanager
def extraction_clock() -> Iterator[list[float]]:
    """Collect the seconds of each extraction that this thread starts within the block."""
    spent: list[float] = []
    token = _SPENT.set(spent)
    try:
        yield spent
    finally:
        _SPENT.reset(token)


def clocked(function: Callable[P, R]) -> Callable[P, R]:
    """Note how long calls of `function` take, where someone asks."""

    @wraps(function)
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        spent = _SPENT.get()
        if spent is None:
            return function(*args, **kwargs)
        start = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent.append(perf_counter() - start)

    return timed
