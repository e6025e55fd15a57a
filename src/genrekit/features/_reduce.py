"""Fewer columns: standardise, then principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from genrekit._onnx import convert_reducer, reduced_shape

__all__ = ["PCAReducer"]


class PCAReducer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Standardise the columns, then keep their principal components.

    Features come in Hz, dB and shares: without standardising, the one with the largest numbers
    is the first component.

    Parameters
    ----------
    n_components : int, float or None, default=0.95
        How many components to keep: a number, a share of the variance to explain (between 0 and
        1), or None for all.
    whiten : bool, default=False
        Whether to scale the components to unit variance.
    random_state : int or RandomState instance, optional
        Only used when scikit-learn picks the randomised solver, for wide data.

    Attributes
    ----------
    scaler_ : StandardScaler
        The fitted scaler.
    pca_ : PCA
        The fitted decomposition.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of the variance that each component explains.
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, when X had any.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import PCAReducer
    >>> X = np.random.default_rng(0).standard_normal((50, 3)) @ np.ones((3, 8))
    >>> PCAReducer(n_components=0.99).fit_transform(X).shape
    (50, 1)
    """

    def __init__(
        self,
        n_components: float | None = 0.95,
        *,
        whiten: bool = False,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.whiten = whiten
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> PCAReducer:
        """Learn scale and components.

        Parameters
        ----------
        X : array-like of shape (n_tracks, n_features)
            Features.
        y : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        self
            The fitted reducer.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        self.scaler_ = StandardScaler().fit(X)
        self.pca_ = PCA(self.n_components, whiten=self.whiten, random_state=self.random_state)
        self.pca_.fit(np.asarray(self.scaler_.transform(X)))
        self._n_features_out = self.pca_.n_components_
        return self

    def transform(self, X: Any) -> NDArray[np.floating]:
        """Project onto the components.

        Parameters
        ----------
        X : array-like of shape (n_tracks, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_tracks, n_components)
            Coordinates.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return np.asarray(self.pca_.transform(np.asarray(self.scaler_.transform(X))))

    @property
    def explained_variance_ratio_(self) -> NDArray[np.floating]:
        """Share of the variance that each component explains."""
        return self.pca_.explained_variance_ratio_

    def onnx_shape_calculator(self) -> Any:
        """What skl2onnx asks for."""
        return reduced_shape

    def onnx_converter(self) -> Any:
        """What skl2onnx asks for."""
        return convert_reducer

    def __sklearn_tags__(self) -> Any:
        """Keeps float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
