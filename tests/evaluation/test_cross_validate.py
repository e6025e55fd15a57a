"""Cross-validation by track and by group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.svm import LinearSVC

import genrekit
from genrekit.datasets import make_tracks
from genrekit.evaluation import cross_validate_genres
from genrekit.evaluation._splits import genre_splits
from genrekit.exceptions import LeakageWarning


class Recorder(ClassifierMixin, BaseEstimator):
    """Answers what it saw: items it was fitted on would be found in `fitted`."""

    def __init__(self, fail=()):
        self.fail = fail

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = {str(item) for item in X}
        return self

    def predict(self, X):
        assert not self.seen_ & {str(item) for item in X}, "a test item was in training"
        answers = [None if item in self.fail else Path(item).parent.name for item in X]
        return np.array(answers, dtype=object if None in answers else None)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    # Measured to a tenth, some flowers are the same: noise makes each its own.
    X = X + np.random.default_rng(0).normal(scale=1e-6, size=X.shape)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture
def paths():
    return [f"{genre}/{i}.wav" for genre in ("jazz", "rock") for i in range(6)]


@pytest.fixture
def genres(paths):
    return [path.split("/")[0] for path in paths]


def test_predictions_and_baseline_are_those_of_scikit_learn(iris):
    X, y = iris
    X, y = X[:120], y[:120]  # unequal genres, so that the baseline is not 1 / 3
    report = cross_validate_genres(GaussianNB(), X, y, random_state=3)
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    np.testing.assert_array_equal(report.y_pred, cross_val_predict(GaussianNB(), X, y, cv=folds))
    dummy = DummyClassifier().fit(X, y)
    assert report.baseline == pytest.approx(dummy.score(X, y))
    np.testing.assert_array_equal(report.y_true, y)
    assert report.classes.tolist() == ["setosa", "versicolor", "virginica"]
    assert report.fit_seconds.shape == report.predict_seconds.shape == (5,)
    assert (report.fit_seconds > 0).all()


def test_lists_of_paths_stay_lists_and_in_order(paths, genres):
    report = cross_validate_genres(Recorder(), paths, genres, cv=3, random_state=0)
    assert report.y_pred.tolist() == genres
    assert report.accuracy == 1.0


def test_groups_are_never_split(iris):
    X, y = iris
    groups = np.arange(150) // 5
    report = cross_validate_genres(GaussianNB(), X, y, groups=groups, cv=4, random_state=0)
    folds = StratifiedGroupKFold(4, shuffle=True, random_state=0)
    expected = cross_val_predict(GaussianNB(), X, y, groups=groups, cv=folds)
    np.testing.assert_array_equal(report.y_pred, expected)


def test_groups_of_one_track_are_no_groups(iris):
    X, y = iris
    plain = cross_validate_genres(GaussianNB(), X, y, random_state=0)
    grouped = cross_validate_genres(GaussianNB(), X, y, groups=np.arange(150)[::-1], random_state=0)
    np.testing.assert_array_equal(plain.y_pred, grouped.y_pred)


def test_random_state_decides_the_folds(iris):
    X, y = iris
    reports = [cross_validate_genres(GaussianNB(), X[:, :2], y, random_state=s) for s in (0, 0, 1)]
    np.testing.assert_array_equal(reports[0].y_pred, reports[1].y_pred)
    assert (reports[0].y_pred != reports[2].y_pred).any()


def test_two_jobs_find_the_same(iris):
    X, y = iris
    one = cross_validate_genres(GaussianNB(), X, y, random_state=0)
    two = cross_validate_genres(GaussianNB(), X, y, random_state=0, n_jobs=2)
    np.testing.assert_array_equal(one.y_pred, two.y_pred)


def test_folds_run_under_the_configuration(iris, configured):
    report = cross_validate_genres(configured, *iris, n_jobs=2, random_state=0)
    assert set(report.y_pred.tolist()) == {"setosa"}


def test_the_estimator_itself_is_not_fitted(iris):
    estimator = GaussianNB()
    cross_validate_genres(estimator, *iris, random_state=0)
    assert not hasattr(estimator, "classes_")


def test_tracks_without_a_prediction_are_wrong_not_fatal(paths, genres):
    estimator = Recorder(fail=("rock/1.wav",))
    report = cross_validate_genres(estimator, paths, genres, cv=3, random_state=0)
    assert report.n_failed == 1
    assert report.y_pred[paths.index("rock/1.wav")] is None
    assert report.accuracy == 11 / 12


def test_pandas_goes_in(iris):
    pd = pytest.importorskip("pandas")
    X, y = iris
    table = pd.DataFrame(X, index=np.arange(150) + 7)
    report = cross_validate_genres(GaussianNB(), table, pd.Series(y, index=table.index))
    assert report.accuracy > 0.8


def test_an_object_column_of_paths_goes_in(paths, genres):
    report = cross_validate_genres(Recorder(), np.array(paths, dtype=object), genres, cv=2)
    assert report.accuracy == 1.0


def test_too_few_tracks_name_the_genre_and_the_way_out(paths, genres):
    with pytest.raises(ValueError, match=r"genre 'rock' has 3 tracks.* 5 folds.*cv=3.*add tracks"):
        cross_validate_genres(Recorder(), paths[:9], genres[:9])


def test_one_track_leaves_only_more_files(paths, genres):
    with pytest.raises(
        ValueError, match="genre 'rock' has 1 track, fewer.* add tracks of 'rock'"
    ) as e:
        cross_validate_genres(Recorder(), paths[:7], genres[:7])
    assert "cv=1" not in str(e.value)


def test_too_few_groups(paths, genres):
    groups = [0, 1, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7]
    with pytest.raises(ValueError, match=r"genre 'rock' has 2 groups.*cv=2"):
        cross_validate_genres(Recorder(), paths, genres, groups=groups)


@pytest.mark.parametrize("cv", [1, 0, 2.5, "five"])
def test_impossible_folds(paths, genres, cv):
    with pytest.raises(ValueError, match="number of folds"):
        cross_validate_genres(Recorder(), paths, genres, cv=cv)


def test_one_genre(paths):
    with pytest.raises(ValueError, match="takes two"):
        cross_validate_genres(Recorder(), paths, ["rock"] * 12)


def test_lengths_that_differ(paths, genres):
    with pytest.raises(ValueError, match="X holds 12 tracks and y 11"):
        cross_validate_genres(Recorder(), paths, genres[1:])
    with pytest.raises(ValueError, match="X holds 12 tracks and groups 2"):
        cross_validate_genres(Recorder(), paths, genres, groups=[1, 2])


def test_labels_with_two_dimensions(paths, genres):
    with pytest.raises(ValueError, match="one label a track"):
        cross_validate_genres(Recorder(), paths, np.array([genres]).T)


@pytest.mark.parametrize("kind", [iter, dict.fromkeys])
def test_what_is_no_list_of_tracks(kind, paths, genres):
    with pytest.raises(TypeError, match="X is a .*: pass the list of tracks, such as music.paths"):
        cross_validate_genres(Recorder(), kind(paths), genres)


def test_an_arrow_array_of_paths_goes_in(paths, genres):
    pyarrow = pytest.importorskip("pyarrow")
    report = cross_validate_genres(Recorder(), pyarrow.array(paths), genres, cv=2, random_state=0)
    assert report.tracks == [str(path) for path in paths]


def test_a_single_path(genres):
    with pytest.raises(TypeError, match="list of all tracks"):
        cross_validate_genres(Recorder(), "rock/1.wav", genres)


def test_probabilities_are_those_of_scikit_learn(iris):
    X, y = iris
    report = cross_validate_genres(GaussianNB(), X, y, random_state=3)
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    expected = cross_val_predict(GaussianNB(), X, y, cv=folds, method="predict_proba")
    np.testing.assert_allclose(report.probabilities, expected)
    assert report.log_loss == pytest.approx(log_loss(y, expected))
    for fold, (_, test) in enumerate(folds.split(X, y)):
        assert (report.folds[test] == fold).all()


def test_a_model_without_probabilities(iris):
    report = cross_validate_genres(LinearSVC(), *iris, random_state=0)
    assert report.probabilities is None
    assert np.isnan(report.log_loss)
    assert np.isnan(report.calibration_error)


def test_a_genre_that_a_training_does_not_hold_has_probability_zero(iris):
    X, y = iris
    train, test = np.arange(100), np.arange(100, 150)
    report = cross_validate_genres(GaussianNB(), X, y, cv=[(train, test)])
    assert (report.probabilities[:, 2] == 0).all()
    assert report.accuracy == 0.0
    np.testing.assert_allclose(report.probabilities.sum(axis=1), 1)


def test_a_published_split_tests_what_it_tests(iris):
    X, y = iris
    train, test = np.arange(0, 150, 2), np.array([5, 55, 1, 101])
    report = cross_validate_genres(GaussianNB(), X, y, cv=[(train, test)])
    assert report.tracks == ["row 1", "row 5", "row 55", "row 101"]
    np.testing.assert_array_equal(report.y_true, y[[1, 5, 55, 101]])
    np.testing.assert_array_equal(
        report.y_pred, GaussianNB().fit(X[train], y[train]).predict(X[[1, 5, 55, 101]])
    )


def test_a_splitter_of_ones_own(iris):
    X, y = iris
    groups = np.arange(150) % 10
    cv = LeaveOneGroupOut()
    report = cross_validate_genres(GaussianNB(), X, y, groups=groups, cv=cv)
    np.testing.assert_array_equal(
        report.y_pred, cross_val_predict(GaussianNB(), X, y, groups=groups, cv=cv)
    )
    np.testing.assert_array_equal(report.folds, groups)


def test_tracks_tested_twice_are_refused(iris):
    with pytest.raises(ValueError, match="several times"):
        cross_validate_genres(GaussianNB(), *iris, cv=RepeatedStratifiedKFold(n_splits=3))


def test_no_split(iris):
    with pytest.raises(ValueError, match="no split"):
        cross_validate_genres(GaussianNB(), *iris, cv=[])


def test_copies_on_both_sides_are_warned_of(iris):
    X, y = iris
    X = X.copy()
    X[1] = X[0]
    with pytest.warns(LeakageWarning, match=r"row 1 \(training has row 0\)") as caught:
        report = cross_validate_genres(GaussianNB(), X, y, cv=50, random_state=0)
    assert caught[0].filename == __file__
    assert report.leakage.count("content") == 2
    assert "LEAK" in str(report)


def test_copies_in_one_group_do_not_leak(iris, recwarn):
    X, y = iris
    groups = np.arange(150)
    X, groups[1] = X.copy(), 0
    X[1] = X[0]
    report = cross_validate_genres(GaussianNB(), X, y, groups=groups, random_state=0)
    assert not report.leakage
    assert not [w for w in recwarn if w.category is LeakageWarning]


def test_groups_give_the_report_its_interval(iris):
    X, y = iris
    X = X[:, :1]
    plain = cross_validate_genres(GaussianNB(), X, y, random_state=0)
    grouped = cross_validate_genres(GaussianNB(), X, y, groups=np.arange(150) // 5, random_state=0)
    assert plain.interval_name == "Wilson interval"
    assert "30 groups" in grouped.interval_name
    assert "30 groups" in str(grouped)


@pytest.fixture(scope="module")
def tracks():
    made = make_tracks(4, genres=["drone", "pluck"], sr=8000, duration=0.5)
    return [(y, made.sr) for y in made.waveforms], made.target


FEW = ["rms", "zero_crossing_rate"]


@pytest.mark.parametrize(
    "estimator",
    [
        genrekit.GenreClassifier("knn", FEW, calibrate=False),
        genrekit.make_svm_pipeline(FEW),
        GridSearchCV(genrekit.make_knn_pipeline(FEW), {"clf__n_neighbors": [1, 2]}, cv=2),
        genrekit.SegmentClassifier(genrekit.make_knn_pipeline(FEW), segment_duration=0.2),
    ],
    ids=["classifier", "pipeline", "search", "segments"],
)
def test_extraction_is_told_apart(tracks, estimator):
    report = cross_validate_genres(estimator, *tracks, cv=2)
    assert report.extract_seconds.shape == (2,)
    assert (report.extract_seconds > 0).all()
    assert (report.fit_seconds > 0).all()
    assert "extract " in str(report)
    assert report.tracks[0] == "track 0"


def test_a_table_has_no_extraction(iris):
    report = cross_validate_genres(GaussianNB(), *iris)
    assert report.extract_seconds is None
    assert np.isnan(report.summary()["extract_seconds"])


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (genrekit.GenreClassifier("knn", FEW, calibrate=False), [4, 4] * 2),
        (genrekit.make_rf_pipeline(FEW), [4, 4] * 2),
        (genrekit.SegmentClassifier(genrekit.make_rf_pipeline(FEW), segment_duration=0.1),
         [20, 20] * 2),
        (GridSearchCV(genrekit.make_rf_pipeline(FEW), {"clf__n_estimators": [9]}, cv=2),
         [2, 2, 2, 2, 4, 4] * 2),
    ],
    ids=["classifier", "pipeline", "segments", "search"],
)  # fmt: skip
def test_predicting_reads_each_track_once(tracks, estimator, expected, monkeypatch):
    counts = []
    real = genrekit.AudioFeatures._extract

    def counted(self, X):
        counts.append(len(X))
        return real(self, X)

    monkeypatch.setattr(genrekit.AudioFeatures, "_extract", counted)
    report = cross_validate_genres(estimator, *tracks, cv=2)
    assert counts == expected
    assert report.probabilities.shape == (8, 2)


def failing(kind):
    """An estimator that goes on without what it can't decode."""
    running = {"on_error": "nan"}
    inner = genrekit.make_svm_pipeline(FEW)
    return {
        "classifier": genrekit.GenreClassifier("knn", FEW, calibrate=False, **running),
        "pipeline": genrekit.make_svm_pipeline(FEW, **running),
        "segments": genrekit.SegmentClassifier(inner, segment_duration=0.1, **running),
    }[kind]


@pytest.mark.filterwarnings("ignore:.*could not be decoded")
@pytest.mark.parametrize("kind", ["classifier", "pipeline", "segments"])
def test_the_report_says_why_tracks_failed(tracks, kind):
    X, y = list(tracks[0]), tracks[1]
    X[2], X[7] = b"", b"<!DOCTYPE html>"
    report = cross_validate_genres(failing(kind), X, y, cv=2, random_state=0)
    assert [error.index for error in report.errors] == [2, 7]
    assert report.errors[0].path == report.tracks[2] == "<bytes, item 2>"
    assert "HTML" in report.errors[1].reason
    assert report.n_failed == (0 if kind == "pipeline" else 2)  # it fills gaps in


@pytest.mark.filterwarnings("ignore:.*could not be decoded")
@pytest.mark.parametrize("kind", ["classifier", "pipeline", "segments"])
def test_failures_of_a_training_part_that_is_never_tested(tracks, kind):
    X, y = list(tracks[0]), tracks[1]
    X[2] = b""
    splits = [([0, 1, 2, 4, 5], [3, 6, 7])]
    report = cross_validate_genres(failing(kind), X, y, cv=splits)
    assert [error.index for error in report.errors] == [2]
    assert report.n_failed == 0


@pytest.mark.filterwarnings("ignore:.*could not be decoded")
@pytest.mark.parametrize("kind", ["classifier", "pipeline", "segments"])
def test_failures_of_a_test_part_that_nothing_is_trained_on(tracks, kind):
    X, y = list(tracks[0]), tracks[1]
    X[7] = b""
    report = cross_validate_genres(failing(kind), X, y, cv=[([0, 1, 2, 4, 5], [3, 6, 7])])
    assert [error.index for error in report.errors] == [7]
    assert report.n_failed == (0 if kind == "pipeline" else 1)


def test_groups_reach_the_inner_folds_of_ours(tracks, monkeypatch):
    seen = []
    real = genrekit.GenreClassifier.fit

    def fit(self, X, y, **fit_params):
        seen.append(fit_params["groups"].tolist())
        return real(self, X, y, **fit_params)

    monkeypatch.setattr(genrekit.GenreClassifier, "fit", fit)
    groups = np.arange(8) // 2
    classifier = genrekit.GenreClassifier("knn", FEW, calibrate=False)
    cross_validate_genres(classifier, *tracks, groups=groups, cv=2, random_state=0)
    assert len(seen) == 2
    assert sorted(seen[0] + seen[1]) == groups.tolist()


def test_no_training_part_is_without_a_genre():
    rng = np.random.default_rng(0)
    for seed in range(40):  # scikit-learn 1.6 shuffles groups in a way of its own
        sizes = rng.geometric(0.3, 24)
        y, groups = np.repeat(np.arange(24) % 6, sizes), np.repeat(np.arange(24), sizes)
        splits = genre_splits(y, groups, 4, seed)
        assert all(len(np.unique(y[train])) == 6 for train, _ in splits)


def test_sparse_tables_go_in(iris):
    X, y = iris
    report = cross_validate_genres(MultinomialNB(), csr_matrix(X), y, random_state=0)
    expected = cross_validate_genres(MultinomialNB(), X, y, random_state=0)
    np.testing.assert_array_equal(report.y_pred, expected.y_pred)


@pytest.mark.parametrize("routing", [False, True])
def test_groups_reach_a_search_that_splits_by_them(iris, routing):
    X, y = iris
    groups = np.arange(len(y)) // 5
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=StratifiedGroupKFold(2))
    with config_context(enable_metadata_routing=routing):
        report = cross_validate_genres(search, X, y, groups=groups, cv=3, random_state=0)
    assert report.accuracy > 0.9


def test_one_split_is_a_list_of_one_pair(paths, genres):
    pair = np.arange(0, 12, 2), np.arange(1, 12, 2)
    assert len(cross_validate_genres(Recorder(), paths, genres, cv=[pair]).y_true) == 6
    with pytest.raises(ValueError, match=r"of one split, \[\(train, test\)\]"):
        cross_validate_genres(Recorder(), paths, genres, cv=pair)
    with pytest.raises(ValueError, match="none to test"):
        cross_validate_genres(Recorder(), paths, genres, cv=[(np.arange(12), [])])
