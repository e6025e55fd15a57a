from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest

from genrekit import extract
from genrekit.audio import _pipes, load_audio
from genrekit.audio._source import as_source, without_pipe
from genrekit.exceptions import AudioDecodeError

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes as files")


@pytest.fixture(scope="module")
def content(encode, sound):
    """Four seconds of sound as an MP3, more than a pipe holds."""
    return encode(sound(4.0), kind="MP3")


@pytest.fixture(scope="module")
def expected(content):
    return load_audio(content)


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "song.mp3"
    os.mkfifo(path)
    return path


def write_behind(path, content):
    """Write into a pipe from another thread, in small pieces."""

    def write():
        with open(path, "wb", buffering=0) as pipe:
            for start in range(0, len(content), 5000):
                pipe.write(content[start : start + 5000])

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_named_pipe_is_read_whole_each_time_somebody_writes(fifo, content, expected):
    for _ in range(2):
        thread = write_behind(fifo, content)
        np.testing.assert_array_equal(load_audio(fifo), expected)
        thread.join()


def test_own_pipe_gives_the_same_to_whoever_asks(content, expected):
    reading, writing = os.pipe()
    thread = write_behind(writing, content)
    path = f"/dev/fd/{reading}"
    for _ in range(2):
        np.testing.assert_array_equal(load_audio(path), expected)
    rows = extract([path, content], ["rms"], sr=22050).table
    np.testing.assert_array_equal(rows[0], rows[1])
    thread.join()
    os.close(reading)


def test_what_pipes_gave_is_not_kept_without_end(monkeypatch):
    monkeypatch.setattr(_pipes, "_READ", {})
    monkeypatch.setattr(_pipes, "MAX_STREAM", 2500)
    ends = [os.pipe() for _ in range(4)]
    for number, (_, writing) in enumerate(ends):
        os.write(writing, bytes([number]) * 1000)
        os.close(writing)
    for number, (reading, _) in enumerate(ends):
        assert _pipes.read_pipe(f"/dev/fd/{reading}") == bytes([number]) * 1000
    assert [known[0] for known in _pipes._READ] == [f"/dev/fd/{ends[i][0]}" for i in (2, 3)]
    for reading, _ in ends:
        os.close(reading)


@pytest.mark.parametrize("features", ["rms", "standard"])
def test_a_pipe_among_files(tmp_path, fifo, content, features):
    path = tmp_path / "file.mp3"
    path.write_bytes(content)
    write_behind(fifo, content)
    found = extract([path, fifo, path], features, memory=tmp_path / "cache")
    assert found.errors == []
    np.testing.assert_array_equal(found.table, found.table[[0, 0, 0]])


def test_nobody_writes(fifo, monkeypatch):
    monkeypatch.setattr(_pipes, "_PATIENCE", 0.2)
    with pytest.raises(AudioDecodeError, match=r"nothing has come through it for 0\.2 s") as caught:
        load_audio(fifo)
    assert caught.value.path == str(fifo)


def test_somebody_stops_writing(monkeypatch):
    monkeypatch.setattr(_pipes, "_PATIENCE", 0.2)
    reading, writing = os.pipe()
    os.write(writing, b"RIFF")
    with pytest.raises(AudioDecodeError, match="nothing has come through it"):
        load_audio(f"/dev/fd/{reading}")
    os.close(writing)
    os.close(reading)


def test_nothing_was_written():
    reading, writing = os.pipe()
    os.close(writing)
    with pytest.raises(AudioDecodeError, match="it is empty"):
        load_audio(f"/dev/fd/{reading}")
    os.close(reading)


class Endless:
    def read(self, size):
        return bytes(size)


@pytest.mark.parametrize("source", ["/dev/zero", Endless()])
def test_streams_have_a_limit(monkeypatch, source):
    monkeypatch.setattr(_pipes, "MAX_STREAM", 5 << 20)
    with pytest.raises(AudioDecodeError, match="more than 5 MB come out of it"):
        load_audio(source)


def test_a_device_that_gives_nothing():
    with pytest.raises(AudioDecodeError, match="it is empty"):
        load_audio("/dev/null")


def test_a_terminal_is_no_file():
    controller, terminal = os.openpty()
    with pytest.raises(AudioDecodeError, match="it is a terminal"):
        load_audio(os.ttyname(terminal))
    os.close(controller)
    os.close(terminal)


def test_a_file_in_the_place_of_standard_input(tmp_path, content, expected):
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with open(path, "rb") as file:
        np.testing.assert_array_equal(load_audio(f"/dev/fd/{file.fileno()}"), expected)


def test_standard_input_of_another_process(content, expected):
    code = (
        "import sys; from genrekit.audio import load_audio\n"
        "sys.stdout.buffer.write(load_audio('/dev/stdin').tobytes())"
    )
    told = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    assert told.returncode == 0, told.stderr
    np.testing.assert_array_equal(np.frombuffer(told.stdout, np.float32), expected)


def test_sockets_and_members_of_archives(content, expected):
    mine, theirs = socket.socketpair()

    def send():
        theirs.sendall(content)
        theirs.close()

    threading.Thread(target=send, daemon=True).start()
    with mine, mine.makefile("rb") as file:
        np.testing.assert_array_equal(load_audio(file), expected)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("song.mp3", content)
        whole.writestr("broken.mp3", content)
    damaged = archive.getvalue()
    place = damaged.rindex(b"broken.mp3", 0, len(damaged) - 1000) + 2000
    damaged = damaged[:place] + bytes([damaged[place] ^ 255]) + damaged[place + 1 :]
    with zipfile.ZipFile(io.BytesIO(damaged)) as whole:
        with whole.open("song.mp3") as member:
            np.testing.assert_array_equal(load_audio(member), expected)
        with whole.open("broken.mp3") as member, pytest.raises(AudioDecodeError) as caught:
            load_audio(member)
    assert caught.value.path == "broken.mp3"
    assert caught.value.reason.startswith("it can't be read: ")


def test_files_are_no_pipes(tmp_path):
    for path in (tmp_path / "none", tmp_path, __file__):
        source = as_source(path)
        assert without_pipe(source) is source
