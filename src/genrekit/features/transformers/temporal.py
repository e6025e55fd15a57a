"""Shells of the features of the waveform."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = ["RMS", "ZeroCrossingRate"]


@dataclass(kw_only=True, eq=False, repr=False)
class RMS(AudioTransformer):
    """Root-mean-square energy: how loud a track is.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.rms : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import RMS
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = RMS()
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['rms_mean', 'rms_std']
    """


@dataclass(kw_only=True, eq=False, repr=False)
class ZeroCrossingRate(AudioTransformer):
    """Rate of zero crossings: high for noise, low for bass.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.zero_crossing_rate : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import ZeroCrossingRate
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = ZeroCrossingRate()
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['zero_crossing_rate_mean', 'zero_crossing_rate_std']
    """
