"""The most probable genres by any classifier of tracks: ours, a pipeline, a search over one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from genrekit._validation import did_you_mean
from genrekit.audio import Remark
from genrekit.exceptions import AudioDecodeWarning, warn_caller
from genrekit.heads import PRETRAINED, Answering, ReadyClassifier, iter_objects

__all__ = [
    "Heard",
    "HeardOne",
    "hearing_classifier",
    "load_classifier",
    "say_what_numbers_are",
    "top_genres",
    "top_genres_of",
]

_Answer = list[tuple[Any, float | None]]


class Heard(NamedTuple):
    """What a model says of tracks.

    Attributes
    ----------
    genres : list of list of (genre, float or None)
        The most probable of each track first; nothing for a track that can't be decoded. A
        classifier that has no scores gives one genre and None.
    novelty : list of float, optional
        Of each track, NaN where it is not known; None of models that have none.
    """

    genres: list[_Answer]
    novelty: list[float] | None = None


class HeardOne(NamedTuple):
    """What a model says of one track.

    Attributes
    ----------
    genres : list of (genre, float or None)
        As in `Heard`.
    novelty : float, optional
        How novel it is; None where that is not known.
    remark : Remark
        What is to be known of it.
    unheard : bool
        Whether there was nothing to judge it by.
    """

    genres: _Answer
    novelty: float | None = None
    remark: Remark = Remark(0)
    unheard: bool = False


def load_classifier(name: str, **running: Any) -> Any:
    """A classifier of tracks, from a file or by the name of a pretrained one.

    Parameters
    ----------
    name : str
        A path, or a name of `genrekit.models.PRETRAINED`.
    **running
        As for `hearing_classifier`.

    Returns
    -------
    classifier
        As from `hearing_classifier`.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    TypeError
        If the file holds something else.
    """
    if name in PRETRAINED:  # without scikit-learn, which takes a second to load
        return ReadyClassifier(name, **running)
    if not os.path.isfile(name):
        what = f"{name} is a folder" if os.path.isdir(name) else f"there is no file {name!r}"
        hint = did_you_mean(name, PRETRAINED)
        raise FileNotFoundError(f"{what}, and no pretrained model of that name: {hint}")
    from genrekit.persistence import load

    try:
        return hearing_classifier(load(name), **running)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error


def hearing_classifier(model: Any, **running: Any) -> Any:
    """What predicts in a saved model, set to leave out tracks that can't be decoded, or as is said.

    Parameters
    ----------
    model : object
        What a file held. Its parameters are changed.
    **running
        ``n_jobs``, ``verbose`` and ``on_error``.

    Returns
    -------
    classifier
        The model, or what a search found best.

    Raises
    ------
    TypeError
        If it does not classify tracks.
    """
    from sklearn.base import is_classifier

    kind = type(model).__name__
    if hasattr(model, "refit"):  # a search
        model = getattr(model, "best_estimator_", None)
    if model is None or not is_classifier(model):
        raise TypeError(
            f"holds a {kind}; predict takes a fitted classifier of tracks, "
            "such as `genrekit train` saves"
        )
    found: list[Any] = [model] if isinstance(model, Answering) else list(_listeners(model))
    if not found:
        raise TypeError(
            f"holds a {kind} of tables; predict takes a classifier of tracks: a pipeline that "
            "begins with AudioFeatures, or what `genrekit train` saves"
        )
    for listener in found:
        listener.set_params(**{"on_error": "nan", **running})
    return model


def top_genres(model: Any, tracks: Sequence[Any], k: int) -> Heard:
    """The most probable genres of each track.

    Parameters
    ----------
    model : classifier
        From `hearing_classifier`.
    tracks : sequence
        Tracks.
    k : int
        How many genres.

    Returns
    -------
    Heard
        Genres, and how novel the tracks are where that is known.

    Warns
    -----
    AudioDecodeWarning
        Naming those tracks.
    GenrekitWarning
        If the numbers are no probabilities.
    """
    if isinstance(model, Answering):
        found = model._answer(tracks)
        genres: list[_Answer] = [list(answer) for answer in model._top(found, k)]
        return Heard(genres, None if found.novelty is None else found.novelty.tolist())
    say_what_numbers_are(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AudioDecodeWarning)
        try:
            answers = _ask(model, tracks, k)
        except ValueError:  # most classifiers refuse the NaN of tracks that can't be decoded
            answers = None
            if not _failed(caught):
                raise
    failed = _failed(caught)
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if answers is None:
        good = [track for i, track in enumerate(tracks) if i not in failed]
        heard = iter(_ask(model, good, k) if good else [])
        return Heard([[] if i in failed else next(heard) for i in range(len(tracks))])
    return Heard([[] if i in failed else answer for i, answer in enumerate(answers)])


def top_genres_of(model: Any, track: Any, k: int) -> HeardOne:
    """The most probable genres of one track, whoever else asks the model meanwhile.

    No answer depends on which other tracks there are: not even its last bit.

    Parameters
    ----------
    model : classifier
        From `hearing_classifier` with ``on_error="raise"``.
    track : object
        The track.
    k : int
        How many genres.

    Returns
    -------
    HeardOne
        What it says.

    Raises
    ------
    AudioDecodeError
        If the track can't be decoded.
    """
    if not isinstance(model, Answering):
        return HeardOne(_ask(model, [track], k)[0])
    found = model._answer([track])
    novelty = float("nan") if found.novelty is None else float(found.novelty[0])
    (remark,) = found.remarks
    told = None if isnan(novelty) else novelty, remark, bool(found.unheard[0])
    return HeardOne(list(model._top(found, k)[0]), *told)


def _listeners(model: Any) -> list[Any]:
    """What in a model reads tracks."""
    from genrekit.engine import AudioExtractor  # scikit-learn

    kinds = (AudioExtractor, Answering)
    return [part for _, part in iter_objects(model) if isinstance(part, kinds)]


def _failed(caught: Sequence[warnings.WarningMessage]) -> set[int]:
    """Positions of the tracks that warnings say could not be decoded."""
    messages = [item.message for item in caught]
    return {
        error.index
        for message in messages
        if isinstance(message, AudioDecodeWarning)
        for error in message.errors
    }


def _has_scores(model: Any) -> bool:
    """Whether a classifier says more than one genre."""
    return hasattr(model, "predict_proba") or hasattr(model, "decision_function")


def _ask(model: Any, tracks: Sequence[Any], k: int) -> list[_Answer]:
    """The answers, of tracks that can't be decoded as well."""
    if not _has_scores(model):
        return [[(genre, None)] for genre in model.predict(tracks).tolist()]
    from genrekit.heads import probabilities  # scikit-learn

    shares = probabilities(model, tracks)
    genres = model.classes_.tolist()
    best = np.argsort(-shares, axis=1, kind="stable")[:, :k]
    return [
        [(genres[i], float(row[i])) for i in order] for row, order in zip(shares, best, strict=True)
    ]


def say_what_numbers_are(model: Any) -> None:
    """Warn where they are no probabilities.

    Parameters
    ----------
    model : classifier
        From `hearing_classifier`.
    """
    if isinstance(model, Answering) or hasattr(model, "predict_proba"):
        return
    message = "the model gives no probabilities, "
    if _has_scores(model):
        message += "so those shown are a softmax of its scores: heed their order only"
    else:
        message += "only one genre for each track, which nothing can reject"
    warn_caller(message)
