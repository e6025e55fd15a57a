"""Shell of the mel-frequency cepstral coefficients."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = ["MFCCStats"]


@dataclass(kw_only=True, eq=False, repr=False)
class MFCCStats(AudioTransformer):
    """Mel-frequency cepstral coefficients and their deltas: the timbre of a track.

    Parameters
    ----------
    n_mfcc : int, default=20
        Number of coefficients, at most `n_mels`.
    n_mels : int, default=128
        Number of mel bands.
    fmin : float, default=0.0
        Lower edge of the lowest band, Hz.
    fmax : float, optional
        Upper edge of the highest band, Hz; None means sr / 2.
    top_db : float or None, default=80.0
        Mel values this far below the track's maximum are raised to it.
    lifter : float, default=0.0
        Sinusoidal liftering; 0 means none.
    deltas : int, default=0
        How many orders of time derivatives follow the coefficients: 0, 1 or 2.
    width : int, default=9
        Frames a derivative is fitted over, odd, at least 3.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.mfcc : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import MFCCStats
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = MFCCStats(n_mfcc=13, deltas=1)
    >>> transformer.fit_transform(tracks).shape
    (3, 52)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['mfcc0_mean', 'mfcc0_std']
    """

    n_mfcc: int = 20
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    top_db: float | None = 80.0
    lifter: float = 0.0
    deltas: int = 0
    width: int = 9
