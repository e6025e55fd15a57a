"""The scripts that train networks, on miniatures of the same layout."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from genrekit import make_tracks

SCRIPTS = ["mel_images", "short_clips", "networks"]
GENRES = ["blues", "classical", "rock"]
TINY = {"max_epochs": 2, "network_params": {"width": 4, "blocks": 2, "units": 8}}


@pytest.fixture
def kept(reproduce):
    """What the scripts share."""
    return reproduce("_kept")


@pytest.fixture
def images(tmp_path, kept):
    """Pictures of clips of all parts, of genres that lie in bands of their own."""
    rng = np.random.default_rng(0)
    clips = np.array([f"{genre}.{i:05d}" for genre in GENRES for i in range(100)])
    parts = kept.gtzan_facts(clips)[1]
    chosen = [
        i
        for genre in GENRES
        for part in ("train", "valid", "test")
        for i in np.flatnonzero((parts == part) & (np.char.find(clips, genre) == 0))[:5]
    ]
    genres = np.array([clip.partition(".")[0] for clip in clips[chosen]])
    pictures = rng.integers(0, 100, (len(chosen), 33, 80))
    for picture, genre in zip(pictures, genres, strict=True):
        band = 10 * GENRES.index(genre) + 4
        picture[band : band + 6] += 120
    np.savez(
        tmp_path / "gtzan_images.npz",
        image=pictures.astype("uint8"), clip=clips[chosen], genre=genres,
    )  # fmt: skip
    return tmp_path


@pytest.fixture
def choice(tmp_path, reproduce):
    """The committed choice, for a tiny network."""
    chosen = json.loads(reproduce("mel_images").CHOICE.read_text(encoding="utf-8"))
    chosen["pictures"]["n_mels"] = 8
    chosen["network"] |= {**TINY, "segment_duration": 32, "segment_hop": 32, "batch_size": 8}
    chosen["asked_every"] = 16
    path = tmp_path / "choice.json"
    path.write_text(json.dumps(chosen), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_the_data_a_sentence_and_a_clean_end(reproduce, name, tmp_path, capsys):
    assert reproduce(name).script(["--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("not run: gtzan_")


def test_bands_are_averages_of_bins(reproduce):
    weights = reproduce("mel_images").mel_average(129, 64, 30.0)
    assert weights.shape == (64, 129)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    assert (np.diff(weights @ np.arange(129.0)) > 0).all()


def test_a_random_split_has_the_same_sizes_and_tears_artists_apart(reproduce, images):
    module = reproduce("mel_images")
    clips = module.read(images / "gtzan_images.npz", n_mels=8, fmin=30.0)
    random = module.split_at_random(clips, 0)
    for part in ("train", "valid", "test"):
        assert np.sum(random.part == part) == np.sum(clips.part == part) == 15
    assert (random.part != clips.part).any()
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert not set(clips.artists[clips.part == one]) & set(clips.artists[clips.part == other])


def test_pictures_are_learned_once_and_asked_about_twice(reproduce, images, choice, capsys):
    pytest.importorskip("torch")
    module = reproduce("mel_images")
    options = ["--root", str(images), "--choice", str(choice), "--models", str(images / "kept")]
    assert module.script([*options, "--seeds", "0", "1"]) == 0
    out = capsys.readouterr().out
    assert "15 train, 15 valid, 15 test; 8 mel bands" in out
    assert "asked about valid" in out
    assert "cnn, seed 1" in out
    assert "valid chose the epochs" in out
    before = {path: path.stat().st_mtime_ns for path in (images / "kept").glob("*.skops")}
    assert len(before) == 2
    assert module.script([*options, "--seeds", "0", "1", "--part", "test"]) == 0
    out = capsys.readouterr().out
    assert "asked about test" in out
    assert "0.545" in out
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert module.script([*options, "--seeds", "0", "--random"]) == 0
    assert "Random split of the same sizes" in capsys.readouterr().out


def test_training_never_sees_the_test(reproduce, images, choice, capsys):
    pytest.importorskip("torch")
    module, said = reproduce("mel_images"), []
    for i in range(2):
        options = ["--root", str(images), "--choice", str(choice), "--seeds", "0"]
        assert module.script(options) == 0
        said.append(capsys.readouterr().out)
        path = images / "gtzan_images.npz"
        with np.load(path) as arrays:
            changed = dict(arrays)
        test = module.gtzan_facts(changed["clip"])[1] == "test"
        changed["image"][test] = 255 * i
        np.savez(path, **changed)
    assert said[0] == said[1]


def test_the_committed_choice_is_that_of_train_and_valid(reproduce):
    choice = json.loads(reproduce("mel_images").CHOICE.read_text(encoding="utf-8"))
    assert choice["n_tracks"] == 433 + 196
    assert "without test" in choice["data"]


class Counting:
    """Counts what is fitted, over all clones."""

    fitted = 0


@pytest.fixture
def folds(kept):
    from sklearn.naive_bayes import GaussianNB

    class Counted(GaussianNB):
        def fit(self, X, y):
            Counting.fitted += 1
            return super().fit(X, y)

    Counting.fitted = 0
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 12)
    X = rng.normal(size=(24, 2)) + (y == "b")[:, np.newaxis]
    splits = [(np.arange(i % 2, 24, 2), np.arange(1 - i % 2, 24, 2)) for i in range(2)]
    return Counted(), X, y, splits


def test_folds_that_are_kept_are_not_run_again(kept, folds, tmp_path):
    from genrekit.evaluation import cross_validate_genres

    model, X, y, splits = folds
    options = {"groups": np.arange(24) // 2, "splits": splits, "folder": tmp_path}
    first = kept.evaluate("bayes", model, X, y, **options)
    again = kept.evaluate("bayes", model, X, y, **options)
    assert Counting.fitted == 2
    whole = cross_validate_genres(model, X, y, groups=options["groups"], cv=splits)
    for report in (first, again):
        assert report.interval == whole.interval
        for name in ("y_true", "y_pred", "folds", "groups", "probabilities"):
            np.testing.assert_array_equal(getattr(report, name), getattr(whole, name))
    kept.evaluate("bayes", model.set_params(var_smoothing=0.1), X, y, **options)
    assert Counting.fitted == 2 + 2 + 2  # other parameters are other folds
    (broken := sorted(tmp_path.glob("bayes-*-1.npz"))[0]).unlink()
    kept.evaluate("bayes", model.set_params(var_smoothing=1e-9), X, y, **options)
    kept.evaluate("bayes", model.set_params(var_smoothing=0.1), X, y, **options)
    assert Counting.fitted == 7
    assert broken.exists()


@pytest.fixture
def clips(kept):
    """Six clips of each of two genres, each by another artist."""
    chosen = []
    for genre in ("pop", "rock"):
        every = np.array([f"{genre}.{i:05d}" for i in range(100)])
        _, first = np.unique(kept.gtzan_facts(every)[0], return_index=True)
        chosen += every[np.sort(first)][:6].tolist()
    return chosen


@pytest.fixture
def music(tmp_path, clips):
    """Clips by six artists a genre, short ones and longer ones, and sequences of answers."""
    made = make_tracks(6, genres=["drone", "pulse"], duration=4.0, random_state=0)
    for y, clip in zip(made.waveforms, clips, strict=True):
        for folder, seconds in (("gtzan_short", 2.2), ("gtzan_clips", 3.5)):
            path = tmp_path / folder / clip.partition(".")[0] / f"{clip}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, y[: int(seconds * made.sr)], made.sr)
    answers = np.random.default_rng(0).random((len(clips) * 29, 50)).astype("float32")
    np.savez(
        tmp_path / "gtzan_taggrams_train.npz", taggram=answers, clip=np.repeat(clips, 29),
        genre=np.repeat([clip.partition(".")[0] for clip in clips], 29),
    )  # fmt: skip
    return tmp_path


def test_short_clips_and_a_paired_difference(reproduce, music, monkeypatch, capsys):
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline

    from genrekit import AudioFeatures

    module = reproduce("short_clips")
    assert module.FROZEN in module.models(music)
    quick = {
        name: make_pipeline(AudioFeatures(features), GaussianNB())
        for name, features in ((module.FROZEN, ["rms"]), (module.TUNED, ["mfcc"]))
    }
    monkeypatch.setattr(module, "models", lambda memory: quick)
    options = ["--root", str(music), "--n-folds", "3", "--folds", str(music / "folds")]
    assert module.script(options) == 0
    out = capsys.readouterr().out
    assert "data: 12 clips of 2 to 3 s" in out
    assert "fine-tuned minus frozen, on the same clips: " in out
    assert len(list((music / "folds").glob("*.npz"))) == 6
    assert module.script([*options, "--only", "frozen"]) == 0
    assert "fine-tuned" not in capsys.readouterr().out


def test_cells_of_the_table_of_networks(reproduce, music, monkeypatch, capsys):
    pytest.importorskip("torch")
    module = reproduce("networks")
    assert len(module.PUBLISHED) == 9
    cells = [("MFCC", "CNN"), ("embedding", "LSTM"), ("mel + MFCC", "parallel")]
    monkeypatch.setattr(module, "PUBLISHED", {cell: module.PUBLISHED[cell] for cell in cells})
    whole = module.make_network

    def tiny(inputs, network, args):
        params = {"units": 4} if network == "LSTM" else {"width": 4}
        return whole(inputs, network, args).set_params(network_params=params, verbose=0)

    monkeypatch.setattr(module, "make_network", tiny)
    options = ["--root", str(music), "--n-folds", "2", "--epochs", "1"]
    assert module.script([*options, "--folds", str(music / "kept")]) == 0
    out = capsys.readouterr().out
    assert "24 files of 12 clips" in out
    assert "24 pieces of 3 s" in out
    assert "12 sequences of 28 answers" in out
    for (inputs, network), number in module.PUBLISHED.items():
        (line,) = [line for line in out.splitlines() if line.startswith(f"{inputs}  ")]
        assert network in line
        assert line.endswith(f"{number:.2f}")
        assert line.count(" to ") == (2 if inputs == "embedding" else 4)
    assert module.script([*options, "--only", "LSTM", "--folds", str(music / "kept")]) == 0
    assert "parallel" not in capsys.readouterr().out


def test_pieces_and_pooling(reproduce):
    module = reproduce("networks")
    seconds = [np.zeros(int(s * 22050), "float32") for s in (2.2, 3.0, 8.9)]
    labels = np.array(["a", "b", "b"])
    pieces = module.pieces_of(module.Music(seconds, labels, labels, np.array(["x", "y", "z"])))
    assert [len(piece) for piece in pieces.items] == [48510, 66150, 66150, 66150]
    assert pieces.clips.tolist() == ["x", "y", "z", "z"]
    assert pieces.genres.tolist() == ["a", "b", "b", "b"]


def test_rows_of_a_network_that_is_not_there_are_left_out(reproduce, music, monkeypatch, capsys):
    monkeypatch.setenv("GENREKIT_DATA", str(music / "none"))
    options = ["--root", str(music), "--only", "YAMNet", "--n-folds", "2"]
    assert reproduce("networks").script(options) == 0
    out = capsys.readouterr().out
    assert out.startswith("left out: YAMNet: genrekit models --fetch yamnet\n")
    assert "0.81" not in out


def test_a_piece_is_five_answers_of_yamnet(reproduce):
    from types import SimpleNamespace

    from genrekit.networks import rows_inputs

    args = SimpleNamespace(epochs=1)
    made = reproduce("networks").make_network("YAMNet", "CNN", args)
    assert (made.network, made.segment_duration) == ("cnn1d", 3.0)
    ((entry,), _) = rows_inputs(made.inputs, segment_duration=made.segment_duration)
    assert entry.shape == (1024, 5)
