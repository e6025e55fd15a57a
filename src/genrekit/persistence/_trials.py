"""A row through every fitted part of a model, so that what can't predict is not loaded.

`_model_checks` has seen by then that nothing is indexed outside its bounds. What is left are parts
that do not fit each other: a scaler of six columns before a classifier of five.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genrekit.engine import AudioExtractor
from genrekit.features import PCAReducer
from genrekit.models import GenreClassifier, SegmentClassifier, TemperedClassifier, iter_objects
from genrekit.persistence._tree_checks import require

__all__ = ["try_model"]

_OF_TABLES = (
    *(StandardScaler, SimpleImputer, PCA, PCAReducer),
    *(SVC, RandomForestClassifier, KNeighborsClassifier, LogisticRegression, DummyClassifier),
    *(CalibratedClassifierCV, TemperedClassifier),
)
# More columns than any table of features has, and greater parameters: those are not tried.
_MANY = 100_000


def try_model(model: Any) -> None:
    """Send a row of numbers through every fitted part that takes tables.

    Parameters
    ----------
    model : object
        What `check_model` let pass.

    Raises
    ------
    ValueError
        If a part can't take what the one before it gives, or fails.
    """
    # Whatever the caller asks scikit-learn for, and whatever it says of a row without names.
    with warnings.catch_warnings(), config_context(transform_output="default"):
        warnings.simplefilter("ignore")
        # The innermost first, so that the message names what is at fault.
        for where, part in reversed(list(iter_objects(model))):
            try:
                _try_part(part)
            except Exception as error:  # each part has exceptions of its own
                kind = type(part).__name__
                raise ValueError(f"inconsistent {kind} at {where}: {error}") from error


def _try_part(part: Any) -> None:
    """Try one part by itself, whatever stands around it."""
    if isinstance(part, Pipeline):
        _through(part.steps, None)
    elif isinstance(part, GenreClassifier) and "pipeline_" in vars(part):
        _require_classes(part, part.pipeline_)
        row = _through([("features_", part.features_)], None)
        samples = part.n_samples_
        require(samples in range(_MANY), f"n_samples_ is {samples!r}")
        row = None if row is None else np.pad(row, ((0, 0), (0, samples)))
        _through([("pipeline_", part.pipeline_)], row)
    elif isinstance(part, SegmentClassifier) and "estimator_" in vars(part):
        _require_classes(part, part.estimator_)
    elif isinstance(part, _OF_TABLES) and _columns(part) is not None:
        _through([("", part)], None)


def _through(steps: Sequence[tuple[str, Any]], row: NDArray[Any] | None) -> NDArray[Any] | None:
    """What steps make of a row; None from a step on that can't be told or classifies."""
    for name, step in steps:
        if step is None or isinstance(step, str):
            continue
        if isinstance(step, Pipeline):
            row = _through(step.steps, row)
            continue
        columns = _columns(step)
        if columns is None:
            row = _features(step) if isinstance(step, AudioExtractor) else None
            continue
        given = columns if row is None else row.shape[1]
        require(
            given == columns,
            f"the step {name!r} takes {columns} columns, and the one before it gives {given}",
        )
        row = _answer(step, np.linspace(-1, 1, columns)[np.newaxis])
    return row


def _columns(step: Any) -> int | None:
    """How many columns a fitted step of tables takes, if it can be tried."""
    columns = vars(step).get("n_features_in_")
    if not isinstance(step, _OF_TABLES) or columns is None or columns > _MANY:
        return None
    # What reads tracks would take the row for a waveform.
    inside = (part for _, part in iter_objects(step) if isinstance(part, BaseEstimator))
    return None if any(isinstance(part, AudioExtractor) for part in inside) else columns


def _features(extractor: AudioExtractor) -> NDArray[Any] | None:
    """A row as long as the features of a track, if that can be told from parameters alone."""
    numbers = [n for n in extractor.get_params().values() if isinstance(n, (int, float))]
    models = [part.model for _, part in iter_objects(extractor) if hasattr(part, "patch_hop")]
    # The path of a card, which a hostile file could point anywhere, is opened at first use only.
    if any(n > _MANY for n in numbers) or any(str(name).endswith(".json") for name in models):
        return None
    return np.zeros((1, len(extractor.get_feature_names_out())))


def _answer(step: Any, row: NDArray[Any]) -> NDArray[Any] | None:
    """What one step makes of a row; None from a classifier."""
    if hasattr(step, "transform"):
        return np.asarray(step.transform(row))
    n_classes = len(step.classes_)
    if hasattr(step, "predict_proba"):
        shape = np.shape(step.predict_proba(row))
        require(shape == (1, n_classes), f"{n_classes} classes have probabilities of shape {shape}")
    else:
        step.decision_function(row)
    step.predict(row)
    return None


def _require_classes(model: Any, inner: Any) -> None:
    """Two classifiers know the same genres."""
    known = np.array_equal(model.classes_, inner.classes_)
    require(known, "its classes are not those of the classifier inside")
