"""What one track raises costs the others nothing, and workers that die are missed."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from typing import Any

import joblib
import numpy as np
import pytest

from genrekit import AudioDecodeError, AudioDecodeWarning, AudioFeatures, GenreClassifier, extract
from genrekit.audio import Decoded

SR = 22050


class Frail:
    """A `Part` that some tracks are too much for."""

    def __init__(self, error: BaseException, always: bool = False) -> None:
        self.error, self.always = error, always

    def frontend(self, inherited: Any) -> Any:
        return inherited

    def requests(self) -> tuple[Any, ...]:
        return ()

    def describe(self, spectra: Any) -> Any:
        if self.always or spectra.seconds == 0.5:
            raise self.error
        return np.full((1, 1), spectra.seconds)

    frames = describe

    def row(self, description: Any) -> Any:
        return description.ravel()

    def columns(self, name: str) -> list[str]:
        return [name]

    def key(self) -> tuple[Any, ...]:
        return "frail", self.always


def raising(error: BaseException, late: bool = True) -> Any:
    """A decoder that raises at bytes that say so, at once or in the middle of a file."""

    def decoder(source: Any, *, offset: float, duration: float | None) -> Decoded:
        def blocks():
            yield np.full((SR, 1), 0.1, np.float32)
            if source == b"bad":
                raise error

        if source == b"bad" and not late:
            raise error
        return Decoded(SR, blocks())

    return decoder


ERRORS = {
    "memory": MemoryError(),
    "array": MemoryError("Unable to allocate 4.00 GiB"),
    "recursion": RecursionError("maximum recursion depth exceeded"),
    "index": IndexError("list index out of range"),
    "key": KeyError("data"),
    "own": type("StrangeError", (Exception,), {})("strange"),
    "system": OSError(24, "Too many open files"),
    "value": ValueError("cannot reshape"),
}


@pytest.fixture
def waves():
    """The second one is half a second long."""
    t = np.arange(SR) / SR
    y = np.sin(2 * np.pi * 440 * t)
    return [y, y[: SR // 2], y]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_that_of_its_track(kind, n_jobs, waves, tmp_path):
    error = ERRORS[kind]
    part = [("x", Frail(error))]
    for options in ({}, {"memory": tmp_path}, {"pooled": False}):
        with pytest.warns(AudioDecodeWarning, match="1 of 3"):
            found = extract(waves, part, n_jobs=n_jobs, **options)
        (failed,) = found.errors
        assert failed[:2] == (1, "<waveform, item 1>")
        assert type(error).__name__ in failed.reason
        assert str(error) in failed.reason
    features = AudioFeatures(part, on_error="nan", n_jobs=n_jobs)
    with pytest.warns(AudioDecodeWarning):
        table = features.fit_transform(waves)
    assert np.isnan(table[:, 0]).tolist() == [False, True, False]
    with pytest.raises(AudioDecodeError, match=f"item 1>: .*{type(error).__name__}"):
        features.set_params(on_error="raise").fit_transform(waves)


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("kind", ERRORS)
def test_so_is_that_of_its_decoder(kind, late, tmp_path):
    decoder = raising(ERRORS[kind], late)
    with pytest.warns(AudioDecodeWarning, match="1 of 3"):
        found = extract([b"good", b"bad", b"good"], ["rms"], decoder=decoder)
    assert [error.index for error in found.errors] == [1]
    assert np.isfinite(found.table[[0, 2]]).all()


def test_a_classifier_leaves_such_a_track_out(waves):
    clf = GenreClassifier("knn", [("x", Frail(MemoryError()))], on_error="nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf.fit([*waves, waves[0] / 2], ["a", "b", "b", "a"])
        answers = clf.predict(waves)
    assert [error.index for error in clf.fit_errors_] == [1]
    assert [answer is None for answer in answers] == [False, True, False]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_who_wants_to_stop_is_not_held_up(error, waves):
    for call in (
        lambda: extract(waves, [("x", Frail(error))]),
        lambda: extract([b"bad"], ["rms"], decoder=raising(error)),
    ):
        with pytest.raises(type(error)):
            call()


@pytest.mark.parametrize("on_error", ["nan", "raise"])
@pytest.mark.parametrize("kind", ERRORS)
def test_what_every_track_raises_is_a_mistake_elsewhere(kind, on_error, waves):
    error = ERRORS[kind]
    with pytest.raises(type(error)) as caught:
        extract(waves, [("x", Frail(error, always=True))], on_error=on_error, offset=0.2)
    assert not isinstance(caught.value, AudioDecodeError)


def test_mistakes_in_parameters_are_raised(waves):
    with pytest.raises(ValueError, match=r"(?i)window"):
        extract(waves, ["rms", "mfcc"], window="hahn")
    with pytest.raises(TypeError, match=r"decoder must be a callable .*not 'soundfile'"):
        extract(waves, ["rms"], decoder="soundfile")
    with pytest.raises(ImportError, match="missing"):
        extract(waves, [("x", Frail(ImportError("missing")))])


# --- workers that die -------------------------------------------------------------------------


def deadly(source: Any, *, offset: float, duration: float | None) -> Decoded:
    """A decoder that ends its process at bytes that say so, as want of memory does."""
    if source == b"die":
        os.kill(os.getpid(), signal.SIGKILL)
    return Decoded(SR, iter([np.full((SR, 1), 0.1, np.float32)]))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.parametrize("backend", ["multiprocessing", "loky"])
def test_a_worker_that_is_killed_ends_the_run(backend):
    tracks = [b"a", b"b", b"die", b"c", b"d"]
    with joblib.parallel_config(backend), pytest.raises(RuntimeError, match="memory"):
        extract(tracks, ["rms"], n_jobs=2, decoder=deadly)
    # The next run is none the worse for it.
    with joblib.parallel_config(backend):
        found = extract([b"a", b"b", b"c"], ["rms"], n_jobs=2, decoder=deadly)
    assert found.errors == []
