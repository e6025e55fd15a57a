"""Shells of the features of harmony."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = ["ChromaStats", "Tonnetz"]


@dataclass(kw_only=True, eq=False, repr=False)
class ChromaStats(AudioTransformer):
    """Energy of the pitch classes, each frame scaled to a maximum of 1.

    Parameters
    ----------
    n_chroma : int, default=12
        Pitch classes an octave, from C upwards.
    tuning : float or None, default=0.0
        Deviation from A440 in fractions of a pitch class; None estimates it from each track,
        which takes longer and keeps its spectrogram in memory.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.chroma : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import ChromaStats
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = ChromaStats()
    >>> transformer.fit_transform(tracks).shape
    (3, 24)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['chroma0_mean', 'chroma0_std']
    """

    n_chroma: int = 12
    tuning: float | None = 0.0


@dataclass(kw_only=True, eq=False, repr=False)
class Tonnetz(AudioTransformer):
    """Tonal centroids: pitch classes on the circles of fifths and thirds.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.tonnetz : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import Tonnetz
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = Tonnetz()
    >>> transformer.fit_transform(tracks).shape
    (3, 12)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['tonnetz0_mean', 'tonnetz0_std']
    """
