"""Shells of the features of the shape of a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = [
    "MelSpectrogram",
    "SpectralBandwidth",
    "SpectralCentroid",
    "SpectralContrast",
    "SpectralFlatness",
    "SpectralFlux",
    "SpectralRolloff",
]


@dataclass(kw_only=True, eq=False, repr=False)
class MelSpectrogram(AudioTransformer):
    """Power in mel bands.

    Parameters
    ----------
    n_mels : int, default=128
        Number of bands.
    fmin : float, default=0.0
        Lower edge of the lowest band, Hz.
    fmax : float, optional
        Upper edge of the highest band, Hz; None means sr / 2.
    db : bool, default=False
        Whether to give decibels instead of power.
    top_db : float or None, default=80.0
        With `db`, values this far below the track's maximum are raised to it.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.mel_spectrogram : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import MelSpectrogram
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = MelSpectrogram(n_mels=40)
    >>> transformer.fit_transform(tracks).shape
    (3, 80)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['mel0_mean', 'mel0_std']
    """

    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    db: bool = False
    top_db: float | None = 80.0


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralCentroid(AudioTransformer):
    """Centre of gravity of the spectrum, Hz: how bright a track is.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.spectral_centroid : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import SpectralCentroid
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = SpectralCentroid()
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['spectral_centroid_mean', 'spectral_centroid_std']
    """


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralBandwidth(AudioTransformer):
    """Spread of the spectrum around its centroid, Hz.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.spectral_bandwidth : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import SpectralBandwidth
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = SpectralBandwidth()
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['spectral_bandwidth_mean', 'spectral_bandwidth_std']
    """


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralRolloff(AudioTransformer):
    """Frequency below which a share of the magnitude lies, Hz.

    Parameters
    ----------
    roll_percent : float, default=0.85
        The share, between 0 and 1.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.spectral_rolloff : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import SpectralRolloff
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = SpectralRolloff(roll_percent=0.5)
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['spectral_rolloff_mean', 'spectral_rolloff_std']
    """

    roll_percent: float = 0.85


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralContrast(AudioTransformer):
    """Peaks against valleys of octave bands, dB.

    Parameters
    ----------
    n_bands : int, default=6
        Octaves above `fmin`; one more band lies below it.
    fmin : float, default=200.0
        Upper edge of the lowest band, Hz.
    quantile : float, default=0.02
        Share of the bins of a band that make its peak and its valley.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.spectral_contrast : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import SpectralContrast
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = SpectralContrast(n_bands=4)
    >>> transformer.fit_transform(tracks).shape
    (3, 10)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['spectral_contrast0_mean', 'spectral_contrast0_std']
    """

    n_bands: int = 6
    fmin: float = 200.0
    quantile: float = 0.02


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralFlatness(AudioTransformer):
    """Geometric over arithmetic mean of the power: noise against tone.

    Parameters
    ----------
    amin : float, default=1e-10
        Powers below it are raised to it.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.spectral_flatness : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import SpectralFlatness
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = SpectralFlatness()
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['spectral_flatness_mean', 'spectral_flatness_std']
    """

    amin: float = 1e-10


@dataclass(kw_only=True, eq=False, repr=False)
class SpectralFlux(AudioTransformer):
    """Squared distance between successive normalised spectra: how fast a track changes.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.

    See Also
    --------
    genrekit.features.spectral_flux : The function behind it, with formula and reference.
    genrekit.AudioFeatures : Many features with one decode and one STFT.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import SpectralFlux
    >>> tracks = [np.random.default_rng(seed).standard_normal(22050) for seed in range(3)]
    >>> transformer = SpectralFlux()
    >>> transformer.fit_transform(tracks).shape
    (3, 2)
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['spectral_flux_mean', 'spectral_flux_std']
    """
