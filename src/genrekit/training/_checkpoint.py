"""A checkpoint: all that a training that was cut off needs to go on as if nothing had been."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import torch

from genrekit.training._segments import Segments
from genrekit.training._settings import TrainSettings

__all__ = ["Checkpoint", "fingerprint"]

_NAME = "checkpoint.pt"
_VERSION = 1
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Checkpoint:
    """A file in a folder, written anew after each epoch, and what its training is made of."""

    def __init__(self, folder: str | os.PathLike[str], made_of: dict[str, dict[str, Any]]) -> None:
        self.folder = os.path.abspath(os.path.expanduser(os.fspath(folder)))
        self.path = os.path.join(self.folder, _NAME)
        self.made_of = made_of

    def load(self) -> dict[str, Any] | None:
        """What was saved last, None if nothing was; `ValueError` if it is of another training."""
        if not os.path.lexists(self.path):
            return None
        advice = "name another folder in checkpoint=, or delete this one to begin anew"
        try:
            # Nothing but tensors and numbers is read: a checkpoint runs no code.
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            version, made_of = saved["version"], saved["made_of"]
        except Exception as error:  # torch has an error of its own for each kind of damage
            raise ValueError(f"{self.path}: not a checkpoint that can be read; {advice}") from error
        if version != _VERSION:
            raise ValueError(f"{self.path}: from another version of genrekit; {advice}")
        if made_of != self.made_of:
            differing = _differing(made_of, self.made_of)
            raise ValueError(
                f"{self.folder}: a checkpoint of another training: {differing}; {advice}"
            )
        return saved

    def save(self, content: Mapping[str, Any]) -> None:
        """Write it aside and move it into place: whoever is cut off here has the last one."""
        aside = f"{self.path}.{uuid.uuid4().hex}"
        try:
            os.makedirs(self.folder, exist_ok=True)
            with open(aside, "xb") as file:
                torch.save({"version": _VERSION, "made_of": self.made_of, **content}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, self.path)
        except (OSError, RuntimeError) as error:  # torch wraps what the system says
            raise OSError(f"{self.folder}: the checkpoint can't be written: {error}") from error
        finally:
            with suppress(OSError):
                os.unlink(aside)


def fingerprint(
    module: torch.nn.Module, segments: Segments, settings: TrainSettings
) -> dict[str, dict[str, Any]]:
    """What a training is made of, plain texts and numbers: with another of these it is another."""
    weights = module.state_dict()
    digest = hashlib.sha256()
    for tensor in weights.values():
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return {
        "architecture": {
            **{name: list(tensor.shape) for name, tensor in weights.items()},
            "layers": _ADDRESS.sub("", repr(module)),
        },
        "settings": asdict(settings),
        "data": {"data": segments.fingerprint()},
        "weights": {"weights": digest.hexdigest()},
    }


def _differing(saved: dict[str, dict[str, Any]], ours: dict[str, dict[str, Any]]) -> str:
    """In what two trainings differ."""
    said = []
    for group, phrase in (("architecture", "its network has "), ("settings", "it has ")):
        names = [*ours[group], *(name for name in saved[group] if name not in ours[group])]
        pairs = [(name, saved[group].get(name), ours[group].get(name)) for name in names]
        found = [_told(*pair) for pair in pairs if pair[1] != pair[2]]
        if found:
            said.append(phrase + ", ".join(found[:3]) + (", …" if len(found) > 3 else ""))
    if saved["data"] != ours["data"]:
        said.append("its tracks, their genres or weights, or which of them validate are others")
    # Another architecture or seed begins with other weights, of course.
    return ", and ".join(said) or "its network began with other weights"


def _told(name: str, there: Any, here: Any) -> str:
    """How one thing differs; layers are too long to be shown."""
    return "other layers" if name == "layers" else f"{name}={there!r} where this one has {here!r}"
