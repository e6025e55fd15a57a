"""A network that was trained, from its folds to the page and the pictures."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit import NetworkClassifier
from genrekit.displays import (
    GenreConfusionDisplay,
    ReliabilityDisplay,
    TimelineDisplay,
    TrainingDisplay,
)
from genrekit.evaluation import cross_validate_genres

pytest.importorskip("matplotlib")
pytest.importorskip("torch")

GENRES = np.array(["high", "low"])


@pytest.fixture(scope="module")
def frames():
    """Pictures of twelve tracks of three segments each; the genre is heard in one of two rows."""
    rng = np.random.default_rng(0)
    y = np.repeat(GENRES, 6)
    level = (np.arange(4) == np.where(y == "high", 3, 0)[:, np.newaxis])[:, :, np.newaxis]
    return rng.normal(size=(12, 4, 30)) + 3.0 * level, y


@pytest.fixture(scope="module")
def network():
    return NetworkClassifier(
        "cnn1d", inputs="frames", segment_duration=10, network_params={"width": 4, "blocks": 1},
        max_epochs=3, validation=0.34, random_state=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def report(frames, network):
    X, y = frames
    return cross_validate_genres(network, X, y, cv=2, random_state=0)


def test_both_scores_and_the_trainings_are_in_the_report(report, frames, network):
    assert report.segments.tolist() == [3] * 12
    assert 0 <= report.segment_accuracy <= 1
    assert [len(training.history) for training in report.trainings] == [3, 3]
    X, y = frames
    train, test = np.flatnonzero(report.folds != 0), np.flatnonzero(report.folds == 0)
    network.fit(X[train], y[train])
    said = [
        network.classes_[timeline.probabilities.argmax(axis=1)]
        for timeline in network.predict_segments(X[test])
    ]
    right = [int(np.sum(genres == genre)) for genres, genre in zip(said, y[test], strict=True)]
    assert report.segments_right[test].tolist() == right


def test_the_page_shows_how_it_was_trained(report, network, tmp_path):
    report.to_html(tmp_path / "page.html", estimator=network)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'aria-label="Loss by epoch"' in page
    assert 'aria-label="Accuracy by epoch"' in page
    assert "accuracy by segment" in page
    assert "Thin lines are the folds" in page


def test_every_display_takes_it(frames, network, report):
    X, y = frames
    fitted = network.fit(X, y)
    training = TrainingDisplay.from_estimator(fitted)
    assert len(training.lines_["valid_loss"][0].get_xdata()) == len(fitted.history_)
    assert len(TrainingDisplay.from_report(report).lines_["valid_accuracy"]) == 3
    confusion = GenreConfusionDisplay.from_estimator(fitted, X, y)
    assert confusion.confusion_matrix.sum() == 12
    assert ReliabilityDisplay.from_estimator(fitted, X, y).bins.count.sum() == 12
    timeline = TimelineDisplay.from_estimator(fitted, X[0])
    assert len(timeline.times) == 3
