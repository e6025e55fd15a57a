"""Where the sound in a WAV, AIFF, AU, W64 or CAF file lies, and how much there should be."""

from __future__ import annotations

from typing import BinaryIO, Literal, NamedTuple, TypeAlias

from genrekit.formats._bytes import size_of

__all__ = ["Data", "find_data"]

_Order: TypeAlias = Literal["little", "big"]


class _Layout(NamedTuple):
    """How chunks are written.

    Where the first one is, the order of bytes, how long names and sizes are, to what their ends are
    filled up, how much of its own head a size counts, and the name of the chunk that holds sound.
    """

    first: int
    order: _Order
    name: int
    size: int
    filled: int
    own: int
    sound: bytes


_RIFF = _Layout(12, "little", 4, 4, 2, 0, b"data")
_AIFF = _Layout(12, "big", 4, 4, 2, 0, b"SSND")
_LAYOUTS = {
    b"RIFF": _RIFF,
    b"RF64": _RIFF,
    b"BW64": _RIFF,
    b"RIFX": _RIFF._replace(order="big"),
    b"FORM": _AIFF,
    b"riff": _Layout(40, "little", 16, 8, 8, 24, b"data"),
    b"caff": _Layout(8, "big", 4, 8, 1, 0, b"data"),
}
# A file has a few chunks before its sound.
_MOST = 1000


class Data(NamedTuple):
    """The sound in a file.

    The size that stands there, the bytes that are there from its start to the end of the file, and
    where the size stands (place, width, order of bytes, what else it counts).
    """

    said: int
    there: int
    start: int
    field: int
    width: int
    order: _Order
    own: int = 0

    def stated(self) -> int | None:
        """Bytes that there should be; None where whoever wrote them did not know."""
        # A program that writes into a pipe puts nothing there, or about the largest number.
        largest = (1 << 31, 1 << 32) if self.width == 4 else (1 << 63, 1 << 64)
        unknown = any(abs(self.said - number) < 1 << 20 for number in largest)
        return self.said if self.said and not unknown else None

    def mended(self, content: bytes) -> bytes | None:
        """The file with its size in it; None if one stands there, or there is no sound."""
        following = content[self.start : self.start + 4]
        is_empty = self.said == 0 and following.isascii() and following.strip().isalnum()
        if self.stated() is not None or not self.there or is_empty:
            return None
        size = min(self.there + self.own, (1 << 8 * self.width) - 1)
        stop = self.field + self.width
        return content[: self.field] + size.to_bytes(self.width, self.order) + content[stop:]


def find_data(file: BinaryIO) -> Data | None:
    """Find the sound; None if this is no such file."""
    end = size_of(file)
    head = file.read(12)
    if head[:4] == b".snd" and len(head) == 12:
        start, said = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
        return Data(said, max(end - start, 0), start, 8, 4, "big")
    layout = _LAYOUTS.get(head[:4])
    return None if layout is None else _find_chunk(file, layout, end)


def _find_chunk(file: BinaryIO, layout: _Layout, end: int) -> Data | None:
    """Go from chunk to chunk."""
    position, large = layout.first, None
    for _ in range(_MOST):
        field = position + layout.name
        start = field + layout.size
        file.seek(position)
        head = file.read(start - position)
        if len(head) < start - position:
            return None
        said = max(int.from_bytes(head[layout.name :], layout.order) - layout.own, 0)
        if head.startswith(layout.sound):
            said = said if large is None else large
            return Data(said, end - start, start, field, layout.size, layout.order, layout.own)
        if head.startswith(b"ds64"):  # RF64: sizes that need more than 32 bits
            large = int.from_bytes(file.read(16)[8:], "little")
        position = start + said
        position += -position % layout.filled
    return None
