"""Reports, their interval and their table."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from genrekit.evaluation import GenreReport, compare_table, wilson_interval


def make_report(y_true, y_pred, baseline=0.5):
    return GenreReport(
        y_true=np.asarray(y_true),
        y_pred=np.asarray(y_pred),
        classes=np.unique(y_true),
        baseline=baseline,
        fit_seconds=np.array([1.0, 2.0]),
        predict_seconds=np.array([0.25, 0.25]),
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


def test_numbers_can_be_genres():
    assert make_report([0, 0, 1, 1], [0, 0, 1, 0]).recall.tolist() == [1, 0.5]


@pytest.mark.parametrize(
    ("n_correct", "n_tracks", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (56, 70, 0.692, 0.877)],
)
def test_wilson_interval(n_correct, n_tracks, low, high):
    assert wilson_interval(n_correct, n_tracks) == pytest.approx((low, high), abs=5e-4)


def test_wilson_interval_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(17, 60).proportion_ci(0.9, method="wilson")
    assert wilson_interval(17, 60, confidence=0.9) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(("n_correct", "n_tracks"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_interval_of_no_proportion(n_correct, n_tracks):
    with pytest.raises(ValueError, match="not a proportion"):
        wilson_interval(n_correct, n_tracks)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_wilson_interval_with_an_impossible_confidence(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson_interval(1, 2, confidence=confidence)


def test_text_names_the_interval_and_every_genre(report):
    text = str(report)
    assert f"accuracy {report.accuracy:.3f} (95 % Wilson interval" in text
    assert "most frequent genre 0.500" in text
    assert "fit 3.0 s, predict 0.5 s" in text
    for genre in report.classes:
        assert f"\n{genre} " in text
    assert repr(report) == f"<GenreReport: accuracy {report.accuracy:.3f} on 50 tracks>"


def test_summary_agrees_with_the_report(report):
    summary = report.summary()
    assert summary["accuracy"] == report.accuracy
    assert (summary["wilson95_low"], summary["wilson95_high"]) == report.interval
    assert summary["fit_seconds"] == 3.0


def test_compare_table_has_a_line_a_report_and_the_baseline_last(report):
    lines = compare_table({"one": report, "another": report}).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == ["one", "another", "most frequent genre"]
    assert f"{report.accuracy:.3f}" in lines[2]
    assert lines[-1].split()[-1] == "0.500"


def test_compare_table_of_nothing():
    with pytest.raises(ValueError, match="at least one"):
        compare_table({})


def test_compare_table_of_different_folds(report):
    other = make_report(["a", "b"], ["a", "b"], baseline=0.4)
    with pytest.raises(ValueError, match="same folds"):
        compare_table({"one": report, "other": other})
