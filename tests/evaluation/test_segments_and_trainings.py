"""What a cross-validation tells beyond tracks: segments, trainings, the surest mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from genrekit import MFCCStats, SegmentClassifier, make_tracks
from genrekit.evaluation import (
    GenreReport,
    Training,
    cross_validate_genres,
    group_interval,
    training_of,
)
from genrekit.models import TrackClassifierMixin
from genrekit.models._track_classifier import Answers


class Heard(TrackClassifierMixin, BaseEstimator):
    """Classifies rows of one number by segments that a table gives, and tells of its training."""

    def __init__(self, said=None, reject_below=None):
        self.said = said
        self.reject_below = reject_below

    def fit(self, X, y, **fit_params):
        self.classes_ = np.unique(y)
        self.history_ = [{"epoch": 1, "train_loss": float(len(X))}]
        self.best_epoch_ = 1
        return self

    def _answer(self, X):
        segments = [np.array(self.said[int(row[0])], dtype=float).reshape(-1, 2) for row in X]
        found = [rows.mean(axis=0) if len(rows) else [np.nan, np.nan] for rows in segments]
        return Answers(np.array(found), np.zeros(len(X), dtype=bool), segments)

    def _timeline(self, track, window, hop):
        raise NotImplementedError


# Two jazz tracks and two of rock; the columns are jazz and rock.
SAID = [
    [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]],
    [[0.3, 0.7]],
    [[0.5, 0.5], [0.1, 0.9]],
    [],
]
X, Y = np.arange(4.0)[:, np.newaxis], np.array(["jazz", "jazz", "rock", "rock"])
FOLDS = [([0, 2], [1, 3]), ([1, 3], [0, 2])]


@pytest.fixture
def report():
    return cross_validate_genres(Heard(SAID), X, Y, cv=FOLDS)


def test_segments_are_counted_by_what_each_says_by_itself(report):
    assert report.segments.tolist() == [3, 1, 2, 0]
    # Where all genres are alike there is no answer.
    assert report.segments_right.tolist() == [2, 0, 1, 0]
    assert report.segment_accuracy == 3 / 6
    assert report.y_pred.tolist() == ["jazz", "rock", "rock", None]


def test_the_interval_of_segments_counts_tracks_or_groups(report):
    right = np.array([True, True, False, False, True, False])
    assert report.segment_interval == group_interval(right, np.array([0, 0, 0, 1, 2, 2]))
    low, high = report.segment_interval
    assert f"by segment 0.500 ({low:.3f} to {high:.3f}), of 6 segments" in str(report)
    grouped = cross_validate_genres(Heard(SAID), X, Y, groups=[0, 1, 0, 1], cv=FOLDS)
    assert grouped.segment_interval == group_interval(right, np.array([0, 0, 0, 1, 0, 0]))


def test_each_fold_tells_of_its_training(report):
    assert report.trainings == [Training([{"epoch": 1, "train_loss": 2.0}], 1)] * 2


def test_trainings_inside_searches_and_pipelines():
    grid = GridSearchCV(Heard(SAID), {"reject_below": [None]}, cv=2).fit(X, Y)
    piped = make_pipeline(Heard(SAID)).fit(X, Y)
    for estimator in (grid, piped):
        assert training_of(estimator) == Training([{"epoch": 1, "train_loss": 4.0}], 1)
    assert training_of(GaussianNB().fit(X, Y)) is None
    assert training_of(Heard()) is None


def test_what_judges_tracks_as_a_whole_has_no_segments():
    report = cross_validate_genres(GaussianNB(), X, Y, cv=FOLDS)
    assert report.segments is None
    assert np.isnan(report.segment_accuracy)
    assert np.isnan(report.segment_interval).all()
    assert report.trainings == []
    assert "by segment" not in str(report)


@pytest.mark.parametrize("aggregate", ["mean", "vote"])
def test_segments_of_a_segment_classifier_are_out_of_fold(aggregate):
    tracks = make_tracks(6, genres=["drone", "pulse"], duration=2.0, random_state=0)
    tones = [(y, tracks.sr) for y in tracks.waveforms]
    model = SegmentClassifier(
        make_pipeline(MFCCStats(), GaussianNB()), segment_duration=0.5, aggregate=aggregate
    )
    splits = [(np.arange(0, 12, 2), np.arange(1, 12, 2))]
    report = cross_validate_genres(model, tones, tracks.target, cv=splits)
    assert report.segments.tolist() == [4] * 6
    train, test = splits[0]
    model.fit([tones[i] for i in train], np.array(tracks.target)[train])
    timelines = model.predict_segments([tones[i] for i in test])
    said = [model.classes_[t.probabilities.argmax(axis=1)] for t in timelines]
    pairs = zip(said, np.array(tracks.target)[test], strict=True)
    assert report.segments_right.tolist() == [int(np.sum(a == genre)) for a, genre in pairs]


def mistaken(**changed):
    fields = {
        "y_true": np.array(["a", "a", "b", "b", "b"]),
        "y_pred": np.array(["b", "a", "a", None, "unknown"], dtype=object),
        "classes": np.array(["a", "b"]),
        "probabilities": np.array(
            [[0.3, 0.7], [0.9, 0.1], [0.8, 0.2], [np.nan, np.nan], [0.5, 0.5]]
        ),
        "fit_seconds": np.ones(1),
        "predict_seconds": np.ones(1),
        "tracks": [f"/music/{i}.mp3" for i in range(5)],
    }
    return GenreReport(**fields | changed)


def test_the_surest_mistakes_come_first_with_their_paths():
    found = mistaken().confident_mistakes()
    assert found == [
        ("/music/2.mp3", "b", "a", 0.8, 0.2),
        ("/music/0.mp3", "a", "b", 0.7, 0.3),
    ]
    assert found[0].genre_probability == 0.2
    assert mistaken().confident_mistakes(1) == found[:1]


def test_mistakes_of_tracks_without_names_and_of_models_without_probabilities():
    assert [m.track for m in mistaken(tracks=()).confident_mistakes()] == ["track 2", "track 0"]
    assert mistaken(probabilities=None).confident_mistakes() == []
