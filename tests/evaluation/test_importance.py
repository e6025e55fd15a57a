"""Importance of families of features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import permutation_importance
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import genrekit
from genrekit.datasets import make_tracks
from genrekit.evaluation import family_of, importance_by_family

NAMES = ["mfcc0_mean", "mfcc1_mean", "chroma0_mean", "tempo"]
FEW = ["rms", "zero_crossing_rate", "spectral_contrast"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    y = np.repeat(["jazz", "rock"], 60)
    X = rng.normal(size=(120, 4))
    X[:, 0] += 2 * (y == "rock")
    X[:, 1] += 2 * (y == "rock")
    return X, y


@pytest.fixture(scope="module")
def tracks():
    made = make_tracks(6, genres=["drone", "noise-beat"], sr=22050, duration=0.5)
    return [(y, made.sr) for y in made.waveforms], made.target


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("mfcc0_mean", "mfcc"), ("mfcc_delta2_3_std", "mfcc"), ("spectral_contrast6_std",
        "spectral_contrast"), ("chroma_stft_mean", "chroma_stft"), ("rolloff_var", "rolloff"),
        ("tonnetz_kurtosis_04", "tonnetz"), ("tempo", "tempo"), ("mean", "mean"),
        ("zero_crossing_rate_mean", "zero_crossing_rate"),
    ],
)  # fmt: skip
def test_families(name, family):
    assert family_of(name) == family


@pytest.mark.parametrize("features", ["standard", "gtzan57"])
def test_families_of_the_sets(features):
    names = genrekit.AudioFeatures(features).get_feature_names_out()
    families = {family_of(name) for name in names}
    assert "mfcc" in families
    assert len(families) < 14


def test_what_carries_the_genre_is_missed(table):
    found = importance_by_family(GaussianNB(), *table, feature_names=NAMES, random_state=0)
    assert found.families == {
        "mfcc": NAMES[:2], "chroma": NAMES[2:3], "tempo": NAMES[3:],
    }  # fmt: skip
    assert found.drops.shape == (3, 5, 10)
    assert found.mean[0] > 0.3
    assert abs(found.mean[1:]).max() < 0.05
    assert found.accuracy.mean() > 0.9
    assert repr(found) == "<FamilyImportance: mfcc first of 3 families>"


def test_families_of_one_column_are_those_of_scikit_learn(table):
    X, y = table
    families = {name: [name] for name in NAMES}
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    found = importance_by_family(
        GaussianNB(), X, y, feature_names=NAMES, families=families, cv=cv, n_repeats=200,
        random_state=0,
    )  # fmt: skip
    expected = [
        permutation_importance(
            GaussianNB().fit(X[train], y[train]), X[test], y[test], n_repeats=200, random_state=0
        ).importances_mean
        for train, test in cv.split(X, y)
    ]
    np.testing.assert_allclose(found.mean, np.mean(expected, axis=0), atol=0.01)


def test_together_is_more_than_one_by_one(table):
    alone = importance_by_family(
        GaussianNB(), *table, feature_names=NAMES, families={n: [n] for n in NAMES}, random_state=0
    )
    together = importance_by_family(GaussianNB(), *table, feature_names=NAMES, random_state=0)
    assert together.mean[0] > 1.5 * alone.mean[:2].max()


@pytest.mark.parametrize(
    "estimator",
    [
        genrekit.GenreClassifier("knn", FEW, calibrate=False),
        genrekit.make_svm_pipeline(FEW, reducer=3),
    ],
    ids=["classifier", "pipeline"],
)
def test_tracks_are_extracted_once(tracks, estimator, monkeypatch):
    counts = []
    real = genrekit.AudioFeatures._extract

    def counted(self, X):
        counts.append(len(X))
        return real(self, X)

    monkeypatch.setattr(genrekit.AudioFeatures, "_extract", counted)
    found = importance_by_family(estimator, *tracks, cv=2, n_repeats=3, random_state=0)
    assert counts == [12]
    assert list(found.families) == FEW
    assert len(found.families["spectral_contrast"]) == 14
    assert found.accuracy.mean() > 0.8
    assert found.mean.max() > 0


def test_a_classifier_of_tracks_is_asked_as_it_is(tracks):
    X, y = tracks
    classifier = genrekit.GenreClassifier("knn", FEW, calibrate=False)
    found = importance_by_family(classifier, X, y, cv=3, n_repeats=1, random_state=0)
    report = genrekit.cross_validate_genres(classifier, X, y, cv=3, random_state=0)
    accuracy = [report.right[report.folds == fold].mean() for fold in range(3)]
    np.testing.assert_allclose(found.accuracy, accuracy)
    assert not hasattr(classifier, "classes_")


def test_undecodable_tracks_are_left_out(tracks):
    X, y = tracks
    classifier = genrekit.GenreClassifier("knn", FEW, calibrate=False, on_error="nan")
    with pytest.warns(genrekit.AudioDecodeWarning):
        found = importance_by_family(
            classifier, [*X, b"nothing"], [*y, "drone"], cv=2, groups=np.arange(13), n_repeats=1,
            random_state=0,
        )  # fmt: skip
    expected = importance_by_family(classifier, X, y, cv=2, n_repeats=1, random_state=0)
    np.testing.assert_array_equal(found.drops, expected.drops)


def test_the_seed_decides_and_jobs_do_not(table):
    one, two, three = (
        importance_by_family(
            GaussianNB(), *table, feature_names=NAMES, random_state=s, n_jobs=n, n_repeats=2
        ).drops
        for s, n in ((0, 1), (0, 2), (1, 1))
    )
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


class Pairs(ClassifierMixin, BaseEstimator):
    """Knows the genre by the last column, as long as the first two are of one row."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        genre = self.classes_[(X[:, -1] > 0).astype(int)]
        return np.where(X[:, 1] == 2 * X[:, 0], genre, "torn apart")


def test_columns_of_a_family_stay_in_their_rows():
    rng = np.random.default_rng(0)
    first, tempo = rng.normal(size=(2, 40))
    X, y = np.c_[first, 2 * first, tempo], np.where(tempo > 0, "rock", "jazz")
    names = ["mfcc0_mean", "mfcc1_mean", "tempo"]
    found = importance_by_family(Pairs(), X, y, feature_names=names, cv=2, random_state=0)
    assert found.accuracy.tolist() == [1, 1]
    np.testing.assert_array_equal(found.drops[0], 0)
    assert found.mean[1] > 0.2
    alone = {name: [name] for name in names}
    torn = importance_by_family(
        Pairs(), X, y, feature_names=names, families=alone, cv=2, random_state=0
    )
    assert torn.mean[0] > 0.8


def test_folds_run_under_the_configuration(table, configured):
    kwargs = {"feature_names": NAMES, "cv": 2, "n_repeats": 1, "n_jobs": 2}
    found = importance_by_family(configured, *table, **kwargs)
    assert found.accuracy.tolist() == [0.5, 0.5]


def test_groups_are_kept_together(table):
    X, y = table
    groups = np.arange(120) // 2
    found = importance_by_family(
        GaussianNB(), X, y, groups=groups, cv=3, feature_names=NAMES, n_repeats=1, random_state=0
    )
    assert found.drops.shape == (3, 3, 1)


def test_text_and_frame(table):
    pd = pytest.importorskip("pandas")
    X, y = table
    model = make_pipeline(StandardScaler(), GaussianNB())
    found = importance_by_family(model, pd.DataFrame(X, columns=NAMES), y, random_state=0)
    frame = found.to_frame()
    assert frame.index[0] == "mfcc"
    assert frame["n_columns"].sum() == 4
    lines = str(found).splitlines()
    assert lines[0] == f"accuracy {found.accuracy.mean():.3f}"
    assert lines[4].split()[:2] == ["mfcc", "2"]
    assert frame["std"].tolist() == found.std[np.argsort(-found.mean)].tolist()


def test_columns_without_names(table):
    with pytest.raises(ValueError, match="4 columns and feature_names none"):
        importance_by_family(GaussianNB(), *table)
    with pytest.raises(ValueError, match="4 columns and feature_names 1"):
        importance_by_family(GaussianNB(), *table, feature_names=["a"])


@pytest.mark.parametrize("members", [[], ["mfcc9_mean"]])
def test_families_of_nothing(table, members):
    with pytest.raises(ValueError, match="'timbre' names no column"):
        importance_by_family(
            GaussianNB(), *table, feature_names=NAMES, families={"timbre": members}
        )


def test_tracks_for_a_classifier_of_tables():
    with pytest.raises(ValueError, match="pass a GenreClassifier"):
        importance_by_family(GaussianNB(), ["a.wav", "b.wav"] * 5, ["a", "b"] * 5)


def test_tracks_of_different_lengths_for_a_classifier_of_tables():
    X = [(np.zeros(100 + i), 8000) for i in range(10)]
    with pytest.raises(ValueError, match="pass a GenreClassifier"):
        importance_by_family(GaussianNB(), X, ["a", "b"] * 5)


def test_segments_have_features_of_their_own():
    clf = genrekit.SegmentClassifier(genrekit.GenreClassifier())
    with pytest.raises(ValueError, match="pass the estimator inside it"):
        importance_by_family(clf, ["a.wav", "b.wav"] * 5, ["a", "b"] * 5)


def test_no_repeats(table):
    with pytest.raises(ValueError, match="n_repeats"):
        importance_by_family(GaussianNB(), *table, feature_names=NAMES, n_repeats=0)
