"""The way in: what a network is trained on, checked, and what comes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.exceptions import warn_caller
from genrekit.training._segments import Segments
from genrekit.training._settings import TrainSettings
from genrekit.training._torch import choose_device

__all__ = ["Trained", "train_network"]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained network.

    Parameters
    ----------
    module : torch.nn.Module
        The network with the weights of the best epoch, on the processor and ready to answer.
    history : list of dict
        An entry an epoch: `epoch` (from 1), `train_loss`, `valid_loss`, `valid_accuracy` (by
        segment), `valid_accuracy_tracks`, `lr` (at its begin) and `seconds`. What is of validation
        is None without.
    best_epoch : int
        The epoch whose weights it has.
    outcome : str
        Which epoch that is and why, in words.
    """

    module: Any
    history: list[dict[str, Any]]
    best_epoch: int
    outcome: str


def train_network(
    module: Any,
    segments: Segments,
    settings: TrainSettings,
    *,
    device: str = "auto",
    aggregate: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
    labels: Sequence[Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> Trained:
    """Train a network.

    Parameters
    ----------
    module : torch.nn.Module
        The network: float32 batches of each input in, logits of shape (n, n_classes) out. It is
        trained in place.
    segments : Segments
        What it learns from.
    settings : TrainSettings
        How.
    device : str, default="auto"
        What computes, see `choose_device`.
    aggregate : callable, optional
        Gets the probabilities of a track's segments, (n_segments, n_classes), and gives the
        track's, (n_classes,); None means their mean.
    labels : sequence, optional
        What the genres are called, for warnings.
    checkpoint : path-like, optional
        A folder. What was trained is written there after each epoch, and a training that was cut
        off goes on from there, to the same weights.
    verbose : int, default=0
        1 prints a line an epoch to the standard error.

    Returns
    -------
    Trained
        The network with the weights of its best epoch.

    Raises
    ------
    ImportError
        If torch is missing.
    ValueError
        If the checkpoint is of another training, or the loss is no number in the first epoch.
    OSError
        If the checkpoint can't be written.
    KeyboardInterrupt
        If Ctrl-C is pressed before an epoch is over; later the weights so far are kept, and a
        `GenrekitWarning` says so.

    Notes
    -----
    On one machine the same seed gives the same weights on the processor, as long as torch has as
    many threads (``torch.get_num_threads()``): they decide in which order it adds. Processes that
    joblib starts may have fewer.
    """
    chosen = choose_device(device)
    from genrekit.training._loop import run

    _warn_of_missing(segments, labels)
    state = run(
        module,
        segments,
        settings,
        device=chosen,
        aggregate=_mean if aggregate is None else aggregate,
        checkpoint=checkpoint,
        verbose=verbose,
    )
    return Trained(
        module=module,
        history=state.history,
        best_epoch=state.best_epoch,
        outcome=state.outcome(),
    )


def _mean(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the answers to a track's segments."""
    return answers.mean(axis=0)


def _warn_of_missing(segments: Segments, labels: Sequence[Any] | None) -> None:
    """Say which genres are in one part only."""
    names = range(segments.n_classes) if labels is None else labels
    valid, train = (segments.targets[part.tracks] for part in (segments.valid, segments.train))
    if missing := [str(name) for i, name in enumerate(names) if i not in train]:
        warn_caller(f"no track to learn from for {', '.join(missing)}: more tracks are needed")
    if len(valid) and (missing := [str(name) for i, name in enumerate(names) if i not in valid]):
        warn_caller(
            f"no track to validate on for {', '.join(missing)}: the best epoch is chosen without"
        )
