"""Real recordings against a decoder that shares no code with the default one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate

from genrekit.audio import load_audio

MP3S = """
    000002 000005 000010 000140 001039 001040 001066 001069 001073 001075 001082 001083
"""


def decode_with_av(path):
    """Mono at 44.1 kHz, by PyAV's own resampler."""
    av = pytest.importorskip("av")
    resampler = av.AudioResampler(format="fltp", rate=44100)
    parts = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
    return np.concatenate(parts, axis=1).mean(axis=0)


def best_correlation(a, b):
    """Correlation after shifting by what a codec may add in front, up to 0.1 s.

    The first 0.1 s are left out: the clips were cut out of longer files, so their first frames
    refer to data that are gone, and decoders make up different things.
    """
    n = min(len(a), len(b), 10 * 44100) - 4410
    a, b = a[4410:][:n], b[4410:][:n]
    correlations = correlate(a, b, method="fft")
    lags = np.arange(-n + 1, n)
    near = np.abs(lags) <= 4410
    shift = int(lags[near][correlations[near].argmax()])
    a, b = a[max(shift, 0) : n + min(shift, 0)], b[max(-shift, 0) : n - max(shift, 0)]
    return np.corrcoef(a, b)[0, 1]


@pytest.mark.parametrize("name", MP3S.split())
def test_mp3(data_dir, name):
    path = data_dir / "fma_clips" / f"{name}.mp3"
    y, expected = load_audio(path, sr=44100), decode_with_av(path)
    assert abs(len(y) - len(expected)) <= 4410
    assert best_correlation(y, expected) > 0.999


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aac"])
def test_formats(data_dir, kind):
    path = data_dir / "formats" / f"dubstep.{kind}"
    y, expected = load_audio(path, sr=44100), decode_with_av(path)
    assert abs(len(y) - len(expected)) <= 4410
    assert best_correlation(y, expected) > 0.999
    original = load_audio(data_dir / "formats" / "dubstep.wav", sr=44100)
    assert best_correlation(y, original) > 0.95


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aac"])
def test_part_of_a_real_file(data_dir, kind):
    path = data_dir / "formats" / f"dubstep.{kind}"
    whole = load_audio(path, sr=44100)
    part = load_audio(path, sr=44100, offset=4.0, duration=1.5)
    assert len(part) == 66150
    assert np.corrcoef(part, whole[4 * 44100 :][:66150])[0, 1] > 0.999
