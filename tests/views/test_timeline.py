"""Which genre a track sounds like, when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genrekit.displays import TimelineDisplay
from genrekit.models import Timeline

pytest.importorskip("matplotlib")

CLASSES = np.array([f"genre {i:02d}" for i in range(12)])


@pytest.fixture
def timeline():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.linspace(0.1, 2, 12), size=10)
    return Timeline(3.0 * np.arange(10), probabilities, CLASSES)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_bands_are_as_high_as_the_probabilities(timeline):
    display = TimelineDisplay.from_timeline(timeline, n_genres=12)
    order = np.argsort(-timeline.probabilities.mean(axis=0))
    assert legend(display) == CLASSES[order][::-1].tolist()
    heights = timeline.probabilities[3, order]
    middles = heights.cumsum() - heights / 2
    for band, middle in zip(display.bands_, middles, strict=True):
        assert band.get_paths()[0].contains_point((10.0, middle))


def test_a_value_holds_until_the_next(timeline):
    display = TimelineDisplay.from_timeline(timeline)
    assert display.ax_.get_xlim() == (0.0, 30.0)
    lowest = display.bands_[0].get_paths()[0].vertices
    first = timeline.probabilities.mean(axis=0).argmax()
    assert {y for x, y in lowest if x == 0.0} == {0.0, timeline.probabilities[0, first]}
    assert {y for x, y in lowest if x == 3.0 and y > 0} == set(timeline.probabilities[:2, first])


def test_a_value_of_a_long_segment_stands_about_its_middle(timeline):
    display = TimelineDisplay.from_timeline(replace(timeline, window=5.0), n_genres=12)
    assert display.ax_.get_xlim() == (0.0, 32.0)  # the whole track
    edges = np.unique(display.bands_[0].get_paths()[0].vertices[:, 0])
    # The second segment, 3 to 8 s, stands from 4 to 7, and what lies outside has no other.
    np.testing.assert_allclose(edges, [0, *np.arange(4, 29, 3), 32])


def test_the_others_are_one_grey_band(timeline):
    display = TimelineDisplay.from_timeline(timeline, n_genres=3)
    assert len(display.bands_) == 4
    assert legend(display)[0] == "others"
    top = display.bands_[-1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(1)


def test_a_genre_keeps_its_colour_from_track_to_track(timeline):
    def colour_of_first(probabilities):
        display = TimelineDisplay(timeline.times, probabilities, CLASSES).plot(n_genres=12)
        return dict(zip(legend(display)[::-1], display.bands_, strict=True))["genre 00"]

    one = colour_of_first(timeline.probabilities).get_facecolor()
    other = colour_of_first(timeline.probabilities[:, ::-1]).get_facecolor()
    np.testing.assert_array_equal(one, other)


def test_from_estimator_passes_on_how_to_cut(timeline):
    asked = {}

    class Classifier:
        def timeline(self, track, **params):
            asked.update(params, track=track)
            return timeline

    display = TimelineDisplay.from_estimator(Classifier(), "song.mp3", segment_duration=2.0)
    assert asked == {"segment_duration": 2.0, "track": "song.mp3"}
    assert display.times is timeline.times


def test_a_gap_where_nothing_is_known(timeline):
    timeline.probabilities[4] = np.nan
    display = TimelineDisplay.from_timeline(timeline, n_genres=3)
    for band in display.bands_:
        assert len(band.get_paths()) == 2
        assert not any(path.contains_point((13.5, 0.5)) for path in band.get_paths())


def test_one_time_only():
    display = TimelineDisplay([1.0], [[0.25, 0.75]], ["a", "b"]).plot()
    assert display.ax_.get_xlim() == (1.0, 2.0)
    assert legend(display) == ["a", "b"]


def test_what_is_no_timeline(timeline):
    with pytest.raises(ValueError, match=r"shape \(10, 12\): a row for each of 9 times"):
        TimelineDisplay(timeline.times[1:], timeline.probabilities, CLASSES).plot()
    with pytest.raises(ValueError, match="n_genres must be an integer"):
        TimelineDisplay.from_timeline(timeline, n_genres=0)
