"""What a pretrained network makes of a track, as features."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.engine import (
    AudioExtractor,
    as_track,
    content,
    read_tracks,
    warn_of_tracks,
)
from genrekit.networks._part import EmbeddingPart, top_tags
from genrekit.networks._registry import get_card
from genrekit.spectra import Frontend, Part, Spectra

__all__ = ["CNNEmbedding", "check_network"]

_RUNNING = ("n_jobs", "decoder", "on_error", "verbose")


class CNNEmbedding(EmbeddingPart, AudioExtractor):
    """Outputs of a pretrained network over a track, pooled: a transformer of tracks.

    A track is cut into patches of a few seconds, the network answers to each, and the statistics
    over patches are the features. With ``output="tags"`` and ``stats=("mean",)`` it is a tagger.
    It can stand beside other features in `AudioFeatures`, which decodes each track once for all.

    Parameters
    ----------
    model : str or path-like, default="msd-musicnn"
        The network: a name of ``genrekit.networks.list_models()``, or the path of a model card, see
        `ModelCard`. "yamnet" has to be fetched first: ``genrekit models --fetch yamnet``.
    output : str, default="tags"
        Which of its outputs. "msd-musicnn" has "tags" (50, with names), "penultimate" (200),
        "mean_pool" and "max_pool" (753); "yamnet" has "tags" (521, with names) and "penultimate"
        (1024).
    patch_hop : float or "auto", default="auto"
        Distance between patches, seconds, rounded down to what the network counts in. Closer ones
        overlap, and cost more than they tell. "auto" means as the network's card says: 3.0, of
        "yamnet" 0.48.
    max_patches : int, None or "auto", default="auto"
        How many patches of a long track: they are spread evenly over it. None takes every one.
        "auto" means as the network's card says: 12, of "yamnet" every one.
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

    def __init__(
        self,
        model: str | os.PathLike[str] = "msd-musicnn",
        *,
        output: str = "tags",
        patch_hop: float | str = "auto",
        max_patches: int | str | None = "auto",
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
        super().__init__(
            model=model,
            output=output,
            patch_hop=patch_hop,
            max_patches=max_patches,
            stats=stats,
            sr=sr,
            offset=offset,
            duration=duration,
        )
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
        spectra, remark = plan.spectra(content(track), self.decoder)
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
        return super().frames(track) if isinstance(track, Spectra) else self.patches(track)[1].T

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
        tracks = read_tracks(self, X, reset=False)
        running = {name: getattr(self, name) for name in _RUNNING}
        return top_tags(self, tracks, k, self.memory, **running)

    def _named_parts(self) -> list[tuple[str, Part]]:
        return [(self._prefix, self)]

    def _inherited(self) -> Frontend:
        return Frontend()


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
