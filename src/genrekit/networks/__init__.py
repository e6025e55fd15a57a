"""Networks in ONNX: their cards, where their files are, and running them.

A network is a file ``.onnx`` and a card ``.json`` that says what it hears and answers, under which
licence it stands, and the SHA-256 of the file. Adding one takes no code: see `ModelCard`.
`CNNEmbedding` loads scikit-learn when first used; the rest does without.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genrekit.downloads import PackageSource
from genrekit.networks._card import ModelCard
from genrekit.networks._hearing import Listener, make_plan
from genrekit.networks._network import Network, OnnxNetwork, answer_patches, open_network
from genrekit.networks._part import EmbeddingPart, top_tags
from genrekit.networks._registry import (
    HEADS,
    fetch_model,
    get_card,
    list_models,
    locate,
)
from genrekit.networks._segments import segment_answers
from genrekit.networks._session import check_content
from genrekit.networks._words import rows_inputs
from genrekit.patches import (
    FeaturesInput,
    MelInput,
    Patches,
    RowsInput,
    WaveformInput,
    iter_batches,
)

__all__ = [
    "HEADS",
    "CNNEmbedding",
    "EmbeddingPart",
    "FeaturesInput",
    "Listener",
    "MelInput",
    "ModelCard",
    "Network",
    "OnnxNetwork",
    "PackageSource",
    "Patches",
    "RowsInput",
    "WaveformInput",
    "answer_patches",
    "check_network",
    "check_content",
    "fetch_model",
    "get_card",
    "iter_batches",
    "list_models",
    "locate",
    "make_plan",
    "open_network",
    "rows_inputs",
    "segment_answers",
    "top_tags",
]

if TYPE_CHECKING:
    from genrekit.networks._embedding import CNNEmbedding, check_network
else:  # type checkers would take any name for one that `__getattr__` knows

    def __getattr__(name: str) -> Any:
        """Load what needs scikit-learn when it is first used."""
        if name not in ("CNNEmbedding", "check_network"):
            raise AttributeError(f"module 'genrekit.networks' has no attribute {name!r}")
        value = getattr(importlib.import_module("genrekit.networks._embedding"), name)
        globals()[name] = value
        return value
