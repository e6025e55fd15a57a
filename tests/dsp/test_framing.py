"""Blocks of frames from a stream against frames of the whole signal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import get_window

from genrekit.dsp import BLOCK_FRAMES, frame_count, stft_window
from genrekit.dsp.framing import Framer
from genrekit.dsp.parameters import PAD_MODES


def _whole(y, n_fft, hop_length, center, pad_mode):
    """All frames at once: pad, cut."""
    padded = np.pad(y, n_fft // 2 if center else 0, mode=pad_mode)
    padded = np.pad(padded, (0, max(0, n_fft - len(padded))))
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]


def _streamed(y, splits, n_fft, hop_length, center, pad_mode):
    """All blocks, when the signal comes bit by bit."""
    framer = Framer(n_fft, hop_length, n_fft // 2 if center else 0, pad_mode, "float64")
    blocks = [block for samples in np.split(y, splits) for block in framer.push(samples)]
    return blocks + list(framer.finish())


def _cut(signal, n_frames, n_fft, hop_length):
    frames = np.lib.stride_tricks.sliding_window_view(signal, n_fft)[::hop_length]
    assert len(frames) == n_frames
    return frames


def _mask(block):
    mask = np.zeros(len(block.signal))
    mask[block.first : block.last] = 1
    return mask


def _draw(seed):
    """A length, a grid and cuts, short ones as often as long ones."""
    rng = np.random.default_rng(seed)
    n_samples = int(np.exp(rng.uniform(0, np.log(5000))))
    n_fft = int(rng.integers(2, 130))
    hop_length = int(rng.integers(1, n_fft + 1))
    splits = np.sort(rng.integers(0, n_samples + 1, size=rng.integers(0, 12)))
    return rng.standard_normal(n_samples), splits, n_fft, hop_length


EDGES = [
    (np.ones(1), [], 2, 1),
    (np.arange(1.0, 4.0), [1, 2], 7, 3),
    (np.arange(5000.0), range(1, 5000, 7), 33, 5),
    (np.arange(5000.0), [], 2048, 512),
    (np.arange(1025.0), [1024], 2048, 512),
    (np.arange(1024.0), [1023], 2048, 512),
]


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("pad_mode", PAD_MODES)
def test_stream_gives_the_frames_of_the_whole(pad_mode, center):
    drawn = [_draw(seed) for seed in range(60)]
    for y, splits, n_fft, hop_length in [*EDGES, *drawn]:
        case = (len(y), list(splits), n_fft, hop_length)
        expected = _whole(y, n_fft, hop_length, center, pad_mode)
        blocks = _streamed(y, splits, n_fft, hop_length, center, pad_mode)
        got = np.concatenate([_cut(b.signal, b.n_frames, n_fft, hop_length) for b in blocks])
        np.testing.assert_array_equal(got, expected, err_msg=str(case))
        assert len(got) == frame_count(len(y), n_fft, hop_length, center), case
        assert all(block.n_frames == BLOCK_FRAMES for block in blocks[:-1]), case


@pytest.mark.parametrize("center", [True, False])
def test_blocks_tell_samples_from_padding(center):
    for y, splits, n_fft, hop_length in [*EDGES, *map(_draw, range(60))]:
        expected = _whole(np.ones(len(y)), n_fft, hop_length, center, "constant")
        blocks = _streamed(y, splits, n_fft, hop_length, center, "reflect")
        got = [_cut(_mask(b), b.n_frames, n_fft, hop_length) for b in blocks]
        np.testing.assert_array_equal(np.concatenate(got), expected)


def test_framer_keeps_only_what_it_needs():
    framer = Framer(64, 16, 32, "constant", "float32")
    for _ in range(200):
        list(framer.push(np.ones(1000)))
        assert len(framer.buffer) < 64 + BLOCK_FRAMES * 16
        assert len(framer.edge) <= 33


def test_framer_converts():
    framer = Framer(4, 2, 2, "constant", "float32")
    list(framer.push(np.ones(9)))
    (block,) = framer.finish()
    assert block.signal.dtype == np.float32


@pytest.mark.parametrize(
    ("n_samples", "center", "expected"),
    [
        (1, True, 1),
        (512, True, 2),
        (511, True, 1),
        (1, False, 1),
        (2048, False, 1),
        (2560, False, 2),
    ],
)
def test_frame_count(n_samples, center, expected):
    assert frame_count(n_samples, 2048, 512, center) == expected


@pytest.mark.parametrize("win_length", [1, 2, 7, 400, 512])
@pytest.mark.parametrize("window", ["hann", "hamming", "blackman", "boxcar"])
def test_windows_are_scipys(window, win_length):
    left = (512 - win_length) // 2
    shape = get_window(window, win_length)
    expected = np.pad(shape, (left, 512 - win_length - left))
    got = stft_window(window, win_length, 512)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-15)
    assert got.dtype == np.float64


def test_unknown_window():
    with pytest.raises(ValueError, match="hamn"):
        stft_window("hamn", 16, 16)


@pytest.mark.parametrize("arguments", [(0, 64, 16), (9.5, 64, 16), (9, 64, 65), (9, 1, 1)])
def test_frames_that_there_are_not(arguments):
    with pytest.raises(ValueError, match="n_samples must|hop_length=65 is above|n_fft must"):
        frame_count(*arguments)
