"""What a file that no decoder could read looks like, and what would help."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from genrekit.audio._mpeg import is_frame_header, skip_id3
from genrekit.audio._source import size_of

__all__ = ["Look", "declared_size", "look_at"]

_HEAD = 4096

FFMPEG = "ffmpeg"
_FETCH = "Fetch the file itself: git lfs pull"
_RELOAD = "Download it again: what was saved is a web page"
_UNPACK = "Unpack it first"
_EXPORT = "Export its sound to WAV or FLAC first"


class Look(NamedTuple):
    """What the bytes look like, and what would help (`FFMPEG`: a decoder based on FFmpeg)."""

    text: str
    remedy: str = ""


# Position, bytes that stand there, look. The first match counts.
_MAGIC = (
    (0, b"fLaC", Look("a FLAC file")),
    (0, b"OggS", Look("an Ogg file")),
    (0, b".snd", Look("an AU file")),
    (8, b"AIFF", Look("an AIFF file")),
    (8, b"AIFC", Look("an AIFF file")),
    (8, b"WAVE", Look("a WAV file")),
    (8, b"AVI ", Look("an AVI video", FFMPEG)),
    (8, b"WEBP", Look("a WebP image")),
    (4, b"ftypM4A", Look("an M4A file (AAC or ALAC in an MP4 container)", FFMPEG)),
    (4, b"ftypM4B", Look("an M4B audio book (AAC in an MP4 container)", FFMPEG)),
    (4, b"ftypqt", Look("a QuickTime video", FFMPEG)),
    (4, b"ftyphei", Look("a HEIC image")),
    (4, b"ftypmif1", Look("a HEIC image")),
    (4, b"ftypavif", Look("an AVIF image")),
    (4, b"ftyp", Look("an MP4 container", FFMPEG)),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Look("an ASF file (WMA or WMV)", FFMPEG)),
    (0, b"\x1a\x45\xdf\xa3", Look("a Matroska or WebM file", FFMPEG)),
    (0, b"FLV\x01", Look("a Flash video", FFMPEG)),
    (0, b"\x00\x00\x01\xba", Look("an MPEG video", FFMPEG)),
    (0, b"ADIF", Look("an AAC file", FFMPEG)),
    (0, b"MAC ", Look("a Monkey's Audio file", FFMPEG)),
    (0, b"wvpk", Look("a WavPack file", FFMPEG)),
    (0, b"MPCK", Look("a Musepack file", FFMPEG)),
    (0, b"MP+", Look("a Musepack file", FFMPEG)),
    (0, b"DSD ", Look("a DSD file", FFMPEG)),
    (0, b"#!AMR", Look("an AMR file", FFMPEG)),
    (0, b"MThd", Look("a MIDI file, which holds notes and no sound", "Render it to WAV first")),
    (0, b"PK\x03\x04", Look("a ZIP archive", _UNPACK)),
    (0, b"\x1f\x8b", Look("a gzip archive", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Look("a 7z archive", _UNPACK)),
    (0, b"Rar!", Look("a RAR archive", _UNPACK)),
    (257, b"ustar", Look("a tar archive", _UNPACK)),
    (0, b"%PDF", Look("a PDF document")),
    (0, b"\x89PNG", Look("a PNG image")),
    (0, b"\xff\xd8\xff", Look("a JPEG image")),
    (0, b"GIF8", Look("a GIF image")),
    (0, b"II*\x00", Look("a TIFF image")),
    (0, b"MM\x00*", Look("a TIFF image")),
    (0, b"SQLite format 3", Look("an SQLite database", _EXPORT)),
    (0, b"\x93NUMPY", Look("a numpy array", "Load it with numpy and pass the waveform itself")),
    (0, b"\x89HDF", Look("an HDF5 file")),
    (0, b"version https://git-lfs", Look("a Git LFS pointer, not the file itself", _FETCH)),
    (0, b"#EXTM3U", Look("a playlist, not a recording")),
    (0, b"[playlist]", Look("a playlist, not a recording")),
)


def look_at(file: BinaryIO) -> Look:
    """Say what an open file looks like; an empty text if that is unknown."""
    size = size_of(file)
    head = file.read(_HEAD)
    if _is_cut(head, size):
        return _cut_look(head, size)
    for look in (_magic, _text):
        found = look(head)
        if found:
            return found
    if head.startswith(b"ID3"):
        return _behind_tag(file, size)
    return _mpeg_or_aac(head) or _zeros(file) or Look("")


def declared_size(head: bytes) -> int | None:
    """Size of a WAV, AIFF or AU file by its own first 12 bytes; None if they don't say."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        size = 8 + int.from_bytes(head[4:8], "little")
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        size = 8 + int.from_bytes(head[4:8], "big")
    elif head[:4] == b".snd":
        size = int.from_bytes(head[4:8], "big") + int.from_bytes(head[8:12], "big")
    else:
        return None
    # A program that writes into a pipe can't know the size and puts the largest number there.
    return size if size < 0x7FFF0000 else None


def _is_cut(head: bytes, size: int) -> bool:
    """Whether the file is shorter than its own header says."""
    declared = declared_size(head[:12])
    return declared is not None and declared > size


def _cut_look(head: bytes, size: int) -> Look:
    """The look of a file that is shorter than its own header says."""
    kind = {b"RIFF": "WAV", b"FORM": "AIFF"}.get(head[:4], "AU")
    declared = declared_size(head[:12])
    return Look(f"a truncated {kind} file ({declared} bytes announced, {size} there)")


def _magic(head: bytes) -> Look | None:
    """Look up the first bytes in the table."""
    for position, magic, look in _MAGIC:
        if head.startswith(magic, position):
            return look
    return None


def _text(head: bytes) -> Look | None:
    """Tell apart the texts that get saved under the name of a recording."""
    # A character may be cut in two at the end of what was read.
    text = head.decode("utf-8", errors="ignore")
    if len(text.encode()) < len(head) - 3 or any(ord(c) < 32 and c not in "\t\n\r\f" for c in text):
        return None
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")) or "<html" in start[:1000]:
        return Look("an HTML page", _RELOAD)
    for opening, kind in (("<", "an XML document"), ("{", "a JSON text"), ("[", "a JSON text")):
        if start.startswith(opening):
            return Look(kind)
    return Look("a text")


def _behind_tag(file: BinaryIO, size: int) -> Look:
    """What follows an ID3 tag: sound, or nothing."""
    position = skip_id3(file)
    rest = file.read(_HEAD)
    if position >= size or not rest.strip(b"\x00"):
        return Look("an ID3 tag with no sound after it")
    return _mpeg_or_aac(rest) or _magic(rest) or Look("an ID3 tag with no MP3 sound after it")


def _mpeg_or_aac(head: bytes) -> Look | None:
    """Streams without a container start with a frame."""
    if is_frame_header(head):
        return Look("an MP3 file")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return Look("an AAC file", FFMPEG)
    # MPEG transport stream: a packet every 188 bytes.
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return Look("an MPEG video", FFMPEG)
    return None


def _zeros(file: BinaryIO) -> Look | None:
    """What an interrupted download may leave: the right size, and nothing in it."""
    file.seek(0)
    while chunk := file.read(1 << 20):
        if chunk.strip(b"\x00"):
            return None
    return Look("nothing but zero bytes")
