"""Sessions of onnxruntime: opened once, and only on the file that the card says."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrekit._validation import check_choice
from genrekit.networks._card import ModelCard
from genrekit.networks._onnx import check_self_contained
from genrekit.networks._registry import locate

__all__ = ["session_of"]

# One session a network and process: threads share it, copies of estimators need not carry it.
_SESSIONS: dict[str, Any] = {}
_LOCK = threading.Lock()


def session_of(card: ModelCard) -> Any:
    """The session of a network in this process, opened and checked once.

    Parameters
    ----------
    card : ModelCard
        Its card.

    Returns
    -------
    onnxruntime.InferenceSession
        It fits the card.

    Raises
    ------
    FileNotFoundError
        If the network is not on this machine; the message says how to get it.
    ValueError
        If its file is damaged, another one, or does not fit its card.
    """
    with _LOCK:
        session = _SESSIONS.get(card.sha256)
        if session is None:
            path = locate(card)
            session = _open(path, _read_verified(path, card))
            _SESSIONS[card.sha256] = session
    _check_fits(session, card)
    return session


def _read_verified(path: Path, card: ModelCard) -> bytes:
    """The file's content, if it is what the card says."""
    size = os.path.getsize(path)
    if size != card.size:
        raise ValueError(
            f"{path}: it has {size} bytes, the model card says {card.size}: the file is damaged or "
            "another one. Put the right one there, or delete it and fetch it again, or correct the "
            "card"
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ValueError(
            f"{path}: its SHA-256 is {found}, the model card says {card.sha256}: the file is "
            "damaged or another one. Put the right one there, or delete it and fetch it again"
        )
    return content


def _open(path: Path, content: bytes) -> Any:
    """A session with one thread: the same numbers every time, threads left to the tracks."""
    import onnxruntime

    try:
        check_self_contained(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Patches are alike, so its arena soon holds all they need: planning ahead only adds to it.
    options.enable_mem_pattern = False
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for each kind of damage
        raise ValueError(f"{path}: onnxruntime can't open it: {error}") from error


def _check_fits(session: Any, card: ModelCard) -> None:
    """Input and outputs are those of the card."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)":
        found = ", ".join(f"{i.name}: {i.type}" for i in inputs)
        raise ValueError(f"{card.file}: the network must have one input of floats, not {found}")
    if not _fits(inputs[0].shape, card.input.shape):
        raise ValueError(
            f"{card.file}: the network takes arrays of shape {inputs[0].shape}, its card "
            f"({card.name}) gives it patches of shape {list(card.input.shape)}"
        )
    shapes = {output.name: output.shape for output in session.get_outputs()}
    for name, units in card.outputs.items():
        check_choice(f"output of {card.file}", name, shapes)
        if not _fits(shapes[name], (units,)):
            raise ValueError(
                f"{card.file}: the output {name!r} has the shape {shapes[name]}, its card "
                f"({card.name}) says {units} units a patch"
            )


def _fits(found: Sequence[Any], patch: tuple[int, ...]) -> bool:
    """Whether a shape is that of a batch of one patch; what is no number may be anything."""
    wanted = (1, *patch)
    return len(found) == len(wanted) and all(
        not isinstance(size, int) or size == want for size, want in zip(found, wanted, strict=True)
    )
