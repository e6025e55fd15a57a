"""Which genres are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.displays._matrix import draw_matrix, normalized
from genrekit.views import Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GenreConfusionDisplay", "confusion_counts"]

NO_ANSWER = "no prediction"
_ORDERS = ("name", "recall", "similarity")


class GenreConfusionDisplay(Drawn):
    """Confusion matrix of genres: a row a true genre, a column an answer.

    Use `from_estimator`, `from_predictions` or `from_report` to make one. Other than
    scikit-learn's it may have more columns than rows: answers that are no genre of `y_true`, such
    as ``"unknown"``, and one for tracks without an answer because they could not be decoded.

    Parameters
    ----------
    confusion_matrix : ndarray of shape (n_genres, n_answers)
        Number of tracks.
    genres : sequence, length n_genres
        What the rows and the first columns are.
    answers : sequence of length n_answers, optional
        What the columns are: `genres`, and any others behind. None: just the genres.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    im_ : matplotlib.image.AxesImage
        The cells.
    text_ : ndarray of Text of shape (n_genres, n_answers), or None
        The values in the cells, None where they are 0; None without values.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : The same for a square matrix.

    Examples
    --------
    >>> from genrekit.displays import GenreConfusionDisplay
    >>> true = ["jazz", "jazz", "pop", "rock", "rock", "rock"]
    >>> predicted = ["jazz", "rock", "pop", "rock", "rock", None]
    >>> display = GenreConfusionDisplay.from_predictions(true, predicted, normalize="true")
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['jazz', 'pop', 'rock', 'no prediction']
    >>> display.text_[0, 0].get_text()
    '50'
    """

    def __init__(
        self,
        confusion_matrix: NDArray[Any],
        genres: Sequence[Any],
        answers: Sequence[Any] | None = None,
    ) -> None:
        self.confusion_matrix = confusion_matrix
        self.genres = genres
        self.answers = answers

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, ax: Axes | None = None, **plot_params: Any
    ) -> GenreConfusionDisplay:
        """Predict the genres of tracks and draw them against the true ones.

        Parameters
        ----------
        estimator : fitted classifier
            What predicts. Tracks that it was fitted on say nothing about new ones.
        X : sequence of tracks or array-like
            What it takes.
        y : array-like of shape (n_tracks,)
            The true genres.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        GenreConfusionDisplay
            The matrix, drawn.
        """
        return cls.from_predictions(y, estimator.predict(X), ax=ax, **plot_params)

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any, *, ax: Axes | None = None, **plot_params: Any
    ) -> GenreConfusionDisplay:
        """Count predicted genres against true ones and draw them.

        Parameters
        ----------
        y_true : array-like of shape (n_tracks,)
            The true genres.
        y_pred : array-like of shape (n_tracks,)
            The predicted ones; None where there is none.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        GenreConfusionDisplay
            The matrix, drawn.

        Raises
        ------
        ValueError
            When the lengths differ or there is no track.
        """
        return cls(*confusion_counts(y_true, y_pred)).plot(ax=ax, **plot_params)

    @classmethod
    def from_report(
        cls, report: Any, *, ax: Axes | None = None, **plot_params: Any
    ) -> GenreConfusionDisplay:
        """Draw what a cross-validation predicted.

        Parameters
        ----------
        report : GenreReport
            The result of `cross_validate_genres`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        GenreConfusionDisplay
            The matrix, drawn.
        """
        return cls.from_predictions(report.y_true, report.y_pred, ax=ax, **plot_params)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        normalize: str | None = None,
        order: str = "name",
        include_values: bool = True,
        cmap: str = "Blues",
    ) -> GenreConfusionDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure that is large enough for the genres.
        normalize : {"true", "pred", "all"}, optional
            Show percent of the true genre (its row), of the answer (its column) or of all
            tracks; None shows numbers of tracks.
        order : {"name", "recall", "similarity"}, default="name"
            Order of the genres: as given, best recognised first, or such that genres taken for
            each other stand together.
        include_values : bool, default=True
            Whether to write the values into the cells.
        cmap : str, default="Blues"
            Colour map; its low end should be light.

        Returns
        -------
        GenreConfusionDisplay
            The display itself.
        """
        rows = _ordered(self.confusion_matrix, order)
        n_genres, n_answers = self.confusion_matrix.shape
        columns = [*rows, *range(n_genres, n_answers)]
        answers = self.genres if self.answers is None else self.answers
        values = normalized(self.confusion_matrix, normalize)[np.ix_(rows, columns)]
        self.ax_, self.im_, self.text_ = draw_matrix(
            values if normalize is None else 100 * values,
            [self.genres[i] for i in rows],
            [answers[i] for i in columns],
            ax=ax,
            cmap=cmap,
            include_values=include_values,
            values_format="d" if normalize is None else ".0f",
        )
        share = {"true": ", % of true genre", "pred": ", % of prediction", "all": ", % of all"}
        self.ax_.set_xlabel("predicted" + share.get(str(normalize), ""))
        self.ax_.set_ylabel("true genre")
        self.figure_ = self.ax_.figure
        return self


def confusion_counts(y_true: Any, y_pred: Any) -> tuple[NDArray[np.int64], list[Any], list[Any]]:
    """Numbers of tracks, the genres of the rows and the answers of the columns."""
    true, predicted = np.asarray(y_true).tolist(), np.asarray(y_pred, dtype=object).tolist()
    if len(true) != len(predicted) or not true:
        raise ValueError(f"y_true has {len(true)} tracks and y_pred {len(predicted)}")
    genres = sorted(set(true))
    others = sorted(set(predicted) - set(genres) - {None}, key=str)
    answers = [*genres, *others, *([NO_ANSWER] if None in predicted else [])]
    column = {answer: i for i, answer in enumerate(answers)} | {None: len(answers) - 1}
    row = {genre: i for i, genre in enumerate(genres)}
    counts = np.zeros((len(genres), len(answers)), dtype=np.int64)
    np.add.at(counts, ([row[g] for g in true], [column[g] for g in predicted]), 1)
    return counts, genres, answers


def _ordered(counts: NDArray[Any], order: str) -> list[int]:
    """Positions of the genres in the wanted order."""
    check_choice("order", order, _ORDERS)
    n_genres = len(counts)
    if order == "name" or n_genres < 3:
        return list(range(n_genres))
    shares = normalized(counts, "true")[:, :n_genres]
    if order == "recall":
        return np.argsort(-np.diag(shares), kind="stable").tolist()
    return _by_similarity(shares)


def _by_similarity(shares: NDArray[Any]) -> list[int]:
    """Leaves of a tree that joins genres by how often they are taken for each other."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance), method="average", optimal_ordering=True)
    return leaves_list(tree).tolist()
