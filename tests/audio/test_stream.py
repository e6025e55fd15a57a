from __future__ import annotations

import math
import struct
import time

import librosa
import numpy as np
import pytest
import soxr

from genrekit.audio import (
    Decoded,
    _open,
    _stream,
    available_decoders,
    load_audio,
    resample_blocks,
    stream_audio,
    stream_rates,
)
from genrekit.exceptions import AudioDecodeError


@pytest.fixture
def wav(tmp_path, encode, sound):
    """Path of two seconds in stereo at 44.1 kHz."""
    path = tmp_path / "song.wav"
    path.write_bytes(encode(sound()))
    return path


def constant(value, sr=8000, frames=80, channels=1, dtype=np.float32):
    """A decoder that gives the same value for ever so long."""

    def decode(source, *, offset, duration):
        return Decoded(sr, iter([np.full((frames, channels), value, dtype=dtype)]))

    return decode


# --- what librosa gives -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("native_sr", "channels", "subtype"),
    [
        (44100, 2, "PCM_16"),
        (44100, 1, "PCM_24"),
        (48000, 6, "PCM_16"),
        (48000, 3, "DOUBLE"),
        (8000, 2, "DOUBLE"),
        (8000, 1, "PCM_U8"),
        (96000, 6, "PCM_24"),
        (22050, 1, "FLOAT"),
        (22050, 2, "PCM_16"),
        (11025, 2, "ULAW"),
    ],
)
def test_samples_are_those_of_librosa(tmp_path, encode, sound, native_sr, channels, subtype):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(sound(1.7, native_sr, channels), native_sr, subtype=subtype))
    expected, _ = librosa.load(path, sr=22050)
    y = load_audio(path)
    assert y.dtype == np.float32
    assert y.flags.c_contiguous
    assert y.flags.writeable
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "MP3", "AIFF", "AU"])
@pytest.mark.parametrize("sr", [16000, 44100])
def test_formats_and_rates_are_those_of_librosa(tmp_path, encode, sound, kind, sr):
    path = tmp_path / f"song.{kind.lower()}"
    path.write_bytes(encode(sound(), kind=kind))
    np.testing.assert_array_equal(load_audio(path, sr=sr), librosa.load(path, sr=sr)[0])


def test_opus(encode, sound):
    y = load_audio(encode(sound(sr=48000), 48000, "OGG", "OPUS"))
    assert len(y) == 44100


@pytest.mark.parametrize(("offset", "duration"), [(0.5, None), (0.0, 0.7), (1.3, 0.31), (1.5, 9.0)])
def test_part_is_that_of_librosa(wav, offset, duration):
    expected, _ = librosa.load(wav, sr=22050, offset=offset, duration=duration)
    np.testing.assert_array_equal(load_audio(wav, offset=offset, duration=duration), expected)


def test_eight_channels_are_averaged(encode, sound):
    samples = sound(0.5, channels=8)
    y = load_audio(encode(samples, subtype="DOUBLE"), sr=44100)
    np.testing.assert_allclose(y, samples.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("frames", [1, 2, 3, 10, 1000])
def test_short_files(encode, sound, frames):
    y = load_audio(encode(sound()[:frames]))
    assert len(y) == math.ceil(frames / 2)
    assert np.isfinite(y).all()


# --- streaming --------------------------------------------------------------------------------


def test_blocks_are_the_whole(encode, sound):
    content = encode(sound(5.0))
    blocks = list(stream_audio(content))
    assert len(blocks) > 2
    assert all(block.ndim == 1 and len(block) for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), load_audio(content))


@pytest.mark.parametrize("sr", [22050, 44100])
def test_kept_blocks_do_not_change(encode, sound, sr):
    kept, copies = [], []
    for block in stream_audio(encode(sound(5.0, channels=1)), sr=sr):
        kept.append(block)
        copies.append(block.copy())
    assert len(kept) > 2
    np.testing.assert_array_equal(np.concatenate(kept), np.concatenate(copies))


@pytest.mark.parametrize("native_sr", [8000, 44100, 48000, 96000])
@pytest.mark.parametrize("size", [37, 4096, 65536])
def test_streamed_resampling_is_bit_equal_to_one_shot(native_sr, size):
    y = np.random.default_rng(0).normal(0, 0.1, 70001).astype(np.float32)
    blocks = (y[i : i + size] for i in range(0, len(y), size))
    streamed = np.concatenate(list(resample_blocks(blocks, native_sr, 22050)))
    once = soxr.resample(y, native_sr, 22050, quality="HQ")
    n = min(len(streamed), len(once))
    np.testing.assert_array_equal(streamed[:n], once[:n])
    assert len(streamed) == math.ceil(len(y) * (22050 / native_sr))
    assert not streamed[n:].any()


def test_several_rates_from_one_decode(sound, encode):
    file = encode(sound(3.0, channels=2))
    rates = (22050, 16000, 44100)
    blocks = list(stream_rates(file, rates, offset=0.5))
    assert len(blocks) > 2
    for sr, parts in zip(rates, zip(*blocks, strict=True), strict=True):
        alone = load_audio(file, sr=sr, offset=0.5)
        np.testing.assert_array_equal(np.concatenate(parts), alone)


def test_equal_rates_pass_blocks_on():
    blocks = [np.ones(3, np.float32), np.ones(0, np.float32), np.ones(2, np.float32)]
    passed = list(resample_blocks(blocks, 8000, 8000))
    assert [id(block) for block in passed] == [id(blocks[0]), id(blocks[2])]


def test_resampling_nothing_gives_nothing():
    assert list(resample_blocks([], 44100, 22050)) == []


# --- decoders of one's own --------------------------------------------------------------------


def test_own_decoder_gets_path_and_range(tmp_path):
    calls = []

    def decode(source, *, offset, duration):
        calls.append((source, offset, duration))
        return Decoded(8000, iter([np.ones((8000, 2), np.float32)]))

    path = tmp_path / "odd.bin"
    path.write_bytes(b"anything")
    y = load_audio(path, sr=8000, offset=1.0, duration=2.0, decoder=decode)
    assert calls == [(str(path), 1.0, 2.0)]
    np.testing.assert_array_equal(y, np.ones(8000))


def test_own_decoder_may_give_float64_and_empty_blocks():
    def decode(source, *, offset, duration):
        return Decoded(8000, [np.ones((0, 1)), np.ones((5, 1)), np.ones((0, 1)), np.ones((2, 1))])

    y = load_audio(b"x", sr=8000, decoder=decode)
    assert y.dtype == np.float32
    assert len(y) == 7


@pytest.mark.parametrize("block", [np.ones(8, np.float32), np.ones((8, 0), np.float32), [1, 2]])
def test_blocks_of_wrong_shape_are_refused(block):
    with pytest.raises(TypeError, match=r"\(n_frames, n_channels\)"):
        load_audio(b"x", decoder=lambda source, **_: Decoded(8000, iter([block])))


def test_own_decoder_fails():
    def picky(source, *, offset, duration):
        raise RuntimeError("not to my taste")

    with pytest.raises(AudioDecodeError, match="tried picky \\(not to my taste\\)"):
        load_audio(b"x", decoder=picky)


def test_own_decoder_may_raise_the_error_itself():
    error = AudioDecodeError("tape 7", "it is torn")

    def tape(source, *, offset, duration):
        def blocks():
            yield np.ones((8, 1), np.float32)
            raise error

        return Decoded(8000, blocks())

    with pytest.raises(AudioDecodeError) as caught:
        load_audio(b"x", decoder=tape)
    assert caught.value is error


@pytest.mark.parametrize("early", [True, False])
def test_too_little_memory_is_an_error_of_the_file(early):
    def hungry(source, *, offset, duration):
        def blocks():
            if not early:
                yield np.ones((8, 1), np.float32)
            raise MemoryError

        return Decoded(8000, blocks())

    with pytest.raises(AudioDecodeError, match="<bytes>: .*there is not enough memory for it"):
        load_audio(b"x", decoder=hungry)


# --- bad samples and bad arguments ------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sr", [22050, 44100])
def test_samples_that_are_not_finite(tmp_path, encode, sound, bad, sr):
    samples = sound()
    samples[60000, 1] = bad
    path = tmp_path / "broken.wav"
    path.write_bytes(encode(samples, subtype="FLOAT"))
    with pytest.raises(AudioDecodeError, match=r"broken\.wav: it holds NaN or infinite samples"):
        load_audio(path, sr=sr)


def test_huge_samples_are_finite():
    y = load_audio(b"x", sr=8000, decoder=constant(3e38))
    assert np.isfinite(y).all()


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ("sr", [0, -1, None, "22050", float("nan"), float("inf")]),
        ("offset", [-0.1, None, float("nan")]),
        ("duration", [0, -1.0, float("inf"), "all"]),
    ],
)
@pytest.mark.parametrize("function", [load_audio, stream_audio])
def test_numbers_are_checked_at_the_call(function, parameter, values):
    for value in values:
        with pytest.raises(ValueError, match=f"^{parameter} must be a number"):
            function(b"x", **{parameter: value})


def test_decoder_must_be_callable():
    with pytest.raises(TypeError, match="decoder must be a callable"):
        load_audio(b"x", decoder="soundfile")


# --- what headers say -------------------------------------------------------------------------


def wav_saying(samples, sr, channels, bits=8):
    """A WAV file that says what it is told to say."""
    frame = channels * bits // 8
    head = struct.pack(
        "<HHIIHH", 1, channels & 0xFFFF, sr, sr * frame & 0xFFFFFFFF, frame & 0xFFFF, bits
    )
    size = len(samples).to_bytes(4, "little")
    body = b"WAVEfmt " + len(head).to_bytes(4, "little") + head + b"data" + size + samples
    return b"RIFF" + len(body).to_bytes(4, "little") + body


DECODERS = ["soundfile", "pyav", "ffmpeg"]


@pytest.fixture(params=DECODERS)
def only_one(request, monkeypatch):
    """One decoder after the other, on its own."""
    monkeypatch.setattr(_open, "_FINDERS", {request.param: _open._FINDERS[request.param]})
    if not available_decoders():
        pytest.skip(f"{request.param} can't be used here")


@pytest.mark.parametrize(
    ("sr", "channels", "reason"),
    [
        (1, 1, r"its header says 1 Hz; rates from 1,000 to 10,000,000 Hz are read"),
        (999, 2, "its header says 999 Hz"),
        (10_000_001, 1, "its header says 1e[+]07 Hz"),
        (2**31 - 1, 1, "its header says"),
        # FFmpeg has limits of its own.
        (44100, 256, "its header says 256 channels; up to 255 are read|no decoder could read it"),
        (44100, 60000, "its header says 60,000 channels|no decoder could read it"),
    ],
)
def test_numbers_that_cannot_be_true(only_one, sr, channels, reason):
    content = wav_saying(bytes(range(256)) * 1000, sr, channels)
    start = time.monotonic()
    with pytest.raises(AudioDecodeError, match=reason):
        load_audio(content)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(("sr", "channels"), [(1000, 1), (10_000_000, 1), (44100, 64)])
def test_numbers_that_are_just_true(only_one, sr, channels):
    content = wav_saying(bytes([128]) * 10200, sr, channels)
    expected = math.ceil(10200 // channels * 22050 / sr)
    assert abs(len(load_audio(content)) - expected) <= 1


@pytest.mark.parametrize("sr", [0, 999, 1e-9, 1.1e7, 1e15])
def test_rates_that_are_asked_for(sr):
    with pytest.raises(ValueError, match="^sr must be a number "):
        load_audio(b"x", sr=sr)


def test_blocks_stay_short_whatever_they_become():
    y = np.zeros(3000, np.float32)
    blocks = list(resample_blocks([y], 1000, 1e7))
    assert sum(map(len, blocks)) == 30_000_000
    assert max(map(len, blocks)) < 10_000_000  # soxr collects some of them


def test_shorter_blocks_give_what_the_block_gives():
    y = np.random.default_rng(0).normal(size=200_000).astype(np.float32)
    whole = librosa.resample(y, orig_sr=1000, target_sr=22050, res_type="soxr_hq")
    parts = np.concatenate(list(resample_blocks([y], 1000, 22050)))
    np.testing.assert_array_equal(parts, whole)


def test_waveforms_over_two_gigabytes_are_asked_for_by_duration(monkeypatch):
    monkeypatch.setattr(_stream, "_MOST", 1 << 16)
    long = constant(0.5, frames=20_000)
    with pytest.raises(AudioDecodeError, match="<bytes>: its waveform takes more than .* GB") as no:
        load_audio(b"x", sr=8000, decoder=long)
    assert "Pass duration=" in no.value.hint
    assert len(load_audio(b"x", sr=8000, decoder=long, duration=10.0)) == 20_000
    assert sum(map(len, stream_audio(b"x", sr=8000, decoder=long))) == 20_000
    assert len(load_audio(b"x", sr=8000, decoder=constant(0.5, frames=16_000))) == 16_000
