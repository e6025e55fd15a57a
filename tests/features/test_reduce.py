"""`PCAReducer`; that it is a scaler and a PCA is in test_common."""

from __future__ import annotations

import warnings

import numpy as np
import pandas
import pytest
from sklearn import config_context
from sklearn.exceptions import NotFittedError

from genrekit import PCAReducer


@pytest.fixture(scope="module")
def X():
    """Two directions, very different units."""
    rng = np.random.default_rng(0)
    low = rng.standard_normal((60, 2)) @ rng.standard_normal((2, 6))
    return (low + 0.01 * rng.standard_normal((60, 6))) * 10.0 ** np.arange(6)


def test_share_of_the_variance(X):
    reducer = PCAReducer(0.99).fit(X)
    assert reducer.transform(X).shape == (60, 2)
    assert reducer.explained_variance_ratio_.sum() >= 0.99
    assert PCAReducer(None).fit_transform(X).shape == (60, 6)


def test_units_do_not_matter(X):
    np.testing.assert_allclose(
        np.abs(PCAReducer(2).fit_transform(X)),
        np.abs(PCAReducer(2).fit_transform(X / 10.0 ** np.arange(6))),
        rtol=1e-6,
    )


def test_whitened_components_have_unit_variance(X):
    reduced = PCAReducer(2, whiten=True).fit_transform(X)
    np.testing.assert_allclose(reduced.var(axis=0, ddof=1), 1.0)


def test_names_and_types(X):
    frame = pandas.DataFrame(X).rename(columns="f{}".format)
    reducer = PCAReducer(2).set_output(transform="pandas").fit(frame)
    assert reducer.transform(frame).columns.tolist() == ["pcareducer0", "pcareducer1"]
    assert reducer.feature_names_in_[0] == "f0"
    assert PCAReducer(2).fit_transform(X.astype(np.float32)).dtype == np.float32


def test_unfitted_and_too_small(X):
    with pytest.raises(NotFittedError):
        PCAReducer().transform(X)
    with pytest.raises(ValueError, match="minimum of 2"):
        PCAReducer().fit(X[:1])


def test_fitted_and_asked_under_other_settings(X):
    plain = PCAReducer(2).fit_transform(X)
    with config_context(transform_output="pandas"):
        reducer = PCAReducer(2).fit(X)
        assert list(reducer.transform(X).columns) == ["pcareducer0", "pcareducer1"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(reducer.transform(X), plain)
