"""What the transformers of one feature share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from genrekit._docstrings import with_parameters
from genrekit._validation import did_you_mean
from genrekit.dsp import Request
from genrekit.engine import AudioExtractor, as_track, warn_of_tracks
from genrekit.features._feature import Feature, FeaturePart
from genrekit.features._table import ALL_FEATURES
from genrekit.spectra import Frontend, Part, Spectra, check_stats

__all__ = ["AudioTransformer"]

# Without those that are the business of parts which hear at a rate of their own, and of networks.
FRONTEND_PARAMETERS = tuple(
    field.name for field in fields(Frontend) if field.name not in ("array_sr", "native", "pad")
)


@dataclass(kw_only=True, eq=False, repr=False)
class AudioTransformer(AudioExtractor):
    """Base of the transformers of one feature: the parameters that all of them have.

    Parameters
    ----------
    sr : float, optional
        Sampling rate, Hz. Here and below None means: as in the enclosing `AudioFeatures`, else
        the default of `Frontend`, 22050.
    n_fft : int, optional
        Length of a frame and of its FFT, samples; 2048.
    hop_length : int, optional
        Distance between frames, samples; 512.
    win_length : int, optional
        Length of the window, samples; `n_fft`.
    window : str, optional
        Window of the STFT; "hann".
    center : bool, optional
        Whether frame t is centred on sample ``t * hop_length``; True.
    pad_mode : str, optional
        How the ends are padded then; "constant".
    dtype : {"float32", "float64"}, optional
        Precision of the spectra; "float32".
    offset : float, optional
        Where to begin in each track, seconds; 0.
    duration : float, optional
        How much of each track to read, seconds; all of it.
    stats : sequence of str, optional
        Statistics over frames: "mean", "std", "var", "skew", "kurtosis", "median", "min", "max".
        None means: as in the enclosing `AudioFeatures`, else ("mean", "std").
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded gives: an error, or a row of NaN and a warning.
    n_jobs : int, optional
        Tracks worked on at the same time, in threads unless ``joblib.parallel_config`` says
        otherwise; None means 1, -1 all cores.
    memory : str, path or joblib.Memory, optional
        Where to keep what was computed, one entry a track.
    decoder : callable, optional
        Reads files instead of the built-in decoders.
    verbose : int, default=0
        Above 0: a progress bar.
    """

    sr: float | None = None
    n_fft: int | None = None
    hop_length: int | None = None
    win_length: int | None = None
    window: str | None = None
    center: bool | None = None
    pad_mode: str | None = None
    dtype: str | None = None
    offset: float | None = None
    duration: float | None = None
    stats: Any = None
    on_error: str = "raise"
    n_jobs: int | None = None
    memory: Any = None
    decoder: Any = None
    verbose: int = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__doc__ and AudioTransformer.__doc__:  # with -OO there are none
            cls.__doc__ = with_parameters(cls.__doc__, AudioTransformer.__doc__)

    @property
    def feature(self) -> Feature:
        """Row of the table that this transformer is the shell of."""
        names = [kind.__name__ for kind in type(self).__mro__]  # a subclass is a shell of it too
        return next(row for row in ALL_FEATURES.values() if row.transformer in names)

    def _part(self) -> FeaturePart:
        """The feature with the parameters of this transformer."""
        feature = self.feature
        params = {name: getattr(self, name) for name in feature.defaults}
        given = {name: getattr(self, name) for name in FRONTEND_PARAMETERS}
        overrides = {name: value for name, value in given.items() if value is not None}
        stats = None if self.stats is None else check_stats(self.stats)
        return FeaturePart(feature, params, stats, overrides)

    def _named_parts(self) -> list[tuple[str, Part]]:
        names = [name for name, row in ALL_FEATURES.items() if row is self.feature]
        return [(names[0], self._part())]

    def _inherited(self) -> Frontend:
        return Frontend()

    def frames(self, track: Any) -> NDArray[Any]:
        """The feature frame by frame, before pooling.

        Parameters
        ----------
        track : path, bytes, file object, ndarray or (y, sr) pair, or Spectra
            One track.

        Returns
        -------
        ndarray of shape (n_rows, n_frames)
            Values by frame.

        Raises
        ------
        AudioDecodeError
            If the track can't be decoded.
        """
        if isinstance(track, Spectra):
            return self._part().frames(track)
        track = as_track(track)
        found = self._plan().frames(track, self.decoder)
        warn_of_tracks([track], [], [found.remark])
        (frames,) = found.values.values()
        return frames

    # The Part protocol, so that a transformer can stand in AudioFeatures and in `extract`.
    def frontend(self, inherited: Frontend) -> Frontend:
        """The front end around it with its own parameters; part of the `Part` protocol."""
        return self._part().frontend(inherited)

    def requests(self) -> tuple[Request, ...]:
        """What it reads of the spectra; part of the `Part` protocol."""
        return self._part().requests()

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """All statistics of a track; part of the `Part` protocol."""
        return self._part().describe(spectra)

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """The wanted statistics; part of the `Part` protocol."""
        return self._part().row(description)

    def columns(self, name: str) -> list[str]:
        """Names of the columns under a name; part of the `Part` protocol."""
        return self._part().columns(name)

    def key(self) -> tuple[Any, ...]:
        """What a cached description depends on; part of the `Part` protocol."""
        return self._part().key()

    def set_params(self, **params: Any) -> Self:
        """Set parameters; an unknown name gets an error with the nearest one.

        Parameters
        ----------
        **params
            Parameters by name.

        Returns
        -------
        self
            The transformer.
        """
        known = self.get_params(deep=True)
        for name in params:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}: {hint}")
        return super().set_params(**params)
