"""How a network is trained, as data."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from genrekit._validation import check_choice, check_integer, check_number

__all__ = ["TrainSettings"]

_SCHEDULES = ("onecycle", "cosine")
_MONITORS = ("loss", "accuracy")


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a network is trained.

    Parameters
    ----------
    max_epochs : int, default=30
        How many times it goes over the training tracks, at most.
    batch_size : int, default=32
        How many segments it sees at once, at most; a single one that would remain is added to
        others.
    lr : float, default=3e-3
        Learning rate, the greatest of the schedule.
    weight_decay : float, default=1e-2
        Weight decay of AdamW.
    schedule : str, default="onecycle"
        How the learning rate goes, batch by batch: "onecycle" (up for the first quarter, then
        down), "cosine" (down) or None (it stays).
    patience : int, default=10
        After how many epochs without gain training stops; None means never.
    monitor : str, default="loss"
        What the best epoch is best in: "loss", that of the validation tracks, or "accuracy", the
        share of them that is right (of equal ones that with the lower loss).
    label_smoothing : float, default=0.0
        Share of each target that is spread over all genres.
    random_crop : bool, default=True
        Draw segments anywhere in their tracks, anew each epoch, as many as there are otherwise.
    gain : float, default=0.0
        Standard deviation of a random offset to all rows of a segment, in standard deviations of
        the rows. Samples are multiplied instead: 1 stands for 20 dB.
    freq_mask, time_mask : int, default=0
        One mask in each segment of up to so many rows or frames; what is masked is 0, the mean.
        Samples are not masked.
    mixup : float, default=0.0
        Segments of a batch are mixed two and two, with a share drawn from a beta distribution
        with this parameter twice; 0 means not at all.
    freeze : "features", int or None, optional
        What keeps its weights, see `parameter_groups`.
    backbone_lr : float, optional
        Learning rate of all but the last linear layer; None means `lr`.
    seed : int, default=0
        What all that is random depends on.

    Raises
    ------
    ValueError
        If one of them makes no sense.

    Examples
    --------
    >>> from genrekit.training import TrainSettings
    >>> TrainSettings(max_epochs=60, mixup=0.2).batch_size
    32
    """

    max_epochs: int = 30
    batch_size: int = 32
    lr: float = 3e-3
    weight_decay: float = 1e-2
    schedule: str | None = "onecycle"
    patience: int | None = 10
    monitor: str = "loss"
    label_smoothing: float = 0.0
    random_crop: bool = True
    gain: float = 0.0
    freq_mask: int = 0
    time_mask: int = 0
    mixup: float = 0.0
    freeze: str | int | None = None
    backbone_lr: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("max_epochs", "batch_size"):
            check_integer(name, getattr(self, name), minimum=1)
        for name in ("freq_mask", "time_mask", "seed"):
            check_integer(name, getattr(self, name), minimum=0)
        if self.patience is not None:
            check_integer("patience", self.patience, minimum=1)
        check_number("lr", self.lr, above=0)
        if self.backbone_lr is not None:
            check_number("backbone_lr", self.backbone_lr, minimum=0)
        for name in ("weight_decay", "gain", "mixup"):
            check_number(name, getattr(self, name), minimum=0)
        check_number("label_smoothing", self.label_smoothing, minimum=0, maximum=1)
        if self.schedule is not None:
            check_choice("schedule", self.schedule, _SCHEDULES)
        check_choice("monitor", self.monitor, _MONITORS)
        if not isinstance(self.random_crop, (bool, np.bool_)):
            raise ValueError(f"random_crop must be True or False, not {self.random_crop!r}")
        # torch takes no numbers of numpy in a schedule, and reads none from a checkpoint.
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, field.name, value.item())
