"""`extract`: features without scikit-learn, and what `memory` remembers."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock

import joblib
import numpy as np
import pytest
import soundfile

from genrekit import AudioFeatures, MFCCStats, extract
from genrekit.audio import Decoded, Downmix
from genrekit.engine import _loop as _extract
from genrekit.engine._tracks import Excerpt
from genrekit.exceptions import AudioDecodeError, AudioDecodeWarning
from genrekit.features import FEATURES

PARTS = ["rms", ("timbre", MFCCStats(n_mfcc=2)), "tempo"]


@pytest.mark.parametrize("features", ["standard", "gtzan57", PARTS], ids=str)
def test_gives_what_audio_features_gives(features, files):
    result = extract(files, features)
    transformer = AudioFeatures(features)
    np.testing.assert_array_equal(result.table, transformer.fit_transform(files))
    assert result.names == transformer.get_feature_names_out().tolist()
    assert result.errors == []
    assert result.table.dtype == np.float64


def test_every_parameter_of_the_front_end_counts(files, music):
    options = {
        "sr": 16000,
        "n_fft": 1024,
        "hop_length": 300,
        "win_length": 900,
        "window": "hamming",
        "center": False,
        "pad_mode": "reflect",
        "dtype": "float64",
        "offset": 0.1,
        "duration": 0.3,
    }
    tracks = [*files, (music, 22050)]
    result = extract(tracks, ["spectral_centroid"], **options)
    expected = AudioFeatures(["spectral_centroid"], **options).fit_transform(tracks)
    np.testing.assert_array_equal(result.table, expected)


def test_failures_are_rows_of_nan_and_entries(files, bad_files):
    with pytest.warns(AudioDecodeWarning, match="2 of 3") as caught:
        result = extract([bad_files[0], files[0], bad_files[1]], ["rms"])
    assert np.isnan(result.table).all(axis=1).tolist() == [True, False, True]
    assert [error[:2] for error in result.errors] == [(0, bad_files[0]), (2, bad_files[1])]
    assert caught[0].message.errors == result.errors
    with pytest.raises(AudioDecodeError, match="there is no such file"):
        extract(bad_files, ["rms"], on_error="raise")


@pytest.mark.parametrize("pooled", [True, False])
def test_who_relies_on_nan_by_default_is_told_to_say_so(pooled, music, bad_files, recwarn):
    for on_error in (None, "nan", "raise"):
        extract([music], ["rms"], pooled=pooled, on_error=on_error)
    extract([music, bad_files[0]], ["rms"], pooled=pooled, on_error="nan")
    assert [warning.category for warning in recwarn] == [AudioDecodeWarning]
    with pytest.warns(FutureWarning, match='write on_error="nan"') as caught:
        result = extract([music, bad_files[0]], ["rms"], pooled=pooled)
    assert [warning.filename for warning in caught] == [__file__] * 2
    assert [error.index for error in result.errors] == [1]
    with pytest.raises(ValueError, match="on_error"):
        extract([music], ["rms"], pooled=pooled, on_error="ignore")


def test_frames(files, bad_files):
    with pytest.warns(AudioDecodeWarning):
        result = extract([files[0], bad_files[0]], ["rms", "mfcc", "tempo"], pooled=False)
    assert result.names == ["rms", "mfcc", "tempo"]
    first, second = result.table
    assert {name: frames.shape for name, frames in first.items()} == {
        "rms": (1, 44),
        "mfcc": (20, 44),
        "tempo": (1, 1),
    }
    assert second == {}
    assert result.errors[0].index == 1
    np.testing.assert_array_equal(first["mfcc"], MFCCStats().frames(files[0]))


def test_sources_must_be_a_collection(files, music):
    for single in (files[0], music, (music, 22050)):
        with pytest.raises(ValueError, match="wrap it in a list"):
            extract(single)
    with pytest.raises(ValueError, match="list of tracks is empty"):
        extract([])
    with pytest.raises(ValueError, match="expected a list of tracks, got a int"):
        extract(3)
    with pytest.raises(ValueError, match=r"item 0 .*pass \(y, sr\), not \(sr, y\)"):
        extract([(22050, music)])
    assert extract(iter(files), ["rms"]).table.shape == (3, 2)


def test_what_addresses_take(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(AudioDecodeError, match=r"pip install 'genrekit\[remote\]'") as caught:
        extract(["HTTP://example.org/a.mp3"], ["rms"], on_error="raise", memory=tmp_path)
    assert caught.value.path == "HTTP://example.org/a.mp3"


def test_jobs_and_progress_bar(files, capsys):
    expected = extract(files, PARTS).table
    np.testing.assert_array_equal(extract(files, PARTS, n_jobs=2, verbose=1).table, expected)
    assert "3/3" in capsys.readouterr().err


# --- memory -----------------------------------------------------------------------------------


class Diary:
    """A decoder that writes down what it decodes; the diary is a file, so processes share it."""

    def __init__(self, path):
        self.path = Path(path)
        self.cache_key = self.path
        self.path.touch()

    def __call__(self, source, *, offset, duration):
        with self.path.open("a") as file:
            file.write(f"{source if isinstance(source, str) else 'bytes'}\n")
        data = source if isinstance(source, str) else io.BytesIO(source)
        samples, sr = soundfile.read(data, dtype="float32", always_2d=True)
        return Decoded(sr, iter([samples]))

    def new(self):
        """Entries since the last call."""
        entries = self.path.read_text().splitlines()
        self.path.write_text("")
        return len(entries)


@pytest.fixture
def diary(tmp_path):
    return Diary(tmp_path / "diary.txt")


@pytest.fixture
def run(tmp_path, diary):
    """Extract with a memory in a folder; gives the table and how many files were decoded."""

    def make(tracks, features=("rms", "spectral_centroid"), **options):
        options = {"memory": tmp_path / "memory", "decoder": diary, **options}
        result = extract(tracks, list(features), **options)
        return result.table, diary.new()

    return make


def test_second_run_decodes_nothing(run, files, tmp_path):
    table, decoded = run(files)
    assert decoded == 3
    for memory in (
        tmp_path / "memory",
        str(tmp_path / "memory"),
        joblib.Memory(str(tmp_path / "memory"), verbose=0),
    ):
        again, decoded = run(files, memory=memory)
        assert decoded == 0
        np.testing.assert_array_equal(again, table)
    again, decoded = run(files[::-1], n_jobs=2)
    assert decoded == 0
    np.testing.assert_array_equal(again, table[::-1])
    without, decoded = run(files, memory=None)
    assert decoded == 3
    np.testing.assert_array_equal(without, table)


def test_transformers_share_the_memory(files, diary, tmp_path):
    options = {"memory": tmp_path / "memory", "decoder": diary}
    extract(files, ["rms"], **options)
    diary.new()
    AudioFeatures(["rms"], **options).fit_transform(files)
    assert diary.new() == 0


def test_changed_file_is_read_again(run, files, write, music):
    first, _ = run(files)
    write(music[:9000], "a.wav")
    second, decoded = run(files)
    assert decoded == 1
    assert (first[0] != second[0]).any()
    np.testing.assert_array_equal(first[1:], second[1:])
    status = os.stat(files[1])
    os.utime(files[1], ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    assert run(files)[1] == 1


def test_other_statistics_are_remembered(run, files):
    run(files, [MFCCStats(n_mfcc=2)])
    table, decoded = run(files, [("renamed", MFCCStats(n_mfcc=2, stats=["max", "kurtosis"]))])
    assert decoded == 0
    expected = MFCCStats(n_mfcc=2, stats=["max", "kurtosis"]).fit_transform(files)
    np.testing.assert_array_equal(table, expected)


@pytest.mark.parametrize(
    "change", [{"features": [MFCCStats(n_mfcc=3)]}, {"n_fft": 1024}, {"sr": 16000}]
)
def test_other_parameters_are_not(run, files, change):
    run(files, [MFCCStats(n_mfcc=2)])
    assert run(files, **{"features": [MFCCStats(n_mfcc=2)], **change})[1] == 3


@pytest.mark.parametrize("cache_waveform", [False, True])
@pytest.mark.parametrize("name", ["kernels.FLAVOUR", "CACHE_VERSION", "__version__"])
def test_other_kernels_and_versions_are_not(run, files, monkeypatch, name, cache_waveform):
    first, _ = run(files, cache_waveform=cache_waveform)
    monkeypatch.setattr(f"genrekit.engine._cache.{name}", "other")
    # Waveforms are decoded, not computed by kernels.
    expected = 0 if cache_waveform and name == "kernels.FLAVOUR" else 3
    second, decoded = run(files, cache_waveform=cache_waveform)
    assert decoded == expected
    np.testing.assert_array_equal(second, first)


def test_bytes_and_file_objects_are_known_by_their_content(run, files):
    data = [Path(file).read_bytes() for file in files[:1]]
    assert run(data)[1] == 1
    assert run(data)[1] == 0
    assert run([memoryview(data[0])])[1] == 0
    assert run([bytearray(data[0])])[1] == 0
    assert run([io.BytesIO(data[0])])[1] == 0
    assert run([data[0] + bytes(1)])[1] == 1


def test_waveforms_are_known_by_their_content(run, music):
    first, _ = run([music, (music, 44100)])
    second, _ = run([music.copy(), (music, 44100)])
    np.testing.assert_array_equal(first, second)
    other, _ = run([music / 2, (music, 48000)])
    assert (other != first).any(axis=1).all()


def test_failures_are_not_remembered(run, files, bad_files, write, music):
    with pytest.warns(AudioDecodeWarning, match="3 of 4"):
        table, _ = run([files[0], *bad_files])
    assert np.isnan(table).any(axis=1).tolist() == [False, True, True, True]
    soundfile.write(bad_files[1], music, 22050)
    assert np.isfinite(run([bad_files[1]])[0]).all()


def test_waveforms_are_kept_on_request(run, files, music):
    options = {"cache_waveform": True}
    first, decoded = run(files, ["rms"], **options)
    assert decoded == 3
    other, decoded = run(files, ["spectral_centroid", MFCCStats(n_fft=512)], n_fft=1024, **options)
    assert decoded == 0
    expected = extract(files, ["spectral_centroid", MFCCStats(n_fft=512)], n_fft=1024).table
    np.testing.assert_array_equal(other, expected)
    assert run(files, ["rms"], sr=16000, **options)[1] == 3
    assert run(files, ["rms"], memory=None, **options)[1] == 3
    from_waveform, _ = run([music], ["rms"], **options)
    np.testing.assert_array_equal(from_waveform, extract([music], ["rms"]).table)


def test_stopped_in_the_middle_of_a_file(music):
    stop = _extract._Stop()
    excerpt = Excerpt(((22050, 22050),), offset=0.0, duration=None)
    (block,) = next(stop.read(music, excerpt, None, Downmix()))
    assert len(block) == len(music)
    stop.event.set()
    with pytest.raises(InterruptedError):
        next(stop.read(music, excerpt, None, Downmix()))
    assert not pickle.loads(pickle.dumps(stop)).event.is_set()


def test_a_filter_left_behind_hides_no_warning_of_ours(music, monkeypatch):
    # Threads that enter and leave `catch_warnings` side by side restore one another's filters.
    with warnings.catch_warnings(record=True) as seen:
        with monkeypatch.context() as patch:
            patch.setattr(warnings, "catch_warnings", contextlib.nullcontext)
            extract([music], ["rms"])
        extract(["missing.wav", music], ["rms"], on_error="nan")
    assert [warning.category for warning in seen] == [AudioDecodeWarning]


# --- what is imported -------------------------------------------------------------------------


def _modules_after(script, *arguments):
    """Names of the modules that a fresh interpreter has loaded after a script."""
    script += "\nimport sys; print(*sys.modules)"
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_is_light():
    loaded = _modules_after("import genrekit; dir(genrekit)")
    heavy = "librosa numba sklearn pandas matplotlib soundfile scipy.signal av audioread"
    assert "genrekit" in loaded
    assert not loaded & set(heavy.split())


def test_extract_imports_no_scikit_learn(files):
    script = """
import sys, genrekit
result = genrekit.extract(sys.argv[1:], n_jobs=2)
assert result.table.shape[0] == 1 and not result.errors
"""
    loaded = _modules_after(script, files[0])
    assert "genrekit.features" in loaded
    assert not loaded & {"sklearn", "librosa", "pandas", "matplotlib", "scipy.signal"}


def test_a_first_row_needs_no_joblib(files):
    script = "import sys, genrekit; assert genrekit.extract(sys.argv[1:]).table.shape[0] == 1"
    assert "joblib" not in _modules_after(script, files[0])


def test_a_backend_that_somebody_chose_is_used(files):
    backend = mock.Mock(wraps=joblib.Parallel)
    with mock.patch("joblib.Parallel", backend):
        extract(files, ["rms"])
    assert backend.call_args.kwargs["return_as"] == "generator"


def test_transformers_are_found_when_asked_for():
    from genrekit import features

    assert {row.transformer for row in FEATURES.values()} <= set(features.__all__)
    for name in features.__all__:
        assert getattr(features, name) is not None
    with pytest.raises(AttributeError, match="MFCCStatistics"):
        _ = features.MFCCStatistics
