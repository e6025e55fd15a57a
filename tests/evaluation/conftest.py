"""Fixtures of the evaluation's tests."""

from __future__ import annotations

import numpy as np
import pytest
from joblib import parallel_config
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, ClassifierMixin

CONFIGURATION = {"enable_metadata_routing": True, "transform_output": "pandas"}


@pytest.fixture(params=["loky", "threading"])
def configured(request):
    """A classifier that says the first genre where scikit-learn is configured as the test is."""

    class Configured(ClassifierMixin, BaseEstimator):  # local, so that it travels by value
        def fit(self, X, y):
            assert get_config().items() >= CONFIGURATION.items()
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            said = self.classes_[0] if get_config().items() >= CONFIGURATION.items() else "lost"
            return np.full(len(X), said)

    with parallel_config(request.param), config_context(**CONFIGURATION):
        yield Configured()
