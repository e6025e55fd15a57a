"""Folds inside an estimator that hold together what belongs together.

A segment is a sample to the estimator that `SegmentClassifier` fits, and scikit-learn's own folds
would put segments of one track on both sides of a split. Here those folds are made grouped ones,
and everything inside is made to ask for ``groups``, so that metadata routing brings them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils.metadata_routing import get_routing_for_object

__all__ = ["ask_for_groups", "ask_for_weights", "group_folds", "splits_inside", "takes_groups"]

# Folds where an estimator leaves their number open.
_FOLDS = 5
# Parameters that, when set, make an estimator split its samples with no way of telling it how.
_SPLITTING = ("early_stopping", "oob_score", "probability")
# Above so many samples ``early_stopping="auto"`` is on.
_MANY = 10_000


def ask_for_groups(estimator: Any) -> Any:
    """A clone in which everything that can use ``groups`` asks for them.

    Parameters
    ----------
    estimator : estimator
        Any; it is not changed.

    Returns
    -------
    estimator
        Not fitted.
    """
    estimator = clone(estimator)
    for _, inner in _nested(estimator):
        _request(inner, "fit", groups=True)
    return estimator


def ask_for_weights(estimator: Any) -> None:
    """Let the classifiers inside ask for ``sample_weight``, and nothing else.

    This is what scikit-learn does with weights while metadata routing is off: they count in
    training, not in scaling and scoring.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    """
    for _, inner in _nested(estimator):
        _request(inner, "fit", sample_weight=is_classifier(inner))
        _request(inner, "score", sample_weight=False)
        if isinstance(getattr(inner, "scoring", None), str):
            scorer = get_scorer(inner.scoring)
            _request(scorer, "score", sample_weight=False)
            inner.set_params(scoring=scorer)


def group_folds(estimator: Any, y: NDArray[Any], groups: NDArray[Any]) -> None:
    """Make every number of folds inside a `StratifiedGroupKFold`.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    y : ndarray of shape (n_tracks,)
        The genres.
    groups : ndarray of shape (n_tracks,)
        What must not be split.

    Raises
    ------
    ValueError
        If a splitter that knows no groups was given, the estimator hands none on, or a genre has
        one group only.
    """
    for name, owner in _nested(estimator):
        params = owner.get_params(deep=False)
        if "cv" not in params or isinstance(params["cv"], str):  # "prefit": no folds
            continue
        if params["cv"] is None or isinstance(params["cv"], Integral):
            wanted = _FOLDS if params["cv"] is None else int(params["cv"])
            n_splits = _count_folds(owner, wanted, y, groups)
            # Not shuffled: it deals groups out one by one as it is, and in scikit-learn 1.6
            # shuffling may leave a small genre out of a training part.
            owner.set_params(cv=StratifiedGroupKFold(n_splits))
        _check_folds(name, owner)


def splits_inside(estimator: Any, n_samples: int) -> list[str]:
    """Parameters that make something inside split its samples regardless of groups.

    Parameters
    ----------
    estimator : estimator
        Any.
    n_samples : int
        Number of samples that it will be fitted on.

    Returns
    -------
    list of str
        Such as ``"clf__probability"``.
    """
    params = estimator.get_params(deep=True)
    return [name for name in params if _splits(params, name, n_samples)]


def _splits(params: dict[str, Any], name: str, n_samples: int) -> bool:
    """Whether a parameter has the samples split."""
    *owner, last = name.split("__")
    value = params[name]
    if last == "n_iter_no_change":  # the switch itself, where there is no other
        beside = {"__".join([*owner, other]) for other in ("early_stopping", "validation_fraction")}
        return value is not None and len(beside & params.keys()) == 1
    if isinstance(value, str):
        return last == "early_stopping" and value == "auto" and n_samples > _MANY
    return last in _SPLITTING and bool(value)


def _nested(estimator: Any) -> Iterator[tuple[str, Any]]:
    """The estimator and those among its parameters, each with its name."""
    yield "estimator", estimator
    for name, value in estimator.get_params(deep=True).items():
        if hasattr(value, "get_params") and not isinstance(value, type):
            yield f"estimator__{name}", value


def _request(consumer: Any, method: str, **requests: bool) -> None:
    """Set what a method asks for, where it can."""
    ask = getattr(consumer, f"set_{method}_request", None)
    if ask is not None:
        # The setters work while routing is on only, and refuse what the method does not take.
        with config_context(enable_metadata_routing=True), suppress(TypeError):
            ask(**requests)


def _count_folds(owner: Any, wanted: int, y: NDArray[Any], groups: NDArray[Any]) -> int:
    """As many folds as are wanted, or as the smallest genre has groups for."""
    counts = {genre: len(np.unique(groups[y == genre])) for genre in np.unique(y).tolist()}
    smallest = min(counts, key=counts.__getitem__)
    if counts[smallest] < 2:
        raise ValueError(
            f"genre {smallest!r} has one track (or group) only, and the folds inside "
            f"{type(owner).__name__} can't split it: add tracks of other groups"
        )
    return min(wanted, counts[smallest])


def _check_folds(name: str, owner: Any) -> None:
    """Refuse folds that would put segments of one track on both sides."""
    kind = type(owner).__name__
    if not takes_groups(owner.cv, "split"):
        raise ValueError(
            f"{name}__cv={owner.cv!r} would put segments of one track into the training and the "
            f"test part of {kind}: give a number of folds, or a splitter by groups such as "
            "StratifiedGroupKFold"
        )
    if not takes_groups(owner, "fit"):
        raise ValueError(
            f"{name}: {kind} hands no groups to its folds, which would put segments of one track "
            "on both sides"
        )


def takes_groups(consumer: Any, method: str) -> bool:
    """Whether ``groups`` given to a method are used.

    Parameters
    ----------
    consumer : object
        A splitter or an estimator; anything else takes none.
    method : str
        Such as "split".

    Returns
    -------
    bool
        As metadata routing has it, whether it is on or not.
    """
    if not hasattr(consumer, "get_metadata_routing"):
        return False
    with config_context(enable_metadata_routing=True):
        return bool(get_routing_for_object(consumer).consumes(method, ["groups"]))
