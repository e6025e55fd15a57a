"""Files, bytes and file objects in, mono float32 waveforms out.

The only room that knows how sound is stored. A *decoder* (see `Decoder`) turns a source into blocks
of samples at the file's own rate; downmix and resampling follow block by block, so a file of any
length can be read without standing in memory whole.
"""

from __future__ import annotations

from genrekit.audio._decoder import Decoded, Decoder, UnusableError, frame_range
from genrekit.audio._digest import hash_samples
from genrekit.audio._downmix import DOWNMIX_RULE, Downmix, Remark, hearings
from genrekit.audio._encode import encode_clip
from genrekit.audio._open import available_decoders
from genrekit.audio._source import Source, as_source, without_pipe
from genrekit.audio._stream import (
    LOUDEST,
    load_audio,
    native_rate,
    out_of_scale,
    peak,
    resample_blocks,
    resample_rates,
    stream_audio,
    stream_rates,
)

__all__ = [
    "DOWNMIX_RULE",
    "LOUDEST",
    "Decoded",
    "Decoder",
    "Downmix",
    "Remark",
    "Source",
    "UnusableError",
    "as_source",
    "encode_clip",
    "frame_range",
    "without_pipe",
    "available_decoders",
    "hash_samples",
    "hearings",
    "load_audio",
    "native_rate",
    "out_of_scale",
    "peak",
    "resample_blocks",
    "resample_rates",
    "stream_audio",
    "stream_rates",
]
