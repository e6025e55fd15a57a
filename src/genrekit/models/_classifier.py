"""From files to genres in one object."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from genrekit._validation import check_running
from genrekit.audio import Remark
from genrekit.engine import AudioExtractor, Described, label, read_tracks
from genrekit.exceptions import AudioDecodeError, TrackError
from genrekit.features import AudioFeatures
from genrekit.heads import (
    PRETRAINED,
    Answers,
    check_learnt,
    check_names,
    check_settable,
    check_share,
    fit_head,
    head_probabilities,
    level,
    make_classifier,
    make_reducer,
    on_usable,
    read_head,
    read_labels,
    track_groups,
)
from genrekit.models._novelty_mixin import NoveltyMixin
from genrekit.models._pipelines import with_running
from genrekit.models._timeline import Timeline
from genrekit.models._timeline_rows import check_lengths, timeline_rows
from genrekit.models._track_classifier import TrackClassifierMixin
from genrekit.models._unheard import find_unheard, warn_if_long
from genrekit.networks import CNNEmbedding

__all__ = ["GenreClassifier"]

_COLUMNS = ("n_features_in_", "feature_names_in_")
_HEARD = ("sr", "offset", "duration")
_HEAD = ("model", "reducer", "calibrate", "class_weight", "n_jobs", "random_state")
_RUNNING = ("on_error", "n_jobs", "memory", "decoder", "verbose")


class GenreClassifier(NoveltyMixin, TrackClassifierMixin, BaseEstimator):
    """Audio files in, genres out: features, scaling and a calibrated classifier in one object.

    `from_pretrained` gives one that is ready; `fit` makes one for genres of your own.

    Parameters
    ----------
    model : {"svm", "rf", "knn", "logreg"} or classifier, default="svm"
        What decides: a support vector machine (RBF kernel, C = 10), a random forest of 500
        trees, five nearest neighbours, logistic regression (C = 0.1), or any scikit-learn
        classifier.
    features : str, list or transformer, default="standard"
        What to compute of each track: a named set or list as in `AudioFeatures`, or a
        transformer of tracks with parameters of its own.
    reducer : "pca", int, float or transformer, optional
        Fewer columns: None keeps all; a number is the components of a `PCAReducer`.
    sr : float, default=22050
        Sampling rate, Hz: files and ``(y, sr)`` pairs are resampled to it, bare arrays are taken
        to be at it. With a transformer as `features` its own holds.
    offset : float, default=0.0
        Where to begin in each track, seconds. With a transformer as `features` its own holds.
    duration : float, optional
        How much of each track to read, seconds; None means all. Minima, maxima and spreads
        depend on it: read as much of a song as the training tracks had.
    calibrate : bool, default=True
        Whether to calibrate the probabilities on inner folds that never split a track or a
        group: those of an `SVC` or a `LogisticRegression` by one factor on its scores, others by
        a sigmoid a genre.
    class_weight : dict or "balanced", optional
        Weight of each genre in what decides, for genres of unequal size: "balanced" makes up for
        their numbers. A model that takes none, such as "knn", heeds them in its calibration
        only, and is an error with ``calibrate=False``.
    reject_below : float, optional
        The probability under which `predict` says "unknown" rather than the most probable genre,
        or -1 where genres are numbers. `score` counts that as wrong, unless it is the label.
    reject_novel : float, optional
        The `novelty` above which `predict` says the same; over the embedding of a network only.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded does: stop everything, or be left out of `fit` (see
        ``fit_errors_``) and predicted as None with probabilities NaN.
    memory : str, path or joblib.Memory, optional
        Where to keep features, one entry a track.
    n_jobs : int, optional
        Tracks worked on at the same time; None means 1, -1 all cores.
    random_state : int or RandomState instance, optional
        Seed of the forest and of the inner folds.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``.
    verbose : int, default=0
        Above 0: a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The genres.
    features_ : transformer
        Turns tracks into rows.
    pipeline_ : Pipeline
        Steps ``scale``, ``reduce`` if there is a `reducer`, and ``clf``, fitted on the rows that
        decoded. ``skl2onnx.to_onnx`` takes it.
    fit_errors_ : list of TrackError
        Tracks that were left out of `fit`.
    median_seconds_ : float
        Median length of the training tracks; NaN when that is not known.
    novelty_ : dict of str to ndarray
        What `novelty` is measured by; None unless the features are an embedding.
    n_features_in_ : int
        Samples in a row, when fitted on a 2-D array.
    n_samples_ : int
        Samples that describe a row beside its features: 0, but for rows shorter than a hop.

    See Also
    --------
    genrekit.make_genre_pipeline : A plain pipeline of the same steps.

    Notes
    -----
    `fit` takes ``groups`` (what must not be split between inner folds, such as the artist) and
    ``sample_weight`` as keywords, and as metadata (``set_fit_request``).

    Rows of a 2-D array that are shorter than `hop_length` of the features have no spectrum to speak
    of: they are described by their samples as well.

    scikit-learn's metrics take no None and no NaN: with ``on_error="nan"`` and files that may be
    broken leave ``scoring`` at its default in `cross_val_score` or a search, which asks `score`,
    or use `genrekit.evaluation.cross_validate_genres`.

    Examples
    --------
    >>> from genrekit import GenreClassifier, make_tracks
    >>> tracks = make_tracks(6, genres=["drone", "pulse"], duration=2.0)
    >>> X = [(y, tracks.sr) for y in tracks.waveforms]
    >>> clf = GenreClassifier(random_state=0).fit(X, tracks.target)
    >>> clf.predict(X[:1]).tolist()
    ['drone']
    >>> clf.predict_proba(X[:1]).shape
    (1, 2)
    """

    __metadata_request__fit = {"groups": None, "sample_weight": None}
    # Files saved before there were such have none.
    class_weight: Any = None
    reject_novel: Any = None
    n_samples_: int = 0

    def __init__(
        self,
        model: Any = "svm",
        features: Any = "standard",
        *,
        reducer: Any = None,
        sr: float = 22050,
        offset: float = 0.0,
        duration: float | None = None,
        calibrate: bool = True,
        class_weight: Any = None,
        reject_below: float | None = None,
        reject_novel: float | None = None,
        on_error: str = "raise",
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        decoder: Any = None,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.features = features
        self.reducer = reducer
        self.sr = sr
        self.offset = offset
        self.duration = duration
        self.calibrate = calibrate
        self.class_weight = class_weight
        self.reject_below = reject_below
        self.reject_novel = reject_novel
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.decoder = decoder
        self.verbose = verbose

    @classmethod
    def from_pretrained(cls, name: str = PRETRAINED[0], **overrides: Any) -> Self:
        """A fitted classifier that comes with genrekit.

        Its parameters are those it was made with, so that `sklearn.base.clone` and `fit` train
        the same recipe on genres of your own.

        Parameters
        ----------
        name : {"genres", "gtzan10", "msd-genres"}, default="genres"
            "genres": blues, classical, country, disco, electronic, folk, hip-hop, jazz, metal,
            pop, reggae, rock, soul. "gtzan10": the ten genres of GTZAN. "msd-genres": eleven that
            the network's own tags stand for. See the model cards in the documentation for what
            they were trained on and where they fail.
        **overrides
            Further parameters, such as ``n_jobs``, ``on_error`` or ``reject_novel``. `sr`, the
            sampling rate of bare arrays, `offset` and `duration` reach the features, and so do
            parameters that only those have, ``patch_hop=0.5``. ``features=`` is a `CNNEmbedding`
            of the same network.

        Returns
        -------
        classifier
            Ready to predict.

        Raises
        ------
        TypeError
            For a parameter that there is not, another `model`, a `reducer`, or features of
            another kind: what is trained stays as it is.
        ValueError
            For a `name` that there is not, or features with columns that the classifier was not
            trained on, such as ``output="max_pool"``.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import GenreClassifier
        >>> clf = GenreClassifier.from_pretrained()
        >>> clf.classes_[:3].tolist()
        ['blues', 'classical', 'country']
        >>> noise = np.random.default_rng(0).standard_normal(5 * 22050)
        >>> clf.predict_proba([(noise, 22050)]).shape
        (1, 13)
        """
        head = read_head(name)
        for trained in ("model", "reducer"):
            if overrides.get(trained) is not None:
                raise TypeError(
                    f"{trained} can't be overridden, for {name!r} is trained as it is: fit a "
                    f"PretrainedCNNClassifier({trained}=…)"
                )
        own = cls().get_params(deep=False)
        heard = {
            key.removeprefix("features__"): value
            for key, value in overrides.items()
            if key in _HEARD or key not in own
        }
        features = head.embedding(overrides.pop("features", None), **heard)
        params = {key: value for key, value in overrides.items() if key in own}
        classifier = cls(head.model, features, **params)
        classifier.features_ = clone(features)
        classifier.features_.sha256_ = head.sha256
        classifier.pipeline_, classifier.classes_ = head.pipeline(), head.genres
        classifier.novelty_ = head.novelty_numbers()
        classifier.fit_errors_, classifier.median_seconds_ = [], float("nan")
        return classifier

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Learn genres from labelled tracks.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            Paths, bytes, file objects, waveforms at `sr`, ``(y, sr)`` pairs; or a 2-D array with
            one waveform in each row.
        y : array-like of shape (n_tracks,)
            The genres.
        **fit_params
            ``groups`` and ``sample_weight``, both array-like of shape (n_tracks,).

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        AudioDecodeError
            With ``on_error="raise"``, for the first track that can't be decoded.
        ValueError
            If `y` has another length, holds one genre only, or a parameter is unknown.
        """
        tracks = read_tracks(self, X, reset=True)
        y, groups, sample_weight = read_labels(len(tracks), y, fit_params)
        self._check_params()  # before the long work, so that a wrong name costs no time
        self.features_ = self._running(self._make_features())
        table, self.fit_errors_, seconds, _ = self._fit_features(X, tracks)
        self.n_samples_ = self._samples_beside()
        table = self._with_samples(table, tracks)
        usable = check_learnt(y, np.asarray(~np.isnan(table).any(axis=1)), sample_weight)
        self.median_seconds_ = float(np.median(seconds[usable]))
        self.classes_ = np.unique(y[usable])
        groups = track_groups(tracks) if groups is None else groups
        weights = None if sample_weight is None else sample_weight[usable]
        head = {name: getattr(self, name) for name in _HEAD}
        learnt = table[usable], y[usable], groups[usable], weights
        self.pipeline_ = fit_head(*learnt, **head)
        self.novelty_ = self._fit_novelty(*learnt)
        return self

    def _timeline(self, track: Any, window: float | None, hop: float | None) -> Timeline:
        """Segments, one beginning a hop after the other."""
        window = 5.0 if window is None else window
        check_lengths(window, window if hop is None else hop)
        hop = min(1.0, window) if hop is None else hop
        if self.n_samples_:
            raise ValueError(
                f"fitted on rows of {self.n_samples_} samples: nothing so short has a timeline; "
                "ask predict_proba of a 2-D array"
            )
        features = self._running(self.features_)
        times, table, remark = timeline_rows(features, track, window, hop, sr=self.sr)
        unheard = find_unheard(features, [track], [remark])
        proba = level(head_probabilities(self.pipeline_, table), np.repeat(unheard, len(table)))
        return Timeline(times, proba, self.classes_, window)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters, and those of a named set of features as ``features__part__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include those of nested objects.

        Returns
        -------
        dict
            Parameters by name.
        """
        params: dict[str, Any] = super().get_params(deep=deep)
        if deep and not hasattr(self.features, "get_params"):
            inner = self._named_features().get_params(deep=True)
            params.update({f"features__{name}": value for name, value in inner.items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``features__mfcc__n_mfcc=13`` turns a named set into its parts.

        Parameters
        ----------
        **params
            Parameters by name.

        Returns
        -------
        self
            The classifier.
        """
        check_names(self, params, self.get_params(deep=False))
        nested = {name[10:]: params[name] for name in params if name.startswith("features__")}
        own = {name: value for name, value in params.items() if not name.startswith("features__")}
        # Whole parameters first, so that those of the model reach the one set beside them.
        super().set_params(**{name: value for name, value in own.items() if "__" not in name})
        for name in own:
            check_settable(name, getattr(self, name.partition("__")[0]))
        super().set_params(**own)
        if nested:
            self._set_features(nested)
        return self

    def _set_features(self, params: dict[str, Any]) -> None:
        """Set parameters of the features, and of the parts of a named set or list."""
        if hasattr(self.features, "set_params"):
            self.features.set_params(**params)
            return
        features = self._named_features()
        # Only its parts are kept where that will do: sr, offset and duration of the classifier
        # then still hold.
        only_parts = params.keys().isdisjoint(features.get_params(deep=False))
        features.set_params(**params)
        self.features = features.features if only_parts else features

    def _named_features(self) -> AudioFeatures:
        """`AudioFeatures` of a named set or list, with the front end of this classifier."""
        return AudioFeatures(self.features, sr=self.sr, offset=self.offset, duration=self.duration)

    def _make_features(self) -> Any:
        """The transformer, not fitted."""
        if hasattr(self.features, "transform"):
            return clone(self.features)
        return self._named_features()

    def _running(self, features: Any) -> Any:
        """The transformer run as is said now: after `fit`, or `load`, that may have changed."""
        check_running(self.on_error, self.n_jobs)
        running = {name: getattr(self, name) for name in _RUNNING}
        return with_running(features, **running)

    def _answer(self, X: Any) -> Answers:
        """Probabilities, and which tracks have nothing to be judged by."""
        check_is_fitted(self)
        tracks = read_tracks(self, X, reset=False)
        features = self._running(self.features_)
        table, _, seconds, remarks = self._rows(features, X, tracks)
        table = self._with_samples(table, tracks)
        if not isinstance(self.features_, CNNEmbedding):  # which takes as many patches of any song
            warn_if_long(seconds, self.median_seconds_)
        usable = np.asarray(~np.isnan(table).any(axis=1))
        decide = partial(head_probabilities, self.pipeline_)
        proba = on_usable(table, usable, decide, self.classes_.shape)
        unheard = find_unheard(features, tracks, remarks)
        novelty = self._novelty_of(table, usable & ~unheard)
        return Answers(level(proba, unheard), unheard, novelty=novelty, remarks=remarks)

    def _fit_features(self, X: Any, tracks: Sequence[Any]) -> Described:
        """Fit the transformer of tracks, and what is known of them."""
        if not isinstance(self.features_, AudioExtractor):
            return self._rows(self.features_.fit(X), X, tracks)
        for name in _COLUMNS:  # it is as if it had read X itself
            if hasattr(self, name):
                setattr(self.features_, name, getattr(self, name))
        return self.features_._fit_extract(tracks)

    def _rows(self, features: Any, X: Any, tracks: Sequence[Any]) -> Described:
        """What is known of tracks; a transformer that is not ours tells no more than rows."""
        if isinstance(features, AudioExtractor):
            return features._extract(tracks)
        table = np.asarray(features.transform(X), dtype=np.float64)
        failed = np.flatnonzero(np.isnan(table).any(axis=1)).tolist()
        errors = [TrackError(i, label(tracks[i], i), "its features are NaN") for i in failed]
        if errors and self.on_error == "raise":
            raise AudioDecodeError(errors[0].path, errors[0].reason)
        return Described(table, errors, np.full(len(table), np.nan), [Remark(0)] * len(table))

    def _with_samples(self, table: NDArray[Any], tracks: Sequence[Any]) -> NDArray[Any]:
        """The table, and beside it the samples of rows that are shorter than a hop."""
        if not self.n_samples_:
            return table
        if any(np.shape(track) != (self.n_samples_,) for track in tracks):
            raise ValueError(f"fitted on rows of {self.n_samples_} samples: pass a 2-D array")
        return np.hstack([table, tracks])

    def _samples_beside(self) -> int:
        """How many samples are described beside features: those of rows without a spectrum."""
        hop_length = getattr(self.features_, "hop_length", None) or 0
        n_samples = getattr(self, "n_features_in_", hop_length)
        return n_samples if n_samples < hop_length else 0

    def _check_params(self) -> None:
        """What can be checked before anything is read."""
        # Calibration heeds weights that a classifier itself can't.
        make_classifier(self.model, class_weight=None if self.calibrate else self.class_weight)
        make_reducer(self.reducer)
        check_share("reject_below", self.reject_below)
        check_share("reject_novel", self.reject_novel)
