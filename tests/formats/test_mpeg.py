from __future__ import annotations

import io

import pytest

from genrekit.formats._frames import find_frames
from genrekit.formats._mpeg import _parse, find_links, find_sound, stated_samples, tells_all

from ..audio.conftest import ID3, info_frame, silent_frames, vbri_frame


@pytest.mark.parametrize(
    ("head", "size", "samples"),
    [
        (b"\xff\xfb\x90\x64", 417, 1152),  # MPEG 1, layer III, 128 kbit/s, 44.1 kHz
        (b"\xff\xfb\x92\x64", 418, 1152),  # padded
        (b"\xff\xfb\xe4\xc4", 960, 1152),  # 320 kbit/s, 48 kHz
        (b"\xff\xf3\x80\xc4", 208, 576),  # MPEG 2, 64 kbit/s, 22.05 kHz
        (b"\xff\xe3\x18\xc4", 72, 576),  # MPEG 2.5, 8 kbit/s, 8 kHz
        (b"\xff\xfd\xa4\x04", 576, 1152),  # layer II, 192 kbit/s, 48 kHz
        (b"\xff\xff\xc2\x04", 420, 384),  # layer I, 384 kbit/s, 44.1 kHz, padded by four bytes
        (b"\xff\xf5\x84\x04", 384, 1152),  # MPEG 2, layer II, 64 kbit/s, 24 kHz
        (b"\xff\xfb\x00\x64", 0, 1152),  # free format: up to the next one
    ],
)
def test_frame_headers(head, size, samples):
    frame = _parse(head)
    assert (frame.size, frame.samples) == (size, samples)


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xfb\x90",
        b"\xff\xf9\x90\x64",  # no such layer
        b"\xff\xeb\x90\x64",  # no such version
        b"\xff\xfb\xf0\x64",  # no such bit rate
        b"\xff\xfb\x9c\x64",  # no such sampling rate
        b"RIFF",
    ],
)
def test_what_is_no_frame_header(head):
    assert _parse(head) is None


def counts(content):
    """Frames of each recording that is found."""
    return [link.n_frames() for link in find_links(io.BytesIO(content))]


@pytest.mark.parametrize("front", [b"", ID3, ID3 * 3, bytes(300)])
@pytest.mark.parametrize("tail", [b"", b"TAG" + bytes(125), b"\xff" * 500, b"\xff\xfb\x90\x64" * 9])
def test_frames_are_counted(front, tail):
    assert counts(front + silent_frames(40) + tail) == [40]


def test_frames_are_found_behind_a_gap():
    parts = [silent_frames(10), silent_frames(20)]
    assert counts(bytes(200_000).join(parts)) == [30]
    assert counts(parts[0][:-7] + parts[1]) == [29]


@pytest.mark.parametrize(
    ("head", "size"),
    [(b"\xff\xfb\x90\xc4", 417), (b"\xff\xfb\x94\x64", 384), (b"\xff\xf3\x90\x64", 261)],
    ids=["mono", "48 kHz", "22 kHz"],
)
def test_another_format_is_another_recording(head, size):
    assert counts(silent_frames(10) + silent_frames(20, head, size)) == [10, 20]


def test_a_header_starts_a_recording():
    first, second = info_frame(10) + silent_frames(10), vbri_frame(20) + silent_frames(20)
    links = find_links(io.BytesIO(first + second))
    assert [(link.n_frames(), link.stated()) for link in links] == [(10, 11520), (20, 23040)]
    assert links[0].content(io.BytesIO(first)) == first


def test_wrong_count_is_set_right():
    file = io.BytesIO(info_frame(3, size=11 * 417) + silent_frames(10))
    assert find_links(file)[0].content(file) == info_frame(10) + silent_frames(10)


@pytest.mark.parametrize("content", [b"", b"RIFF", bytes(100_000), b"\xff\xfb" * 50_000])
def test_other_bytes_hold_no_frames(content):
    assert counts(content + bytes(1)) == []
    assert find_sound(io.BytesIO(content + bytes(1)), 0) is None


def test_stated_samples():
    bare = silent_frames(10)
    assert stated_samples(io.BytesIO(ID3 + info_frame(10) + bare)) == 11520
    assert stated_samples(io.BytesIO(vbri_frame(10) + bare)) == 11520
    assert stated_samples(io.BytesIO(info_frame(0) + bare)) is None
    assert stated_samples(io.BytesIO(bare)) is None
    assert stated_samples(io.BytesIO(b"")) is None


def test_a_header_is_believed_unless_something_contradicts():
    bare = silent_frames(10)
    whole = info_frame(10) + bare
    for tail in (b"", b"TAG" + bytes(125), bytes(100_000)):
        assert tells_all(io.BytesIO(whole + tail), 11520 - 1105)
    assert not tells_all(io.BytesIO(whole), 7 * 1152 - 1)
    assert not tells_all(io.BytesIO(whole + whole), 11520)
    assert not tells_all(io.BytesIO(bare), 11520)
    assert not tells_all(io.BytesIO(info_frame(1, size=50_000) + bytes(50_000)), 1152)


def test_a_stream_is_told_by_its_frames():
    assert find_frames(silent_frames(4)) == "mp3"
    assert find_frames(silent_frames(4, b"\xff\xfb\x00\x64", 1000)) == "mp3"
    assert find_frames(bytes(3000) + silent_frames(4)) == "mp3"
    assert find_frames(silent_frames(2)[:-100]) == "mp3"  # cut off in its second frame
    assert find_frames(bytes(3000) + silent_frames(2)) is None
