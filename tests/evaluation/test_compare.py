"""Several models on the same folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrekit.evaluation import (
    Comparison,
    GenreReport,
    compare,
    cross_validate_genres,
    paired_difference,
)
from genrekit.exceptions import LeakageWarning


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    return X, np.array(["barolo", "barbera", "grignolino"])[y]


@pytest.fixture(scope="module")
def comparison(wine):
    models = {"bayes": GaussianNB(), "nearest": KNeighborsClassifier(), "dummy": DummyClassifier()}
    return compare(models, *wine, random_state=0)


def reports(right, others, groups=None):
    """Two reports that are right where they are said to be."""
    y = np.array(["a", "b"] * (len(right) // 2))
    wrong = np.where(y == "a", "b", "a")
    none = np.zeros(2)
    return tuple(
        GenreReport(y, np.where(hits, y, wrong), np.unique(y), none, none, groups=groups)
        for hits in (np.asarray(right), np.asarray(others))
    )


def test_every_model_has_the_folds_of_the_cross_validation(wine, comparison):
    for name, model in (("bayes", GaussianNB()), ("nearest", KNeighborsClassifier())):
        alone = cross_validate_genres(model, *wine, random_state=0)
        np.testing.assert_array_equal(comparison.reports[name].y_pred, alone.y_pred)
        np.testing.assert_array_equal(comparison.reports[name].folds, alone.folds)


def test_differences_are_to_the_reference(wine, comparison):
    assert list(comparison.differences) == ["nearest", "dummy"]
    bayes, nearest = (comparison.reports[name] for name in ("bayes", "nearest"))
    found = comparison.differences["nearest"]
    assert found.difference == pytest.approx(nearest.accuracy - bayes.accuracy)
    assert found.only_model - found.only_reference == nearest.n_correct - bayes.n_correct
    other = Comparison(comparison.reports, "nearest").differences["bayes"]
    assert other.difference == -found.difference
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low))


def test_the_interval_of_independent_tracks_is_that_of_the_normal_distribution():
    rng = np.random.default_rng(0)
    n = 1000
    one, other = reports(rng.random(n) < 0.8, rng.random(n) < 0.7)
    found = paired_difference(one, other)
    gain = one.right.astype(float) - other.right
    half = 1.96 * gain.std() / np.sqrt(n)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.05)
    assert (found.low + found.high) / 2 == pytest.approx(gain.mean(), abs=0.003)


def test_the_interval_of_bonett_and_price():
    # Of 100 tracks one alone has 20 right and the other alone 5: p = 21 / 102, q = 6 / 102.
    right = np.arange(100) < 60
    others = (np.arange(100) >= 20) & (np.arange(100) < 65)
    found = paired_difference(*reports(right, others))
    assert found == pytest.approx((0.15, 0.0513782, 0.2427395, 20, 5), abs=1e-6)


def test_no_difference_is_greater_than_one():
    all_right, none = np.ones(4, bool), np.zeros(4, bool)
    assert paired_difference(*reports(all_right, none)).high == 1
    assert paired_difference(*reports(none, all_right)).low == -1


def test_tracks_of_a_group_count_as_one():
    rng = np.random.default_rng(0)
    right, others = (np.repeat(rng.random(100) < p, 10) for p in (0.8, 0.7))
    wide = paired_difference(*reports(right, others, np.repeat(np.arange(100), 10)))
    narrow = paired_difference(*reports(right, others))
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(10**0.5, rel=0.1)


def test_shared_difficulty_makes_no_difference():
    hard = np.arange(200) % 2 == 0
    found = paired_difference(*reports(hard, hard))
    assert (found.difference, found.only_model, found.only_reference) == (0, 0, 0)
    assert found.high == -found.low < 0.02  # small, and yet not known to be nothing


@pytest.mark.parametrize(("gain", "loss"), [(0.05, 0.0), (0.05, 0.02), (0.2, 0.1)])
@pytest.mark.parametrize("together", [False, True])
def test_coverage(gain, loss, together):
    """Of intervals made so, 95 % or a little more hold the true difference."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    held = 0
    for _ in range(400):
        u = rng.random(30)[groups] if together else rng.random(120)
        pair = reports(u >= loss, u < 1 - gain, groups if together else None)
        found = paired_difference(*pair)
        held += found.low <= gain - loss <= found.high
    assert held / 400 >= 0.92


def test_text(comparison):
    text = str(comparison)
    lines = text.splitlines()
    assert [line.split("  ")[0] for line in lines[2:6]] == [
        "bayes", "nearest", "dummy", "most frequent genre",
    ]  # fmt: skip
    assert f"{comparison.reports['bayes'].accuracy:.3f}" in lines[2]
    assert "accuracy minus bayes" in lines[7]
    assert f"{comparison.differences['nearest'].difference:+.3f}" in lines[9]
    assert max(map(len, lines)) <= 110
    assert repr(comparison).startswith("<Comparison: bayes 0.")


def test_one_model_has_no_difference(wine):
    found = compare({"bayes": GaussianNB()}, *wine, random_state=0)
    assert found.differences == {}
    assert "minus" not in str(found)


def test_frame(comparison):
    pytest.importorskip("pandas")
    frame = comparison.to_frame()
    assert frame.index.tolist() == ["bayes", "nearest", "dummy", "most frequent genre"]
    assert frame.loc["bayes", "accuracy"] == comparison.reports["bayes"].accuracy
    assert frame.loc["nearest", "difference_low"] == comparison.differences["nearest"].low
    assert np.isnan(frame.loc["bayes", "difference"])
    assert np.isnan(frame.loc["most frequent genre", "fit_seconds"])


def test_a_list_is_named_after_classes(wine):
    scaled = make_pipeline(StandardScaler(), GaussianNB())
    found = compare([GaussianNB(), scaled, KNeighborsClassifier()], *wine, random_state=0)
    assert list(found.reports) == ["GaussianNB", "GaussianNB (2)", "KNeighborsClassifier"]


def test_groups_and_copies(wine):
    X, y = wine
    X = X.copy()
    X[100] = X[70]
    groups = np.arange(178) // 2
    with pytest.warns(LeakageWarning, match="row 100") as caught:
        found = compare([GaussianNB(), DummyClassifier()], X, y, groups=groups, random_state=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "over groups" in str(found)


def test_one_model_is_no_list(wine):
    pipeline = make_pipeline(GaussianNB())
    for wrong in (pipeline, [("bayes", pipeline)]):
        with pytest.raises(ValueError, match="a list of classifiers, or a dict"):
            compare(wrong, *wine)


def test_nothing_to_compare(wine):
    with pytest.raises(ValueError, match="at least one"):
        compare([], *wine)
    with pytest.raises(ValueError, match="at least one"):
        Comparison({})


def test_an_unknown_reference(wine, comparison):
    with pytest.raises(ValueError, match="did you mean 'bayes'"):
        compare({"bayes": GaussianNB()}, *wine, reference="bays")
    with pytest.raises(ValueError, match="unknown reference"):
        Comparison(comparison.reports, "bays")


@pytest.mark.parametrize("field", ["y_true", "folds", "tracks"])
def test_reports_on_something_else(comparison, field):
    one = comparison.reports["bayes"]
    other = replace(one, **{field: getattr(one, field)[::-1]})
    with pytest.raises(ValueError, match="different tracks or folds"):
        Comparison({"one": one, "other": other})
