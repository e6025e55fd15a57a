"""Running a network with onnxruntime."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.networks._card import ModelCard
from genrekit.networks._onnx import check_self_contained
from genrekit.networks._registry import get_card, locate

__all__ = ["Network"]

# One session a network and process: threads share it, copies of estimators need not carry it.
_SESSIONS: dict[str, Any] = {}
_LOCK = threading.Lock()


class Network:
    """A network that is opened when it first runs.

    Patches go through it one at a time: on a CPU that is as fast as many at once, takes a fraction
    of the memory, and no patch's answer depends on the others by as much as a rounding error. It
    uses one thread; several tracks can be worked on in threads of their own.

    Parameters
    ----------
    model : ModelCard, str or path-like
        The card, its name, or the path of its JSON file.

    Attributes
    ----------
    card : ModelCard
        The card.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import Network
    >>> answers = Network("msd-musicnn").run(np.zeros((2, 187, 96)), ["tags"])
    >>> answers["tags"].shape
    (2, 50)
    """

    def __init__(self, model: ModelCard | str | Path) -> None:
        self.card = get_card(model)

    def run(
        self, patches: Iterable[NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Answers to patches.

        Parameters
        ----------
        patches : iterable of ndarray, or ndarray of shape (n_patches, ...)
            At least one, each of the shape that the card gives its input.
        outputs : sequence of str, optional
            Which outputs; None means all.

        Returns
        -------
        dict of str to ndarray of shape (n_patches, n_units)
            By output.

        Raises
        ------
        FileNotFoundError
            If the network is not on this machine; the message says how to get it.
        ValueError
            If its file is damaged, another one, or does not fit its card; for an unknown output;
            or for patches of another shape.
        """
        names = list(self.card.outputs) if outputs is None else list(outputs)
        for name in names:
            check_choice("output", name, self.card.outputs)
        session = self._session()
        (source,) = session.get_inputs()
        answers = [
            self._answer(session, names, {source.name: patch})
            for patch in map(self._prepare, patches)
        ]
        pairs = zip(names, zip(*answers, strict=True), strict=True)
        return {name: np.concatenate(values) for name, values in pairs}

    def _prepare(self, patch: NDArray[Any]) -> NDArray[np.float32]:
        """A batch of one patch."""
        if np.shape(patch) != self.card.input.shape:
            raise ValueError(
                f"{self.card.name} takes patches of shape {self.card.input.shape}, "
                f"not {np.shape(patch)}"
            )
        return np.ascontiguousarray(patch, np.float32)[np.newaxis]

    def _answer(self, session: Any, names: list[str], patch: dict[str, Any]) -> list[Any]:
        """Its answers to one patch, of the sizes that the card gives them."""
        try:
            answers = session.run(names, patch)
        except Exception as error:  # onnxruntime has a class of its own for each kind of failure
            raise ValueError(f"{self.card.name}: the network failed: {error}") from error
        for name, answer in zip(names, answers, strict=True):
            if np.shape(answer) != (1, self.card.outputs[name]):
                raise ValueError(
                    f"{self.card.name}: the output {name!r} has the shape {np.shape(answer)}, its "
                    f"card says {self.card.outputs[name]} units a patch"
                )
        return answers

    def _session(self) -> Any:
        """The session of this process, opened and checked once."""
        with _LOCK:
            session = _SESSIONS.get(self.card.sha256)
            if session is None:
                path = locate(self.card)
                session = _open(path, _read_verified(path, self.card))
                _SESSIONS[self.card.sha256] = session
        _check_fits(session, self.card)
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
    """A session with one thread: the same numbers on every run, threads left to the tracks."""
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
