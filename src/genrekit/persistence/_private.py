"""The private parts of scikit-learn that saving and loading lean on: all of them, and only here."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from types import ModuleType
from typing import Any

import sklearn

__all__ = ["PRIVATE_ATTRIBUTES", "PRIVATE_TYPES", "load_skops", "private"]

_LOCK = threading.Lock()
# Of each name, where it is. scikit-learn moves them without a word.
_HOMES = {
    "Tree": "sklearn.tree._tree",
    "NODE_DTYPE": "sklearn.tree._tree",
    "_CalibratedClassifier": "sklearn.calibration",
    "_SigmoidCalibration": "sklearn.calibration",
}
# Classes that a model file may hold. A name that is not there belongs to another scikit-learn.
PRIVATE_TYPES = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",  # from scikit-learn 1.8
    # `sklearn.model_selection` has them once `sklearn.experimental` was asked for them.
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
)
# Fitted attributes that libsvm, the neighbours and the calibrators read, checked before they do.
PRIVATE_ATTRIBUTES = {
    "SVC": (
        *("_n_support", "_sparse", "_impl", "_gamma"),
        *("_dual_coef_", "_intercept_", "_probA", "_probB"),
    ),
    "KNeighborsClassifier": ("_fit_X", "_y", "_fit_method"),
    "_CalibratedClassifier": ("estimator", "calibrators", "classes", "method"),
    "_SigmoidCalibration": ("a_", "b_"),
}


# skops asks for all estimators there are, and to find them scikit-learn imports all of its modules,
# these with what they are about: seconds, for nothing that is an estimator.
_HEAVY = [f"sklearn.externals.array_api_compat.{name}" for name in ("torch", "cupy", "dask")]


def load_skops() -> Any:
    """``skops.io``, without torch and its like, which it would import along the way.

    Returns
    -------
    module
        It.
    """
    with _LOCK:
        if "skops.io" not in sys.modules:
            stands_in = [name for name in _HEAVY if name not in sys.modules]
            sys.modules.update({name: ModuleType(name) for name in stands_in})
            try:
                import_module("skops.io")
            finally:
                for name in stands_in:
                    sys.modules.pop(name, None)
    return sys.modules["skops.io"]


def private(name: str) -> Any:
    """Something of scikit-learn's that has no public name.

    Parameters
    ----------
    name : str
        Which, of those above.

    Returns
    -------
    object
        It.

    Raises
    ------
    ImportError
        If the installed scikit-learn has it no longer.
    """
    home = _HOMES[name]
    try:
        return getattr(import_module(home), name)
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"scikit-learn {sklearn.__version__} has no {home}.{name}, which saving and loading "
            "models lean on: install an older scikit-learn, or a newer genrekit"
        ) from error
