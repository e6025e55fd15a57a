"""What ``genrekit train`` and ``genrekit evaluate`` fit."""

from __future__ import annotations

from typing import Any

from genrekit.models import GenreClassifier, PretrainedCNNClassifier
from genrekit.networks import list_models

__all__ = ["make_classifier"]


def make_classifier(model: str, **options: Any) -> GenreClassifier:
    """Make what `train` and `evaluate` fit.

    Parameters
    ----------
    model : str
        What ``--model`` says.
    **options
        Those that were given.

    Returns
    -------
    GenreClassifier
        The classifier, not fitted.

    Raises
    ------
    ValueError
        If an option does not go with the model.
    """
    if model == "cnn":
        for name in ("features", "sr"):
            if name in options:
                raise ValueError(f"--model cnn: the network has its own {name}; leave out --{name}")
        return PretrainedCNNClassifier(**options)
    _check_no_network(options.get("features", []))
    return GenreClassifier(model, **options)


def _check_no_network(features: str | list[str]) -> None:
    """Networks go by --model."""
    networks = {"cnn", *(card.name for card in list_models())}
    for name in [features] if isinstance(features, str) else features:
        if name in networks:
            raise ValueError(
                f"--features {name}: that is a network; use --model cnn instead of --features"
            )
