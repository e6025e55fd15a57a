from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from genrekit.audio import _open, available_decoders, load_audio
from genrekit.audio._mpeg import count_samples, is_frame_header, skip_id3
from genrekit.exceptions import AudioDecodeError

KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
TAG = b"ID3\x03\x00\x00\x00\x00\x02\x01" + b"\xff" * 257


@pytest.fixture(scope="module")
def frames(sound):
    """A function that gives the bare frames of an MP3 at 44.1 kHz, without its Info header."""

    def make(level: float, seconds: float = 4.0) -> list[bytes]:
        file = io.BytesIO()
        samples = sound(seconds)
        with soundfile.SoundFile(
            file,
            "w",
            44100,
            2,
            format="MP3",
            compression_level=level,
            bitrate_mode="CONSTANT",
        ) as mp3:
            mp3.write(samples)
        content, position, found = file.getvalue(), 0, []
        while content[position : position + 1] == b"\xff":
            head = content[position : position + 4]
            size = 144000 * KBITS[head[2] >> 4] // 44100 + (head[2] >> 1 & 1)
            found.append(content[position : position + size])
            position += size
        return found[1:]

    return make


@pytest.mark.parametrize("tag", [b"", TAG, bytes(300)])
@pytest.mark.parametrize("tail", [b"", b"TAG" + bytes(125)])
def test_samples_are_counted(frames, tag, tail):
    bare = frames(0.9)
    content = tag + b"".join(bare) + tail
    assert count_samples(io.BytesIO(content)) == 1152 * len(bare)


@pytest.mark.parametrize("sr", [16000, 8000])
def test_lower_rates_have_shorter_frames(encode, sound, sr):
    content = encode(sound(2.0, sr), sr, "MP3")
    start = content.find(b"\xff", 4)
    while not is_frame_header(content[start : start + 4]):
        start = content.find(b"\xff", start + 1)
    counted = count_samples(io.BytesIO(content[start:]))
    assert counted % 576 == 0
    assert abs(counted - 2 * sr) < 4 * 576


def test_header_that_tells_the_length_is_believed(encode, sound):
    assert count_samples(io.BytesIO(encode(sound(), kind="MP3"))) is None


def test_other_bytes_are_not_counted(frames):
    bare = b"".join(frames(0.9))
    assert count_samples(io.BytesIO(b"")) is None
    assert count_samples(io.BytesIO(b"\xff\xfb\x90\x64" * 5)) is None
    assert count_samples(io.BytesIO(bare + bytes(20_000) + bare)) is None


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xfb\x90",
        b"\xff\xfd\x90\x64",  # layer II
        b"\xff\xeb\x90\x64",  # no such version
        b"\xff\xfb\x00\x64",  # free format
        b"\xff\xfb\xf0\x64",  # no such bit rate
        b"\xff\xfb\x9c\x64",  # no such sampling rate
        b"RIFF",
    ],
)
def test_what_is_no_frame_header(head):
    assert not is_frame_header(head)


def test_id3_footer_is_skipped():
    assert skip_id3(io.BytesIO(b"ID3\x04\x00\x10\x00\x00\x01\x00" + bytes(200))) == 10 + 128 + 10
    assert skip_id3(io.BytesIO(b"ID3")) == 0


def test_constant_bit_rate_without_header_is_left_to_libsndfile(monkeypatch, frames):
    only = {"soundfile": _open._FINDERS["soundfile"]}
    monkeypatch.setattr(_open, "_FINDERS", only)
    bare = frames(0.9)
    assert len(load_audio(b"".join(bare))) == pytest.approx(576 * len(bare), abs=1200)


@pytest.mark.parametrize("quiet_first", [True, False])
def test_variable_bit_rate_without_header(monkeypatch, frames, quiet_first):
    parts = [frames(0.9), frames(0.01)]
    if not quiet_first:
        parts.reverse()
    bare = parts[0] + parts[1]
    content = b"".join(bare)
    if "pyav" in available_decoders():
        y = load_audio(content)
        assert len(y) == pytest.approx(576 * len(bare), abs=1200)
        assert np.abs(y[-40000:]).mean() > 0.01
    only = {"soundfile": _open._FINDERS["soundfile"]}
    monkeypatch.setattr(_open, "_FINDERS", only)
    with pytest.raises(AudioDecodeError, match="variable bit rate that does not say how long"):
        load_audio(content)
