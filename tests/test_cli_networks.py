"""Networks that are trained from the command line."""

from __future__ import annotations

import logging
import warnings

import pytest

import genrekit
from genrekit._learners import make_classifier
from genrekit._messages import ctrl_c_ends_all, epochs_told
from genrekit.cli import main
from genrekit.datasets import make_tracks
from genrekit.exceptions import GenrekitWarning
from genrekit.networks import CNNEmbedding

SMALL = ["--sr", "8000", "--segment", "0.5", "--epochs", "2", "--mixup", "0.2"]


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Twelve short tracks of two genres, by two artists each."""
    root = tmp_path_factory.mktemp("music")
    made = make_tracks(6, root=root, genres=["drone", "pluck"], sr=8000, duration=1.0)
    artists = [f"{genre}-{i % 2}" for i, genre in enumerate(made.target)]
    rows = [
        f"{path},{genre},{artist}"
        for path, genre, artist in zip(made.paths, made.target, artists, strict=True)
    ]
    (root / "tracks.csv").write_text("\n".join(["path,genre,artist", *rows]))
    return root


@pytest.fixture
def trainer():
    """Skip where networks can't be trained."""
    for name in ("torch", "skorch", "onnx", "onnxscript"):
        pytest.importorskip(name)


def test_without_torch_one_sentence_names_the_extra(music, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("genrekit.training._torch.find_spec", lambda name: None)
    for command in (["train", str(music), "-o", str(tmp_path / "m.skops")], ["evaluate", "m"]):
        with pytest.raises(SystemExit) as stop:
            main([*command, "--network", "cnn"])
        assert stop.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"genrekit {command[0]}: error: to train networks")
        assert line.endswith("pip install 'genrekit[train]'")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--network", "cnnn"], "argument --network: unknown network 'cnnn': did you mean 'cnn'?"),
        (["--network", "image"], "argument --network: unknown network 'image'"),
        (
            ["--network", "cnn", "--inputs", "mel", "mcc"],
            "unknown input 'mcc': did you",
        ),
        (["--network", "cnn", "--model", "svm"], "--model: not allowed with argument --network"),
        (["--freq-mask", "3"], "argument --freq-mask: goes with --network"),
        (["--network", "cnn", "--features", "mfcc"], "argument --features: not allowed with"),
        (["--network", "musicnn", "--inputs", "mel"], "musicnn hears what it was made for"),
    ],
)
def test_what_does_not_go_together_is_named(arguments, said, capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "music", *arguments])
    assert said in capsys.readouterr().err


def test_options_reach_the_network():
    clf = make_classifier(
        "svm", "lstm", inputs=["mfcc"], epochs=7, segment=2.0, freq_mask=4, checkpoint="c",
        device="cpu", sr=16000, memory="m", random_state=3, on_error="nan", verbose=0,
    )  # fmt: skip
    assert type(clf) is genrekit.NetworkClassifier
    found = clf.get_params(deep=False)
    assert {name: value for name, value in found.items() if value != _DEFAULTS[name]} == {
        "network": "lstm",
        "inputs": "mfcc",
        "max_epochs": 7,
        "segment_duration": 2.0,
        "freq_mask": 4,
        "checkpoint": "c",
        "device": "cpu",
        "sr": 16000,
        "memory": "m",
        "random_state": 3,
        "on_error": "nan",
    }


def test_what_a_network_hears():
    assert make_classifier("svm", "cnn").inputs == "mel"
    assert make_classifier("svm", "raw").inputs == "waveform"
    several = make_classifier("svm", "parallel", inputs=["mel", "embedding"]).inputs
    assert several[0] == "mel"
    assert isinstance(several[1], CNNEmbedding)
    assert several[1].output == "penultimate"


@pytest.mark.usefixtures("trainer")
def test_train_a_network_and_predict_with_it(music, tmp_path, capsys):
    output = tmp_path / "m.skops"
    arguments = ["train", str(music / "tracks.csv"), "-o", str(output), "--groups", "artist"]
    assert main([*arguments, "--network", "cnn", "--inputs", "mel", *SMALL]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("cnn fitted on 12 tracks (drone, pluck), epoch ")
    assert "of the validation tracks right: " in out
    lines = [line for line in err.splitlines() if not line.startswith("genrekit: warning")]
    assert [line[:11] for line in lines] == ["epoch 1/2  ", "epoch 2/2  "]
    assert logging.getLogger("genrekit.training").handlers == []
    clf = genrekit.load(output)
    assert clf.max_epochs == 2
    assert main(["predict", str(output), str(music)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 14


@pytest.mark.usefixtures("trainer")
def test_evaluate_a_network(music, tmp_path, capsys):
    page = tmp_path / "report.html"
    arguments = ["evaluate", str(music), "--folds", "2", "--report", str(page)]
    assert main([*arguments, "--network", "lstm", "--inputs", "mfcc", *SMALL]) == 0
    out, err = capsys.readouterr()
    assert "accuracy" in out
    assert err.count("epoch 1/2  ") == err.count("epoch 2/2  ") == 2  # in each fold
    assert "lstm" in page.read_text()


def test_epochs_are_told_in_lines_but_on_a_terminal(capsys, monkeypatch):
    log = logging.getLogger("genrekit.training")
    with epochs_told():
        log.info("epoch 1")
    log.info("epoch 2")
    assert capsys.readouterr().err == "epoch 1\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with epochs_told():
        log.info("epoch 3")
    assert capsys.readouterr().err == ""


def test_ctrl_c_in_a_fold_ends_all_folds():
    with pytest.raises(KeyboardInterrupt), ctrl_c_ends_all():
        warnings.warn("stopped by Ctrl-C in epoch 3. The …", GenrekitWarning, stacklevel=1)
    with pytest.warns(GenrekitWarning, match="mind the gap"), ctrl_c_ends_all():
        warnings.warn("mind the gap", GenrekitWarning, stacklevel=1)


_DEFAULTS = genrekit.NetworkClassifier().get_params(deep=False)
