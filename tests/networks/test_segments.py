"""A trained network's answers to the segments of a track, and embeddings made of them."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from genrekit import AudioFeatures, CNNEmbedding, GenreClassifier, MFCCStats, extract
from genrekit.features import Frontend
from genrekit.networks import (
    FeaturesInput,
    OnnxNetwork,
    _session,
    answer_patches,
    get_card,
    iter_batches,
    make_plan,
    rows_inputs,
    segment_answers,
)

from .._networks import features_onnx, trained_card

SR = 8000
Y = (0.2 * np.random.default_rng(0).standard_normal(5 * SR)).astype(np.float32)
FRONTEND = Frontend(sr=SR, n_fft=512, hop_length=250)


def make_heard(*inputs: Any, seconds: float = 1.0) -> FeaturesInput:
    """Inputs with levels as if they were learnt."""
    entries, _ = rows_inputs(list(inputs), FRONTEND, segment_duration=seconds)
    rng = np.random.default_rng(1)
    levels = {e.name: (rng.normal(size=e.n_rows), rng.uniform(1, 2, e.n_rows)) for e in entries}
    return FeaturesInput(segment_duration=seconds, inputs=entries).scaled(levels)


def weights_of(content: bytes) -> Any:
    return onnx.numpy_helper.to_array(onnx.load_from_string(content).graph.initializer[0])


def expected_logits(heard: FeaturesInput, content: bytes, frames: Any, times: Any) -> Any:
    """What the graph is to answer, without onnxruntime."""
    patches = heard.cut(frames, times)
    each = patches if isinstance(patches, tuple) else (patches,)
    return np.concatenate([some.reshape(len(times), -1) for some in each], axis=1) @ weights_of(
        content
    )


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a trained network, and give the path of its card."""

    def write_it(heard: FeaturesInput, name: str = "trained", **fields: Any) -> str:
        card, content = trained_card(heard, name=name, file=f"{name}.onnx", **fields)
        (tmp_path / card.file).write_bytes(content)
        card.write(tmp_path / f"{name}.json")
        return str(tmp_path / f"{name}.json")

    return write_it


@pytest.mark.parametrize(
    "inputs", [["mel"], ["waveform"], ["mfcc", "waveform"], ["rms", "chroma", "waveform"]]
)
def test_answers_to_the_segments_of_a_track(inputs):
    heard = make_heard(*inputs)
    card, content = trained_card(heard)
    network = OnnxNetwork(card, content=content)
    assert network.shape == heard.shape
    found = make_plan(heard, FRONTEND).frames(Y)
    times, answers = segment_answers(
        card, network, found.values, found.seconds, segment_hop=0.5, pad=0.5
    )
    assert times.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    logits = expected_logits(heard, content, found.values, times)
    np.testing.assert_allclose(answers["logits"], logits, rtol=1e-4, atol=1e-4)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    proba = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers["probabilities"], proba, atol=1e-5)
    assert answers["penultimate"].shape == (9, card.outputs["penultimate"])


def test_batches_of_any_size_give_the_same_but_for_rounding():
    heard = make_heard("mel", "waveform")
    card, content = trained_card(heard)
    network = OnnxNetwork(card, content=content)
    frames = make_plan(heard, FRONTEND).frames(Y).values
    sizes = []

    class Counting:
        shape, outputs = network.shape, network.outputs

        def __call__(self, batch, outputs=None):
            sizes.append([len(some) for some in batch])
            return network(batch, outputs)

    by_size = []
    for size, expected in ((1, [1] * 5), (2, [2, 2, 1]), (32, [5])):
        sizes.clear()
        told = {"batch_size": size, "outputs": ["probabilities"]}
        by_size.append(segment_answers(card, Counting(), frames, 5.0, **told)[1])
        assert sizes == [[n, n] for n in expected]
    for answers in by_size:
        assert list(answers) == ["probabilities"]
        np.testing.assert_allclose(answers["probabilities"], by_size[0]["probabilities"], atol=1e-6)


@pytest.mark.parametrize("n", [1, 10, SR // 2, SR - 1])
def test_a_track_shorter_than_a_segment_is_repeated_until_it_fills_one(n):
    heard = make_heard("waveform")
    card, content = trained_card(heard)
    network = OnnxNetwork(card, content=content)
    times, answers = segment_answers(card, network, {"waveform": Y[np.newaxis, :n]}, n / SR)
    assert times.tolist() == [0.0]
    whole = {"waveform": np.resize(Y[:n], SR)[np.newaxis]}
    _, expected = segment_answers(card, network, whole, 1.0)
    np.testing.assert_array_equal(answers["logits"], expected["logits"])


def test_brought_frames():
    (entry,), _ = rows_inputs("frames", segment_duration=4, n_rows=3)
    heard = FeaturesInput(segment_duration=None, inputs=[entry])
    card, content = trained_card(heard)
    frames = {"frames": np.random.default_rng(0).standard_normal((3, 10))}
    network = OnnxNetwork(card, content=content)
    times, answers = segment_answers(card, network, frames, 10, segment_hop=2, pad=0)
    assert times.tolist() == [0, 2, 4, 6]
    logits = expected_logits(heard, content, frames, times)
    np.testing.assert_allclose(answers["logits"], logits, atol=1e-5)


def test_a_card_of_another_kind_has_no_segments():
    card = get_card("msd-musicnn")
    with pytest.raises(ValueError, match="msd-musicnn hears a mel: segments"):
        segment_answers(card, OnnxNetwork(card), {}, 1.0)


class TestSeveralInputs:
    """A batch is a tuple, in the order of the card."""

    def test_the_order_is_the_cards_not_the_graphs(self):
        heard = make_heard("rms", "waveform")
        turned = {entry.name: entry.shape for entry in reversed(heard.inputs)}
        content = features_onnx(turned)
        card, _ = trained_card(heard, sha256=hash_of(content), size=len(content))
        network = OnnxNetwork(card, content=content)
        level, samples = np.ones((2, *heard.shapes[0])), np.zeros((2, *heard.shapes[1]))
        answers = network((level, samples))
        weights = weights_of(content)[heard.inputs[1].patch :]
        np.testing.assert_allclose(answers["logits"][0], weights.sum(axis=0), rtol=1e-4)

    def test_patches_are_tuples_in_batches_too(self):
        heard = make_heard("rms", "waveform")
        card, content = trained_card(heard)
        network = OnnxNetwork(card, content=content)
        frames = make_plan(heard, FRONTEND).frames(Y).values
        batches = heard.cut(frames, heard.times(5.0))
        patches = list(zip(*batches, strict=True))
        stacked = list(iter_batches(patches, 2))
        assert [tuple(some.shape for some in batch) for batch in stacked] == [
            tuple((n, *shape) for shape in heard.shapes) for n in (2, 2, 1)
        ]
        answers = answer_patches(network, patches, ["logits"], batch_size=2)
        expected = segment_answers(card, network, frames, 5.0)[1]["logits"]
        np.testing.assert_allclose(answers["logits"], expected, atol=1e-5)

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            (None, "takes a tuple of 2 batches, one for each input"),
            ([(1, 1, 32)], "takes a tuple of 2 batches"),
            ([(1, 1, 31), (1, SR)], r"takes patches of shape \(1, 32\), not \(1, 31\)"),
            ([(2, 1, 32), (1, SR)], "takes as many patches of each input"),
            ([(0, 1, 32), (0, SR)], "a batch of one patch or more"),
        ],
    )
    def test_batches_that_do_not_fit(self, shapes, message):
        card, content = trained_card(make_heard("rms", "waveform"))
        network = OnnxNetwork(card, content=content)
        batch = np.zeros((2, 32)) if shapes is None else tuple(map(np.zeros, shapes))
        with pytest.raises(ValueError, match=message):
            network(batch)

    def test_a_file_for_one_patch_at_a_time(self):
        heard = make_heard("rms", "waveform")
        card, content = trained_card(heard)
        model = onnx.load_from_string(content)
        for value in [*model.graph.input, *model.graph.output]:
            value.type.tensor_type.shape.dim[0].dim_value = 1
        single = model.SerializeToString()
        fixed, _ = trained_card(heard, sha256=hash_of(single), size=len(single))
        batch = tuple(np.random.default_rng(0).random((3, *shape)) for shape in heard.shapes)
        np.testing.assert_allclose(
            OnnxNetwork(fixed, content=single)(batch)["logits"],
            OnnxNetwork(card, content=content)(batch)["logits"],
            rtol=1e-5,
        )


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class TestContent:
    """A network inside something else, such as a saved model."""

    def test_it_is_pickled_whole(self):
        card, content = trained_card(make_heard("rms"))
        network = OnnxNetwork(card, content=content)
        batch = np.ones((2, 1, 32))
        expected = network(batch)["logits"]
        again = pickle.loads(pickle.dumps(network))
        _session._SESSIONS.clear()
        np.testing.assert_array_equal(again(batch)["logits"], expected)

    def test_sessions_used_last_stay(self, monkeypatch):
        monkeypatch.setattr(_session, "_MOST_SESSIONS", 3)
        _session._SESSIONS.clear()
        heard = make_heard("rms")
        made = [trained_card(heard, seed=seed) for seed in range(5)]
        for card, content in made[:4]:
            OnnxNetwork(card, content=content)(np.ones((1, 1, 32)))
            OnnxNetwork(made[0][0], content=made[0][1])(np.ones((1, 1, 32)))
        kept = [made[i][0].sha256 for i in (2, 3, 0)]
        assert list(_session._SESSIONS) == kept

    @pytest.mark.parametrize(
        ("harm", "message"),
        [
            (lambda content: content[:-1], "bytes, the model card says"),
            (lambda content: content[:-1] + b"\x00", "its SHA-256 is"),
            (lambda content: b"", "it has 0 bytes"),
        ],
    )
    def test_damage(self, harm, message):
        card, content = trained_card(make_heard("rms"), seed=99)
        with pytest.raises(ValueError, match=f"the network of 'trained': .*{message}"):
            OnnxNetwork(card, content=harm(content))(np.ones((1, 1, 32)))

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            ({"rms": (1, 31)}, r"takes arrays of shape \['n', 1, 31\], its card"),
            ({"level": (1, 32)}, "names the inputs rms, the network has level"),
            ({"rms": (1, 32), "mel": (2, 2)}, "must have one input of floats"),
        ],
    )
    def test_a_graph_that_is_not_the_cards(self, shapes, message):
        content = features_onnx(shapes)
        card, _ = trained_card(make_heard("rms"), sha256=hash_of(content), size=len(content))
        with pytest.raises(ValueError, match=message):
            OnnxNetwork(card, content=content)(np.ones((1, 1, 32)))


# --- as an embedding --------------------------------------------------------------------------


def embed(path: str, output: str = "penultimate", **params: Any) -> CNNEmbedding:
    return CNNEmbedding(path, output=output, **{"patch_hop": 0.5, "max_patches": None, **params})


@pytest.mark.parametrize(
    "inputs",
    [["mel"], ["waveform"], ["mfcc", "mel", "waveform"], [get_card("msd-musicnn").input]],
)
def test_a_trained_network_is_an_embedding(write, inputs):
    heard = make_heard(*inputs)
    path = write(heard)
    times, values = embed(path).patches((Y, SR))
    found = make_plan(heard).frames((Y, SR))
    hop = heard.hop(0.5)
    np.testing.assert_allclose(times, np.arange(len(times)) * hop, atol=1e-12)
    assert times[-1] <= 4.0 < times[-1] + hop
    card = get_card(path)
    content = card.path.with_name(card.file).read_bytes()
    logits = expected_logits(heard, content, found.values, times)
    _, answers = embed(path, "logits").patches((Y, SR))
    np.testing.assert_allclose(answers, logits, rtol=1e-4, atol=1e-4)
    assert values.shape == (len(times), card.outputs["penultimate"])


def test_it_stands_beside_other_features(write):
    path = write(make_heard("mel"))
    tracks = [(Y, SR), (Y[: SR // 2], SR)]
    alone = embed(path, "probabilities").fit_transform(tracks)
    features = AudioFeatures([("net", embed(path, "probabilities")), "rms"], sr=SR)
    table = features.fit_transform(tracks)
    np.testing.assert_array_equal(table[:, :6], alone)
    assert features.get_feature_names_out()[:3].tolist() == ["net0_mean", "net0_std", "net1_mean"]
    (frames, short) = extract(tracks, [embed(path)], pooled=False, sr=SR).table
    assert frames["cnn"].shape == (get_card(path).outputs["penultimate"], 9)
    assert short["cnn"].shape[1] == 1


def test_offset_and_most_patches(write):
    path = write(make_heard("rms"))
    times, _ = embed(path, offset=1.0, duration=3.0).patches((Y, SR))
    assert times.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
    times, _ = embed(path, max_patches=2).patches((Y, SR))
    assert times.tolist() == [1.0, 3.0]


def test_the_rate_of_bare_arrays_is_not_the_networks(write):
    path = write(make_heard("rms"))
    other = np.resize(Y, 5 * 16000)
    expected = embed(path).fit_transform([(other, 16000)])
    np.testing.assert_array_equal(embed(path, sr=16000).fit_transform([other]), expected)


def test_it_is_kept_in_the_memory(write, tmp_path):
    path = write(make_heard("rms"))
    first = embed(path, memory=tmp_path / "memory").fit_transform([(Y, SR)])
    again = embed(path, memory=tmp_path / "memory").fit_transform([(Y, SR)])
    np.testing.assert_array_equal(first, again)
    assert len(list((tmp_path / "memory" / "genrekit").iterdir())) == 1
    other = make_heard("rms").scaled({"rms": ([0.5], [2.0])})
    changed = embed(write(other, "other"), memory=tmp_path / "memory").fit_transform([(Y, SR)])
    assert not np.array_equal(changed, first)


def test_a_classifier_behind_it_has_a_timeline(write):
    path = write(make_heard("rms"))
    clf = GenreClassifier("logreg", features=embed(path, "logits"), calibrate=False)
    tracks = [(Y * level, SR) for level in (0.1, 0.2, 1.0, 0.9)]
    clf.fit(tracks, ["soft", "soft", "loud", "loud"])
    timeline = clf.timeline((Y, SR), window=2.0, hop=1.0)
    assert timeline.times.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert timeline.probabilities.shape == (4, 2)


class TestWhatCanNotBeAnEmbedding:
    def test_inputs_through_different_front_ends(self, write):
        path = write(make_heard("mel", MFCCStats(n_fft=256)))
        with pytest.raises(ValueError, match="'mel' and 'mfcc' do not share one front end"):
            embed(path).fit([(Y, SR)])

    def test_a_waveform_at_another_rate(self, write):
        entries = [*make_heard("waveform").inputs]
        faster, _ = rows_inputs("mel", Frontend(sr=16000), segment_duration=1.0)
        path = write(FeaturesInput(segment_duration=1.0, inputs=[*faster, *entries]))
        with pytest.raises(ValueError, match="'mel' and 'waveform' do not share one front end"):
            embed(path).fit([(Y, SR)])

    def test_brought_frames(self, write):
        entries, _ = rows_inputs("frames", segment_duration=4, n_rows=3)
        path = write(FeaturesInput(segment_duration=None, inputs=entries))
        with pytest.raises(ValueError, match="trained was trained on frames that its user brought"):
            embed(path).fit([(Y, SR)])


def test_an_embedding_of_an_embedding_in_its_one_front_end(write):
    """A network that was trained on the shipped one's answers is one itself."""
    inner = CNNEmbedding(output="tags", patch_hop=0.25)
    path = write(make_heard(inner, seconds=4.0))
    times, values = embed(path, "logits").patches((Y, SR))
    _, tags = CNNEmbedding(patch_hop=0.25, max_patches=None).patches((Y, SR))
    heard = get_card(path).input
    expected = heard.cut({"cnn": tags.T}, times)
    _, found = embed(path, "penultimate").patches((Y, SR))
    np.testing.assert_allclose(found, expected.reshape(len(times), -1), rtol=1e-5)
    assert len(values) == len(times) == 3
