"""Whether a model that says 80 % is right 80 times of 100."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from genrekit._validation import check_integer

__all__ = ["CalibrationBins", "calibration_bins"]


class CalibrationBins(NamedTuple):
    """How confident a model is and how often it is right, by bins of confidence.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        The ends of the bins.
    count : ndarray of shape (n_bins,)
        Number of tracks in each.
    confidence, accuracy : ndarray of shape (n_bins,)
        Mean confidence, and share of right answers, in each; 0 in an empty one.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.evaluation import calibration_bins
    >>> sure = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> bins = calibration_bins(np.array(["jazz", "rock"]), sure, np.array(["jazz", "rock"]))
    >>> round(bins.error, 2)
    0.4
    """

    edges: np.ndarray
    count: np.ndarray  # type: ignore[assignment]  # not tuple.count: the name says what it is
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error."""
        gaps = np.abs(self.confidence - self.accuracy)
        return float(np.sum(self.count * gaps) / max(1, self.count.sum()))


def calibration_bins(
    y_true: Any, probabilities: Any, classes: Any, *, n_bins: int = 10
) -> CalibrationBins:
    r"""Compare confidence with accuracy, in bins of equal width.

    The confidence of an answer is the probability of the most probable genre. The expected
    calibration error is the mean gap between the two, weighted by the tracks in each bin,

    .. math::
        \mathrm{ECE} = \sum_b \frac{n_b}{n} |\mathrm{accuracy}_b - \mathrm{confidence}_b|

    Parameters
    ----------
    y_true : array-like of shape (n_tracks,)
        The genres.
    probabilities : array-like of shape (n_tracks, n_genres)
        Probability of each genre; rows of NaN are left out.
    classes : array-like of shape (n_genres,)
        The genres of the columns.
    n_bins : int, default=10
        Number of bins of equal width between 0 and 1, closed on the right.

    Returns
    -------
    CalibrationBins
        What each bin holds; ``.error`` is the expected calibration error.

    Raises
    ------
    ValueError
        When the shapes differ, or the probabilities are none.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
       ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.evaluation import calibration_bins
    >>> sure = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> bins = calibration_bins(np.array(["jazz", "rock"]), sure, np.array(["jazz", "rock"]))
    >>> print(f"{bins.error:.2f}")  # right once, sure to 0.9
    0.40
    """
    check_integer("n_bins", n_bins, minimum=1)
    probabilities, y_true, classes = map(np.asarray, (probabilities, y_true, classes))
    if probabilities.shape != y_true.shape + classes.shape:
        raise ValueError(
            f"probabilities has shape {probabilities.shape}: a row for each of {len(y_true)} "
            f"tracks and a column for each of {len(classes)} classes is needed"
        )
    known = ~np.isnan(probabilities).any(axis=1)
    probabilities, y_true = probabilities[known], np.asarray(y_true)[known]
    confidence = probabilities.max(axis=1, initial=0.0)
    if (confidence > 1 + 1e-6).any():  # a sum of float32 may be a little more
        raise ValueError(f"probabilities holds {confidence.max():.3g}: these are scores")
    right = classes[probabilities.argmax(axis=1)] == y_true
    edges = np.linspace(0, 1, n_bins + 1)
    index = np.clip(np.digitize(confidence, edges, right=True) - 1, 0, n_bins - 1)
    count = np.bincount(index, minlength=n_bins)
    sums = (np.bincount(index, weights=w, minlength=n_bins) for w in (confidence, right))
    return CalibrationBins(edges, count, *(total / np.maximum(count, 1) for total in sums))
