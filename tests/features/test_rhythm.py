"""Tempo where the answer is known; against librosa: test_librosa."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit import Tempo
from genrekit.features import Spectra, onset_strength, tempo
from genrekit.features.rhythm import tempo_of_onsets

SR = 22050


def _clicks(bpm, seconds=10):
    y = np.zeros(seconds * SR)
    y[(np.arange(0, seconds, 60 / bpm) * SR).astype(int)] = 1.0
    return Spectra(y)


@pytest.mark.parametrize("bpm", [80, 100, 120, 150])
def test_tempo_of_a_click_track(bpm):
    # Lags are whole frames of 23 ms.
    assert tempo(_clicks(bpm)).item() == pytest.approx(bpm, rel=0.03)


def test_prior_decides_between_octaves():
    clicks = _clicks(120)
    assert tempo(clicks, start_bpm=60.0, std_bpm=0.1).item() == pytest.approx(60, rel=0.03)
    assert tempo(clicks, start_bpm=240.0, std_bpm=0.1, max_tempo=130.0).item() < 130


def test_silence_has_the_tempo_of_the_prior():
    assert tempo(Spectra(np.zeros(SR * 5))).item() == pytest.approx(120, rel=0.03)


def test_tempo_does_not_depend_on_the_level():
    y = _clicks(100).waveform
    assert tempo(Spectra(y / 64)).item() == tempo(Spectra(y)).item()


def test_onsets_lie_where_the_clicks_are():
    y = np.zeros(4 * SR)
    clicks = np.array([40, 80, 120])
    y[clicks * 512] = 1.0
    strength = onset_strength(Spectra(y))
    assert strength.shape == (173,)
    found = [low + strength[low : low + 40].argmax() for low in (20, 60, 100)]
    assert (np.abs(found - clicks) <= 3).all()
    assert np.median(strength) == 0


def test_envelope_shorter_than_its_window():
    assert np.isfinite(tempo_of_onsets(np.array([0.0, 1.0, 0.0]), 43.0))


@pytest.mark.parametrize("name", ["start_bpm", "std_bpm", "ac_size", "max_tempo"])
def test_parameters_must_be_above_zero(name):
    with pytest.raises(ValueError, match=f"{name} must be a number above 0"):
        tempo(Spectra(np.ones(3000)), **{name: 0.0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_tempo": 5.0}, "max_tempo=5 is not above 7.5 beats a minute, the slowest tempo that"),
        ({"max_tempo": 7.0}, "use a longer ac_size"),
        ({"ac_size": 0.01}, "ac_size=0.01 seconds hold 0 frames, too few to tell a tempo"),
        ({"ac_size": 0.03}, "ac_size=0.03 seconds hold 1 frames, too few to tell a tempo"),
        ({"ac_size": 0.01, "max_tempo": None}, "too few to tell a tempo"),
        ({"ac_size": 0.05}, "max_tempo=320 is not above 2584.0 beats a minute"),
        ({"ac_size": float("nan")}, "ac_size must be a number above 0 and at most 600, not nan"),
        ({"start_bpm": True}, "start_bpm must be a number above 0, not True"),
        ({"max_tempo": "fast"}, "max_tempo must be a number above 0, not 'fast'"),
    ],
)
def test_tempi_that_cannot_be_told(options, message):
    with pytest.raises(ValueError, match=message):
        tempo(Spectra(np.ones(3000)), **options)
    with pytest.raises(ValueError, match=message):
        Tempo(**options).fit_transform([np.ones(3000)])


def test_max_tempo_holds():
    clicks = _clicks(120)
    for most in (8.0, 20.0, 59.0, 119.0):
        assert tempo(clicks, max_tempo=most).item() < most
    assert tempo(clicks, ac_size=0.1, max_tempo=None).item() > 500  # there are no slower ones


@pytest.mark.parametrize("onsets", [[], [[1.0, 2.0]], ["a"], [1.0, np.nan], [np.inf, 0.0]])
def test_envelopes_that_are_none(onsets):
    with pytest.raises(ValueError, match="onsets must"):
        tempo_of_onsets(onsets, 43.0)


def test_envelope_of_integers():
    clicks = np.tile([1, 0, 0, 0, 0], 200)
    assert tempo_of_onsets(clicks, 10.0) == tempo_of_onsets(clicks.astype(float), 10.0) == 120.0


def test_aggregate_is_a_function():
    with pytest.raises(ValueError, match="aggregate must be a function such as numpy.mean"):
        onset_strength(Spectra(np.ones(3000)), aggregate="mean")


def test_the_slowest_tempo_is_not_below_itself():
    onsets = np.tile([1.0, 0, 0, 0, 0], 200)
    with pytest.raises(ValueError, match="max_tempo=10 is not above 10.0"):
        tempo_of_onsets(onsets, 10.0, ac_size=6.1, max_tempo=10.0)
    assert tempo_of_onsets(onsets, 10.0, ac_size=6.1, max_tempo=10.01) == 10.0


def test_an_envelope_is_heard_as_a_track_is():
    assert tempo_of_onsets.__kwdefaults__ == tempo.__kwdefaults__
