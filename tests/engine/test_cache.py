"""The memory per track: how often it decodes, what it believes, how large it gets."""

from __future__ import annotations

import errno
import inspect
import io
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
import types
import warnings
from collections.abc import Callable
from dataclasses import replace
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
from genrekit.engine._store import Store
from genrekit.engine._tracks import TrackSegment
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

    decoder.cache_key = "counting"  # type: ignore[attr-defined]
    return decoder


def entries(folder: Path) -> list[Path]:
    """What is kept in a memory: waveforms are the larger ones here."""
    return sorted((folder / "genrekit").glob("*.npy"), key=lambda path: path.stat().st_size)


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
    kept = entries(tmp_path / "cache")
    assert len(kept) == (6 if cache_waveform else 3)
    for entry in kept[:3]:
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
    waveforms = entries(tmp_path / "cache")[3:]
    assert len(waveforms) == 3
    for entry in waveforms[:2]:
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 0xFF
        entry.write_bytes(content)
    for features, decoded in ((["mfcc"], 5), (["zero_crossing_rate"], 5)):
        found = extract(tracks[:3], features, **options).table
        np.testing.assert_array_equal(found, extract(tracks[:3], features).table)
        assert count(log) == decoded


def test_long_waveforms_are_not_kept(tracks, tmp_path, monkeypatch):
    monkeypatch.setattr("genrekit.engine._cache.LARGEST", 10_000)
    expected = extract(tracks[:1], ["rms"]).table
    found = extract(tracks[:1], ["rms"], memory=tmp_path, cache_waveform=True).table
    np.testing.assert_array_equal(found, expected)
    assert len(entries(tmp_path)) == 1


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
    kept = entries(tmp_path / "cache")
    assert 0 < len(kept) < N
    assert sum(path.stat().st_size for path in kept) <= 20 * 1024


@pytest.fixture
def sizes(monkeypatch, tmp_path):
    """Bytes in the cache, noted at each decode."""
    monkeypatch.setenv("GENREKIT_CACHE_SIZE", "400K")
    seen = []

    def decoder(source, *, offset, duration):
        seen.append(sum(p.stat().st_size for p in entries(tmp_path / "cache")))
        samples, sr = soundfile.read(source, dtype="float32", always_2d=True)
        return Decoded(sr, iter([samples]))

    decoder.cache_key = "measuring"

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
    monkeypatch.setattr(Store, "trim", lambda _: trimmed.append(1))
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

    silence.cache_key = "silence"
    options = {"memory": tmp_path, "cache_waveform": cache_waveform}
    assert extract(tracks[:1], ["rms"], **options).table[0, 0] > 0.05
    assert extract(tracks[:1], ["rms"], decoder=silence, **options).table[0, 0] == 0


def test_entries_of_content_are_small(tracks, tmp_path):
    content = Path(tracks[0]).read_bytes() * 10
    extract([content], ["rms"], memory=tmp_path)
    assert [path.stat().st_size < 2000 for path in entries(tmp_path)] == [True]


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


# --- a memory that can't be written to --------------------------------------------------------


def no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file where the folder should be")


def no_parent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.symlink_to("/proc/nothing/can/be/made/here")


def refused(number: int) -> Callable[..., None]:
    """A disk that answers every write with an error."""

    def apply(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def create(self: Store, path: str) -> Any:
            raise OSError(number, os.strerror(number), path)

        monkeypatch.setattr(Store, "_create", create)

    return apply


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    ("prevent", "reason"),
    [
        (no_folder, "Not a directory|File exists"),
        (no_parent, "No such file"),
        (refused(errno.ENOSPC), "No space left"),
        (refused(errno.EROFS), "Read-only"),
        (refused(errno.EACCES), "Permission denied"),
        (refused(errno.EDQUOT), "quota"),
    ],
)
def test_one_warning_where_nothing_can_be_kept(
    tracks, tmp_path, monkeypatch, prevent, reason, n_jobs
):
    expected = extract(tracks[:5], ["rms"]).table
    prevent(tmp_path / "memory", monkeypatch)
    with pytest.warns(GenrekitWarning, match=reason) as warned:
        found = extract(
            tracks[:5], ["rms"], memory=tmp_path / "memory", cache_waveform=True, n_jobs=n_jobs
        )
    assert len(warned) == 1
    assert "goes on without" in str(warned[0].message)
    np.testing.assert_array_equal(found.table, expected)
    assert not found.errors


def test_what_is_there_is_read_where_nothing_can_be_written(tracks, tmp_path, monkeypatch, recwarn):
    log = tmp_path / "log"
    options = {"memory": tmp_path / "memory", "decoder": make_decoder(log)}
    extract(tracks[:3], ["rms"], **options)
    refused(errno.EROFS)(tmp_path, monkeypatch)
    extract(tracks[:3], ["rms"], **options)
    assert count(log) == 3
    assert not recwarn


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_one_warning_from_all_processes(tracks, tmp_path, backend):
    (tmp_path / "memory").write_text("a file")
    with (
        joblib.parallel_config(backend),
        pytest.warns(GenrekitWarning, match="goes on without") as warned,
    ):
        found = extract(tracks, ["rms"], memory=tmp_path / "memory", n_jobs=2)
    # Python 3.12 and later warn of processes that are forked beside threads.
    assert [w.category for w in warned].count(GenrekitWarning) == 1
    assert np.isfinite(found.table).all()


def test_a_folder_that_goes_away_while_it_is_used(tracks, tmp_path, recwarn):
    def decoder(source, *, offset, duration):
        shutil.rmtree(tmp_path / "memory", ignore_errors=True)
        samples, sr = soundfile.read(source, dtype="float32", always_2d=True)
        return Decoded(sr, iter([samples]))

    decoder.cache_key = "rude"
    found = extract(tracks[:4], ["rms"], memory=tmp_path / "memory", decoder=decoder)
    np.testing.assert_array_equal(found.table, extract(tracks[:4], ["rms"]).table)
    assert len(entries(tmp_path / "memory")) == 1
    assert not recwarn


# --- a memory that others can write to --------------------------------------------------------


class Bomb:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return os.abort, ()


def test_entries_of_joblib_are_never_opened(tracks, tmp_path):
    """Those of earlier versions, or planted: their folder is not even looked at."""
    log = tmp_path / "log"
    options = {"decoder": make_decoder(log)}
    memory = joblib.Memory(str(tmp_path / "memory"), verbose=0)
    folder = tmp_path / "memory" / "joblib" / "genrekit" / "features" / "_cache" / "_describe"
    (folder / ("0" * 32)).mkdir(parents=True)
    for path in (folder / ("0" * 32) / "output.pkl", folder / "func_code.py"):
        path.write_bytes(pickle.dumps(Bomb()))
    expected = extract(tracks[:2], ["rms"]).table
    for decoded in (2, 2):
        found = extract(tracks[:2], ["rms"], memory=memory, **options).table
        np.testing.assert_array_equal(found, expected)
        assert count(log) == decoded
    kept = entries(tmp_path / "memory")
    assert len(kept) == 2
    assert not any(b"\x80\x04\x95" in path.read_bytes() for path in kept)
    left = [path.name for path in (tmp_path / "memory" / "joblib").rglob("*") if path.is_file()]
    assert sorted(left) == ["func_code.py", "output.pkl"]


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        [1.0],
        [1.0, 1.0, 1.0],
        [1.0, 1e300, 1.0, 8.0],
        [1.0, np.nan],
        [1.0, -1.0, 1.0, 8.0, *range(8)],
        [1.0, 1.0, 2.0, 8.0, *range(16)],
        [1.0, 2.0, 1.0, 8.0, 1.0, 8.0, *range(16)],
        [1.0, 1.0, -1.0, -8.0, *range(8)],
    ],
    ids=str,
)
def test_an_entry_that_does_not_fit_is_computed_again(tracks, tmp_path, numbers):
    options = {"memory": tmp_path / "memory"}
    expected = extract(tracks[:1], ["rms"], **options).table
    (entry,) = entries(tmp_path / "memory")
    Store(str(entry.parent), 1 << 20).put(entry.stem, [np.array(numbers, dtype=float)])
    again = extract(tracks[:1], ["rms"], **options).table
    np.testing.assert_array_equal(again, expected)


# --- what tells decoders and parts apart ------------------------------------------------------


def loud(source: Any, *, offset: float, duration: float | None, gain: float = 1.0) -> Decoded:
    """A decoder with a setting."""
    samples, sr = soundfile.read(source, dtype="float32", always_2d=True)
    return Decoded(sr, iter([samples * np.float32(gain)]))


class Louder:
    """A decoder that is an object; the gain is what tells it from others."""

    def __init__(self, gain: float, keyed: bool = True) -> None:
        self.gain = gain
        if keyed:
            self.cache_key = gain

    def __call__(self, source: Any, **cut: Any) -> Decoded:
        return loud(source, **cut, gain=self.gain)

    decode = __call__


MAKERS: dict[str, tuple[Callable[[float], Any], bool]] = {
    "partial": (lambda gain: partial(loud, gain=gain), True),
    "object with a key": (Louder, True),
    "partial of an object": (lambda gain: partial(Louder(gain)), True),
    "lambda": (lambda gain: lambda source, **cut: loud(source, **cut, gain=gain), False),
    "object": (lambda gain: Louder(gain, keyed=False), False),
    "method": (lambda gain: Louder(gain).decode, False),
    "partial of a lambda": (lambda gain: partial(lambda s, **c: loud(s, **c, gain=gain)), False),
    "partial of what can't be told": (
        lambda gain: partial(loud, gain=np.array(gain, object)),
        False,
    ),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_decoder_never_gets_the_row_of_another(tracks, tmp_path, kind):
    make, kept = MAKERS[kind]
    plain = extract(tracks[:2], ["rms"]).table
    for gain in (1.0, 5.0, 1.0):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            found = extract(tracks[:2], ["rms"], memory=tmp_path, decoder=make(gain)).table
        np.testing.assert_allclose(found, plain * gain, rtol=1e-5)
        assert [str(warning.message).count("can't be told") for warning in seen] == [1] * (not kept)
    assert len(entries(tmp_path)) == (4 if kept else 0)


def test_a_function_of_a_module_is_known_until_it_is_edited(tracks, tmp_path, monkeypatch):
    module = types.ModuleType("decoders")
    monkeypatch.setitem(sys.modules, "decoders", module)
    source = textwrap.dedent(inspect.getsource(loud)).replace(
        "gain: float = 1.0", "gain: float = 2"
    )
    head = "from __future__ import annotations\nimport numpy as np, soundfile\n"
    head += "from genrekit.audio import Decoded\n"
    for edited, wanted in ((source, 2.0), (source.replace("* np", "* 2 * np"), 4.0)):
        exec(head + edited, module.__dict__)
        for _ in range(2):
            found = extract(tracks[:1], ["rms"], memory=tmp_path, decoder=module.loud).table
            expected = wanted * extract(tracks[:1], ["rms"]).table
            np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert len(entries(tmp_path)) == 2


def test_segments_with_a_decoder_that_cannot_be_told(tracks, tmp_path):
    def silence(source, *, offset, duration):
        return Decoded(22050, iter([np.zeros((22050, 1), np.float32)]))

    segment = TrackSegment(tracks[0], 22050, length=1000)
    assert extract([segment], ["rms"], memory=tmp_path).table[0, 0] > 0.05
    with pytest.warns(GenrekitWarning, match="cache_key"):
        silent = extract([replace(segment, decoder=silence)], ["rms"], memory=tmp_path).table
    assert silent[0, 0] == 0


class Times:
    """A `Part` whose setting has whatever type one likes."""

    def __init__(self, setting: Any) -> None:
        self.setting = setting

    def frontend(self, inherited: Any) -> Any:
        return inherited

    def requests(self) -> tuple[Any, ...]:
        return ()

    def describe(self, spectra: Any) -> Any:
        values = self.setting() if callable(self.setting) else self.setting
        return np.full((1, 1), float(np.sum(values)))

    frames = describe

    def row(self, description: Any) -> Any:
        return description.ravel()

    def columns(self, name: str) -> list[str]:
        return [name]

    def key(self) -> tuple[Any, ...]:
        return "times", self.setting


def changed(array: np.ndarray) -> np.ndarray:
    """The same but for one value in the middle, which a printed array leaves out."""
    array = array.copy()
    array[len(array) // 2] += 1
    return array


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (np.zeros(5000), changed(np.zeros(5000))),
        (2**60, 2**60 + 1024),
        ([1, 2], [1, 3]),
        (np.float32(1), 2),
    ],
    ids=["array", "integer", "list", "scalar"],
)
def test_settings_of_a_part_do_not_mix(tracks, tmp_path, one, two):
    for setting in (one, two, one):
        found = extract(tracks[:1], [("x", Times(setting))], memory=tmp_path).table
        assert found[0, 0] == float(np.sum(setting))
    assert len(entries(tmp_path)) == 2


def test_a_part_that_cannot_be_told_is_not_kept(tracks, tmp_path):
    for number in (1.0, 2.0):
        part = Times(lambda number=number: number)
        with pytest.warns(GenrekitWarning, match="goes on without") as warned:
            found = extract(tracks[:2], [("x", part)], memory=tmp_path).table
        assert found[:, 0].tolist() == [number] * 2
        assert len(warned) == 1
