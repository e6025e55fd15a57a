"""What is there is decoded, whatever stands around it, inside it, or in its headers."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from genrekit.audio import _open, _soundfile, load_audio, stream_audio
from genrekit.audio._joined import _ogg_starts
from genrekit.exceptions import AudioDecodeError
from genrekit.formats._mpeg import _walk, find_links

from .conftest import ID3, info_frame, silent_frames, vbri_frame

SR = 44100
NOISE = np.random.default_rng(3).bytes(20_000)
ID3V1 = b"TAG" + b"x" * 125


def ape_tag(size, version):
    """An APE tag; the first version has no head."""
    ends = [
        b"APETAGEX" + struct.pack("<IIIQ", version, size + 32, 1, flags << 29) + bytes(4)
        for flags in (0b101, 0b100)
    ]
    return (ends[0] if version == 2000 else b"") + NOISE * (size // 20_000) + ends[1]


def lyrics(size):
    """Lyrics3, second version."""
    text = b"LYRICSBEGIN" + b"la la la\r\n" * (size // 10)
    return text + b"%06dLYRICS200" % len(text)


def id3_at_end(size):
    """ID3v2 with a picture that is full of what looks like frames."""
    picture = b"".join(b"\xff\xfb\x90\x64" + NOISE[i : i + 50] for i in range(0, 19_000, 50))
    body = (picture * (size // len(picture) + 1))[:size]
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\x10" + size + body + b"3DI\x04\0\x10" + size


BEHIND = {
    "ID3v1": ID3V1,
    "APEv1": ape_tag(60_000, 1000) + ID3V1,
    "APEv2": ape_tag(60_000, 2000),
    "ID3v2": id3_at_end(200_000),
    "Lyrics3": lyrics(80_000) + ID3V1,
    "zeros": bytes(20_000),
    "0x11": b"\x11" * 200_000,
    "0xFF": b"\xff" * 20_000,
    "noise": NOISE,
}
IN_FRONT = {
    "ID3": ID3,
    "three ID3": ID3 * 3,
    "picture": id3_at_end(200_000) + ID3,
    "APE": ape_tag(60_000, 2000),
    "zeros": bytes(3000),
}


@pytest.fixture(params=["soundfile", "pyav"])
def only(request, monkeypatch):
    """One decoder alone."""
    if request.param == "pyav":
        pytest.importorskip("av")
    monkeypatch.setattr(_open, "_FINDERS", {request.param: _open._FINDERS[request.param]})
    return request.param


@pytest.fixture
def only_soundfile(monkeypatch):
    """libsndfile alone."""
    monkeypatch.setattr(_open, "_FINDERS", {"soundfile": _open._FINDERS["soundfile"]})


@pytest.fixture(scope="module")
def mp3(sound):
    """A function that gives an MP3: quiet first, so that its bit rate rises, unless it is fixed."""

    def make(*, mode="VARIABLE", seconds=4.0, channels=2, sr=SR):
        samples = sound(seconds, sr, channels)
        samples[: len(samples) // 2] *= 0.003
        samples[len(samples) // 2 :] += np.random.default_rng(1).normal(0, 0.2, channels)
        file = io.BytesIO()
        with soundfile.SoundFile(
            file, "w", sr, channels, format="MP3", bitrate_mode=mode, compression_level=0.3
        ) as out:
            out.write(samples)
        return file.getvalue()

    return make


@pytest.fixture(scope="module")
def bare(mp3):
    """A function that gives the frames of an MP3 without the header that counts them."""

    def make(**kwargs):
        content = mp3(**kwargs)
        (link,) = find_links(io.BytesIO(content))
        (start, stop, count), *_ = link.spans
        return content[start:stop], count

    return make


def load(source, **kwargs):
    return load_audio(source, sr=SR, **kwargs)


def assert_parts_are_slices(source, whole):
    """Every part that is asked for is that of the whole."""
    n = len(whole) / SR
    for offset, duration in [(0.0, 0.5), (0.3 * n, 0.5 * n), (0.7 * n, 1.0), (n - 1.2, None)]:
        part = load(source, offset=offset, duration=duration)
        start = int(offset * SR)
        stop = len(whole) if duration is None else start + int(duration * SR)
        np.testing.assert_allclose(part, whole[start:stop], atol=1e-4)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("name", BEHIND)
def test_bytes_behind(tmp_path, bare, only_soundfile, mode, name):
    frames, count = bare(mode=mode)
    path = tmp_path / "song.mp3"
    path.write_bytes(frames + BEHIND[name])
    whole = load(path)
    assert len(whole) == 1152 * count
    np.testing.assert_allclose(load(path.read_bytes()), whole, atol=1e-6)
    np.testing.assert_allclose(whole, load(frames), atol=1e-6)
    assert_parts_are_slices(path, whole)


@pytest.mark.parametrize("name", IN_FRONT)
@pytest.mark.parametrize("has_header", [True, False])
def test_bytes_in_front(tmp_path, mp3, bare, only_soundfile, name, has_header):
    content = mp3() if has_header else bare()[0]
    path = tmp_path / "song.mp3"
    path.write_bytes(IN_FRONT[name] + content)
    whole = load(content)
    np.testing.assert_allclose(load(path), whole, atol=1e-6)
    np.testing.assert_allclose(load(path.read_bytes()), whole, atol=1e-6)
    assert_parts_are_slices(path, whole)


@pytest.mark.parametrize("name", BEHIND)
def test_bytes_behind_for_ffmpeg_too(mp3, bare, only, name):
    for content in (mp3(), bare()[0]):
        assert len(load(content + BEHIND[name])) == pytest.approx(len(load(content)), abs=1)


@pytest.mark.parametrize("junk", [NOISE[:383], NOISE, bytes(20_000)], ids=["383", "20k", "zeros"])
@pytest.mark.parametrize("has_header", [True, False])
def test_bytes_inside(mp3, bare, only, junk, has_header):
    content = mp3() if has_header else bare()[0]
    file = io.BytesIO(content)
    middle = [position for position, _ in _walk(file)][90]
    expected = load(content)
    found = load(content[:middle] + junk + content[middle:])
    # The frame after the junk refers to bytes before it; FFmpeg may leave it out.
    assert len(found) == pytest.approx(len(expected), abs=2 * 1152)
    np.testing.assert_allclose(found[:SR], expected[:SR], atol=1e-4)
    if only == "soundfile":
        np.testing.assert_allclose(found[-SR:], expected[-SR:], atol=1e-4)


def test_the_length_is_that_with_a_header(mp3, bare, only):
    """Without one the delay of encoder and decoder, 1105 samples, stands in front."""
    expected, found = load(mp3()), load(bare()[0])
    assert 1105 <= len(found) - len(expected) < 1105 + 2 * 1152
    n = len(expected)
    assert max(np.corrcoef(found[d : d + n], expected)[0, 1] for d in (0, 576, 1105)) > 0.99


@pytest.mark.parametrize("count", [0, 20])
def test_header_with_too_small_a_count(mp3, bare, only_soundfile, count):
    content = bytearray(mp3())
    # A header without a count is none, so nothing is known of a delay.
    expected = load(bytes(content)) if count else load(bare()[0])
    place = max(content.find(b"Info"), content.find(b"Xing")) + 8
    content[place : place + 4] = count.to_bytes(4, "big")
    found = load(bytes(content))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert_parts_are_slices(bytes(content), found)


@pytest.mark.parametrize(
    ("head", "size", "samples", "sr"),
    [
        (b"\xff\xfb\x90\x64", 417, 1152, 44100),
        (b"\xff\xf3\x80\xc4", 208, 576, 22050),
        (b"\xff\xe3\x18\xc4", 72, 576, 8000),
        (b"\xff\xfd\xa4\x04", 576, 1152, 48000),
        (b"\xff\xff\xc4\x04", 384, 384, 48000),
        (b"\xff\xfb\x00\x64", 1254, 1152, 44100),
    ],
    ids=["MPEG 1", "MPEG 2", "MPEG 2.5", "layer II", "layer I", "free format"],
)
@pytest.mark.parametrize("tail", [b"", b"\x11" * 200_000])
@pytest.mark.parametrize("as_path", [True, False])
def test_kinds_of_frames(tmp_path, only_soundfile, head, size, samples, sr, tail, as_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(silent_frames(200, head, size) + tail)
    y = load_audio(path if as_path else path.read_bytes(), sr=sr)
    assert len(y) == pytest.approx(200 * samples, abs=samples)
    assert np.abs(y).max() < 1e-6


def test_header_of_the_fraunhofer_encoder(only_soundfile):
    content = vbri_frame(200) + silent_frames(200)
    assert len(load(content)) == pytest.approx(200 * 1152, abs=1152)
    with pytest.raises(
        AudioDecodeError, match=r"truncated: 5\.2\d s should be there, 2\.\d\d s are"
    ):
        load(content[: len(content) // 2])


@pytest.mark.parametrize("share", [0.97, 0.5])
def test_less_than_a_header_states_is_truncated(only, share):
    content = info_frame(400) + silent_frames(400)
    with pytest.raises(AudioDecodeError, match=r"truncated: 10\.4\d s should be there"):
        load(content[: int(share * len(content))])


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "W64", "CAF"])
def test_less_than_a_container_states_is_truncated(encode, sound, kind):
    pytest.importorskip("av")
    content = encode(sound(4.0), kind=kind)
    with pytest.raises(AudioDecodeError, match=r"4\.0\d s should be there, (2\.0|1\.9)"):
        load(content[: len(content) // 2], decoder=_open._pyav().decode)


def test_more_than_a_header_states_is_decoded(only_soundfile):
    assert len(load(info_frame(100) + silent_frames(200))) == pytest.approx(200 * 1152, abs=1200)


CHAINS = [
    ("MP3", "MPEG_LAYER_III", 44100),
    ("OGG", "VORBIS", 44100),
    ("OGG", "OPUS", 48000),
    ("FLAC", "PCM_16", 44100),
]


@pytest.mark.parametrize(("kind", "subtype", "sr"), CHAINS, ids=[c[1] for c in CHAINS])
@pytest.mark.parametrize("as_path", [True, False])
def test_files_joined_end_to_end(tmp_path, encode, sound, only, kind, subtype, sr, as_path):
    links = [encode(sound(s, sr, c), sr, kind, subtype) for s, c in [(3.0, 2), (2.0, 1), (2.5, 2)]]
    links.append(links[0])
    path = tmp_path / f"song.{kind.lower()}"
    path.write_bytes(b"".join(links))
    source = path if as_path else path.read_bytes()
    expected = np.concatenate([load_audio(link, sr=sr) for link in links])
    found = load_audio(source, sr=sr)
    # FFmpeg leaves in what an encoder puts in front, behind and into a header, 2722 samples at each
    # of three joints of MP3s, and joins what overlaps.
    assert len(found) == pytest.approx(len(expected), abs=1 if only == "soundfile" else 8200)
    if only == "soundfile":
        np.testing.assert_allclose(found, expected, atol=1e-6)
        for offset, duration in [(3.5, 1.0), (2.5, 3.0), (8.0, None)]:
            stop = None if duration is None else int((offset + duration) * sr)
            part = load_audio(source, sr=sr, offset=offset, duration=duration)
            if kind != "FLAC" or offset > 3.0:
                np.testing.assert_allclose(part, found[int(offset * sr) : stop], atol=1e-4)
        with pytest.raises(AudioDecodeError, match=r"offset=20 s lies beyond its end"):
            load_audio(source, offset=20.0)


@pytest.mark.parametrize(("kind", "subtype", "sr"), [c for c in CHAINS if c[1] != "OPUS"])
def test_another_rate_on_the_way_is_refused(encode, sound, only, kind, subtype, sr):
    first, second = (encode(sound(2.0, r), r, kind, subtype) for r in (sr, 32000))
    with pytest.raises(AudioDecodeError, match=r"its rate changes from 44100 to 32000 Hz"):
        load(first + second)
    np.testing.assert_allclose(load(first + second, duration=1.5), load(first, duration=1.5))


def test_streams_woven_into_each_other_are_no_chain(only_soundfile):
    def page(serial, flags):
        return b"OggS\0" + bytes([flags]) + bytes(8) + serial + bytes(8) + b"\x01\x05hello"

    first = page(b"aaaa", 2) + page(b"bbbb", 2) + page(b"aaaa", 0)
    assert _ogg_starts(io.BytesIO(first + page(b"aaaa", 4) + first)) == [0, 4 * len(first) // 3]


@pytest.mark.parametrize("tail", [ID3V1, NOISE, bytes(100_000)], ids=["ID3v1", "noise", "zeros"])
@pytest.mark.parametrize(("kind", "subtype", "sr"), CHAINS[1:])
def test_other_formats_with_something_behind(
    encode, sound, only_soundfile, kind, subtype, sr, tail
):
    content = encode(sound(3.0, sr), sr, kind, subtype)
    whole = load_audio(content, sr=sr)
    np.testing.assert_allclose(load_audio(content + tail, sr=sr), whole, atol=1e-6)
    part = load_audio(content + tail, sr=sr, offset=2.0, duration=0.75)
    np.testing.assert_allclose(part, whole[2 * sr : int(2.75 * sr)], atol=1e-4)


def test_flac_behind_a_tag(tmp_path, encode, sound, only_soundfile):
    content = encode(sound(3.0), kind="FLAC")
    path = tmp_path / "song.flac"
    path.write_bytes(id3_at_end(50_000) + content)
    whole = load(content)
    np.testing.assert_array_equal(load(path), whole)
    assert_parts_are_slices(path, whole)


def test_the_end_of_vorbis_is_found(encode, sound, only_soundfile):
    """libsndfile seeks to the wrong place in the last page."""
    content = encode(sound(5.0, 8000, 1), 8000, "OGG", "VORBIS")
    whole = load_audio(content, sr=8000)
    for offset in np.arange(3.5, 4.9, 0.1):
        part = load_audio(content, sr=8000, offset=offset, duration=0.1)
        start = int(offset * 8000)
        np.testing.assert_allclose(part, whole[start : start + len(part)], atol=1e-4)


def test_ordinary_files_are_decoded_once(encode, sound, monkeypatch):
    opened = []
    inner = _soundfile._decode

    def counting(source, **kwargs):
        opened.append(source)
        return inner(source, **kwargs)

    monkeypatch.setattr(_soundfile, "_decode", counting)
    for kind, subtype, sr in [*CHAINS, ("WAV", "PCM_16", 44100)]:
        load_audio(encode(sound(2.0, sr), sr, kind, subtype) + (ID3V1 if kind == "MP3" else b""))
    assert len(opened) == len(CHAINS) + 1


def test_blocks_are_closed_when_reading_ends_early(mp3, only_soundfile):
    content = mp3()
    blocks = stream_audio(content + content)
    next(blocks)
    blocks.close()
    with pytest.raises(KeyError):
        stream_audio(content).throw(KeyError("mine"))
