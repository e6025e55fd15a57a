from __future__ import annotations

import io
import os
import pathlib
import pickle
import sys

import numpy as np
import pytest

from genrekit.audio import _open, _source, available_decoders, load_audio
from genrekit.exceptions import AudioDecodeError


@pytest.fixture(scope="module")
def content(encode, sound):
    """A second of sound as a FLAC file."""
    return encode(sound(1.0), kind="FLAC")


@pytest.fixture(scope="module")
def expected(content):
    return load_audio(content)


class BytesPath(os.PathLike):
    """A path that gives bytes, as os.scandir does when asked with bytes."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return os.fsencode(self.path)


@pytest.mark.parametrize("kind", [str, pathlib.Path, BytesPath])
def test_paths(tmp_path, content, expected, kind):
    path = tmp_path / "Größe, ひらがな.flac"
    path.write_bytes(content)
    np.testing.assert_array_equal(load_audio(kind(path)), expected)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
@pytest.mark.parametrize("decoder", ["soundfile", "pyav", "ffmpeg"])
@pytest.mark.parametrize(("kind", "ending"), [("WAV", "wav"), ("MP3", "mp3"), ("FLAC", "flac")])
def test_names_that_are_not_utf_8(tmp_path, monkeypatch, encode, sound, kind, ending, decoder):
    monkeypatch.setattr(_open, "_FINDERS", {decoder: _open._FINDERS[decoder]})
    if not available_decoders():
        pytest.skip(f"{decoder} can't be used here")
    content = encode(sound(0.5), kind=kind)
    path = os.path.join(os.fsencode(tmp_path), b"Gr\xf6\xdfe \xff." + ending.encode())
    with open(path, "wb") as file:
        file.write(content)
    np.testing.assert_array_equal(load_audio(os.fsdecode(path)), load_audio(content))
    np.testing.assert_array_equal(load_audio(BytesPath(path)), load_audio(content))
    os.truncate(path, 2)
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(os.fsdecode(path))
    assert os.fsencode(caught.value.path) == path


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_content(content, expected, kind):
    np.testing.assert_array_equal(load_audio(kind(content)), expected)


def test_file_object_is_read_from_its_position_and_left_there(tmp_path, content, expected):
    path = tmp_path / "two.bin"
    path.write_bytes(b"header!" + content)
    with open(path, "rb") as file:
        file.seek(7)
        for _ in range(2):
            np.testing.assert_array_equal(load_audio(file), expected)
            assert file.tell() == 7
        assert not file.closed


def test_file_object_that_cannot_seek(content, expected):
    class Pipe:
        def __init__(self):
            self.rest = content

        def read(self, size):
            part, self.rest = self.rest[: min(size, 999)], self.rest[min(size, 999) :]
            return part

    np.testing.assert_array_equal(load_audio(Pipe()), expected)


def test_text_file_is_refused(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text("la la la")
    with open(path) as file, pytest.raises(TypeError, match=r"song\.txt in binary mode"):
        load_audio(file)


@pytest.mark.parametrize("source", [None, 3, np.zeros(10), ["a.wav"]])
def test_other_things_are_refused(source):
    with pytest.raises(TypeError, match="an audio source must be a path, bytes or a file object"):
        load_audio(source)


@pytest.mark.parametrize(
    ("source", "name"),
    [(b"nothing", "<bytes>"), (io.BytesIO(b"nothing"), "<file object>")],
)
def test_sources_without_a_path_have_a_name(source, name):
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(source)
    assert caught.value.path == name


def test_missing_file(tmp_path):
    with pytest.raises(AudioDecodeError, match="song.mp3: there is no such file") as caught:
        load_audio(tmp_path / "song.mp3")
    assert caught.value.path == str(tmp_path / "song.mp3")


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        (pathlib.PurePosixPath("gs://bucket/a.mp3"), "Pass an address as text: pathlib makes gs:/"),
        ("file:///home/me/a%20b.mp3", "Pass the path alone: /home/me/a b.mp3"),
        ("FILE://localhost/home/me/a.mp3", "Pass the path alone: /home/me/a.mp3"),
        ("C:/music/a.mp3", ""),
        ("music/a.mp3", ""),
    ],
)
def test_addresses(address, hint):
    with pytest.raises(AudioDecodeError, match="there is no such file") as caught:
        load_audio(address)
    assert caught.value.path == str(address)
    assert caught.value.hint.startswith(hint)
    assert bool(caught.value.hint) == bool(hint)


def test_home_folder(tmp_path, monkeypatch, content, expected):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "song.flac").write_bytes(content)
    for path in ("~/song.flac", pathlib.Path("~/song.flac")):
        np.testing.assert_array_equal(load_audio(path), expected)
    with pytest.raises(AudioDecodeError) as caught:
        load_audio("~/other.flac")
    assert caught.value.path == str(tmp_path / "other.flac")


def test_directory(tmp_path):
    with pytest.raises(AudioDecodeError, match="it is a directory, not a file"):
        load_audio(tmp_path)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(data):
        raise PermissionError(13, "Permission denied", data)

    monkeypatch.setattr(_source, "open_binary", refuse)
    with pytest.raises(AudioDecodeError, match="permission to read it is denied"):
        load_audio(tmp_path / "secret.mp3")


@pytest.mark.parametrize("path", ["a\0b.wav", "x" * 5000])
def test_impossible_path(path):
    with pytest.raises(AudioDecodeError, match="it can't be opened"):
        load_audio(path)


@pytest.mark.parametrize("source", [b"", io.BytesIO(b"")])
def test_empty(source):
    with pytest.raises(AudioDecodeError, match=r"it is empty \(0 bytes\)"):
        load_audio(source)


def test_errors_survive_pickling(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(path)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.looks_like == "a WAV file"
    assert copy.tried[0][0] == "soundfile"
    assert copy.tried == caught.value.tried
