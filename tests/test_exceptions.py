"""Warnings name the line of whoever called genrekit."""

from __future__ import annotations

import inspect
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

import genrekit
from genrekit import AudioFeatures, GenreClassifier, SegmentClassifier
from genrekit.evaluation import check_leakage, compare, cross_validate_genres
from genrekit.exceptions import (
    AudioDecodeError,
    AudioDecodeWarning,
    GenrekitWarning,
    TrackError,
    warn_caller,
)

SR = 8000
SMALL = {"sr": SR, "n_fft": 256, "hop_length": 128}
LABELS = ["hiss", "hum"] * 4


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Eight tracks, the last of which is broken."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    for i in range(7):
        y = rng.standard_normal(SR) if i % 2 == 0 else np.sin(np.arange(SR) / (i + 9))
        soundfile.write(folder / f"{i}.wav", y / 9, SR)
    (folder / "7.wav").write_bytes(b"<html>")
    return [folder / f"{i}.wav" for i in range(8)]


def features():
    return AudioFeatures(["rms", "zero_crossing_rate"], **SMALL, on_error="nan")


def make_classifier():
    return GenreClassifier(GaussianNB(), features(), on_error="nan", random_state=0)


@pytest.fixture(scope="module")
def clf(files):
    with warnings.catch_warnings(action="ignore"):
        return make_classifier().fit(files, LABELS)


# Each takes the files and a classifier fitted on them.
CALLS = {
    "predict": lambda files, clf: clf.predict(files),
    "predict_proba": lambda files, clf: clf.predict_proba(files),
    "top_k": lambda files, clf: clf.top_k(files),
    "score": lambda files, clf: clf.score(files, LABELS),
    "fit": lambda files, clf: make_classifier().fit(files, LABELS),
    "transform": lambda files, clf: features().transform(files),
    "fit_transform": lambda files, clf: features().fit_transform(files),
    "extract": lambda files, clf: genrekit.extract(files, ["rms"], **SMALL),
    "frames": lambda files, clf: genrekit.extract(files, ["rms"], **SMALL, pooled=False),
    "cross_validate_genres": lambda files, clf: cross_validate_genres(
        make_classifier(), files, LABELS, cv=2
    ),
    "compare": lambda files, clf: compare([make_classifier()], files, LABELS, cv=2),
    "check_leakage": lambda files, clf: check_leakage(
        [files[0], files[0]], PredefinedSplit([0, 1])
    ),
    "segments": lambda files, clf: SegmentClassifier(
        make_classifier(), sr=SR, segment_duration=0.5, on_error="nan"
    ).fit(files, LABELS),
    "a pipeline": lambda files, clf: make_pipeline(features(), "passthrough").fit_transform(files),
    "a score in scikit-learn": lambda files, clf: cross_val_score(
        make_classifier(), files, LABELS, cv=2
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_warnings_point_at_the_caller(call, files, clf):
    with warnings.catch_warnings(record=True, action="always") as caught:
        CALLS[call](files, clf)
    lines, first = inspect.getsourcelines(CALLS[call])
    assert caught
    for warning in caught:
        assert warning.filename == __file__
        assert first <= warning.lineno < first + len(lines)


def test_a_line_that_warns_again_is_heard_once():
    with warnings.catch_warnings(record=True, action="default") as caught:
        for _ in range(2):
            warn_caller("once")
    assert [warning.category for warning in caught] == [GenrekitWarning]


def test_a_thread_has_no_caller():
    with warnings.catch_warnings(record=True, action="always") as caught:
        thread = threading.Thread(target=warn_caller, args=("from a thread",))
        thread.start()
        thread.join()
    assert [(str(w.message), w.filename) for w in caught] == [("from a thread", threading.__file__)]


def test_what_a_file_is_called_can_not_act_on_a_terminal():
    error = AudioDecodeError("\x1b[2J\n.mp3", "it is empty")
    assert str(error) == r"\x1b[2J\n.mp3: it is empty"
    assert error.path == "\x1b[2J\n.mp3"
    assert str(AudioDecodeWarning("first: \x1b[2J.mp3")) == r"first: \x1b[2J.mp3"
    with pytest.warns(GenrekitWarning, match=r"^first: \\x1b\[2J\.mp3$"):
        warn_caller("first: \x1b[2J.mp3")


def test_a_summary_leaves_out_what_each_decoder_said():
    tried = [("soundfile", "Format not recognised"), ("pyav", "Invalid data")]
    error = AudioDecodeError(
        "x.mp3", "no decoder could read it", tried, "an HTML page", "Reload it"
    )
    track = TrackError(0, error.path, error.explanation)
    assert track.summary == "no decoder could read it; it looks like an HTML page"
    assert "; tried soundfile (Format not recognised), pyav" in track.reason
    assert TrackError(0, "x.mp3", "it is empty").summary == "it is empty"


def test_nobody_counts_frames_by_hand():
    sources = Path(genrekit.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if "stacklevel" in path.read_text("utf-8")] == []
