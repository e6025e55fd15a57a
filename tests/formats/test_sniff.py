from __future__ import annotations

import io
import json

import pytest

from genrekit.audio import _open, load_audio
from genrekit.exceptions import AudioDecodeError
from genrekit.formats import _sniff
from genrekit.formats._sniff import declared_size, look_at

PYAV = "Install PyAV: pip install 'genrekit[ffmpeg]'"
ID3 = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
MP3_FRAME = b"\xff\xfb\x90\x64"
MP3_FRAME += bytes(417 - len(MP3_FRAME))
AAC_FRAME = b"\xff\xf1\x50\x80\x10\x1f\xfc" + bytes(121)
APE = b"APETAGEX\xd0\x07\x00\x00\x10\x00\x00\x00" + bytes(16) + b"\x01" * 16
AC3_FRAME = b"\x0b\x77\x00\x00\x00\x40" + bytes(122)
EAC3_FRAME = b"\x0b\x77\x00\x3f\x00\x80" + bytes(122)

LOOKS = [
    (b"<!DOCTYPE html>\n<html><body>404", "an HTML page"),
    (b"\xef\xbb\xbf  <HTML lang='de'>", "an HTML page"),
    (b"<!-- moved --> <html>", "an HTML page"),
    (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "an XML document"),
    (json.dumps({"error": "quota"}).encode(), "a JSON text"),
    (b"[1, 2]", "a JSON text"),
    (b"id,genre\n2,blues\n", "a text"),
    ("Größe\n".encode() * 1000, "a text"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "a Git LFS pointer"),
    (b"#EXTM3U\na.mp3\n", "a playlist"),
    (b"\x00\x00\x00\x20ftypM4A \x00\x00", "an M4A file"),
    (b"\x00\x00\x00\x20ftypisom\x00\x00", "an MP4 container"),
    (b"\x00\x00\x00\x20ftypheic\x00\x00", "a HEIC image"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "an ASF file (WMA or WMV)"),
    (b"\x1a\x45\xdf\xa3\x01", "a Matroska or WebM file"),
    (b"RIFF\x04\x00\x00\x00AVI LIST", "an AVI video"),
    (5 * (b"G" + bytes(187)), "an MPEG video"),
    (b"PK\x03\x04\x14\x00", "a ZIP archive"),
    (bytes(257) + b"ustar\x00", "a tar archive"),
    (b"%PDF-1.7\n", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG image"),
    (b"MThd\x00\x00\x00\x06", "a MIDI file"),
    (b"RIFF\x04\x00\x00\x00WAVEfmt ", "a WAV file"),
    (b"RIFF\xff\xff\x00\x00WAVEfmt ", "a truncated WAV file (65543 bytes announced, 16 there)"),
    (b"FORM\x00\x00\xff\xffAIFFCOMM", "a truncated AIFF file (65543 bytes announced, 16 there)"),
    (b".snd\x00\x00\x00\x18\x00\x00\xff\xff", "a truncated AU file (65559 bytes announced, 12"),
    (MP3_FRAME, "an MP3 file"),
    (MP3_FRAME[:100], ""),
    (MP3_FRAME + MP3_FRAME[:100], "an MP3 file"),
    ("<html>ö</html>".encode("utf-16"), "an HTML page"),
    ("fine".encode("utf-16-be"), ""),
    (b"\xfe\xff" + "Größe".encode("utf-16-be"), "a text"),
    (3 * MP3_FRAME + b"\x01", "an MP3 file"),
    (b"\x01" * 5000 + 3 * MP3_FRAME, "an MP3 file"),
    (b"\x01" * 5000 + 2 * MP3_FRAME, ""),
    (MP3_FRAME + b"\x01" * 5000, ""),
    (2 * MP3_FRAME + AAC_FRAME + b"\x01" * 5000, ""),
    (AAC_FRAME, "an AAC file"),
    (AAC_FRAME[50:] + 3 * AAC_FRAME, "an AAC file"),
    (3 * AC3_FRAME, "an AC-3 file"),
    (3 * EAC3_FRAME, "an E-AC-3 file"),
    (AC3_FRAME + b"\x01" * 5000, ""),
    (ID3, "an ID3 tag with no sound after it"),
    (ID3 + bytes(3000), "an ID3 tag with no sound after it"),
    (ID3[:100], "an ID3 tag with no sound after it"),
    (2 * ID3 + MP3_FRAME, "an MP3 file"),
    (ID3 + APE + MP3_FRAME, "an MP3 file"),
    (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + 3 * MP3_FRAME, "an MP3 file"),
    (ID3 + b"ffconcat version 1.0\nfile a.mp3\n", "an ID3 tag with no sound that is known"),
    (b"MAC addresses of the studio", "a text"),
    (b"The wide world", "a text"),
    (b"2BIT or not 2BIT", "a text"),
    (b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 9876 RTP/AVP 0\n", "a text"),
    (b"ffconcat version 1.0\nfile other.wav\n", "a text"),
    (b"NIST_1A\n   1024\n" + bytes(2000), "a NIST SPHERE file"),
    (ID3 + MP3_FRAME, "an MP3 file"),
    (ID3 + b"fLaC\x00", "a FLAC file"),
    (ID3 + b"\x01\x02\x03", "an ID3 tag with no sound that is known after it"),
    (bytes(3_000_000), "nothing but zero bytes"),
    (bytes(3_000_000) + b"\x01", ""),
    (b"\x01\x02\x03", ""),
]


@pytest.mark.parametrize(("content", "text"), LOOKS, ids=range(len(LOOKS)))
def test_looks(content, text):
    found = look_at(io.BytesIO(content)).text
    assert found.startswith(text)
    assert bool(found) == bool(text)


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF])
def test_streamed_wav_declares_no_size(size):
    assert declared_size(b"RIFF" + size.to_bytes(4, "little") + b"WAVE") is None


def test_message_says_what_it_looks_like_and_no_decoder_is_asked(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(b"<html>" + b"no such page " * 100)
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(path)
    message = str(caught.value)
    assert message == (
        f"{path}: it is no audio file; it looks like an HTML page. Download it again: what was "
        "saved is a web page"
    )
    assert caught.value.tried == ()


def test_message_names_what_was_tried(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: no decoder could read it; it looks like a WAV file; tried ")
    assert "tried soundfile (" in message
    assert message.count(str(path)) == 1


CONVERT = "If it is one, convert it to WAV or FLAC"


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"\x00\x00\x00\x20ftypM4A \x00\x00" + bytes(500), PYAV),
        (AAC_FRAME, PYAV),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9" + bytes(500), PYAV),
        (b"RIFF\x04\x00\x00\x00WAVEfmt ", ""),
    ],
)
def test_hints_without_pyav(monkeypatch, content, hint):
    only = {"soundfile": _open._FINDERS["soundfile"]}
    monkeypatch.setattr(_open, "_FINDERS", only)
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(content)
    assert caught.value.hint == hint
    assert [name for name, _ in caught.value.tried] == ["soundfile"]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"\x01\x02\x03" * 100, CONVERT),
        (b"%PDF-1.7\n", ""),
        (b"version https://git-lfs.github.com/spec/v1\n", "Fetch the file itself: git lfs pull"),
    ],
)
def test_hints_for_what_is_no_audio(content, hint):
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(content)
    assert caught.value.hint == hint


@pytest.mark.parametrize("installed", ["pyav", "ffmpeg"])
def test_no_hint_to_install_what_is_installed(monkeypatch, installed):
    monkeypatch.setattr(_open, "_FINDERS", {installed: _open._FINDERS["soundfile"]})
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(b"\x00\x00\x00\x20ftypM4A \x00\x00")
    assert caught.value.hint == ""


# --- the door ---------------------------------------------------------------------------------

# What makes FFmpeg, or a player, open something else.
REFERENCES = {
    "concat": "ffconcat version 1.0\nfile {other}\n",
    "itself": "ffconcat version 1.0\nfile {itself}\n",
    "control": "ffconcat version 1.0\n#\x01\nfile {other}\n",
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n",
    "bare playlist": "{other}\n",
    "pls": "[playlist]\nFile1={other}\n",
    "dash": "<?xml version='1.0'?><MPD><BaseURL>{other}</BaseURL></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9876 RTP/AVP 0",
    "subtitles": "1\n00:00:00,000 --> 00:00:09,000\nla la\n",
    "metadata": ";FFMETADATA1\ntitle=song\n",
    "page": "<!DOCTYPE html><html><body>404</body></html>" * 40,
    "ram": "rtsp://127.0.0.1/a\n",
    "asx": "<asx version='3.0'><entry><ref href='{other}'/></entry></asx>",
    "asf redirection": "[Reference]\nRef1=http://127.0.0.1/a\n",
}
NAMES = ["song.mp3", "song.au", "song.vox", "song.gsm", "song.m4a", "song.m3u8", "a%03d.wav"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("kind", REFERENCES)
def test_texts_are_no_audio_whatever_their_name(tmp_path, encode, sound, kind, encoding):
    other = tmp_path / "other.wav"
    other.write_bytes(encode(sound(0.1)))
    for name in NAMES:
        path = tmp_path / name
        content = REFERENCES[kind].format(other=other, itself=path).encode(encoding)
        path.write_bytes(content)
        for source in (path, content, ID3 + content):
            with pytest.raises(AudioDecodeError) as caught:
                load_audio(source)
            assert caught.value.tried == ()


def test_no_demuxer_that_opens_other_files():
    looks = [look for _, _, look in _sniff._MAGIC] + list(_sniff._STREAMS.values())
    demuxers = {look.demuxer for look in looks if look.demuxer}
    assert {"mov", "matroska", "ogg", "mp3"} <= demuxers
    # Those of FFmpeg that follow what a file says, run scripts or read the name as a pattern.
    assert not demuxers & {
        *("concat", "hls", "applehttp", "dash", "sdp", "rtsp", "rtp", "sap", "imf", "image2"),
        *("image2pipe", "lavfi", "tee", "avisynth", "vapoursynth", "libopenmpt", "libgme", "tty"),
        *("webm_dash_manifest", "vobsub", "data", "rawvideo", "s16le", "gsm", "g722", "mulaw"),
    }
