"""Segments of tracks that are read when needed, and the waveforms that are kept meanwhile."""

from __future__ import annotations

import errno
import io
import os
import threading
from functools import partial

import joblib
import numpy as np
import pytest

from genrekit import AudioDecodeError, AudioDecodeWarning, extract, load_audio
from genrekit.engine._tracks import RECENT, TrackSegment, fingerprint, is_track, label
from genrekit.engine._waveforms import RecentWaveforms, Waveform

SR = 22050


@pytest.fixture(autouse=True)
def forget():
    yield
    RECENT.clear()


@pytest.fixture
def path(music, write):
    """A second and a half at 44100 Hz."""
    return write(music, sr=44100)


@pytest.mark.parametrize(("start", "length"), [(0, 4410), (777, 10000), (30000, 3075)])
@pytest.mark.parametrize("cut", [{}, {"offset": 0.1}, {"offset": 0.05, "duration": 1.45}], ids=str)
def test_a_segment_is_a_slice_of_the_decoded_track(path, start, length, cut):
    y = load_audio(path, sr=SR, **cut)
    samples, sr = TrackSegment(path, SR, **cut, start=start, length=length).pair()
    rest = y[start : start + length]
    assert sr == SR
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples[: len(rest)], rest)
    assert len(samples) == length
    assert not samples[len(rest) :].any()


@pytest.mark.parametrize("kind", ["bytes", "pair", "array"])
def test_every_kind_of_track(kind, path, music):
    if kind == "bytes":
        with open(path, "rb") as file:
            source, y = file.read(), load_audio(path, sr=SR)
    else:
        source, y = ((music, SR), music) if kind == "pair" else (music, music)
    samples, _ = TrackSegment(source, SR, start=100, length=50).pair()
    np.testing.assert_array_equal(samples, y[100:150])


@pytest.mark.parametrize("sr", [SR, 16000])
def test_features_of_a_segment_are_those_of_its_samples(path, sr):
    segments = [TrackSegment(path, SR, start=start, length=11025) for start in (0, 11025, 30000)]
    pairs = [segment.pair() for segment in segments]
    found = extract(segments, ["mfcc", "rms"], sr=sr, on_error="raise")
    np.testing.assert_array_equal(found.table, extract(pairs, ["mfcc", "rms"], sr=sr).table)


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_workers_change_no_bit(path, write, music, backend):
    paths = [path, write(music[::-1], "other.wav")]
    segments = [
        TrackSegment(p, SR, start=s, length=5000) for p in paths for s in range(0, 20000, 5000)
    ]
    expected = extract(segments, ["mfcc", "rms"]).table
    with joblib.parallel_config(backend):
        found = extract(segments, ["mfcc", "rms"], n_jobs=2)
    assert not found.errors
    np.testing.assert_array_equal(found.table, expected)


def test_memory_has_an_entry_a_segment(path, tmp_path):
    segments = [TrackSegment(path, SR, start=start, length=11025) for start in (0, 11025)]
    shorter = TrackSegment(path, SR, start=0, length=11000)
    expected = extract([*segments, shorter], ["rms"]).table
    assert len(np.unique(expected, axis=0)) == 3
    for _ in range(2):
        found = extract([*segments, shorter], ["rms"], memory=tmp_path).table
        np.testing.assert_array_equal(found, expected)
    assert fingerprint(segments[0]) != fingerprint(segments[1])


def test_segments_share_a_decode_until_the_file_changes(path, music, write):
    first = TrackSegment(path, SR, length=100).pair()[0]
    second = TrackSegment(path, SR, start=50, length=100).pair()[0]
    assert np.shares_memory(first[50:], second)
    assert not first.flags.writeable
    write(np.zeros(500, dtype=np.float32), sr=44100)
    assert not TrackSegment(path, SR, length=100).pair()[0].any()


def test_each_decoder_has_its_own(path, music):
    from genrekit.audio import Decoded

    def silence(source, *, offset, duration):
        return Decoded(SR, iter([np.zeros((500, 1), dtype=np.float32)]))

    assert TrackSegment(path, SR, length=100).pair()[0].any()
    assert not TrackSegment(path, SR, length=100, decoder=silence).pair()[0].any()


def test_a_segment_goes_by_the_name_of_its_file(bad_files, path):
    assert is_track(TrackSegment(path, SR))
    assert label(TrackSegment(path, SR), 3) == path
    assert label(TrackSegment(b"RIFF", SR), 3) == "<bytes, item 3>"
    for bad in bad_files:
        with pytest.raises(AudioDecodeError) as caught:
            extract([TrackSegment(bad, SR, length=10)], ["rms"], on_error="raise")
        assert caught.value.path == bad


def test_too_many_waveforms_go_oldest_first():
    recent = RecentWaveforms(limit=2 * 400)
    calls = []

    def get(name, n=100):
        def decode():
            calls.append(name)
            return Waveform([np.zeros(n, dtype=np.float32)])

        return recent.get(name, decode)

    for name in "ababcb":  # a goes
        get(name)
    assert calls == list("abc")
    assert len(recent) == 2
    assert len(get("long", 1000)) == 1000
    assert len(recent) == 1  # the latest stays, however long
    get("a")
    assert calls == [*"abc", "long", "a"]


def test_threads_wait_for_one_decode():
    recent = RecentWaveforms(limit=1000)
    calls = []
    barrier = threading.Barrier(4)

    def decode():
        calls.append(1)
        return Waveform([np.ones(10, dtype=np.float32)])

    def work():
        barrier.wait()
        recent.get("track", decode)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_a_failed_decode_is_tried_again():
    recent = RecentWaveforms(limit=1000)

    def fail():
        raise AudioDecodeError("a.mp3", "it is empty")

    for _ in range(2):
        with pytest.raises(AudioDecodeError, match="it is empty"):
            recent.get("track", fail)
    assert len(recent.get("track", lambda: Waveform([np.ones(10, dtype=np.float32)]))) == 10


# --- long ones, which go to a temporary file ------------------------------------------------------


@pytest.fixture
def on_disk(monkeypatch):
    """A thousand samples are many."""
    monkeypatch.setattr("genrekit.engine._waveforms._LONG", 4000)


def test_a_long_waveform_is_the_same_on_disk(on_disk):
    y = np.random.default_rng(0).standard_normal(300_000).astype(np.float32)
    waveform = Waveform(np.split(y, [10, 999, 1500, 150_000]))
    assert len(waveform) == len(y)
    assert waveform.on_disk
    assert not Waveform([y[:1000]]).on_disk
    np.testing.assert_array_equal(waveform.slice(700, 2000), y[700:2700])
    np.testing.assert_array_equal(waveform.slice(299_000, 2000), y[299_000:])
    np.testing.assert_array_equal(waveform.slice(1), y[1:])
    blocks = list(waveform.blocks())
    assert max(map(len, blocks)) < len(y)
    np.testing.assert_array_equal(np.concatenate(blocks), y)


def test_segments_of_a_long_track(path, monkeypatch):
    segments = [TrackSegment(path, SR, start=start, length=5000) for start in range(0, 30000, 2500)]
    whole = TrackSegment(path, SR)
    expected = extract([whole, *segments], ["mfcc", "rms"]).table
    RECENT.clear()
    monkeypatch.setattr("genrekit.engine._waveforms._LONG", 4000)
    found = extract([whole, *segments], ["mfcc", "rms"], n_jobs=2, on_error="raise").table
    assert not np.shares_memory(segments[0].pair()[0], segments[1].pair()[0])
    np.testing.assert_array_equal(found, expected)


def test_the_file_goes_with_the_waveform(on_disk):
    waveform = Waveform([np.zeros(2000, dtype=np.float32)])
    file = waveform._file
    assert not file.closed
    del waveform
    assert file.closed


def test_no_room_for_a_long_track(on_disk, path, music, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/nowhere"])
    with pytest.warns(AudioDecodeWarning, match="TMPDIR"):
        found = extract([TrackSegment(path, SR, length=100), music], ["rms"])
    (error,) = found.errors
    assert error.path == path
    assert "can't be kept in a temporary file" in error.reason
    assert np.isfinite(found.table[1]).all()


def test_the_disk_fills_up_while_a_long_track_is_written(on_disk, path, music, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            if self.tell() + len(data) > 8000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    with pytest.warns(AudioDecodeWarning, match="No space left on device"):
        found = extract([TrackSegment(path, SR, length=100), music], ["rms"])
    assert [error.path for error in found.errors] == [path]
    assert np.isfinite(found.table[1]).all()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")
def test_a_disk_that_fills_up_is_noticed_at_once(on_disk, path, music, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", partial(open, "/dev/full", "r+b"))
    # Less than what Python itself holds back before it writes.
    with pytest.raises(AudioDecodeError, match="No space left.*TMPDIR"):
        Waveform([np.zeros(1001, dtype=np.float32)])
    with pytest.warns(AudioDecodeWarning, match="No space left"):
        found = extract([TrackSegment(path, SR, length=100), music], ["rms"])
    assert [error.index for error in found.errors] == [0]
    assert np.isfinite(found.table[1]).all()


def test_what_cannot_be_decoded_leaves_nothing():
    def decode():
        yield np.zeros(5, np.float32)
        raise AudioDecodeError("", "broken")

    recent = RecentWaveforms(limit=100)
    with pytest.raises(AudioDecodeError):
        recent.get(b"content", lambda: Waveform(decode()))
    assert len(recent) == 0


def test_two_files_at_a_time(on_disk):
    recent = RecentWaveforms(limit=1 << 20)
    for name in "abcd":
        recent.get(name, lambda: Waveform([np.zeros(2000, dtype=np.float32)]))
    assert len(recent) == 2
