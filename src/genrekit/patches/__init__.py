"""What networks hear: the kinds of input that a card may name, and patches of tracks for them.

It knows no network and no card. Users find its names in ``genrekit.networks``.
"""

from __future__ import annotations

from genrekit.patches._features import FeaturesInput, parse_input
from genrekit.patches._inputs import MelInput, WaveformInput
from genrekit.patches._patches import iter_batches, patch_starts
from genrekit.patches._rows import (
    EmbeddingRows,
    FeatureRows,
    FrameRows,
    NetworkRows,
    RowsInput,
    WaveformRows,
    columns_in,
)
from genrekit.patches._source import Patches

__all__ = [
    "EmbeddingRows",
    "FeatureRows",
    "FeaturesInput",
    "FrameRows",
    "MelInput",
    "NetworkRows",
    "Patches",
    "RowsInput",
    "WaveformInput",
    "WaveformRows",
    "columns_in",
    "iter_batches",
    "parse_input",
    "patch_starts",
]
