"""What a cross-validation found, in numbers and in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import log_loss

from genrekit._moved import find
from genrekit._shown import Printed
from genrekit._text import as_column
from genrekit.evaluation._calibration import calibration_bins
from genrekit.evaluation._intervals import group_interval, wilson_interval
from genrekit.evaluation._leakage import LeakageReport
from genrekit.evaluation._mistakes import ConfidentMistake, confident_mistakes
from genrekit.evaluation._report_text import report_text
from genrekit.evaluation._training import Training
from genrekit.exceptions import TrackError

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["GenreReport"]


@dataclass(frozen=True, eq=False, repr=False)
class GenreReport(Printed):
    """What a cross-validation found: every prediction, and what follows from them.

    `cross_validate_genres` makes it; ``print(report)`` shows it.

    Parameters
    ----------
    y_true : ndarray of shape (n_tracks,)
        The genres, in the order of X.
    y_pred : ndarray of shape (n_tracks,)
        The genre predicted for each track by the model that had not seen it; None, which counts
        as wrong, for a track that could not be decoded.
    classes : ndarray of shape (n_genres,)
        The genres, sorted. The order of `precision`, `recall`, `f1`, `support` and of the columns
        of `probabilities`.
    fit_seconds, predict_seconds : ndarray of shape (n_folds,)
        Wall-clock time of each fold, without extraction where that is known.
    extract_seconds : ndarray of shape (n_folds,), optional
        Time that each fold spent on reading tracks and computing their features, in training and
        test together. None: no extraction of genrekit's was seen (a table of features, a
        transformer of another library, folds of a search in other processes), and what there was
        is part of `fit_seconds` and `predict_seconds`.
    probabilities : ndarray of shape (n_tracks, n_genres), optional
        Probability of each genre; NaN in the row of a track that could not be decoded. None: the
        model gives none.
    folds : ndarray of int of shape (n_tracks,), optional
        In which fold each track was predicted.
    groups : ndarray of shape (n_tracks,), optional
        What was not split between training and test.
    tracks : sequence of str, default=()
        What to call each track, such as its path.
    leakage : LeakageReport, optional
        Groups and copies that stand on both sides of the folds.
    errors : sequence of TrackError, default=()
        Tracks of X that could not be decoded, with the reason; `index` is the place in X. With a
        single split they may be of its training part, and so not among `tracks`.
    segments, segments_right : ndarray of int of shape (n_tracks,), optional
        How many segments each track was heard in, and how many of them, each by itself, were taken
        for its genre by the model that had not seen it. None: tracks were judged as a whole.
    trainings : sequence of Training, default=()
        How the network of each fold was trained, for estimators that tell.

    Attributes
    ----------
    accuracy : float
        Share of the tracks that are right.
    interval : tuple of float
        95 % interval of the accuracy.
    interval_name : str
        Which: Wilson's, or with groups of several tracks that of `group_interval`.
    is_grouped : bool
        Whether some group holds several tracks.
    macro_f1 : float
        Mean of `f1` over the genres that have tracks.
    balanced_accuracy : float
        Mean of `recall` over the genres that have tracks.
    log_loss : float
        Mean of minus the natural logarithm of the probability given to the true genre, over the
        tracks that have one; NaN without probabilities.
    calibration_error : float
        Expected calibration error in ten bins, see `calibration_bins`; NaN without probabilities.
    precision, recall, f1 : ndarray of shape (n_genres,)
        For each genre; 0 where nothing was predicted as it.
    support : ndarray of shape (n_genres,)
        Number of tracks of each genre; 0 for one that a single split has in training only.
    confusion : ndarray of int of shape (n_genres, n_genres)
        Number of tracks of each genre (row) by predicted genre (column).
    baseline : float
        Accuracy of `dummy`.
    dummy : GenreReport
        The same for always answering the most frequent genre, with the share of each as
        probability. Of all tracks, not of each training fold: in balanced data the genre that a
        fold has most of is the one its test has least of.
    n_failed : int
        Number of tracks without a prediction.
    segment_accuracy : float
        Share of all segments that are right; NaN where tracks were judged as a whole.
    segment_interval : tuple of float
        95 % interval of it, see `group_interval`: segments of a track, or of a group, are right or
        wrong together.

    Notes
    -----
    An interval says how far the accuracy might be off because there are so few tracks (or groups).
    It takes the models of the folds as they are: that other training tracks would have given other
    models is not in it, and so it is somewhat too narrow [1]_.

    References
    ----------
    .. [1] S. Bates, T. Hastie, R. Tibshirani, "Cross-validation: what does it estimate and how well
       does it do it?", Journal of the American Statistical Association 119 (546), 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.evaluation import GenreReport
    >>> report = GenreReport(
    ...     y_true=np.array(["jazz", "jazz", "rock", "rock"]),
    ...     y_pred=np.array(["jazz", "rock", "rock", "rock"]),
    ...     classes=np.array(["jazz", "rock"]),
    ...     fit_seconds=np.array([0.1, 0.1]),
    ...     predict_seconds=np.array([0.1, 0.1]),
    ... )
    >>> print(report)
    accuracy 0.750 (95 % Wilson interval 0.301 to 0.954), 3 of 4 tracks in 2 folds
    most frequent genre 0.500 | macro F1 0.733 | balanced accuracy 0.750
    fit 0.2 s, predict 0.2 s
    <BLANKLINE>
    genre  precision  recall     F1  tracks
    -----  ---------  ------  -----  ------
    jazz       1.000   0.500  0.667       2
    rock       0.667   1.000  0.800       2
    """

    y_true: np.ndarray
    y_pred: np.ndarray
    classes: np.ndarray
    fit_seconds: np.ndarray
    predict_seconds: np.ndarray
    extract_seconds: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    folds: np.ndarray | None = None
    groups: np.ndarray | None = None
    tracks: Sequence[str] = ()
    leakage: LeakageReport | None = None
    errors: Sequence[TrackError] = ()
    segments: np.ndarray | None = None
    segments_right: np.ndarray | None = None
    trainings: Sequence[Training] = ()

    @property
    def right(self) -> np.ndarray:
        """Which tracks are right."""
        pairs = zip(self.y_true.tolist(), self.y_pred.tolist(), strict=True)
        return np.array([true == predicted for true, predicted in pairs], dtype=bool)

    @property
    def n_correct(self) -> int:
        """Number of tracks that are right."""
        return int(self.right.sum())

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
        """95 % interval of the accuracy."""
        if self.is_grouped:
            return group_interval(self.right, np.asarray(self.groups))
        return wilson_interval(self.n_correct, len(self.y_true))

    @property
    def interval_name(self) -> str:
        """Which interval that is."""
        if self.is_grouped:
            n_groups = len(np.unique(np.asarray(self.groups)))
            return f"Wilson interval, Rao-Scott corrected for {n_groups} groups"
        return "Wilson interval"

    @property
    def is_grouped(self) -> bool:
        """Whether some group holds several tracks."""
        return self.groups is not None and len(np.unique(self.groups)) < len(self.groups)

    @property
    def segment_accuracy(self) -> float:
        """Share of all segments that are right."""
        if self.segments is None or self.segments_right is None or not self.segments.any():
            return float("nan")
        return float(self.segments_right.sum() / self.segments.sum())

    @property
    def segment_interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy by segment."""
        if self.segments is None or self.segments_right is None or not self.segments.any():
            return float("nan"), float("nan")
        units = np.arange(len(self.segments)) if self.groups is None else self.groups
        wrong = self.segments - self.segments_right
        counts = np.stack([self.segments_right, wrong], axis=1).ravel()
        right = np.repeat(np.tile([True, False], len(wrong)), counts)
        return group_interval(right, np.repeat(units, self.segments))

    @property
    def support(self) -> np.ndarray:
        """Number of tracks of each genre."""
        return _counts(self.y_true, self.classes)

    @property
    def confusion(self) -> np.ndarray:
        """Number of tracks of each genre (row) by predicted genre (column)."""
        return np.array(
            [_counts(self.y_pred[self.y_true == g], self.classes) for g in self.classes]
        )

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
        """Mean of F1 over the genres that have tracks."""
        return float(self.f1[self.support > 0].mean())

    @property
    def balanced_accuracy(self) -> float:
        """Mean of recall over the genres that have tracks."""
        return float(self.recall[self.support > 0].mean())

    @property
    def log_loss(self) -> float:
        """Mean of minus the logarithm of the probability given to the true genre."""
        if self.probabilities is None:
            return float("nan")
        known = ~np.isnan(self.probabilities).any(axis=1)
        if not known.any():
            return float("nan")
        order = np.argsort(self.classes)  # scikit-learn takes the columns to be in it
        probabilities = self.probabilities[known][:, order]
        return float(log_loss(self.y_true[known], probabilities, labels=self.classes[order]))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error in ten bins."""
        if self.probabilities is None:
            return float("nan")
        return calibration_bins(self.y_true, self.probabilities, self.classes).error

    @property
    def dummy(self) -> GenreReport:
        """Report of always answering the most frequent genre."""
        shares = self.support / self.support.sum()
        return GenreReport(
            y_true=self.y_true,
            y_pred=np.full_like(self.y_true, self.classes[shares.argmax()]),
            classes=self.classes,
            fit_seconds=np.zeros_like(self.fit_seconds),
            predict_seconds=np.zeros_like(self.predict_seconds),
            probabilities=np.tile(shares, (len(self.y_true), 1)),
            folds=self.folds,
            groups=self.groups,
            tracks=self.tracks,
        )

    @property
    def baseline(self) -> float:
        """Accuracy of always answering the most frequent genre."""
        return float(self.support.max() / len(self.y_true))

    def summary(self) -> dict[str, float]:
        """Give the single numbers by name, for a table of several reports.

        Returns
        -------
        dict of str to float
            ``accuracy``, ``accuracy_low``, ``accuracy_high`` (the interval), ``macro_f1``,
            ``balanced_accuracy``, ``log_loss``, ``calibration_error``, ``extract_seconds``,
            ``fit_seconds``, ``predict_seconds``; NaN for what is not known.
        """
        low, high = self.interval
        extract = self.extract_seconds
        return {
            "accuracy": self.accuracy,
            "accuracy_low": low,
            "accuracy_high": high,
            "macro_f1": self.macro_f1,
            "balanced_accuracy": self.balanced_accuracy,
            "log_loss": self.log_loss,
            "calibration_error": self.calibration_error,
            "extract_seconds": float("nan") if extract is None else float(extract.sum()),
            "fit_seconds": float(self.fit_seconds.sum()),
            "predict_seconds": float(self.predict_seconds.sum()),
        }

    def to_frame(self) -> DataFrame:
        """Give precision, recall, F1 and support, a row a genre.

        Returns
        -------
        pandas.DataFrame
            Indexed by genre.
        """
        import pandas as pd

        columns = ("precision", "recall", "f1", "support")
        index = pd.Index(self.classes, name="genre")
        return pd.DataFrame({name: getattr(self, name) for name in columns}, index=index)

    def predictions_frame(self) -> DataFrame:
        """Give every prediction, a row a track.

        Returns
        -------
        pandas.DataFrame
            ``track``, ``fold``, ``group``, ``y_true``, ``y_pred``, ``right``, and one column a
            genre with its probability; without what the report does not hold.
        """
        import pandas as pd

        known = {"track": self.tracks or None, "fold": self.folds, "group": self.groups}
        columns: dict[str, Any] = {k: values for k, values in known.items() if values is not None}
        columns |= {"y_true": self.y_true, "y_pred": self.y_pred, "right": self.right}
        if self.probabilities is not None:
            columns |= {f"p({g})": self.probabilities[:, i] for i, g in enumerate(self.classes)}
        return pd.DataFrame({name: as_column(column) for name, column in columns.items()})

    def confident_mistakes(self, n: int | None = None) -> list[ConfidentMistake]:
        """List the tracks that were most surely taken for another genre, for listening.

        Such a track is often of both genres, wrongly labelled, or not what its name says.

        Parameters
        ----------
        n : int, optional
            How many; None lists all that are wrong.

        Returns
        -------
        list of ConfidentMistake
            The surest first. Empty without probabilities; tracks without an answer, and those that
            were said to be of no known genre, are not among them.
        """
        return confident_mistakes(self)[:n]

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        title: str = "Genre report",
        estimator: Any = None,
        features: Any = None,
        importance: Any = None,
        audio: str = "link",
    ) -> None:
        """Write everything as one HTML page that needs nothing else.

        Parameters
        ----------
        path : path-like
            Where to write.
        title : str, default="Genre report"
            Heading of the page.
        estimator : estimator, optional
            What was cross-validated; its parameters are shown. Of a fitted one, where the report
            holds no trainings, the training too.
        features : Extraction or array-like of shape (n_tracks, n_features), optional
            Features of the tracks, in the order of the report; a map is drawn of them.
        importance : FamilyImportance, optional
            What `importance_by_family` found; it is drawn.
        audio : {"link", "embed", "none"}, default="link"
            Players beside tracks that were taken for others: of the files where they are, of 10
            seconds of each that the page holds, or none. See `genrekit.page.write_report`.

        Raises
        ------
        FileNotFoundError
            When the folder is not there.
        """
        how = {"title": title, "estimator": estimator, "features": features}
        more = {"importance": importance, "audio": audio}
        find("genrekit.page", "write_report")(self, path, **how, **more)

    def _hits(self) -> np.ndarray:
        """Count the right predictions of each genre."""
        return _counts(self.y_true[self.right], self.classes)

    def __repr__(self) -> str:
        return f"<GenreReport: accuracy {self.accuracy:.3f} on {len(self.y_true)} tracks>"

    def __str__(self) -> str:
        return report_text(self)


def _counts(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Count each class; anything else, such as None, is not counted."""
    return np.array([np.sum(y == genre) for genre in classes])


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide, with 0 / 0 = 0."""
    return part / np.maximum(whole, 1)
