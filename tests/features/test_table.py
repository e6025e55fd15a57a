"""What holds for every feature, over the table; and how names become parts."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest

from genrekit.dsp import frame_count
from genrekit.features import (
    FEATURES,
    SETS,
    FeaturePart,
    Frontend,
    Spectra,
    extract,
    transformers,
)
from genrekit.features._table import _GTZAN, resolve
from genrekit.features.transformers._base import AudioTransformer

EVERY = FEATURES | _GTZAN
# Besides the defaults: what changes the number of rows or the code that runs.
OPTIONS = {
    "mel": [{"n_mels": 40, "db": True, "fmin": 50.0}, {"db": True, "top_db": None}],
    "mfcc": [{"n_mfcc": 5, "deltas": 2, "lifter": 22.0}, {"deltas": 1, "width": 3, "n_mels": 30}],
    "chroma": [{"n_chroma": 24}, {"tuning": None}, {"tuning": 0.3}],
    "spectral_rolloff": [{"roll_percent": 0.5}],
    "spectral_contrast": [{"n_bands": 4, "fmin": 100.0, "quantile": 0.1}],
    "spectral_flatness": [{"amin": 1e-5}],
    "tempo": [{"start_bpm": 90.0, "max_tempo": None, "ac_size": 2.0}],
}
CASES = [(name, options) for name in EVERY for options in [{}, *OPTIONS.get(name, [])]]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]} {case[1] or ''}")
def shell(request):
    """A transformer of each feature with each of its settings."""
    name, options = request.param
    return getattr(transformers, EVERY[name].transformer)(**options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_frames_have_the_shape_and_type_that_is_promised(shell, music, dtype):
    shell.set_params(dtype=dtype)
    frames = shell.frames(music)
    (_, part), *_ = shell._named_parts()
    n_rows = len(part.feature.rows_of(part.settings))
    if part.feature.whole_clip:
        n_frames = 1
    elif shell.feature.transformer == "GTZANHPSS":
        n_frames = len(music)
    else:
        n_frames = frame_count(len(music), 2048, 512)
    if shell.feature.transformer == "GTZANChroma":
        n_frames *= 12  # pitch classes and frames together
    assert frames.shape == (n_rows, n_frames)
    assert frames.dtype == dtype
    assert np.isfinite(frames).all()


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("length", [1, 2, 10, 511, 2048, 3000])
def test_short_tracks_are_finite(shell, music, length, center):
    shell.set_params(center=center)
    assert np.isfinite(shell.transform([music[1000 : 1000 + length]])).all()


def test_silence_is_finite(shell):
    silence = np.zeros(4000, np.float32)
    table = shell.set_params(stats=["mean", "std", "skew", "kurtosis"]).transform([silence])
    assert np.isfinite(table).all()


def test_columns_have_one_name_each(shell, ragged):
    table = shell.fit_transform(ragged)
    names = shell.get_feature_names_out()
    assert table.shape == (len(ragged), len(names))
    assert table.dtype == np.float64
    assert len(set(names)) == len(names)


def test_rows_do_not_depend_on_each_other(shell, ragged):
    table = shell.transform(ragged)
    alone = np.concatenate([shell.transform([track]) for track in reversed(ragged)])[::-1]
    np.testing.assert_array_equal(table, alone)
    assert np.isfinite(table).all()


@pytest.mark.parametrize("name", EVERY)
def test_shell_declares_the_parameters_of_its_function(name):
    feature = EVERY[name]
    cls = getattr(transformers, feature.transformer)
    common = {field.name for field in dataclasses.fields(AudioTransformer)}
    own = {f.name: f.default for f in dataclasses.fields(cls) if f.name not in common}
    parameters = inspect.signature(feature.function).parameters.values()
    keywords = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert own == keywords == feature.defaults
    assert not common & set(keywords)
    assert feature.summary.endswith(".")


@pytest.mark.parametrize("name", FEATURES)
def test_feature_reads_nothing_that_it_does_not_request(name, music):
    part = FeaturePart(FEATURES[name])
    once = Spectra(iter([music[:9000]]), requests=part.requests())
    whole = Spectra(music[:9000])
    np.testing.assert_array_equal(part.frames(once), part.frames(whole))


@pytest.mark.parametrize("name", FEATURES)
def test_column_names_begin_with_the_name_of_the_feature(name):
    shell = getattr(transformers, FEATURES[name].transformer)()
    columns = shell.get_feature_names_out()
    assert all(column.startswith(name) for column in columns)
    whole_clip = FEATURES[name].whole_clip
    assert all(c.endswith(("_mean", "_std")) for c in columns) == (not whole_clip)


def test_named_rows():
    mfcc = transformers.MFCCStats(n_mfcc=2, deltas=2, stats=["max"])
    assert mfcc.get_feature_names_out().tolist() == [
        "mfcc0_max",
        "mfcc1_max",
        "mfcc_delta0_max",
        "mfcc_delta1_max",
        "mfcc_delta2_0_max",
        "mfcc_delta2_1_max",
    ]


# --- names to parts ---------------------------------------------------------------------------


def test_standard_set_is_what_it_was():
    """In this order, for models that were saved with it: no new feature joins it."""
    timbre = ["centroid", "bandwidth", "rolloff", "contrast", "flatness", "flux"]
    expected = ["mfcc", "chroma", "tonnetz", *(f"spectral_{name}" for name in timbre)]
    expected += ["zero_crossing_rate", "rms", "tempo"]
    assert [name for name, _ in resolve("standard")] == expected
    assert set(SETS) == {"standard", "gtzan57", "fma518"}


def test_every_form_of_a_list():
    shell = transformers.MFCCStats(n_mfcc=3)
    named = resolve(["rms", shell, ("timbre", shell), ("loud", "rms"), "rms", "rms"])
    assert [name for name, _ in named] == ["rms", "mfcc", "timbre", "loud", "rms_2", "rms_3"]
    assert named[1][1] is shell
    assert named[2][1] is shell
    assert named[3][1].feature is FEATURES["rms"]
    assert [name for name, _ in resolve("tempo")] == ["tempo"]
    assert resolve(shell) == [("mfcc", shell)]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("standrad", "unknown feature 'standrad': did you mean 'standard'"),
        (["spectral_centriod"], "did you mean 'spectral_centroid'"),
        (["standard", "rms"], "'standard' is a named set: pass it alone"),
        ([], "features must be a named set"),
        (None, "features must be a named set"),
        ({"rms"}, "features must be a named set"),
        ([3], "3 is no feature: give its name"),
        ([transformers.MFCCStats], "is no feature: give its name"),
    ],
)
def test_what_is_no_feature_gets_an_error_that_helps(features, message):
    with pytest.raises(ValueError, match=message):
        extract([np.ones(100)], features)


def test_unknown_parameter_of_a_feature():
    with pytest.raises(TypeError, match="MFCCStats has no parameter 'n_mfc'.*'n_mfcc'"):
        FeaturePart(FEATURES["mfcc"], {"n_mfc": 3})


def test_part_keeps_defaults_and_overrides():
    part = FeaturePart(FEATURES["mfcc"], {"n_mfcc": 3}, ("max",), {"n_fft": 512})
    assert part.settings == {**FEATURES["mfcc"].defaults, "n_mfcc": 3}
    assert part.frontend(Frontend(sr=8000, hop_length=128)) == Frontend(
        sr=8000, n_fft=512, hop_length=128
    )
    assert part.columns("x") == ["x0_max", "x1_max", "x2_max"]
