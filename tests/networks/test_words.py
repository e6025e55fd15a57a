"""From what a user names to entries, and the frames that their plan gives."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from genrekit import AudioFeatures, CNNEmbedding, MelSpectrogram, MFCCStats, Tempo, extract
from genrekit.features import FEATURES, FeaturePart, Frontend, Spectra
from genrekit.networks import FeaturesInput, MelInput, ModelCard, get_card, make_plan, rows_inputs

from .._networks import tiny_onnx

SR = 22050
Y = (0.2 * np.random.default_rng(0).standard_normal(4 * SR)).astype(np.float32)


@pytest.mark.parametrize("name", [name for name in FEATURES if name != "tempo"])
def test_any_feature_by_its_name(name):
    (entry,), plan = rows_inputs(name, segment_duration=1.0)
    assert (entry.name, entry.patch) == (name, 43)
    # Mel is heard in decibels.
    feature = [("mel", MelSpectrogram(db=True))] if name == "mel" else [name]
    (expected,) = extract([Y], feature, pooled=False).table
    found = plan.frames(Y)
    assert found.seconds == 4.0
    np.testing.assert_array_equal(found.values[name], expected[name])
    assert len(found.values[name]) == entry.n_rows


def test_a_transformer_brings_its_parameters_and_its_front_end():
    shell = MFCCStats(n_mfcc=13, deltas=1, n_fft=1024, sr=16000)
    inherited = Frontend(hop_length=256, offset=0.5, duration=2.0)
    (entry,), plan = rows_inputs(shell, inherited, segment_duration=1.0)
    assert (entry.n_rows, entry.sr, entry.n_fft, entry.hop_length) == (26, 16000, 1024, 256)
    assert entry.patch == 62
    found = plan.frames((Y, SR))
    assert found.seconds == 2.0
    (expected,) = extract(
        [(Y, SR)], [shell], pooled=False, hop_length=256, offset=0.5, duration=2.0
    ).table
    np.testing.assert_array_equal(found.values["mfcc"], expected["mfcc"])


def test_a_part_does_as_well():
    part = FeaturePart(FEATURES["mel"], {"n_mels": 8}, None, {"n_fft": 512})
    (entry,), _ = rows_inputs([("low", part)], segment_duration=1.0)
    assert (entry.name, entry.shape, entry.n_fft) == ("low", (8, 43), 512)


def test_the_waveform():
    (entry,), plan = rows_inputs("waveform", Frontend(sr=16000), segment_duration=0.5)
    assert entry.shape == (8000,)
    np.testing.assert_array_equal(plan.frames((Y, 16000)).values["waveform"], Y[np.newaxis])


def test_what_the_shipped_network_hears():
    heard = get_card("msd-musicnn").input
    (entry,), plan = rows_inputs(heard, segment_duration=3.0)
    assert entry.shape == (96, 187)
    y = 0.01 * Y  # quiet, so that it is raised
    frames = plan.frames((y, SR)).values["mel"]
    part = CNNEmbedding()
    spectra, _ = part._plan().spectra((y, SR))
    (patch,) = heard.cut(next(iter(spectra.values())), np.array([20]))
    np.testing.assert_array_equal(frames[:, 20:207].T, patch)


@pytest.mark.parametrize("gain", [None, 100.0])
def test_what_another_network_hears_of_a_long_track(gain):
    """Of more blocks than one."""
    heard = MelInput(sr=8000, n_fft=64, hop_length=32, n_mels=4, patch=3, gain=gain)
    y = np.random.default_rng(0).standard_normal(40 * 8000)
    _, plan = rows_inputs(heard, segment_duration=1.0)
    frames = plan.frames((y, 8000)).values["mel"]
    spectra = Spectra(y.astype(np.float32), heard.frontend(), heard.requests())
    patches = list(heard.cut(spectra, np.arange(0, frames.shape[1] - 3, 3)))
    np.testing.assert_array_equal(np.concatenate(patches).T, frames[:, : 3 * len(patches)])


def test_an_embedding_gives_its_answers_evenly_spaced():
    embedding = CNNEmbedding(output="penultimate", patch_hop=0.25, max_patches=1)
    (entry,), plan = rows_inputs(embedding, segment_duration=3.6)
    # Patches of 2.992 s, each 14 frames or 0.224 s after the last: three in 3.6 s.
    assert entry.shape == (200, 3)
    assert entry.name == "cnn"
    assert entry.sha256 == get_card("msd-musicnn").sha256
    times, values = embedding.set_params(max_patches=None).patches((Y, SR))
    np.testing.assert_array_equal(plan.frames((Y, SR)).values["cnn"], values.T)
    np.testing.assert_allclose(np.diff(times), 1 / entry.per_second)


def test_a_segment_shorter_than_a_patch_hears_one_answer():
    (entry,), _ = rows_inputs(CNNEmbedding(), segment_duration=1.0)
    assert entry.patch == 1


def test_names_and_pairs():
    inputs = ["mel", MelSpectrogram(n_mels=16), ("y", "waveform"), "waveform", ("z", "mel")]
    entries, plan = rows_inputs(inputs, segment_duration=1.0)
    assert [entry.name for entry in entries] == ["mel", "mel_2", "y", "waveform", "z"]
    assert list(plan.frames(Y).values) == ["mel", "mel_2", "y", "waveform", "z"]
    ((alone,), _) = rows_inputs(("level", "rms"), segment_duration=1.0)
    assert alone.name == "level"


def test_one_decode_for_all():
    decoded = []

    def decoder(source, *, offset, duration):
        from genrekit.audio import Decoded

        decoded.append(source)
        return Decoded(SR, iter([Y[:, np.newaxis]]))

    inputs = ["mel", CNNEmbedding(), "waveform", MFCCStats(n_fft=512)]
    _, plan = rows_inputs(inputs, segment_duration=1.0)
    plan.frames(b"a file", decoder)
    assert len(decoded) == 1


def test_brought_frames():
    (entry,), plan = rows_inputs("frames", segment_duration=128, n_rows=129)
    assert (entry.shape, plan) == ((129, 128), None)


def test_the_plan_of_a_card_is_that_of_the_words():
    inherited = Frontend(offset=0.25, duration=3.0, sr=16000)
    inputs = ["mel", CNNEmbedding(), "waveform"]
    entries, plan = rows_inputs(inputs, inherited, segment_duration=1.0)
    heard = FeaturesInput(segment_duration=1.0, inputs=entries)
    again = make_plan(heard, inherited)
    # Learnt levels change no frames, so that what is in the memory serves.
    levels = {entry.name: ([1.0] * entry.n_rows, [2.0] * entry.n_rows) for entry in entries}
    learnt = make_plan(heard.scaled(levels), inherited)
    assert again.key() == plan.key() == learnt.key()
    assert [front.rates[1] for front in plan.frontends] == [16000] * 3
    assert plan.frames(Y).seconds == 3.0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("mell", "unknown input 'mell': did you mean 'mel'"),
        ("standard", "unknown input 'standard'"),
        (["mel", "frames"], "'frames', which you bring yourself, have no other input"),
        ([], "inputs is an empty list"),
        ("tempo", "tempo has one value a track"),
        (Tempo(), "tempo has one value a track"),
        ([AudioFeatures()], "AudioFeatures"),
        (3, "3 is no feature"),
        (MFCCStats(offset=3.0), "MFCCStats: offset and duration are those of all inputs"),
        (CNNEmbedding(duration=3.0), "CNNEmbedding: offset and duration"),
        (CNNEmbedding(output="tag"), "unknown output 'tag'"),
        (("a b", "mel"), "name must be of letters"),
        ([("x", "mel"), ("mel", "drop")], "unknown input 'drop'"),
    ],
)
def test_what_is_no_input(inputs, message):
    with pytest.raises(ValueError, match=message):
        rows_inputs(inputs, segment_duration=1.0)


@pytest.mark.parametrize(
    "options",
    [
        {"segment_duration": 1.5, "n_rows": 3},
        {"segment_duration": 4},
        {"segment_duration": 0, "n_rows": 3},
    ],
)
def test_brought_frames_count_columns_and_rows(options):
    with pytest.raises(ValueError, match="must be an integer of at least 1"):
        rows_inputs("frames", **options)


def test_a_part_of_ones_own_can_not_stand_in_a_card():
    class Own(FeaturePart):
        feature = None

    with pytest.raises(ValueError, match="Own can't be an input of a network"):
        rows_inputs([("own", Own.__new__(Own))], segment_duration=1.0)


class TestAnotherNetwork:
    """An entry names the network that it was trained on."""

    def test_it_must_be_the_one_that_was_trained_on(self, make_network):
        path = make_network()
        (entry,), plan = rows_inputs(
            CNNEmbedding(str(path), output="units", patch_hop=0.001), segment_duration=0.002
        )
        assert entry.shape == (4, 2)
        assert plan.frames((Y[:80], 8000)).values["cnn"].shape == (4, 10)
        other = tiny_onnx(seed=1)
        make_network(other)
        with pytest.raises(
            ValueError,
            match="trained on the network of SHA-256 .* is " + hashlib.sha256(other).hexdigest(),
        ):
            make_plan(FeaturesInput(segment_duration=0.002, inputs=[entry]))

    @pytest.mark.parametrize(
        "changes",
        [{"input": {"kind": "waveform", "sr": 8000, "patch": 4}}, {"outputs": {"units": 8}}],
    )
    def test_a_card_that_has_changed(self, make_network, changes):
        path = make_network(labels=None)
        (entry,), _ = rows_inputs(
            CNNEmbedding(str(path), output="units", patch_hop=0.001), segment_duration=0.002
        )
        if "outputs" in changes:
            make_network(labels=None, **changes)
        else:
            entry = entry.__class__(**{**vars(entry), "sr": 16000.0})
        with pytest.raises(ValueError, match="does not fit the card"):
            make_plan(FeaturesInput(segment_duration=0.002, inputs=[entry]))

    def test_a_network_that_hears_another_one_is_as_far_as_it_goes(self, make_network, tmp_path):
        path = make_network()
        embedding = CNNEmbedding(str(path), output="units", patch_hop=0.001)
        entries, _ = rows_inputs(embedding, segment_duration=0.002)
        fields = ModelCard.read(path).to_json()
        heard = FeaturesInput(segment_duration=0.002, inputs=entries)
        trained = ModelCard(**{**fields, "name": "trained", "input": heard, "labels": {}})
        trained.write(tmp_path / "trained.json")
        with pytest.raises(ValueError, match="hears the answers of another network itself"):
            rows_inputs(
                CNNEmbedding(str(tmp_path / "trained.json"), output="units"), segment_duration=1.0
            )
