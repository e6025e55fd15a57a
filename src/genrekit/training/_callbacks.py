"""What happens around epochs and batches: callbacks of skorch."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.callbacks import Callback

from genrekit._progress import in_notebook, progress_bar
from genrekit.training._checkpoint import Checkpoint
from genrekit.training._random import seed_torch
from genrekit.training._segments import Segments
from genrekit.training._state import State, all_finite

__all__ = ["Diverged", "Keeper", "Printer", "Saver", "Scorer", "Stopped"]

_LOG = logging.getLogger("genrekit.training")
_BAR = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"

Aggregate = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class Stopped(Exception):
    """Training is over before its last epoch."""


class Diverged(Exception):
    """The loss is no number any more."""


class Scorer(Callback):
    """Accuracy on the validation part, by segment and by track."""

    def __init__(self, segments: Segments, aggregate: Aggregate) -> None:
        self.segments, self.aggregate = segments, aggregate
        self.answers: list[torch.Tensor] = []

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget the answers of the epoch before."""
        self.answers = []

    def on_batch_end(
        self, net: Any, batch: Any = None, training: bool | None = None, **kwargs: Any
    ) -> None:
        """Keep the answers to a validation batch."""
        if not training:
            self.answers.append(torch.softmax(kwargs["y_pred"].detach().float(), dim=1).cpu())

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Put them together."""
        by_segment = by_track = None
        if self.answers:
            by_segment, by_track = self._scores(torch.cat(self.answers).double().numpy())
        net.history.record("valid_accuracy", by_segment)
        net.history.record("valid_accuracy_tracks", by_track)

    def _scores(self, answers: NDArray[np.float64]) -> tuple[float, float]:
        """Shares of segments and of tracks that are right."""
        targets, tracks = self.segments.targets, self.segments.valid.tracks
        right = answers.argmax(axis=1) == targets[tracks]
        names, first = np.unique(tracks, return_index=True)
        each = [self.aggregate(some) for some in np.split(answers, first[1:])]
        return float(right.mean()), float(np.mean(np.argmax(each, axis=1) == targets[names]))


class Keeper(Callback):
    """Begins and ends epochs: seeds, the history, the best weights, and a loss that is none."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.lr = 0.0

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Seed torch: an epoch depends on the seed and its number, so any may be the first."""
        self.lr = max(float(group["lr"]) for group in net.optimizer_.param_groups)
        numbers = np.random.SeedSequence([self.state.settings.seed, self.state.epoch + 1])
        seed_torch(int(numbers.generate_state(1, np.uint64)[0]), torch.device(net.device))

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        """Look at the loss."""
        if not math.isfinite(kwargs["loss"].item()):
            raise Diverged

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Add the epoch to the history."""
        if not all_finite(net.module_):
            raise Diverged
        found = net.history[-1]
        valid_loss = found.get("valid_loss")
        row = {
            "epoch": self.state.epoch + 1,
            "train_loss": float(found["train_loss"]),
            "valid_loss": None if valid_loss is None else float(valid_loss),
            "valid_accuracy": found["valid_accuracy"],
            "valid_accuracy_tracks": found["valid_accuracy_tracks"],
            "lr": self.lr,
            "seconds": float(found["dur"]),
        }
        self.state.add(row, net.module_)


class Saver(Callback):
    """Writes the checkpoint, and goes on from what was read from it."""

    def __init__(
        self, state: State, checkpoint: Checkpoint, saved: dict[str, Any] | None, schedule: Any
    ) -> None:
        self.state, self.checkpoint = state, checkpoint
        self.saved, self.schedule = saved, schedule

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Go on; or see at once whether a checkpoint can be written."""
        if self.saved is None:
            self._save(net)
            return
        net.module_.load_state_dict(self.saved["module"])
        net.optimizer_.load_state_dict(self.saved["optimizer"])
        if self.schedule is not None:
            self.schedule.lr_scheduler_.load_state_dict(self.saved["schedule"])
        self.saved = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Write it."""
        self._save(net)

    def _save(self, net: Any) -> None:
        """Everything that another process needs."""
        schedule = self.schedule
        self.checkpoint.save(
            {
                "state": self.state.as_dict(),
                "module": net.module_.state_dict(),
                "optimizer": net.optimizer_.state_dict(),
                "schedule": None if schedule is None else schedule.lr_scheduler_.state_dict(),
            }
        )


class Printer(Callback):
    """Says what people look at; and ends training when it is over.

    That is a bar on a terminal or in a notebook, and a line an epoch elsewhere. Without `verbose`
    the lines go to the logger "genrekit.training" alone.
    """

    def __init__(self, state: State, n_batches: int, verbose: int) -> None:
        self.state, self.n_batches, self.verbose = state, n_batches, verbose
        self.bar: Any = None

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Draw the bar."""
        if self.verbose and (sys.stderr.isatty() or in_notebook()):
            total, done = self.state.settings.max_epochs, self.state.epoch
            counts = {"total": total * self.n_batches, "initial": done * self.n_batches}
            self.bar = progress_bar(**counts, bar_format=_BAR)

    def on_batch_end(self, net: Any, training: bool | None = None, **kwargs: Any) -> None:
        """Move the bar."""
        if self.bar is not None and training:
            self.bar.update()

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Say how the epoch went."""
        _LOG.info(line(self.state))
        if self.bar is not None:
            self.bar.set_postfix_str(_short(self.state))
        elif self.verbose:
            print(line(self.state), file=sys.stderr, flush=True)
        if self.state.finished:
            raise Stopped

    def close(self) -> None:
        """Leave the bar as it is, and go to the next line."""
        if self.bar is not None:
            self.bar.close()


def _short(state: State) -> str:
    """The latest epoch in half a line."""
    row = state.history[-1]
    text = f"epoch {row['epoch']}/{state.settings.max_epochs}, loss {row['train_loss']:.3f}"
    if row["valid_loss"] is None:
        return text
    return f"{text}, valid {row['valid_loss']:.3f}, right {row['valid_accuracy_tracks']:.3f}"


def line(state: State) -> str:
    """The latest epoch in a line."""
    row = state.history[-1]
    last = state.settings.max_epochs
    parts = [f"epoch {row['epoch']:{len(str(last))}d}/{last}", f"loss {row['train_loss']:.3f}"]
    if row["valid_loss"] is not None:
        parts.append(f"validation loss {row['valid_loss']:.3f}")
        parts.append(f"accuracy {row['valid_accuracy_tracks']:.3f} by track")
        parts.append(f"{row['valid_accuracy']:.3f} by segment")
        parts.append("best so far" if state.best_epoch == row["epoch"] else "           ")
    parts.append(f"{row['seconds']:.1f} s")
    seconds = np.mean([each["seconds"] for each in state.history])
    parts.append(f"{_duration(seconds * (last - row['epoch']))} left")
    return "  ".join(parts)


def _duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
