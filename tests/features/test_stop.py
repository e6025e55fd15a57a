"""Ctrl-C ends the work in the middle of a file, in threads too."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

# A file that never ends, read by a decoder that tells when it was closed.
PROGRAM = """
import os, signal, sys
import numpy as np
import genrekit
from genrekit.audio import Decoded

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

try:
    genrekit.extract([sys.argv[0]] * 4, ["rms"], decoder=decoder, n_jobs=int(sys.argv[1]))
except KeyboardInterrupt:
    say("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_interrupt_stops_inside_a_file(tmp_path, n_jobs):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, str(script), str(n_jobs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(20):
            assert process.stdout.readline() == "block\n"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    said = [line for line in output.splitlines() if line != "block"]
    assert said == ["closed"] * n_jobs + ["interrupted"]
    assert output.endswith("interrupted\n")  # and nothing was read after that
