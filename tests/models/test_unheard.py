"""Behind a network, a track with nothing to judge by is "unknown"."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import soundfile
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from genrekit import (
    AudioContentWarning,
    AudioFeatures,
    CNNEmbedding,
    GenreClassifier,
    PretrainedCNNClassifier,
    SegmentClassifier,
    UnheardWarning,
    cross_validate_genres,
    make_tracks,
)
from genrekit.cli import main
from genrekit.models._unheard import hears_by_network

SR = 22050


@pytest.fixture(scope="module")
def music():
    return make_tracks(1, genres=["arpeggio"], sr=SR, duration=3.0).waveforms[0].astype(np.float32)


@pytest.fixture(scope="module")
def files(music, tmp_path_factory):
    """Paths of a track as it is and of what is left of it."""
    folder = tmp_path_factory.mktemp("files")
    quiet = music * 10 ** (-72 / 20) / np.sqrt(np.mean(music**2))
    waveforms = {
        "music": music,
        "silent": 0 * music,
        "quiet": quiet,
        "short": music[: SR - 1],
        "second": music[:SR],
        "opposite": np.column_stack([music, -music]),
        "opposite-short": np.column_stack([music, -music])[:2000],
    }
    for name, y in waveforms.items():
        soundfile.write(folder / f"{name}.wav", y, SR, "FLOAT")
    return {name: str(folder / f"{name}.wav") for name in waveforms}


UNHEARD = ["silent", "quiet", "short", "opposite-short"]
# What all thirteen genres are then.
EVEN = 1 / 13


@pytest.fixture(scope="module")
def clf():
    return GenreClassifier.from_pretrained()


def notes(caught):
    """What is said of which track, and how many warnings say it."""
    contents = [w.message for w in caught if isinstance(w.message, AudioContentWarning)]
    return [(note.index, note.note) for warning in contents for note in warning.notes]


def test_what_cannot_be_judged_is_unknown(clf, files):
    with warnings.catch_warnings(record=True, action="always") as caught:
        found = clf.predict(list(files.values()))
    unknown = [name for name, genre in zip(files, found, strict=True) if genre == "unknown"]
    assert unknown == UNHEARD
    assert found[5] == found[0]
    opposite = "channels in opposite phase, the first is heard"
    said = [(1, "silent"), (2, "silent"), (3, "under 1 s"), (6, "under 1 s")]
    assert notes(caught) == [(5, opposite), (6, opposite), *said]
    assert len(caught) == 2
    assert caught[1].filename == __file__
    assert "4 of 7 tracks hold too little" in str(caught[1].message)
    assert "silent.wav: silent" in str(caught[1].message)


def test_its_probabilities_are_all_alike(clf, files):
    with pytest.warns(UnheardWarning):
        proba = clf.predict_proba([files[name] for name in ["music", *UNHEARD, "opposite"]])
    np.testing.assert_allclose(proba[1:-1], EVEN)
    np.testing.assert_allclose(proba[0], proba[-1], rtol=1e-12)  # BLAS: not bit-equal
    assert proba[0].max() > 0.3
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    with pytest.warns(UnheardWarning):
        assert [p for _, p in clf.top_k([files["silent"]])[0]] == pytest.approx([EVEN] * 3)


def test_a_second_is_enough(clf, files):
    with warnings.catch_warnings(action="error"):
        assert clf.predict([files["second"], files["music"]]).dtype.kind == "U"


def test_waveforms_and_bytes(clf, files, music):
    content = open(files["silent"], "rb").read()  # noqa: SIM115
    with pytest.warns(UnheardWarning):
        found = clf.predict([content, (0 * music, SR), 0 * music, (np.stack([0 * music] * 2), SR)])
    assert found.tolist() == ["unknown"] * 4


def test_rows_of_a_matrix_are_always_judged(clf, music):
    with warnings.catch_warnings(action="error"):
        found = clf.predict(np.stack([0 * music[:5000], music[:5000]]))
    assert set(found.tolist()) <= set(clf.classes_.tolist())


def test_what_is_read_decides(files, clf):
    late = GenreClassifier.from_pretrained(offset=2.5)
    with pytest.warns(UnheardWarning, match="music.wav: under 1 s"):
        assert late.predict([files["music"]]).tolist() == ["unknown"]


def test_a_score_takes_it_for_wrong(clf, files):
    genre = clf.predict([files["music"]])[0]
    with pytest.warns(UnheardWarning):
        assert clf.score([files["music"], files["silent"]], [genre, genre]) == 0.5


def test_the_cache_knows_it(files, tmp_path):
    clf = GenreClassifier.from_pretrained(memory=tmp_path)
    for _ in range(2):
        with pytest.warns(UnheardWarning):
            assert clf.predict([files["silent"], files["short"]]).tolist() == ["unknown"] * 2


def test_timeline(clf, files):
    for name, even in {"silent": True, "short": True, "music": False, "opposite": False}.items():
        with warnings.catch_warnings(record=True, action="always") as caught:
            found = clf.timeline(files[name], window=3.0).probabilities
            np.testing.assert_allclose(found, clf.predict_proba([files[name]]))
        assert np.allclose(found, EVEN) == even
        assert len(caught) == (0 if name == "music" else 2)  # one of each call


def test_segments(files, clf):
    segments = SegmentClassifier(clf, segment_duration=1.0)
    X = [files[name] for name in ("music", "silent", "short", "opposite")]
    segments.classes_, segments.estimator_ = clf.classes_, clf
    with warnings.catch_warnings(record=True, action="always") as caught:
        found = segments.predict(X)
        proba = segments.predict_proba(X)
    assert found[1:3].tolist() == ["unknown"] * 2
    assert found[3] == found[0] != "unknown"
    np.testing.assert_allclose(proba[1:3], EVEN)
    np.testing.assert_allclose(proba[3], proba[0], rtol=1e-12)
    assert [w.category for w in caught] == 2 * [AudioContentWarning, UnheardWarning]


@pytest.mark.parametrize("features", [None, [CNNEmbedding(), "rms"]])
def test_trained_on_a_network(features, files):
    tracks = make_tracks(3, genres=["drone", "pulse"], sr=SR, duration=1.5)
    X = [(y, SR) for y in tracks.waveforms]
    genres = (np.asarray(tracks.target) == "pulse").astype(int)  # whole numbers
    clf = PretrainedCNNClassifier(features=features).fit(X, genres)
    with pytest.warns(UnheardWarning):
        found = clf.predict([*X[:1], files["silent"]])
    assert found.tolist() == [0, -1]
    assert found.dtype.kind == "i"
    with pytest.warns(UnheardWarning):
        report = cross_validate_genres(
            PretrainedCNNClassifier(features=features),
            [*X, files["silent"]],
            [*tracks.target, "pulse"],
            cv=3,
            random_state=0,
        )
    assert report.y_pred[-1] == "unknown"


def test_other_classifiers_judge_everything(files):
    tracks = make_tracks(5, genres=["drone", "pulse"], sr=SR, duration=2.0)
    clf = GenreClassifier("logreg", ["rms", "mfcc"], calibrate=False)
    clf.fit([(y, SR) for y in tracks.waveforms], tracks.target)
    with warnings.catch_warnings(action="error"):
        assert "unknown" not in clf.predict([files["silent"], files["short"]])


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (CNNEmbedding(), True),
        (AudioFeatures(["rms", CNNEmbedding()]), True),
        (make_pipeline(CNNEmbedding(), LogisticRegression()), True),
        (GridSearchCV(make_pipeline(CNNEmbedding(), LogisticRegression()), {}), True),
        (GenreClassifier(), False),
        (AudioFeatures(), False),
    ],
)
def test_what_hears_by_a_network(estimator, expected):
    assert hears_by_network(estimator) == expected


def test_tags(files):
    with pytest.warns(AudioContentWarning, match="1 of 2 tracks hold too little to be tagged"):
        tags = CNNEmbedding().top_tags([files["music"], files["silent"]], k=1)
    assert [len(found) for found in tags] == [1, 1]


def test_the_command(files, capsys):
    paths = [files[name] for name in ("music", "silent", "opposite")]
    assert main(["predict", *paths, "--json"]) == 0
    out, err = capsys.readouterr()
    music, silent, opposite = json.loads(out)
    assert (music["note"], music["genre"]) == (None, opposite["genre"])
    assert (silent["note"], silent["genre"], silent["probability"]) == ("silent", "unknown", None)
    assert [round(top["probability"], 6) for top in silent["top"]] == [round(EVEN, 6)] * 3
    assert opposite["note"] == "channels in opposite phase, the first is heard"
    assert err.count("genrekit: warning: 1 of 3 tracks") == 2
    assert main(["predict", *paths]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "genre", "probability", "novelty", "then", "note", "error"]
    assert rows[1].split()[1] == "unknown"
    assert rows[1].endswith("silent")
    assert main(["tags", files["silent"]]) == 0
    assert capsys.readouterr().out.splitlines()[2].endswith("silent")
