"""Plain scikit-learn pipelines from tracks to genres."""

from __future__ import annotations

import copy
from typing import Any, TypedDict, Unpack

from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from genrekit._validation import check_running
from genrekit.engine import AudioExtractor
from genrekit.features import AudioFeatures
from genrekit.heads import make_classifier, make_reducer

__all__ = [
    "make_genre_pipeline",
    "make_knn_pipeline",
    "make_rf_pipeline",
    "make_svm_pipeline",
    "with_running",
]


def with_running(features: Any, *, on_error: str, **running: Any) -> Any:
    """A copy of a transformer of tracks that runs, fitted or not, as is said."""
    # What stands at its default (None or 0) is the transformer's own business, but for `on_error`:
    # whoever is next in line must know whether there are rows of NaN.
    given = {name: value for name, value in running.items() if value not in (None, 0)}
    if isinstance(features, AudioExtractor):
        return copy.copy(features).set_params(on_error=on_error, **given)
    features = copy.deepcopy(features)
    for inner in features.get_params(deep=True).values():  # of a FeatureUnion or Pipeline
        if isinstance(inner, AudioExtractor):
            inner.set_params(on_error=on_error, **given)
    return features


class _Options(TypedDict, total=False):
    """What all pipelines are told beside classifier and features; see `make_genre_pipeline`."""

    reducer: Any
    memory: Any
    n_jobs: int | None
    random_state: Any
    on_error: str
    verbose: int


def make_genre_pipeline(
    clf: Any = "svm",
    features: Any = "standard",
    *,
    reducer: Any = None,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    on_error: str = "raise",
    verbose: int = 0,
) -> Pipeline:
    """Tracks to genres in a plain scikit-learn pipeline.

    Parameters
    ----------
    clf : {"svm", "rf", "knn", "logreg"} or classifier, default="svm"
        What decides: a support vector machine (RBF kernel, C = 10), a random forest of 500
        trees, five nearest neighbours, nearer ones counting more, logistic regression (C = 0.1),
        or any scikit-learn classifier, of which the pipeline gets a clone.
    features : str, list or transformer, default="standard"
        What to compute of each track, see `AudioFeatures`, or a transformer of tracks.
    reducer : "pca", int, float or transformer, optional
        Fewer columns: None keeps all; a number is the components of a `PCAReducer`.
    memory : str, path or joblib.Memory, optional
        Where `AudioFeatures` keeps what it computed, one entry a track.
    n_jobs : int, optional
        Tracks worked on, and trees grown, at the same time.
    random_state : int or RandomState instance, optional
        Seed for what draws; a classifier that is passed has its own.
    on_error : {"raise", "nan"}, default="raise"
        With "nan", a track that can't be decoded gets the median of every feature: a step
        ``impute`` (a `SimpleImputer`) follows the features. `GenreClassifier` leaves such tracks
        out instead.
    verbose : int, default=0
        Above 0: a progress bar.

    Returns
    -------
    Pipeline
        Steps ``features``, (``impute``,) ``scale``, ``reduce``, ``clf``.

    Raises
    ------
    ValueError
        If `clf` is neither a known name nor a classifier.

    See Also
    --------
    genrekit.GenreClassifier : The same steps in one object, with calibrated probabilities.

    Examples
    --------
    >>> from genrekit import make_genre_pipeline
    >>> pipeline = make_genre_pipeline("svm", ["mfcc", "spectral_contrast"], reducer=0.99)
    >>> list(pipeline.named_steps)
    ['features', 'scale', 'reduce', 'clf']
    >>> pipeline = pipeline.set_params(features__mfcc__n_mfcc=13, clf__C=1.0)
    """
    check_running(on_error, n_jobs)
    running = {"memory": memory, "n_jobs": n_jobs, "on_error": on_error, "verbose": verbose}
    features = clone(features) if hasattr(features, "transform") else AudioFeatures(features)
    steps = [("features", with_running(features, **running))]
    if on_error == "nan":
        steps.append(("impute", SimpleImputer(strategy="median")))
    classifier = make_classifier(clf, n_jobs=n_jobs, random_state=random_state, called="clf")
    steps += [
        ("scale", StandardScaler()),
        ("reduce", make_reducer(reducer, random_state)),
        ("clf", clone(classifier, safe=False)),
    ]
    return Pipeline(steps)


def make_svm_pipeline(features: Any = "standard", **options: Unpack[_Options]) -> Pipeline:
    """Tracks to genres with a support vector machine: ``make_genre_pipeline("svm", …)``.

    Parameters
    ----------
    features : str, list or transformer, default="standard"
        What to compute of each track, see `AudioFeatures`, or a transformer of tracks.
    **options
        The other parameters of `make_genre_pipeline`.

    Returns
    -------
    Pipeline
        Steps ``features``, (``impute``,) ``scale``, ``reduce``, ``clf``.

    Examples
    --------
    >>> from genrekit import make_svm_pipeline
    >>> make_svm_pipeline().named_steps["clf"].C
    10.0
    """
    return make_genre_pipeline("svm", features, **options)


def make_rf_pipeline(features: Any = "standard", **options: Unpack[_Options]) -> Pipeline:
    """Tracks to genres with a random forest: ``make_genre_pipeline("rf", …)``.

    Parameters
    ----------
    features : str, list or transformer, default="standard"
        What to compute of each track, see `AudioFeatures`, or a transformer of tracks.
    **options
        The other parameters of `make_genre_pipeline`.

    Returns
    -------
    Pipeline
        Steps ``features``, (``impute``,) ``scale``, ``reduce``, ``clf``.

    Examples
    --------
    >>> from genrekit import make_rf_pipeline
    >>> make_rf_pipeline(random_state=0).named_steps["clf"].n_estimators
    500
    """
    return make_genre_pipeline("rf", features, **options)


def make_knn_pipeline(features: Any = "standard", **options: Unpack[_Options]) -> Pipeline:
    """Tracks to genres by their five nearest neighbours: ``make_genre_pipeline("knn", …)``.

    Parameters
    ----------
    features : str, list or transformer, default="standard"
        What to compute of each track, see `AudioFeatures`, or a transformer of tracks.
    **options
        The other parameters of `make_genre_pipeline`.

    Returns
    -------
    Pipeline
        Steps ``features``, (``impute``,) ``scale``, ``reduce``, ``clf``.

    Examples
    --------
    >>> from genrekit import make_knn_pipeline
    >>> make_knn_pipeline().named_steps["clf"].n_neighbors
    5
    """
    return make_genre_pipeline("knn", features, **options)
