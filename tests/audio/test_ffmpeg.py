from __future__ import annotations

import os
import shutil
import sys

import numpy as np
import pytest

from genrekit.audio import _ffmpeg, _open, available_decoders, load_audio
from genrekit.exceptions import AudioDecodeError

# Says how it was called, and gives 1.5 seconds of an AU file, or fails.
STAND_IN = """#!{python}
import os, struct, sys
if sys.argv[1:] == ["-version"]:
    print("ffmpeg version 9.9 Copyright")
    sys.exit()
with open({calls!r}, "a") as calls:
    print(*sys.argv[1:], sep="\\n", file=calls)
if "{say}":
    print("first words\\n{say}\\n", file=sys.stderr)
out = sys.stdout.buffer
if {seconds}:
    out.write(struct.pack(">4s5I", b".snd", 32, 0xFFFFFFFF, 6, {sr}, {channels}) + bytes(8))
    ramp = struct.pack(">2f", 0.5, -0.25) * {channels}
    out.write(ramp * int({seconds} * {sr} / 2))
    out.flush()
sys.exit({status})
"""

M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00"


@pytest.fixture(autouse=True)
def only_ffmpeg(monkeypatch):
    """No other decoder helps out."""
    monkeypatch.setattr(_open, "_FINDERS", {"ffmpeg": lambda: _open._ffmpeg()})


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A function that puts a program on the PATH, and gives the file that tells of its calls."""
    if os.name == "nt":
        pytest.skip("a script is no program there")

    def put(seconds=1.5, sr=8000, channels=1, status=0, say=""):
        calls = tmp_path / "calls"
        values = {"seconds": seconds, "sr": sr, "channels": channels, "status": status, "say": say}
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir(exist_ok=True)
        program.write_text(STAND_IN.format(python=sys.executable, calls=str(calls), **values))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return calls

    return put


@pytest.fixture
def real():
    """Skips without the program."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("the program ffmpeg is not on the PATH")


def test_without_the_program(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert available_decoders() == {}


def test_version(stand_in):
    stand_in()
    assert available_decoders() == {"ffmpeg": "9.9"}


def test_one_demuxer_one_protocol_one_file(stand_in, tmp_path):
    calls = stand_in()
    path = tmp_path / "-i concat:song.m4a"
    path.write_bytes(M4A)
    y = load_audio(path, sr=8000)
    np.testing.assert_array_equal(y, np.tile(np.float32([0.5, -0.25]), 6000))
    arguments = calls.read_text().splitlines()
    before = arguments[: arguments.index("-i")]
    assert before[before.index("-protocol_whitelist") + 1] == "file"
    assert before[before.index("-f") + 1] == "mov"
    assert arguments.count("-i") == 1
    assert arguments[arguments.index("-i") + 1] == f"file:{path}"


def test_it_is_not_asked_about_texts(stand_in):
    calls = stand_in()
    with pytest.raises(ValueError, match="Format not recognised"):
        _ffmpeg.decode(b"ffconcat version 1.0\nfile a.wav\n", offset=0.0, duration=None)
    with pytest.raises(AudioDecodeError, match="it looks like an HTML page"):
        load_audio(b"<!DOCTYPE html><html><body>404</body></html>" * 40)
    assert not calls.exists()


@pytest.mark.parametrize(("offset", "duration", "n"), [(0.5, None, 8000), (0.5, 0.25, 2000)])
def test_range(stand_in, offset, duration, n):
    stand_in(channels=2)
    assert len(load_audio(M4A, sr=8000, offset=offset, duration=duration)) == n


def test_it_is_stopped_when_enough_is_read(stand_in):
    stand_in(seconds=1000)
    assert len(load_audio(M4A, sr=8000, duration=0.5)) == 4000


def test_offset_beyond_the_end(stand_in):
    stand_in()
    with pytest.raises(AudioDecodeError, match="offset=2 s lies beyond its end"):
        load_audio(M4A, offset=2.0)


@pytest.mark.parametrize(("seconds", "reason"), [(0, "no decoder could"), (20, "damaged or")])
def test_its_last_words(stand_in, seconds, reason):
    stand_in(seconds=seconds, status=1, say="moov atom not found")
    with pytest.raises(AudioDecodeError, match=reason) as caught:
        load_audio(M4A)
    assert caught.value.tried == (("ffmpeg", "moov atom not found"),)


@pytest.mark.parametrize(("sr", "channels"), [(1, 1), (8000, 60000)])
def test_what_headers_may_say(stand_in, sr, channels):
    stand_in(seconds=1e-3, sr=sr, channels=channels)
    with pytest.raises(AudioDecodeError, match="its header says"):
        load_audio(M4A)


@pytest.mark.parametrize("as_path", [True, False])
@pytest.mark.parametrize(("offset", "duration"), [(0.0, None), (0.7, None), (1.3, 0.4)])
@pytest.mark.parametrize(("kind", "channels"), [("FLAC", 1), ("WAV", 2), ("WAV", 6)])
def test_same_as_libsndfile(
    real, tmp_path, encode, sound, kind, channels, as_path, offset, duration
):
    path = tmp_path / "100 % of it.mp3"
    path.write_bytes(encode(sound(3.0, channels=channels), kind=kind))
    source = path if as_path else path.read_bytes()
    y = load_audio(source, offset=offset, duration=duration)
    reference = _open._soundfile().decode
    expected = load_audio(path, offset=offset, duration=duration, decoder=reference)
    np.testing.assert_allclose(y, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["mp4", "adts"])
def test_same_as_pyav(real, encode_av, sound, kind):
    content = encode_av(sound(3.0), kind=kind)
    y, expected = load_audio(content), load_audio(content, decoder=_open._pyav().decode)
    # FFmpeg's releases differ in whether they cut off what fills up the last packet.
    assert abs(len(y) - len(expected)) < 1024
    n = min(len(y), len(expected))
    np.testing.assert_allclose(y[: n - 100], expected[: n - 100], atol=2e-4)


def test_channels_that_change_on_the_way(real, encode, sound):
    mono, stereo = (encode(sound(3.0, channels=n), kind="MP3") for n in (1, 2))
    for content in (mono + stereo, stereo + mono):
        with pytest.raises(AudioDecodeError, match="its rate or its number of channels changes"):
            load_audio(content)
