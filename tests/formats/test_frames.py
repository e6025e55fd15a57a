from __future__ import annotations

import numpy as np
import pytest

from genrekit.formats._frames import find_frames

av_kinds = [("adts", "aac", "aac"), ("ac3", "ac3", "ac3"), ("eac3", "eac3", "eac3")]
av_kinds += [("mp2", "mp2", "mp3"), ("mp3", "libmp3lame", "mp3")]


@pytest.mark.parametrize("sr", [32000, 44100, 48000])
@pytest.mark.parametrize(("kind", "codec", "name"), av_kinds)
def test_streams_are_told_by_their_frames(encode_av, sound, kind, codec, name, sr):
    content = encode_av(sound(1.0, sr=sr), sr=sr, kind=kind, codec=codec)
    assert find_frames(content) == name
    # A recording of a broadcast begins somewhere.
    assert find_frames(content[777:]) == name


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000])
def test_mp3_at_all_rates(encode, sound, sr):
    assert find_frames(encode(sound(1.0, sr=sr), sr, "MP3")) == "mp3"


def test_layer_one():
    # 384 kbit/s at 44100 Hz: 4 * (12 * 384000 // 44100) bytes
    frame = b"\xff\xff\xc0\x00" + bytes(412)
    assert find_frames(3 * frame) == "mp3"


@pytest.mark.parametrize("seed", range(20))
def test_noise_has_no_frames(seed):
    noise = np.random.default_rng(seed).bytes(1 << 16)
    assert find_frames(noise) is None


@pytest.mark.parametrize("byte", range(0, 256, 15))
def test_one_byte_over_and_over_has_no_frames(byte):
    assert find_frames(bytes([byte]) * (1 << 16)) is None
