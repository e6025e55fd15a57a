"""What a file looks like. Decides, before any decoder is asked, whether it is opened at all.

FFmpeg guesses at anything: to it a web page is sound, and a text may be a list of other files and
addresses to open. So its demuxer is chosen here, and what is not in these tables is not decoded.
"""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from genrekit.formats._bytes import Encoded, open_binary, size_of
from genrekit.formats._frames import find_frames
from genrekit.formats._mpeg import SEARCH
from genrekit.formats._tags import behind_tags

__all__ = ["Look", "declared_size", "demuxer_of", "look_at"]

_HEAD = 4096
_TS_PACKET = 188

_FETCH = "Fetch the file itself: git lfs pull"
_RELOAD = "Download it again: what was saved is a web page"
_UNPACK = "Unpack it first"
_EXPORT = "Export its sound to WAV or FLAC first"


class Look(NamedTuple):
    """What the bytes look like.

    Attributes
    ----------
    text : str
        In words; empty if that is unknown.
    demuxer : str
        FFmpeg's name for the container; empty where no decoder is to be asked.
    remedy : str
        What would help.
    """

    text: str
    demuxer: str = ""
    remedy: str = ""


# Position, bytes that stand there, look. The first match counts. A demuxer that opens other files
# or addresses by what it reads (playlists, SDP, DASH, concat, image sequences) must never stand
# here.
_MAGIC = (
    (0, b"fLaC", Look("a FLAC file", "flac")),
    (0, b"OggS", Look("an Ogg file", "ogg")),
    (0, b".snd", Look("an AU file", "au")),
    (8, b"AIFF", Look("an AIFF file", "aiff")),
    (8, b"AIFC", Look("an AIFF file", "aiff")),
    (8, b"WAVE", Look("a WAV file", "wav")),
    (8, b"XWMA", Look("an xWMA file", "xwma")),
    (8, b"QLCM", Look("a QCP file", "qcp")),
    (8, b"AVI ", Look("an AVI video", "avi")),
    (8, b"WEBP", Look("a WebP image")),
    (8, b"8SVX", Look("an 8SVX file", "iff")),
    (8, b"16SV", Look("a 16SV file", "iff")),
    (0, b"riff\x2e\x91\xcf\x11", Look("a Wave64 file", "w64")),
    (0, b"caff", Look("a CAF file", "caf")),
    (0, b"Creative Voice File", Look("a VOC file", "voc")),
    (0, b"NIST_1A", Look("a NIST SPHERE file", "nistsphere")),
    *((0, bytes([0x64, 0xA3, i, 0]), Look("an IRCAM file", "ircam")) for i in range(1, 5)),
    *((0, bytes([0, i, 0xA3, 0x64]), Look("an IRCAM file", "ircam")) for i in range(1, 5)),
    (0, b"2BIT", Look("an AVR file", "avr")),
    (0, b" paf", Look("an Ensoniq PARIS file", "epaf")),
    (0, b"fap ", Look("an Ensoniq PARIS file", "epaf")),
    (0, b"PVF1\n", Look("a PVF file", "pvf")),
    (4, b"ftypM4A", Look("an M4A file (AAC or ALAC in an MP4 container)", "mov")),
    (4, b"ftypM4B", Look("an M4B audio book (AAC in an MP4 container)", "mov")),
    (4, b"ftypqt", Look("a QuickTime video", "mov")),
    (4, b"ftyphei", Look("a HEIC image")),
    (4, b"ftypmif1", Look("a HEIC image")),
    (4, b"ftypavif", Look("an AVIF image")),
    (4, b"ftyp", Look("an MP4 container", "mov")),
    (4, b"moov", Look("a QuickTime video", "mov")),
    (4, b"mdat", Look("a QuickTime video", "mov")),
    (4, b"wide", Look("a QuickTime video", "mov")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Look("an ASF file (WMA or WMV)", "asf")),
    (0, b"\x1a\x45\xdf\xa3", Look("a Matroska or WebM file", "matroska")),
    (0, b"FLV\x01", Look("a Flash video", "flv")),
    (0, b"\x00\x00\x01\xba", Look("an MPEG video", "mpeg")),
    (0, b".RMF", Look("a RealMedia file", "rm")),
    (0, b".ra\xfd", Look("a RealAudio file", "rm")),
    (0, b"MAC ", Look("a Monkey's Audio file", "ape")),
    (0, b"wvpk", Look("a WavPack file", "wv")),
    (0, b"MPCK", Look("a Musepack file", "mpc8")),
    (0, b"MP+", Look("a Musepack file", "mpc")),
    (0, b"TTA1", Look("a TTA file", "tta")),
    (0, b"tBaK", Look("a TAK file", "tak")),
    (0, b"ajkg", Look("a Shorten file", "shn")),
    (0, b"DSD ", Look("a DSD file", "dsf")),
    (0, b"FRM8", Look("a DSDIFF file", "iff")),
    (0, b"#!AMR", Look("an AMR file", "amr")),
    (0, b"TWIN97012000", Look("a TwinVQ file", "vqf")),
    (0, b"\x7f\xfe\x80\x01", Look("a DTS file", "dts")),
    (0, b"DTSHDHDR", Look("a DTS-HD file", "dtshd")),
    (4, b"\xf8\x72\x6f\xba", Look("a TrueHD file", "truehd")),
    (4, b"\xf8\x72\x6f\xbb", Look("an MLP file", "mlp")),
    (0, b"ADIF", Look("an AAC file without frames", remedy=_EXPORT)),
    (0, b"OFR ", Look("an OptimFROG file", remedy=_EXPORT)),
    (0, b"MThd", Look("a MIDI file, which holds notes and no sound", "", "Render it to WAV first")),
    (0, b"PK\x03\x04", Look("a ZIP archive", remedy=_UNPACK)),
    (0, b"\x1f\x8b", Look("a gzip archive", remedy=_UNPACK)),
    (0, b"BZh", Look("a bzip2 archive", remedy=_UNPACK)),
    (0, b"\xfd7zXZ", Look("an xz archive", remedy=_UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Look("a 7z archive", remedy=_UNPACK)),
    (0, b"Rar!", Look("a RAR archive", remedy=_UNPACK)),
    (257, b"ustar", Look("a tar archive", remedy=_UNPACK)),
    (0, b"%PDF", Look("a PDF document")),
    (0, b"\x89PNG", Look("a PNG image")),
    (0, b"\xff\xd8\xff", Look("a JPEG image")),
    (0, b"GIF8", Look("a GIF image")),
    (0, b"II*\x00", Look("a TIFF image")),
    (0, b"MM\x00*", Look("a TIFF image")),
    (0, b"SQLite format 3", Look("an SQLite database", remedy=_EXPORT)),
    (0, b"\x93NUMPY", Look("a numpy array", "", "Load it with numpy and pass the waveform itself")),
    (0, b"\x89HDF", Look("an HDF5 file")),
    (0, b"version https://git-lfs", Look("a Git LFS pointer, not the file itself", remedy=_FETCH)),
    (0, b"#EXTM3U", Look("a playlist, not a recording")),
    (0, b"[playlist]", Look("a playlist, not a recording")),
)
# The same bytes by position.
_AT = {at: tuple(magic for place, magic, _ in _MAGIC if place == at) for at, _, _ in _MAGIC}
_STREAMS = {
    "mp3": Look("an MP3 file", "mp3"),
    "aac": Look("an AAC file", "aac"),
    "ac3": Look("an AC-3 file", "ac3"),
    "eac3": Look("an E-AC-3 file", "eac3"),
}


def look_at(file: BinaryIO) -> Look:
    """Say what an open file looks like, from its beginning."""
    size = size_of(file)
    head = file.read(_HEAD)
    found, text = _magic(head), _text(head)
    if text:  # in which "MAC ", "MP+" or "wide" may stand as well
        return text if found is None or found.demuxer else found
    if _is_cut(head, size):
        return _cut_look(head, size)
    if found:
        return found
    start = behind_tags(file)
    if start:
        return _behind_tags(file, start)
    return _stream(file, 0) or _zeros(file) or Look("")


def demuxer_of(source: Encoded) -> str:
    """FFmpeg's name for the container of a file; ValueError if it is to open none."""
    with open_binary(source) as file:
        look = look_at(file)
    if not look.demuxer:
        raise ValueError("Format not recognised")
    return look.demuxer


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
    kind, demuxer = {b"RIFF": ("WAV", "wav"), b"FORM": ("AIFF", "aiff")}.get(head[:4], ("AU", "au"))
    declared = declared_size(head[:12])
    text = f"a truncated {kind} file ({declared} bytes announced, {size} there)"
    return Look(text, demuxer)


def _magic(head: bytes) -> Look | None:
    """Look up the first bytes in the table."""
    if not any(head.startswith(magics, position) for position, magics in _AT.items()):
        return None  # as for an MP3, without going through all of them
    return next(look for at, magic, look in _MAGIC if head.startswith(magic, at))


def _text(head: bytes) -> Look | None:
    """Tell apart the texts that get saved under the name of a recording."""
    text = _characters(head)
    if text is None or any(ord(c) < 32 and c not in "\t\n\r\f" for c in text):
        return None
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")) or "<html" in start[:1000]:
        return Look("an HTML page", remedy=_RELOAD)
    for opening, kind in (("<", "an XML document"), ("{", "a JSON text"), ("[", "a JSON text")):
        if start.startswith(opening):
            return Look(kind)
    return Look("a text")


def _characters(head: bytes) -> str | None:
    """The text that the bytes may be."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head.decode(encoding, errors="ignore")
    if b"\x00" in head:
        return None
    # A character may be cut in two at the end of what was read.
    text = head.decode("utf-8", errors="ignore")
    return None if len(text.encode()) < len(head) - 3 else text


def _behind_tags(file: BinaryIO, start: int) -> Look:
    """What follows the tags: sound, or nothing."""
    file.seek(start)
    rest = file.read(_HEAD)
    # A tag whose size is damaged may seem to end in the middle of the sound, or after it.
    found = _magic(rest) or _stream(file, start) or _stream(file, 0)
    if found and not (rest and _text(rest)):
        return found
    if rest.strip(b"\x00"):
        return Look("an ID3 tag with no sound that is known after it")
    return Look("an ID3 tag with no sound after it")


def _stream(file: BinaryIO, start: int) -> Look | None:
    """Streams without a container are told by frames, or packets, that follow one another."""
    file.seek(start)
    data = file.read(SEARCH)
    # MPEG transport stream: a packet every 188 bytes.
    if len(data) > 4 * _TS_PACKET and set(data[: 5 * _TS_PACKET : _TS_PACKET]) == {ord("G")}:
        return Look("an MPEG video", "mpegts")
    name = find_frames(data)
    return _STREAMS[name] if name else None


def _zeros(file: BinaryIO) -> Look | None:
    """What an interrupted download may leave: the right size, and nothing in it."""
    file.seek(0)
    while chunk := file.read(1 << 20):
        if chunk.strip(b"\x00"):
            return None
    return Look("nothing but zero bytes")
