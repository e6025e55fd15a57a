"""How far training is: its history, its best epoch and the weights of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from genrekit.training._settings import TrainSettings

__all__ = ["State", "all_finite", "copied"]

Weights = dict[str, torch.Tensor]


class State:
    """How far training is.

    Parameters
    ----------
    settings : TrainSettings
        How it is trained.
    validated : bool
        Whether there are tracks to validate on. Without, the latest epoch counts as the best.
    """

    def __init__(self, settings: TrainSettings, validated: bool) -> None:
        self.settings, self.validated = settings, validated
        self.history: list[dict[str, Any]] = []
        self.best: Weights | None = None
        self.best_epoch = 0
        self.finished = False

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)

    def add(self, row: dict[str, Any], module: torch.nn.Module) -> None:
        """Add an epoch, and keep its weights if it is the best so far."""
        self.history.append(row)
        if not self.validated or self.best is None or self._score(self.epoch) < self._score():
            self.best, self.best_epoch = copied(module.state_dict()), self.epoch
        self.finished = self.epoch >= self.settings.max_epochs or self._is_patience_over()

    def as_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        names = ("history", "best", "best_epoch", "finished")
        return {name: getattr(self, name) for name in names}

    def update(self, saved: Mapping[str, Any]) -> None:
        """Go back to what a checkpoint holds."""
        for name in ("history", "best", "best_epoch", "finished"):
            setattr(self, name, saved[name])

    def outcome(self) -> str:
        """What was kept and why, in words."""
        if not self.validated:
            return f"epoch {self.best_epoch}, the last: there are no tracks to validate on"
        best = {"loss": "the lowest loss", "accuracy": "the highest accuracy"}
        what = f"epoch {self.best_epoch} of {self.epoch}, {best[self.settings.monitor]}"
        return f"{what} on the validation tracks"

    def _score(self, epoch: int | None = None) -> tuple[float, ...]:
        """What is lower the better an epoch is; of the best one if none is named."""
        row = self.history[(epoch or self.best_epoch) - 1]
        if self.settings.monitor == "loss":
            return (row["valid_loss"],)
        return (-row["valid_accuracy_tracks"], row["valid_loss"])

    def _is_patience_over(self) -> bool:
        """Whether there has been no gain for too long."""
        patience = self.settings.patience
        waited = self.epoch - self.best_epoch
        return self.validated and patience is not None and waited >= patience


def copied(weights: Mapping[str, torch.Tensor]) -> Weights:
    """Weights of their own, in ordinary memory."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in weights.items()}


def all_finite(module: torch.nn.Module) -> bool:
    """Whether all weights of a module are numbers."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in module.state_dict().values())
