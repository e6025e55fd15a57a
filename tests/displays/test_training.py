"""How a network learned, epoch by epoch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrekit.displays import TrainingDisplay
from genrekit.evaluation import Training

pytest.importorskip("matplotlib")


class Trained(BaseEstimator):
    """Tells how it was trained."""

    def __init__(self, history=(), best_epoch=None):
        self.history = history
        self.best_epoch = best_epoch

    def fit(self, X=None, y=None):
        self.history_, self.best_epoch_ = list(self.history), self.best_epoch
        return self


def history(*losses):
    """Rows whose values can be told apart."""
    return [
        {
            "epoch": i,
            "train_loss": loss / 2,
            "valid_loss": loss,
            "valid_accuracy": 0.1 * i,
            "valid_accuracy_tracks": 0.1 * i + 0.05,
            "lr": 0.01,
            "seconds": 2.0,
        }
        for i, loss in enumerate(losses, start=1)
    ]


def points(line):
    return np.asarray(line.get_xydata())


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_lines_are_the_columns_of_the_history():
    rows = history(2.0, 1.5, 1.7)
    display = TrainingDisplay.from_history(rows, best_epoch=2)
    assert display.panels == ("loss", "accuracy")
    assert list(display.lines_) == [
        "train_loss", "valid_loss", "valid_accuracy", "valid_accuracy_tracks",
    ]  # fmt: skip
    for name, lines in display.lines_.items():
        expected = [(row["epoch"], row[name]) for row in rows]
        np.testing.assert_allclose(points(*lines), expected)


def test_the_best_epoch_is_marked_and_named():
    display = TrainingDisplay.from_history(history(2.0, 1.5, 1.7), best_epoch=2)
    for ax in display.axes_:
        assert list(ax.lines[-1].get_xdata()) == [2, 2]
        assert legend(ax)[-1] == "best epoch"
    unmarked = TrainingDisplay.from_history(history(2.0, 1.5, 1.7))
    assert legend(unmarked.ax_) == ["training", "validation"]


def test_curves_of_a_panel_differ_without_colour():
    display = TrainingDisplay.from_history(history(2.0, 1.5), best_epoch=1)
    for ax in display.axes_:
        dashes = [line.get_linestyle() for line in ax.lines]
        assert len(set(dashes)) == len(dashes) == 3


def test_folds_are_thin_and_their_mean_is_thick_as_far_as_all_went():
    folds = [Training(history(2.0, 1.0, 3.0), 2), Training(history(4.0, 2.0), 1)]
    display = TrainingDisplay(folds).plot()
    *thin, mean = display.lines_["valid_loss"]
    assert [len(points(line)) for line in thin] == [3, 2]
    np.testing.assert_allclose(points(mean), [(1, 3.0), (2, 1.5)])
    assert mean.get_linewidth() > 2 * max(line.get_linewidth() for line in thin)
    rings = display.axes_[0].lines[-1]
    np.testing.assert_allclose(points(rings), [(2, 1.0), (1, 4.0)])


@pytest.mark.parametrize("nothing", [None, float("nan"), "left out"])
def test_without_a_validation_part_there_is_the_loss_alone(nothing):
    rows = [
        {key: nothing if key.startswith("valid") else value for key, value in row.items()}
        for row in history(2.0, 1.0)
    ]
    if nothing == "left out":
        rows = [{k: v for k, v in row.items() if not k.startswith("valid")} for row in rows]
    display = TrainingDisplay.from_history(rows, best_epoch=2)
    assert display.panels == ("loss",)
    assert list(display.lines_) == ["train_loss"]
    with pytest.raises(ValueError, match="no accuracy"):
        display.plot(panels=["accuracy"])


def test_an_epoch_that_broke_leaves_the_others():
    rows = history(2.0, float("nan"), 1.0)
    display = TrainingDisplay.from_history(rows, best_epoch=1)
    np.testing.assert_allclose(points(*display.lines_["valid_loss"]), [(1, 2.0), (3, 1.0)])


def test_one_epoch_is_a_point_that_is_seen():
    display = TrainingDisplay.from_history(history(2.0), best_epoch=1)
    assert display.lines_["valid_loss"][0].get_marker() == "."


def test_from_estimator_from_a_pipeline_and_from_a_report():
    fitted = Trained(history(2.0, 1.0), 2).fit()
    piped = make_pipeline(StandardScaler(), Trained(history(2.0, 1.0), 2)).fit(np.eye(2), [0, 1])
    report = SimpleNamespace(trainings=[Training(history(2.0, 1.0), 2)])
    for display in (
        TrainingDisplay.from_estimator(fitted),
        TrainingDisplay.from_estimator(piped),
        TrainingDisplay.from_report(report),
    ):
        np.testing.assert_allclose(points(*display.lines_["valid_loss"]), [(1, 2.0), (2, 1.0)])


def test_from_a_table():
    pd = pytest.importorskip("pandas")
    display = TrainingDisplay.from_history(pd.DataFrame(history(2.0, 1.0)), best_epoch=2)
    np.testing.assert_allclose(points(*display.lines_["valid_loss"]), [(1, 2.0), (2, 1.0)])


def test_given_axes_are_drawn_on():
    from matplotlib.figure import Figure

    axes = Figure().subplots(2)
    display = TrainingDisplay.from_history(history(2.0, 1.0), ax=axes)
    assert display.axes_.tolist() == axes.tolist()
    single = Figure().subplots()
    assert display.plot(single, panels=["accuracy"]).ax_ is single
    assert single.get_ylabel() == "accuracy"
    with pytest.raises(ValueError, match="1 axes: 2 are needed"):
        display.plot(single)


def test_what_has_no_curves():
    with pytest.raises(ValueError, match="GaussianNB tells nothing of its training"):
        TrainingDisplay.from_estimator(GaussianNB().fit(np.eye(2), [0, 1]))
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(Trained())
    with pytest.raises(ValueError, match="holds no training"):
        TrainingDisplay.from_report(SimpleNamespace(trainings=()))
    with pytest.raises(ValueError, match="holds no loss"):
        TrainingDisplay.from_history([])
    with pytest.raises(ValueError, match="unknown panel 'f1'"):
        TrainingDisplay.from_history(history(2.0), panels=["f1"])
