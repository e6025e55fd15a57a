"""The rules of parameters, at their bounds."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.dsp import check_parameters
from genrekit.dsp.parameters import _RULES

# What just passes, and what just does not.
BOUNDS = {
    "sr": ([1e-9, 1, 1e7], [0, 1e7 + 1]),
    "n_fft": ([2, 1 << 20], [1, (1 << 20) + 1]),
    "hop_length": ([1], [0]),
    "win_length": ([None, 1], [0]),
    "window": (["hann", ("kaiser", 4.0)], [None, 3, ["hann"]]),
    "center": ([True, False, np.True_], [0, 1, None, "True"]),
    "pad_mode": (["constant", "reflect", "edge", "symmetric"], ["wrap", None]),
    "pad": ([None, 0, 1], [-1, 1.0]),
    "dtype": (["float32", "float64"], ["float16", np.float32]),
    "n_samples": ([1], [0]),
    "n_mels": ([1, 4096], [0, 4097]),
    "fmin": ([0, 0.0], [-1e-9]),
    "fmax": ([None, 1e-9], [0]),
    "mel_scale": (["slaney", "htk"], ["HTK", None]),
    "power": ([1, 2], [0, 3, 1.0]),
    "db": ([True, False], [0, 1, None]),
    "top_db": ([None, 0], [-1e-9]),
    "n_mfcc": ([1, 4096], [0, 4097]),
    "lifter": ([0], [-1e-9]),
    "deltas": ([0, 1, 2, np.int64(2)], [-1, 3, 1.0, True]),
    "order": ([1, 20], [0, 21]),
    "width": ([3, 5, 101], [1, 2, 4, 3.0]),
    "n_chroma": ([1, 4096], [0, 4097]),
    "tuning": ([None, -1, 0, 1], [-1.001, 1.001]),
    "roll_percent": ([1e-9, 0.999], [0, 0.0, 1, 1.0]),
    "n_bands": ([1, 100], [0, 101]),
    "quantile": ([1e-9, 0.999], [0.0, 1.0]),
    "amin": ([1e-37, 1e37], [0.9e-37, 1.1e37]),
    "start_bpm": ([1e-9], [0]),
    "std_bpm": ([1e-9], [0]),
    "ac_size": ([1e-9, 600], [0, 600.1]),
    "max_tempo": ([None, 1e-9], [0]),
    "frames_per_second": ([1e-9], [0]),
    "n_rows": ([1, 4096], [0, 4097]),
    "n_columns": ([1, 4096], [0, 4097]),
}


@pytest.mark.parametrize("name", _RULES)
def test_bounds(name):
    passing, failing = BOUNDS[name]
    for value in passing:
        check_parameters(**{name: value})
    for value in failing:
        with pytest.raises(ValueError, match=name):
            check_parameters(**{name: value})


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("hop_length", "n_fft"),
        ("win_length", "n_fft"),
        ("pad", "n_fft"),
        ("n_mfcc", "n_mels"),
        ("n_rows", "n_columns"),
    ],
)
def test_what_goes_together(small, large):
    check_parameters(**{small: 40, large: 40})
    with pytest.raises(ValueError, match=f"{small}=41 is above {large}=40"):
        check_parameters(**{small: 41, large: 40})


def test_what_is_not_known_is_passed_over():
    check_parameters(colour="red", n_mels=40)
