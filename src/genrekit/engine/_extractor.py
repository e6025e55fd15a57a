"""The base of everything that turns tracks into rows, and how X is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MappingView, Sequence, Set
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from genrekit._validation import check_running
from genrekit.engine._collection import check_collection
from genrekit.engine._items import (
    as_array,
    is_number,
    is_pair_like,
    is_swapped_pair,
    is_waveform_like,
)
from genrekit.engine._plan import Plan
from genrekit.engine._rows import Described, extract_tracks
from genrekit.engine._store import open_store
from genrekit.engine._tracks import MatrixRow, is_file
from genrekit.exceptions import TrackError
from genrekit.spectra import Frontend, Part

__all__ = ["AudioExtractor", "read_tracks"]

if TYPE_CHECKING:
    # scikit-learn carries no types, and below a base of no known type checkers let a dataclass take
    # any parameter: so this says what the transformers have from it.
    class BaseEstimator:
        n_features_in_: int
        feature_names_in_: NDArray[np.object_]

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def get_metadata_routing(self) -> Any: ...
        def __sklearn_tags__(self) -> Any: ...

    class TransformerMixin:
        def set_output(self, *, transform: str | None = None) -> Self: ...
else:
    from sklearn.base import BaseEstimator, TransformerMixin


def read_tracks(estimator: BaseEstimator, X: Any, *, reset: bool) -> list[Any]:
    """The tracks in X: the items of a collection, or the rows of a 2-D array of waveforms.

    Anything that is no collection of audio goes through scikit-learn's own validation.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` is set or checked.
    X : sequence of tracks or array of shape (n_tracks, n_samples)
        What a user passed.
    reset : bool
        True in `fit`.

    Returns
    -------
    list
        The tracks.
    """
    collection = _as_collection(X)
    if collection is None:
        if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "fiu":
            raise ValueError(
                "Expected a list of tracks, got a 1-D array: wrap one waveform in a list, [y]. "
                "Reshape your data to (n_tracks, n_samples) if it holds several."
            )
        if isinstance(X, (Iterator, MappingView)):
            kind = "an iterator" if isinstance(X, Iterator) else f"a {type(X).__name__}"
            raise ValueError(f"Expected a list of tracks, got {kind}: pass list(X)")
        X = validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32])
        return list(X.view(MatrixRow))
    if reset:
        # A collection has no columns: what an earlier fit on an array noted no longer holds.
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(estimator, name):
                delattr(estimator, name)
    return check_collection(collection)


def _as_collection(X: Any) -> Any:
    """X if it is a collection of audio, its only column if it is a column of them, else None."""
    # With a shape it is no Bunch but scipy's dok_array, which scikit-learn refuses.
    bunch = isinstance(X, Mapping) and not hasattr(X, "shape")
    if is_file(X) or is_pair_like(X) or is_swapped_pair(X) or bunch or isinstance(X, Set):
        return X  # check_collection says what to pass instead
    X = as_array(X)
    if isinstance(X, np.ndarray):
        # Of nothing numpy makes numbers.
        numbers = X.ndim != 1 or (X.size and (X.dtype.kind not in "OUT" or all(map(is_number, X))))
        return None if numbers else X
    return X if isinstance(X, Sequence) and not _is_matrix(X) else None


def _is_matrix(X: Sequence[Any]) -> bool:
    """Whether a list is numbers, or rows of as many numbers each: scikit-learn's to judge."""
    if not X or not all(is_number(row) or _is_row(row) for row in X):
        return False
    lengths = {len(row) for row in X if _is_row(row) and row and is_number(row[0])}
    return len(lengths) < 2


def _is_row(row: Any) -> bool:
    """Whether a list holds nothing, numbers or further lists, and is no pair."""
    if not isinstance(row, (list, tuple)) or is_pair_like(row) or is_swapped_pair(row):
        return False
    return not row or is_waveform_like(row)


class AudioExtractor(TransformerMixin, BaseEstimator, ABC):
    """Base of the transformers that turn tracks into rows; stateless.

    A subclass says which parts it runs and has the parameters `on_error`, `n_jobs`, `memory`,
    `decoder` and `verbose`.
    """

    # Declared for the type checker; they are fields of the subclasses.
    on_error: str
    n_jobs: int | None
    memory: Any
    decoder: Any
    verbose: int
    cache_waveform: bool = False
    errors_: list[TrackError]

    @abstractmethod
    def _named_parts(self) -> list[tuple[str, Part]]:
        """The parts that run, with their names."""

    @abstractmethod
    def _inherited(self) -> Frontend:
        """The front end around the parts."""

    def _plan(self) -> Plan:
        """Parts and front ends, checked."""
        self._check_running()
        return Plan.of(self._named_parts(), self._inherited())

    def _check_running(self) -> None:
        """Refuse what could not be run."""
        check_running(self.on_error, self.n_jobs)
        open_store(self.memory)  # which makes nothing yet

    def fit(self, X: Any, y: Any = None) -> Any:
        """Check the parameters and X; nothing is decoded and nothing learnt.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            Paths, bytes, file objects, waveforms or ``(y, sr)`` pairs; or a 2-D array with one
            waveform at `sr` in each row.
        y : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        self
            The transformer.
        """
        self._begin_fit()
        self.get_feature_names_out()  # an unknown parameter is an error here, not at transform
        read_tracks(self, X, reset=True)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit, and give the features of X; ``errors_`` then lists the tracks that failed.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.
        y : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        ndarray of shape (n_tracks, n_features)
            The features, float64.
        """
        described = self._fit_extract(read_tracks(self, X, reset=True))
        self.errors_ = described.errors
        return described.table

    def transform(self, X: Any) -> Any:
        """Features of each track.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_tracks, n_features)
            The features, float64; with ``on_error="nan"`` a row of NaN for a track that can't be
            decoded.

        Raises
        ------
        AudioDecodeError
            With ``on_error="raise"``, for the first track that can't be decoded.
        """
        return self._extract(read_tracks(self, X, reset=False)).table

    def _begin_fit(self) -> None:
        """What `fit` notes beside the shape of X."""
        self.errors_ = []

    def _fit_extract(self, tracks: Sequence[Any]) -> Described:
        """Fit to tracks that `read_tracks` has read, and what `_extract` gives of them."""
        self._begin_fit()
        return self._extract(tracks)

    def _extract(self, tracks: Sequence[Any]) -> Described:
        """Rows, failures, lengths and remarks of tracks that `read_tracks` has read."""
        return extract_tracks(
            tracks,
            self._plan(),
            self.memory,
            self.cache_waveform,
            n_jobs=self.n_jobs,
            decoder=self.decoder,
            on_error=self.on_error,
            verbose=self.verbose,
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns.

        Parameters
        ----------
        input_features : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        ndarray of str
            For example ``mfcc0_mean``.
        """
        return np.asarray(self._plan().columns, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Nothing is learnt, so it is always ready."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Stateless; takes audio collections and 2-D arrays."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = True
        return tags
