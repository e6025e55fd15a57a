"""From files to genres in one object."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from genrekit._validation import check_choice, check_integer, did_you_mean
from genrekit.exceptions import AudioDecodeError, GenrekitWarning, TrackError
from genrekit.features import AudioFeatures
from genrekit.features._base import AudioExtractor, read_tracks
from genrekit.features._tracks import label
from genrekit.models._pipelines import make_classifier, make_reducer, with_running

__all__ = ["GenreClassifier"]

# Tracks longer than this many times the median of the training are warned about.
_LONG = 2.0
# Inner folds of the calibration, where there are tracks enough.
_FOLDS = 5
_RUNNING = ("on_error", "n_jobs", "memory", "decoder", "verbose")


class GenreClassifier(ClassifierMixin, BaseEstimator):
    """Audio files in, genres out: features, scaling and a calibrated classifier in one object.

    Parameters
    ----------
    model : {"svm", "rf", "knn"} or classifier, default="svm"
        What decides: a support vector machine (RBF kernel, C = 10), a random forest of 500
        trees, five nearest neighbours, or any scikit-learn classifier.
    features : str, list or transformer, default="standard"
        What to compute of each track: a named set or list as in `AudioFeatures`, or a
        transformer of tracks with parameters of its own.
    reducer : None, "pca", int, float or transformer, default=None
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
        Whether to calibrate the probabilities by a sigmoid, fitted on inner folds that never
        split a track or a group.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded does: stop everything, or be left out of `fit` (see
        ``fit_errors_``) and predicted as None with probabilities NaN.
    memory : str, path or joblib.Memory, optional
        Where to keep features, one entry a track.
    n_jobs : int, optional
        Tracks worked on at the same time; None means 1, -1 all cores.
    random_state : int, RandomState instance or None, optional
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
        Steps ``scale``, ``reduce``, ``clf``, fitted on the rows that decoded.
    fit_errors_ : list of TrackError
        Tracks that were left out of `fit`.
    median_seconds_ : float
        Median length of the training tracks; NaN when the transformer does not tell.
    n_features_in_ : int
        Samples in a row, when fitted on a 2-D array.

    See Also
    --------
    genrekit.make_svm_pipeline : A plain pipeline of the same steps.

    Notes
    -----
    `fit` takes ``groups`` (what must not be split between inner folds, such as the artist) and
    ``sample_weight`` as keywords, and as metadata (``set_fit_request``).

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
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.decoder = decoder
        self.verbose = verbose

    def fit(self, X: Any, y: Any, **fit_params: Any) -> GenreClassifier:
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
        y, groups, sample_weight = _read_labels(len(tracks), y, fit_params)
        # Before the long work, so that a wrong name costs no time.
        model = make_classifier(self.model, n_jobs=self.n_jobs, random_state=self.random_state)
        model, reducer = clone(model), make_reducer(self.reducer, self.random_state)
        self.features_ = self._running(self._make_features())
        table, self.fit_errors_, seconds = self._rows(self.features_.fit(X), X, tracks)
        usable: NDArray[np.bool_] = np.asarray(~np.isnan(table).any(axis=1))
        if sample_weight is not None:
            usable &= sample_weight != 0  # such a track has no say in what genres there are
        _check_genres(y[usable], " without what can't be decoded or has sample_weight 0")
        self.median_seconds_ = float(np.median(seconds[usable]))
        self.classes_ = np.unique(y[usable])
        groups = _track_groups(tracks) if groups is None else groups
        weights = {} if sample_weight is None else {"clf__sample_weight": sample_weight[usable]}
        classifier = self._calibrated(model, y[usable], groups[usable])
        steps = [("scale", StandardScaler()), ("reduce", reducer), ("clf", classifier)]
        # The weights have arrived: inside, nobody need ask for them again.
        with config_context(enable_metadata_routing=False):
            self.pipeline_ = Pipeline(steps).fit(table[usable], y[usable], **weights)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable genre of each track.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_tracks,)
            Genres; with ``on_error="nan"`` None for a track that can't be decoded.
        """
        return self._decide(self.predict_proba(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each genre.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_tracks, n_classes)
            Probabilities in the order of ``classes_``; with ``on_error="nan"`` a row of NaN for
            a track that can't be decoded.
        """
        check_is_fitted(self)
        tracks = read_tracks(self, X, reset=False)
        table, _, seconds = self._rows(self._running(self.features_), X, tracks)
        self._warn_if_long(seconds)
        usable = ~np.isnan(table).any(axis=1)
        proba = np.full((len(table), len(self.classes_)), np.nan)
        if usable.any():
            proba[usable] = _probabilities(self.pipeline_, table[usable])
        return proba

    def top_k(self, X: Any, k: int = 3) -> list[list[tuple[Any, float]]]:
        """The most probable genres of each track with their probabilities.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.
        k : int, default=3
            How many.

        Returns
        -------
        list of list of (genre, float)
            Most probable first; an empty list for a track that can't be decoded.
        """
        check_integer("k", k, minimum=1)
        proba = self.predict_proba(X)
        best = np.argsort(-proba, axis=1, kind="stable")[:, :k]
        genres = self.classes_.tolist()
        return [
            [] if np.isnan(row).any() else [(genres[i], float(row[i])) for i in order]
            for row, order in zip(proba, best, strict=True)
        ]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of tracks whose genre is found; one that can't be decoded counts as wrong.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.
        y : array-like of shape (n_tracks,)
            The genres.
        sample_weight : array-like of shape (n_tracks,), optional
            Weight of each track.

        Returns
        -------
        float
            Accuracy, between 0 and 1.
        """
        predicted = self.predict(X)
        y = column_or_1d(y, warn=True)
        _check_lengths(len(predicted), y=y, sample_weight=sample_weight)
        hits = [found == true for found, true in zip(predicted, y, strict=True)]
        return float(np.average(hits, weights=sample_weight))

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

    def set_params(self, **params: Any) -> GenreClassifier:
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
        _check_names(params, self.get_params(deep=False))
        nested = {name[10:]: params[name] for name in params if name.startswith("features__")}
        own = {name: value for name, value in params.items() if not name.startswith("features__")}
        # Whole parameters first, so that those of the model reach the one set beside them.
        super().set_params(**{name: value for name, value in own.items() if "__" not in name})
        for name in own:
            _check_settable(name, getattr(self, name.partition("__")[0]))
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

    def __sklearn_tags__(self) -> Any:
        """Takes audio collections and 2-D arrays."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

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
        check_choice("on_error", self.on_error, ("raise", "nan"))
        running = {name: getattr(self, name) for name in _RUNNING}
        return with_running(features, **running)

    def _rows(
        self, features: Any, X: Any, tracks: Sequence[Any]
    ) -> tuple[NDArray[np.float64], list[TrackError], NDArray[np.float64]]:
        """Rows, failures and lengths of tracks; a transformer that is not ours tells no lengths."""
        if isinstance(features, AudioExtractor):
            return features._extract(X)
        table = np.asarray(features.transform(X), dtype=np.float64)
        failed = np.flatnonzero(np.isnan(table).any(axis=1)).tolist()
        errors = [TrackError(i, label(tracks[i], i), "its features are NaN") for i in failed]
        if errors and self.on_error == "raise":
            raise AudioDecodeError(errors[0].path, errors[0].reason)
        return table, errors, np.full(len(table), np.nan)

    def _calibrated(self, model: Any, y: NDArray[Any], groups: NDArray[Any]) -> Any:
        """The classifier, calibrated on folds that keep groups together where there are enough."""
        splits = _inner_splits(y, groups, self.random_state) if self.calibrate else []
        if isinstance(self.model, str) and self.model == "knn":
            # No more neighbours than the smallest training part has tracks.
            fewest = min((len(train) for train, _ in splits), default=len(y))
            model.set_params(n_neighbors=min(model.n_neighbors, fewest))
        if not self.calibrate:
            return model
        if not splits:
            message = (
                "the smallest genre has too few tracks (or groups) to calibrate probabilities: "
                "they are the classifier's own. Add tracks, two of each genre at the least"
            )
            warnings.warn(message, GenrekitWarning, stacklevel=3)
            return model
        if len(splits) < _FOLDS:
            message = (
                f"the smallest genre has tracks (or groups) for {len(splits)} inner folds only: "
                f"probabilities, and with them the genres, rest on little. Add tracks ({_FOLDS} of "
                "each genre or more), or set calibrate=False"
            )
            warnings.warn(message, GenrekitWarning, stacklevel=3)
        return CalibratedClassifierCV(model, method="sigmoid", cv=splits, ensemble=False)

    def _decide(self, proba: NDArray[np.float64]) -> NDArray[Any]:
        """The most probable genres; None for rows of NaN."""
        failed: NDArray[np.bool_] = np.asarray(np.isnan(proba).any(axis=1))
        chosen = self.classes_[np.where(failed[:, np.newaxis], 0.0, proba).argmax(axis=1)]
        if failed.any():
            chosen = chosen.astype(object)
            chosen[failed] = None
        return chosen

    def _warn_if_long(self, seconds: NDArray[np.float64]) -> None:
        """Statistics of a whole song differ from those of the clips a model was trained on."""
        long = int(np.sum(seconds > _LONG * self.median_seconds_))
        if long:
            message = (
                f"{long} of {len(seconds)} tracks are over {_LONG:g} times as long as the median "
                f"of the training ({self.median_seconds_:.1f} s): set duration (and offset) to "
                "read as much of each as the training had"
            )
            warnings.warn(message, GenrekitWarning, stacklevel=4)


def _check_names(params: Iterable[str], known: Iterable[str]) -> None:
    """Nested names up to the first ``__``; what follows is checked by its owner."""
    for name in params:
        if name.partition("__")[0] not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f"GenreClassifier has no parameter {name!r}: {hint}")


def _check_settable(name: str, owner: Any) -> None:
    """``model__C`` needs a model: a short name such as "svm" has no parameters."""
    if "__" in name and not hasattr(owner, "set_params"):
        first, _, rest = name.partition("__")
        raise ValueError(
            f"{name!r} can't be set while {first} is {owner!r}: pass an object that has the "
            f"parameter {rest!r} as {first}, such as SVC(C=1.0) as model"
        )


def _read_labels(n_tracks: int, y: Any, fit_params: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Genres, ``groups`` and ``sample_weight``, the latter two arrays or None; all checked."""
    known = ("groups", "sample_weight")
    for name in fit_params:
        if name not in known:
            raise TypeError(f"fit has no parameter {name!r}: {did_you_mean(name, known)}")
    given = {name: np.asarray(v) for name, v in fit_params.items() if v is not None}
    y = column_or_1d(y, warn=True)
    _check_lengths(n_tracks, y=y, **given)
    check_classification_targets(y)
    _check_genres(y)
    return y, given.get("groups"), given.get("sample_weight")


def _check_lengths(n_tracks: int, **labels: Any) -> None:
    """One label and one weight a track."""
    for name, values in labels.items():
        if values is not None and np.shape(values) != (n_tracks,):
            shape = np.shape(values)
            raise ValueError(f"{name} has shape {shape}, X holds {n_tracks} tracks: one a track")


def _check_genres(y: NDArray[Any], left_out: str = "") -> None:
    """At least two genres are needed to tell them apart."""
    genres = np.unique(y).tolist()
    if len(genres) < 2:
        found = f" ({genres[0]!r})" if genres else ""
        raise ValueError(
            f"y holds {len(genres)} class{'es' if not genres else ''}{found}{left_out}: a "
            "classifier needs tracks of more than one class"
        )


def _track_groups(tracks: Sequence[Any]) -> NDArray[np.int64]:
    """One group a track; a path that stands twice is one track."""
    seen: dict[Any, int] = {}
    keys = (
        os.path.realpath(track) if isinstance(track, (str, os.PathLike)) else i
        for i, track in enumerate(tracks)
    )
    return np.array([seen.setdefault(key, len(seen)) for key in keys])


def _inner_splits(
    y: NDArray[Any], groups: NDArray[Any], random_state: Any
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Folds that keep groups together and show every genre to every training part."""
    # Shuffled, for files come sorted by album; the same way each time unless a seed says otherwise.
    seed = 0 if random_state is None else random_state
    genres = np.unique(y)
    smallest = min(len(np.unique(groups[y == genre])) for genre in genres)
    for n_splits in range(min(_FOLDS, smallest), 1, -1):
        folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
        splits = list(folds.split(y, y, groups))
        if all(len(np.unique(y[train])) == len(genres) for train, _ in splits):
            return splits
    return []


def _probabilities(pipeline: Pipeline, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The classifier's probabilities, or a softmax of its scores where it has none."""
    if hasattr(pipeline, "predict_proba"):
        return pipeline.predict_proba(table)
    scores = pipeline.decision_function(table)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores]) / 2
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)
