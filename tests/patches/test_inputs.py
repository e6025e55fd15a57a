"""What networks hear of a track."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genrekit import CNNEmbedding
from genrekit.features import Spectra
from genrekit.networks import get_card


@pytest.fixture(scope="module")
def noise():
    """Four seconds at a level of 0.2."""
    return 0.2 * np.random.default_rng(0).standard_normal(4 * 16000)


def lift(y, **changes):
    heard = replace(get_card("msd-musicnn").input, **changes)
    return heard._lift(Spectra(y, heard.frontend(), heard.requests()))


@pytest.mark.parametrize(
    ("gain", "expected"),
    # At the usual level, quiet but not too quiet, too quiet, beyond what is raised, silent.
    [(0.5, 1.0), (0.2, 1.0), (0.05, 100.0), (1e-6, 1e4), (0.0, 1.0)],
)
def test_tracks_recorded_too_quietly_are_raised(gain, expected, noise):
    assert lift(gain * noise) == pytest.approx(expected, rel=0.03)


def test_levels_can_be_left_alone(noise):
    assert lift(0.01 * noise, quiet_level=None) == 1.0


def test_a_recording_at_a_hundredth_gets_the_answers_of_one_at_the_usual_level(noise):
    _, usual = CNNEmbedding().patches((0.5 * noise, 16000))
    _, quiet = CNNEmbedding().patches((0.005 * noise, 16000))
    np.testing.assert_allclose(quiet, usual, atol=0.01)


@pytest.mark.parametrize("name", ["quiet_level", "usual_level"])
def test_wrong_level(name):
    with pytest.raises(ValueError, match=f"{name} must be a number above 0"):
        replace(get_card("msd-musicnn").input, **{name: 0})
