"""The clock of extraction."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

import genrekit
from genrekit.engine._clock import clocked, extraction_clock

NOISE = np.random.default_rng(0).normal(size=2000)


def test_extraction_is_noted_within_the_block_only():
    genrekit.extract([NOISE], ["rms"])
    with extraction_clock() as seen:
        genrekit.extract([NOISE], ["rms"])
        genrekit.AudioFeatures(["rms"]).fit_transform([NOISE])
    genrekit.extract([NOISE], ["rms"])
    assert len(seen) == 2
    assert min(extracted.seconds for extracted in seen) > 0


@pytest.mark.filterwarnings("ignore:1 of 2 tracks")
def test_failures_are_noted():
    with extraction_clock() as seen:
        genrekit.extract([NOISE, b""], ["rms"])
    ((index, path, reason),) = seen[0].errors
    assert (index, path) == (1, "<bytes, item 1>")
    assert reason


def test_a_clock_inside_a_clock_is_on_its_own():
    with extraction_clock() as outer:
        with extraction_clock() as inner:
            genrekit.extract([NOISE], ["rms"])
        genrekit.extract([NOISE], ["rms"])
    assert (len(outer), len(inner)) == (1, 1)


def test_threads_have_clocks_of_their_own():
    def work():
        genrekit.extract([NOISE], ["rms"])

    with extraction_clock() as seen:
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert seen == []


def test_what_fails_took_its_time():
    @clocked
    def fail():
        raise RuntimeError("no")

    with extraction_clock() as seen, pytest.raises(RuntimeError):
        fail()
    assert len(seen) == 1
