"""Shell of the tempo."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = ["Tempo"]


@dataclass(kw_only=True, eq=False, repr=False)
class Tempo(AudioTransformer):
    """One tempo a track, beats a minute. It is not pooled: `stats` has no effect.

    Parameters
    ----------
    start_bpm : float, default=120.0
        Centre of the prior, beats a minute.
    std_bpm : float, default=1.0
        Width of the prior, octaves.
    ac_size : float, default=8.0
        Length of the autocorrelation window, seconds.
    max_tempo : float or None, default=320.0
        Faster tempi are not considered.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.tempo : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import Tempo
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = Tempo(start_bpm=90.0)
    >>> transformer.fit_transform(tracks).shape
    (3, 1)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['tempo']
    """

    start_bpm: float = 120.0
    std_bpm: float = 1.0
    ac_size: float = 8.0
    max_tempo: float | None = 320.0
