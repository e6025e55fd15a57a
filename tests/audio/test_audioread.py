from __future__ import annotations

import sys

import audioread.rawread
import numpy as np
import pytest

from genrekit.audio import _audioread, _open, load_audio
from genrekit.exceptions import AudioDecodeError


@pytest.fixture(autouse=True)
def only_audioread(monkeypatch):
    """audioread's reader of plain WAV stands for a decoder of the system."""
    monkeypatch.setattr(_audioread, "backends", lambda: (audioread.rawread.RawAudioFile,))
    found = _open._audioread()
    monkeypatch.setattr(_open, "_FINDERS", {"audioread": lambda: found})


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("as_path", [True, False])
@pytest.mark.parametrize(("offset", "duration"), [(0.0, None), (0.7, None), (1.3, 0.4), (2.0, 9.0)])
def test_same_as_libsndfile(tmp_path, encode, sound, channels, as_path, offset, duration):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(sound(3.0, channels=channels)))
    source = path if as_path else path.read_bytes()
    y = load_audio(source, offset=offset, duration=duration)
    reference = _open._soundfile().decode
    expected = load_audio(path, offset=offset, duration=duration, decoder=reference)
    np.testing.assert_array_equal(y, expected)


def test_buffers_may_end_in_the_middle_of_a_frame():
    samples = np.arange(300_000, dtype="<i2").reshape(-1, 3)
    content = samples.tobytes()
    buffers = [content[i : i + 1001] for i in range(0, len(content), 1001)]
    blocks = list(_audioread._arrays(buffers, 3))
    assert len(blocks) == 2
    np.testing.assert_array_equal(np.concatenate(blocks) * 32768, samples)


def test_offset_beyond_the_end(encode, sound):
    with pytest.raises(AudioDecodeError, match=r"offset=3 s lies beyond its end: it is 2\.00 s"):
        load_audio(encode(sound(2.0)), offset=3.0)


def test_what_it_cannot_read():
    with pytest.raises(AudioDecodeError, match=r"tried audioread \(NoBackendError\)"):
        load_audio(b"RIFF\x04\x00\x00\x00WAVE")


def test_version_names_the_backends():
    assert "RawAudioFile" in _audioread.version()


def test_only_core_audio_counts(monkeypatch):
    monkeypatch.undo()
    if sys.platform == "darwin":
        assert [backend.__name__ for backend in _audioread.backends()] == ["ExtAudioFile"]
    else:
        with pytest.raises(ImportError, match="no decoder on this system"):
            _open._audioread()
