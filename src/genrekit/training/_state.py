"""How far training is: its history, its best epoch and the weights of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from genrekit.training._settings import TrainSettings

__all__ = ["State", "all_finite", "copied"]

Weights = dict[str, torch.Tensor]

_KEPT = ("history", "best", "best_epoch", "finished")


class State:
    """How far training is; without validation the latest epoch counts as the best."""

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
        better = not self.validated or self.best is None or self._is_better(row)
        # Copied first: Ctrl-C here must not leave an epoch that is half added.
        best = copied(module.state_dict()) if better else self.best
        self.history.append(row)
        self.best, self.best_epoch = best, self.epoch if better else self.best_epoch
        self.finished = self.epoch >= self.settings.max_epochs or self._is_patience_over()

    def as_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {name: getattr(self, name) for name in _KEPT}

    def update(self, saved: Mapping[str, Any]) -> None:
        """Go back to what a checkpoint holds."""
        for name in _KEPT:
            setattr(self, name, saved[name])

    def outcome(self) -> str:
        """What was kept and why, in words."""
        if not self.validated:
            return f"epoch {self.best_epoch}, the last: there are no tracks to validate on"
        best = {"loss": "the lowest loss", "accuracy": "the highest accuracy"}
        what = f"epoch {self.best_epoch} of {self.epoch}, {best[self.settings.monitor]}"
        return f"{what} on the validation tracks"

    def _is_better(self, row: dict[str, Any]) -> bool:
        """Whether an epoch is better than the best so far."""
        return self._score(row) < self._score(self.history[self.best_epoch - 1])

    def _score(self, row: dict[str, Any]) -> tuple[float, ...]:
        """What is lower the better an epoch is."""
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
    """Whether all that learns in a module is numbers; its constants may be infinite."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in module.parameters())
