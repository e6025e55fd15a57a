"""A track of each genre."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.displays import GenreTracksDisplay

Figure = pytest.importorskip("matplotlib.figure").Figure


def noise(level, seconds=0.5):
    return np.float32(level) * np.random.default_rng(0).uniform(-1, 1, int(22050 * seconds)).astype(
        np.float32
    )


def test_a_row_a_genre_of_its_first_track_that_can_be_decoded():
    X = [b"no sound", noise(0.5), noise(0.9), b"no sound"]
    display = GenreTracksDisplay.from_tracks(X, ["rock", "rock", "jazz", "pop"], duration=None)
    assert list(display.tracks) == ["jazz", "pop", "rock"]
    np.testing.assert_array_equal(display.tracks["rock"][0], X[1])
    assert display.tracks["pop"] is None
    assert [ax.get_ylabel() for ax in display.axes_[:, 0]] == ["jazz", "pop", "rock"]
    assert display.axes_[1, 0].texts[0].get_text() == "none could be decoded"


def test_loudness_can_be_compared_and_levels_share_a_scale():
    display = GenreTracksDisplay.from_tracks([noise(0.1), noise(0.9)], ["a", "b"])
    limits = {ax.get_ylim() for ax in display.axes_[:, 0]}
    assert limits == {(-limits.copy().pop()[1], limits.copy().pop()[1])}
    assert next(iter(limits))[1] == pytest.approx(0.9, abs=1e-2)
    images = [ax.images[0] for ax in display.axes_[:, 1]]
    assert all(image.get_clim() == (-80, 0) for image in images)
    assert [image.get_array().max() for image in images] == [0, 0]


def test_a_part_of_each_and_given_axes():
    axes = Figure().subplots(1, 1, squeeze=False)
    display = GenreTracksDisplay.from_tracks(
        [noise(0.5, 1.0)], ["a"], offset=0.2, duration=0.5, ax=axes, panels=["mel"]
    )
    assert display.ax_ is axes[0, 0]
    assert len(display.tracks["a"][0]) == 11025
    left, right = axes[0, 0].images[0].get_extent()[:2]
    assert left == pytest.approx(0.2, abs=0.02)
    assert right == pytest.approx(0.7, abs=0.03)


def test_silence_draws():
    GenreTracksDisplay.from_tracks([np.zeros(2000, np.float32)], ["a"]).figure_.canvas.draw()


def test_bad_input():
    with pytest.raises(ValueError, match="X has 1 tracks and y 2 genres"):
        GenreTracksDisplay.from_tracks([noise(0.5)], ["a", "b"])
    with pytest.raises(ValueError, match="unknown panel"):
        GenreTracksDisplay.from_tracks([noise(0.5)], ["a"], panels=["mfcc"])
    with pytest.raises(ValueError, match=r"\(1, 2\) is needed"):
        GenreTracksDisplay.from_tracks([noise(0.5)], ["a"], ax=Figure().subplots(1, 1))
