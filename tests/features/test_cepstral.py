"""MFCCs and deltas where the answer is known; against librosa: test_librosa."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import savgol_filter

from genrekit.features import Spectra, delta, mfcc


def test_silence_has_one_coefficient():
    coefficients = mfcc(Spectra(np.zeros(22050)))
    np.testing.assert_allclose(coefficients[0], -100 * np.sqrt(128), rtol=1e-6)
    np.testing.assert_allclose(coefficients[1:], 0, atol=1e-3)


def test_level_moves_the_first_coefficient_only(music):
    loud, soft = mfcc(Spectra(music)), mfcc(Spectra(music / 10))
    inner = slice(4, -4)
    np.testing.assert_allclose((loud - soft)[0, inner], 20 * np.sqrt(128), rtol=1e-4)
    np.testing.assert_allclose((loud - soft)[1:, inner], 0, atol=0.01)


def test_deltas_follow_the_coefficients(music):
    spectra = Spectra(music)
    plain = mfcc(spectra, n_mfcc=5)
    both = mfcc(spectra, n_mfcc=5, deltas=2, width=5)
    np.testing.assert_array_equal(both[:5], plain)
    np.testing.assert_array_equal(both[5:10], delta(plain, width=5))
    np.testing.assert_array_equal(both[10:], delta(plain, order=2, width=5))


def test_lifter_raises_the_higher_coefficients(music):
    spectra = Spectra(music)
    weights = 1 + 11 * np.sin(np.pi * np.arange(1, 14) / 22)
    expected = mfcc(spectra, n_mfcc=13) * weights[:, np.newaxis]
    np.testing.assert_allclose(
        mfcc(spectra, n_mfcc=13, lifter=22.0), expected, rtol=1e-5, atol=0.001
    )


def test_derivatives_of_polynomials():
    t = np.arange(20.0)
    np.testing.assert_allclose(delta(np.stack([3 * t, 5 - t])), [[3.0] * 20, [-1.0] * 20])
    np.testing.assert_allclose(delta((t**2)[np.newaxis], order=2), np.full((1, 20), 2.0))


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 6])
def test_derivative_of_a_power_is_its_factorial(order):
    x = (np.arange(40.0) - 7) ** order
    expected = np.full((1, 40), math.factorial(order))
    np.testing.assert_allclose(delta(x[np.newaxis], order=order), expected, rtol=1e-6)


@pytest.mark.parametrize(("order", "width"), [(1, 3), (2, 5), (3, 5), (3, 9), (4, 7), (6, 11)])
def test_derivatives_are_savitzky_and_golays(order, width):
    x = np.random.default_rng(order).standard_normal((3, 30))
    expected = savgol_filter(x, width, polyorder=order, deriv=order, mode="interp")
    np.testing.assert_allclose(delta(x, order=order, width=width), expected, atol=1e-10)


def test_too_few_frames_for_a_fit_do_not_change():
    for n_frames, order in [(3, 3), (4, 3), (4, 4), (5, 5)]:
        assert not delta(np.arange(n_frames)[np.newaxis] ** 2.0, order=order).any()
    assert delta(np.arange(5)[np.newaxis] ** 3, order=3)[0, 0] == pytest.approx(6)


def test_integers_are_not_cut_off():
    half = delta(np.repeat(np.arange(10), 2)[np.newaxis], width=3)
    assert half.dtype == np.float64
    np.testing.assert_allclose(half, 0.5)


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        (np.ones(9), {}, "frames must hold numbers in 2 dimension"),
        ([[1, 2], [3]], {}, "frames must hold numbers"),
        (np.ones((2, 0)), {}, "frames must hold numbers"),
        (np.array([["a"] * 9]), {}, "frames must hold numbers"),
        (np.ones((1, 9), bool), {}, "frames must hold numbers"),
        (np.ones((1, 9)), {"order": 0}, "order must be an integer of at least 1, not 0"),
        (np.ones((1, 9)), {"order": True}, "order must be an integer of at least 1, not True"),
        (np.ones((1, 9)), {"order": 9}, "width=9 is not above order=9"),
        (np.ones((1, 9)), {"width": 9.0}, "width must be an integer of at least 3, not 9.0"),
    ],
)
def test_what_has_no_derivative(frames, options, message):
    with pytest.raises(ValueError, match=message):
        delta(frames, **options)


@pytest.mark.parametrize("n_frames", [1, 2])
def test_under_three_frames_nothing_changes(n_frames):
    assert not delta(np.arange(n_frames, dtype=float)[np.newaxis]).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_mfcc": 0}, "n_mfcc must be an integer of at least 1, not 0"),
        ({"n_mfcc": "20"}, "n_mfcc must be an integer of at least 1, not '20'"),
        ({"n_mfcc": 41, "n_mels": 40}, "n_mfcc=41 is above n_mels=40"),
        ({"deltas": 3}, "deltas must be 0, 1 or 2"),
        ({"lifter": -1.0}, "lifter must be a number of at least 0"),
        ({"deltas": 1, "width": 4}, "width must be an odd number"),
        ({"deltas": 1, "width": 1}, "width must be an integer of at least 3"),
    ],
)
def test_parameters_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        mfcc(Spectra(np.ones(3000)), **options)
