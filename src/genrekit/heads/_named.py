"""What decides, and what makes columns fewer, by short names."""

from __future__ import annotations

from numbers import Real
from typing import Any, cast

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from genrekit._validation import check_choice
from genrekit.engine import AudioExtractor
from genrekit.features import PCAReducer
from genrekit.heads._answers import Answering

__all__ = ["MODELS", "make_classifier", "make_reducer"]

MODELS = ("svm", "rf", "knn", "logreg")


def make_classifier(
    model: Any,
    *,
    n_jobs: int | None = None,
    random_state: Any = None,
    class_weight: Any = None,
    called: str = "model",
) -> Any:
    """A classifier from its short name; any other classifier is given back as it is.

    Parameters
    ----------
    model : {"svm", "rf", "knn", "logreg"} or classifier
        What to build.
    n_jobs : int, optional
        Processors for those that can use several.
    random_state : int or RandomState instance, optional
        Seed for those that draw.
    class_weight : dict or "balanced", optional
        Weights of the classes, which a clone of the classifier then has.
    called : str, default="model"
        What errors call `model`.

    Returns
    -------
    estimator
        Not fitted.

    Raises
    ------
    ValueError
        If `model` is neither a known name nor a classifier of rows, or takes no weights of classes.

    Examples
    --------
    >>> from genrekit.models import make_classifier
    >>> make_classifier("svm").C
    10.0
    """
    if isinstance(model, type):
        raise ValueError(f"{model.__name__!r} is a class: pass an instance, {model.__name__}()")
    if isinstance(model, BaseEstimator) or hasattr(model, "predict"):
        if not is_classifier(model):
            raise ValueError(f"{called} must be a classifier, not {type(model).__name__}")
        _check_hears_rows(model, called)
        classifier = model
    else:
        check_choice(called, model, MODELS)
        classifier = _named_classifier(model, n_jobs, random_state)
    return classifier if class_weight is None else _weighted(classifier, class_weight, called)


def _check_hears_rows(model: Any, called: str) -> None:
    """Refuse a classifier of tracks: rows of features would be waveforms to it."""
    parts = model.get_params(deep=True).values() if hasattr(model, "get_params") else ()
    if any(isinstance(part, (AudioExtractor, Answering)) for part in (model, *parts)):
        raise ValueError(
            f"{called} decides on rows of features, and this {type(model).__name__} takes tracks: "
            "use it as it is, or pass what stands behind its features"
        )


def _named_classifier(name: str, n_jobs: int | None, random_state: Any) -> Any:
    """The classifier behind a short name."""
    if name == "rf":
        return RandomForestClassifier(500, n_jobs=n_jobs, random_state=random_state)
    if name == "knn":
        # Brute force: faster than trees in this many dimensions, and storable without pickle.
        return KNeighborsClassifier(5, weights="distance", algorithm="brute", n_jobs=n_jobs)
    if name == "logreg":
        # Strongly regularised, for the outputs of a network: they all but tell genres apart, and
        # what is left to learn from a few tracks is mostly their artists.
        return LogisticRegression(C=0.1, max_iter=1000)
    return SVC(C=10.0, random_state=random_state)


def _weighted(classifier: Any, class_weight: Any, called: str) -> Any:
    """A clone with weights of the classes."""
    params = classifier.get_params(deep=False) if hasattr(classifier, "get_params") else {}
    if "class_weight" not in params:
        raise ValueError(
            f"class_weight={class_weight!r} has no meaning to {type(classifier).__name__}, which "
            f'takes no such parameter: leave it None, or choose another {called}, such as "svm"'
        )
    return clone(classifier).set_params(class_weight=class_weight)


def make_reducer(reducer: Any, random_state: Any = None) -> Any:
    """A reducer from a short form: None, "pca", a number of components, or a transformer."""
    if reducer is None:
        return "passthrough"
    if isinstance(reducer, str):
        check_choice("reducer", reducer, ("pca", "passthrough"))
        return PCAReducer(random_state=random_state) if reducer == "pca" else reducer
    if isinstance(reducer, Real):
        return PCAReducer(cast(float, reducer), random_state=random_state)
    return clone(reducer)
