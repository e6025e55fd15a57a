"""What ``genrekit train`` and ``genrekit evaluate`` fit."""

from __future__ import annotations

from typing import Any

from genrekit._learner_arguments import OF_NETWORKS
from genrekit.models import GenreClassifier, NetworkClassifier, PretrainedCNNClassifier
from genrekit.networks import CNNEmbedding, list_models

__all__ = ["fitted_remark", "make_classifier"]


def make_classifier(
    model: str, network: str | None = None, **options: Any
) -> GenreClassifier | NetworkClassifier:
    """Make what `train` and `evaluate` fit.

    Parameters
    ----------
    model : str
        What ``--model`` says.
    network : str, optional
        What ``--network`` says; if anything, it is what learns.
    **options
        Those that were given.

    Returns
    -------
    classifier
        The classifier of tracks, not fitted.

    Raises
    ------
    ValueError
        If an option does not go with the model.
    """
    if network is not None:
        return _network(network, **options)
    if model == "embedding":
        for name in ("features", "sr"):
            if name in options:
                raise ValueError(
                    f"--model embedding: the network has its own {name}; leave out --{name}"
                )
        return PretrainedCNNClassifier(**options)
    _check_no_network(options.get("features", []))
    return GenreClassifier(model, **options)


def fitted_remark(classifier: Any, n_tracks: int) -> str:
    """Say what a fitted classifier has learned from.

    Parameters
    ----------
    classifier : classifier
        From `make_classifier`, fitted.
    n_tracks : int
        How many tracks it was given.

    Returns
    -------
    str
        The tracks that could be decoded, the genres, and of a network the epoch that was kept.
    """
    genres = ", ".join(map(str, classifier.classes_))
    text = f"fitted on {n_tracks - len(classifier.fit_errors_)} tracks ({genres})"
    if not isinstance(classifier, NetworkClassifier):
        return text
    epochs, best = classifier.history_, classifier.best_epoch_
    accuracy = epochs[best - 1]["valid_accuracy_tracks"]
    of = "" if accuracy is None else f", {accuracy:.3f} of the validation tracks right"
    return f"{text}, epoch {best} of {len(epochs)}{of}"


def _network(network: str, **options: Any) -> NetworkClassifier:
    """A network that learns on tracks."""
    params = {OF_NETWORKS.get(name, name): value for name, value in options.items()}
    if network == "raw":
        params.setdefault("inputs", ["waveform"])
    if "inputs" in params:
        inputs = [_heard(name) for name in params["inputs"]]
        params["inputs"] = inputs if len(inputs) > 1 else inputs[0]
    return NetworkClassifier(network, **params)


def _heard(name: str) -> Any:
    """An input by what it is called on the command line."""
    return CNNEmbedding(output="penultimate") if name == "embedding" else name


def _check_no_network(features: str | list[str]) -> None:
    """Pretrained networks go by --model."""
    networks = {"cnn", "embedding", *(card.name for card in list_models())}
    for name in [features] if isinstance(features, str) else features:
        if name in networks:
            raise ValueError(
                f"--features {name}: that is a network; use --model embedding instead of --features"
            )
