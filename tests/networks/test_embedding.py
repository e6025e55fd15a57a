"""The transformer on a tiny network, and on the shipped one where that matters."""

from __future__ import annotations

import csv
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import genrekit
from genrekit import AudioFeatures, CNNEmbedding, GenreClassifier
from genrekit.cli import main
from genrekit.exceptions import AudioDecodeError, AudioDecodeWarning
from genrekit.features import STATS
from genrekit.networks import OnnxNetwork, answer_patches, get_card, open_network
from genrekit.persistence import load, save

SR = 8000
# 0.001 s are the 8 samples of a patch: patches side by side.
SIDE_BY_SIDE = {"patch_hop": 0.001, "sr": SR}


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal(800).astype(np.float32)


def _write(path: Path, samples: np.ndarray, sr: int = SR) -> str:
    soundfile.write(path, samples, sr, subtype="FLOAT")
    return str(path)


# --- scikit-learn -----------------------------------------------------------------------------


def test_scikit_learn_checks_with_a_tiny_network(tiny):
    units = CNNEmbedding(tiny, output="units")
    check_estimator(clone(units).set_params(sr=SR))
    check_estimator(CNNEmbedding(tiny, output="levels", stats=STATS))
    check_estimator(AudioFeatures([("cnn", units), "rms"], sr=SR))


def test_tags_hide_nothing():
    tags = CNNEmbedding().__sklearn_tags__()
    assert not tags.no_validation
    assert not tags.non_deterministic
    assert not tags.requires_fit


# --- what it computes -------------------------------------------------------------------------


def test_it_is_the_network_on_patches_then_statistics(tiny, noise):
    embedding = CNNEmbedding(tiny, output="units", max_patches=None, **SIDE_BY_SIDE)
    values = answer_patches(open_network(tiny), noise.reshape(100, 8))["units"]
    times, found = embedding.patches(noise)
    np.testing.assert_array_equal(found, values)
    np.testing.assert_allclose(times, np.arange(100) / 1000)
    expected = np.stack([values.mean(axis=0), values.std(axis=0)], axis=1).ravel()
    np.testing.assert_allclose(embedding.fit_transform([noise])[0], expected, rtol=1e-6)
    names = embedding.get_feature_names_out().tolist()
    assert names == [f"cnn_{label}_{stat}" for label in "abcd" for stat in ("mean", "std")]


def test_max_patches_are_spread_evenly(tiny, noise):
    every = CNNEmbedding(tiny, output="units", max_patches=None, **SIDE_BY_SIDE)
    some = clone(every).set_params(max_patches=10)
    times, values = some.patches(noise)
    np.testing.assert_array_equal(values, every.patches(noise)[1][5::10])
    np.testing.assert_allclose(np.diff(times), 0.01)
    np.testing.assert_array_equal(some.frames(noise), values.T)
    # No more than asked for, and all where there are no more.
    assert len(clone(every).set_params(max_patches=100).patches(noise)[1]) == 100
    assert len(clone(every).set_params(max_patches=1).patches(noise)[0]) == 1


def test_times_begin_at_the_offset(tiny, noise):
    excerpt = {"offset": 0.05, "duration": 0.02, "max_patches": None}
    embedding = CNNEmbedding(tiny, output="units", **excerpt, **SIDE_BY_SIDE)
    times, values = embedding.patches(noise)
    np.testing.assert_allclose(times, 0.05 + np.arange(20) / 1000)
    expected = answer_patches(open_network(tiny), noise[400:560].reshape(20, 8))
    np.testing.assert_array_equal(values, expected["units"])


def test_a_track_shorter_than_a_patch_is_repeated(tiny, noise):
    embedding = CNNEmbedding(tiny, output="units", **SIDE_BY_SIDE)
    for n in range(1, 8):
        patch = np.resize(noise[:n], 8)
        times, values = embedding.patches(noise[:n])
        assert times.tolist() == [0.0]
        np.testing.assert_array_equal(values, open_network(tiny)(patch[np.newaxis])["units"])


@pytest.mark.parametrize("output", ["tags", "penultimate", "mean_pool", "max_pool"])
def test_short_and_silent_tracks_are_finite(output):
    embedding = CNNEmbedding(output=output, stats=STATS)
    rng = np.random.default_rng(0)
    tracks = [rng.standard_normal(n) for n in (1, 2, 10)] + [np.zeros(1), np.zeros(22050)]
    table = embedding.fit_transform(tracks)
    assert np.isfinite(table).all()
    assert table.shape[1] == 8 * embedding._card().outputs[output]


def test_units_without_names_are_numbered(tiny):
    names = CNNEmbedding(tiny, output="levels", stats=["max"]).get_feature_names_out().tolist()
    assert names == ["cnn0_max", "cnn1_max", "cnn2_max", "cnn3_max"]


# --- sampling rates ---------------------------------------------------------------------------


def test_the_network_owns_its_rate(tiny, tmp_path):
    tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    same = [_write(tmp_path / "tone.wav", tone, 16000), (tone, 16000)]
    by_file, by_pair = CNNEmbedding(tiny, output="units").fit_transform(same)
    np.testing.assert_array_equal(by_file, by_pair)
    (bare,) = CNNEmbedding(tiny, output="units", sr=16000).fit_transform([tone])
    np.testing.assert_array_equal(bare, by_file)
    (matrix,) = CNNEmbedding(tiny, output="units", sr=16000).fit_transform(tone[np.newaxis])
    np.testing.assert_allclose(matrix, by_file)
    # Without a word an array is at 22050 Hz, as everywhere.
    (default,) = CNNEmbedding(tiny, output="units").fit_transform([tone])
    (said,) = CNNEmbedding(tiny, output="units").fit_transform([(tone, 22050)])
    np.testing.assert_array_equal(default, said)
    assert np.abs(default - bare).max() > 1e-3


def test_a_part_among_features(tiny, tmp_path):
    rng = np.random.default_rng(1)
    y = rng.standard_normal(22050).astype(np.float32)
    tracks = [_write(tmp_path / "a.wav", y, 22050), y, (y[::2], 11025)]
    cnn = CNNEmbedding(tiny, output="units", patch_hop=0.01)
    features = AudioFeatures(["mfcc", ("cnn", cnn)], offset=0.1, duration=0.5)
    table = features.fit_transform(tracks)
    heard = {"offset": 0.1, "duration": 0.5}
    alone = clone(cnn).set_params(**heard).fit_transform(tracks)
    np.testing.assert_array_equal(table[:, -8:], alone)
    np.testing.assert_array_equal(
        table[:, :-8], AudioFeatures("mfcc", **heard).fit_transform(tracks)
    )
    result = genrekit.extract(tracks, ["mfcc", ("cnn", cnn)], **heard)
    np.testing.assert_array_equal(result.table, table)
    assert result.names == features.get_feature_names_out().tolist()
    unnamed = AudioFeatures(["mfcc", cnn]).get_feature_names_out().tolist()
    assert unnamed == result.names
    features.set_params(cnn__output="levels")
    assert features.get_feature_names_out()[-1] == "cnn3_std"
    assert features.set_params(sr=11025).fit_transform([y]).shape == (1, 48)


def test_a_part_gives_its_frames(tiny, noise):
    cnn = CNNEmbedding(tiny, output="units", **SIDE_BY_SIDE)
    (found,) = genrekit.extract([noise], [("cnn", cnn)], pooled=False).table
    np.testing.assert_array_equal(found["cnn"], cnn.frames(noise))


# --- many tracks ------------------------------------------------------------------------------


def test_a_bad_track_is_a_row_of_nan(tiny, noise, tmp_path):
    tracks = [noise, str(tmp_path / "missing.mp3"), noise[:100]]
    embedding = CNNEmbedding(tiny, output="units", on_error="nan", sr=SR)
    with pytest.warns(AudioDecodeWarning, match="1 of 3"):
        table = embedding.fit_transform(tracks)
    assert np.isnan(table).all(axis=1).tolist() == [False, True, False]
    assert embedding.errors_[0].index == 1
    with pytest.warns(AudioDecodeWarning):
        tags = embedding.top_tags(tracks, k=2)
    assert [len(answer) for answer in tags] == [2, 0, 2]
    with pytest.raises(AudioDecodeError, match=r"missing\.mp3"):
        CNNEmbedding(tiny, output="units").fit_transform(tracks)


def test_the_same_whatever_n_jobs_and_company(tiny, noise):
    tracks = [noise[i:] for i in range(12)]
    embedding = CNNEmbedding(tiny, output="units", **SIDE_BY_SIDE)
    table = embedding.fit_transform(tracks)
    for n_jobs in (2, -1):
        np.testing.assert_array_equal(embedding.set_params(n_jobs=n_jobs).transform(tracks), table)
    np.testing.assert_array_equal(embedding.transform(tracks[3:4]), table[3:4])


def test_top_tags_are_the_highest_means(tiny, noise):
    embedding = CNNEmbedding(tiny, output="units", **SIDE_BY_SIDE)
    (answer,) = embedding.top_tags([noise], k=3)
    means = embedding.set_params(stats=["mean"]).fit_transform([noise])[0]
    assert [label for label, _ in answer] == ["abcd"[i] for i in np.argsort(-means)[:3]]
    assert [value for _, value in answer] == sorted(means, reverse=True)[:3]
    with pytest.raises(ValueError, match="have no names"):
        CNNEmbedding(tiny, output="levels").top_tags([noise])


def test_statistics_that_it_names_none_of_are_those_around_it(tiny, noise):
    embedding = CNNEmbedding(tiny, output="levels", **SIDE_BY_SIDE)
    assert embedding.stats is None
    alone = embedding.get_feature_names_out().tolist()
    assert alone[:2] == ["cnn0_mean", "cnn0_std"]
    assert AudioFeatures([embedding]).get_feature_names_out().tolist() == alone
    around = AudioFeatures([embedding, "rms"], stats=["max", "min"])
    told = clone(embedding).set_params(stats=["max", "min"])
    np.testing.assert_array_equal(
        around.fit_transform([noise])[:, :-2], told.fit_transform([noise])
    )
    found = genrekit.extract([noise], [embedding, "rms"], sr=SR, stats=["max", "min"])
    assert found.names == around.get_feature_names_out().tolist()
    assert found.names[:2] == ["cnn0_max", "cnn0_min"]
    assert embedding.stats is None  # it is not written into
    # Those of its own win, as they did when they were the default.
    own = clone(embedding).set_params(stats=("mean", "std"))
    assert AudioFeatures([own], stats=["max"]).get_feature_names_out().tolist() == alone


def test_memory_computes_a_track_once_for_all_statistics(tiny, noise, tmp_path, monkeypatch):
    path = _write(tmp_path / "a.wav", noise)
    embedding = CNNEmbedding(tiny, output="units", memory=str(tmp_path / "cache"))
    table = embedding.fit_transform([path])

    def refuse(*args, **kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr(OnnxNetwork, "__call__", refuse)
    np.testing.assert_array_equal(embedding.transform([path]), table)
    assert embedding.set_params(stats=["max"]).transform([path]).shape == (1, 4)
    levels = clone(embedding).set_params(output="levels")
    kept = levels.fit_transform([path])
    monkeypatch.undo()
    np.testing.assert_array_equal(levels.set_params(memory=None).transform([path]), kept)
    monkeypatch.setattr(OnnxNetwork, "__call__", refuse)
    for change in ({"patch_hop": 0.5}, {"max_patches": 3}):
        with pytest.raises(AssertionError, match="computed again"):
            clone(embedding).set_params(**change).fit_transform([path])


def test_two_outputs_side_by_side_take_one_run(tiny, noise, monkeypatch):
    parts = [(name, CNNEmbedding(tiny, output=name, sr=SR)) for name in ("units", "levels")]
    alone = [part.fit_transform([noise]) for _, part in parts]
    answer, calls = OnnxNetwork.__call__, []

    def count(self, batch, outputs):
        calls.append(len(batch))
        return answer(self, batch, outputs)

    monkeypatch.setattr(OnnxNetwork, "__call__", count)
    parts[0][1].fit_transform([noise])
    once = sum(calls)
    calls.clear()
    both = AudioFeatures(parts, sr=SR).fit_transform([noise])
    assert sum(calls) == once
    np.testing.assert_array_equal(both, np.hstack(alone))


def test_defaults_hear_every_third_second():
    assert CNNEmbedding().hearing() == (3.0, 12)


def test_a_card_says_how_often_its_network_hears(make_network, noise):
    path = make_network(patch_hop=0.01, max_patches=5)
    times, _ = CNNEmbedding(path, output="units").patches((noise, SR))
    assert len(times) == 5
    every = CNNEmbedding(path, output="units", max_patches=None, stats=["mean"])
    times, values = every.patches((noise, SR))
    np.testing.assert_allclose(np.diff(times), 0.01)
    given = clone(every).set_params(patch_hop=0.01).fit_transform([(noise, SR)])
    np.testing.assert_array_equal(every.fit_transform([(noise, SR)]), given)
    with pytest.raises(ValueError, match="patch_hop must be a number above 0, not 'often'"):
        clone(every).set_params(patch_hop="often").fit([noise])


def test_another_network_is_another_entry_in_memory(make_network, noise, tmp_path):
    path = _write(tmp_path / "a.wav", noise)
    first = CNNEmbedding(make_network(), output="units", memory=str(tmp_path / "cache"))
    before = first.fit_transform([path])
    wider = {"kind": "waveform", "sr": 4000, "patch": 8}
    second = CNNEmbedding(make_network(input=wider), output="units", memory=first.memory)
    assert np.abs(second.fit_transform([path]) - before).max() > 1e-3


def test_tags_on_the_command_line(tiny, noise, tmp_path, capsys):
    tracks = [_write(tmp_path / "a.wav", noise), str(tmp_path / "missing.mp3")]
    assert main(["tags", *tracks, "--top", "2"]) == 3
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "tag", "probability", "then", "note", "error"]
    assert len(rows) == 2
    assert rows[1].endswith("there is no such file")
    assert main(["tags", tracks[0], "--top", "2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    (expected,) = CNNEmbedding().top_tags(tracks[:1], k=2)
    assert [(tag["tag"], tag["probability"]) for tag in found["top"]] == expected
    assert found["error"] is None
    assert main(["tags", tracks[0], "--network", tiny]) == 1
    assert "unknown output 'tags'" in capsys.readouterr().err


# --- parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"model": "msd-musicn"}, "unknown model 'msd-musicn': did you mean 'msd-musicnn'"),
        ({"output": "tag"}, "unknown output 'tag': did you mean 'tags'"),
        ({"patch_hop": 0}, "patch_hop must be a number above 0"),
        ({"max_patches": 0}, "max_patches must be an integer of at least 1"),
        ({"stats": "mean"}, "stats must be a list"),
        ({"stats": ["mode"]}, "unknown statistic 'mode'"),
        ({"sr": -1}, "^sr must be a number above 0"),
        ({"on_error": "skip"}, "unknown on_error"),
    ],
)
def test_wrong_parameters_are_named_in_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        CNNEmbedding(**parameters).fit([np.zeros(10)])


# --- saving -----------------------------------------------------------------------------------


def test_save_and_load_round_trip(noise, tmp_path):
    embedding = CNNEmbedding(stats=["mean", "max"], max_patches=3, n_jobs=2)
    table = embedding.fit_transform([noise])
    save(embedding, tmp_path / "cnn.skops")
    assert (tmp_path / "cnn.skops").stat().st_size < 10_000  # the network itself stays out
    loaded = load(tmp_path / "cnn.skops")
    assert loaded.sha256_ == embedding.sha256_
    assert loaded.n_jobs is None
    np.testing.assert_array_equal(loaded.transform([noise]), table)
    again = pickle.loads(pickle.dumps(embedding))
    np.testing.assert_array_equal(again.transform([noise]), table)


def _swap_network(card: Path) -> str:
    """Put another network's hash on a card; says both, the old one first."""
    fields = json.loads(card.read_text())
    both = f"{fields['sha256']}.*{'0' * 64}"
    card.write_text(json.dumps({**fields, "sha256": "0" * 64}))
    return both


def _in_company(embedding):
    return make_pipeline(AudioFeatures([embedding, "rms"], sr=SR), StandardScaler())


@pytest.mark.parametrize("within", [lambda embedding: embedding, _in_company])
@pytest.mark.parametrize("fitted", [True, False])
def test_a_saved_one_refuses_another_network(make_network, noise, tmp_path, within, fitted):
    card = make_network(folder="data/models")
    model = within(CNNEmbedding("tiny", output="units", sr=SR))
    if fitted:
        model.fit([noise, noise[:100]])
    save(model, tmp_path / "cnn.skops")
    load(tmp_path / "cnn.skops")
    both = _swap_network(card)
    with pytest.raises(ValueError, match=rf"cnn\.skops: .*fitted with.*SHA-256 {both}"):
        load(tmp_path / "cnn.skops")


def test_a_card_by_path_is_opened_at_first_use(tiny, noise, tmp_path):
    save(_in_company(CNNEmbedding(tiny, output="units")).fit([noise]), tmp_path / "cnn.skops")
    both = _swap_network(Path(tiny))
    loaded = load(tmp_path / "cnn.skops")
    with pytest.raises(ValueError, match=both):
        loaded.transform([noise])


def test_the_manifest_names_networks_and_saving_changes_nothing(tiny, tmp_path):
    embedding = CNNEmbedding(tiny, output="units")
    classifier = GenreClassifier(features=[("cnn", embedding), "rms"])
    save(classifier, tmp_path / "model.skops")
    with zipfile.ZipFile(tmp_path / "model.skops") as archive:
        manifest = json.loads(archive.read("genrekit.json"))
    assert manifest["networks"] == {tiny: get_card(tiny).sha256}
    assert not hasattr(embedding, "sha256_")
    (_, saved), _ = load(tmp_path / "model.skops").features
    assert saved.sha256_ == get_card(tiny).sha256
    assert not hasattr(clone(saved), "sha256_")


def test_another_network_needs_another_fit(make_network, noise):
    card = make_network(folder="data/models")
    embedding = CNNEmbedding("tiny", output="units", sr=SR).fit([noise])
    _swap_network(card)
    with pytest.raises(ValueError, match="use the version it was fitted with, or fit a clone"):
        embedding.transform([noise])
    assert embedding.fit([noise]).sha256_ == "0" * 64


# --- against the original ---------------------------------------------------------------------


def test_reference_answers(data_dir):
    with np.load(data_dir / "musicnn_reference.npz") as reference:
        answers = open_network("msd-musicnn")(reference["logmel"])
        for name, values in answers.items():
            np.testing.assert_allclose(values, reference[name], rtol=0, atol=1e-4)


def test_whole_path_against_the_original(data_dir):
    """Tags of real clips, from the file on: the first patches of those that begin alike."""
    with np.load(data_dir / "gtzan_taggrams_train.npz") as reference:
        taggram, clips = reference["taggram"], reference["clip"]
    with (data_dir / "gtzan_clips" / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["clip"] in set(clips)]
    assert len(rows) == 28
    embedding = CNNEmbedding(patch_hop=1.0, duration=8.0)
    correlations = []
    for row in rows:
        _, tags = embedding.patches(data_dir / row["path"])
        expected = taggram[clips == row["clip"]][: len(tags)]
        correlations.append(np.corrcoef(tags.ravel(), expected.ravel())[0, 1])
    assert np.median(correlations) >= 0.985
    assert min(correlations) >= 0.95


def test_patches_of_thirty_seconds_are_as_many_as_the_originals(data_dir):
    times, _ = CNNEmbedding(patch_hop=1.0, max_patches=None).patches(
        data_dir / "gtzan_clips" / "blues" / "blues.00000.flac"
    )
    assert len(times) == 28
    np.testing.assert_allclose(np.diff(times), 61 * 256 / 16000)
