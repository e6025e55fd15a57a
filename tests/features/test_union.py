"""`AudioFeatures`: one pass that equals a union of its parts, and parameters that reach into it."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline

from genrekit import (
    RMS,
    AudioFeatures,
    ChromaStats,
    MelSpectrogram,
    MFCCStats,
    SpectralCentroid,
    SpectralFlux,
    Tempo,
    Tonnetz,
    ZeroCrossingRate,
)
from genrekit.dsp import make_request
from genrekit.features import FEATURES, SETS, Frontend, Part, extract, transformers

DIFFERENT = [
    MFCCStats(n_mfcc=5, deltas=1, stats=["median", "skew"]),
    SpectralCentroid(n_fft=1024, hop_length=256),
    RMS(sr=16000),
    ZeroCrossingRate(offset=0.1, duration=0.2, stats=["max"]),
    SpectralFlux(dtype="float64", window="hamming", win_length=500),
    ChromaStats(n_fft=1024, hop_length=256, pad_mode="reflect"),
    MelSpectrogram(n_mels=20, fmin=30.0),
    Tempo(),
    Tonnetz(center=False),
]
EVERY = [getattr(transformers, feature.transformer)() for feature in FEATURES.values()]


def _same_as_union(parts, X):
    union = FeatureUnion([(f"part{i}", part) for i, part in enumerate(parts)])
    np.testing.assert_array_equal(AudioFeatures(parts).fit_transform(X), union.fit_transform(X))


@pytest.mark.parametrize("parts", [EVERY, DIFFERENT], ids=["one front end", "different"])
def test_equals_the_union_of_its_parts_bit_for_bit(parts, files, music):
    _same_as_union(parts, files)
    _same_as_union(parts, [music, music[:8000], (music[:30000], 44100)])
    _same_as_union(parts, np.stack([music[:12000], music[-12000:]]))


def test_decodes_once_for_all_that_hear_the_same(files):
    opened = []
    features = AudioFeatures(DIFFERENT, decoder=_counting(opened))
    features.fit_transform(files)
    # All of it, at 22050 and at 16000 Hz, and the excerpt from 0.1 s: twice each, not nine times.
    assert len(opened) == 2 * len(files)
    opened.clear()
    AudioFeatures(EVERY, decoder=_counting(opened)).fit_transform(files)
    assert len(opened) == len(files)


def _counting(opened):
    """A decoder that notes what it is given."""

    def decoder(source, *, offset, duration):
        import soundfile

        from genrekit.audio import Decoded

        opened.append(source)
        with soundfile.SoundFile(source) as file:
            file.seek(int(offset * file.samplerate))
            frames = -1 if duration is None else int(duration * file.samplerate)
            return Decoded(
                file.samplerate, iter([file.read(frames, dtype="float32", always_2d=True)])
            )

    return decoder


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_two_jobs_give_the_bits_of_one(backend, files, ragged):
    features = AudioFeatures(["mfcc", "tempo", "rms", SpectralCentroid(n_fft=1024)])
    tracks = [*files, *ragged]
    expected = features.fit_transform(tracks)
    with joblib.parallel_config(backend=backend):
        got = features.set_params(n_jobs=2).fit_transform(tracks)
    np.testing.assert_array_equal(got, expected)


# --- what parts inherit -----------------------------------------------------------------------


def test_parts_inherit_the_front_end_and_their_own_values_win(music):
    parts = [SpectralCentroid(), RMS(n_fft=512, hop_length=128)]
    features = AudioFeatures(parts, n_fft=1024, hop_length=256, pad_mode="reflect")
    explicit = [
        SpectralCentroid(n_fft=1024, hop_length=256, pad_mode="reflect"),
        RMS(n_fft=512, hop_length=128, pad_mode="reflect"),
    ]
    got = features.fit_transform([music])
    np.testing.assert_array_equal(got, AudioFeatures(explicit).fit_transform([music]))
    assert (got != AudioFeatures(parts).fit_transform([music])).all()


def test_parts_are_never_written_to(music):
    part = MFCCStats(n_mfcc=3)
    before = dict(vars(part))
    parts = [part, ("loud", "rms")]
    features = AudioFeatures(parts, sr=16000, n_fft=512, hop_length=256).fit([music])
    features.transform([music])
    features.get_params()
    clone(features).set_params(mfcc__n_mfcc=7)
    assert vars(part) == before
    assert parts == [part, ("loud", "rms")]
    assert parts[0] is features.features[0]


# --- parameters -------------------------------------------------------------------------------


def test_named_set_is_expanded():
    features = AudioFeatures()
    params = features.get_params()
    assert params["features"] == "standard"
    assert params["mfcc__n_mfcc"] == 20
    assert isinstance(params["tempo"], Tempo)
    assert "mfcc__n_mfcc" not in features.get_params(deep=False)
    features.set_params(mfcc__n_mfcc=13, n_fft=1024)
    assert [name for name, _ in features.features] == [name for name, *_ in SETS["standard"]]
    assert features.get_params()["mfcc__n_mfcc"] == 13
    assert features.n_fft == 1024
    assert clone(features).get_params()["mfcc__n_mfcc"] == 13


def test_a_part_alone_is_addressed_by_its_name():
    params = AudioFeatures(MFCCStats(n_mfcc=3)).get_params()
    assert params["mfcc__n_mfcc"] == 3
    assert not [name for name in params if name.startswith("features__")]


def test_front_end_alone_leaves_the_set_a_name():
    assert AudioFeatures().set_params(n_fft=1024).features == "standard"


def test_part_can_be_replaced_and_set_at_once():
    features = AudioFeatures(["mfcc", "rms"])
    features.set_params(mfcc__n_mfcc=5, mfcc=MFCCStats(n_mels=30), rms=Tempo())
    assert features.get_params()["mfcc__n_mels"] == 30
    assert features.get_params()["mfcc__n_mfcc"] == 5
    assert features.get_feature_names_out()[-1] == "rms"


def test_features_and_their_parameters_at_once():
    features = AudioFeatures().set_params(features=["mfcc"], mfcc__n_mfcc=2)
    assert features.get_feature_names_out().size == 4


@pytest.mark.parametrize("features", ["standard", "gtzan57", DIFFERENT, ["rms", ("x__y", "mfcc")]])
def test_parameters_can_be_set_to_what_they_are(features, music):
    audio_features = AudioFeatures(features)
    columns = audio_features.get_feature_names_out()
    audio_features.set_params(**audio_features.get_params())
    assert audio_features.get_feature_names_out().tolist() == columns.tolist()


def test_longest_part_name_wins():
    features = AudioFeatures([("mfcc", "mfcc"), ("mfcc__wide", "mfcc")])
    features.set_params(mfcc__wide__n_mfcc=3)
    assert features.get_params()["mfcc__wide__n_mfcc"] == 3
    assert features.get_params()["mfcc__n_mfcc"] == 20


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"mfc__n_mfcc": 3}, "no parameter or part 'mfc__n_mfcc': did you mean 'mfcc'"),
        ({"mfcc__n_mfc": 3}, "MFCCStats has no parameter 'n_mfc': did you mean 'n_mfcc'"),
        ({"n_ftt": 3}, "no parameter or part 'n_ftt': did you mean 'n_fft'"),
        ({"features": ["mffc"], "mffc__n_mfcc": 3}, "unknown feature 'mffc': did you mean 'mfcc'"),
    ],
)
def test_unknown_names(params, message):
    with pytest.raises(ValueError, match=message):
        AudioFeatures().set_params(**params)


def test_unknown_name_on_a_single_transformer():
    with pytest.raises(ValueError, match="no parameter 'n_mels_': did you mean 'n_mels'"):
        MFCCStats().set_params(n_mels_=3)


@pytest.mark.parametrize("features", ["standard", "standrad", None, [3]])
def test_what_features_are_is_checked_by_fit_only(features):
    audio_features = AudioFeatures(features)
    assert clone(audio_features).features == features
    assert "AudioFeatures" in repr(audio_features)
    assert audio_features.get_params()["features"] == features


def test_clone_and_pickle_give_the_same_rows(music):
    features = AudioFeatures([MFCCStats(n_mfcc=3), "tempo"], n_fft=1024)
    expected = features.fit_transform([music])
    for copy in (clone(features), pickle.loads(pickle.dumps(features))):
        np.testing.assert_array_equal(copy.transform([music]), expected)


def test_grid_search_over_nested_parameters(ragged):
    X, y = ragged[:2] * 4, ["a", "b"] * 4
    pipeline = make_pipeline(AudioFeatures(n_fft=512), KNeighborsClassifier(1))
    grid = {"audiofeatures__mfcc__n_mfcc": [2, 3], "audiofeatures__n_fft": [512, 1024]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_score_ == 1
    assert len(search.cv_results_["params"]) == 4


# --- columns ----------------------------------------------------------------------------------


def test_repeated_features_are_numbered():
    features = AudioFeatures(["rms", RMS(n_fft=512, hop_length=256), ("soft", "rms")])
    assert features.get_feature_names_out().tolist() == [
        "rms_mean",
        "rms_std",
        "rms_2_mean",
        "rms_2_std",
        "soft_mean",
        "soft_std",
    ]


def test_two_parts_with_one_column():
    features = AudioFeatures([("a", "mfcc"), ("a1", ChromaStats())])
    with pytest.raises(ValueError, match="two parts give the same column, 'a10_mean'"):
        features.fit([np.ones(100)])


def test_pandas_output(ragged):
    features = AudioFeatures(["rms", "tempo"]).set_output(transform="pandas")
    frame = features.fit_transform(ragged)
    assert isinstance(frame, pandas.DataFrame)
    assert frame.columns.tolist() == ["rms_mean", "rms_std", "tempo"]
    plain = AudioFeatures(["rms", "tempo"]).fit_transform(ragged)
    np.testing.assert_array_equal(frame.to_numpy(), plain)


# --- parts from elsewhere ---------------------------------------------------------------------


class Loudest:
    """A part that knows nothing of our classes but the protocol."""

    def frontend(self, inherited):
        return Frontend(sr=inherited.sr, n_fft=256, hop_length=256)

    def requests(self):
        return (make_request("mean_square"),)

    def frames(self, spectra):
        return np.sqrt(spectra.get("mean_square"))

    def describe(self, spectra):
        return self.frames(spectra).max(axis=1, keepdims=True).astype(np.float64)

    def row(self, description):
        return description.ravel()

    def columns(self, name):
        return [f"{name}_peak"]

    def key(self):
        return ("Loudest",)


def test_foreign_part(music, tmp_path):
    reference = RMS(n_fft=256, hop_length=256, stats=["max"]).fit_transform([music])
    features = AudioFeatures([Loudest(), "rms"], memory=tmp_path)
    for _ in range(2):
        got = features.fit_transform([music])
        assert features.get_feature_names_out().tolist()[0] == "loudest_peak"
        np.testing.assert_allclose(got[0, 0], reference[0, 0], rtol=1e-6)
    result = extract([music], [("x", Loudest())])
    assert result.names == ["x_peak"]
    assert set(features.get_params()) > {"loudest", "rms__stats"}
    assert isinstance(clone(features).features[0], Loudest)
    with pytest.raises(ValueError, match="loudest"):
        features.set_params(loudness=Loudest())


def test_frames_of_a_foreign_part(music):
    result = extract([music, music[:300]], [Loudest(), "rms"], pooled=False, sr=8000)
    assert result.names == ["loudest", "rms"]
    assert not result.errors
    expected = RMS(sr=8000, n_fft=256, hop_length=256)
    for track, frames in zip([music, music[:300]], result.table, strict=True):
        np.testing.assert_array_equal(frames["loudest"], expected.frames(track))


def test_a_foreign_part_is_found_in_the_cache(music, tmp_path, monkeypatch):
    first = extract([music], [Loudest()], memory=tmp_path)
    monkeypatch.setattr(Loudest, "describe", None)
    again = extract([music], [Loudest()], memory=tmp_path)
    np.testing.assert_array_equal(again.table, first.table)


METHODS = ["frontend", "requests", "frames", "describe", "row", "columns", "key"]


@pytest.mark.parametrize("name", METHODS)
def test_a_part_that_lacks_a_method_is_told_which(name, music):
    kept = {key: value for key, value in vars(Loudest).items() if key in METHODS and key != name}
    partial = type("Partial", (), kept)()
    message = rf"Partial is no feature: of the methods of genrekit\.features\.Part it lacks {name}$"
    for features in (partial, [partial], [("x", partial)]):
        with pytest.raises(ValueError, match=message):
            extract([music], features)
        with pytest.raises(ValueError, match=message):
            AudioFeatures(features).fit([music])


def test_the_methods_are_those_of_the_protocol():
    assert isinstance(Loudest(), Part)
    assert [name for name in vars(Part) if name[0] != "_"] == METHODS


@pytest.mark.parametrize("table", [pandas.DataFrame({"a": [1.0]}), np.ones((1, 2)), Loudest])
def test_what_only_looks_like_a_part_is_none(table, music):
    with pytest.raises(ValueError, match="is no feature: give its name"):
        extract([music], [table])
    with pytest.raises(ValueError, match="features must be a named set"):
        extract([music], table)


class Flat(Loudest):
    """One that keeps its values in the wrong shape."""

    def describe(self, spectra):
        return super().describe(spectra).ravel()


class Talkative(Loudest):
    """One that names more columns than it gives."""

    def columns(self, name):
        return [f"{name}_a", f"{name}_b"]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Flat(), r"Flat\.describe gives 1 dimension\(s\), not an array of shape"),
        (Talkative(), "the parts give 1 values for 2 columns"),
    ],
)
def test_a_part_whose_shapes_do_not_fit_is_an_error_and_no_bad_track(part, message, music):
    with pytest.raises(ValueError, match=message):
        extract([music], [part], on_error="nan")


# --- statistics for all parts, parts left out ----------------------------------------------------


def test_stats_hold_for_every_part_that_names_none(music):
    parts = ["mfcc", "tempo", ("loud", "rms"), SpectralCentroid(stats=["max"]), RMS(n_fft=512)]
    features = AudioFeatures(parts, stats=["median", "std"])
    names = features.get_feature_names_out().tolist()
    assert names[:2] == ["mfcc0_median", "mfcc0_std"]
    assert names[40:43] == ["tempo", "loud_median", "loud_std"]
    assert names[43:] == ["spectral_centroid_max", "rms_median", "rms_std"]
    told = ["median", "std"]
    alone = [
        transformers.MFCCStats(stats=told),
        Tempo(),
        ("loud", RMS(stats=told)),
        SpectralCentroid(stats=["max"]),
        RMS(stats=told, n_fft=512),
    ]
    expected = AudioFeatures(alone).fit_transform([music])
    np.testing.assert_array_equal(features.fit_transform([music]), expected)
    found = extract([music], parts, stats=told)
    assert found.names == names
    np.testing.assert_array_equal(found.table, expected)


def test_without_a_word_statistics_are_mean_and_standard_deviation(music):
    assert RMS().get_feature_names_out().tolist() == ["rms_mean", "rms_std"]
    assert RMS().stats is None
    default = AudioFeatures(stats=("mean", "std")).fit_transform([music])
    np.testing.assert_array_equal(AudioFeatures().fit_transform([music]), default)


def test_sets_whose_columns_are_fixed_keep_them():
    for name in ("gtzan57", "fma518"):
        fixed = AudioFeatures(name).get_feature_names_out().tolist()
        assert AudioFeatures(name, stats=["max"]).get_feature_names_out().tolist() == fixed


@pytest.mark.parametrize("stats", ["mean", ["mode"], [], 3])
def test_wrong_statistics_for_all(stats, music):
    for parts in ("standard", [RMS(stats=["max"])]):  # also where no part would take them
        with pytest.raises(ValueError, match="stat"):
            AudioFeatures(parts, stats=stats).fit([music])
        with pytest.raises(ValueError, match="stat"):
            extract([music], parts, stats=stats)


def test_a_part_is_dropped_and_comes_back(music):
    features = AudioFeatures(["mfcc", "rms", "tempo"]).set_params(mfcc="drop")
    assert features.get_params()["mfcc"] == "drop"
    assert "mfcc__n_mfcc" not in features.get_params()
    left = ["rms_mean", "rms_std", "tempo"]
    assert clone(features).get_feature_names_out().tolist() == left
    assert features.fit_transform([music]).shape == (1, 3)
    assert extract([music], features.features).names == left
    assert list(extract([music], features.features, pooled=False).names) == ["rms", "tempo"]
    with pytest.raises(ValueError, match="'mfcc__n_mfcc' can't be set while mfcc is dropped"):
        features.set_params(mfcc__n_mfcc=2)
    features.set_params(mfcc="mfcc", mfcc__n_mfcc=2)
    assert features.get_feature_names_out().tolist()[:2] == ["mfcc0_mean", "mfcc0_std"]


def test_a_named_set_without_one_of_its_parts():
    names = AudioFeatures().set_params(mfcc="drop", rms="drop").get_feature_names_out().tolist()
    every = AudioFeatures().get_feature_names_out().tolist()
    assert names == [name for name in every if not name.startswith(("mfcc", "rms"))]


def test_something_must_be_left(music):
    with pytest.raises(ValueError, match="every part of features is dropped"):
        AudioFeatures(["rms"]).set_params(rms="drop").fit([music])
    with pytest.raises(ValueError, match="unknown feature 'drop'"):
        AudioFeatures(["rms", "drop"]).fit([music])


def test_a_search_tries_with_and_without(ragged):
    pipeline = make_pipeline(AudioFeatures(["zero_crossing_rate", "rms"]), KNeighborsClassifier(1))
    grid = {"audiofeatures__rms": ["drop", RMS(stats=["max"])]}
    X, y = ragged[:1] * 4 + ragged[1:2] * 4, [0, 1] * 4
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 2
