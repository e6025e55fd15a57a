"""Tracks in, genres out, by way of the tracks' segments."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from genrekit._validation import check_choice, check_running
from genrekit.audio import Remark
from genrekit.engine import RECENT, Described, held, read_tracks, warn_of_short, warn_of_tracks
from genrekit.exceptions import AudioContentWarning, warn_caller
from genrekit.heads import (
    Answers,
    ask_for_groups,
    ask_for_weights,
    check_learnt,
    check_share,
    group_folds,
    level,
    probabilities,
    read_labels,
    splits_inside,
    track_groups,
)
from genrekit.models._cutting import AGGREGATES, Cutter
from genrekit.models._timeline import Timeline
from genrekit.models._timeline_rows import check_lengths
from genrekit.models._track_classifier import TrackClassifierMixin
from genrekit.models._unheard import find_unheard

__all__ = ["SegmentClassifier"]


class SegmentClassifier(MetaEstimatorMixin, TrackClassifierMixin, BaseEstimator):
    """Classify tracks by their segments: each is classified, and together they decide.

    Tracks go in and tracks come out, so that a split of the samples is a split of tracks:
    segments of one track never stand in both training and test. The same holds for folds inside
    `estimator`.

    Parameters
    ----------
    estimator : classifier
        Classifies segments. Any classifier of tracks: a `GenreClassifier`, a pipeline such as
        `make_svm_pipeline` gives, or a search over one.
    segment_duration : float, default=3.0
        Length of a segment, seconds.
    segment_hop : float, optional
        From the start of a segment to that of the next, seconds; None means `segment_duration`,
        less makes them overlap.
    aggregate : {"mean", "vote", "logmean", "max"}, default="mean"
        How segments decide: by the mean of their probabilities; by the share of segments that
        each genre wins (the first in ``classes_`` wins a tie); by the geometric mean of their
        probabilities, those under 1e-6 counting as 1e-6; or by each genre's greatest.
    pad : float, default=0.1
        The last segment of a track is filled with silence if at most this share of it is missing,
        and left out otherwise: 0 never pads, 1 always. A track shorter than one segment is always
        filled.
    sr : float, default=22050
        Sampling rate at which tracks are cut, Hz: files and ``(y, sr)`` pairs are resampled to
        it, bare arrays are taken to be at it. If `estimator` works at another rate, it resamples
        segments.
    offset : float, default=0.0
        Where to begin in each track, seconds.
    duration : float, optional
        How much of each track to cut, seconds; None means all.
    reject_below : float, optional
        The probability under which `predict` says "unknown" rather than the most probable genre
        of the track, or -1 where genres are numbers. One in `estimator` is about segments, and
        heeded with "vote" only.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded does: stop everything, or be left out of `fit` (see
        ``fit_errors_``) and predicted as None with probabilities NaN.
    memory : str, path or joblib.Memory, optional
        Where to keep the lengths of tracks, so that they need not be decoded for it again. The
        features' own `memory`, set in `estimator`, has an entry a segment.
    n_jobs : int, optional
        Tracks measured at the same time; None means 1, -1 all cores. Features have their own.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``; one in
        `estimator` is not used.
    verbose : int, default=0
        Above 0: a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The genres.
    estimator_ : classifier
        The clone of `estimator` that was fitted on segments.
    fit_errors_ : list of TrackError
        Tracks that were left out of `fit`.
    n_features_in_ : int
        Samples in a row, when fitted on a 2-D array.

    See Also
    --------
    GenreClassifier : Describes each track as a whole.

    Notes
    -----
    A segment of a file is read when its features are computed, and cut from the track as decoded
    and resampled whole. The waveforms decoded last are kept meanwhile, up to 256 MB in each
    process, so that the segments of a track share one decode; where there are more tracks than
    that, another one measures their lengths. Those of 12 minutes and more (at 22050 Hz) wait in
    temporary files of 4 bytes a sample, two or three at a time.

    `fit` takes ``groups`` (what must not be split between inner folds, such as the artist; by
    default the track) and ``sample_weight`` (repeated for each segment), as keywords and as
    metadata. A number of folds in a ``cv`` inside `estimator`, and None, become a
    `StratifiedGroupKFold` of at most as many folds as the smallest genre has groups. Three ways
    of splitting samples can't be told of groups and are warned of: ``probability=True``, early
    stopping and ``oob_score=True``.

    Examples
    --------
    >>> from genrekit import SegmentClassifier, make_svm_pipeline, make_tracks
    >>> tracks = make_tracks(4, genres=["drone", "pulse"], duration=3.0)
    >>> X = [(y, tracks.sr) for y in tracks.waveforms]
    >>> clf = SegmentClassifier(make_svm_pipeline(["mfcc", "rms"]), segment_duration=1.0)
    >>> clf.fit(X, tracks.target).predict(X[:1]).tolist()
    ['drone']
    >>> clf.predict_segments(X[:1])[0].times.tolist()
    [0.0, 1.0, 2.0]
    """

    # The folds inside take them, so they are wanted wherever they are to be had.
    __metadata_request__fit = {"groups": True}

    def __init__(
        self,
        estimator: Any,
        *,
        segment_duration: float = 3.0,
        segment_hop: float | None = None,
        aggregate: str = "mean",
        pad: float = 0.1,
        sr: float = 22050,
        offset: float = 0.0,
        duration: float | None = None,
        reject_below: float | None = None,
        on_error: str = "raise",
        memory: Any = None,
        n_jobs: int | None = None,
        decoder: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.segment_duration = segment_duration
        self.segment_hop = segment_hop
        self.aggregate = aggregate
        self.pad = pad
        self.sr = sr
        self.offset = offset
        self.duration = duration
        self.reject_below = reject_below
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.decoder = decoder
        self.verbose = verbose

    def fit(self, X: Any, y: Any, **fit_params: Any) -> SegmentClassifier:
        """Learn genres from the segments of labelled tracks.

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
            If `y` has another length, holds one genre only, a parameter is unknown, or folds
            inside `estimator` can't hold the segments of a track together.
        """
        tracks = [held(track) for track in read_tracks(self, X, reset=True)]  # gone through twice
        y, groups, weight = read_labels(len(tracks), y, fit_params)
        given = {"groups": track_groups(tracks) if groups is None else groups}
        if not (hasattr(self.estimator, "fit") and is_classifier(self.estimator)):
            raise ValueError(f"estimator must be a classifier of tracks, not {self.estimator!r}")
        cutter = self._cutter()
        try:
            starts, described = self._measure(cutter, tracks)
            self.fit_errors_ = described.errors
            used = check_learnt(y, np.array([bool(cut) for cut in starts]), weight)
            warn_of_short(described.seconds[used], self.segment_duration, "silence")
            starts = [cut if use else [] for cut, use in zip(starts, used, strict=True)]
            if weight is not None:
                given["sample_weight"] = weight
            # One index a segment: the track it belongs to.
            index = np.repeat(np.arange(len(tracks)), [len(cut) for cut in starts])
            estimator = self._prepared(y[used], given["groups"][used], weight is not None)
            _warn_of_splits(estimator, len(index))
            with config_context(enable_metadata_routing=True):
                routed = process_routing(_router(self, estimator), "fit", **given).estimator.fit
                metadata = {name: values[index] for name, values in routed.items()}
                segments = _segments_of(cutter, tracks, starts)
                self.estimator_ = estimator.fit(segments, y[index], **metadata)
        finally:
            RECENT.clear()
        self.classes_ = self.estimator_.classes_
        return self

    def predict_segments(self, X: Any) -> list[Timeline]:
        """Probability of each genre in each segment.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        list of Timeline
            One a track: where its segments start, seconds, and their probabilities, which are
            the estimator's whatever `aggregate` is; with ``on_error="nan"`` one without segments
            for a track that can't be decoded.
        """
        check_is_fitted(self)
        times, by_track, *_ = self._by_track(X, votes=False)
        return [
            Timeline(start, rows, self.classes_, self.segment_duration)
            for start, rows in zip(times, by_track, strict=True)
        ]

    def _timeline(self, track: Any, window: float | None, hop: float | None) -> Timeline:
        """The segments of one track, of the own length or of another."""
        if window is None and hop is None:
            return self.predict_segments([track])[0]
        length = self.segment_duration if window is None else window
        step = length if hop is None else hop
        check_lengths(length, step)
        cutting = copy.copy(self).set_params(segment_duration=length, segment_hop=step)
        return cutting.predict_segments([track])[0]

    def get_metadata_routing(self) -> MetadataRouter:
        """What is asked of `fit`: ``groups``, and what `estimator` asks for.

        Returns
        -------
        MetadataRouter
            For scikit-learn.
        """
        return _router(self, ask_for_groups(self.estimator))

    def __sklearn_tags__(self) -> Any:
        """Several genres if the estimator can tell several apart."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator).classifier_tags
        if inner is not None:
            tags.classifier_tags.multi_class = inner.multi_class
        return tags

    def _cutter(self) -> Cutter:
        """How tracks are cut; parameters are checked."""
        check_choice("aggregate", self.aggregate, AGGREGATES)
        check_running(self.on_error, self.n_jobs)
        check_share("reject_below", self.reject_below)
        return Cutter(
            sr=self.sr,
            segment_duration=self.segment_duration,
            segment_hop=self.segment_hop,
            pad=self.pad,
            offset=self.offset,
            duration=self.duration,
            decoder=self.decoder,
        )

    def _measure(self, cutter: Cutter, tracks: Sequence[Any]) -> tuple[list[list[int]], Described]:
        """Where each track's segments start, and what is known of tracks, with warnings."""
        running = {"n_jobs": self.n_jobs, "on_error": self.on_error, "verbose": self.verbose}
        starts, described = cutter.starts(tracks, self.memory, **running)
        warn_of_tracks(tracks, described.errors, described.remarks)
        return starts, described

    def _answer(self, X: Any) -> Answers:
        """Probabilities aggregated over segments, and which tracks have nothing to be judged by."""
        check_is_fitted(self)
        check_choice("aggregate", self.aggregate, AGGREGATES)
        _, by_track, unheard, remarks = self._by_track(X, votes=self.aggregate == "vote")
        aggregate = AGGREGATES[self.aggregate]
        nothing = np.full(len(self.classes_), np.nan)
        found = np.array([aggregate(rows) if len(rows) else nothing for rows in by_track])
        return Answers(found, unheard, by_track, remarks=remarks)

    def _prepared(self, y: NDArray[Any], groups: NDArray[Any], weighted: bool) -> Any:
        """A clone of the estimator whose folds hold groups together."""
        estimator = ask_for_groups(self.estimator)
        group_folds(estimator, y, groups)
        if weighted and not get_config()["enable_metadata_routing"]:
            ask_for_weights(estimator)
        return estimator

    def _by_track(
        self, X: Any, *, votes: bool
    ) -> tuple[list[NDArray[Any]], list[NDArray[np.float64]], NDArray[np.bool_], list[Remark]]:
        """Of each track: where segments start, answers, whether there are none, remarks."""
        tracks = [held(track) for track in read_tracks(self, X, reset=False)]
        cutter = self._cutter()
        try:
            starts, described = self._measure(cutter, tracks)
            segments = _segments_of(cutter, tracks, starts)
            answers = np.empty((0, len(self.classes_)))
            if segments:
                with warnings.catch_warnings():
                    # A moment of silence is nothing to be warned of: it is tracks that are judged.
                    warnings.simplefilter("ignore", AudioContentWarning)
                    answers = (_votes if votes else _beliefs)(self.estimator_, segments)
        finally:
            RECENT.clear()
        unheard = find_unheard(self.estimator_, tracks, described.remarks)
        lengths = [len(track) for track in starts]
        answers = level(answers, np.repeat(unheard, lengths))
        times = [cutter.seconds(track) for track in starts]
        return times, np.split(answers, np.cumsum(lengths)[:-1]), unheard, described.remarks


def _warn_of_splits(estimator: Any, n_segments: int) -> None:
    """Name what splits segments by itself."""
    splitting = splits_inside(estimator, n_segments)
    if splitting:
        message = (
            f"{', '.join(splitting)}: this splits the segments of tracks without regard to which "
            "belong together, and what it finds on one part is too favourable"
        )
        warn_caller(message)


def _router(owner: SegmentClassifier, estimator: Any) -> MetadataRouter:
    """Metadata of `fit` that the owner takes, and those that the estimator does."""
    router = MetadataRouter(owner=type(owner).__name__).add_self_request(owner)
    return router.add(
        estimator=estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit")
    )


def _segments_of(
    cutter: Cutter, tracks: Sequence[Any], starts: Sequence[Sequence[int]]
) -> list[Any]:
    """The segments of all tracks, in order."""
    pairs = zip(tracks, starts, strict=True)
    return [segment for track, first in pairs if first for segment in cutter.segments(track, first)]


def _votes(estimator: Any, segments: Sequence[Any]) -> NDArray[np.float64]:
    """1 for the genre that a segment is taken for, 0 for the others; all alike if for none."""
    chosen = np.asarray(estimator.predict(segments))
    votes = (chosen[:, np.newaxis] == estimator.classes_).astype(np.float64)
    votes[~votes.any(axis=1)] = 1 / votes.shape[1]  # "unknown" is no genre
    return votes


def _beliefs(estimator: Any, segments: Sequence[Any]) -> NDArray[np.float64]:
    """Probabilities; a softmax of the scores where there are none, votes where no scores either."""
    if hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function"):
        return probabilities(estimator, segments)
    return _votes(estimator, segments)
