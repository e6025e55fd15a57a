"""A trained network as a classifier of tracks: what there is once it has been trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from genrekit._validation import check_running
from genrekit.audio import Remark
from genrekit.engine import NOTHING, Plan, read_tracks, warn_of_tracks
from genrekit.heads import Answers, level
from genrekit.models._cutting import aggregate_by
from genrekit.models._heard import read_frames, stream_heard
from genrekit.models._timeline import Timeline
from genrekit.models._timeline_rows import check_lengths
from genrekit.models._track_classifier import TrackClassifierMixin
from genrekit.models._trained_card import SegmentAnswerer
from genrekit.models._unheard import find_unheard
from genrekit.networks import ModelCard, OnnxNetwork, make_plan
from genrekit.patches import FeaturesInput
from genrekit.spectra import Frontend

__all__ = ["TrainedNetworkMixin"]

_RUNNING = ("n_jobs", "decoder", "on_error", "verbose")


class TrainedNetworkMixin(TrackClassifierMixin):
    """Genres of tracks by a network in ``onnx_`` that hears what ``card_`` says."""

    # Declared for the type checker.
    card_: dict[str, Any]
    onnx_: NDArray[np.uint8]
    inputs: Any
    segment_duration: float
    segment_hop: float | None
    aggregate: str
    pad: float
    sr: float
    offset: float
    duration: float | None
    on_error: str
    memory: Any

    def predict_segments(self, X: Any) -> list[Timeline]:
        """Probability of each genre in each segment.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        list of Timeline
            One a track: where its segments start, seconds, and their probabilities; with
            ``on_error="nan"`` one without segments for a track that can't be decoded.
        """
        return [
            Timeline(times, proba, self.classes_, self.segment_duration)
            for times, proba, _ in self._by_track(X, self.segment_hop)
        ]

    def export(self, folder: str | os.PathLike[str]) -> Path:
        """Write the network as an ONNX file with a model card.

        Parameters
        ----------
        folder : str or path-like
            Where to; it is made if it is not there. Files of the same names are replaced.

        Returns
        -------
        Path
            The card. ``CNNEmbedding(model=path, output="penultimate")`` takes it like that of any
            other network.
        """
        check_is_fitted(self)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        card = ModelCard.from_json(self.card_)
        (folder / card.file).write_bytes(self.onnx_.tobytes())
        card.write(folder / "card.json")
        return folder / "card.json"

    def _timeline(self, track: Any, window: float | None, hop: float | None) -> Timeline:
        """Segments of one track, or of a longer window what those that lie in it say together."""
        own = self.segment_duration
        length = own if window is None else window
        step = hop if hop is not None else (self.segment_hop or length)
        check_lengths(length, step)
        if length < own:
            raise ValueError(f"window={length}: the network hears segments of {own}, no shorter")
        ((times, proba, _),) = self._by_track([track], min(step, own))
        if length == own:
            return Timeline(times, proba, self.classes_, length)
        starts, merged = _in_windows(times, proba, own, length, step, aggregate_by(self.aggregate))
        return Timeline(starts, merged, self.classes_, length)

    def _answer(self, X: Any) -> Answers:
        """Probabilities aggregated over segments, and which tracks have nothing to be judged by."""
        aggregate = aggregate_by(self.aggregate)
        answers = self._by_track(X, self.segment_hop)
        nothing = np.full(len(self.classes_), np.nan)
        found = [aggregate(proba) if len(proba) else nothing for _, proba, _ in answers]
        remarks = [remark for *_, remark in answers]
        unheard = np.array([bool(remark & NOTHING) for remark in remarks])
        return Answers(
            np.array(found), unheard, [proba for _, proba, _ in answers], remarks=remarks
        )

    def _by_track(
        self, X: Any, segment_hop: float | None
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64], Remark]]:
        """Of each track: where segments start, their probabilities, what is to be known."""
        check_is_fitted(self)
        check_running(self.on_error, self.n_jobs)
        tracks = self._read(X, reset=False)
        answers, plan = self._answerer(segment_hop)
        stream = stream_heard(tracks, plan, self.memory, then=answers, **self._running())
        offset = 0.0 if plan is None else self.offset
        nothing: Any = np.empty(0), np.empty((0, len(self.classes_)))
        said: list[Any] = []
        errors, remarks = [], []
        for track in stream:
            remarks.append(track.remark)
            said.append(nothing if track.error else track.values)
            errors += [track.error] if track.error else []
        warn_of_tracks(tracks, errors, remarks)
        unheard = find_unheard(self, tracks, remarks)
        return [
            (times + offset, level(proba, np.full(len(proba), none)), remark)
            for (times, proba), none, remark in zip(said, unheard, remarks, strict=True)
        ]

    def _answerer(self, segment_hop: float | None) -> tuple[SegmentAnswerer, Plan | None]:
        """What answers to the frames of a track, and what gives these."""
        card = ModelCard.from_json(self.card_)
        network = OnnxNetwork(card, content=self.onnx_.tobytes())
        heard = card.input
        if not isinstance(heard, FeaturesInput):
            raise ValueError(f"card_ is that of a network which hears a {heard.kind}")
        plan = None if self._is_brought() else make_plan(heard, self._frontend())
        return SegmentAnswerer(card, network, segment_hop, self.pad), plan

    def _is_brought(self) -> bool:
        """Whether the user brings the frames."""
        return isinstance(self.inputs, str) and self.inputs == "frames"

    def _read(self, X: Any, *, reset: bool) -> list[Any]:
        """The tracks in X, or the frames."""
        if not self._is_brought():
            return read_tracks(self, X, reset=reset)
        n_rows = None if reset else len(self.card_["input"]["inputs"][0]["mean"])
        return read_frames(X, n_rows)

    def _frontend(self) -> Frontend:
        """The front end around the inputs."""
        return Frontend(sr=self.sr, offset=self.offset, duration=self.duration)

    def _running(self) -> dict[str, Any]:
        """How tracks are worked on."""
        return {name: getattr(self, name) for name in _RUNNING}


def _in_windows(
    times: NDArray[np.float64],
    proba: NDArray[np.float64],
    segment: float,
    window: float,
    hop: float,
    aggregate: Any,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where windows start, and what the segments in each say together."""
    if not len(times):
        return times, proba
    count = 1 + max(0, int((times[-1] + segment - times[0] - window) / hop + 1e-9))
    starts = times[0] + hop * np.arange(count)
    members = [
        (times >= start - 1e-9) & (times + segment <= start + window + 1e-9) for start in starts
    ]
    # A window that is shorter than what hop and segment leave may hold none: it asks the nearest.
    nearest = np.abs(times - starts[:, np.newaxis]).argmin(axis=1)
    rows = [
        aggregate(proba[inside]) if inside.any() else proba[i]
        for inside, i in zip(members, nearest, strict=True)
    ]
    return starts, np.array(rows)
