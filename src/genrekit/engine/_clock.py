"""What extraction inside something else, such as the `fit` of a pipeline, takes and fails at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from time import perf_counter
from typing import NamedTuple, ParamSpec, Protocol, TypeVar

from genrekit.exceptions import TrackError

__all__ = ["Extracted", "clocked", "extraction_clock", "note_extraction"]

P = ParamSpec("P")


class Extracted(NamedTuple):
    """One extraction.

    Attributes
    ----------
    seconds : float
        How long it took.
    errors : sequence of TrackError
        Tracks that could not be decoded, by their place in what was extracted.
    """

    seconds: float
    errors: Sequence[TrackError]


class _Described(Protocol):
    """What is timed gives the failures with the rest."""

    @property
    def errors(self) -> list[TrackError]:
        """The failures."""


D = TypeVar("D", bound=_Described)

# A context variable, so that folds that run in threads side by side have a clock each.
_SEEN: ContextVar[list[Extracted] | None] = ContextVar("_SEEN", default=None)


@contextmanager
def extraction_clock() -> Iterator[list[Extracted]]:
    """Collect each extraction that this thread starts within the block."""
    seen: list[Extracted] = []
    token = _SEEN.set(seen)
    try:
        yield seen
    finally:
        _SEEN.reset(token)


def note_extraction(seconds: float, errors: Sequence[TrackError]) -> None:
    """Tell whoever asks in this thread of an extraction that is over."""
    seen = _SEEN.get()
    if seen is not None:
        seen.append(Extracted(seconds, errors))


def clocked(function: Callable[P, D]) -> Callable[P, D]:
    """Note how long calls of `function` take and what fails, where someone asks."""

    @wraps(function)
    def timed(*args: P.args, **kwargs: P.kwargs) -> D:
        seen = _SEEN.get()
        if seen is None:
            return function(*args, **kwargs)
        start = perf_counter()
        errors: list[TrackError] = []
        try:
            described = function(*args, **kwargs)
            errors = described.errors
            return described
        finally:
            seen.append(Extracted(perf_counter() - start, errors))

    return timed
