"""What answers to patches: the protocol, and the files that onnxruntime computes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.exceptions import warn_caller
from genrekit.networks._card import ModelCard
from genrekit.networks._registry import get_card
from genrekit.networks._session import input_names, session_of
from genrekit.patches import iter_batches

__all__ = ["Network", "OnnxNetwork", "answer_patches", "open_network"]


@runtime_checkable
class Network(Protocol):
    """What answers to patches, whoever computes it: `open_network` gives one.

    Anything is one that has these and is called with a batch of patches, of shape (n, ...), and the
    names of outputs (None means all): it gives a dict of arrays of shape (n, n_units). A network of
    several inputs takes a tuple of such batches.

    Attributes
    ----------
    shape : tuple of int, or tuple of such
        Shape of one patch, of each input where there are several.
    outputs : mapping of str to int
        Names of its outputs, and how many units each has.

    See Also
    --------
    answer_patches : Gives it as many patches as there are.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import Network, answer_patches
    >>> class Loudness:
    ...     shape, outputs = (4,), {"peak": 1, "range": 2}
    ...     def __call__(self, batch, outputs=None):
    ...         peak = abs(batch).max(axis=1, keepdims=True)
    ...         ends = np.stack([batch.min(axis=1), batch.max(axis=1)], axis=1)
    ...         answers = {"peak": peak, "range": ends}
    ...         return {name: answers[name] for name in outputs or answers}
    >>> isinstance(Loudness(), Network)
    True
    >>> answer_patches(Loudness(), [[0, 1, -2, 0], [3, 0, 0, 0]], ["peak"])["peak"].tolist()
    [[2.0], [3.0]]
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Open a network, as the class of this name did; a class that names this as its base."""
        if cls is not Network:
            return super().__new__(cls)
        message = (
            "genrekit.networks.Network is now what a network must have; Network(model).run(patches)"
            " goes in the next minor version: answer_patches(open_network(model), patches)"
        )
        warn_caller(message, FutureWarning)
        return _Runnable(*args, **kwargs)

    @property
    def shape(self) -> tuple[Any, ...]:
        """Shape of one patch, of each input where there are several."""

    @property
    def outputs(self) -> Mapping[str, int]:
        """Names of its outputs, and how many units each has."""

    def __call__(
        self, batch: Any, outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Answers to a batch of shape (n, ...), each (n, n_units), by output; None means all."""


class OnnxNetwork:
    """A network that onnxruntime computes, opened when it is first called.

    It uses one thread; several tracks can be worked on in threads of their own.

    Parameters
    ----------
    model : ModelCard, str or path-like
        The card, its name, or the path of its JSON file.
    content : bytes, optional
        What the network's file holds, where it stands inside something else, such as a saved model;
        None means the file that the card names.

    Attributes
    ----------
    card : ModelCard
        The card.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import open_network
    >>> network = open_network("msd-musicnn")
    >>> network.shape, network.outputs["tags"]
    ((187, 96), 50)
    >>> network(np.zeros((2, 187, 96)), ["tags"])["tags"].shape
    (2, 50)
    """

    def __init__(
        self, model: ModelCard | str | os.PathLike[str], *, content: bytes | None = None
    ) -> None:
        self.card = get_card(model)
        self._content = content

    @property
    def shape(self) -> tuple[Any, ...]:
        """Shape of one patch, of each input where there are several."""
        shape: tuple[Any, ...] = self.card.input.shape
        return shape

    @property
    def outputs(self) -> Mapping[str, int]:
        """Names of its outputs, and how many units each has."""
        return self.card.outputs

    def __call__(
        self, batch: Any, outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Answers to patches that go through it together, each (n_patches, n_units), by output."""
        names = list(self.outputs) if outputs is None else list(outputs)
        for name in names:
            check_choice("output", name, self.outputs)
        prepared = self._prepare(batch)
        answers = [self._answer(names, some) for some in self._split(prepared)]
        pairs = zip(names, zip(*answers, strict=True), strict=True)
        return {name: np.concatenate(values) for name, values in pairs}

    def __getstate__(self) -> dict[str, Any]:
        """All but the session, which belongs to the process."""
        return {"card": self.card, "_content": self._content}

    @cached_property
    def _session(self) -> Any:
        """The session of this process, found to fit the card."""
        return session_of(self.card, self._content)

    def _prepare(self, batch: Any) -> list[NDArray[np.float32]]:
        """The batch of each input, if they are such, as the network takes them."""
        shapes = self.card.input.shapes
        batches = [batch] if len(shapes) == 1 else batch
        if not isinstance(batches, (list, tuple)) or len(batches) != len(shapes):
            raise ValueError(
                f"{self.card.name} takes a tuple of {len(shapes)} batches, one for each input"
            )
        for some, shape in zip(batches, shapes, strict=True):
            if np.ndim(some) == 0 or np.shape(some)[1:] != shape:
                raise ValueError(
                    f"{self.card.name} takes patches of shape {shape}, not {np.shape(some)[1:]}"
                )
        if len({len(some) for some in batches}) > 1:
            raise ValueError(f"{self.card.name} takes as many patches of each input")
        if len(batches[0]) == 0:
            raise ValueError(f"{self.card.name} takes a batch of one patch or more, not of none")
        return [np.ascontiguousarray(some, np.float32) for some in batches]

    def _split(self, batches: list[NDArray[np.float32]]) -> list[list[NDArray[np.float32]]]:
        """The batches in one, unless the file was written for one patch at a time."""
        if all(source.shape[:1] != [1] for source in self._session.get_inputs()):
            return [batches]
        return [[some[i : i + 1] for some in batches] for i in range(len(batches[0]))]

    def _answer(self, names: list[str], batches: list[NDArray[np.float32]]) -> list[Any]:
        """Its answers, of the sizes that the card gives them."""
        inputs = dict(zip(input_names(self._session, self.card), batches, strict=True))
        try:
            answers = self._session.run(names, inputs)
        except Exception as error:  # onnxruntime has a class of its own for each kind of failure
            raise ValueError(f"{self.card.name}: the network failed: {error}") from error
        for name, answer in zip(names, answers, strict=True):
            if np.shape(answer) != (len(batches[0]), self.outputs[name]):
                raise ValueError(
                    f"{self.card.name}: the output {name!r} has the shape {np.shape(answer)}, its "
                    f"card says {self.outputs[name]} units a patch"
                )
        return answers


class _Runnable(OnnxNetwork):
    """What `Network` was, for one minor version more."""

    def run(
        self, patches: Iterable[NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Answers to patches, by output: `answer_patches`."""
        return answer_patches(self, patches, outputs)


def open_network(model: ModelCard | str | os.PathLike[str]) -> Network:
    """A network by its card; its file is read when it is first called.

    Parameters
    ----------
    model : str, path-like or ModelCard
        A name of `list_models`, the path of a card (``.json``), or a card.

    Returns
    -------
    Network
        An `OnnxNetwork`.

    Examples
    --------
    >>> from genrekit.networks import open_network
    >>> open_network("msd-musicnn").shape
    (187, 96)
    """
    return OnnxNetwork(model)


def answer_patches(
    network: Network,
    patches: Iterable[Any],
    outputs: Sequence[str] | None = None,
    *,
    batch_size: int = 1,
) -> dict[str, NDArray[np.float32]]:
    """A network's answers to all patches there are, of which no more than a batch is held.

    Parameters
    ----------
    network : Network
        What answers.
    patches : iterable of ndarray, or ndarray of shape (n_patches, ...)
        Such as `Patches` of a track. For a network of several inputs an iterable of tuples.
    outputs : sequence of str, optional
        Which outputs; None means all.
    batch_size : int, default=1
        How many go through the network together. By ones, no patch's answer depends on the others
        by as much as a rounding error, whatever computes it.

    Returns
    -------
    dict of str to ndarray of shape (n_patches, n_units)
        By output.

    Raises
    ------
    TypeError
        If `network` is none, such as the name of one.

    Notes
    -----
    On one core (AMD EPYC, AVX-512), "msd-musicnn" takes 1 to 2 % longer for a patch in batches of 2
    to 32 than by ones, and each patch of a batch takes 29 MB.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import answer_patches, open_network
    >>> patches = (np.full((187, 96), level) for level in (0, 1, 2))
    >>> answer_patches(open_network("msd-musicnn"), patches, ["tags"])["tags"].shape
    (3, 50)
    """
    if not isinstance(network, Network):
        raise TypeError(
            f"network must have shape, outputs and a call on a batch, as open_network gives it, "
            f"not be {network!r}"
        )
    names = list(network.outputs) if outputs is None else list(outputs)
    answers = [network(batch, names) for batch in iter_batches(patches, batch_size)]
    none = {name: np.empty((0, network.outputs[name]), np.float32) for name in names}
    return {name: np.concatenate([some[name] for some in [none, *answers]]) for name in names}
