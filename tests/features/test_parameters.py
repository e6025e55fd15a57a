"""What a parameter may be: functions and transformers say the same, over the table."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from genrekit.dsp import check_parameters
from genrekit.dsp.parameters import _RULES
from genrekit.features import FEATURES, Frontend, Spectra, onset_strength, transformers

FRONT = {"n_fft": 1024, "hop_length": 256}
Y = np.random.default_rng(0).standard_normal(6000)
PARAMETERS = [(name, key) for name, row in FEATURES.items() for key in row.defaults]
# What users write, and what files and wrappers hand on.
VALUES = [
    *(None, True, False, np.True_, "3", "", b"3", [3], (3,), {}, {3}, 3j, np.array(3), object()),
    *(np.nan, np.inf, -np.inf, -1, -0.5, 0, 1e-40, 1e-3, 0.5, 1, 1.5, 2, 3, 4, 13, 200, 1e9),
    *(2**40, 10**400, np.int64(5), np.float32(0.5), np.float64(-1), Fraction(1, 3)),
]


def _outcome(call):
    """What a call gives, or the sentence with which it refuses; other errors are faults."""
    try:
        return call()
    except ValueError as error:
        return str(error)


@pytest.mark.filterwarnings("ignore:.*mel filters fall between")
@pytest.mark.parametrize(("name", "key"), PARAMETERS)
def test_function_and_transformer_say_the_same(name, key):
    spectra, row = Spectra(Y, Frontend(**FRONT)), FEATURES[name]
    for value in VALUES:
        given = {key: value}
        shell = getattr(transformers, row.transformer)(**given, **FRONT)
        by_function = _outcome(lambda given=given: row.function(spectra, **given))
        by_shell = _outcome(lambda shell=shell: shell.frames(Y))
        np.testing.assert_array_equal(by_function, by_shell, err_msg=repr(value))
        if isinstance(by_function, str):
            assert by_function == _outcome(lambda shell=shell: shell.fit_transform([Y])), value
            assert key in by_function, value
        else:
            assert np.isfinite(by_function).all(), value
        refused = _outcome(lambda given=given: check_parameters(**given))
        if refused is not None:  # not only when the first file has been decoded
            assert _outcome(lambda shell=shell: shell.fit([Y])) == refused == by_function


def test_every_parameter_has_a_rule():
    assert {key for _, key in PARAMETERS} <= set(_RULES)


@pytest.mark.parametrize("name", FEATURES)
def test_functions_read_spectra(name):
    with pytest.raises(ValueError, match=r"not a ndarray: wrap a waveform, Spectra\(y\)"):
        FEATURES[name].function(Y)
    with pytest.raises(ValueError, match="not a ndarray"):
        onset_strength(Y)
