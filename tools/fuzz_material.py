"""What `fuzz_audio` damages, and how: a short file of every format that can be written here, texts
and other files that are no audio, and mutations. The same seed gives the same bytes.
"""

from __future__ import annotations

import functools
import io
import re
import struct
import zipfile
from collections.abc import Callable
from typing import NamedTuple

import av
import numpy as np
import soundfile

__all__ = ["FORMATS", "Format", "content", "mutate"]

SECONDS = 2.0


class Format(NamedTuple):
    """A kind of file: its suffix, whether it loads undamaged, and how its bytes are made."""

    suffix: str
    loads: bool
    build: Callable[[], bytes]


def sound(sr: int, channels: int) -> np.ndarray:
    """A chord over a little noise, of shape (n_frames, n_channels)."""
    t = np.arange(round(SECONDS * sr))[:, np.newaxis] / sr
    chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220, 277, 330)) / 8
    noise = np.random.default_rng(7).normal(0, 0.01, (len(t), channels))
    return chord * np.linspace(1, 0.5, channels) + noise


# --- files that libsndfile writes -------------------------------------------------------------


def _libsndfile(kind: str, subtype: str, sr: int, channels: int) -> bytes:
    """Encode, and blank the time of day that a file holds with its peaks."""
    file = io.BytesIO()
    soundfile.write(file, sound(sr, channels), sr, format=kind, subtype=subtype)
    data = bytearray(file.getvalue())
    if (peak := data.find(b"PEAK")) > 0:
        data[peak + 12 : peak + 16] = bytes(4)
    return bytes(data)


# --- files that FFmpeg writes -----------------------------------------------------------------


def _ffmpeg(
    kind: str, codec: str, sr: int, channels: int, *, vbr: bool = False, **options: str
) -> bytes:
    """Encode with FFmpeg inside PyAV, without random numbers and dates."""
    file = io.BytesIO()
    layout = "mono" if channels == 1 else "stereo"
    with av.open(file, "w", format=kind, options={"fflags": "bitexact", **options}) as container:
        container.metadata.update(title="Zwölf", artist="Ω", comment="x" * 300)
        stream = container.add_stream(codec, rate=sr, layout=layout, options={"strict": "-2"})
        stream.bit_rate = 12200 if codec == "libopencore_amrnb" else 96_000
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if vbr:
            stream.codec_context.flags |= av.codec.context.Flags.qscale
            stream.codec_context.global_quality = 2 * 118
        for frame in _frames(stream, sound(sr, channels), sr, layout):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _frames(stream: av.AudioStream, samples: np.ndarray, sr: int, layout: str) -> list:
    """Cut samples into frames in the format that the encoder takes."""
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(stream.format.name, layout, sr, frame_size=size)
    planar = np.ascontiguousarray(samples.T, dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout=layout)
    frame.sample_rate, frame.pts = sr, 0
    return resampler.resample(frame) + resampler.resample(None)


# --- files put together by hand ---------------------------------------------------------------


def _tagged_mp3() -> bytes:
    """An MP3 with tags of all kinds at both ends."""
    id3v2 = b"ID3\x03\0\0" + bytes([0, 0, 16, 0]) + b"TIT2\0\0\0\x05\0\0\0Song".ljust(2048, b"\0")
    item = struct.pack("<II", 4, 0) + b"Artist\0" + b"Them"
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, len(item) + 32, 1, 0) + bytes(8)
    lyrics = b"LYRICSBEGIN" + b"LYR00005la la"
    lyrics += b"%06dLYRICS200" % len(lyrics)
    id3v1 = b"TAG" + b"Song".ljust(125, b"\0")
    return id3v2 + _ffmpeg("mp3", "libmp3lame", 44100, 2) + item + footer + lyrics + id3v1


def _dsf() -> bytes:
    """A quarter of a second of DSD, the one-bit format of SACDs, by sigma-delta modulation."""
    rate, size, blocks = 2822400, 4096, 20
    samples = 8 * size * blocks
    share = 0.5 + 0.25 * np.sin(2 * np.pi * 440 * np.arange(samples) / rate)
    ones = np.diff(np.floor(np.cumsum(share)), prepend=0).astype(bool)
    channel = np.packbits(ones, bitorder="little").reshape(blocks, 1, size)
    data = b"data" + struct.pack("<Q", 12 + 2 * size * blocks) + channel.repeat(2, axis=1).tobytes()
    form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, rate, 1, samples, size, 0)
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(form) + len(data), 0) + form + data


def _zip() -> bytes:
    """An archive that holds a recording."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("song.wav"), _libsndfile("WAV", "PCM_16", 8000, 1))
    return file.getvalue()


def _noise(start: bytes = b"") -> bytes:
    """Nothing at all, 20 kB of it."""
    return start + np.random.default_rng(3).bytes(20_000)


# The first bytes of formats that nothing here can write, to stand before noise.
_HEADERS = {
    "ape": b"MAC \x96\x0f\0\0",
    "mpc8": b"MPCKSH",
    "mpc": b"MP+\x07",
    "tak": b"tBaK",
    "dff": b"FRM8\0\0\0\0\0\0\0\0DSD FVER",
    "dts": b"\x7f\xfe\x80\x01",
    "shn": b"ajkg\2",
    "vqf": b"TWIN97012000",
    "ra": b".ra\xfd\0\4",
    "ofr": b"OFR ",
}


_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "08d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)

# FFmpeg takes many of these for a recording, a list of recordings, or an address to go to. Those
# that name a file name one that lies beside them.
_TEXTS = {
    "ffconcat": b"ffconcat version 1.0\nfile beside.wav\nfile beside.wav\n",
    "m3u": b"#EXTM3U\n#EXTINF:2,Song\nbeside.wav\nhttp://127.0.0.1:9/song.mp3\n",
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nbeside.wav\n#EXT-X-ENDLIST\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    b'<Period><AdaptationSet mimeType="audio/mp4"><Representation id="0" bandwidth="1">'
    b"<BaseURL>beside.wav</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    b"m=audio 9876 RTP/AVP 0\n",
    "rtsp": b"RTSPtextrtsp://127.0.0.1:9/song\n[Reference]\nRef1=http://127.0.0.1:9/song\n",
    "html": b"<!DOCTYPE html><html><body>404</body></html>" * 40,
    "json": b'{"songs": [{"path": "beside.wav", "genre": "rock"}]}' * 20,
    "csv": b"path,genre\nbeside.wav,rock\n" * 50,
    "srt": b"1\n00:00:00,000 --> 00:00:02,000\nla la\n\n" * 20,
    "sbagen": b"-SE\nbase: 300+2/20\nNOW base\n+00:01 base\n",
    "ffmetadata": b";FFMETADATA1\ntitle=Song\n[CHAPTER]\nSTART=0\nEND=1\n",
}
_BINARIES = {
    "zip": _zip,
    "png": lambda: _PICTURE,
    "jpeg": functools.partial(_noise, b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"),
    "pdf": lambda: b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n" * 40,
    "midi": lambda: b"MThd\0\0\0\x06\0\0\0\1\0\x60MTrk\0\0\0\x04\0\xff\x2f\0",
    "noise": _noise,
    "zeros": lambda: bytes(20_000),
}

# --- all of them ------------------------------------------------------------------------------

# Suffix, container, how samples are stored, rate, channels.
_LIBSNDFILE = """
    wav WAV PCM_16 44100 2,     wav WAV PCM_24 22050 2,     wav WAV FLOAT 22050 1
    wav WAV PCM_U8 8000 1,      wav WAV DOUBLE 22050 1,     wav WAV MS_ADPCM 22050 2
    wav WAV IMA_ADPCM 22050 1,  wav WAV GSM610 8000 1,      wav WAV ULAW 8000 1
    wav WAVEX PCM_32 48000 2,   rf64 RF64 PCM_16 22050 2,   w64 W64 PCM_16 22050 2
    flac FLAC PCM_16 44100 2,   flac FLAC PCM_24 22050 1,   mp3 MP3 MPEG_LAYER_III 44100 2
    aiff AIFF PCM_16 44100 2,   aiff AIFF FLOAT 22050 1,    aiff AIFF ULAW 22050 1
    au AU PCM_16 22050 2,       au AU G721_32 8000 1,       caf CAF PCM_24 22050 2
    caf CAF ALAC_16 22050 2,    voc VOC PCM_16 22050 1,     nist NIST PCM_16 22050 1
    sf IRCAM PCM_16 22050 1,    paf PAF PCM_16 22050 1,     pvf PVF PCM_16 22050 1
    svx SVX PCM_16 22050 1,     avr AVR PCM_16 22050 1"""
_FFMPEG = """
    ogg ogg vorbis 44100 2,     opus ogg libopus 48000 2,   oga ogg flac 22050 1
    mp3 mp3 libmp3lame 44100 2, mp3 mp3 libmp3lame 24000 1, m4a ipod aac 44100 2
    m4a ipod alac 44100 2,      aac adts aac 44100 2,       mp4 mp4 aac 44100 1
    mov mov pcm_s16be 22050 2,  3gp 3gp libopencore_amrnb 8000 1
    wma asf wmav2 44100 2,      wma asf wmav1 22050 1,      mka matroska flac 22050 2
    mka matroska vorbis 44100 2, webm webm libopus 48000 2, mka matroska libmp3lame 44100 1
    ac3 ac3 ac3 48000 2,        eac3 eac3 eac3 48000 2,     wv wv wavpack 44100 2
    tta tta tta 44100 2,        mp2 mp2 mp2 44100 2,        aifc aiff pcm_s24be 22050 2
    caf caf alac 22050 2,       amr amr libopencore_amrnb 8000 1
    flv flv libmp3lame 44100 2, ts mpegts aac 44100 2,      mpg mpeg mp2 44100 2
    avi avi libmp3lame 44100 2, rm rm ac3 44100 2"""
# Not among what genrekit opens, though libraries would read it.
_LIBSNDFILE_REFUSED = """
    htk HTK PCM_16 22050 1,     mat MAT4 FLOAT 22050 1,     sds SDS PCM_16 22050 1
    wve WVE ALAW 8000 1,        mpc MPC2K PCM_16 22050 2,   xi XI DPCM_16 44100 1"""
_FFMPEG_REFUSED = """
    latm latm aac 44100 2,      swf swf libmp3lame 44100 2, adx adx adpcm_adx 44100 2
    mmf mmf adpcm_yamaha 8000 1"""


def _rows(table: str) -> list[list[str]]:
    """The entries of a table."""
    return [entry.split() for entry in re.split(r"[,\n]", table) if entry.strip()]


def _formats() -> dict[str, Format]:
    """Everything that is damaged, by name."""
    tables = (
        (_LIBSNDFILE, _libsndfile, True),
        (_FFMPEG, _ffmpeg, True),
        (_LIBSNDFILE_REFUSED, _libsndfile, False),
        (_FFMPEG_REFUSED, _ffmpeg, False),
    )
    formats = {}
    for table, encode, loads in tables:
        for suffix, kind, codec, sr, channels in _rows(table):
            build = functools.partial(encode, kind, codec, int(sr), int(channels))
            formats[f"{kind} {codec} {sr}".lower()] = Format(suffix, loads, build)
    vbr = functools.partial(_ffmpeg, "mp3", "libmp3lame", 44100, 2, vbr=True)
    bare = functools.partial(_ffmpeg, "mp3", "libmp3lame", 44100, 2, write_xing="0")
    formats["mp3 vbr"] = Format("mp3", True, vbr)
    formats["mp3 without xing"] = Format("mp3", True, bare)
    formats["mp3 tagged"] = Format("mp3", True, _tagged_mp3)
    formats["dsf"] = Format("dsf", True, _dsf)
    for name, magic in _HEADERS.items():
        noise = functools.partial(_noise, magic)
        formats[f"header {name}"] = Format(name, False, noise)
    for name, text in _TEXTS.items():
        formats[f"text {name}"] = Format("mp3", False, functools.partial(bytes, text))
    for name, build in _BINARIES.items():
        formats[f"other {name}"] = Format("mp3", False, build)
    return formats


FORMATS = _formats()


@functools.cache
def content(name: str) -> bytes:
    """The bytes of a format's file, undamaged."""
    return FORMATS[name].build()


# --- mutations --------------------------------------------------------------------------------

Rng = np.random.Generator


def _place(rng: Rng, data: bytearray) -> int:
    """Somewhere, half of the time near the start, where headers are."""
    return int(rng.integers(min(len(data), 4096 if rng.random() < 0.5 else len(data)) + 1))


def _run(rng: Rng, longest: int) -> bytes:
    """Bytes of one kind: all the same, or all random."""
    length = int(rng.integers(1, longest + 1))
    values = (b"\0", b"\xff", b"\x11", b"ID3\x04", b"\xff\xfb\x90\x64", b"RIFF", b"OggS", b"TAG")
    if rng.random() < 0.5:
        return rng.bytes(length)
    return (values[rng.integers(len(values))] * length)[:length]


def _flip(rng: Rng, data: bytearray, other: bytes) -> None:
    """Single bits."""
    for _ in range(rng.integers(1, 33) if data else 0):
        data[min(_place(rng, data), len(data) - 1)] ^= 1 << int(rng.integers(8))


def _overwrite(rng: Rng, data: bytearray, other: bytes) -> None:
    """A run of other bytes, in place."""
    at, run = _place(rng, data), _run(rng, 2000)
    data[at : at + len(run)] = run


def _truncate(rng: Rng, data: bytearray, other: bytes) -> None:
    """The end, or the start, is missing."""
    at = _place(rng, data)
    if rng.random() < 0.8:
        del data[at:]
    else:
        del data[:at]


def _remove(rng: Rng, data: bytearray, other: bytes) -> None:
    """Something in between is missing."""
    at = _place(rng, data)
    del data[at : at + int(rng.integers(1, 3000))]


def _repeat(rng: Rng, data: bytearray, other: bytes) -> None:
    """A piece stands there twice, or the whole does."""
    if rng.random() < 0.2:
        data *= 2
    else:
        at = _place(rng, data)
        data[at:at] = data[at : at + int(rng.integers(1, 20_000))]


def _splice(rng: Rng, data: bytearray, other: bytes) -> None:
    """Goes on with a piece of another file, or with all of it."""
    if rng.random() < 0.7:
        del data[_place(rng, data) :]
        data += other[int(rng.integers(len(other) + 1)) :]
    else:
        data += other


def _insert(rng: Rng, data: bytearray, other: bytes) -> None:
    """Junk before, in or behind it."""
    at = (0, _place(rng, data), len(data))[rng.integers(3)]
    data[at:at] = _run(rng, 20_000)


_NUMBERS = (0, 1, 2, -1, -2, 7, 255, 0x7F, 0x7FFF, 0x7FFFFFFF, -0x80000000, 0x7FFFFFFFFFFFFFFF)
_FLOATS = (0.0, -1.0, 1e-9, 1e9, 1e300, float("inf"), float("nan"))


def _extreme(rng: Rng, data: bytearray, other: bytes) -> None:
    """Numbers in a header become what none should be: near a name of four letters, or anywhere."""
    names = [found.start() for found in re.finditer(rb"[A-Za-z][A-Za-z0-9 ]{3}", data[:65536])]
    for _ in range(rng.integers(1, 4)):
        if names and rng.random() < 0.5:
            at = max(names[rng.integers(min(len(names), 40))] + int(rng.integers(-4, 33)), 0)
        else:
            at = int(rng.integers(128))
        field = _field(rng)
        data[at : at + len(field)] = field


def _field(rng: Rng) -> bytes:
    """A number of 1 to 8 bytes, in one of both orders."""
    order = "big" if rng.random() < 0.5 else "little"
    if rng.random() < 0.1:
        value = _FLOATS[rng.integers(len(_FLOATS))]
        return struct.pack(">d" if order == "big" else "<d", value)
    width = (1, 2, 4, 4, 8)[rng.integers(5)]
    number = _NUMBERS[rng.integers(len(_NUMBERS))] & (256**width - 1)
    return number.to_bytes(width, order)


_MUTATIONS = (_flip, _overwrite, _truncate, _remove, _repeat, _splice, _insert, _extreme, _extreme)


def mutate(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Damage a file in one to four ways; a splice takes from the other one."""
    damaged = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        _MUTATIONS[rng.integers(len(_MUTATIONS))](rng, damaged, other)
    if rng.random() < 0.6:  # or else a first look at most of them is enough
        damaged[:16] = data[:16]
    return bytes(damaged)
