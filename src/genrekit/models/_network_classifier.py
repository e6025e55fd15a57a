"""Networks that are trained on tracks: tracks in, genres out, segment by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from genrekit._validation import check_choice, check_running
from genrekit.engine import Plan
from genrekit.heads import (
    check_learnt,
    check_share,
    check_validation,
    choose_validation,
    read_labels,
    track_groups,
    weigh_tracks,
)
from genrekit.models._cutting import AGGREGATES, aggregate_by
from genrekit.models._learning import fill_store, start_segments
from genrekit.models._trained import TrainedNetworkMixin
from genrekit.models._trained_card import describe_network
from genrekit.networks import get_card, rows_inputs
from genrekit.patches import FeaturesInput
from genrekit.shards import FrameStore
from genrekit.training import (
    NETWORKS,
    Segments,
    TrainSettings,
    choose_device,
    train_network,
)

__all__ = ["NetworkClassifier"]

_SETTINGS = (
    *("max_epochs", "batch_size", "lr", "weight_decay", "schedule", "patience", "monitor"),
    *("label_smoothing", "random_crop", "gain", "freq_mask", "time_mask", "mixup"),
    *("freeze", "backbone_lr"),
)


class NetworkClassifier(TrainedNetworkMixin, BaseEstimator):
    """A network trained on tracks: each is cut into segments, and together they decide.

    Tracks go in and tracks come out, so that a split of the samples is a split of tracks: segments
    of one track never stand in both training and test, nor in both training and validation. What
    has been trained is an ONNX file and a card, as the networks that come with genrekit are: to
    predict, to save and to load takes no torch.

    Parameters
    ----------
    network : str, callable or torch.nn.Module, default="cnn"
        What learns: a name of ``genrekit.training.NETWORKS`` ("cnn", "cnn1d", "raw", "lstm",
        "crnn", "parallel", "musicnn", "image"), a function ``f(shapes, n_classes, **params)`` that
        makes a module, or a module.
    inputs : str, transformer, CNNEmbedding or list of these, default="mel"
        What it hears, frame by frame: a name of ``genrekit.features.FEATURES`` such as "mel" (in
        decibels) or "mfcc", a transformer such as ``MFCCStats(n_mfcc=13, deltas=2)``, the answers
        of another network patch by patch, "waveform" for the samples themselves, or several of
        them in a list. With "frames" X holds arrays of shape (n_rows, n_frames) in the place of
        tracks, and lengths count frames. "musicnn" hears what it was made for.
    network_params : dict, optional
        Parameters of the network, such as ``{"width": 16}``.
    segment_duration : float, default=3.0
        Length of a segment, seconds.
    segment_hop : float, optional
        From the start of a segment to that of the next, seconds; None means `segment_duration`,
        less makes them overlap.
    aggregate : {"mean", "vote", "logmean", "max"}, default="mean"
        How segments decide, as in `SegmentClassifier`.
    pad : float, default=0.1
        The last segment of a track is filled by repeating it if at most this share is missing, and
        left out otherwise. A track shorter than one segment is always filled.
    sr : float, default=22050
        Sampling rate at which tracks are heard, Hz; embeddings have their own.
    offset : float, default=0.0
        Where to begin in each track, seconds.
    duration : float, optional
        How much of each track to read, seconds; None means all.
    max_epochs : int, default=30
        How often the network goes through all segments at the most.
    batch_size : int, default=32
        Segments that it learns from at a time.
    lr : float, default=0.003
        The highest learning rate of AdamW.
    weight_decay : float, default=0.01
        How strongly AdamW pulls weights towards 0.
    schedule : {"onecycle", "cosine"}, default="onecycle"
        How the learning rate goes: up for a quarter of the time and down to nothing, only down, or
        not at all (None).
    patience : int, optional, default=10
        After how many epochs without gain to stop; None goes on to the end.
    monitor : {"loss", "accuracy"}, default="loss"
        What makes an epoch the best: the loss on the segments of the validation part, or the share
        of its tracks that are right.
    validation : float or splitter, default=0.15
        The part that decides which epoch is the best: a share of the tracks, made of whole groups;
        or what splits them, such as `PredefinedSplit`, of which the first split is taken. None
        learns from all tracks and keeps the last epoch.
    class_weight : dict or "balanced", optional
        Weight of each genre.
    label_smoothing : float, default=0.0
        Share of the target that is spread over all genres.
    random_crop : bool, default=True
        Whether segments begin anywhere in their track while the network learns, as many of them as
        there are otherwise.
    gain : float, default=0.0
        Standard deviation of a level that is added to a segment, in units of the standardised
        rows.
    freq_mask, time_mask : int, default=0
        Up to how many rows, and frames, of a segment are hidden (SpecAugment).
    mixup : float, default=0.0
        Parameter of the beta distribution by which segments and their genres are mixed; 0 mixes
        none.
    freeze : "features" or int, optional
        What does not learn: all but the last layer, the first so many layers, or nothing.
    backbone_lr : float, optional
        Learning rate of what was trained before; None means `lr`.
    backbone : callable, optional
        Makes the network behind "image", such as ``functools.partial(timm.create_model, "...")``.
    checkpoint : str or path-like, optional
        A folder in which every epoch is kept, so that a run that was killed goes on, and ends with
        the weights of one that was not. It is for one training; in a search leave it out.
    device : str, default="auto"
        What torch computes on while it learns: "auto" for CUDA, MPS or the processor, whichever is
        there.
    reject_below : float, optional
        The probability under which `predict` says "unknown" rather than the most probable genre,
        or -1 where genres are numbers.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded does: stop everything, or be left out of `fit` (see
        ``fit_errors_``) and predicted as None with probabilities NaN.
    memory : str, path or joblib.Memory, optional
        Where to keep the frames of tracks; what is learnt from waits there in a file as well, in a
        temporary folder otherwise.
    n_jobs : int, optional
        Tracks worked on at the same time; None means 1, -1 all cores. How many threads torch has is
        its own affair, see ``torch.set_num_threads``.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``.
    verbose : int, default=0
        Above 0: a progress bar for tracks, and a line an epoch.
    random_state : int or RandomState, optional
        Decides the first weights, the order, crops, masks and the validation part: the same number
        gives the same weights on the same machine's processor with as many threads of torch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The genres.
    card_ : dict
        What the network hears and answers, as in a model card.
    onnx_ : ndarray of uint8
        The network, an ONNX file.
    history_ : list of dict
        One an epoch: ``epoch``, ``train_loss``, ``valid_loss``, ``valid_accuracy`` by segment,
        ``valid_accuracy_tracks``, ``lr``, ``seconds``. A table with ``pandas.DataFrame(history_)``.
    best_epoch_ : int
        The epoch whose weights were kept, counted from 1.
    validation_ : ndarray of int
        Indices of the tracks that decided it.
    fit_errors_ : list of TrackError
        Tracks that were left out of `fit`.
    n_features_in_ : int
        Samples in a row, when fitted on a 2-D array.

    See Also
    --------
    SegmentClassifier : The same by any classifier of features.
    PretrainedCNNClassifier : A pretrained network that stays as it is.

    Notes
    -----
    `fit` takes ``groups`` (what must not be split between training and validation, such as the
    artist; by default the track) and ``sample_weight``, as keywords and as metadata.

    Frames of all tracks wait in a memory-mapped file of 16-bit floats, so that memory holds no more
    than a few batches of them.

    Examples
    --------
    >>> from genrekit import NetworkClassifier, make_tracks
    >>> tracks = make_tracks(8, genres=["drone", "pulse"], duration=3.0)
    >>> X = [(y, tracks.sr) for y in tracks.waveforms]
    >>> clf = NetworkClassifier("cnn", segment_duration=1.0, max_epochs=5, random_state=0)
    >>> clf.fit(X, tracks.target).predict(X[:1]).tolist()
    ['drone']
    >>> clf.history_[0]["epoch"], len(clf.history_)
    (1, 5)
    """

    # Validation holds groups together, so they are wanted wherever they are to be had.
    __metadata_request__fit = {"groups": True, "sample_weight": None}

    def __init__(
        self,
        network: Any = "cnn",
        *,
        inputs: Any = "mel",
        network_params: Any = None,
        segment_duration: float = 3.0,
        segment_hop: float | None = None,
        aggregate: str = "mean",
        pad: float = 0.1,
        sr: float = 22050,
        offset: float = 0.0,
        duration: float | None = None,
        max_epochs: int = 30,
        batch_size: int = 32,
        lr: float = 0.003,
        weight_decay: float = 0.01,
        schedule: str | None = "onecycle",
        patience: int | None = 10,
        monitor: str = "loss",
        validation: Any = 0.15,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        random_crop: bool = True,
        gain: float = 0.0,
        freq_mask: int = 0,
        time_mask: int = 0,
        mixup: float = 0.0,
        freeze: Any = None,
        backbone_lr: float | None = None,
        backbone: Any = None,
        checkpoint: Any = None,
        device: str = "auto",
        reject_below: float | None = None,
        on_error: str = "raise",
        memory: Any = None,
        n_jobs: int | None = None,
        decoder: Any = None,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.network = network
        self.inputs = inputs
        self.network_params = network_params
        self.segment_duration = segment_duration
        self.segment_hop = segment_hop
        self.aggregate = aggregate
        self.pad = pad
        self.sr = sr
        self.offset = offset
        self.duration = duration
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.patience = patience
        self.monitor = monitor
        self.validation = validation
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.random_crop = random_crop
        self.gain = gain
        self.freq_mask = freq_mask
        self.time_mask = time_mask
        self.mixup = mixup
        self.freeze = freeze
        self.backbone_lr = backbone_lr
        self.backbone = backbone
        self.checkpoint = checkpoint
        self.device = device
        self.reject_below = reject_below
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.decoder = decoder
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **fit_params: Any) -> NetworkClassifier:
        """Train the network on labelled tracks.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            Paths, bytes, file objects, waveforms at `sr`, ``(y, sr)`` pairs; or a 2-D array with
            one waveform in each row. With ``inputs="frames"`` arrays of shape (n_rows, n_frames).
        y : array-like of shape (n_tracks,)
            The genres.
        **fit_params
            ``groups`` and ``sample_weight``, both array-like of shape (n_tracks,).

        Returns
        -------
        self
            The trained classifier.

        Raises
        ------
        ImportError
            If torch is missing; the message names the extra.
        AudioDecodeError
            With ``on_error="raise"``, for the first track that can't be decoded.
        ValueError
            If a parameter makes no sense, `y` has another length or holds one genre only, a network
            does not take these inputs, or `checkpoint` is of another training.
        OSError
            If there is no room for the frames or the checkpoint.

        Warns
        -----
        GenrekitWarning
            If a genre has no track in validation, a loss is no number, or Ctrl-C was pressed: then
            the best weights so far are kept.
        """
        settings, seed = self._settled()
        tracks = self._read(X, reset=True)
        y, groups, weight = read_labels(len(tracks), y, fit_params)
        groups = track_groups(tracks) if groups is None else groups
        heard, plan = self._hearing(tracks)
        teaching = np.ones(len(y), bool) if weight is None else weight != 0
        module = self._module(heard, y[teaching], seed)  # a wrong name costs no long work
        folder = getattr(self.memory, "location", self.memory)
        names = [each.name for each in heard.inputs]
        with FrameStore(names, folder, n_tracks=len(tracks)) as store:
            lengths, self.fit_errors_ = fill_store(
                store, tracks, teaching, heard, plan, self.memory, **self._running()
            )
            used = check_learnt(y, ~np.isnan(lengths), weight)
            y, groups = y[used], groups[used]
            self.classes_, targets = np.unique(y, return_inverse=True)
            if teaching.sum() > len(y):  # of a genre that could not be decoded it knows nothing
                module = self._module(heard, y, seed)
            valid = choose_validation(self.validation, y, groups, seed)
            segments = Segments(
                store,
                start_segments(store, heard, lengths[used], self.segment_hop, self.pad),
                targets,
                patches={each.name: each.patch for each in heard.inputs},
                n_classes=len(self.classes_),
                weights=weigh_tracks(
                    y, self.classes_, None if weight is None else weight[used], self.class_weight
                ),
                valid=valid,
                unscaled=() if self._made_for() is None else names,
            )
            levels = dict(zip(names, zip(segments.mean, segments.scale, strict=True), strict=True))
            self._train(module, heard.scaled(levels), segments, settings)
        self.validation_ = np.flatnonzero(used)[valid]
        return self

    def _settled(self) -> tuple[TrainSettings, int]:
        """How to train, and the seed; everything that can be checked before tracks are read."""
        choose_device(self.device)
        check_choice("aggregate", self.aggregate, AGGREGATES)
        check_running(self.on_error, self.n_jobs)
        check_share("reject_below", self.reject_below)
        check_validation(self.validation)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        how = {name: getattr(self, name) for name in _SETTINGS}
        return TrainSettings(**how, seed=seed), seed

    def _hearing(self, tracks: list[Any]) -> tuple[FeaturesInput, Plan | None]:
        """What the network hears, nothing learnt yet, and what gives the frames of it."""
        entries, plan = rows_inputs(
            self._inputs(),
            self._frontend(),
            segment_duration=self.segment_duration,
            n_rows=len(tracks[0]) if self._is_brought() else None,
        )
        duration = None if plan is None else self.segment_duration
        return FeaturesInput(segment_duration=duration, inputs=entries), plan

    def _inputs(self) -> Any:
        """The inputs as given, or those that the network was made for."""
        made_for = self._made_for()
        return self.inputs if made_for is None else get_card(made_for).input

    def _made_for(self) -> str | None:
        """The pretrained network whose frames the network must get, as they are."""
        known = isinstance(self.network, str) and self.network in NETWORKS
        return NETWORKS[self.network].hears if known else None

    def _module(self, heard: FeaturesInput, y: NDArray[Any], seed: int) -> Any:
        """The network before it has learnt anything."""
        from genrekit.training import build_network  # with it comes torch

        params = dict(self.network_params or {})
        if self.backbone is not None:
            params["backbone"] = self.backbone
        return build_network(self.network, heard.shapes, len(np.unique(y)), params, seed)

    def _train(
        self, module: Any, heard: FeaturesInput, segments: Segments, settings: TrainSettings
    ) -> None:
        """Train, and keep what came of it as a file and a card."""
        from genrekit.training import export_network

        trained = train_network(
            module,
            segments,
            settings,
            device=self.device,
            aggregate=aggregate_by(self.aggregate),
            labels=self.classes_.tolist(),
            checkpoint=self.checkpoint,
            verbose=self.verbose,
        )
        self.history_, self.best_epoch_ = trained.history, trained.best_epoch
        names = [each.name for each in heard.inputs]
        content, outputs = export_network(trained.module, heard.shapes, names)
        self.onnx_ = np.frombuffer(content, np.uint8).copy()
        n_tracks = len(segments.targets)
        card = describe_network(content, outputs, heard, self.classes_, self.network, n_tracks)
        self.card_ = card.to_json()
