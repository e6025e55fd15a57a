"""What a pretrained network makes of a track, as features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice, check_integer, check_number
from genrekit.dsp import Request
from genrekit.engine import (
    NOTHING,
    AudioExtractor,
    as_track,
    notes_of,
    read_tracks,
    warn_of_notes,
    warn_of_tracks,
)
from genrekit.exceptions import AudioContentWarning
from genrekit.networks._card import ModelCard
from genrekit.networks._hearing import Listener
from genrekit.networks._registry import get_card
from genrekit.spectra import DEFAULT_STATS, Frontend, Part, Spectra, check_stats, pool, select

__all__ = ["CNNEmbedding", "check_network"]


class CNNEmbedding(AudioExtractor):
    """Outputs of a pretrained network over a track, pooled: a transformer of tracks.

    A track is cut into patches of a few seconds, the network answers to each, and the statistics
    over patches are the features. With ``output="tags"`` and ``stats=("mean",)`` it is a tagger.
    It can stand beside other features in `AudioFeatures`, which decodes each track once for all.

    Parameters
    ----------
    model : str or path-like, default="msd-musicnn"
        The network: a name of ``genrekit.networks.list_models()``, or the path of a model card, see
        `ModelCard`.
    output : str, default="tags"
        Which of its outputs. "msd-musicnn" has "tags" (50, with names), "penultimate" (200),
        "mean_pool" and "max_pool" (753).
    patch_hop : float, default=3.0
        Distance between patches, seconds, rounded down to what the network counts in. Closer ones
        overlap, and cost more than they tell.
    max_patches : int or None, default=20
        How many patches of a long track: they are spread evenly over it. None takes every one.
    stats : sequence of str, optional
        Statistics over patches: "mean", "std", "var", "skew", "kurtosis", "median", "min", "max".
        None means: as in the enclosing `AudioFeatures`, else ("mean", "std").
    sr : float, optional
        Sampling rate that **bare arrays** have, Hz. It is not the rate of the network, which
        everything is resampled to: files and ``(y, sr)`` pairs bring their own rate, an array
        can't say it, and a wrong one gives wrong answers without an error. None means: as in the
        enclosing `AudioFeatures`, else 22050.
    offset : float, optional
        Where to begin in each track, seconds; None: as in the enclosing `AudioFeatures`, else 0.
    duration : float, optional
        How much of each track to read, seconds; None: as in the enclosing `AudioFeatures`, else
        all of it.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded gives: an error, or a row of NaN and a warning.
    n_jobs : int, optional
        Tracks worked on at the same time, in threads unless ``joblib.parallel_config`` says
        otherwise; None means 1, -1 all cores.
    memory : str, path or joblib.Memory, optional
        Where to keep what was computed, one entry a track, with all statistics of all outputs.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``.
    verbose : int, default=0
        Above 0: a progress bar.

    Attributes
    ----------
    sha256_ : str
        SHA-256 of the network it was fitted with; a saved one refuses to go on with another.
    errors_ : list of TrackError
        Tracks that failed in `fit_transform`.
    n_features_in_ : int
        Samples in a row, when fitted on a 2-D array.

    See Also
    --------
    genrekit.networks.fetch_model : Downloads networks that do not come with genrekit.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import CNNEmbedding
    >>> noise = np.random.default_rng(0).standard_normal(4 * 22050)
    >>> embedding = CNNEmbedding(stats=("mean",))
    >>> embedding.fit_transform([noise]).shape
    (1, 50)
    >>> embedding.get_feature_names_out()[:2].tolist()
    ['cnn_rock_mean', 'cnn_pop_mean']
    >>> CNNEmbedding(output="penultimate").fit_transform([(noise, 22050)]).shape
    (1, 400)
    """

    # What columns begin with, also among other features.
    _prefix = "cnn"

    def __init__(
        self,
        model: str | os.PathLike[str] = "msd-musicnn",
        *,
        output: str = "tags",
        patch_hop: float = 3.0,
        max_patches: int | None = 20,
        stats: Any = None,
        sr: float | None = None,
        offset: float | None = None,
        duration: float | None = None,
        on_error: str = "raise",
        n_jobs: int | None = None,
        memory: Any = None,
        decoder: Any = None,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.output = output
        self.patch_hop = patch_hop
        self.max_patches = max_patches
        self.stats = stats
        self.sr = sr
        self.offset = offset
        self.duration = duration
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.memory = memory
        self.decoder = decoder
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> CNNEmbedding:
        """Check the parameters and X and note which network it is; nothing is decoded.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            Paths, bytes, file objects, waveforms at `sr` or ``(y, sr)`` pairs; or a 2-D array
            with one waveform at `sr` in each row.
        y : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        self
            The transformer.
        """
        super().fit(X, y)
        return self

    def _begin_fit(self) -> None:
        self.sha256_ = get_card(self.model).sha256
        super()._begin_fit()

    def patches(self, track: Any) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """The network's answer to each patch of one track, before pooling.

        Parameters
        ----------
        track : path, bytes, file object, ndarray or (y, sr) pair
            One track.

        Returns
        -------
        times : ndarray of shape (n_patches,)
            Where each patch begins, seconds from the beginning of the track.
        values : ndarray of shape (n_patches, n_units)
            The answers, in the order of ``labels`` where there are such.

        Raises
        ------
        AudioDecodeError
            If the track can't be decoded.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import CNNEmbedding
        >>> times, tags = CNNEmbedding(patch_hop=1.0).patches(np.zeros(6 * 22050))
        >>> times.tolist(), tags.shape
        ([0.0, 0.976, 1.952, 2.928], (4, 50))
        """
        plan = self._plan()
        track = as_track(track)
        spectra, remark = plan.spectra(track, self.decoder)
        warn_of_tracks([track], [], [remark])
        return self._answers(spectra[plan.frontends[0]])

    def frames(self, track: Any) -> NDArray[np.float32]:
        """The answers as other transformers give their frames: a row a unit.

        Parameters
        ----------
        track : path, bytes, file object, ndarray or (y, sr) pair, or Spectra
            One track.

        Returns
        -------
        ndarray of shape (n_units, n_patches)
            Values by patch.
        """
        _, values = self._answers(track) if isinstance(track, Spectra) else self.patches(track)
        return values.T

    def top_tags(self, X: Any, k: int = 5) -> list[list[tuple[str, float]]]:
        """The highest labels of each track, by the mean over its patches.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.
        k : int, default=5
            How many.

        Returns
        -------
        list of list of (label, float)
            Highest first; an empty list for a track that can't be decoded.

        Raises
        ------
        ValueError
            If the units of `output` have no labels.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import CNNEmbedding
        >>> hum = np.sin(2 * np.pi * 110 * np.arange(3 * 22050) / 22050)
        >>> [tag for tag, _ in CNNEmbedding().top_tags([hum], k=2)[0]]
        ['ambient', 'electronic']
        """
        check_integer("k", k, minimum=1)
        labels = self.labels
        if not labels:
            raise ValueError(f"the units of output={self.output!r} of {self.model!s} have no names")
        tracks = read_tracks(self, X, reset=False)
        table, _, _, remarks = self._with_means()._extract(tracks)
        notes = notes_of(tracks, remarks, NOTHING)
        warn_of_notes(AudioContentWarning, notes, len(table), "hold too little to be tagged")
        best = np.argsort(-table, axis=1, kind="stable")[:, :k]
        return [
            [] if np.isnan(row).any() else [(labels[i], float(row[i])) for i in order]
            for row, order in zip(table, best, strict=True)
        ]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the units of `output`; none where units have no meaning of their own."""
        return tuple(self._card().labels.get(self.output, ()))

    @property
    def _pooled_by(self) -> Sequence[str]:
        """The statistics over patches."""
        return DEFAULT_STATS if self.stats is None else self.stats

    def _with_means(self) -> CNNEmbedding:
        """The same with nothing but means."""
        return CNNEmbedding(**{**self.get_params(deep=False), "stats": ("mean",)})

    def _card(self) -> ModelCard:
        """The network's card, all parameters checked against it."""
        card = get_card(self.model)
        check_choice("output", self.output, card.outputs)
        check_number("patch_hop", self.patch_hop, above=0)
        if self.max_patches is not None:
            check_integer("max_patches", self.max_patches, minimum=1)
        if self.sr is not None:
            check_number("sr", self.sr, above=0)
        check_stats(self._pooled_by)
        fitted_with = getattr(self, "sha256_", card.sha256)
        if fitted_with != card.sha256:
            raise ValueError(
                f"fitted with a network of SHA-256 {fitted_with}, but {self.model!s} here is "
                f"{card.sha256}: use the version it was fitted with, or fit a clone of it"
            )
        return card

    def pooled(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The wanted statistics over patches.

        Parameters
        ----------
        values : ndarray of shape (n_patches, n_units)
            Answers to patches, such as some of `patches`.

        Returns
        -------
        ndarray of shape (n_columns,)
            A row of features.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import CNNEmbedding
        >>> CNNEmbedding(stats=["max"]).pooled(np.eye(3)).tolist()
        [1.0, 1.0, 1.0]
        """
        return select(pool(values.T), check_stats(self._pooled_by))

    def _answers(self, spectra: Spectra) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times and values of the patches of one track."""
        listener = Listener(self._card())
        how = (spectra, [self.output], self.patch_hop, self.max_patches)
        times, answers = listener.answers(*how)
        return times, answers[self.output]

    def _named_parts(self) -> list[tuple[str, Part]]:
        return [(self._prefix, self)]

    def _inherited(self) -> Frontend:
        return Frontend()

    # The Part protocol, so that it can stand in AudioFeatures and in `extract`.
    def frontend(self, inherited: Frontend) -> Frontend:
        """The network's own front end at the enclosing place; part of the `Part` protocol."""
        listener = Listener(self._card())
        around = replace(
            inherited,
            offset=inherited.offset if self.offset is None else self.offset,
            duration=inherited.duration if self.duration is None else self.duration,
            array_sr=inherited.rates[1] if self.sr is None else self.sr,
        )
        return listener.frontend(around)

    def requests(self) -> tuple[Request, ...]:
        """What it reads of the spectra; part of the `Part` protocol."""
        return Listener(self._card()).requests()

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """All statistics of all outputs over patches; part of the `Part` protocol."""
        # The other outputs cost nothing, and the network runs no second time for them.
        card = self._card()
        how = (spectra, list(card.outputs), self.patch_hop, self.max_patches)
        _, answers = Listener(card).answers(*how)
        return pool(np.hstack([answers[name] for name in card.outputs]).T)

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """The wanted statistics of `output`; part of the `Part` protocol."""
        outputs = self._card().outputs
        before = list(outputs)[: list(outputs).index(self.output)]
        first = sum(outputs[name] for name in before)
        own = description[first : first + outputs[self.output]]
        return select(own, check_stats(self._pooled_by))

    def columns(self, name: str) -> list[str]:
        """Names of the columns under a name; part of the `Part` protocol."""
        units = [f"_{label}" for label in self.labels]
        units = units or [str(i) for i in range(self._card().outputs[self.output])]
        return [f"{name}{unit}_{stat}" for unit in units for stat in self._pooled_by]

    def key(self) -> tuple[Any, ...]:
        """What a cached description depends on; part of the `Part` protocol."""
        settings = (float(self.patch_hop), self.max_patches)
        return type(self).__name__, *Listener(self._card()).key(), settings


def check_network(embedding: CNNEmbedding) -> None:
    """Refuse one that was saved with a network that goes by the same name but is another.

    Parameters
    ----------
    embedding : CNNEmbedding
        Read from a file, nothing in it checked.

    Raises
    ------
    ValueError
        If the SHA-256 that it was fitted with is not that of the network here.
    """
    model = vars(embedding).get("model")
    # The path of a card, which a hostile file could point anywhere, is opened at first use only.
    if "sha256_" in vars(embedding) and isinstance(model, str) and not model.endswith(".json"):
        embedding._card()
