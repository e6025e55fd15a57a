"""What a cross-validation found, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from genrekit._tables import text_table


def wilson_interval(
    n_correct: int, n_tracks: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Compute Wilson's score interval of a proportion.

    Parameters
    ----------
    n_correct : int
        Number of successes.
    n_tracks : int
        Number of trials, at least 1.
    confidence : float, default=0.95
        How often intervals made this way hold the true proportion.

    Returns
    -------
    low, high : float
        The ends of the interval, within [0, 1].

    Raises
    ------
    ValueError
        When `n_correct` is not between 0 and `n_tracks`, or `confidence` not between 0 and 1.

    Notes
    -----
    With :math:`\hat p = k / n` and the normal quantile :math:`z`, the interval is

    .. math::
        \frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4n^2}}{1 + z^2 / n}

    It assumes independent trials. Tracks of one group (an artist, an album) are not, so with few
    groups the true uncertainty is larger.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22 (158), 1927.

    Examples
    --------
    >>> from genrekit.evaluation import wilson_interval
    >>> low, high = wilson_interval(56, 70)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.692 to 0.877
    """
    if n_tracks < 1 or not 0 <= n_correct <= n_tracks:
        raise ValueError(f"n_correct={n_correct} of n_tracks={n_tracks} is not a proportion")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence}: a number between 0 and 1 is needed")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = n_correct / n_tracks
    centre = p + z**2 / (2 * n_tracks)
    half = z * sqrt(p * (1 - p) / n_tracks + z**2 / (4 * n_tracks**2))
    scale = 1 + z**2 / n_tracks
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


@dataclass(frozen=True, eq=False, repr=False)
class GenreReport:
    """What a cross-validation found.

    `cross_validate_genres` makes it; ``print(report)`` shows it.

    Parameters
    ----------
    y_true : ndarray, shape (n_tracks,)
        The genres, in the order of X.
    y_pred : ndarray, shape (n_tracks,)
        The genre predicted for each track by the model that had not seen it; None, which counts
        as wrong, for a track that could not be decoded.
    classes : ndarray, shape (n_genres,)
        The genres, sorted. The order of `precision`, `recall`, `f1` and `support`.
    baseline : float
        Accuracy of always answering the most frequent genre. Of all tracks, not of each training
        fold: in balanced data the genre that a fold has most of is the one its test has least of.
    fit_seconds, predict_seconds : ndarray, shape (n_folds,)
        Wall-clock time of each fold.

    Attributes
    ----------
    accuracy : float
        Share of the tracks that are right.
    interval : tuple of float
        95 % Wilson interval of the accuracy, which takes the tracks to be independent.
    macro_f1 : float
        Mean of `f1` over genres.
    balanced_accuracy : float
        Mean of `recall` over genres.
    precision, recall, f1 : ndarray, shape (n_genres,)
        For each genre; 0 where nothing was predicted as it.
    support : ndarray, shape (n_genres,)
        Number of tracks of each genre.
    n_failed : int
        Number of tracks without a prediction.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.evaluation import GenreReport
    >>> report = GenreReport(
    ...     y_true=np.array(["jazz", "jazz", "rock", "rock"]),
    ...     y_pred=np.array(["jazz", "rock", "rock", "rock"]),
    ...     classes=np.array(["jazz", "rock"]),
    ...     baseline=0.5,
    ...     fit_seconds=np.array([0.1, 0.1]),
    ...     predict_seconds=np.array([0.1, 0.1]),
    ... )
    >>> print(report)
    accuracy 0.750 (95 % Wilson interval 0.301 to 0.954), 3 of 4 tracks in 2 folds
    most frequent genre 0.500 | macro F1 0.733 | balanced accuracy 0.750
    fit 0.2 s, predict 0.2 s
    <BLANKLINE>
    genre  precision  recall  tracks
    -----  ---------  ------  ------
    jazz       1.000   0.500       2
    rock       0.667   1.000       2
    """

    y_true: np.ndarray
    y_pred: np.ndarray
    classes: np.ndarray
    baseline: float
    fit_seconds: np.ndarray
    predict_seconds: np.ndarray

    @property
    def n_correct(self) -> int:
        """Number of tracks that are right."""
        return int(np.sum(self.y_true == self.y_pred))

    @property
    def n_failed(self) -> int:
        """Number of tracks without a prediction."""
        return sum(genre is None for genre in self.y_pred.tolist())

    @property
    def accuracy(self) -> float:
        """Share of the tracks that are right."""
        return self.n_correct / len(self.y_true)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson_interval(self.n_correct, len(self.y_true))

    @property
    def support(self) -> np.ndarray:
        """Number of tracks of each genre."""
        return _counts(self.y_true, self.classes)

    @property
    def precision(self) -> np.ndarray:
        """Share of the tracks predicted as a genre that are of it."""
        return _ratio(self._hits(), _counts(self.y_pred, self.classes))

    @property
    def recall(self) -> np.ndarray:
        """Share of a genre's tracks that are predicted as it."""
        return _ratio(self._hits(), self.support)

    @property
    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self._hits(), self.support + _counts(self.y_pred, self.classes))

    @property
    def macro_f1(self) -> float:
        """Mean of F1 over genres."""
        return float(self.f1.mean())

    @property
    def balanced_accuracy(self) -> float:
        """Mean of recall over genres."""
        return float(self.recall.mean())

    def summary(self) -> dict[str, float]:
        """Give the single numbers by name, for a table of several reports.

        Returns
        -------
        dict of str to float
            ``accuracy``, ``wilson95_low``, ``wilson95_high``, ``macro_f1``,
            ``balanced_accuracy``, ``fit_seconds``, ``predict_seconds``.
        """
        low, high = self.interval
        return {
            "accuracy": self.accuracy,
            "wilson95_low": low,
            "wilson95_high": high,
            "macro_f1": self.macro_f1,
            "balanced_accuracy": self.balanced_accuracy,
            "fit_seconds": float(self.fit_seconds.sum()),
            "predict_seconds": float(self.predict_seconds.sum()),
        }

    def _hits(self) -> np.ndarray:
        """Count the right predictions of each genre."""
        return _counts(self.y_true[self.y_true == self.y_pred], self.classes)

    def __repr__(self) -> str:
        return f"<GenreReport: accuracy {self.accuracy:.3f} on {len(self.y_true)} tracks>"

    def __str__(self) -> str:
        low, high = self.interval
        failed = f", {self.n_failed} without a prediction" if self.n_failed else ""
        columns = zip(self.classes, self.precision, self.recall, self.support, strict=True)
        rows = [[str(g), f"{p:.3f}", f"{r:.3f}", str(n)] for g, p, r, n in columns]
        head = ["genre", "precision", "recall", "tracks"]
        return (
            f"accuracy {self.accuracy:.3f} (95 % Wilson interval {low:.3f} to {high:.3f}), "
            f"{self.n_correct} of {len(self.y_true)} tracks in {len(self.fit_seconds)} folds"
            f"{failed}\n"
            f"most frequent genre {self.baseline:.3f} | macro F1 {self.macro_f1:.3f} | "
            f"balanced accuracy {self.balanced_accuracy:.3f}\n"
            f"fit {self.fit_seconds.sum():.1f} s, predict {self.predict_seconds.sum():.1f} s\n\n"
            + text_table(head, rows, right=head[1:])
        )


def compare_table(reports: Mapping[str, GenreReport]) -> str:
    """Put several reports on the same tracks and folds into one table.

    Parameters
    ----------
    reports : mapping of str to GenreReport
        The reports by the name of what they are about.

    Returns
    -------
    str
        A fixed-width table with a row a report, and last the baseline.

    Raises
    ------
    ValueError
        When there is no report, or their baselines differ and so their folds do.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from genrekit.evaluation import compare_table, cross_validate_genres
    >>> X, y = load_iris(return_X_y=True)
    >>> report = cross_validate_genres(KNeighborsClassifier(), X, y, random_state=0)
    >>> print(compare_table({"KNN": report}))  # doctest: +ELLIPSIS
    model                accuracy   95 % interval  macro F1  balanced  fit s  predict s
    -------------------  --------  --------------  --------  --------  -----  ---------
    KNN                     0.953  0.907 to 0.977     0.953     0.953 ...
    most frequent genre     0.333
    """
    if not reports:
        raise ValueError("reports is empty: give at least one")
    baselines = {report.baseline for report in reports.values()}
    if len(baselines) > 1:
        raise ValueError("the reports' baselines differ: compare reports on the same folds")
    head = ["model", "accuracy", "95 % interval", "macro F1", "balanced", "fit s", "predict s"]
    rows = [[name, *_cells(report)] for name, report in reports.items()]
    rows.append(["most frequent genre", f"{baselines.pop():.3f}", *[""] * 5])
    return text_table(head, rows, right=head[1:])


def _cells(report: GenreReport) -> list[str]:
    """Format one row of `compare_table`."""
    low, high = report.interval
    return [
        f"{report.accuracy:.3f}",
        f"{low:.3f} to {high:.3f}",
        f"{report.macro_f1:.3f}",
        f"{report.balanced_accuracy:.3f}",
        f"{report.fit_seconds.sum():.1f}",
        f"{report.predict_seconds.sum():.1f}",
    ]


def _counts(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Count each class; anything else, such as None, is not counted."""
    return np.array([np.sum(y == genre) for genre in classes])


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide, with 0 / 0 = 0."""
    return part / np.maximum(whole, 1)
