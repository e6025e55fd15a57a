"""Tags at both ends of every kind of file: what is between them is decoded, and no more."""

from __future__ import annotations

import io
import os
import struct

import numpy as np
import pytest

from genrekit.audio import _ffmpeg, _pyav, available_decoders, load_audio
from genrekit.formats._tags import Untagged, before_tags


def id3v2(size: int = 300, footer: bool = False) -> bytes:
    """An ID3v2 tag of so many bytes, without its head and foot."""
    sizes = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))
    head = b"\x04\0" + bytes([0x10 if footer else 0]) + sizes
    return b"ID3" + head + bytes(size) + (b"3DI" + head if footer else b"")


def ape(header: bool = True) -> bytes:
    """An APE tag of the second version, or of the first, which has no header."""
    item = struct.pack("<II", 4, 0) + b"Artist\0Them"
    sizes = struct.pack("<II", len(item) + 32, 1)
    flag = 0x80 if header else 0
    footer = b"APETAGEX" + struct.pack("<I", 2000) + sizes + bytes([0, 0, 0, flag]) + bytes(8)
    return footer * header + item + footer


ID3V1 = b"TAG" + bytes(125)
EXTENDED = b"TAG+" + bytes(223)
LYRICS_1 = b"LYRICSBEGIN" + b"la " * 99 + b"LYRICSEND"
_TEXT = b"LYRICSBEGIN" + b"LYR00300" + b"la " * 100
LYRICS_2 = _TEXT + b"%06dLYRICS200" % len(_TEXT)

ENDS = {
    "none": b"",
    "ID3v1": ID3V1,
    "ID3v1 extended": EXTENDED + ID3V1,
    "APE 1": ape(header=False),
    "APE 2": ape(),
    "Lyrics3 1": LYRICS_1 + ID3V1,
    "Lyrics3 2": LYRICS_2 + ID3V1,
    "ID3v2": id3v2(footer=True),
    "all": id3v2(200_000, footer=True) + ape() + LYRICS_2 + EXTENDED + ID3V1,
    "twice": ID3V1 + ape() + ID3V1,
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("front", [b"", id3v2(), id3v2(footer=True) + ape() + id3v2()])
def test_what_is_between_them(name, front):
    sound = bytes(range(1, 256)) * 20
    file = io.BytesIO(front + sound + ENDS[name])
    assert before_tags(file) == len(front) + len(sound)
    between = Untagged(file)
    assert between.read() == sound
    assert between.seek(0, os.SEEK_END) == len(sound)
    assert between.seek(-5, os.SEEK_CUR) == len(sound) - 5
    assert between.read(100) == sound[-5:]
    assert between.tell() == len(sound)
    assert between.seek(1000) == 1000
    assert between.read(300) == sound[1000:1300]


@pytest.mark.parametrize(
    "end",
    [
        b"APETAGEX" + b"\xff" * 24,  # longer than the file
        b"3DI\x04\0\0\x7f\x7f\x7f\x7f",
        b"999999LYRICS200",
        b"LYRICSEND",  # nothing begins
        b"TAG",
        b"",
    ],
)
def test_no_tags(end):
    file = io.BytesIO(b"sound" * 50 + end)
    assert before_tags(file) == 250 + len(end)


def test_a_tag_that_claims_more_than_there_is_is_no_tag():
    file = io.BytesIO(b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + b"sound" * 50)
    assert len(Untagged(file).read()) == 260


@pytest.mark.parametrize("decode", [_pyav.decode, _ffmpeg.decode])
@pytest.mark.parametrize(
    ("kind", "codec", "sr"),
    [
        ("wv", "wavpack", 44100),
        ("tta", "tta", 44100),
        ("ac3", "ac3", 48000),
        ("adts", "aac", 44100),
        ("mp4", "aac", 44100),
        ("asf", "wmav2", 44100),
        ("matroska", "flac", 44100),
        ("aiff", "pcm_s16be", 44100),
        ("caf", "pcm_s16be", 44100),
    ],
)
def test_tagged_files_are_what_they_are_without(decode, sound, encode_av, kind, codec, sr):
    if decode is _ffmpeg.decode and "ffmpeg" not in available_decoders():
        pytest.skip("ffmpeg can't be used here")
    content = encode_av(sound(1.0, sr=sr), sr=sr, kind=kind, codec=codec)
    bare = load_audio(content, decoder=decode)
    for end in ENDS.values():
        tagged = load_audio(id3v2() + content + end, decoder=decode)
        np.testing.assert_array_equal(tagged, bare)


def test_no_seek_fails():
    file = Untagged(io.BytesIO(bytes(9)))
    for whence in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
        for offset, place in ((-(2**63), 0), (-99, 0), (99, 9), (2**63 - 1, 9)):
            assert file.seek(offset, whence) == file.tell() == place
    assert file.seek(4) == 4
    assert file.seek(-1, os.SEEK_CUR) == 3
    assert file.seek(-2, os.SEEK_END) == 7
