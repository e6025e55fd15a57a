"""Sessions of onnxruntime: opened once, and only on the file that the card says."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from genrekit._validation import check_choice
from genrekit.formats import check_self_contained
from genrekit.networks._card import ModelCard
from genrekit.networks._registry import locate
from genrekit.patches import FeaturesInput

__all__ = ["check_content", "input_names", "session_of"]

# One session a network and process: threads share it, copies of estimators need not carry it. Those
# used last stay, so that a search over networks does not keep all that it trained.
_SESSIONS: OrderedDict[str, Any] = OrderedDict()
_MOST_SESSIONS = 16
_LOCK = threading.Lock()
_NUMBERS = re.compile(r"tensor\((float|float16|double|u?int\d+)\)")
_REMEDY = "Put the right one there, or delete it and fetch it again"


def session_of(card: ModelCard, content: bytes | None = None) -> Any:
    """The session of a network in this process, opened and checked once."""
    with _LOCK:
        session = _SESSIONS.get(card.sha256)
        if session is None:
            session = _SESSIONS[card.sha256] = _open_verified(card, content)
        _SESSIONS.move_to_end(card.sha256)
        while len(_SESSIONS) > _MOST_SESSIONS:
            _SESSIONS.popitem(last=False)
    _check_fits(session, card)
    return session


def check_content(card: ModelCard, content: bytes, where: str = "the network") -> None:
    """Refuse bytes that are not the file of a card, or refer to others; none of it is run."""
    _check_size(card, len(content), where)
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ValueError(
            f"{where}: its SHA-256 is {found}, the model card says {card.sha256}: the file is "
            f"damaged or another one. {_REMEDY}"
        )
    try:
        check_self_contained(content)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def input_names(session: Any, card: ModelCard) -> list[str]:
    """Names of a network's inputs in the order of its card, which need not name a single one."""
    if isinstance(card.input, FeaturesInput):
        return [entry.name for entry in card.input.inputs]
    return [source.name for source in session.get_inputs()]


def _open_verified(card: ModelCard, content: bytes | None) -> Any:
    """A session on what the card describes, of the content or of the file."""
    where = f"the network of {card.name!r}"
    if content is None:
        path = locate(card)
        where = str(path)
        _check_size(card, os.path.getsize(path), where)
        content = path.read_bytes()
    check_content(card, content, where)
    return _open(where, content)


def _check_size(card: ModelCard, size: int, where: str) -> None:
    """Refuse a file of another size."""
    if size != card.size:
        raise ValueError(
            f"{where}: it has {size} bytes, the model card says {card.size}: the file is "
            f"damaged or another one. {_REMEDY}, or correct the card"
        )


def _open(where: str, content: bytes) -> Any:
    """A session with one thread: the same numbers every time, threads left to the tracks."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Patches are alike, so its arena soon holds all they need: planning ahead only adds to it.
    options.enable_mem_pattern = False
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for each kind of damage
        raise ValueError(f"{where}: onnxruntime can't open it: {error}") from error


def _check_fits(session: Any, card: ModelCard) -> None:
    """Inputs and outputs are those of the card."""
    inputs, patches = session.get_inputs(), card.input.shapes
    found = ", ".join(f"{source.name}: {source.type}" for source in inputs)
    if len(inputs) != len(patches) or any(source.type != "tensor(float)" for source in inputs):
        wanted = "one input" if len(patches) == 1 else f"{len(patches)} inputs"
        raise ValueError(f"{card.file}: the network must have {wanted} of floats, not {found}")
    names = input_names(session, card)
    if sorted(names) != sorted(source.name for source in inputs):
        raise ValueError(
            f"{card.file}: its card ({card.name}) names the inputs {', '.join(names)}, the network "
            f"has {found}"
        )
    by_name = {source.name: source.shape for source in inputs}
    for name, patch in zip(names, patches, strict=True):
        if not _fits(by_name[name], patch):
            raise ValueError(
                f"{card.file}: the network takes arrays of shape {by_name[name]}, its card "
                f"({card.name}) gives it patches of shape {list(patch)}"
            )
    outputs = {output.name: output for output in session.get_outputs()}
    for name, units in card.outputs.items():
        check_choice(f"output of {card.file}", name, outputs)
        given = outputs[name]
        if not _NUMBERS.fullmatch(given.type):
            raise ValueError(
                f"{card.file}: the output {name!r} must hold numbers, not {given.type}"
            )
        if not _fits(given.shape, (units,)):
            raise ValueError(
                f"{card.file}: the output {name!r} has the shape {given.shape}, its card "
                f"({card.name}) says {units} units a patch"
            )


def _fits(found: Sequence[Any], patch: tuple[int, ...]) -> bool:
    """Whether a shape is that of a batch of one patch; what is no number may be anything."""
    wanted = (1, *patch)
    if not found:
        return True  # not told: what does not fit shows when it runs
    return len(found) == len(wanted) and all(
        not isinstance(size, int) or size == want for size, want in zip(found, wanted, strict=True)
    )
