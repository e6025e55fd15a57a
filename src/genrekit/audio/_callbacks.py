"""Compiled functions that give libsndfile the bytes of a file that stands in memory.

libsndfile's MP3 decoder reads the 4 bytes of a header, then the rest of that frame, then the next
header: 2,600 system calls for 30 seconds of music, 5 to 8 % of the time of decoding on a virtual
machine. soundfile can give it a Python object to read from, but then threads wait for each other.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc
from numba.types import CPointer, int32, int64, uint8

__all__ = ["ADDRESSES", "HEAD"]

# Bytes before those of a file in memory: position and length, int64 each.
HEAD = 16

# Position and length, int64 each, and then the bytes of the file.
_MEMORY = CPointer(uint8)


@cfunc(int64(_MEMORY), cache=True)
def get_filelen(memory):
    return carray(memory, HEAD).view(np.int64)[1]


@cfunc(int64(_MEMORY), cache=True)
def tell(memory):
    return carray(memory, HEAD).view(np.int64)[0]


@cfunc(int64(int64, int32, _MEMORY), cache=True)
def seek(offset, whence, memory):
    head = carray(memory, HEAD).view(np.int64)
    if whence == 1:
        offset += head[0]
    elif whence == 2:
        offset += head[1]
    if offset < 0:
        return -1
    head[0] = offset
    return offset


@cfunc(int64(_MEMORY, int64, _MEMORY), cache=True)
def read(target, count, memory):
    head = carray(memory, HEAD).view(np.int64)
    start = head[0]
    count = max(min(count, head[1] - start), 0)
    for i in range(count):
        target[i] = memory[HEAD + start + i]
    head[0] = start + count
    return count


# By their names in libsndfile's SF_VIRTUAL_IO, which has one for writing as well.
ADDRESSES = {
    "get_filelen": get_filelen.address,
    "tell": tell.address,
    "seek": seek.address,
    "read": read.address,
}
