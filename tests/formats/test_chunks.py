from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from genrekit.audio import _open, load_audio
from genrekit.exceptions import AudioDecodeError
from genrekit.formats._chunks import find_data


@pytest.fixture(autouse=True)
def only_soundfile(monkeypatch):
    """No other decoder helps out."""
    monkeypatch.setattr(_open, "_FINDERS", {"soundfile": _open._FINDERS["soundfile"]})


@pytest.fixture
def wav(encode, sound):
    """A function that gives 2 s of WAV with sizes as one likes them."""
    content = encode(sound(2.0), kind="WAV")
    place = content.find(b"data") + 4

    def make(riff=None, data=None, tail=b""):
        changed = bytearray(content)
        for at, size in ((4, riff), (place, data)):
            if size is not None:
                changed[at : at + 4] = struct.pack("<I", size)
        return bytes(changed) + tail

    return make


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "W64", "CAF", "WAVEX"])
def test_sound_is_found(encode, sound, kind):
    content = encode(sound(1.0), kind=kind)
    data = find_data(io.BytesIO(content))
    assert data.stated() in (4 * 44100, 4 * 44100 + 4, 4 * 44100 + 8)  # what stands in front of it
    assert data.stated() == data.there
    field = content[data.field : data.field + data.width]
    if kind != "RF64":  # where another chunk has the size
        assert int.from_bytes(field, data.order) == data.said + data.own


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVEdat", b"fLaC" + bytes(50)])
def test_no_sound_is_found(content):
    assert find_data(io.BytesIO(content)) is None


@pytest.mark.parametrize(
    "sizes",
    [
        {"riff": 0, "data": 0},
        {"riff": 36, "data": 0},
        {"data": 0},
        {"riff": 0xFFFFFFFF, "data": 0xFFFFFFFF},
        {"riff": 0xFFFFFFFE, "data": 0xFFFFFFD0},
        {"riff": 0x7FFFFFFF, "data": 0x7FFFF000},
        {"riff": 0xFFFFFFFF},
        {"riff": 0},
        {"riff": 10_000_000},
        {"riff": 100},
        {"tail": b"junk\xff\xff\xff\xff" + bytes(range(99))},
        {"tail": b"TAG" + bytes(125)},
        {"riff": 0xFFFFFFFF, "data": 0xFFFFFFFF, "tail": b""},
    ],
    ids=str,
)
@pytest.mark.parametrize("as_path", [True, False])
def test_all_that_is_there_is_decoded(tmp_path, wav, sizes, as_path):
    path = tmp_path / "song.wav"
    path.write_bytes(wav(**sizes))
    y = load_audio(path if as_path else path.read_bytes())
    np.testing.assert_array_equal(y, load_audio(wav()))


def test_no_sound_but_other_chunks(wav):
    empty = wav(data=0)[:44] + b"LIST\x04\0\0\0INFO"
    with pytest.raises(AudioDecodeError, match="it holds no samples"):
        load_audio(empty)


def test_more_than_is_there_is_stated(wav):
    assert len(load_audio(wav(data=356_000))) == 44100  # under 0.1 s more
    for size, seconds in [(392_800, r"2\.23"), (705_600, r"4\.00")]:
        with pytest.raises(AudioDecodeError, match=rf"truncated: {seconds} s should be there"):
            load_audio(wav(data=size))


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "W64"])
@pytest.mark.parametrize("share", [0.97, 0.5])
def test_what_is_cut_off(encode, sound, kind, share):
    content = encode(sound(20.0), kind=kind)
    with pytest.raises(AudioDecodeError, match=r"20\.00 s should be there, (19\.4|10\.0)"):
        load_audio(content[: int(share * len(content))])
    assert len(load_audio(content[: int(0.995 * len(content))])) == pytest.approx(
        0.995 * 20 * 22050, abs=100
    )


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0xFFFFFFFE])
def test_au_written_into_a_pipe(encode, sound, size):
    content = bytearray(encode(sound(2.0), kind="AU"))
    expected = load_audio(bytes(content))
    content[8:12] = struct.pack(">I", size)
    np.testing.assert_array_equal(load_audio(bytes(content)), expected)


def test_caf_written_into_a_pipe(encode, sound):
    content = bytearray(encode(sound(2.0), kind="CAF"))
    expected = load_audio(bytes(content))
    place = content.find(b"data") + 4
    content[place : place + 8] = b"\xff" * 8
    np.testing.assert_array_equal(load_audio(bytes(content)), expected)


@pytest.mark.parametrize("form", [0, 100, 10_000_000, 0xFFFFFFFF])
@pytest.mark.parametrize("sound_size", [None, 0, 0xFFFFFFFF])
def test_aiff_with_wrong_sizes(encode, sound, form, sound_size):
    content = bytearray(encode(sound(2.0), kind="AIFF"))
    expected = load_audio(bytes(content))
    content[4:8] = struct.pack(">I", form)
    if sound_size is not None:
        place = content.find(b"SSND") + 4
        content[place : place + 4] = struct.pack(">I", sound_size)
    np.testing.assert_array_equal(load_audio(bytes(content)), expected)
