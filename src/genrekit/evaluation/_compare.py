"""Several classifiers on the same folds, and how sure their differences are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from genrekit._moved import find
from genrekit._shown import Printed
from genrekit._tables import text_table
from genrekit._validation import check_choice
from genrekit.evaluation._cross_validate import run_folds
from genrekit.evaluation._intervals import independent_tracks
from genrekit.evaluation._leakage import find_leaks, warn_of_leaks
from genrekit.evaluation._report import GenreReport
from genrekit.evaluation._splits import genre_splits, read_labels

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Comparison", "PairedDifference", "compare", "paired_difference"]


class PairedDifference(NamedTuple):
    """How much more accurate one model is than another on the same tracks.

    Attributes
    ----------
    difference : float
        Accuracy of the model minus that of the reference.
    low, high : float
        95 % interval of it.
    only_model, only_reference : int
        Tracks that only the one, and only the other, has right.

    Examples
    --------
    >>> from genrekit.evaluation import PairedDifference
    >>> found = PairedDifference(0.05, 0.01, 0.09, only_model=8, only_reference=3)
    >>> found.low > 0  # better on other tracks, too
    True
    """

    difference: float
    low: float
    high: float
    only_model: int
    only_reference: int


def paired_difference(report: GenreReport, reference: GenreReport) -> PairedDifference:
    r"""Compare the accuracies of two models track by track.

    Some tracks are hard for all models. A difference taken on the same tracks does not suffer from
    that, and is known better than either accuracy: two intervals that overlap say little.

    Parameters
    ----------
    report, reference : GenreReport
        Two reports on the same tracks and folds.

    Returns
    -------
    PairedDifference
        The difference and its interval.

    Raises
    ------
    ValueError
        When tracks or folds differ.

    Notes
    -----
    Of :math:`n` tracks the one model alone has :math:`a` right and the other alone :math:`b`. With
    :math:`p = (a + 1) / (n + 2)` and :math:`q = (b + 1) / (n + 2)` the interval is [1]_

    .. math::
        p - q \pm z \sqrt{\frac{p + q - (p - q)^2}{n + 2}}

    which, other than a bootstrap, does not take a difference for certain that rests on a handful
    of tracks. Tracks in groups count as fewer, as in `group_interval`.

    References
    ----------
    .. [1] D. G. Bonett and R. M. Price, "Adjusted Wald confidence interval for a difference of
       binomial proportions based on paired data", Journal of Educational and Behavioral
       Statistics 37 (4), 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from genrekit.evaluation import cross_validate_genres, paired_difference
    >>> X, y = load_wine(return_X_y=True)
    >>> bayes = cross_validate_genres(GaussianNB(), X, y, random_state=0)
    >>> nearest = cross_validate_genres(KNeighborsClassifier(), X, y, random_state=0)
    >>> print(f"{paired_difference(bayes, nearest).difference:.3f}")
    0.309
    """
    _check_same(report, reference)
    ours, theirs = report.right, reference.right
    only = int(np.sum(ours & ~theirs)), int(np.sum(theirs & ~ours))
    gain = ours.astype(float) - theirs
    n, quantile = independent_tracks(gain, report.groups)
    p, q = ((count / len(gain) * n + 1) / (n + 2) for count in only)
    half = quantile * sqrt((p + q - (p - q) ** 2) / (n + 2))
    low, high = max(-1.0, p - q - half), min(1.0, p - q + half)
    return PairedDifference(float(gain.mean()), low, high, *only)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Printed):
    """Several models on the same tracks and folds.

    `compare` makes it; ``print(comparison)`` shows it.

    Parameters
    ----------
    reports : dict of str to GenreReport
        What each model reached, by name.
    reference : str, optional
        The model that the others are compared with; None takes the first.

    Attributes
    ----------
    differences : dict of str to PairedDifference
        Each of the others against the reference, see `paired_difference`.

    Raises
    ------
    ValueError
        When there is no report, or they are on different tracks or folds.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from genrekit.evaluation import compare
    >>> X, y = load_wine(return_X_y=True)
    >>> models = {"neighbours": KNeighborsClassifier(), "bayes": GaussianNB()}
    >>> round(compare(models, X, y, random_state=0).differences["bayes"].difference, 2)
    0.31
    """

    reports: Mapping[str, GenreReport]
    reference: str | None = None

    def __post_init__(self) -> None:
        if not self.reports:
            raise ValueError("reports is empty: give at least one")
        if self.reference is not None:
            check_choice("reference", self.reference, self.reports)
        first = self.reports[self._reference]
        for report in self.reports.values():
            _check_same(report, first)

    @property
    def differences(self) -> dict[str, PairedDifference]:
        """Each of the others against the reference."""
        base = self.reports[self._reference]
        others = {name: report for name, report in self.reports.items() if report is not base}
        return {name: paired_difference(report, base) for name, report in others.items()}

    def to_frame(self) -> DataFrame:
        """Give the numbers of every model, a row each, the baseline last.

        Returns
        -------
        pandas.DataFrame
            Indexed by model; the columns are those of `GenreReport.summary` and of
            `PairedDifference`, the latter as ``difference``, ``difference_low``,
            ``difference_high``, ``only_model`` and ``only_reference``.
        """
        import pandas as pd

        rows = {name: report.summary() for name, report in self.reports.items()}
        rows["most frequent genre"] = {
            name: value
            for name, value in self.reports[self._reference].dummy.summary().items()
            if not name.endswith("seconds")
        }
        names = ("difference", "difference_low", "difference_high", *PairedDifference._fields[3:])
        for model, found in self.differences.items():
            rows[model] |= dict(zip(names, found, strict=True))
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")

    def to_html(
        self, path: str | os.PathLike[str], *, title: str = "Comparison of classifiers"
    ) -> None:
        """Write everything as one HTML page that needs nothing else.

        Parameters
        ----------
        path : path-like
            Where to write.
        title : str, default="Comparison of classifiers"
            Heading of the page.

        Raises
        ------
        FileNotFoundError
            When the folder is not there.
        """
        find("genrekit.page", "write_comparison")(self, path, title=title)

    @property
    def _reference(self) -> str:
        """Name of the reference."""
        return self.reference or next(iter(self.reports))

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {r.accuracy:.3f}" for name, r in self.reports.items())
        return f"<Comparison: {found}>"

    def __str__(self) -> str:
        head = ["model", "accuracy", "95 % interval", "macro F1", "log loss"]
        head += ["extract s", "fit s", "predict s"]
        rows = [[name, *_cells(report)] for name, report in self.reports.items()]
        dummy = self.reports[self._reference].dummy
        rows.append(["most frequent genre", *_cells(dummy)[:4], "", "", ""])
        table = text_table(head, rows, right=head[1:])
        return table if len(self.reports) == 1 else f"{table}\n\n{self._difference_table()}"

    def _difference_table(self) -> str:
        """Tabulate the paired differences."""
        base = self._reference
        unit = "groups" if self.reports[base].is_grouped else "tracks"
        head = ["model", f"accuracy minus {base}", f"95 % paired interval over {unit}"]
        head += ["only it is right", f"only {base} is right"]
        rows = [
            [name, f"{d.difference:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}", *map(str, d[3:])]
            for name, d in self.differences.items()
        ]
        return text_table(head, rows, right=head[1:])


def compare(
    estimators: Mapping[str, BaseEstimator] | Sequence[BaseEstimator],
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = 5,
    reference: str | None = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
) -> Comparison:
    """Cross-validate several classifiers on the same folds.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of estimator
        The classifiers by name; those of a list are named after their classes.
    X : list of path-like, list of ndarray, or array-like of shape (n_tracks, ...)
        One item or row a track.
    y : array-like of shape (n_tracks,)
        The genres.
    groups : array-like of shape (n_tracks,), optional
        What must not be split between training and test, such as artist or album.
    cv : int, splitter or iterable of (train, test), default=5
        The folds, as in `cross_validate_genres`.
    reference : str, optional
        The classifier that the others are compared with; None takes the first.
    n_jobs : int, optional
        Number of folds that run at a time, as in joblib.
    random_state : int, optional
        Seed of the shuffling.

    Returns
    -------
    Comparison
        A report for each, and paired differences.

    Warns
    -----
    LeakageWarning
        As `cross_validate_genres` does.

    See Also
    --------
    paired_difference : How the differences and their intervals are found.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from genrekit.evaluation import compare
    >>> X, y = load_wine(return_X_y=True)
    >>> compare([KNeighborsClassifier(), GaussianNB()], X, y, random_state=0)
    <Comparison: KNeighborsClassifier 0.663, GaussianNB 0.972>
    """
    named = estimators if isinstance(estimators, Mapping) else _named(estimators)
    if not named:
        raise ValueError("estimators is empty: give at least one")
    if reference is not None:
        check_choice("reference", reference, named)
    y, groups = read_labels(X, y, groups)
    splits = genre_splits(y, groups, cv, random_state)
    leakage = find_leaks(X, splits, groups)
    warn_of_leaks(leakage)
    reports = {
        name: run_folds(estimator, X, y, groups, splits, leakage, n_jobs)
        for name, estimator in named.items()
    }
    return Comparison(reports, reference)


def _named(estimators: Sequence[BaseEstimator]) -> dict[str, BaseEstimator]:
    """Name estimators after their class, a pipeline after its last step's, and number namesakes."""
    alone = hasattr(estimators, "get_params")  # a pipeline is a sequence of its steps
    listed = [] if alone else list(estimators)
    if alone or any(isinstance(each, tuple) for each in listed):
        raise ValueError(
            "estimators must be a list of classifiers, or a dict of them by name; of one alone "
            "cross_validate_genres makes a report"
        )
    named: dict[str, BaseEstimator] = {}
    for estimator in listed:
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        plain = type(last).__name__
        name, n = plain, 1
        while name in named:
            n += 1
            name = f"{plain} ({n})"
        named[name] = estimator
    return named


def _check_same(one: GenreReport, other: GenreReport) -> None:
    """Refuse to compare what is not about the same tracks and folds."""
    names = ("y_true", "folds", "groups", "tracks")
    pairs = ((getattr(one, name), getattr(other, name)) for name in names)
    if not all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in pairs):
        raise ValueError("the reports are on different tracks or folds: compare on the same folds")


def _cells(report: GenreReport) -> list[str]:
    """Format one row of the table."""
    found = report.summary()
    cells = [f"{found['accuracy']:.3f}", "{:.3f} to {:.3f}".format(*report.interval)]
    cells += [_number(found[name], 3) for name in ("macro_f1", "log_loss")]
    times = ("extract_seconds", "fit_seconds", "predict_seconds")
    return cells + [_number(found[name], 1) for name in times]


def _number(value: float, digits: int) -> str:
    """Format a number, or nothing where it is not known."""
    return "" if np.isnan(value) else f"{value:.{digits}f}"
