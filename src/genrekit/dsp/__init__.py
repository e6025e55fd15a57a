"""Signal processing: arrays in, arrays out. No files, no scikit-learn, no librosa."""

from genrekit.dsp.filters import chroma_filters, dct_basis, mel_filters
from genrekit.dsp.framing import BLOCK_FRAMES, frame_count, stft_window
from genrekit.dsp.intermediates import INTERMEDIATES, Request, make_request
from genrekit.dsp.parameters import check_once, check_parameters
from genrekit.dsp.sweep import Sweep

__all__ = [
    "BLOCK_FRAMES",
    "INTERMEDIATES",
    "Request",
    "Sweep",
    "check_once",
    "check_parameters",
    "chroma_filters",
    "dct_basis",
    "frame_count",
    "make_request",
    "mel_filters",
    "stft_window",
]
