"""Channels in opposite phase, which are silence in the mean: the first is heard instead."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import soundfile

from genrekit import AudioFeatures, MFCCStats, extract
from genrekit.engine._tracks import Excerpt, TrackSegment, read_track
from genrekit.exceptions import AudioContentWarning
from genrekit.features._table import SETS

SR = 16000


@pytest.fixture(scope="module")
def mono():
    rng, t = np.random.default_rng(0), np.arange(2 * SR) / SR
    beat = 1 + np.sin(2 * np.pi * 4 * t)
    return (0.05 * beat * rng.standard_normal(2 * SR)).astype(np.float32)


@pytest.fixture(scope="module")
def files(mono, tmp_path_factory):
    """Paths of the same music, in phase and in opposite phase."""
    folder = tmp_path_factory.mktemp("files")
    for name, right in (("same", mono), ("opposite", -mono)):
        soundfile.write(folder / f"{name}.wav", np.column_stack([mono, right]), SR, "FLOAT")
    return [folder / "same.wav", folder / "opposite.wav"]


def table(items, features=("rms", "mfcc"), **options):
    """Rows, and what is warned of."""
    with warnings.catch_warnings(record=True, action="always") as caught:
        found = extract(items, features if isinstance(features, str) else list(features), **options)
    contents = [w.message for w in caught if isinstance(w.message, AudioContentWarning)]
    assert len(contents) <= 1
    return found.table, [note.index for warning in contents for note in warning.notes]


@pytest.mark.parametrize("features", [*SETS, "mel"])
def test_the_row_is_that_of_the_first_channel(features, files):
    (same, opposite), noted = table(files, features)
    np.testing.assert_array_equal(opposite, same)
    assert noted == [1]


@pytest.mark.parametrize("options", [{"offset": 0.3, "duration": 1.0}, {"n_jobs": 2}, {"sr": SR}])
def test_options(options, files):
    (same, opposite), noted = table(files, **options)
    np.testing.assert_array_equal(opposite, same)
    assert noted == [1]


def test_waveforms_with_channels(mono):
    stereo = np.stack([mono, -mono])
    (pair, of_pair), noted = table([(mono, SR), (stereo, SR)])
    np.testing.assert_array_equal(of_pair, pair)
    assert noted == [1]
    (bare, of_bare), noted = table([mono, stereo.astype(np.float64)], sr=SR)
    np.testing.assert_allclose(of_bare, bare, rtol=1e-6)
    assert noted == [1]


def test_it_is_the_part_that_is_read_which_decides(mono):
    # A second in phase, a second that cancels itself.
    turned = np.r_[mono[:SR], -mono[SR:]]
    items = [(np.stack([mono, turned]), SR)]
    assert table(items)[1] == []
    assert table(items, duration=1.0)[1] == []
    assert table(items, offset=1.0)[1] == [0]


def test_parts_that_hear_different_excerpts(mono):
    turned = np.r_[mono[:SR], -mono[SR:]]
    parts = [("first", MFCCStats(duration=1.0)), ("last", MFCCStats(offset=1.0))]
    (found, same), noted = table([(np.stack([mono, turned]), SR), (mono, SR)], parts)
    np.testing.assert_allclose(found, same)
    assert noted == [0]


@pytest.mark.parametrize("options", [{}, {"cache_waveform": True}])
def test_the_cache_remembers(options, files, tmp_path):
    first, noted = table(files, memory=tmp_path, **options)
    again, noted_again = table(files, memory=tmp_path, **options)
    np.testing.assert_array_equal(again, first)
    assert noted == noted_again == [1]
    other, noted = table(files, ["zero_crossing_rate"], memory=tmp_path, **options)
    np.testing.assert_array_equal(other[0], other[1])
    assert noted == [1]


def test_frames(files):
    with pytest.warns(AudioContentWarning, match="only their first channel is heard"):
        frames = MFCCStats().frames(files[1])
    np.testing.assert_array_equal(frames, MFCCStats().frames(files[0]))
    with pytest.warns(AudioContentWarning, match="1 of 2 tracks .*opposite.wav: channels in oppos"):
        same, opposite = extract(files, ["rms"], pooled=False).table
    np.testing.assert_array_equal(opposite["rms"], same["rms"])


def test_the_warning_names_the_caller(files):
    with pytest.warns(AudioContentWarning) as caught:
        AudioFeatures(["rms"]).fit_transform(files)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("form", ["path", "pair"])
def test_segments_of_a_track(form, files, mono):
    source = files[1] if form == "path" else (np.stack([mono, -mono]), SR)
    segment = TrackSegment(source, float(SR), start=100, length=500).pair()[0]
    np.testing.assert_array_equal(segment, mono[100:600])
    whole = read_track(TrackSegment(source, float(SR)), Excerpt(((SR, SR),)))
    np.testing.assert_array_equal(np.concatenate([block for (block,) in whole]), mono)


def test_music_does_not_cancel(data_dir):
    assert table(sorted(data_dir.glob("fma_clips/*.mp3"))[:3], duration=5.0)[1] == []
