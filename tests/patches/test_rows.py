"""Entries of a features input: what they are made of, and the patches that are cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genrekit.networks import get_card
from genrekit.patches._rows import EmbeddingRows, FeatureRows, FrameRows, NetworkRows, WaveformRows

LEVEL = {"mean": [0.0], "scale": [1.0]}
HEARD = get_card("msd-musicnn").input


def brought(n_rows: int = 2, patch: int = 4, **fields: Any) -> FrameRows:
    unscaled = {"mean": [0.0] * n_rows, "scale": [1.0] * n_rows}
    return FrameRows(**{"name": "frames", "patch": patch, **unscaled, **fields})


def test_patches_are_standardised_row_by_row():
    entry = brought(mean=[1.0, -2.0], scale=[2.0, 0.5])
    frames = np.arange(20, dtype=np.float64).reshape(2, 10)
    patches = entry.cut(frames, np.array([0.0, 3.0]))
    assert patches.dtype == np.float32
    assert patches.shape == (2, *entry.shape)
    expected = (frames - [[1.0], [-2.0]]) / [[2.0], [0.5]]
    np.testing.assert_allclose(patches[0], expected[:, :4])
    np.testing.assert_allclose(patches[1], expected[:, 3:7])


@pytest.mark.parametrize(
    ("start", "columns"),
    [
        (0, [0, 1, 2, 3]),
        (6, [6, 7, 8, 9]),
        (8, [8, 9, 8, 9]),
        (9, [9, 9, 9, 9]),
        (23, [9, 9, 9, 9]),
    ],
)
def test_a_segment_that_ends_beyond_the_track_is_repeated(start, columns):
    frames = np.arange(10.0)[np.newaxis]
    (patch,) = brought(1).cut(frames, np.array([float(start)]))
    assert patch[0].tolist() == columns


def test_a_track_shorter_than_a_patch_is_repeated_until_it_fills_one():
    (patch,) = brought(1, patch=7).cut(np.array([[1.0, 2.0, 3.0]]), np.zeros(1))
    assert patch[0].tolist() == [1, 2, 3, 1, 2, 3, 1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_of_the_frames(dtype):
    frames = np.linspace(-1, 1, 20).reshape(2, 10).astype(dtype)
    frames.flags.writeable = False
    entry = brought(mean=[0.25, 0.5], scale=[3.0, 7.0])
    expected = (frames[:, 1:5].astype(np.float64) - [[0.25], [0.5]]) / [[3.0], [7.0]]
    np.testing.assert_allclose(
        entry.cut(frames, np.ones(1))[0], expected, rtol=1e-3 if dtype is np.float16 else 1e-6
    )


@pytest.mark.parametrize("shape", [(3, 10), (10,), (2, 0), (1, 2, 10)])
def test_frames_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"the input 'frames' takes frames of shape \(2, n\)"):
        brought().cut(np.zeros(shape), np.zeros(1))


def test_starts_are_rounded_down_and_whole_numbers_are_whole():
    entry = WaveformRows(name="y", sr=22050, patch=100, **LEVEL)
    times = np.array([0.0, 0.1, 1 / 22050, 1.99999 / 22050, 3 * (1 / 3)])
    assert entry.starts(times, 30000).tolist() == [0, 2205, 1, 1, 22050]
    assert entry.starts(times, 2000).tolist() == [0, 1999, 1, 1, 1999]


def test_a_waveform_is_one_row_and_its_patches_have_one_axis():
    entry = WaveformRows(name="y", sr=8000, patch=3, mean=[1.0], scale=[2.0])
    samples = np.array([1.0, 3.0, 5.0, 7.0])
    assert entry.cut(samples[np.newaxis], np.zeros(2)).tolist() == [[0, 1, 2]] * 2
    assert entry.cut(samples, np.zeros(2)).tolist() == [[0, 1, 2]] * 2


def test_learnt_means_and_scales_take_the_place_of_none():
    entry = brought().scaled(np.array([1, 2]), np.array([0.5, 4], np.float32))
    assert entry.mean == (1.0, 2.0)
    assert entry.scale == (0.5, 4.0)
    with pytest.raises(ValueError, match=r"scale\[1\] must be a number of at least 1e-30"):
        brought().scaled([0, 0], [1, 0])
    with pytest.raises(ValueError, match=r"mean\[0\] must be a number"):
        brought().scaled([np.nan, 0], [1, 1])


def test_columns_a_second():
    assert FeatureRows(name="rms", feature="rms", patch=1, hop_length=441, **LEVEL).per_second == 50
    mel = NetworkRows(name="mel", heard=HEARD, patch=1, mean=[0] * 96, scale=[1] * 96)
    assert (mel.per_second, mel.sr, mel.shape) == (62.5, 16000, (96, 1))
    assert brought().per_second == brought().sr == 1


EMBEDDING = {
    "model": "msd-musicnn",
    "sha256": "0" * 64,
    "output": "tags",
    "patch_hop": 1.0,
    "sr": 16000,
    "per_second": 1.0,
}


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (FrameRows, {"name": "a b"}, "name must be of letters"),
        (FrameRows, {"name": "1a"}, "name must be of letters"),
        (FrameRows, {"name": "a" * 201}, "name must have at most 200"),
        (FrameRows, {"name": 1}, "name must be of letters"),
        (FrameRows, {"patch": 0}, "patch must be an integer of at least 1"),
        (FrameRows, {"patch": 1 << 27}, "patch must be an integer of at most"),
        (
            FrameRows,
            {"patch": 1 << 26, "mean": [0.0] * 2, "scale": [1.0] * 2},
            "columns of 2 rows is too large",
        ),
        (FrameRows, {"mean": []}, "mean must be a list of 1 to 4096 numbers"),
        (FrameRows, {"mean": 0.0}, "mean must be a list"),
        (FrameRows, {"mean": [0.0] * 4097}, "mean must be a list"),
        (FrameRows, {"mean": [float("inf")]}, r"mean\[0\] must be a number"),
        (
            FrameRows,
            {"mean": [1e19]},
            r"mean\[0\] must be a number of at least -1e\+18 and at most",
        ),
        (FrameRows, {"scale": [0.0]}, r"scale\[0\] must be a number of at least 1e-30"),
        (FrameRows, {"scale": [-1.0]}, r"scale\[0\] must be a number"),
        (FrameRows, {"scale": ["1"]}, r"scale\[0\] must be a number"),
        (FrameRows, {"scale": [1.0, 1.0]}, "scale must hold one number for each of the 1 rows"),
        (WaveformRows, {"sr": 100}, "sr must be a number from 1,000"),
        (WaveformRows, {"sr": 2e6}, "sr must be a number of at most 1e"),
        (
            WaveformRows,
            {"mean": [0] * 2, "scale": [1] * 2, "sr": 8000},
            "each of the 1 rows of 'x'",
        ),
        (FeatureRows, {"feature": "mell"}, "unknown feature 'mell': did you mean 'mel'"),
        (FeatureRows, {"feature": "gtzan_tempo"}, "unknown feature"),
        (FeatureRows, {"feature": "tempo"}, "tempo has one value a track"),
        (FeatureRows, {"feature": "mel"}, "each of the 128 rows of 'x', not 1"),
        (FeatureRows, {"feature": "mel", "params": {"mels": 3}}, "params: .*no parameter 'mels'"),
        (FeatureRows, {"feature": "mel", "params": {"n_mels": "3"}}, "n_mels must be an integer"),
        (
            FeatureRows,
            {"feature": "mel", "params": {"n_mels": 4096}},
            "n_mels must be a number of at",
        ),
        (FeatureRows, {"feature": "mel", "params": [1]}, "params must be an object"),
        (FeatureRows, {"feature": "rms", "n_fft": 1 << 17}, "n_fft must be an integer of at most"),
        (FeatureRows, {"feature": "rms", "hop_length": 0}, "hop_length must be an integer"),
        (FeatureRows, {"feature": "rms", "window": "hanning?"}, "hanning"),
        (FeatureRows, {"feature": "rms", "dtype": "float16"}, "unknown dtype"),
        (FeatureRows, {"feature": "rms", "pad_mode": "none"}, "unknown pad_mode"),
        (
            FeatureRows,
            {
                "feature": "mel",
                "hop_length": 1,
                "mean": [0] * 128,
                "scale": [1] * 128,
            },
            "x: 22050 columns a second are too many",
        ),
        (EmbeddingRows, {**EMBEDDING, "sha256": "abc"}, "sha256 must be 64 digits"),
        (EmbeddingRows, {**EMBEDDING, "model": ""}, "model must be a text"),
        (EmbeddingRows, {**EMBEDDING, "output": ["tags"]}, "output must be a text"),
        (EmbeddingRows, {**EMBEDDING, "patch_hop": 0}, "patch_hop must be a number above 0"),
        (EmbeddingRows, {**EMBEDDING, "per_second": 1e9}, "per_second must be a number"),
        (NetworkRows, {"heard": HEARD}, "each of the 96 rows of 'x', not 1"),
        (NetworkRows, {"heard": "msd-musicnn"}, "heard must be a mel spectrogram's"),
    ],
)
def test_what_no_card_may_ask_for(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"name": "x", "patch": 1, **LEVEL, **fields})
