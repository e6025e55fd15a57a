"""Genres, groups and weights as `fit` takes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from genrekit._validation import did_you_mean
from genrekit.engine import is_missing
from genrekit.exceptions import warn_caller

__all__ = [
    "check_lengths",
    "check_learnt",
    "check_present",
    "read_labels",
    "track_groups",
    "weigh_tracks",
]


def read_labels(n_tracks: int, y: Any, fit_params: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Genres, ``groups`` and ``sample_weight``, the latter two arrays or None; all checked."""
    known = ("groups", "sample_weight")
    for name in fit_params:
        if name not in known:
            raise TypeError(f"fit has no parameter {name!r}: {did_you_mean(name, known)}")
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None: pass the genres")
    check_present(y=y, groups=fit_params.get("groups"))
    given = {name: np.asarray(v) for name, v in fit_params.items() if v is not None}
    y = column_or_1d(y, warn=True)
    check_lengths(n_tracks, y=y, **given)
    check_classification_targets(y)
    _check_genres(y)
    weights = given.get("sample_weight")
    return y, given.get("groups"), None if weights is None else _checked_weights(weights)


def _checked_weights(weights: NDArray[Any]) -> NDArray[np.float64]:
    """Weights as numbers, none of which is missing or negative."""
    try:
        numbers = weights.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight holds no numbers ({error})") from error
    if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
        raise ValueError("sample_weight must be finite and not negative")
    return numbers


def check_present(**labels: Any) -> None:
    """Every track has a label."""
    for name, values in labels.items():
        if values is not None and (first := _first_missing(values)) is not None:
            raise ValueError(f"Input {name} contains NaN or None, the first at index {first}")


def _first_missing(values: Any) -> int | None:
    """Where the first label is missing."""
    if np.ma.isMaskedArray(values) and (masked := np.ma.getmaskarray(values)).any():
        return int(masked.argmax())
    # Of a list that holds NaN and text numpy would make the text "nan".
    array = np.asarray(values, dtype=object if isinstance(values, (list, tuple)) else None)
    if array.dtype.kind not in "OTf":
        return None
    return next((i for i, label in enumerate(array.ravel()) if is_missing(label)), None)


def check_lengths(n_tracks: int, **labels: Any) -> None:
    """One label and one weight a track."""
    for name, values in labels.items():
        if values is not None and np.shape(values) != (n_tracks,):
            shape = np.shape(values)
            raise ValueError(f"{name} has shape {shape}, X holds {n_tracks} tracks: one a track")


def check_learnt(
    y: NDArray[Any], decoded: NDArray[np.bool_], sample_weight: Any
) -> NDArray[np.bool_]:
    """Which tracks teach something; a warning that names the genres of which none could be read."""
    # A track of weight 0 has no say in what genres there are.
    wanted = np.ones(len(y), bool) if sample_weight is None else sample_weight != 0
    learnt: NDArray[np.bool_] = wanted & decoded
    _check_genres(y[learnt], " without what can't be decoded or has sample_weight 0")
    lost = np.setdiff1d(y[wanted], y[learnt]).tolist()
    if lost:
        message = (
            f"no track of {', '.join(map(repr, lost))} could be decoded: the classifier will not "
            f"know {'this genre' if len(lost) == 1 else 'these genres'}"
        )
        warn_caller(message)
    return learnt


def _check_genres(y: NDArray[Any], left_out: str = "") -> None:
    """At least two genres are needed to tell them apart."""
    genres = np.unique(y).tolist()
    if len(genres) < 2:
        found = f" ({genres[0]!r})" if genres else ""
        raise ValueError(
            f"y holds {len(genres)} class{'es' if not genres else ''}{found}{left_out}: a "
            "classifier needs tracks of more than one class"
        )


def track_groups(tracks: Sequence[Any]) -> NDArray[np.int64]:
    """One group a track; a path that stands twice is one track."""
    seen: dict[Any, int] = {}
    keys = (
        os.path.realpath(track) if isinstance(track, (str, os.PathLike)) else i
        for i, track in enumerate(tracks)
    )
    return np.array([seen.setdefault(key, len(seen)) for key in keys])


def weigh_tracks(
    y: NDArray[Any], classes: NDArray[Any], weight: Any, class_weight: Any
) -> NDArray[np.float64]:
    """What each track counts: its own weight, where there is one, times that of its genre."""
    weights = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    if class_weight is None:
        return weights
    of_genre = compute_class_weight(class_weight, classes=classes, y=y)
    return np.asarray(weights * of_genre[np.searchsorted(classes, y)])
