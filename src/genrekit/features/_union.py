"""Many features with one decode and one STFT."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

from genrekit._docstrings import parameters_of
from genrekit._validation import did_you_mean
from genrekit.engine import AudioExtractor, Plan
from genrekit.features import transformers
from genrekit.features._feature import Feature
from genrekit.features._table import DROP, SETS, make_plan, resolve, that_run
from genrekit.features.transformers import FRONTEND_PARAMETERS, AudioTransformer
from genrekit.spectra import Frontend, Part

__all__ = ["AudioFeatures"]


@parameters_of(Frontend)
class AudioFeatures(AudioExtractor):
    """Many features of each track, with one decode and one STFT for all of them.

    The same columns, bit for bit, as a ``FeatureUnion`` of the transformers, at a fraction of
    the time: each track is decoded once and swept once for each distinct front end.

    Parameters
    ----------
    features : str or sequence, default="standard"
        What to compute: a named set (``"standard"``: all features but the mel spectrogram, mean
        and standard deviation; ``"gtzan57"``: the columns of the table of 57 features that
        circulates for GTZAN; ``"fma518"``: those of the table published with FMA),
        or a list of names of features, transformers, or pairs
        ``(name, either)``. Columns are named after the part. In a pair "drop" stands for a part
        that is left out.
    sr : float, default=22050
        Sampling rate, Hz; files are resampled to it. This and the other parameters of the front
        end hold for every transformer that leaves them None; a transformer's own value wins.
    ... : see `Frontend`
        How a file becomes spectra.
    stats : sequence of str, optional
        Statistics over frames, for every part that names none of its own: "mean", "std", "var",
        "skew", "kurtosis", "median", "min", "max". None means ("mean", "std"); the sets "gtzan57"
        and "fma518" have theirs.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded gives: an `AudioDecodeError`, or a row of NaN and one
        `AudioDecodeWarning` for all of them.
    n_jobs : int, optional
        Tracks worked on at the same time, in threads unless ``joblib.parallel_config`` says
        otherwise; None means 1, -1 all cores.
    memory : str, path or joblib.Memory, optional
        Where to keep what was computed, one entry a track: a grid search then decodes each track
        once for each distinct setting of the features, not once a fold. A path is kept under 2 GB
        (or what the environment variable GENREKIT_CACHE_SIZE says), the oldest entries going
        first; entries of a file that has changed are not used. They are plain arrays with a
        checksum, never pickles: whoever else can write there could give wrong numbers, and run
        nothing. Of a `joblib.Memory` only the location counts. Where nothing can be written, one
        warning says so.
    cache_waveform : bool, default=False
        Whether to keep the decoded samples there as well, 2.6 MB for 30 seconds at 22050 Hz: other
        settings of the features then need no decoding either. Those of tracks of more than 25
        minutes are not kept; for more than 750 clips, GENREKIT_CACHE_SIZE must name a larger size.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``. `memory` knows
        a function by its module, name and code, and a `functools.partial` by that and its
        arguments; a lambda, closure, method or object needs an attribute ``cache_key`` that changes
        whenever its samples do, else nothing is kept.
    verbose : int, default=0
        Above 0: a progress bar.

    Attributes
    ----------
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.
    n_features_in_ : int
        Samples in a row, when fitted on a 2-D array.

    See Also
    --------
    genrekit.extract : The same without scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import AudioFeatures, MFCCStats
    >>> rng = np.random.default_rng(0)
    >>> tracks = [rng.standard_normal(22050), rng.standard_normal(30000)]
    >>> features = AudioFeatures([MFCCStats(n_mfcc=13), "spectral_centroid", "tempo"])
    >>> features.fit_transform(tracks).shape
    (2, 29)
    >>> features.get_feature_names_out()[[0, 26, 28]].tolist()
    ['mfcc0_mean', 'spectral_centroid_mean', 'tempo']
    >>> features.set_params(mfcc__n_mfcc=20).fit_transform(tracks).shape
    (2, 43)
    """

    stats: Any = None  # files saved before there was such a parameter have none

    def __init__(
        self,
        features: Any = "standard",
        *,
        sr: float = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: str = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        dtype: str = "float32",
        offset: float = 0.0,
        duration: float | None = None,
        stats: Any = None,
        on_error: str = "raise",
        n_jobs: int | None = None,
        memory: Any = None,
        cache_waveform: bool = False,
        decoder: Any = None,
        verbose: int = 0,
    ) -> None:
        self.features = features
        self.sr = sr
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.win_length = win_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.dtype = dtype
        self.offset = offset
        self.duration = duration
        self.stats = stats
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.memory = memory
        self.cache_waveform = cache_waveform
        self.decoder = decoder
        self.verbose = verbose

    def _given(self) -> list[tuple[str, Any]]:
        """The parts as they were given, named sets and names made into transformers."""
        return resolve(self.features, _make_transformer)

    def _named_parts(self) -> list[tuple[str, Part]]:
        # Nobody asks for parameters here, so what goes by a name needs no transformer.
        return [
            (name, part._part() if isinstance(part, AudioTransformer) else part)
            for name, part in that_run(resolve(self.features), self.stats)
        ]

    def _plan(self) -> Plan:
        if isinstance(self.features, str) and self.features in SETS:
            self._check_running()
            return make_plan(self.features, self.stats, self._inherited())
        return super()._plan()

    def _inherited(self) -> Frontend:
        return Frontend(**{name: getattr(self, name) for name in FRONTEND_PARAMETERS})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters, and those of the parts as ``part__parameter``, named sets included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parts.

        Returns
        -------
        dict
            Parameters by name.
        """
        params: dict[str, Any] = super().get_params(deep=False)
        if not deep:
            return params
        # What can't be expanded is reported by `fit`, as is usual.
        with suppress(ValueError, TypeError):
            # A part without a name (in "gtzan57") can't be addressed.
            for name, part in filter(lambda named: named[0], self._given()):
                params[name] = part
                inner = part.get_params() if hasattr(part, "get_params") else {}
                params.update({f"{name}__{key}": value for key, value in inner.items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``mfcc=...`` replaces a part and ``mfcc__n_mfcc=13`` changes one.

        ``mfcc="drop"`` leaves one out, and ``mfcc="mfcc"`` brings it back with its defaults.

        Setting one of a named set turns `features` from a string into the list of its parts.

        Parameters
        ----------
        **params
            Parameters by name.

        Returns
        -------
        self
            The transformer.
        """
        known = self.get_params(deep=False)
        own = {name: value for name, value in params.items() if name in known}
        for name, value in own.items():
            setattr(self, name, value)
        nested = {name: value for name, value in params.items() if name not in own}
        if nested:
            parts = dict(self._given())
            # Whole parts first, so that their parameters land in the new ones.
            for name in sorted(nested, key=lambda name: "__" in name):
                _set_nested(parts, name, nested[name])
            self.features = list(parts.items())
        return self


def _make_transformer(feature: Feature, params: dict[str, Any]) -> Any:
    """The scikit-learn transformer of a row of the table."""
    return getattr(transformers, feature.transformer)(**params)


def _set_nested(parts: dict[str, Any], name: str, value: Any) -> None:
    """Replace a part, or set one of its parameters."""
    # The longest name wins: a part may be called "mfcc__wide".
    owners = [part for part in parts if part and (name == part or name.startswith(part + "__"))]
    if not owners:
        known: Sequence[str] = [*parts, *FRONTEND_PARAMETERS]
        hint = did_you_mean(name.partition("__")[0], known)
        sets = f" (named sets: {', '.join(SETS)})"
        raise ValueError(f"AudioFeatures has no parameter or part {name!r}: {hint}{sets}")
    owner = max(owners, key=len)
    if name == owner:
        parts[owner] = value
    elif parts[owner] == DROP:
        raise ValueError(f"{name!r} can't be set while {owner} is dropped: set {owner} as well")
    else:
        # Beside it in one call the part may have been given by its name.
        ((_, parts[owner]),) = resolve([(owner, parts[owner])], _make_transformer)
        parts[owner].set_params(**{name[len(owner) + 2 :]: value})
