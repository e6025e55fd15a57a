"""The memory per track: how often it decodes, what it believes, how large it gets."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import soundfile
from sklearn.model_selection import GridSearchCV

from genrekit import (
    AudioDecodeWarning,
    AudioFeatures,
    MFCCStats,
    extract,
    make_knn_pipeline,
)
from genrekit.audio import Decoded
from genrekit.exceptions import GenrekitWarning

N = 20
GRID = {"features__mfcc__n_mels": [16, 20, 24], "clf__n_neighbors": [1, 2, 3]}


@pytest.fixture
def tracks(tmp_path: Path) -> list[str]:
    """Short noises, one file each."""
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / f"{i}.wav") for i in range(N)]
    for path in paths:
        soundfile.write(path, 0.1 * rng.standard_normal(3000), 22050)
    return paths


def make_decoder(log: Path) -> Callable[..., Decoded]:
    """A decoder that appends a line for every file, so that other processes are counted too."""

    # Local, so that it travels to a worker process by value.
    def decoder(source: Any, *, offset: float, duration: float | None) -> Decoded:
        import soundfile

        with open(log, "a") as file:
            file.write("decoded\n")
        samples, sr = soundfile.read(source, dtype="float32", always_2d=True)
        return Decoded(sr, iter([samples]))

    return decoder


def count(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def search(tracks: list[str], folder: Path, log: Path, n_jobs: int = 1, **params: Any) -> Any:
    features = AudioFeatures(["mfcc"], decoder=make_decoder(log), memory=str(folder), **params)
    features.set_params(mfcc__n_mfcc=8)
    pipeline = make_knn_pipeline(features)
    grid = GridSearchCV(pipeline, GRID, cv=5, n_jobs=n_jobs, refit=False, error_score="raise")
    return grid.fit(tracks, ["a", "b"] * (N // 2))


def test_grid_search_decodes_once_a_setting_and_then_never(tracks, tmp_path):
    log = tmp_path / "log"
    cold = search(tracks, tmp_path / "cache", log)
    assert count(log) == 3 * N
    warm = search(tracks, tmp_path / "cache", log)
    assert count(log) == 3 * N
    expected = cold.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(warm.cv_results_["mean_test_score"], expected)


def test_grid_search_with_waveforms_decodes_once(tracks, tmp_path):
    log = tmp_path / "log"
    kept = search(tracks, tmp_path / "cache", log, cache_waveform=True)
    assert count(log) == N
    fresh = search(tracks, tmp_path / "other", log)
    expected = fresh.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(kept.cv_results_["mean_test_score"], expected)


def test_two_processes_decode_at_most_twice_as_often(tracks, tmp_path):
    log = tmp_path / "log"
    search(tracks, tmp_path / "cache", log, n_jobs=2)
    assert 3 * N <= count(log) <= 6 * N


@pytest.mark.parametrize("cache_waveform", [False, True])
@pytest.mark.parametrize("harm", ["cut", "flip", "empty"])
def test_damaged_entry_is_computed_again(tracks, tmp_path, harm, cache_waveform):
    log = tmp_path / "log"
    options = {"memory": tmp_path / "cache", "decoder": make_decoder(log)}
    expected = extract(tracks[:3], ["rms"], cache_waveform=cache_waveform, **options).table
    entries = [p for p in (tmp_path / "cache").rglob("output.pkl") if "_waveforms" not in p.parts]
    assert len(entries) == 3
    for entry in entries:
        content = bytearray(entry.read_bytes())
        if harm == "flip":
            content[len(content) // 2] ^= 0xFF
        entry.write_bytes({"cut": content[: len(content) // 2], "empty": b""}.get(harm, content))
    again = extract(tracks[:3], ["rms"], cache_waveform=cache_waveform, **options).table
    np.testing.assert_array_equal(again, expected)
    assert count(log) == (3 if cache_waveform else 6)


def test_damaged_waveform_is_decoded_again(tracks, tmp_path):
    log = tmp_path / "log"
    options = {
        "memory": tmp_path / "cache",
        "decoder": make_decoder(log),
        "cache_waveform": True,
    }
    extract(tracks[:3], ["rms"], **options)
    entries = [p for p in (tmp_path / "cache").rglob("output.pkl") if "_waveforms" in p.parts]
    assert len(entries) == 3
    for entry in entries[:2]:
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 0xFF
        entry.write_bytes(content)
    for features, decoded in ((["mfcc"], 5), (["zero_crossing_rate"], 5)):
        found = extract(tracks[:3], features, **options).table
        np.testing.assert_array_equal(found, extract(tracks[:3], features).table)
        assert count(log) == decoded


def test_long_waveforms_are_not_kept(tracks, tmp_path, monkeypatch):
    monkeypatch.setattr("genrekit.features._cache._LONGEST", 10_000)
    expected = extract(tracks[:1], ["rms"]).table
    found = extract(tracks[:1], ["rms"], memory=tmp_path, cache_waveform=True).table
    np.testing.assert_array_equal(found, expected)
    assert len(list(tmp_path.rglob("output.pkl"))) == 1


def test_however_a_number_is_spelt(tracks, tmp_path):
    log = tmp_path / "log"
    options = {"memory": tmp_path / "cache", "decoder": make_decoder(log), "cache_waveform": True}
    expected = extract(tracks[:2], ["mfcc"], sr=22050, n_fft=1024, **options).table
    features = AudioFeatures([MFCCStats(n_mels=np.int64(128))], sr=22050.0, **options)
    features.set_params(n_fft=np.int64(1024), hop_length=np.int32(512))
    np.testing.assert_array_equal(features.fit_transform(tracks[:2]), expected)
    assert count(log) == 2


def test_size_is_kept(tracks, tmp_path, monkeypatch):
    monkeypatch.setenv("GENREKIT_CACHE_SIZE", "20K")
    with pytest.warns(GenrekitWarning, match="more than 0 MB"):
        extract(tracks, ["mel"], memory=tmp_path / "cache")
    kept = list((tmp_path / "cache").rglob("output.pkl"))
    assert 0 < len(kept) < N
    assert sum(path.stat().st_size for path in kept) <= 20 * 1024


@pytest.fixture
def sizes(monkeypatch, tmp_path):
    """Bytes in the cache, noted at each decode."""
    monkeypatch.setenv("GENREKIT_CACHE_SIZE", "400K")
    seen = []

    def decoder(source, *, offset, duration):
        seen.append(sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*.pkl")))
        samples, sr = soundfile.read(source, dtype="float32", always_2d=True)
        return Decoded(sr, iter([samples]))

    extract_all = partial(extract, features=["mel"], memory=tmp_path / "cache", decoder=decoder)
    return seen, extract_all


def test_size_is_kept_while_waveforms_are_written(tracks, sizes):
    seen, extract_all = sizes
    with pytest.warns(GenrekitWarning, match="GENREKIT_CACHE_SIZE") as warned:
        extract_all(tracks * 3, cache_waveform=True, sr=44100)
    assert len(warned) == 1
    assert len(seen) > N  # what was let go is decoded again
    assert 300_000 < max(seen) < 1.25 * 400 * 1024


def test_nothing_is_looked_through_when_nothing_was_written(tracks, sizes, monkeypatch):
    _, extract_all = sizes
    trimmed = []
    monkeypatch.setattr(joblib.Memory, "reduce_size", lambda *_, **__: trimmed.append(1))
    extract_all(tracks[:2])
    assert trimmed == [1]
    extract_all(tracks[:2])
    assert trimmed == [1]


def test_a_size_that_is_none(tracks, tmp_path, monkeypatch):
    monkeypatch.setenv("GENREKIT_CACHE_SIZE", "plenty")
    log = tmp_path / "log"
    with pytest.raises(ValueError, match="such as 500M, not 'plenty'"):
        extract(tracks, ["rms"], memory=tmp_path / "cache", decoder=make_decoder(log))
    assert count(log) == 0


@pytest.mark.parametrize("cache_waveform", [False, True])
def test_decoders_do_not_mix(tracks, tmp_path, cache_waveform):
    def silence(source, *, offset, duration):
        return Decoded(22050, iter([np.zeros((22050, 1), np.float32)]))

    options = {"memory": tmp_path, "cache_waveform": cache_waveform}
    assert extract(tracks[:1], ["rms"], **options).table[0, 0] > 0.05
    assert extract(tracks[:1], ["rms"], decoder=silence, **options).table[0, 0] == 0


def test_entries_of_content_are_small(tracks, tmp_path):
    content = Path(tracks[0]).read_bytes() * 10
    extract([content], ["rms"], memory=tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.json")) < 2000


@pytest.mark.parametrize("broken", ["a\0b", io.StringIO("text"), io.BytesIO(b"")])
def test_what_cannot_be_told_apart_is_a_failure(tracks, tmp_path, broken):
    with pytest.warns(AudioDecodeWarning, match="1 of 2"):
        found = extract([broken, tracks[0]], ["rms"], memory=tmp_path)
    assert [error.index for error in found.errors] == [0]
    assert np.isfinite(found.table[1]).all()


def test_two_processes_share_a_folder(tracks, tmp_path):
    code = (
        "import sys, genrekit\n"
        "table = genrekit.extract(sys.argv[2:], ['rms', 'mfcc'], memory=sys.argv[1]).table\n"
        "print(table.sum().hex())"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "cache"), *tracks]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {run.communicate(timeout=100)[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert answers == {extract(tracks, ["rms", "mfcc"]).table.sum().hex()}
