"""Tags that stand in front of sound."""

from __future__ import annotations

from typing import BinaryIO

__all__ = ["behind_tags"]


def behind_tags(file: BinaryIO, position: int = 0) -> int:
    """Where the ID3v2 and APE tags that start at a position end, of which there may be several."""
    while True:
        file.seek(position)
        size = _size(file.read(32))
        if not size:
            return position
        position += size


def _size(head: bytes) -> int:
    """Bytes of the tag that starts here; 0 for none."""
    if head.startswith(b"ID3") and len(head) >= 10:
        # Four times seven bits, without the header and the footer, if any.
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        return size + (20 if head[5] & 0x10 else 10)
    if head.startswith(b"APETAGEX") and len(head) >= 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0
