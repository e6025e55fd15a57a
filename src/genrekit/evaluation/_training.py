"""How networks were trained, as their estimators tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline

__all__ = ["Training", "training_of"]


class Training(NamedTuple):
    """How one network was trained.

    Attributes
    ----------
    history : sequence of mapping
        A row an epoch: ``epoch`` (from 1), ``train_loss``, and with a validation part
        ``valid_loss``, ``valid_accuracy`` (by segment), ``valid_accuracy_tracks``; others too.
    best_epoch : int or None
        The epoch whose weights were kept; None where that is not known.

    Examples
    --------
    >>> from genrekit.evaluation import Training
    >>> Training([{"epoch": 1, "train_loss": 0.7}, {"epoch": 2, "train_loss": 0.5}], 2).best_epoch
    2
    """

    history: Sequence[Mapping[str, Any]]
    best_epoch: int | None = None


def training_of(estimator: Any) -> Training | None:
    """How the network inside a fitted estimator was trained; None where there is none.

    Parameters
    ----------
    estimator : estimator
        A `NetworkClassifier`, or a search over one, or a pipeline that ends with one.

    Returns
    -------
    Training or None
        Its ``history_`` and ``best_epoch_``.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from genrekit.evaluation import training_of
    >>> training_of(GaussianNB()) is None
    True
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    history, best = (getattr(estimator, name, None) for name in ("history_", "best_epoch_"))
    return None if history is None or best is None else Training(list(history), int(best))
