"""What X may be, and what a track gets that can't be read."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas
import pyarrow
import pytest
from sklearn.utils import Bunch

from genrekit import RMS, AudioFeatures, MFCCStats, extract, iter_rows, make_genre_pipeline
from genrekit.engine import AudioExtractor
from genrekit.exceptions import AudioDecodeError, AudioDecodeWarning
from genrekit.features import Frontend, Spectra, rms


def _features(**options):
    return AudioFeatures(["rms", "zero_crossing_rate"], **options)


# --- one bad track in a hundred ---------------------------------------------------------------

BAD = (17, 40, 99)


@pytest.fixture(params=[False, True], ids=["files", "waveforms"])
def hundred(request, files, bad_files, music):
    """A hundred tracks, three of them bad: what and, for each, some words of the reason."""
    tracks = [files[i % 3] if i % 2 else music[i : i + 3000] for i in range(100)]
    wrong = np.where(np.arange(3000) == 2000, np.nan, 0.1)
    waveforms = [wrong, np.zeros((3000, 2)), np.zeros(3000, np.int16)]
    reasons = ["NaN", r"pass y\.T", "divide integers"]
    if not request.param:
        waveforms = bad_files
        reasons = ["there is no such file", "it is empty", "looks like an HTML page"]
    for index, bad in zip(BAD, waveforms, strict=True):
        tracks[index] = bad
    return tracks, reasons


def test_raise_stops_at_the_first(hundred):
    tracks, reasons = hundred
    for n_jobs in (1, 2):
        with pytest.raises(AudioDecodeError, match=reasons[0]) as caught:
            _features(n_jobs=n_jobs).fit_transform(tracks)
        first = tracks[BAD[0]]
        expected = first if isinstance(first, str) else f"<waveform, item {BAD[0]}>"
        assert caught.value.path == expected
        assert expected in str(caught.value)


def test_nan_gives_a_row_for_every_track(hundred):
    tracks, reasons = hundred
    features = _features(on_error="nan")
    with pytest.warns(AudioDecodeWarning, match="3 of 100 tracks") as caught:
        table = features.fit_transform(tracks)
    assert table.shape == (100, 4)
    assert np.flatnonzero(np.isnan(table).all(axis=1)).tolist() == list(BAD)
    assert np.isfinite(np.delete(table, BAD, axis=0)).all()
    assert [error.index for error in features.errors_] == list(BAD)
    for error, reason in zip(features.errors_, reasons, strict=True):
        pytest.raises(ValueError, _raise, error.reason).match(reason)
    (warning,) = caught
    assert warning.message.errors == features.errors_
    good = [track for i, track in enumerate(tracks) if i not in BAD]
    alone = _features().fit_transform(good)
    np.testing.assert_array_equal(np.delete(table, BAD, axis=0), alone)


def _raise(text):
    raise ValueError(text)


def test_transform_warns_and_leaves_the_transformer_alone(music, bad_files):
    features = _features(on_error="nan").fit([music])
    before = dict(vars(features))
    with pytest.warns(AudioDecodeWarning) as caught:
        features.transform([music, bad_files[0]])
    assert vars(features) == before
    assert features.errors_ == []
    assert caught[0].message.errors[0].index == 1
    assert caught[0].filename == __file__


def test_nothing_wrong_means_no_warning(music):
    features = _features(on_error="nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features.fit_transform([music])
    assert features.errors_ == []


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_other_processes_name_the_track_too(files, bad_files, backend, monkeypatch):
    monkeypatch.setattr("genrekit.engine._workers._BATCH", 2)
    features = _features(on_error="nan", n_jobs=2)
    with joblib.parallel_config(backend), pytest.warns(AudioDecodeWarning):
        features.fit_transform([*files, bad_files[2]])
    (error,) = features.errors_
    assert (error.index, error.path) == (len(files), bad_files[2])
    assert "an HTML page" in error.reason
    features.set_params(on_error="raise")
    with joblib.parallel_config(backend), pytest.raises(AudioDecodeError, match="an HTML page"):
        features.fit_transform([bad_files[2], *files])


@pytest.mark.parametrize(
    ("track", "reason"),
    [
        (np.zeros(0), "no samples"),
        (np.zeros((0, 3)), "has no channel"),
        (np.zeros((1, 2, 3)), "has 3 dimensions"),
        (np.zeros(3, complex), "can't be read as audio"),
        (np.array(1.0), "has 0 dimensions"),
        ((np.zeros(100), 0), "sampling rate must be above 0"),
        ((np.zeros(100), np.inf), "sampling rate must be above 0"),
        ((np.zeros(0, np.float32), 44100), "no samples"),
        ((np.full(100, np.inf), 44100), "NaN or inf"),
        ((np.zeros(100), "44100"), "must be a number of Hz, not '44100'"),
        (3, "a int is no track"),
        (None, r"item 1>: it is missing \(None\)"),
        (b"", "it is empty"),
        (io.BytesIO(b"<html>" * 100), "an HTML page"),
    ],
)
@pytest.mark.parametrize("parts", [["rms"], ["rms", MFCCStats(n_fft=1024)]], ids=["one", "two"])
def test_bad_items(track, reason, parts, music):
    features = AudioFeatures(parts, on_error="nan")
    tracks = [music[:9000], track, music[:9000]]
    with pytest.warns(AudioDecodeWarning, match="1 of 3"):
        table = features.fit_transform(tracks)
    assert np.isfinite(table[[0, 2]]).all()
    assert np.isnan(table[1]).all()
    with pytest.raises(AudioDecodeError, match=reason):
        features.set_params(on_error="raise").fit_transform(tracks)


def test_offset_beyond_the_end(music, files):
    for track in (music, files[0], (music, 44100)):
        with pytest.raises(AudioDecodeError, match="offset=60.* lies beyond its"):
            _features(offset=60.0).fit_transform([track])


def test_unknown_on_error(music):
    with pytest.raises(ValueError, match="unknown on_error 'nana': did you mean 'nan'"):
        _features(on_error="nana").fit([music])


RUN_WRONG = {
    "n_jobs": [
        ("2", "not '2'"),
        (2.5, "not 2.5"),
        (2.0, "not 2.0"),
        (0, "not 0"),
        (True, "not True"),
    ],
    "memory": [("", "names no folder")],
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [(name, *case) for name, cases in RUN_WRONG.items() for case in cases],
)
def test_how_it_runs_is_checked_before_anything_is_read(
    name, value, message, music, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    running = {name: value}
    calls = [
        lambda: _features(**running).fit([music]),
        lambda: extract([music], ["rms"], **running),
        lambda: next(iter_rows([music], ["rms"], **running)),
        lambda: make_genre_pipeline("knn", ["rms"], **running).fit([music] * 2, ["a", "b"]),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=f"^{name}.* {message}"):
            call()
    assert not list(tmp_path.iterdir())


# --- collections ------------------------------------------------------------------------------


def test_every_collection_of_paths_gives_the_same(files):
    expected = _features().fit_transform(files)
    column = np.array(files, dtype=object)[:, np.newaxis]
    collections = [
        tuple(files),
        [Path(file) for file in files],
        [Path(file).read_bytes() for file in files],
        [memoryview(Path(file).read_bytes()) for file in files],
        np.array(files),
        np.array(files, dtype=object),
        column,
        column.astype(str),
        pandas.Series(files, index=[5, 6, 7]),
        pandas.DataFrame({"path": files}),
        pandas.DataFrame({"path": map(Path, files)}),
        pyarrow.array(files),
        pyarrow.chunked_array([files]),
    ]
    for X in collections:
        features = _features()
        np.testing.assert_array_equal(features.fit_transform(X), expected)
        np.testing.assert_array_equal(features.transform(X), expected)
        assert not hasattr(features, "n_features_in_")


def test_file_objects_can_be_read_twice(files):
    expected = _features().fit_transform(files)
    opened = [io.BytesIO(Path(file).read_bytes()) for file in files]
    for _ in range(2):
        np.testing.assert_array_equal(_features().fit_transform(opened), expected)


def test_lists_of_two_are_tracks_not_a_pair(music, files):
    for other in (files[0], Path(files[0]), (music, 22050), music[:3000], io.BytesIO(b"")):
        table = _features(on_error="nan").fit([music, other])
        assert table is not None
    assert _features().fit_transform([music, (music, 22050)]).shape == (2, 4)


def test_pairs_are_resampled(music, write):
    path = write(music, sr=44100)
    expected = _features().fit_transform([path])
    for y in (music, music.astype(np.float64)):
        np.testing.assert_array_equal(_features().fit_transform([(y, 44100)]), expected)
        np.testing.assert_array_equal(_features().fit_transform([[y, np.float64(44100)]]), expected)
    np.testing.assert_array_equal(
        _features().fit_transform([(music, 22050)]), _features().fit_transform([music])
    )


def test_channels_are_averaged(music):
    stereo = np.stack([music, np.zeros_like(music)])
    got = _features().fit_transform([stereo, (stereo, 22050)])
    expected = _features().fit_transform([music / 2])
    np.testing.assert_array_equal(got, np.repeat(expected, 2, axis=0))


def test_excerpts_of_waveforms_begin_where_those_of_files_do(music, write):
    features = _features(offset=0.33333, duration=0.33333)
    pair, file = features.fit_transform([(music, 22050), write(music)])
    np.testing.assert_allclose(pair, file, rtol=1e-6)
    late = _features(offset=0.3334, duration=0.33333).fit_transform([music])
    assert (late != pair).any()


def test_durations_without_a_sample(music, write):
    for track in (music, write(music)):
        with pytest.raises(AudioDecodeError, match="shorter than one sample at 22050 Hz"):
            _features(duration=1e-6).fit_transform([track])


def test_samples_out_of_all_proportion(music):
    X = np.stack([music * np.float64(1e40), music])  # what is no recording is not judged as one
    with np.errstate(all="ignore"), pytest.warns(AudioDecodeWarning, match="rms_mean is not a"):
        table = _features(on_error="nan", dtype="float32").fit_transform(X)
    assert np.isfinite(table).all(axis=1).tolist() == [False, True]


def test_an_iterator_is_no_collection(music):
    with pytest.raises(ValueError, match="got an iterator: pass list"):
        _features().fit_transform(track for track in [music])


def test_a_subclass_is_a_transformer_too(music):
    class Louder(RMS):
        pass

    expected = RMS().fit_transform([music])
    np.testing.assert_array_equal(Louder().fit_transform([music]), expected)
    np.testing.assert_array_equal(AudioFeatures([Louder()]).fit_transform([music]), expected)


def test_offset_and_duration_of_waveforms(music):
    got = _features(offset=0.5, duration=1.0).fit_transform([music])
    np.testing.assert_array_equal(got, _features().fit_transform([music[11025:33075]]))
    late = _features(offset=2.5, duration=9.0).fit_transform([music])
    np.testing.assert_array_equal(late, _features().fit_transform([music[55125:]]))


def test_rows_of_a_matrix_are_waveforms(music, tmp_path):
    X = music[:12000].reshape(3, 4000)
    expected = _features().fit_transform(list(X))
    features = _features()
    np.testing.assert_array_equal(features.fit_transform(X), expected)
    assert features.n_features_in_ == 4000
    np.save(tmp_path / "x.npy", X.astype(np.float64))
    memmap = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(_features().fit_transform(memmap), expected)
    np.testing.assert_array_equal(_features().fit_transform(list(memmap)), expected)
    np.testing.assert_array_equal(_features().fit_transform(X.tolist()), expected)
    frame = pandas.DataFrame(X).rename(columns=str)
    np.testing.assert_array_equal(features.fit(frame).transform(frame), expected)
    assert len(features.feature_names_in_) == 4000
    features.fit(list(X))
    assert not hasattr(features, "n_features_in_")
    assert not hasattr(features, "feature_names_in_")


def test_nan_in_a_matrix_always_raises():
    X = np.ones((2, 100))
    X[1, 3] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        _features(on_error="nan").fit_transform(X)


def test_one_track_is_no_collection(music, files):
    singles = [files[0], Path(files[0]), b"RIFF", io.BytesIO(b"RIFF"), (music, 22050), music]
    for single in singles:
        for call in (_features().fit, _features().transform, RMS().fit_transform):
            with pytest.raises(ValueError, match="list of tracks.*wrap .*in a list"):
                call(single)


@pytest.mark.parametrize(
    "X", [[], (), np.array([]), np.array([], dtype=object), pandas.Series([], dtype=object)]
)
def test_empty_collection(X):
    with pytest.raises(ValueError, match="list of tracks is empty"):
        _features().fit(X)


def test_a_swapped_pair_is_explained(music):
    swapped = (22050, music)
    objects = np.empty(1, dtype=object)
    objects[0] = swapped
    for X in ([swapped], [list(swapped)], objects):
        with pytest.raises(ValueError, match=r"item 0 .*pass \(y, sr\), not \(sr, y\)"):
            _features().fit(X)
    with pytest.raises(ValueError, match=r"item 1 .*pass \(y, sr\), not \(sr, y\)"):
        _features().transform([(music, 22050), swapped])
    with pytest.raises(ValueError, match=r"got \(sr, y\): pass \[\(y, sr\)\]"):
        _features().fit(swapped)


def test_a_bunch_is_no_collection(files):
    with pytest.raises(ValueError, match=r"got a Bunch: pass .* such as music\.paths"):
        _features().fit(Bunch(paths=files, target=["rock"] * 3))


def test_collection_of_something_else():
    for X in ([object()], 3, [["a"], ["b"]], [[], []], np.zeros((2, 2, 2))):
        with pytest.raises((ValueError, TypeError)):
            _features().fit(X)


# --- a transformer on its own -----------------------------------------------------------------


def test_frames_of_one_track(music, files):
    transformer = RMS(n_fft=1024, hop_length=256)
    frames = transformer.frames(music)
    assert frames.shape == (1, 1 + len(music) // 256)
    spectra = Spectra(music, transformer.frontend(transformer._inherited()))
    np.testing.assert_array_equal(transformer.frames(spectra), frames)
    np.testing.assert_array_equal(rms(spectra), frames)
    assert transformer.frames(files[0]).shape == (1, 1 + 22050 // 256)
    with pytest.raises(AudioDecodeError, match="a int is no track"):
        transformer.frames(3)
    with pytest.raises(AudioDecodeError, match="there is no such file"):
        transformer.frames("nowhere.wav")


def test_statistics_of_a_transformer_are_those_of_its_frames(music):
    transformer = MFCCStats(n_mfcc=2, stats=["max", "median"])
    frames = transformer.frames(music).astype(np.float64)
    expected = np.stack([frames.max(axis=1), np.median(frames, axis=1)], axis=1).ravel()
    np.testing.assert_allclose(transformer.fit_transform([music])[0], expected, rtol=1e-6)


def test_progress_bar(music, capsys):
    _features(verbose=1).fit_transform([music, music])
    assert "2/2" in capsys.readouterr().err
    _features().fit_transform([music])
    assert capsys.readouterr().err == ""


def test_the_base_is_no_transformer_and_says_what_one_needs():
    class Half(AudioExtractor):
        def _inherited(self):
            return Frontend()

    with pytest.raises(TypeError, match="AudioExtractor.*_inherited.*_named_parts"):
        AudioExtractor()
    with pytest.raises(TypeError, match="Half.*_named_parts"):
        Half()
