"""What each parameter may be, said once: functions, transformers and sweeps all ask here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from genrekit._validation import check_choice, check_integer, check_number

__all__ = ["PAD_MODES", "check_once", "check_parameters"]

PAD_MODES = ("constant", "reflect", "edge", "symmetric")

# Sizes out of all proportion are mistakes, or come from a file that means harm: they would end in
# a want of memory.
_MOST_HZ = 1e7
_MOST_SECONDS = 600
_MOST_SAMPLES = 1 << 20
_MOST_ROWS = 1 << 12
_MOST_OCTAVES = 100

# Raises ``ValueError`` with the name of a parameter if its value won't do.
Rule = Callable[[str, Any], None]


def _integer(minimum: int, maximum: int | None = None) -> Rule:
    return lambda name, value: check_integer(name, value, minimum=minimum, maximum=maximum)


def _number(**bounds: float) -> Rule:
    return lambda name, value: check_number(name, value, **bounds)


def _choice(*known: str) -> Rule:
    return lambda name, value: check_choice(name, value, known)


def _optional(rule: Rule) -> Rule:
    return lambda name, value: None if value is None else rule(name, value)


def _share(name: str, value: Any) -> None:
    """A part of the whole, neither nothing nor all."""
    if not isinstance(value, (float, np.floating)) or not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value!r}")


def _flag(name: str, value: Any) -> None:
    """True or False; other things are mistakes more often than truths."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, not {value!r}")


def _window(name: str, value: Any) -> None:
    """A name, or a tuple of one and its parameters; scipy.signal knows which there are."""
    if not isinstance(value, (str, tuple)):
        raise ValueError(f"{name} must be the name of one of scipy.signal's windows, not {value!r}")


def _few(name: str, value: Any) -> None:
    """How many orders of derivatives."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or value not in (0, 1, 2)
    ):
        raise ValueError(f"{name} must be 0, 1 or 2, not {value!r}")


def _odd(name: str, value: Any) -> None:
    """A number of frames with one in the middle."""
    check_integer(name, value, minimum=3)
    if value % 2 == 0:
        raise ValueError(f"{name} must be an odd number of at least 3, not {value!r}")


_RULES: dict[str, Rule] = {
    # the front end
    "sr": _number(above=0, maximum=_MOST_HZ),
    "n_fft": _integer(2, _MOST_SAMPLES),
    "hop_length": _integer(1),
    "win_length": _optional(_integer(1)),
    "window": _window,
    "center": _flag,
    "pad_mode": _choice(*PAD_MODES),
    "pad": _optional(_integer(0)),
    "dtype": _choice("float32", "float64"),
    "n_samples": _integer(1),
    # features
    "n_mels": _integer(1, _MOST_ROWS),
    "fmin": _number(minimum=0),
    "fmax": _optional(_number(above=0)),
    "db": _flag,
    "top_db": _optional(_number(minimum=0)),
    "mel_scale": _choice("slaney", "htk"),
    "power": _integer(1, 2),
    "n_mfcc": _integer(1, _MOST_ROWS),
    "lifter": _number(minimum=0),
    "deltas": _few,
    "order": _integer(1, 20),
    "width": _odd,
    "n_chroma": _integer(1, _MOST_ROWS),
    "tuning": _optional(_number(minimum=-1, maximum=1)),
    "roll_percent": _share,
    "n_bands": _integer(1, _MOST_OCTAVES),
    "quantile": _share,
    # What float32 can hold, and a product of four in float64.
    "amin": _number(minimum=1e-37, maximum=1e37),
    "start_bpm": _number(above=0),
    "std_bpm": _number(above=0),
    "ac_size": _number(above=0, maximum=_MOST_SECONDS),
    "max_tempo": _optional(_number(above=0)),
    "frames_per_second": _number(above=0),
    # tables
    "n_rows": _integer(1, _MOST_ROWS),
    "n_columns": _integer(1, _MOST_ROWS),
}
# What may not be above what, and why where it is not plain.
_AT_MOST = [
    ("hop_length", "n_fft", ": samples between frames would be skipped"),
    ("win_length", "n_fft", ""),
    ("pad", "n_fft", ""),
    ("n_mfcc", "n_mels", ": there are no more coefficients than bands"),
    ("n_rows", "n_columns", ""),
]


def check_parameters(**values: Any) -> None:
    """Refuse values that can't be meant.

    Parameters
    ----------
    **values
        Parameters by name. Those that this room knows nothing of are passed over.

    Raises
    ------
    ValueError
        For the first whose type or range is wrong, or that does not go with another.

    Examples
    --------
    >>> from genrekit.dsp import check_parameters
    >>> check_parameters(n_mels=40, fmin=20.0, fmax=None)
    >>> check_parameters(n_mels=True)
    Traceback (most recent call last):
    ValueError: n_mels must be an integer of at least 1, not True
    """
    try:
        check_once(**values)
    except TypeError:  # a value that can't be looked up
        check_once.__wrapped__(**values)


# Every feature of every track asks. By type as well, for True is equal to 1.
@lru_cache(maxsize=256, typed=True)
def check_once(**values: Any) -> None:
    """`check_parameters` for values that can be looked up: what has passed is not asked again.

    Parameters
    ----------
    **values
        Parameters by name.

    Raises
    ------
    TypeError
        For a value that has no hash.
    ValueError
        As `check_parameters`.
    """
    for name, value in values.items():
        if name in _RULES:
            _RULES[name](name, value)
    for name, limit, why in _AT_MOST:
        small, large = values.get(name), values.get(limit)
        if small is not None and large is not None and small > large:
            raise ValueError(f"{name}={small} is above {limit}={large}{why}")
