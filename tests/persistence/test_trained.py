"""Models that carry a network of their own: what comes back, without torch, and what must not."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import skops.io
import soundfile
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from genrekit import CNNEmbedding, MFCCStats, NetworkClassifier, load, save
from genrekit.exceptions import GenrekitWarning
from genrekit.networks import FeaturesInput, ModelCard, get_card, rows_inputs
from genrekit.persistence import _archive, _persistence, _schema
from genrekit.spectra import Frontend

from .._networks import trained_card

GENRES = np.array(["blues", "metal", "pop"])
SR = 8000
RNG = np.random.default_rng(0)
TRACKS = [(RNG.uniform(-0.5, 0.5, n).astype(np.float32), SR) for n in (SR, 3 * SR, 5000)]

INPUTS = {
    "mel": "mel",
    "several": [MFCCStats(n_mfcc=5, deltas=1), "waveform"],
    "embedding": CNNEmbedding(output="penultimate"),
    "musicnn": get_card("msd-musicnn").input,
}


def make_classifier(inputs: Any = "mel", **params: Any) -> NetworkClassifier:
    """What `fit` would leave behind, made without torch."""
    clf = NetworkClassifier(inputs=inputs, segment_duration=1.0, sr=SR, **params)
    entries, _ = rows_inputs(inputs, Frontend(sr=SR), segment_duration=1.0)
    levels = {e.name: (np.linspace(-1, 1, e.n_rows), np.full(e.n_rows, 3.0)) for e in entries}
    heard = FeaturesInput(segment_duration=1.0, inputs=entries).scaled(levels)
    card, content = trained_card(heard)
    clf.classes_, clf.card_ = GENRES, card.to_json()
    clf.onnx_ = np.frombuffer(content, np.uint8)
    clf.history_ = [{"epoch": 1, "train_loss": 0.5, "valid_loss": float("nan"), "lr": 1e-3}]
    clf.best_epoch_, clf.fit_errors_ = 1, []
    return clf


def with_card(clf: NetworkClassifier, **fields: Any) -> NetworkClassifier:
    """The same with other fields in its card."""
    changed = copy.copy(clf)
    changed.card_ = {**copy.deepcopy(clf.card_), **fields}
    return changed


def with_content(clf: NetworkClassifier, content: bytes, **fields: Any) -> NetworkClassifier:
    """The same with another file, and nothing in its card that tells."""
    import hashlib

    told = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **fields}
    changed = with_card(clf, **told)
    changed.onnx_ = np.frombuffer(content, np.uint8)
    return changed


def build(path: Path, model: Any) -> Path:
    """Write a model with skops' own code and a good manifest, without any check of ours."""
    members = _schema.normalise(_archive.unzip(skops.io.dumps(model)))
    path.write_bytes(_archive.write_archive(members, {"versions": _persistence._versions()}))
    return path


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_it_comes_back_as_it_was(inputs, tmp_path):
    clf = make_classifier(inputs)
    save(clf, tmp_path / "a.skops")
    again = load(tmp_path / "a.skops")
    assert again.card_ == clf.card_
    np.testing.assert_array_equal(again.onnx_, clf.onnx_)
    np.testing.assert_array_equal(again.predict_proba(TRACKS), clf.predict_proba(TRACKS))
    np.testing.assert_array_equal(again.predict(TRACKS), clf.predict(TRACKS))
    assert str(again.history_) == str(clf.history_)
    save(again, tmp_path / "b.skops")
    assert (tmp_path / "b.skops").read_bytes() == (tmp_path / "a.skops").read_bytes()


def test_the_manifest_names_the_networks_that_it_hears(tmp_path):
    save(make_classifier(INPUTS["embedding"]), tmp_path / "m.skops")
    _, manifest = _archive.read_archive((tmp_path / "m.skops").read_bytes())
    assert manifest["networks"] == {"msd-musicnn": get_card("msd-musicnn").sha256}
    assert (tmp_path / "m.skops").stat().st_size < 200_000  # it stays where it is


def test_the_network_that_it_hears_may_stand_for_an_earlier_file(tmp_path):
    (earlier,) = get_card("msd-musicnn").replaces
    embedding = INPUTS["embedding"]
    path = build(tmp_path / "m.skops", harmed(*FIRST, "sha256", value=earlier, inputs=embedding))
    found = load(path).predict_proba(TRACKS)
    np.testing.assert_array_equal(found, make_classifier(embedding).predict_proba(TRACKS))


def test_inside_another_estimator(tmp_path):
    pipeline = make_pipeline(make_classifier())
    save(pipeline, tmp_path / "m.skops")
    found = load(tmp_path / "m.skops").predict_proba(TRACKS)
    np.testing.assert_array_equal(found, pipeline.predict_proba(TRACKS))


def test_before_it_is_trained(tmp_path):
    save(NetworkClassifier("lstm", inputs=["mfcc", CNNEmbedding()]), tmp_path / "m.skops")
    again = load(tmp_path / "m.skops")
    assert again.network == "lstm"
    assert not hasattr(again, "card_")


def test_where_it_was_trained_is_no_matter_of_the_file(tmp_path):
    clf = make_classifier(checkpoint="/somewhere", device="cuda", memory="/elsewhere", n_jobs=4)
    save(clf, tmp_path / "m.skops")
    again = load(build(tmp_path / "hostile.skops", clf))
    for found in (load(tmp_path / "m.skops"), again):
        kept = (found.checkpoint, found.device, found.memory, found.n_jobs)
        assert kept == (None, "auto", None, None)


def my_network(shapes: Any, n_classes: int) -> Any:
    """What makes a module."""


def test_a_function_that_makes_a_network_goes_by_its_name(tmp_path):
    clf = make_classifier(network=my_network, backbone=lambda: None)
    message = r"network='my_network' and backbone='<lambda>' can't be saved, being code"
    with pytest.warns(GenrekitWarning, match=message):
        save(clf, tmp_path / "m.skops")
    again = load(tmp_path / "m.skops")
    assert (again.network, again.backbone) == ("my_network", "<lambda>")
    np.testing.assert_array_equal(again.predict_proba(TRACKS), clf.predict_proba(TRACKS))
    assert clf.network is my_network


def test_a_search_over_functions_has_their_names(tmp_path):
    grid = {"network": ["cnn", my_network], "inputs": ["mel", CNNEmbedding()]}
    search = GridSearchCV(make_classifier(), grid)
    # As `fit` leaves them.
    search.best_params_ = {"network": my_network, "inputs": "mel"}
    tried = {"network": ["cnn", my_network], "backbone": ["resnet18", lambda: None]}
    search.cv_results_ = {
        f"param_{name}": np.ma.MaskedArray(np.array(values, dtype=object), mask=[False, False])
        for name, values in tried.items()
    }
    search.cv_results_["params"] = [{"network": my_network}]
    with pytest.warns(GenrekitWarning, match="network='my_network' and .* can't be saved"):
        save(search, tmp_path / "m.skops")
    again = load(tmp_path / "m.skops")
    assert again.cv_results_["param_backbone"].tolist() == ["resnet18", "<lambda>"]
    assert again.param_grid["network"] == ["cnn", "my_network"]
    assert again.best_params_["network"] == "my_network"
    assert again.cv_results_["param_network"].tolist() == ["cnn", "my_network"]
    assert again.cv_results_["params"] == [{"network": "my_network"}]
    assert search.param_grid["network"][1] is my_network
    assert search.cv_results_["param_network"][1] is my_network


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_loading_and_predicting_where_torch_can_not_be_imported(inputs, tmp_path):
    clf = make_classifier(inputs)
    save(clf, tmp_path / "m.skops")
    soundfile.write(tmp_path / "a.wav", TRACKS[1][0], SR, subtype="FLOAT")
    code = f"""
        import sys

        class Missing:  # None in sys.modules would be taken for torch by scipy
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("torch", "skorch", "onnx", "onnxscript"):
                    raise ImportError(f"there is no {{name}}")

        sys.meta_path.insert(0, Missing())
        import genrekit

        clf = genrekit.load({str(tmp_path / "m.skops")!r})
        print(clf.predict_proba([{str(tmp_path / "a.wav")!r}]).tolist())
        card = clf.export({str(tmp_path / "out")!r})
        embedding = genrekit.CNNEmbedding(str(card), output="penultimate", stats=["mean"])
        print(embedding.fit_transform([{str(tmp_path / "a.wav")!r}]).shape)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    proba, shape = done.stdout.splitlines()
    expected = clf.predict_proba([str(tmp_path / "a.wav")])
    np.testing.assert_array_equal(json.loads(proba), expected)
    assert shape == f"(1, {clf.card_['outputs']['penultimate']})"


# --- what must not come back ------------------------------------------------------------------


def damaged(change: Callable[[bytearray], None]) -> NetworkClassifier:
    clf = make_classifier()
    content = bytearray(clf.onnx_.tobytes())
    change(content)
    clf.onnx_ = np.frombuffer(bytes(content), np.uint8)
    return clf


def external() -> NetworkClassifier:
    """Weights that lie beside the model."""
    clf = make_classifier()
    model = onnx.load_from_string(clf.onnx_.tobytes())
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "/etc/passwd")
    model.graph.initializer[0].ClearField("raw_data")
    return with_content(clf, model.SerializeToString())


def without(name: str) -> NetworkClassifier:
    clf = make_classifier()
    delattr(clf, name)
    return clf


def changed(**attributes: Any) -> NetworkClassifier:
    clf = make_classifier()
    vars(clf).update(attributes)
    return clf


def harmed(*path: Any, value: Any, inputs: Any = "mel") -> NetworkClassifier:
    """Another value somewhere in what the card says of the input."""
    clf = make_classifier(inputs)
    content = copy.deepcopy(clf.card_)
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    clf.card_ = content
    return clf


def heard(**attributes: Any) -> NetworkClassifier:
    """A parameter that no constructor has seen."""
    clf = make_classifier(INPUTS["musicnn"])
    clf.inputs = copy.copy(clf.inputs)
    vars(clf.inputs).update(attributes)
    return clf


FIRST = ("input", "inputs", 0)
OTHER = ModelCard.to_json(get_card("msd-musicnn"))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (damaged(lambda content: content.pop()), "its network: it has .* bytes, the model card"),
        (damaged(lambda content: content.append(0)), "its network: it has .* bytes"),
        (
            damaged(lambda content: content.__setitem__(9, content[9] ^ 1)),
            "its network: its SHA-256 is .* the model card says",
        ),
        (with_card(make_classifier(), sha256="0" * 64), "its network: its SHA-256 is"),
        (with_card(make_classifier(), size=1 << 40), "its model card is none: size must be"),
        (changed(card_=OTHER), "not that of what was trained here: mel"),
        (changed(card_=make_classifier("rms").card_), "its network: it has"),
        (external(), "its network: its numbers lie in another file"),
        (with_content(make_classifier(), b"not ONNX"), "its network: it is no ONNX file"),
        (without("card_"), r"the attributes \['card_'\] are missing"),
        (without("onnx_"), r"the attributes \['onnx_'\] are missing"),
        (without("classes_"), r"the attributes \['classes_'\] are missing"),
        (changed(card_=["mel"]), "its model card is none: it holds a list"),
        (changed(onnx_=np.zeros(3)), "its network is no array of bytes"),
        (changed(onnx_=np.zeros((2, 2), np.uint8)), "its network is no array of bytes"),
        (changed(onnx_="weights.onnx"), "its network is no array of bytes"),
        (changed(classes_=GENRES[:2]), "where 2 probabilities are needed"),
        (with_card(make_classifier(), outputs={"logits": 3}), "where 3 probabilities are needed"),
        (with_card(make_classifier(), file="../network.onnx"), "file must be a name without"),
        (with_card(make_classifier(), command="rm"), "unknown field 'command'"),
        (harmed(*FIRST, "scale", value=[0.0] * 128), r"inputs\[0\]: scale\[0\] must be"),
        (harmed(*FIRST, "mean", value=[0.0]), "one number for each of the 128 rows"),
        (harmed(*FIRST, "params", "n_mels", value=10**9), r"inputs\[0\]: n_mels must be"),
        (harmed(*FIRST, "patch", value=1 << 40), r"inputs\[0\]: patch must be"),
        (harmed(*FIRST, "hop_length", value=0), r"inputs\[0\]: hop_length must be"),
        (
            harmed(*FIRST, "sha256", value="0" * 64, inputs=INPUTS["embedding"]),
            "trained on the network of SHA-256 0000.* but 'msd-musicnn' here is",
        ),
        (heard(n_mels=10**9), "inconsistent MelInput at model.inputs: n_mels must be"),
        (heard(window=3), "inconsistent MelInput at model.inputs: window must be"),
        (heard(bands=3), "inconsistent MelInput at model.inputs: .*unexpected keyword"),
        (harmed(*FIRST, "model", value="nobody", inputs=INPUTS["embedding"]), "nobody"),
    ],
)
def test_what_is_refused_before_anything_runs(model, message, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = build(tmp_path / "m.skops", model)
    with pytest.raises(ValueError, match=rf"m\.skops: (?s:.*){message}"):
        load(path)


def test_save_refuses_it_as_well(tmp_path):
    with pytest.raises(ValueError, match="its SHA-256 is"):
        save(with_card(make_classifier(), sha256="0" * 64), tmp_path / "m.skops")
    assert not (tmp_path / "m.skops").exists()


def test_a_graph_that_does_not_fit_its_card_is_refused_when_it_is_used(tmp_path):
    clf = make_classifier()
    _, content = trained_card(make_input("waveform"))
    load(build(tmp_path / "m.skops", with_content(clf, content)))
    again = load(tmp_path / "m.skops")
    with pytest.raises(ValueError, match="names the inputs mel, the network has waveform"):
        again.predict(TRACKS)


def make_input(inputs: Any) -> FeaturesInput:
    entries, _ = rows_inputs(inputs, Frontend(sr=SR), segment_duration=1.0)
    return FeaturesInput(segment_duration=1.0, inputs=entries)


def test_the_path_of_a_card_is_not_opened_by_loading(tmp_path):
    clf = harmed(*FIRST, "model", value="/dev/zero.json", inputs=INPUTS["embedding"])
    again = load(build(tmp_path / "m.skops", clf))
    with pytest.raises(FileNotFoundError, match="there is no such model card"):
        again.predict(TRACKS)
