"""Heads that come trained: a few numbers in a JSON file each, behind a network of `networks`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice, did_you_mean
from genrekit.networks import HEADS, ModelCard, get_card

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from genrekit.networks import CNNEmbedding

__all__ = ["PRETRAINED", "ShippedHead", "read_head"]

# The first is the one that answers where none is named.
PRETRAINED = ("genres", "gtzan10", "msd-genres")


@dataclass(frozen=True, kw_only=True)
class ShippedHead:
    """A trained head: which features it takes, and its numbers.

    Attributes
    ----------
    name, title, licence, trained_on, limits : str
        What it is; see the model cards of the documentation.
    features : mapping
        Parameters of the `CNNEmbedding` in front of it.
    sha256 : str
        SHA-256 of the network it was trained on.
    model : str
        Name of the kind of classifier, "logreg".
    classes : list of str
        The genres.
    mean, scale : list of float, of length n_features
        What standardises the features.
    coef : list of list of float, of shape (n_classes, n_features)
        Coefficients.
    intercept : list of float, of length n_classes
        Intercepts.
    novelty : mapping of str to lists of float, optional
        What tells other music from that of the training, see `fit_novelty`.
    """

    name: str
    title: str
    licence: str
    trained_on: str
    limits: str
    features: Mapping[str, Any]
    sha256: str
    model: str
    classes: list[str]
    mean: Any
    scale: Any
    coef: Any
    intercept: Any
    novelty: Mapping[str, Any] | None = None

    def embedding(self, features: Any = None, **overrides: Any) -> CNNEmbedding:
        """The features of the head, or others that it was trained on as well.

        Parameters
        ----------
        features : CNNEmbedding, optional
            Others, of the same network; a clone of them is taken.
        **overrides
            Parameters of theirs.

        Returns
        -------
        CNNEmbedding
            With the columns that the head knows.

        Raises
        ------
        TypeError
            If `features` are of another kind, or have no such parameter.
        ValueError
            If their columns are others.
        """
        from sklearn.base import clone

        from genrekit.networks import CNNEmbedding

        own = CNNEmbedding(**self.heard)
        if features is not None and not isinstance(features, CNNEmbedding):
            raise TypeError(self._misfit(f"features={features!r} are none"))
        chosen = clone(own if features is None else features)
        if chosen.stats is None:
            chosen.set_params(stats=own.stats)
        for name in overrides:
            if name not in (known := chosen.get_params(deep=False)):
                raise TypeError(f"there is no parameter {name!r}: {did_you_mean(name, known)}")
        chosen.set_params(**overrides)
        for name in ("output", "stats"):
            given, trained = getattr(chosen, name), getattr(own, name)
            if _plain(given) != _plain(trained):
                raise ValueError(self._misfit(f"{name}={given!r} is not what it knows"))
        if chosen.model != own.model and not get_card(chosen.model).stands_for(self.sha256):
            raise ValueError(self._misfit(f"{chosen.model!s} is another network"))
        return chosen

    def _misfit(self, reason: str) -> str:
        """What to say of features that the head was not trained on."""
        known = ", ".join(f"{name}={value!r}" for name, value in self.features.items())
        return (
            f"{self.name!r} was trained on CNNEmbedding({known}), {reason}: override its other "
            "parameters, such as patch_hop, or fit a PretrainedCNNClassifier(features=…)"
        )

    @property
    def heard(self) -> dict[str, Any]:
        """Parameters of the embedding, as it has them itself."""
        return {**self.features, "stats": tuple(self.features["stats"])}

    def pipeline(self) -> Pipeline:
        """What `genrekit.heads.fit_head` would give, fitted with these numbers."""
        from sklearn.pipeline import Pipeline
        from sklearn.preprocessing import StandardScaler

        from genrekit.heads._named import make_classifier

        scale, coef = np.array(self.scale), np.array(self.coef)
        scaler = StandardScaler()
        scaler.mean_, scaler.scale_, scaler.var_ = np.array(self.mean), scale, scale**2
        classifier = make_classifier(self.model)
        classifier.coef_, classifier.intercept_ = coef, np.array(self.intercept)
        classifier.classes_ = self.genres
        scaler.n_features_in_ = classifier.n_features_in_ = coef.shape[1]
        return Pipeline([("scale", scaler), ("clf", classifier)])

    def standardised(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows of features as the scaler of `pipeline` gives them."""
        return (table - np.array(self.mean)) / np.array(self.scale)

    def probabilities(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of rows, to the bit what `pipeline` says, without scikit-learn."""
        scores = self.standardised(table) @ np.array(self.coef).T + np.array(self.intercept)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def novelty_numbers(self) -> dict[str, NDArray[np.float64]] | None:
        """What `fit_novelty` would give."""
        if self.novelty is None:
            return None
        return {name: np.array(values) for name, values in self.novelty.items()}

    @property
    def genres(self) -> NDArray[np.str_]:
        """The genres as ``classes_``."""
        return np.array(self.classes)


def _plain(value: Any) -> Any:
    """A list of names as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def read_head(name: str) -> ShippedHead:
    """A head by its name.

    Parameters
    ----------
    name : {"genres", "gtzan10", "msd-genres"}
        Which.

    Returns
    -------
    ShippedHead
        The head.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    check_choice("name", name, PRETRAINED)
    head = json.loads((HEADS / f"{name}.json").read_text(encoding="utf-8"))
    sharpness = head.pop("sharpness", None)
    if sharpness is not None:
        head.update(_of_labels(get_card(head["features"]["model"]), sharpness))
    return ShippedHead(**head)


def _of_labels(card: ModelCard, sharpness: float) -> dict[str, Any]:
    """A head without training: the score of a genre is the mean of its labels' activations."""
    labels = card.labels[card.default_output]
    genres = sorted(card.genres)
    coef = np.zeros((len(genres), len(labels)))
    for row, genre in zip(coef, genres, strict=True):
        members = [labels.index(label) for label in card.genres[genre]]
        row[members] = sharpness / len(members)
    still = {"mean": np.zeros(len(labels)), "scale": np.ones(len(labels))}
    return {**still, "classes": genres, "coef": coef, "intercept": np.zeros(len(genres))}
