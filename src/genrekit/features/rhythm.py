"""Features of rhythm: tempo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import BLOCK_FRAMES, check_parameters, kernels
from genrekit.spectra import Spectra, as_floats, check_arguments, log_mel_blocks

__all__ = ["onset_strength", "tempo"]


def tempo(
    spectra: Spectra,
    *,
    start_bpm: float = 120.0,
    std_bpm: float = 1.0,
    ac_size: float = 8.0,
    max_tempo: float | None = 320.0,
) -> NDArray[Any]:
    r"""One tempo for the track, from the autocorrelation of its onsets. Not pooled.

    .. math:: \arg\max_b \; \ln\left(1 + 10^6 A_b\right)
        - \tfrac{1}{2} \left(\frac{\log_2 (b / b_0)}{\sigma}\right)^2

    of the tempi b whose beats are whole frames apart, :math:`A_b` the autocorrelation at that
    distance, :math:`b_0` and :math:`\sigma` `start_bpm` and `std_bpm`.

    The mean tempogram (local autocorrelation of the onset strength), weighted by a log-normal
    prior, has its maximum at the beat's period. Equal to ``librosa.feature.tempo``.

    Parameters
    ----------
    spectra : Spectra
        The track.
    start_bpm : float, default=120.0
        Centre of the prior, beats a minute.
    std_bpm : float, default=1.0
        Width of the prior, octaves.
    ac_size : float, default=8.0
        Length of the autocorrelation window, seconds.
    max_tempo : float or None, default=320.0
        Faster tempi are not considered.

    Returns
    -------
    ndarray of shape (1, 1)
        Tempo, beats a minute. Without any onset (silence) it is the prior's.

    Raises
    ------
    ValueError
        If a parameter is not above 0, or the frames of a window of `ac_size` can't tell any tempo
        up to `max_tempo`.

    References
    ----------
    Ellis, D. "Beat tracking by dynamic programming." Journal of New Music Research 36(1), 2007.
    Grosche, P., Müller, M., Kurth, F. "Cyclic tempogram." ICASSP, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, tempo
    >>> clicks = np.zeros(22050 * 8)
    >>> clicks[:: 22050 // 2] = 1.0  # two a second
    >>> bool(abs(tempo(Spectra(clicks))[0, 0] - 120) < 3)
    True
    """
    prior: dict[str, Any] = {"start_bpm": start_bpm, "std_bpm": std_bpm, "max_tempo": max_tempo}
    check_arguments(spectra, ac_size=ac_size, **prior)
    rate = spectra.frontend.frames_per_second
    bpm = tempo_of_onsets(onset_strength(spectra), rate, ac_size=ac_size, **prior)
    return np.array([[bpm]], dtype=spectra.frontend.dtype)


def tempo_of_onsets(
    onsets: NDArray[Any],
    frames_per_second: float,
    *,
    start_bpm: float = 120.0,
    std_bpm: float = 1.0,
    ac_size: float = 8.0,
    max_tempo: float | None = 320.0,
) -> float:
    """Tempo of an onset envelope; see `tempo` for the parameters.

    Parameters
    ----------
    onsets : ndarray of shape (n_frames,)
        Onset strength.
    frames_per_second : float
        Its frame rate, Hz.
    start_bpm, std_bpm, ac_size, max_tempo : float
        As in `tempo`.

    Returns
    -------
    float
        Beats a minute.

    Raises
    ------
    ValueError
        As in `tempo`, or if `onsets` are no finite numbers in one dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features.rhythm import tempo_of_onsets
    >>> tempo_of_onsets(np.tile([1.0, 0, 0, 0, 0], 200), 10.0)
    120.0
    """
    onsets = as_floats("onsets", onsets, ndim=1)
    if not np.isfinite(onsets).all():
        raise ValueError("onsets must be finite")
    check_parameters(frames_per_second=frames_per_second, start_bpm=start_bpm, std_bpm=std_bpm)
    check_parameters(ac_size=ac_size, max_tempo=max_tempo)
    bpm = _tempi(frames_per_second, ac_size, max_tempo)
    strength = _mean_autocorrelation(onsets, len(bpm) + 1)
    score = np.log1p(1e6 * strength[1:]) - 0.5 * (np.log2(bpm / start_bpm) / std_bpm) ** 2
    if max_tempo is not None:
        score[bpm >= max_tempo] = -np.inf
    return float(bpm[np.argmax(score)])


def _tempi(
    frames_per_second: float, ac_size: float, max_tempo: float | None
) -> NDArray[np.float64]:
    """Tempi whose beats lie 1, 2, … frames apart, as far as the window of autocorrelation goes."""
    n_lags = int(ac_size * frames_per_second)
    if n_lags < 2:
        raise ValueError(
            f"ac_size={ac_size:g} seconds hold {n_lags} frames, too few to tell a tempo: use a "
            "longer one, or a shorter hop_length"
        )
    bpm = 60.0 * frames_per_second / np.arange(1, n_lags)
    if max_tempo is not None and bpm[-1] >= max_tempo:
        raise ValueError(
            f"max_tempo={max_tempo:g} is not above {bpm[-1]:.1f} beats a minute, the slowest tempo "
            f"that ac_size={ac_size:g} seconds can hold: use a longer ac_size"
        )
    return bpm


def onset_strength(
    spectra: Spectra, *, aggregate: Callable[..., NDArray[Any]] = np.mean
) -> NDArray[Any]:
    """Mean rise of log mel power from frame to frame, centred on the onset.

    Parameters
    ----------
    spectra : Spectra
        The track.
    aggregate : callable, default=numpy.mean
        How the rises of the mel bands become one.

    Returns
    -------
    ndarray of shape (n_frames,)
        Strength, dB. Equal to ``librosa.onset.onset_strength``.

    Raises
    ------
    ValueError
        If `aggregate` is no function.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra
    >>> from genrekit.features.rhythm import onset_strength
    >>> onset_strength(Spectra(np.ones(22050))).shape
    (44,)
    """
    check_arguments(spectra)
    if not callable(aggregate):
        raise ValueError(f"aggregate must be a function such as numpy.mean, not {aggregate!r}")
    frontend = spectra.frontend
    strengths = [np.empty(0, dtype=frontend.dtype)]  # all that a track of one frame has
    last = None
    for block in log_mel_blocks(spectra, 80.0):
        joined = block if last is None else np.column_stack([last, block])
        if joined.shape[1] > 1:
            strengths.append(aggregate(np.maximum(np.diff(joined, axis=1), 0), axis=0))
        last = block[:, -1]
    strength = np.concatenate(strengths)
    shift = 1 + frontend.padding // frontend.hop_length
    return np.pad(strength, (shift, 0))[: len(strength) + 1]


def _mean_autocorrelation(onsets: NDArray[Any], n_lags: int) -> NDArray[np.float64]:
    """Mean over frames of the autocorrelation in a window around it, each scaled to 1 at lag 0.

    The maximum of an autocorrelation is the energy of its window, so frames can be scaled before
    they are transformed and one inverse transform serves their mean.
    """
    n_frames = len(onsets)
    half = n_lags // 2
    padded = np.pad(onsets, half, mode="linear_ramp", end_values=0)
    size = 1 << (2 * n_lags - 2).bit_length()  # room for all lags, none wrapped round
    padded = np.pad(padded, (0, n_frames + size - len(padded)))
    window = np.zeros(size)
    window[:n_lags] = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, n_lags + 1)[:-1])
    mean = np.zeros(1 + size // 2)
    for start in range(0, n_frames, BLOCK_FRAMES):
        stop = min(start + BLOCK_FRAMES, n_frames)
        spectra = np.empty((2, len(mean), stop - start), onsets.dtype)
        power, _ = kernels.power_spectra(padded[start : stop + size], window, 1, spectra)
        # The energy of a frame, by Parseval's theorem.
        energy = (2 * power.sum(axis=0) - power[0] - power[-1]) / size
        mean += (power / np.where(energy > np.finfo(onsets.dtype).tiny, energy, 1)).sum(axis=1)
    return np.fft.irfft(mean / n_frames, n=size)[:n_lags]
