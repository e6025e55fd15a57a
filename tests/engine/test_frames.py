"""Frames of many tracks as a stream: order, failures, what waits, and the memory per track."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import soundfile

from genrekit import extract
from genrekit.audio import Remark
from genrekit.engine import Plan, extraction_clock, stream_frames
from genrekit.engine._store import fits
from genrekit.exceptions import AudioDecodeError, GenrekitWarning
from genrekit.features import FEATURES, FeaturePart, Frontend, resolve

SR = 22050


def make_plan(*features: str, **frontend: Any) -> Plan:
    return Plan.of(resolve(list(features)), Frontend(**frontend))


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Noises of different lengths, one file each."""
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / f"{i}.wav") for i in range(5)]
    for i, path in enumerate(paths):
        soundfile.write(path, 0.1 * rng.standard_normal(3000 + 700 * i), SR)
    return paths


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The tracks that were swept."""
    swept: list[Any] = []
    frames = Plan.frames

    def counting(plan: Plan, item: Any, *args: Any) -> Any:
        swept.append(item)
        return frames(plan, item, *args)

    monkeypatch.setattr(Plan, "frames", counting)
    return swept


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "genrekit").glob("*.npy"))


def values(paths: list[str], plan: Plan, *args: Any, **running: Any) -> list[dict[str, Any]]:
    found = [track.values for track in stream_frames(paths, plan, *args, **running)]
    assert None not in found
    return found  # type: ignore[return-value]


def assert_alike(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert [list(track) for track in found] == [list(track) for track in expected]
    for track, others in zip(found, expected, strict=True):
        for name in track:
            np.testing.assert_array_equal(track[name], others[name], strict=True)


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_in_order_whatever_works_on_them(paths, backend):
    plan = make_plan("mel", "mfcc", "tempo")
    expected = [plan.frames(path).values for path in paths]
    with joblib.parallel_config(backend):
        found = list(stream_frames(paths, plan, n_jobs=2))
    assert [track.index for track in found] == list(range(5))
    assert [track.seconds for track in found] == [(3000 + 700 * i) / SR for i in range(5)]
    assert_alike([track.values for track in found], expected)


def test_a_failure_takes_its_place_and_no_other(paths):
    plan = make_plan("rms")
    tracks = [paths[0], "missing.wav", paths[1], np.zeros(0), np.zeros(100)]
    found = list(stream_frames(tracks, plan, on_error="nan"))
    assert [track.values is None for track in found] == [False, True, False, True, False]
    assert found[1].error.path == "missing.wav"
    assert found[1].error.reason == "there is no such file"
    assert np.isnan(found[1].seconds)
    assert found[4].remark & Remark.SILENT
    stream = stream_frames(tracks, plan)
    assert next(stream).error is None
    with pytest.raises(AudioDecodeError, match="there is no such file"):
        next(stream)


def test_frames_that_are_no_numbers_are_a_failure():
    class Broken(FeaturePart):
        def frames(self, spectra):
            return np.array([[1.0, np.inf]])

    plan = Plan.of([("peaks", Broken(FEATURES["rms"]))], Frontend())
    (found,) = stream_frames([np.zeros(100)], plan, on_error="nan")
    assert found.error is not None
    assert found.error.reason.startswith("its peaks is not a finite number")


def test_few_tracks_wait(counted):
    tracks = [np.full(400, i / 500, np.float32) for i in range(500)]
    stream = stream_frames(tracks, make_plan("rms"), n_jobs=2)
    first = [next(stream) for _ in range(3)]
    last = -1
    while last != len(counted):  # until they rest
        last = len(counted)
        time.sleep(0.2)
    assert len(counted) <= 3 + 4 * 2
    rest = list(stream)
    assert [track.index for track in [*first, *rest]] == list(range(500))


def test_closing_stops_the_work(counted):
    tracks = [np.full(400, i / 500, np.float32) for i in range(500)]
    stream = stream_frames(tracks, make_plan("rms"), n_jobs=2)
    next(stream)
    stream.close()
    assert len(counted) < 50


def test_the_clock_counts_the_work_and_not_what_is_done_with_it(paths):
    with extraction_clock() as seen:
        for _ in stream_frames([*paths, "missing.wav"], make_plan("rms"), on_error="nan"):
            time.sleep(0.05)
    ((seconds, errors),) = seen
    assert 0 < seconds < 0.25
    assert [error.index for error in errors] == [5]


class TestMemory:
    def test_one_entry_a_track_and_no_second_sweep(self, paths, tmp_path, counted):
        plan = make_plan("mel", "mfcc", "tempo")
        fresh = values(paths, plan)
        cold = list(stream_frames(paths, plan, tmp_path))
        assert len(entries(tmp_path)) == len(paths)
        counted.clear()
        warm = list(stream_frames(paths, plan, tmp_path))
        assert not counted
        assert_alike([track.values for track in warm], fresh)
        assert [track[2:] for track in warm] == [track[2:] for track in cold]

    def test_remarks_are_kept(self, tmp_path, counted):
        silence = [np.zeros(SR)]
        plan = make_plan("rms")
        first, again = (next(stream_frames(silence, plan, tmp_path)) for _ in range(2))
        assert len(counted) == 1
        assert first.remark == again.remark == Remark.SILENT

    @pytest.mark.parametrize(
        "other",
        [
            make_plan("mel", "rms", n_fft=1024),
            make_plan("rms", "mel"),
            make_plan("mel"),
            make_plan("mel", "rms", duration=0.1),
            Plan.of([("mel", FeaturePart(FEATURES["mel"], {"n_mels": 8}))], Frontend()),
        ],
    )
    def test_other_settings_are_other_entries(self, paths, tmp_path, counted, other):
        values(paths[:1], make_plan("mel", "rms"), tmp_path)
        assert_alike(values(paths[:1], other, tmp_path), values(paths[:1], other))
        assert len(entries(tmp_path)) == 2

    def test_another_name_is_the_same_entry(self, paths, tmp_path, counted):
        plan = make_plan("mel", "rms")
        values(paths[:1], plan, tmp_path)
        counted.clear()
        (found,) = values(paths[:1], replace(plan, names=("picture", "level")), tmp_path)
        assert list(found) == ["picture", "level"]
        assert not counted

    def test_rows_and_frames_do_not_meet(self, paths, tmp_path):
        kept = {"memory": tmp_path}
        pooled = extract(paths, ["rms"], **kept).table
        frames = extract(paths, ["rms"], pooled=False, **kept).table
        assert len(entries(tmp_path)) == 2 * len(paths)
        means = [track["rms"].mean(dtype=np.float64) for track in frames]
        np.testing.assert_allclose(pooled[:, 0], means, rtol=1e-6)
        assert_alike(extract(paths, ["rms"], pooled=False, **kept).table, frames)

    @pytest.mark.parametrize(
        "harm",
        [
            lambda content: content[: len(content) // 2],
            lambda content: content[:200] + bytes([content[200] ^ 0xFF]) + content[201:],
            lambda content: b"",
        ],
    )
    def test_a_damaged_entry_is_computed_again(
        self, paths, tmp_path, counted, harm: Callable[[bytes], bytes]
    ):
        plan = make_plan("mel")
        expected = values(paths, plan, tmp_path)
        for entry in entries(tmp_path)[:2]:
            entry.write_bytes(harm(entry.read_bytes()))
        counted.clear()
        assert_alike(values(paths, plan, tmp_path), expected)
        assert len(counted) == 2

    def test_an_entry_of_something_else_is_not_believed(self, paths, tmp_path, counted):
        values(paths[:1], make_plan("mel"), tmp_path)
        (frames,) = entries(tmp_path)
        values(paths[:1], make_plan("mel", "rms"), tmp_path)
        (both,) = set(entries(tmp_path)) - {frames}
        both.write_bytes(frames.read_bytes())
        plan = make_plan("mel", "rms")
        assert_alike(values(paths[:1], plan, tmp_path), values(paths[:1], plan))

    def test_size_is_kept(self, paths, tmp_path, monkeypatch):
        monkeypatch.setenv("GENREKIT_CACHE_SIZE", "20K")
        with pytest.warns(GenrekitWarning, match="GENREKIT_CACHE_SIZE"):
            values(paths, make_plan("mel"), tmp_path)
        kept = entries(tmp_path)
        assert 0 < len(kept) < len(paths)
        assert sum(path.stat().st_size for path in kept) <= 20 * 1024

    def test_what_could_not_be_read_again_is_not_written(self, paths, tmp_path, monkeypatch):
        monkeypatch.setattr("genrekit.engine._store.LARGEST", 2000)
        plan = make_plan("mel")
        assert_alike(values(paths[:1], plan, tmp_path), values(paths[:1], plan))
        assert not entries(tmp_path)
        assert fits([np.zeros(500, np.float32)])
        assert not fits([np.zeros(400, np.float32)] * 2)
        assert not fits([np.zeros(3, int)])

    def test_waveforms_serve_other_features(self, paths, tmp_path, counted):
        kept = {"memory": tmp_path, "cache_waveform": True}
        extract(paths[:1], ["rms"], pooled=False, **kept)
        assert len(entries(tmp_path)) == 2
        expected = values(paths[:1], make_plan("mfcc"))
        stamp = Path(paths[0]).stat()
        Path(paths[0]).write_bytes(bytes(stamp.st_size))  # nothing to decode any more
        os.utime(paths[0], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert_alike(extract(paths[:1], ["mfcc"], pooled=False, **kept).table, expected)
