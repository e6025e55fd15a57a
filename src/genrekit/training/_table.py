"""The one table of networks that can be trained. It loads without torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["NETWORKS", "Architecture"]


@dataclass(frozen=True)
class Architecture:
    """One row: how a network is made, and what it takes.

    Parameters
    ----------
    factory : str
        Module and function, ``"genrekit.training._recurrent:lstm"``: ``f(shapes, n_classes,
        **width_and_depth)`` gives a ``torch.nn.Module``. `shapes` are those of one patch of each
        input: (n_rows, n_frames), or (n_samples,) for the waveform.
    takes : str
        "rows" for one input of rows and frames, "waveform" for one of samples, "several" for any
        inputs.
    follows : str
        The published network that it follows.
    hears : str, optional
        The card of the network whose input it must get, as it is; None for any input, standardised.

    Examples
    --------
    >>> from genrekit.training import NETWORKS
    >>> NETWORKS["raw"].takes, NETWORKS["musicnn"].hears
    ('waveform', 'msd-musicnn')
    """

    factory: str
    takes: str
    follows: str
    hears: str | None = None

    def resolve(self) -> Callable[..., Any]:
        """The factory, which loads torch."""
        module, _, name = self.factory.partition(":")
        return getattr(importlib.import_module(module), name)


_HERE = "genrekit.training."

NETWORKS: dict[str, Architecture] = {
    "cnn": Architecture(_HERE + "_convolutional:cnn", "rows", "Choi et al., ISMIR 2016"),
    "cnn1d": Architecture(
        _HERE + "_convolutional:cnn1d", "rows", "Dieleman and Schrauwen, ICASSP 2014"
    ),
    "raw": Architecture(_HERE + "_convolutional:raw", "waveform", "Lee et al., SMC 2017"),
    "lstm": Architecture(_HERE + "_recurrent:lstm", "rows", "Tang et al., 2018"),
    "crnn": Architecture(_HERE + "_recurrent:crnn", "rows", "Choi et al., ICASSP 2017"),
    "parallel": Architecture(_HERE + "_parallel:parallel", "several", "Feng et al., 2017"),
    "musicnn": Architecture(
        _HERE + "_musicnn:musicnn", "rows", "Pons and Serra, ISMIR 2019", "msd-musicnn"
    ),
    "image": Architecture(
        _HERE + "_image:image", "rows", "Palanisamy, Singhania, Yao: Rethinking CNN models, 2020"
    ),
}
