"""Ctrl-C ends the work in the middle of a file, in threads too."""

from __future__ import annotations

import atexit
import signal
import subprocess
import sys
import threading
from unittest import mock

import pytest

from genrekit.engine import _loop as _extract

# A file that never ends, read by a decoder that tells when it was closed.
PROGRAM = """
import os, signal, sys
import numpy as np
import genrekit
from genrekit.audio import Decoded
from genrekit.features import _extract
from genrekit.engine._tracks import TrackSegment

_extract._PATIENCE = 30  # other work on this machine may keep a thread from noticing at once

# Whoever runs the tests in the background may have told their children to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

def say(word):
    os.write(1, (word + "\\n").encode())  # at once, where print would let threads mix

def endless():
    try:
        while True:
            say("block")
            yield np.zeros((65536, 1), np.float32)
    finally:
        say("closed")

def decoder(source, *, offset, duration):
    return Decoded(22050, endless())

kind, n_jobs, *tracks = sys.argv[1:]
if kind == "segments":
    tracks = [TrackSegment(track, 22050, length=100, decoder=decoder) for track in tracks]
try:
    genrekit.extract(tracks, ["rms"], decoder=decoder, n_jobs=int(n_jobs))
except KeyboardInterrupt:
    say("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.parametrize("kind", ["tracks", "segments"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_interrupt_stops_inside_a_file(tmp_path, n_jobs, kind):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    tracks = [tmp_path / f"{i}.mp3" for i in range(4)]
    for track in tracks:
        track.write_bytes(b"music")
    command = [sys.executable, str(script), kind, str(n_jobs), *map(str, tracks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(20):
            assert process.stdout.readline() == "block\n"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    said = [line for line in output.splitlines() if line != "block"]
    assert said == ["closed"] * n_jobs + ["interrupted"]
    assert output.endswith("interrupted\n")  # and nothing was read after that


def test_a_thread_that_does_not_notice_is_left_behind(monkeypatch):
    monkeypatch.setattr(_extract, "_PATIENCE", 0.01)
    stop, busy = _extract._Stop(), threading.Event()
    threads = {threading.Thread(target=busy.wait) for _ in range(3)}
    for thread in threads:
        thread.start()
    stop.threads |= threads | {threading.current_thread()}
    at_the_end = mock.Mock()
    monkeypatch.setattr(atexit, "register", at_the_end)
    stop.wait()
    assert all(thread.is_alive() for thread in threads)
    join, left, seconds = at_the_end.call_args.args
    assert (left, seconds) == (threads, 10)
    busy.set()
    join(left, seconds)
    assert not any(thread.is_alive() for thread in threads)


def test_a_thread_whose_work_reads_by_itself_is_waited_for_too(monkeypatch):
    monkeypatch.setattr(_extract, "_PATIENCE", 0.01)
    at_the_end = mock.Mock()
    monkeypatch.setattr(atexit, "register", at_the_end)
    begun, go_on = threading.Event(), threading.Event()

    def work(item, decoder, read):
        return item if item == "a" else begun.set() or go_on.wait()

    outcomes = _extract.attempts(["a", "b"], work, n_jobs=2)
    assert next(outcomes) == "a"
    assert begun.wait(30)
    outcomes.close()
    join, left, seconds = at_the_end.call_args.args
    assert [thread.is_alive() for thread in left] == [True]
    go_on.set()
    join(left, seconds)
    assert not any(thread.is_alive() for thread in left)
