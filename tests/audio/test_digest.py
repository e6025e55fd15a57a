"""Hashes of what is heard."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from genrekit.audio import hash_samples
from genrekit.exceptions import AudioDecodeError


def encoded(samples, kind, sr=8000):
    file = io.BytesIO()
    soundfile.write(file, samples, sr, format=kind)
    return file.getvalue()


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(-9999, 9999, (70_000, 2), dtype=np.int16)


def test_the_format_does_not_matter_and_the_rest_does(noise):
    whole = hash_samples(encoded(noise, "WAV"))
    assert hash_samples(encoded(noise, "FLAC")) == whole
    mono = noise.reshape(-1)
    others = [
        encoded(noise, "WAV", sr=8001),
        encoded(noise[:-1], "WAV"),
        encoded(noise[:, ::-1], "WAV"),
        encoded(mono, "WAV"),
        encoded(noise + np.int16(1), "WAV"),
    ]
    assert len({whole, *map(hash_samples, others)}) == 6


def test_what_is_no_sound_is_an_error(bad_files):
    for path in bad_files:
        with pytest.raises(AudioDecodeError):
            hash_samples(path)
