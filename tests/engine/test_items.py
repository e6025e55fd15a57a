"""What may be passed as a track: everything that has one meaning, and a plain word for the rest."""

from __future__ import annotations

import array
import collections
import io
import sys
import types
from pathlib import Path

import numpy as np
import pandas
import pytest
import soundfile

from genrekit import RMS, AudioDecodeError, AudioDecodeWarning, AudioFeatures, extract
from genrekit.engine._items import as_track
from genrekit.engine._tracks import MatrixRow, TrackSegment
from genrekit.models._cutting import Cutter

SR = 22050
FEATURES = ["rms", "mfcc"]


class Tensor:
    """What numpy makes an array of, as tensors of torch and others are."""

    def __init__(self, values, trouble=None):
        self.values, self.trouble = np.asarray(values), trouble
        self.shape = self.values.shape

    def __array__(self, dtype=None, copy=None):
        if self.trouble:
            raise RuntimeError(self.trouble)
        return self.values

    def item(self):
        return self.values.item()

    def __getitem__(self, i):
        return Tensor(self.values[i])

    def __len__(self):
        return len(self.values)


@pytest.fixture(scope="module")
def y(music):
    return music[:9000]


ALIKE = {
    "list and rate": lambda y: (y.tolist(), SR),
    "list of list and rate": lambda y: [y.tolist(), SR],
    "channels as lists": lambda y: ([y.tolist(), y.tolist()], SR),
    "tensor and rate": lambda y: (Tensor(y), SR),
    "tensor and tensor": lambda y: (Tensor(y), Tensor(SR)),
    "tensor": Tensor,
    "rate as an array": lambda y: (y, np.array(SR)),
    "numpy's number": lambda y: (y, np.float32(SR)),
    "series": lambda y: (pandas.Series(y), SR),
    "array.array": lambda y: (array.array("f", y.tolist()), SR),
    "masked, nothing masked": lambda y: np.ma.masked_array(y, mask=np.zeros(len(y), bool)),
    "other order of bytes": lambda y: (y.astype(">f4"), SR),
    "long double": lambda y: (y.astype(np.longdouble), SR),
    "read-only": lambda y: (np.frombuffer(y.tobytes(), np.float32), SR),
    "strided": lambda y: (np.repeat(y, 2)[::2], SR),
    "hugging face": lambda y: {"array": y, "sampling_rate": SR, "path": "nowhere.mp3"},
    "hugging face, list": lambda y: {"path": None, "array": y.tolist(), "sampling_rate": SR},
    "another mapping": lambda y: types.MappingProxyType({"array": y, "sampling_rate": SR}),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_what_has_one_meaning(kind, y):
    expected = extract([(y, SR)], FEATURES).table
    item = ALIKE[kind](y)
    found = extract([item], FEATURES, on_error="raise").table
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(AudioFeatures(FEATURES).fit_transform([item, (y, SR)])[:1], found)
    np.testing.assert_allclose(RMS().frames(item), RMS().frames((y, SR)), rtol=1e-6, atol=1e-9)


def test_half_precision(y):
    expected = extract([(y.astype(np.float16).astype(np.float32), SR)], FEATURES).table
    found = extract([(y.astype(np.float16), SR)], FEATURES).table
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("form", ["bytes", "path", "both", "bytearray", "Path"])
def test_encoded_files_of_hugging_face(form, files):
    content = Path(files[0]).read_bytes()
    item = {
        "bytes": {"bytes": content, "path": None},
        "path": {"bytes": None, "path": files[0]},
        "both": {"bytes": content, "path": "a name without a folder.mp3"},
        "bytearray": {"bytes": bytearray(content)},
        "Path": {"path": Path(files[0])},
    }[form]
    found = AudioFeatures(FEATURES).fit_transform([item])
    np.testing.assert_array_equal(found, extract(files[:1], FEATURES).table)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda y: (y, "44100"), "its sampling rate must be a number of Hz, not '44100'"),
        (lambda y: (y, None), "its sampling rate must be a number of Hz, not None"),
        (lambda y: (y, True), "its sampling rate must be a number of Hz, not True"),
        (lambda y: (y, 2j), "its sampling rate must be a number of Hz, not 2j"),
        (lambda y: (y, b"44100"), "its sampling rate must be a number of Hz"),
        (lambda y: (y, -1), "sampling rate"),
        (lambda y: (y, np.nan), "sampling rate"),
        (lambda y: None, r"it is missing \(None\)"),
        (lambda y: float("nan"), r"it is missing \(nan\)"),
        (lambda y: np.float32("nan"), r"it is missing \(nan\)"),
        (lambda y: pandas.NA, r"it is missing \(<NA>\)"),
        (lambda y: pandas.NaT, r"it is missing \(NaT\)"),
        (lambda y: 3, "a int is no track: pass a path, bytes or a waveform"),
        (lambda y: [], "a list is no track"),
        (lambda y: ["a.mp3"], "a list is no track"),
        (lambda y: {"path": None, "bytes": None}, "this one has 'path', 'bytes'"),
        (lambda y: {"array": y}, "'array' and 'sampling_rate'.*this one has 'array'"),
        (lambda y: {"audio": {"array": y, "sampling_rate": SR}}, "this one has 'audio'"),
        (lambda y: {}, "this one has none"),
        (lambda y: np.ma.masked_less(y, 0), r"masked samples. Fill them first, with y.filled\(0\)"),
        (lambda y: (np.ma.masked_less(y, 0), SR), "masked samples"),
        (lambda y: (Tensor(y, "requires grad"), SR), "a Tensor can't be read .*: requires grad"),
        (lambda y: ([[0.1, 0.2], [0.3]], SR), "a list can't be read as an array"),
        (lambda y: (np.array(["a", "b"]), SR), "its samples are <U1"),
        (lambda y: (y.astype(complex), SR), "its samples are complex"),
        (lambda y: (y.astype(object), SR), "its samples are object"),
        (lambda y: (y > 0, SR), "its samples are bool"),
        (
            lambda y: (np.int16(y * 32767), SR),
            "samples are int16; divide integers.*32768 for int16",
        ),
        (lambda y: (np.int16(y * 32767).tolist(), SR), "samples are int64; divide integers"),
        (lambda y: {"array": [0, 1, 2], "sampling_rate": SR}, "samples are int64; divide integers"),
    ],
)
def test_what_has_none_is_named_with_its_place(make, reason, y):
    with pytest.warns(AudioDecodeWarning, match="1 of 3"):
        found = extract([y, make(y), y], FEATURES)
    (error,) = found.errors
    assert error.index == 1
    assert "item 1" in error.path
    pytest.raises(ValueError, _raise, error.reason).match(reason)
    assert np.isfinite(found.table[[0, 2]]).all()
    with pytest.raises(AudioDecodeError, match="item 1") as caught:
        AudioFeatures(FEATURES).fit_transform([y, make(y), y])
    pytest.raises(ValueError, _raise, str(caught.value)).match(reason)


def _raise(text):
    raise ValueError(text)


@pytest.mark.parametrize("X", [[None], [None, float("nan")], (pandas.NA,)], ids=str)
def test_only_missing_ones(X):
    with pytest.warns(AudioDecodeWarning, match=rf"{len(X)} of {len(X)} .*it is missing"):
        assert np.isnan(extract(X, FEATURES).table).all()
    with pytest.raises(AudioDecodeError, match="item 0>: it is missing"):
        AudioFeatures(FEATURES).fit_transform(X)


@pytest.mark.parametrize("X", [[object()], [{"a": 1}], [["a.mp3"], ["b.mp3"]], [print, print]])
def test_nothing_of_it_is_a_track(X):
    for call in (AudioFeatures(FEATURES).fit, extract):
        with pytest.raises(ValueError, match=r"item 0 of the list of tracks: a .* track"):
            call(X)


# --- collections ------------------------------------------------------------------------------


def test_a_table_with_more_than_the_paths(files):
    table = pandas.DataFrame({"genre": [1, 2, 3], "path": files})
    expected = extract(files, FEATURES).table
    for call in (AudioFeatures(FEATURES).fit_transform, extract):
        with pytest.raises(ValueError, match=r"columns 'genre', 'path': .* such as X\['path'\]"):
            call(table)
        with pytest.raises(ValueError, match=r"columns 0, 1: .* such as X\[:, 1\]"):
            call(table.to_numpy())
        with pytest.raises(ValueError, match=r"such as X\[:, 0\]"):
            call(np.array([files, files]).T)
    for X in (table["path"], table[["path"]], table["path"].astype("string")):
        np.testing.assert_array_equal(AudioFeatures(FEATURES).fit_transform(X), expected)
        np.testing.assert_array_equal(extract(X, FEATURES).table, expected)


def test_a_missing_path_in_a_column(files):
    column = pandas.Series([files[0], None, files[1]], dtype="string")
    with pytest.warns(AudioDecodeWarning, match=r"NAType, item 1>: it is missing \(<NA>\)"):
        found = extract(column, FEATURES)
    assert np.isnan(found.table).all(axis=1).tolist() == [False, True, False]


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_has_no_order(kind, files):
    for call in (AudioFeatures(FEATURES).fit, AudioFeatures(FEATURES).transform, extract):
        with pytest.raises(ValueError, match="a set, which has no order: sort it first"):
            call(kind(files))


def test_dicts_and_iterators(files, y):
    by_name = dict(zip("abc", files, strict=True))
    for call in (AudioFeatures(FEATURES).fit, extract):
        with pytest.raises(ValueError, match="got a dict: pass the paths in it"):
            call(by_name)
        with pytest.raises(ValueError, match="or wrap it in a list if it is one track"):
            call({"array": y, "sampling_rate": SR})
    for iterator in (by_name.values(), iter(files), (path for path in files)):
        with pytest.raises(ValueError, match=r"pass list\(X\)"):
            AudioFeatures(FEATURES).fit(iterator)
    # It is gone through once.
    assert extract((path for path in files), ["rms"]).table.shape == (3, 2)


def test_other_sequences(files):
    expected = extract(files, FEATURES).table
    for X in (collections.deque(files), collections.UserList(files)):
        np.testing.assert_array_equal(AudioFeatures(FEATURES).fit_transform(X), expected)


def test_lists_of_numbers(y):
    rows = y.reshape(3, 3000)
    matrix = AudioFeatures(FEATURES).fit(rows.tolist())
    assert matrix.n_features_in_ == 3000
    expected = extract(list(rows), FEATURES).table
    np.testing.assert_allclose(matrix.transform(rows.tolist()), expected, rtol=1e-6)
    ragged = [rows[0].tolist(), rows[1, :2000].tolist()]
    expected = extract([rows[0], rows[1, :2000]], FEATURES).table
    column = pandas.Series(ragged)
    for X in (ragged, tuple(map(tuple, ragged)), column, column.to_numpy()):
        features = AudioFeatures(FEATURES)
        np.testing.assert_allclose(features.fit_transform(X), expected, rtol=1e-6)
        assert not hasattr(features, "n_features_in_")


def test_a_single_one_in_other_forms(y):
    for single in ((y.tolist(), SR), (Tensor(y), SR), (SR, y.tolist())):
        for call in (AudioFeatures(FEATURES).fit, extract):
            with pytest.raises(ValueError, match=r"single one .*wrap it in a list|got \(sr, y\)"):
                call(single)


def test_a_masked_matrix():
    X = np.ma.masked_less(np.random.default_rng(0).standard_normal((3, 500)), 0)
    for call in (AudioFeatures(FEATURES).fit, extract):
        with pytest.raises(ValueError, match=r"masked samples: fill them first, X\.filled\(0\)"):
            call(X)
    filled = X.filled(0.0)
    unmasked = np.ma.masked_array(filled)
    expected = extract(filled, FEATURES).table
    np.testing.assert_array_equal(extract(unmasked, FEATURES).table, expected)
    np.testing.assert_array_equal(AudioFeatures(FEATURES).fit_transform(unmasked), expected)


def test_the_home_folder(files, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(Path(files[0]).parent))
    short = "~/" + Path(files[0]).name
    expected = extract(files[:1], FEATURES).table
    for item in (short, Path(short), {"path": short}):
        found = extract([item], FEATURES, memory=tmp_path / "memory").table
        np.testing.assert_array_equal(found, expected)
    assert len(list((tmp_path / "memory").rglob("*.npy"))) == 1


def test_pandas_and_torch_need_not_be_there(y, monkeypatch):
    for name in ("pandas", "torch"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert as_track((y, SR))[0] is y
    assert as_track(y) is y
    file = io.BytesIO()
    assert as_track(file) is file


# --- scale ------------------------------------------------------------------------------------


@pytest.fixture
def write_floats(tmp_path):
    def write(y, name="loud.wav"):
        soundfile.write(tmp_path / name, y, SR, subtype="FLOAT")
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", ["pair", "array", "list", "file", "bytes", "segment", "resampled"])
def test_the_scale_of_integers_is_refused(y, write_floats, kind, sign, tmp_path):
    loud = np.float32(sign) * y * 32767
    path = write_floats(loud)
    item = {
        "pair": (loud, SR),
        "array": loud,
        "list": (loud.tolist(), SR),
        "file": path,
        "bytes": Path(path).read_bytes(),
        "segment": TrackSegment(path, SR, length=5000),
        "resampled": (loud, 44100),
    }[kind]
    for options in ({}, {"memory": tmp_path / "m"}, {"memory": tmp_path / "m"}):
        with pytest.warns(AudioDecodeWarning, match="1 of 2 .*where 1 is full scale.*32768"):
            found = extract([item, y], FEATURES, **options)
        assert np.isnan(found.table).any(axis=1).tolist() == [True, False]
    for features in (FEATURES, ["zero_crossing_rate"], "fma518"):
        with pytest.raises(AudioDecodeError, match="by 32768"):
            AudioFeatures(features).fit_transform([item])


@pytest.mark.parametrize("peak", [4.0, 31.9, 32.0])
def test_what_clips_passes(y, write_floats, peak):
    loud = (y / np.abs(y).max() * np.float32(peak)).astype(np.float32)
    found = extract([loud, (loud, SR), write_floats(loud)], ["spectral_centroid"]).table
    expected = extract([y], ["spectral_centroid"]).table
    np.testing.assert_allclose(found, np.repeat(expected, 3, axis=0), rtol=1e-4)


def test_one_sample_is_enough(y, write_floats):
    for place in (0, 4000, -1):
        loud = y.copy()
        loud[place] = -32.1
        for item in (loud, write_floats(loud)):
            with pytest.raises(AudioDecodeError, match="reach 32.1"):
                extract([item], ["rms"], on_error="raise")
    loud[-1] = 0
    loud[-2] = 33
    assert extract([(loud, SR)], ["rms"], duration=0.3).errors == []


def test_rows_of_a_matrix_are_never_judged(y, tmp_path):
    X = y.reshape(3, 3000) * np.float64(32767)
    expected = extract([row / 32767 for row in X], ["rms"]).table * 32767
    table = pandas.DataFrame(X)
    for _ in range(2):
        for matrix in (X, X.astype(np.float32), X.tolist(), table):
            features = AudioFeatures(["rms"], memory=tmp_path)
            np.testing.assert_allclose(features.fit_transform(matrix), expected, rtol=1e-5)
        np.testing.assert_allclose(extract(X, ["rms"], memory=tmp_path).table, expected, rtol=1e-5)
    # Among tracks, the same samples are judged, whatever the cache holds.
    with pytest.raises(AudioDecodeError, match="32768"):
        AudioFeatures(["rms"], memory=tmp_path).fit_transform(list(X))


def test_segments_of_a_matrix_are_not_judged_either(y):
    rows = [*np.array([y * 32767]).view(MatrixRow)]
    cutter = Cutter(
        sr=SR,
        segment_duration=0.15,
        segment_hop=None,
        pad=1,
        offset=0.0,
        duration=None,
        decoder=None,
    )
    starts, described = cutter.starts(rows, None)
    assert not described.errors
    segments = cutter.segments(rows[0], starts[0])
    assert len(segments) == 3
    assert len(segments[-1][0]) == len(segments[0][0])
    assert np.isfinite(extract(segments, ["rms"], on_error="raise").table).all()
    with pytest.raises(AudioDecodeError, match="32768"):
        cutter.starts([y * 32767], None, on_error="raise")


# --- rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sr", [44.1, 1e-3, 999.0, 1.1e7, 1e12])
def test_rates_that_no_recording_has_are_not_resampled(y, sr):
    # 44.1 would become a thousand times as many samples, 1e-3 more than there is memory for.
    with pytest.raises(AudioDecodeError, match=r"its sampling rate is .* Hz; .*not in kHz"):
        extract([(y, sr)], ["rms"], on_error="raise")
    assert np.isnan(extract([(y, sr), y], ["rms"], on_error="nan").table).any(axis=1).sum() == 1


def test_any_rate_will_do_where_nothing_is_resampled(y):
    found = extract([(y, 44.1)], ["rms"], sr=44.1, on_error="raise").table
    np.testing.assert_array_equal(found, extract([y], ["rms"], on_error="raise").table)
