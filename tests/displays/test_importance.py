"""Which families of features a classifier would miss most."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from genrekit.displays import FeatureImportanceDisplay
from genrekit.evaluation import importance_by_family

Figure = pytest.importorskip("matplotlib.figure").Figure


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_bars_are_the_mean_losses_the_largest_on_top():
    drops = np.arange(24.0).reshape(4, 2, 3) / 100
    ax = Figure().add_subplot()
    display = FeatureImportanceDisplay(["a", "b", "c", "d"], drops).plot(ax=ax)
    assert display.ax_ is ax
    assert labels(display) == ["d", "c", "b", "a"]
    widths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(widths, drops.mean(axis=(1, 2))[::-1])
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first bar is above
    (errors,) = display.bars_.errorbar.lines[2]
    lengths = [np.ptp(segment[:, 0]) for segment in errors.get_segments()]
    np.testing.assert_allclose(lengths, 2 * drops.std(axis=(1, 2))[::-1])


def test_no_more_families_than_wanted():
    drops = np.arange(30.0)[:, np.newaxis]
    display = FeatureImportanceDisplay([f"f{i}" for i in range(30)], drops).plot(n_families=4)
    assert labels(display) == ["f29", "f28", "f27", "f26"]


def test_from_estimator_measures_what_importance_by_family_does():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 20)
    X = np.column_stack([(y == "a") * 6.0, *rng.normal(size=(3, 40))])
    names = ["mfcc0_mean", "mfcc1_mean", "rms_mean", "tempo"]
    options = {"feature_names": names, "random_state": 0, "n_repeats": 2, "cv": 3}
    display = FeatureImportanceDisplay.from_estimator(KNeighborsClassifier(), X, y, **options)
    measured = importance_by_family(KNeighborsClassifier(), X, y, **options)
    np.testing.assert_array_equal(display.drops, measured.drops)
    assert labels(display)[0] == "mfcc"
