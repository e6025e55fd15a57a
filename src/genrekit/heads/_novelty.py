"""How far a track is from all that a classifier was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_novelty", "known_novelty", "novelty_of"]

Numbers = dict[str, NDArray[np.float64]]
_Splits = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

# Directions of the network's space that are kept, and how much of what tracks scatter about in
# them is taken to be the same in each: a few tracks say little of thirty directions.
_AXES = 30
_SHRINKAGE = 0.6
# What is said of the usual track, and of one that is further away than this share of them.
_MIDDLE, _FAR = 0.5, 0.95


def fit_novelty(
    rows: NDArray[np.float64],
    y: NDArray[Any],
    splits: _Splits,
    sample_weight: NDArray[np.float64] | None = None,
) -> Numbers:
    """What is to be known of training tracks to tell others from them.

    Parameters
    ----------
    rows : ndarray of shape (n_tracks, n_features)
        Standardised features.
    y : ndarray of shape (n_tracks,)
        The genres.
    splits : list of (train, test)
        Folds: how far away tracks are that were not trained on is seen on them. Without any it
        is seen on the tracks themselves, which are nearer.
    sample_weight : ndarray of shape (n_tracks,), optional
        Weight of each track.

    Returns
    -------
    dict of str to ndarray
        Few numbers, whatever the tracks: ``mean`` and ``axes`` of their space, the ``centres`` of
        the genres in it, the inverse covariances ``within`` genres and of all (``total``), and
        the ``usual`` distances: the median, and the 95th percentile.
    """
    weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    away = [
        _distances(_fit(rows[train], y[train], weights[train]), rows[test])
        for train, test in splits
        if weights[train].any()
    ]
    numbers = _fit(rows, y, weights)
    usual = np.concatenate(away) if away else _distances(numbers, rows)
    return {**numbers, "usual": np.quantile(usual, [_MIDDLE, _FAR])}


def novelty_of(numbers: Numbers, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Novelty of each row, between 0 and 1.

    Parameters
    ----------
    numbers : dict of str to ndarray
        From `fit_novelty`.
    rows : ndarray of shape (n_tracks, n_features)
        Standardised features.

    Returns
    -------
    ndarray of shape (n_tracks,)
        0.5 for a track as far from its nearest genre as half of those are that were left out of
        training, 0.95 for one that is further away than 95 % of them; NaN stays.
    """
    middle, far = numbers["usual"]
    beyond = (_distances(numbers, rows) - middle) / max(far - middle, np.finfo(float).tiny)
    # The logistic curve through the two, which tells tracks apart beyond them as well.
    return 1 / (1 + np.exp(np.clip(-beyond * np.log(_FAR / (1 - _FAR)), -500, 500)))


def known_novelty(novelty: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Novelty, or an error that says why there is none.

    Parameters
    ----------
    novelty : ndarray of shape (n_tracks,) or None
        Novelty, if it is known.

    Returns
    -------
    ndarray of shape (n_tracks,)
        The same.

    Raises
    ------
    ValueError
        If it is not known.
    """
    if novelty is None:
        raise ValueError(
            "novelty, and reject_novel, take a GenreClassifier whose features are a CNNEmbedding "
            'and that was fitted by this version, or from_pretrained("genres"): of others it is '
            "not known what they were trained on. Leave reject_novel None, or fit it anew"
        )
    return novelty


def _fit(rows: NDArray[np.float64], y: NDArray[Any], weights: NDArray[np.float64]) -> Numbers:
    """All but the usual distances."""
    heard = weights > 0
    rows, y, weights = rows[heard], y[heard], weights[heard]
    mean = np.average(rows, axis=0, weights=weights)
    root = np.sqrt(weights / weights.sum())[:, np.newaxis]
    _, _, axes = np.linalg.svd(root * (rows - mean), full_matrices=False)
    axes = axes[:_AXES].T
    points = (rows - mean) @ axes
    _, which = np.unique(y, return_inverse=True)
    own = [which == i for i in range(which.max() + 1)]
    centres = np.array([np.average(points[g], axis=0, weights=weights[g]) for g in own])
    within, total = (_precision(root * p) for p in (points - centres[which], points))
    return {"mean": mean, "axes": axes, "centres": centres, "within": within, "total": total}


def _precision(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse covariance of weighted points, drawn towards the same in all directions."""
    covariance = points.T @ points
    alike = max(np.trace(covariance) / len(covariance), 1e-12) * np.eye(len(covariance))
    inverse: NDArray[np.float64] = np.linalg.inv((1 - _SHRINKAGE) * covariance + _SHRINKAGE * alike)
    return inverse


def _distances(numbers: Numbers, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much further each row is from the nearest genre than from the mean of all music.

    That difference, of squared Mahalanobis distances, leaves out what is unusual about a track but
    has nothing to do with genres [1]_.

    References
    ----------
    .. [1] J. Ren et al., "A simple fix to Mahalanobis distance for improving near-OOD detection",
       arXiv:2106.09022, 2021.
    """
    points = (rows - numbers["mean"]) @ numbers["axes"]
    apart = points[:, np.newaxis] - numbers["centres"]
    nearest = np.einsum("nki,ij,nkj->nk", apart, numbers["within"], apart).min(axis=1)
    away: NDArray[np.float64] = nearest - np.einsum("ni,ij,nj->n", points, numbers["total"], points)
    return away
