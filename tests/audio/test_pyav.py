from __future__ import annotations

import io
import time
import types

import numpy as np
import pytest

from genrekit.audio import _open, _pyav, load_audio
from genrekit.exceptions import AudioDecodeError

av = pytest.importorskip("av")


@pytest.fixture(autouse=True)
def only_pyav(monkeypatch):
    """No other decoder helps out."""
    only = {"pyav": _open._FINDERS["pyav"]}
    monkeypatch.setattr(_open, "_FINDERS", only)


def correlation(a, b):
    """Of two waveforms that should be the same; the longer one is cut."""
    n = min(len(a), len(b))
    return np.corrcoef(a[:n], b[:n])[0, 1]


# The last number: samples that the codec puts in front (or, negative, loses there) where the
# container has no place to say so.
LOSSY = [
    ("mp4", "aac", 0),
    ("ipod", "aac", 0),
    ("matroska", "aac", 0),
    ("adts", "aac", 1024),
    ("asf", "wmav2", -2048),
]


@pytest.mark.parametrize(("kind", "codec", "delay"), LOSSY)
def test_lossy_formats_sound_the_same(encode_av, sound, kind, codec, delay):
    samples = sound(4.0)
    y = load_audio(encode_av(samples, kind=kind, codec=codec), sr=44100)
    expected = samples.mean(axis=1).astype(np.float32)
    assert correlation(y[max(delay, 0) :], expected[max(-delay, 0) :]) > 0.99
    assert abs(len(y) - len(expected)) < 4096


@pytest.mark.parametrize(("kind", "codec", "delay"), LOSSY)
def test_seeking_gives_what_decoding_all_gives(tmp_path, encode_av, sound, kind, codec, delay):
    path = tmp_path / "song.bin"
    path.write_bytes(encode_av(sound(8.0, channels=1), kind=kind, codec=codec))
    whole = load_audio(path, sr=44100)
    part = load_audio(path, sr=44100, offset=5.0, duration=1.5)
    assert len(part) == 66150
    # Time stamps of Matroska and ASF are rounded to 1 ms.
    slack = 88 if kind in ("matroska", "asf") else 0
    start = 5 * 44100
    found = max(correlation(part, whole[start + d :]) for d in range(-slack, slack + 1))
    assert found > 0.999


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("wav", "pcm_u8"), ("wav", "pcm_s16le"), ("wav", "pcm_s24le"), ("wav", "pcm_f64le")],
)
def test_sample_formats(encode_av, sound, kind, codec):
    samples = sound(1.0)
    y = load_audio(encode_av(samples, kind=kind, codec=codec), sr=44100)
    tolerance = 1.1 / 128 if codec == "pcm_u8" else 1e-4
    np.testing.assert_allclose(y, samples.mean(axis=1), atol=tolerance)


@pytest.mark.parametrize("kind", ["FLAC", "WAV", "OGG", "AIFF"])
def test_same_as_libsndfile(encode, sound, kind):
    content = encode(sound(3.0), kind=kind)
    expected = load_audio(content, decoder=_open._soundfile().decode)
    np.testing.assert_allclose(load_audio(content), expected, atol=2e-4)
    part = load_audio(content, offset=1.0, duration=1.0, sr=44100)
    expected = load_audio(content, sr=44100)[44100:88200]
    np.testing.assert_allclose(part, expected, atol=2e-4)


def test_padding_is_cut_where_the_length_is_known(encode_av, sound):
    assert len(load_audio(encode_av(sound(2.0)), sr=44100)) == 88200


@pytest.mark.parametrize("kind", ["mp4", "adts"])
def test_offset_beyond_the_end(encode_av, sound, kind):
    content = encode_av(sound(2.0), kind=kind)
    with pytest.raises(AudioDecodeError, match=r"offset=30 s lies beyond its end: it is 2\.\d\d s"):
        load_audio(content, offset=30.0)


def test_offset_just_beyond_the_end_of_a_stream_without_length(encode_av, sound):
    content = encode_av(sound(2.0), kind="matroska")
    with pytest.raises(AudioDecodeError, match=r"offset=2\.2 s lies beyond its end"):
        load_audio(content, offset=2.2)


def test_truncated_stream_is_damaged(encode_av, sound):
    content = encode_av(sound(3.0), kind="adts")
    with pytest.raises(AudioDecodeError, match="damaged or truncated"):
        load_audio(content[: len(content) // 2])


def test_truncated_container(encode_av, sound):
    content = encode_av(sound(3.0))
    with pytest.raises(AudioDecodeError, match=r"no decoder could read it.*it looks like an MP4"):
        load_audio(content[: len(content) // 2])


def test_fewer_frames_than_promised(encode_av, sound, monkeypatch):
    monkeypatch.setattr(_pyav, "_promised_frames", lambda opened: 441000)
    with pytest.raises(AudioDecodeError, match=r"truncated: 10\.00 s should be there"):
        load_audio(encode_av(sound(3.0)))


def test_tags_may_hold_any_bytes(encode_av, sound):
    content = encode_av(sound(0.5), title="song title")
    assert content.count(b"song title") == 1
    assert len(load_audio(content.replace(b"song title", b"s\xffng \xe4itle"))) == 11025


def test_video_without_sound():
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((24, 16), np.uint8), format="yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(AudioDecodeError, match="it has no audio stream"):
        load_audio(file.getvalue())


def test_changing_rate_is_refused(encode_av, sound, monkeypatch):
    content = encode_av(sound(3.0))
    arrays = _pyav._arrays
    monkeypatch.setattr(_pyav, "_arrays", lambda frames, sr: arrays(frames, sr + 1))
    with pytest.raises(AudioDecodeError, match="its rate changes from 44101 to 44100 Hz"):
        load_audio(content)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_channels_that_change_on_the_way(encode, sound, order):
    """Each block is downmixed by itself, so that nothing is louder or softer for it."""
    samples = np.repeat(sound(3.0, channels=1), 2, axis=1)
    content = b"".join(encode(samples[:, :n], kind="MP3") for n in order)
    y = load_audio(content, sr=44100)
    first, second = y[: 3 * 44100], y[-3 * 44100 :]
    assert len(y) == pytest.approx(6 * 44100, abs=4000)
    for half in (first, second):
        assert half.std() == pytest.approx(samples.std(), rel=0.02)


def test_no_time_stamps():
    with pytest.raises(ValueError, match="can't be read from an offset"):
        _pyav._time(types.SimpleNamespace(pts=None, time_base=None))


def test_paths_are_never_addresses(tmp_path, monkeypatch, encode_av, sound):
    """FFmpeg would take a name with a colon for a protocol."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "concat:a").write_bytes(encode_av(sound(1.0)))
    assert len(load_audio("concat:a")) == 22050


REFERENCES = {
    "concat": "ffconcat version 1.0\nfile other.wav\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9876 RTP/AVP 0",
}


@pytest.mark.parametrize("demuxer", REFERENCES)
def test_even_a_demuxer_that_opens_files_could_not(tmp_path, monkeypatch, encode, sound, demuxer):
    """None of them is ever chosen; this is the second lock."""
    (tmp_path / "other.wav").write_bytes(encode(sound(1.0)))
    path = tmp_path / "song.mp3"
    path.write_text(REFERENCES[demuxer])
    if demuxer == "concat":
        with av.open(str(path), format=demuxer) as container:
            assert next(container.decode(audio=0)).sample_rate == 44100
    monkeypatch.setattr(_pyav, "demuxer_of", lambda source: demuxer)
    start = time.monotonic()
    for source in (str(path), path.read_bytes()):
        with pytest.raises((OSError, ValueError)):
            _pyav.decode(source, offset=0.0, duration=None)
    assert time.monotonic() - start < 2
