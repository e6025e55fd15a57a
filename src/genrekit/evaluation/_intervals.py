"""How sure a share of tracks is."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.special import stdtrit

__all__ = ["group_interval", "independent_tracks", "wilson_interval"]

# Of the normal distribution, for 95 % between it and its negative.
_QUANTILE = NormalDist().inv_cdf(0.975)


def wilson_interval(
    n_correct: int, n_tracks: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Compute Wilson's score interval of a proportion.

    Parameters
    ----------
    n_correct : int
        Number of successes.
    n_tracks : int
        Number of trials, at least 1.
    confidence : float, default=0.95
        How often intervals made this way hold the true proportion.

    Returns
    -------
    low, high : float
        The ends of the interval, within [0, 1].

    Raises
    ------
    ValueError
        When `n_correct` is not between 0 and `n_tracks`, or `confidence` not between 0 and 1.

    Notes
    -----
    With :math:`\hat p = k / n` and the normal quantile :math:`z`, the interval is

    .. math::
        \frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4n^2}}{1 + z^2 / n}

    It assumes independent trials. Tracks of one group (an artist, an album) are not: see
    `group_interval`.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22 (158), 1927.

    Examples
    --------
    >>> from genrekit.evaluation import wilson_interval
    >>> low, high = wilson_interval(56, 70)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.692 to 0.877
    """
    if n_tracks < 1 or not 0 <= n_correct <= n_tracks:
        raise ValueError(f"n_correct={n_correct} of n_tracks={n_tracks} is not a proportion")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence}: a number between 0 and 1 is needed")
    return _wilson(n_correct / n_tracks, n_tracks, NormalDist().inv_cdf((1 + confidence) / 2))


def group_interval(right: Any, groups: Any) -> tuple[float, float]:
    r"""Compute a 95 % interval of a share of tracks that come in groups.

    Tracks of one artist are right or wrong together, so that 100 tracks of 20 artists say less
    than 100 tracks of 100. How much less is the design effect :math:`d`: the variance of the share
    :math:`p` with whole groups drawn, over the one with tracks drawn,

    .. math::
        d = \frac{m}{m - 1} \, \frac{\sum_g (k_g - n_g p)^2}{n p (1 - p)}

    with :math:`k_g` right of :math:`n_g` tracks in each of :math:`m` groups, and at least 1 [1]_.
    The interval is Wilson's for :math:`n / d` tracks, with the quantile of Student's t for
    :math:`m - 1` degrees of freedom, since :math:`d` is estimated from :math:`m` groups. Where all
    tracks are right, or all wrong, they tell nothing about :math:`d`: each group then counts as one
    track. With few groups, or groups of very different sizes, it is still too narrow.

    Parameters
    ----------
    right : array-like of bool of shape (n_tracks,)
        Which tracks are right.
    groups : array-like of shape (n_tracks,)
        The group of each.

    Returns
    -------
    low, high : float
        The ends of the interval, within [0, 1].

    Raises
    ------
    ValueError
        When there is no track, or another number of groups.

    References
    ----------
    .. [1] J. N. K. Rao and A. J. Scott, "A simple method for the analysis of clustered binary
       data", Biometrics 48 (2), 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.evaluation import group_interval
    >>> right = np.repeat([True, False, True, True], 5)
    >>> low, high = group_interval(right, np.repeat([0, 1, 2, 3], 5))
    >>> print(f"{low:.3f} to {high:.3f}")
    0.131 to 0.984
    """
    right, groups = np.asarray(right), np.asarray(groups)
    if right.ndim != 1 or not right.size or groups.shape != right.shape:
        raise ValueError(f"right has shape {right.shape} and groups {groups.shape}: one a track")
    n, quantile = independent_tracks(right, groups)
    return _wilson(float(np.mean(right)), n, quantile)


def independent_tracks(values: np.ndarray, groups: np.ndarray | None) -> tuple[float, float]:
    """How many independent tracks are as telling as these, and the quantile of a 95 % interval."""
    n = len(values)
    _, index = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    m = int(index.max()) + 1
    rest = values - np.mean(values)
    total = float(rest @ rest)
    if m == n or m == 1 or total == 0:  # nothing to estimate, or nothing to do it with
        return float(m), _QUANTILE
    spread = m / (m - 1) * float(np.sum(np.bincount(index, weights=rest) ** 2))
    return n / max(1.0, spread / total), float(stdtrit(m - 1, 0.975))


def _wilson(p: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's formula; n need not be whole."""
    centre = p + z**2 / (2 * n)
    half = z * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
