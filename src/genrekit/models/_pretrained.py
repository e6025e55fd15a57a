"""A classifier on top of a pretrained network."""

from __future__ import annotations

from typing import Any

from genrekit.models._classifier import GenreClassifier
from genrekit.networks import CNNEmbedding

__all__ = ["PretrainedCNNClassifier"]


class PretrainedCNNClassifier(GenreClassifier):
    """Tracks to genres through a pretrained network: only what follows the network is trained.

    A `GenreClassifier` with other defaults: each track goes through the network patch by patch,
    its answers are pooled, and a logistic regression decides. `fit` trains it for genres of your
    own, for which a few dozen tracks each are a start; `from_pretrained` gives one that is ready.

    Parameters
    ----------
    model : {"logreg", "svm", "rf", "knn"} or classifier, default="logreg"
        What decides: logistic regression (C = 0.1) or another, as in `GenreClassifier`.
    features : transformer, list or str, optional
        What to compute of each track; None means ``CNNEmbedding()``. Any other network goes in by
        its model card, ``CNNEmbedding(model="card.json")``; a list such as
        ``[CNNEmbedding(), "mfcc"]`` puts other features beside it, see `AudioFeatures`.
    reducer : "pca", int, float or transformer, optional
        Fewer columns: None keeps all; a number is the components of a `PCAReducer`.
    sr : float, default=22050
        Sampling rate that **bare arrays** are at, Hz. The network has a rate of its own, which
        everything is resampled to: files and ``(y, sr)`` pairs bring their rate along, an array
        can't, and a wrong one gives wrong genres without an error. With a transformer as
        `features` its own holds.
    offset : float, default=0.0
        Where to begin in each track, seconds. With a transformer as `features` its own holds.
    duration : float, optional
        How much of each track to read, seconds; None means all, of which the network hears up
        to 12 patches spread evenly.
    calibrate : bool, default=True
        Whether to calibrate the probabilities on inner folds that never split a track or a
        group.
    class_weight : dict or "balanced", optional
        Weight of each genre in what decides, for genres of unequal size: "balanced" makes up for
        their numbers.
    reject_below : float, optional
        The probability under which `predict` says "unknown" rather than the most probable genre,
        or -1 where genres are numbers. `score` counts that as wrong, unless it is the label.
    reject_novel : float, optional
        The `novelty` above which `predict` says the same; over the embedding of a network only.
    on_error : {"raise", "nan"}, default="raise"
        What a track that can't be decoded does: stop everything, or be left out of `fit` (see
        ``fit_errors_``) and predicted as None with probabilities NaN.
    memory : str, path or joblib.Memory, optional
        Where to keep what the network answered, one entry a track.
    n_jobs : int, optional
        Tracks worked on at the same time; None means 1, -1 all cores.
    random_state : int or RandomState instance, optional
        Seed of the inner folds, and of a model that draws.
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

    See Also
    --------
    genrekit.CNNEmbedding : The features, for any estimator.

    Examples
    --------
    >>> from genrekit import PretrainedCNNClassifier, make_tracks
    >>> tracks = make_tracks(6, genres=["drone", "pulse"], duration=2.0)
    >>> X = [(y, tracks.sr) for y in tracks.waveforms]
    >>> clf = PretrainedCNNClassifier().fit(X, tracks.target)
    >>> clf.predict(X[:1]).tolist()
    ['drone']
    >>> PretrainedCNNClassifier.from_pretrained("gtzan10").classes_[-2:].tolist()
    ['reggae', 'rock']
    """

    def __init__(
        self,
        model: Any = "logreg",
        features: Any = None,
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
        super().__init__(
            model,
            features,
            reducer=reducer,
            sr=sr,
            offset=offset,
            duration=duration,
            calibrate=calibrate,
            class_weight=class_weight,
            reject_below=reject_below,
            reject_novel=reject_novel,
            on_error=on_error,
            memory=memory,
            n_jobs=n_jobs,
            random_state=random_state,
            decoder=decoder,
            verbose=verbose,
        )

    def _named_features(self) -> Any:
        """The network alone, unless features are named."""
        if self.features is not None:
            return super()._named_features()
        return CNNEmbedding(sr=self.sr, offset=self.offset, duration=self.duration)

    def __sklearn_tags__(self) -> Any:
        """The shipped network can't tell tiny rows apart, as scikit-learn's checks use them."""
        tags = super().__sklearn_tags__()
        features = CNNEmbedding() if self.features is None else self.features
        shipped = CNNEmbedding().model
        tags.classifier_tags.poor_score = getattr(features, "model", None) == shipped
        return tags
