"""What classifiers over the embedding of a network say beside genres: how novel a track is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.heads import (
    Answers,
    fit_novelty,
    inner_splits,
    known_novelty,
    novelty_of,
    on_usable,
)
from genrekit.models._unheard import hears_by_network

__all__ = ["NoveltyMixin"]


class NoveltyMixin:
    """Novelty of tracks, from the standardised features of what was trained on."""

    # Declared for the type checker.
    features_: Any
    pipeline_: Any
    random_state: Any
    # Files saved before there was such have none, and neither has what hears by no network.
    novelty_: dict[str, NDArray[np.float64]] | None = None

    @abstractmethod
    def _answer(self, X: Any) -> Answers:
        """What it says of tracks."""

    def novelty(self, X: Any) -> NDArray[np.float64]:
        """How far tracks are from all that was trained on, in the space of the network.

        A genre is always found, and a high probability only says that the others are further
        away. Novelty says how far the nearest is: 0.5 is as far as half of the training tracks
        were when they were left out of training, and 0.95 further than 95 % of them were.
        Above `reject_novel`, `predict` says "unknown".

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_tracks,)
            Between 0 and 1; NaN for a track that can't be decoded, or has nothing to be judged by.

        Raises
        ------
        ValueError
            If the features are no embedding of a network.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import GenreClassifier
        >>> noise = np.random.default_rng(0).standard_normal(5 * 22050)
        >>> GenreClassifier.from_pretrained().novelty([noise]) > 0.9
        array([ True])
        """
        return known_novelty(self._answer(X).novelty)

    def _fit_novelty(
        self,
        table: NDArray[np.float64],
        y: NDArray[Any],
        groups: NDArray[Any],
        weights: NDArray[np.float64] | None,
    ) -> dict[str, NDArray[np.float64]] | None:
        """What to know of training tracks, where there is a network's space that they lie in."""
        if not hears_by_network(self.features_):
            return None
        splits = inner_splits(y, groups, self.random_state)
        return fit_novelty(self._scaled(table), y, splits, weights)

    def _scaled(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows of features as the head takes them; an array, whatever scikit-learn is set to."""
        return np.asarray(self.pipeline_["scale"].transform(table))

    def _novelty_of(
        self, table: NDArray[np.float64], usable: NDArray[np.bool_]
    ) -> NDArray[np.float64] | None:
        """Novelty of rows of features, NaN for those that are not usable."""
        if self.novelty_ is None:
            return None
        numbers = self.novelty_
        return on_usable(table, usable, lambda rows: novelty_of(numbers, self._scaled(rows)))
