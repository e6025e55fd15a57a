"""Small checks shared by all rooms; each error says what was given and what to do."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable
from math import inf, isfinite, nan
from numbers import Integral, Real
from typing import Any

__all__ = [
    "RATES",
    "check_choice",
    "check_integer",
    "check_jobs",
    "check_number",
    "check_rate",
    "check_running",
    "did_you_mean",
]

# Sampling rates, Hz, from the least to the greatest that make sense: telephones have 8,000, and a
# header that says less than an eighth of it would make a minute of a second; converters end at
# 10 MHz.
RATES = (1e3, 1e7)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Text that suggests the nearest known name, or lists them all when none is near."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(map(repr, known))}."


def check_choice(name: str, value: Any, known: Iterable[str]) -> None:
    """Raise ``ValueError`` unless `value` is one of the known strings."""
    known = list(known)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"unknown {name} {value!r}: {did_you_mean(value, known)}")


def check_integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> None:
    """Raise ``ValueError`` unless `value` is an integer from `minimum` to `maximum`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    if maximum is not None and int(value) > maximum:
        raise ValueError(f"{name} must be an integer of at most {maximum}, not {value!r}")


def check_number(
    name: str,
    value: Any,
    *,
    minimum: float = -inf,
    above: float = -inf,
    maximum: float = inf,
) -> None:
    """Raise ``ValueError`` unless `value` is a finite real number within the bounds."""
    number = nan
    # numpy's numbers are Real too; its booleans and its arrays, which have no hash, are not.
    # Fractions are, but numpy can't count with them.
    ours = isinstance(value, (int, float)) or hasattr(value, "dtype")
    if ours and isinstance(value, Real) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # an integer that no float can hold
            number = float(value)
    if not (isfinite(number) and above < number and minimum <= number <= maximum):
        bound = f"above {above:g}" if above > -inf else f"of at least {minimum:g}"
        limit = f" and at most {maximum:g}" if maximum < inf else ""
        raise ValueError(f"{name} must be a number {bound}{limit}, not {value!r}")


def check_rate(name: str, value: Any) -> None:
    """Raise ``ValueError`` unless `value` is a sampling rate that makes sense."""
    check_number(name, value, above=0)
    if not RATES[0] <= value <= RATES[1]:
        low, high = (f"{rate:,.0f}" for rate in RATES)
        raise ValueError(f"{name} must be a number from {low} to {high} (Hz), not {value!r}")


def check_jobs(n_jobs: Any) -> None:
    """Raise ``ValueError`` unless `n_jobs` is None or an integer: joblib takes texts and shares."""
    integer = isinstance(n_jobs, Integral) and not isinstance(n_jobs, bool)
    if n_jobs is not None and not (integer and n_jobs):
        raise ValueError(
            f"n_jobs must be an integer such as 2, -1 for all cores, or None for 1, not {n_jobs!r}"
        )


def check_running(on_error: Any, n_jobs: Any) -> None:
    """Raise ``ValueError`` unless tracks can be worked on in this way."""
    check_choice("on_error", on_error, ("raise", "nan"))
    check_jobs(n_jobs)
