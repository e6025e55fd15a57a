"""Reports: numbers, text and frames."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from genrekit.evaluation import (
    GenreReport,
    Leak,
    LeakageReport,
    calibration_bins,
    group_interval,
    wilson_interval,
)


def make_report(y_true, y_pred, *, classes=None, **fields):
    return GenreReport(
        y_true=np.asarray(y_true),
        y_pred=np.asarray(y_pred),
        classes=np.unique(y_true if classes is None else classes),
        fit_seconds=np.array([1.0, 2.0]),
        predict_seconds=np.array([0.25, 0.25]),
        **fields,
    )


@pytest.fixture
def report():
    rng = np.random.default_rng(0)
    genres = np.array(["blues", "jazz", "metal", "pop"])
    y_true = np.sort(rng.choice(genres, 50))
    y_pred = np.where(rng.random(50) < 0.6, y_true, rng.choice(genres[:3], 50))
    return make_report(y_true, y_pred)


def test_scores_are_those_of_scikit_learn(report):
    precision, recall, f1, support = precision_recall_fscore_support(
        report.y_true, report.y_pred, zero_division=0
    )
    np.testing.assert_allclose(report.precision, precision)
    np.testing.assert_allclose(report.recall, recall)
    np.testing.assert_allclose(report.f1, f1)
    np.testing.assert_array_equal(report.support, support)
    assert report.macro_f1 == pytest.approx(f1.mean())
    assert report.accuracy == np.mean(report.y_true == report.y_pred)
    assert report.balanced_accuracy == pytest.approx(
        balanced_accuracy_score(report.y_true, report.y_pred)
    )


def test_names_that_are_no_utf8_stand_in_frames():
    pytest.importorskip("pandas")
    odd = "ra\udcef"
    report = make_report([odd, "a", "b", odd], [odd, "a", odd, "b"], tracks=[odd, "x", "y", "z"])
    frame = report.predictions_frame()
    assert frame["track"].tolist() == [odd, "x", "y", "z"]
    assert frame["y_pred"].tolist() == [odd, "a", odd, "b"]
    leaks = LeakageReport([Leak(0, 2, odd, "x", "content")], n_tested=4)
    assert leaks.to_frame()["test"].tolist() == [odd]
    assert list(LeakageReport([], n_tested=4).to_frame()) == list(Leak._fields)


def test_a_track_without_a_prediction_counts_as_wrong():
    report = make_report(["a", "a", "b", "b"], np.array(["a", None, "b", None], dtype=object))
    assert report.n_failed == 2
    assert report.accuracy == 0.5
    assert report.precision.tolist() == [1, 1]
    assert report.recall.tolist() == [0.5, 0.5]
    assert "2 without a prediction" in str(report)


def test_a_genre_never_predicted_has_precision_zero():
    report = make_report(["a", "a", "b"], ["a", "a", "a"])
    assert report.precision.tolist() == pytest.approx([2 / 3, 0])


def test_a_genre_without_tracks_has_no_say_in_means():
    report = make_report(["a", "a", "b"], ["a", "b", "b"], classes=["a", "b", "c"])
    assert report.support.tolist() == [2, 1, 0]
    expected = balanced_accuracy_score(report.y_true, report.y_pred)
    assert report.balanced_accuracy == pytest.approx(expected)
    assert report.macro_f1 == pytest.approx(f1_score(report.y_true, report.y_pred, average="macro"))


def test_numbers_can_be_genres():
    assert make_report([0, 0, 1, 1], [0, 0, 1, 0]).recall.tolist() == [1, 0.5]


def test_text_names_the_interval_and_every_genre(report):
    text = str(report)
    assert f"accuracy {report.accuracy:.3f} (95 % Wilson interval" in text
    assert f"most frequent genre {report.baseline:.3f}" in text
    assert "fit 3.0 s, predict 0.5 s" in text
    for genre in report.classes:
        assert f"\n{genre} " in text
    assert repr(report) == f"<GenreReport: accuracy {report.accuracy:.3f} on 50 tracks>"


def test_summary_agrees_with_the_report(report):
    summary = report.summary()
    assert summary["accuracy"] == report.accuracy
    assert (summary["accuracy_low"], summary["accuracy_high"]) == report.interval
    assert summary["fit_seconds"] == 3.0


@pytest.fixture
def full(report):
    """A report with all it can hold."""
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(4), 50)
    return make_report(
        report.y_true,
        report.classes[probabilities.argmax(axis=1)],
        probabilities=probabilities,
        folds=np.arange(50) % 2,
        groups=np.arange(50) // 5,
        tracks=[f"{i}.wav" for i in range(50)],
        extract_seconds=np.array([3.0, 4.0]),
    )


def test_confusion_is_that_of_scikit_learn(report):
    np.testing.assert_array_equal(report.confusion, confusion_matrix(report.y_true, report.y_pred))


def test_the_dummy_is_that_of_scikit_learn(full):
    X = np.zeros((50, 1))
    dummy = DummyClassifier(strategy="prior").fit(X, full.y_true)
    assert full.baseline == full.dummy.accuracy == pytest.approx(dummy.score(X, full.y_true))
    expected = log_loss(full.y_true, dummy.predict_proba(X))
    assert full.dummy.log_loss == pytest.approx(expected)
    assert full.dummy.macro_f1 < 0.25
    assert full.dummy.balanced_accuracy == 0.25
    assert set(full.dummy.y_pred) == set(dummy.predict(X))


def test_probabilities_are_scored(full):
    assert full.log_loss == pytest.approx(log_loss(full.y_true, full.probabilities))
    bins = calibration_bins(full.y_true, full.probabilities, full.classes)
    assert full.calibration_error == bins.error > 0
    assert f"log loss {full.log_loss:.3f}" in str(full)
    assert f"calibration error {full.calibration_error:.3f}" in str(full)


def test_genres_in_another_order_are_scored_alike(full):
    order = [2, 0, 3, 1]
    changed = {"classes": full.classes[order], "probabilities": full.probabilities[:, order]}
    report = dataclasses.replace(full, **changed)
    assert report.log_loss == full.log_loss
    assert report.dummy.log_loss == pytest.approx(full.dummy.log_loss)
    assert report.calibration_error == full.calibration_error


def test_tracks_without_probabilities_are_left_out_of_their_scores(full):
    probabilities = full.probabilities.copy()
    probabilities[:10] = np.nan
    report = make_report(full.y_true, full.y_pred, probabilities=probabilities)
    assert report.log_loss == pytest.approx(log_loss(full.y_true[10:], probabilities[10:]))
    probabilities[:] = np.nan
    assert np.isnan(make_report(full.y_true, full.y_pred, probabilities=probabilities).log_loss)


def test_the_interval_is_that_of_the_groups(full):
    assert full.interval == group_interval(full.right, full.groups)
    alone = make_report(full.y_true, full.y_pred, groups=np.arange(50))
    assert alone.interval == wilson_interval(alone.n_correct, 50)


def test_frames(full):
    pytest.importorskip("pandas")
    by_genre = full.to_frame()
    np.testing.assert_array_equal(by_genre["f1"], full.f1)
    assert by_genre.index.tolist() == full.classes.tolist()
    assert by_genre["support"].sum() == 50
    by_track = full.predictions_frame()
    assert by_track.columns.tolist()[:6] == ["track", "fold", "group", "y_true", "y_pred", "right"]
    assert by_track["right"].mean() == full.accuracy
    np.testing.assert_array_equal(by_track["p(jazz)"], full.probabilities[:, 1])


def test_a_frame_of_little(report):
    pytest.importorskip("pandas")
    assert report.predictions_frame().columns.tolist() == ["y_true", "y_pred", "right"]


def test_extraction_is_said_where_it_is_known(report, full):
    assert "\nfit 3.0 s" in str(report)
    assert "extract 7.0 s, fit 3.0 s" in str(full)
    assert full.summary()["extract_seconds"] == 7.0


def test_an_answer_that_is_no_genre_is_wrong():
    report = make_report(["a", "b"], ["a", "unknown"])
    assert report.accuracy == 0.5
    assert report.n_failed == 0
    assert report.confusion.tolist() == [[1, 0], [0, 0]]


def test_to_html_writes_a_page(full, tmp_path):
    full.to_html(tmp_path / "page.html", title="Of fifty tracks")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Of fifty tracks" in text
    assert f"{full.accuracy:.3f}" in text or f"{100 * full.accuracy:.1f}" in text
