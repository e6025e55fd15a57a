"""The input of kind "features": segments, patches of several inputs, and its JSON."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from genrekit import CNNEmbedding, MFCCStats
from genrekit.engine import segment_starts
from genrekit.networks import FeaturesInput, ModelCard, get_card, rows_inputs
from genrekit.patches._rows import FeatureRows, FrameRows, WaveformRows

SR = 22050
FRAMES = FrameRows(name="frames", patch=4, mean=[0.0], scale=[1.0])
LEVEL = FeatureRows(name="rms", feature="rms", patch=43, mean=[0.0], scale=[1.0])
WAVEFORM = WaveformRows(name="y", sr=SR, patch=SR, mean=[0.0], scale=[1.0])


def make_input(*inputs: Any, seconds: float = 1.0) -> FeaturesInput:
    entries, _ = rows_inputs(list(inputs), segment_duration=seconds)
    return FeaturesInput(segment_duration=seconds, inputs=entries)


@pytest.mark.parametrize("seconds", [0.3, 0.9999, 1.0, 2.95, 3.0, 29.7, 30.013])
@pytest.mark.parametrize("hop", [None, 0.5, 1 / 3, 2.0])
@pytest.mark.parametrize("pad", [0, 0.1, 1])
def test_segments_start_where_those_of_the_segment_classifier_do(seconds, hop, pad):
    n = round(seconds * SR)
    starts = segment_starts(n, SR, SR if hop is None else round(hop * SR), pad)
    times = make_input("rms").times(n / SR, hop, pad)
    assert times.tolist() == [start / SR for start in starts]


def test_lengths_of_brought_frames_count_columns():
    heard = FeaturesInput(segment_duration=None, inputs=[FRAMES])
    assert heard.length == 4
    assert heard.times(10, 2, 0).tolist() == [0, 2, 4, 6]
    assert heard.times(3).tolist() == [0]
    frames = {"frames": np.arange(10.0)[np.newaxis]}
    assert heard.cut(frames, heard.times(10, 2, 0))[:, 0, 0].tolist() == [0, 2, 4, 6]


def test_several_inputs_hear_the_same_segment():
    heard = make_input("mel", MFCCStats(n_mfcc=13, hop_length=256), "waveform", seconds=2.0)
    assert heard.shapes == [(128, 86), (13, 172), (44100,)]
    assert heard.shape == tuple(heard.shapes)
    assert make_input("mel").shape == (128, 43)
    frames = {
        "mel": np.repeat(np.arange(440.0)[np.newaxis], 128, axis=0),
        "mfcc": np.repeat(np.arange(880.0)[np.newaxis], 13, axis=0),
        "waveform": np.arange(10.0 * SR)[np.newaxis],
    }
    mel, mfcc, y = heard.cut(frames, np.array([0.0, 2.0]))
    assert (mel[1, 0, 0], mfcc[1, 0, 0], y[1, 0]) == (86, 172, 44100)


def test_learnt_levels_go_to_their_inputs():
    heard = make_input("rms", "zero_crossing_rate")
    scaled = heard.scaled({"zero_crossing_rate": ([1.0], [2.0]), "rms": ([3.0], [4.0])})
    assert [(entry.mean, entry.scale) for entry in scaled.inputs] == [((3,), (4,)), ((1,), (2,))]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"inputs": []}, "inputs must be a list of 1 to 16"),
        ({"inputs": [LEVEL] * 17}, "inputs must be a list of 1 to 16"),
        ({"inputs": [LEVEL, LEVEL]}, "two inputs have the same name"),
        ({"inputs": ["rms"]}, "an entry of inputs must be rows"),
        ({"inputs": [FRAMES]}, "segment_duration must be a number of seconds, or null"),
        ({"segment_duration": None}, "segment_duration must be a number of seconds, or null"),
        ({"inputs": [FRAMES, LEVEL]}, "have none beside them"),
        ({"segment_duration": 0}, "segment_duration must be a number above 0"),
        ({"segment_duration": 1e6}, "at most 86400"),
        ({"segment_duration": "3"}, "segment_duration must be a number"),
    ],
)
def test_what_no_input_can_be(fields, message):
    with pytest.raises(ValueError, match=message):
        FeaturesInput(**{"segment_duration": 1.0, "inputs": [LEVEL], **fields})


def test_patches_that_are_too_large_together():
    large = [
        WaveformRows(name=f"y{i}", sr=SR, patch=1 << 25, mean=[0], scale=[1]) for i in range(3)
    ]
    with pytest.raises(ValueError, match="too large together"):
        FeaturesInput(segment_duration=1.0, inputs=large)


# --- in a card --------------------------------------------------------------------------------


def make_card(heard: FeaturesInput, **fields: Any) -> ModelCard:
    told = dict.fromkeys(("title", "licence", "source", "trained_on", "limits"), "the tests'")
    options = {"name": "tiny", "file": "tiny.onnx", "sha256": "0" * 64, "size": 1, **told}
    return ModelCard(input=heard, outputs={"probabilities": 2}, **{**options, **fields})


ALL_KINDS = [
    "mel",
    ("cepstrum", MFCCStats(n_mfcc=13, deltas=1, window=("kaiser", 8.0), n_fft=1024)),
    CNNEmbedding(output="penultimate", patch_hop=0.5),
    "waveform",
    ("heard", get_card("msd-musicnn").input),
]


@pytest.mark.parametrize(
    "heard",
    [
        make_input(*ALL_KINDS, seconds=4.0),
        make_input("chroma").scaled({"chroma": (np.linspace(-1, 1, 12), np.full(12, 1 / 3))}),
        FeaturesInput(segment_duration=None, inputs=[FRAMES]),
    ],
)
def test_a_card_is_written_and_read_and_written_alike(heard, tmp_path):
    card = make_card(heard, labels={"probabilities": ("rock", "grüße")})
    card.write(tmp_path / "a.json")
    found = ModelCard.read(tmp_path / "a.json")
    assert found.input == heard
    assert found.to_json() == card.to_json()
    assert found.labels == card.labels
    found.write(tmp_path / "b.json")
    assert (tmp_path / "b.json").read_bytes() == (tmp_path / "a.json").read_bytes()
    assert json.loads(json.dumps(card.to_json(), allow_nan=False)) == card.to_json()


def test_the_shipped_card_survives_being_written(tmp_path):
    card = get_card("msd-musicnn")
    card.write(tmp_path / "card.json")
    assert ModelCard.read(tmp_path / "card.json").to_json() == card.to_json()
    assert "path" not in card.to_json()


def test_all_parameters_stand_in_a_card():
    (entry,) = make_card(make_input("mel")).to_json()["input"]["inputs"]
    assert entry["rows"] == "feature"
    assert entry["params"] == {
        "n_mels": 128,
        "fmin": 0.0,
        "fmax": None,
        "db": True,
        "top_db": 80.0,
    }
    assert (entry["sr"], entry["n_fft"], entry["window"]) == (22050, 2048, "hann")


JSON = make_card(make_input(*ALL_KINDS, seconds=4.0)).to_json()


def harmed(place: str, value: Any) -> dict[str, Any]:
    """The JSON of a card with another value at a dotted place; `...` takes it away."""
    content = copy.deepcopy(JSON)
    *path, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    inner: Any = content
    for step in path:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return content


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("input.hop", 1.0, "input: unknown field 'hop'"),
        ("input.segment_duration", ..., "input: the field 'segment_duration' is missing"),
        ("input.inputs", {}, "inputs must be a list of entries"),
        ("input.inputs.0", "mel", r"inputs\[0\] must be an object"),
        ("input.inputs.0.rows", "melody", r"unknown rows in inputs\[0\] 'melody'"),
        ("input.inputs.0.rows", ..., r"unknown rows in inputs\[0\] None"),
        ("input.inputs.0.bands", 3, r"inputs\[0\]: unknown field 'bands'"),
        ("input.inputs.0.mean", ..., r"inputs\[0\]: the field 'mean' is missing"),
        ("input.inputs.0.scale", [0.0] * 128, r"inputs\[0\]: scale\[0\] must be a number"),
        ("input.inputs.0.params.n_mels", 64, r"inputs\[0\]: mean must hold one number for each"),
        ("input.inputs.0.params", {"n_mels": {}}, r"inputs\[0\]: n_mels must be an integer"),
        ("input.inputs.0.name", "heard", "two inputs have the same name"),
        ("input.inputs.1.window", ["kaiser"], r"inputs\[1\]"),
        ("input.inputs.2.sha256", 3, r"inputs\[2\]: sha256 must be 64 digits"),
        ("input.inputs.4.heard", "mel", "heard must be an object"),
        ("input.inputs.4.heard.kind", "features", "unknown kind of heard 'features'"),
        ("input.inputs.4.heard.n_mels", 4, r"inputs\[4\]: mean must hold"),
        ("input.inputs.4.heard.loud", 4, r"heard: unknown field 'loud'"),
    ],
)
def test_a_card_that_is_none(place, value, message):
    with pytest.raises(ValueError, match=message):
        ModelCard.from_json(harmed(place, value))


def test_deep_nesting_is_no_way_to_bring_reading_down(tmp_path):
    deep: Any = "mel"
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ValueError, match=r"inputs\[0\]"):
        ModelCard.from_json(harmed("input.inputs.0.params.n_mels", deep))
