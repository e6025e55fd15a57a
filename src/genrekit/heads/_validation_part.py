"""Which tracks a network is validated on while it learns: whole groups, never segments."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from genrekit._validation import check_number

__all__ = ["check_validation", "choose_validation"]


def check_validation(validation: Any) -> None:
    """Refuse what is neither a share, nor a splitter, nor None.

    Parameters
    ----------
    validation : float, splitter or None
        As in `choose_validation`.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If it is no share.
    """
    if validation is None or _splits(validation):
        return
    if not isinstance(validation, Real) or isinstance(validation, bool):
        raise TypeError(
            "validation must be a share of the tracks such as 0.15, a splitter such as "
            f"PredefinedSplit, or None, not {validation!r}"
        )
    check_number("validation", validation, above=0, maximum=0.5)


def choose_validation(
    validation: Any, y: NDArray[Any], groups: NDArray[Any], seed: int
) -> NDArray[np.bool_]:
    """The tracks that are kept out of training.

    Parameters
    ----------
    validation : float, splitter or None
        The share of tracks, or what splits them: the test part of its first split is taken. None
        means none.
    y : ndarray of shape (n_tracks,)
        The genres.
    groups : ndarray of shape (n_tracks,)
        What must not be split.
    seed : int
        Decides which groups are drawn.

    Returns
    -------
    ndarray of bool of shape (n_tracks,)
        True for those. Every genre keeps a group to be learnt from: one that has no other is
        trained on.
    """
    chosen = np.zeros(len(y), bool)
    if validation is None:
        return chosen
    if _splits(validation):
        with warnings.catch_warnings():
            # A splitter that knows no groups is what was asked for.
            warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
            (_, test) = next(iter(validation.split(np.zeros((len(y), 1)), y, groups)))
    else:
        test = _first_fold(validation, y, groups, seed)
    chosen[test] = True
    for genre in np.setdiff1d(y, y[~chosen]):
        chosen &= ~np.isin(groups, groups[y == genre])
    return chosen


def _splits(validation: Any) -> bool:
    """Whether it is a splitter; a text, which can be split too, is none."""
    return hasattr(validation, "split") and not isinstance(validation, str)


def _first_fold(share: float, y: NDArray[Any], groups: NDArray[Any], seed: int) -> NDArray[np.intp]:
    """The test part of the first of as many folds as the share gives, or as there are groups."""
    most = max(len(np.unique(groups[y == genre])) for genre in np.unique(y))
    if most < 2:
        return np.empty(0, np.intp)
    folds = StratifiedGroupKFold(min(round(1 / share), most), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A genre of fewer groups than folds is in some of them only, and need not be in this one.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        _, test = next(folds.split(y, y, groups))
    return test
