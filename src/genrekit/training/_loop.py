"""The loop: skorch's, over our own batches."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from skorch.utils import to_tensor
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

from genrekit.exceptions import warn_caller
from genrekit.training._batches import TrainBatches, ValidBatches
from genrekit.training._callbacks import (
    Aggregate,
    Diverged,
    Keeper,
    Printer,
    Saver,
    Scorer,
    Stopped,
)
from genrekit.training._checkpoint import Checkpoint, fingerprint
from genrekit.training._layers import keep_frozen, parameter_groups
from genrekit.training._random import own_randomness
from genrekit.training._segments import Segments
from genrekit.training._settings import TrainSettings
from genrekit.training._state import State

__all__ = ["run"]

# Share of the steps in which the learning rate goes up. Not quite a quarter: torch divides by zero
# where the rise ends with the first of four steps.
_RISE = 0.25 + 1e-9


class _Net(NeuralNet):
    """skorch's loop over batches that come as they are."""

    def __init__(
        self, module: Any, groups: Any, state: State, callbacks: list[Any], device: str
    ) -> None:
        super().__init__(
            module,
            torch.nn.CrossEntropyLoss,
            max_epochs=state.settings.max_epochs - state.epoch,
            callbacks=[callback for callback in callbacks if callback is not None],
            callbacks__print_log=None,  # ours says what people look at
            device=device,
            verbose=0,
        )
        self.groups, self.weight_decay = groups, state.settings.weight_decay

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> tuple[Any, Any]:
        """Both parts are made by tracks already."""
        return X, y

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """A part gives its batches itself."""
        return dataset

    def initialize_optimizer(self, *args: Any, **kwargs: Any) -> _Net:
        """AdamW, each group of weights at its own rate."""
        self.optimizer_ = torch.optim.AdamW(self.groups, weight_decay=self.weight_decay)
        return self

    def infer(self, x: Any, **fit_params: Any) -> torch.Tensor:
        """Answers of the network to its inputs, one argument each."""
        return self.module_(*to_tensor(x, device=self.device))

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, torch.Tensor]:
        """Learn from a batch."""
        keep_frozen(self.module_.train())
        inputs, goals = batch
        answers = self.infer(inputs)
        loss = self.get_loss(answers, goals, X=inputs, training=True)
        # Not earlier, as skorch does: memory that old gradients leave before the forward pass goes
        # back to the system, and to get it again takes a tenth of the time.
        self.optimizer_.zero_grad()
        loss.backward()
        self.optimizer_.step()
        return {"loss": loss, "y_pred": answers}


def run(
    module: torch.nn.Module,
    segments: Segments,
    settings: TrainSettings,
    *,
    device: torch.device,
    aggregate: Aggregate,
    checkpoint: Any,
    verbose: int,
) -> State:
    """Train a network in place, or take what is trained already from the checkpoint."""
    state = State(settings, validated=len(segments.valid.tracks) > 0)
    kept, saved = None, None
    if checkpoint is not None:
        kept = Checkpoint(checkpoint, fingerprint(module, segments, settings))
        saved = kept.load()
    if saved is not None:
        state.update(saved["state"])
    if not state.finished:
        train = TrainBatches(segments, settings, lambda: state.epoch + 1)
        valid = ValidBatches(segments, settings.batch_size) if state.validated else None
        groups = parameter_groups(
            module, lr=settings.lr, backbone_lr=settings.backbone_lr, freeze=settings.freeze
        )
        schedule = _schedule(settings, groups, len(train))
        callbacks: list[Any] = [schedule, Scorer(segments, aggregate), Keeper(state)]
        callbacks.append(None if kept is None else Saver(state, kept, saved, schedule))
        printer = Printer(state, len(train), verbose)
        net = _Net(module, groups, state, [*callbacks, printer], str(device))
        with own_randomness(device):
            _fit(net, train, valid, state, printer)
    assert state.best is not None  # nothing comes back from _fit without
    module.load_state_dict(state.best)
    module.to("cpu").eval()
    return state


def _fit(
    net: _Net, train: TrainBatches, valid: ValidBatches | None, state: State, printer: Printer
) -> None:
    """Go over the data until it is over; what ends it early costs nothing that is done."""
    try:
        with closing(printer):
            net.fit(train, valid)
    except Stopped:
        return
    except Diverged:
        message = (
            f"the loss is not a number any more in epoch {state.epoch + 1}: a lower lr may help "
            f"(it is {state.settings.lr:g}), or other inputs"
        )
        _warn_or_raise(state, message, ValueError)
    else:
        if not state.finished:  # skorch has caught Ctrl-C
            message = f"stopped by Ctrl-C in epoch {state.epoch + 1}"
            _warn_or_raise(state, message, KeyboardInterrupt)


def _warn_or_raise(state: State, message: str, error: type[BaseException]) -> None:
    """Go on with the weights so far, if there are any."""
    if state.best is None:
        raise error(message)
    warn_caller(f"{message}. The weights of epoch {state.best_epoch} are kept")


def _schedule(
    settings: TrainSettings, groups: list[dict[str, Any]], n_batches: int
) -> LRScheduler | None:
    """How the learning rates go, batch by batch."""
    steps = settings.max_epochs * n_batches
    if settings.schedule is None:
        return None
    if settings.schedule == "cosine":
        how: dict[str, Any] = {"policy": CosineAnnealingLR, "T_max": steps}
    else:
        # With a step more than there are the last one still learns something.
        top = [group["lr"] for group in groups]
        how = {"policy": OneCycleLR, "max_lr": top, "total_steps": steps + 1, "pct_start": _RISE}
    return LRScheduler(**how, step_every="batch", event_name=None)
