from __future__ import annotations

import sys

import numpy as np
import pytest
import soundfile

from genrekit.audio import _decoder, _open, load_audio, stream_audio
from genrekit.audio._soundfile import decode
from genrekit.exceptions import AudioDecodeError

from .conftest import FORMATS, samples_of


@pytest.fixture(autouse=True)
def only_soundfile(monkeypatch):
    """No other decoder helps out."""
    only = {"soundfile": _open._FINDERS["soundfile"]}
    monkeypatch.setattr(_open, "_FINDERS", only)


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_seeking_gives_what_decoding_all_gives(tmp_path, encode, sound, kind, subtype):
    content = encode(sound(6.0, 48000), 48000, kind, subtype)
    whole = samples_of(content)
    assert whole.dtype == np.float32
    assert whole.shape == (6 * 48000, 2)
    path = tmp_path / "song"
    path.write_bytes(content)
    for offset, duration in [(0.0, None), (2.5, 1.25), (3.3331, None), (5.9, 4.0)]:
        start = int(offset * 48000)
        stop = None if duration is None else start + int(duration * 48000)
        part = samples_of(str(path), offset, duration)
        np.testing.assert_allclose(part, whole[start:stop], atol=1e-4)


def test_an_offset_is_not_decoded(encode, sound, monkeypatch):
    frames = []
    read = soundfile.SoundFile.buffer_read_into

    def counting(*args):
        frames.append(read(*args))
        return frames[-1]

    monkeypatch.setattr(soundfile.SoundFile, "buffer_read_into", counting)
    load_audio(encode(sound(20.0), kind="FLAC"), offset=15.0, duration=2.0)
    assert sum(frames) == 2 * 44100


def test_long_files_come_in_blocks(encode, sound):
    blocks = list(decode(encode(sound(4.0)), offset=0.0, duration=None).blocks)
    assert [len(block) for block in blocks] == [_decoder.BLOCK_FRAMES] * 2 + [45328]


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_offset_beyond_the_end(encode, sound, kind, subtype):
    content = encode(sound(2.0, 48000), 48000, kind, subtype)
    with pytest.raises(AudioDecodeError, match=r"offset=2 s lies beyond its end: it is 2\.00 s"):
        load_audio(content, offset=2.0)


def test_duration_below_one_sample(encode, sound):
    with pytest.raises(AudioDecodeError, match=r"duration=1e-05 s is shorter than one sample"):
        load_audio(encode(sound()), duration=1e-5)


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU"])
def test_no_samples(encode, kind):
    with pytest.raises(AudioDecodeError, match="<bytes>: it holds no samples"):
        load_audio(encode(np.zeros((0, 2)), kind=kind))


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "MP3"])
@pytest.mark.parametrize("as_path", [True, False])
def test_truncated(tmp_path, encode, sound, kind, as_path):
    content = encode(sound(5.0), kind=kind)
    path = tmp_path / "cut"
    path.write_bytes(content[: len(content) // 2])
    source = path if as_path else path.read_bytes()
    with pytest.raises(AudioDecodeError, match=r"truncated: 5\.00 s should be there, 2\.\d+ s are"):
        load_audio(source)


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "MP3"])
def test_three_percent_are_missed(encode, sound, kind):
    content = encode(sound(20.0), kind=kind)
    with pytest.raises(AudioDecodeError, match=r"truncated: 20\.00 s should be there, 19\.\d\d s"):
        load_audio(content[: int(0.97 * len(content))])
    assert len(load_audio(content[: int(0.995 * len(content))])) > 19.8 * 22050


def test_truncated_flac(encode, sound):
    content = encode(sound(5.0), kind="FLAC")
    with pytest.raises(AudioDecodeError, match="damaged or truncated"):
        load_audio(content[: len(content) // 2])
    with pytest.raises(AudioDecodeError, match="it looks like a FLAC file"):
        load_audio(content[: len(content) // 20])


def test_truncated_ogg_is_decoded_as_far_as_it_goes(encode, sound):
    content = encode(sound(5.0), kind="OGG")
    assert 1.5 * 22050 < len(load_audio(content[: len(content) // 2])) < 3 * 22050


def test_what_is_there_of_a_truncated_file_can_be_read(encode, sound):
    content = encode(sound(5.0))
    cut = content[: len(content) // 2]
    np.testing.assert_array_equal(load_audio(cut, duration=2.0), load_audio(content, duration=2.0))
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(cut, offset=4.0)


def test_a_few_missing_bytes_are_forgiven(encode, sound):
    content = encode(sound(5.0))
    assert len(load_audio(content[:-400])) == 5 * 22050 - 50


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF])
def test_wav_written_into_a_pipe(encode, sound, size):
    content = bytearray(encode(sound()))
    at = content.find(b"data") + 4
    content[4:8] = content[at : at + 4] = size.to_bytes(4, "little")
    assert len(load_audio(content)) == 44100


def test_flac_written_into_a_pipe(encode, sound):
    content = bytearray(encode(sound(), kind="FLAC"))
    expected = load_audio(content)
    content[21] &= 0xF0  # the number of frames: 36 bits of STREAMINFO, now 0 for "unknown"
    content[22:26] = bytes(4)
    np.testing.assert_array_equal(load_audio(content), expected)
    assert len(load_audio(content, offset=1.0, duration=9.0)) == 22050


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts open files in /proc")
def test_files_are_closed(tmp_path, encode, sound):
    from pathlib import Path

    path = tmp_path / "song.wav"
    path.write_bytes(encode(sound(5.0)))

    def is_open():
        links = Path("/proc/self/fd").iterdir()
        return any(link.is_symlink() and link.resolve() == path.resolve() for link in links)

    blocks = stream_audio(path)
    next(blocks)
    assert is_open()
    blocks.close()
    assert not is_open()
    with pytest.raises(AudioDecodeError):
        load_audio(path, offset=10.0)
    assert not is_open()
