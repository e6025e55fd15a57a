"""Recordings that are not on this disk, through the decoders."""

import numpy as np
import pytest

from genrekit.audio import Decoded, load_audio, native_rate
from genrekit.exceptions import AudioDecodeError
from genrekit.remote import RemoteFile, _file

KINDS = ("WAV", "FLAC", "OGG", "MP3", "AIFF")


@pytest.fixture
def in_parts(monkeypatch):
    """Nothing is fetched whole unless all is wanted."""
    monkeypatch.setattr(_file, "_SMALL", 0)
    monkeypatch.setattr(_file, "_RATE", 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("span", [{}, {"duration": 1.0}, {"offset": 1.2, "duration": 0.5}])
def test_the_samples_are_those_of_the_file(web, sound, encode, tmp_path, in_parts, kind, span):
    path = tmp_path / "a"
    path.write_bytes(encode(sound(), kind=kind))
    web.files["a"] = path.read_bytes()
    np.testing.assert_array_equal(load_audio(web.url("a"), **span), load_audio(path, **span))


def test_the_samples_are_those_of_the_file_by_pyav(web, sound, encode_av, tmp_path, in_parts):
    content = encode_av(sound(4.0), 44100, "ipod", "aac")
    path = tmp_path / "a.m4a"
    path.write_bytes(content)
    web.files["a"] = content
    np.testing.assert_array_equal(
        load_audio(web.url("a"), duration=1.0), load_audio(path, duration=1.0)
    )


@pytest.fixture(scope="module")
def ten_minutes(sound, encode):
    """An MP3 of ten minutes, at a constant bit rate."""
    clip = encode(sound(5.0), kind="MP3")
    frames = clip[clip.index(b"\xff\xfb", 400) :]  # without the one that counts them
    return frames * 120


def test_thirty_seconds_of_ten_minutes(web, ten_minutes, tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(ten_minutes)
    web.files["a.mp3"] = ten_minutes
    y = load_audio(web.url("a.mp3"), duration=30.0)
    np.testing.assert_array_equal(y, load_audio(path, duration=30.0))
    assert len(y) == 30 * 22050
    assert web.sent < 0.15 * len(ten_minutes)
    assert native_rate(web.url("a.mp3")) == 44100
    assert web.sent < 0.2 * len(ten_minutes)


@pytest.mark.parametrize("fault", ["cuts", "stalls", 503])
def test_parts_that_do_not_come(web, ten_minutes, capfd, fault):
    web.files["a.mp3"] = ten_minutes
    web.faults["a.mp3"] = lambda n: fault if n > 3 else ""
    with pytest.raises(AudioDecodeError, match=r"(broke|silent|failed).* 4 times") as caught:
        load_audio(web.url("a.mp3"), duration=30.0)
    assert caught.value.path == web.url("a.mp3")
    assert capfd.readouterr().err == "", "a callback that fails is printed"


def test_a_recording_that_changes_while_it_is_read(web, ten_minutes):
    web.files["a.mp3"] = ten_minutes

    def change(n):
        web.files["a.mp3"] = ten_minutes[:-1] if n > 4 else ten_minutes
        return ""

    web.faults["a.mp3"] = change
    with pytest.raises(AudioDecodeError, match="it changed while it was read"):
        load_audio(web.url("a.mp3"), duration=30.0)


def test_other_decoders_get_bytes(web):
    web.files["a"] = b"\x00\x40" * 400_000

    def raw(source, *, offset, duration):
        samples = np.frombuffer(source, "<i2")[: int(duration * 8000)]
        return Decoded(8000, iter([samples[:, np.newaxis] / np.float32(32768)]))

    assert load_audio(web.url("a"), sr=8000, duration=0.5, decoder=raw).tolist() == [0.5] * 4000


def test_nothing_is_held_of_what_was_read(web, sound, encode):
    from genrekit.audio import Source

    web.files["a"] = encode(sound())
    remote = RemoteFile(web.url("a"))
    for _ in range(2):
        load_audio(Source(remote, remote.name))
        assert remote._content is None
    assert web.sent == 2 * len(web.files["a"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"<!doctype html><p>", "it looks like an HTML page"),
        (b"\x01" * 9, "nothing in it tells"),
    ],
)
def test_what_is_no_recording(web, content, said):
    web.files["a"] = content
    with pytest.raises(AudioDecodeError, match=said) as caught:
        load_audio(web.url("a", "me:word@", "?token=hidden"))
    assert "word" not in str(caught.value)
    assert "hidden" not in str(caught.value)
