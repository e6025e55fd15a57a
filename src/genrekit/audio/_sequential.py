"""Sound files that are read from front to back, as fast as libsndfile can."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from genrekit.audio._decoder import UnusableError, check_format
from genrekit.audio._quiet import quiet
from genrekit.formats import Encoded, open_binary, size_of

__all__ = ["SequentialFile", "open_sequential"]

# MP3s up to this many bytes, 7 to 17 minutes, are read whole before they are decoded,
_WHOLE = 1 << 24
# unless much less is wanted of them: bytes a second at the highest bit rate, and for tags.
_RATE = 40_000
_TAGS = 1 << 18


class SequentialFile(soundfile.SoundFile):
    """A sound file that is read from front to back.

    `SoundFile` asks for the position before each read and seeks to the same place after it if the
    file is seekable. In an MP3, that seek throws away what the decoder holds and decodes it
    again.
    """

    def seekable(self) -> bool:
        """Say that it is not, so that `read` leaves the position alone; `seek` itself works."""
        return False

    @functools.cached_property
    def _silence(self) -> contextlib.AbstractContextManager[None]:
        """Keeps from the terminal what libmpg123 has to say."""
        return quiet() if self.format == "MP3" else contextlib.nullcontext()

    def read_block(self, frames: int) -> NDArray[np.float32]:
        """Read up to so many frames, of shape (n_frames, n_channels)."""
        # `read` gives the same, after asking numpy a dozen things about each array.
        block = np.empty((frames, self.channels), np.float32)
        with self._silence:
            return block[: self.buffer_read_into(block, "float32")]

    def seek(self, frames: int, whence: int = os.SEEK_SET) -> int:
        """Go to a frame."""
        with self._silence:
            return super().seek(frames, whence)


class _Bytes(io.BytesIO):
    """A file in memory that stays where it is when asked to go before its start.

    A damaged header makes libsndfile ask for that, and what is raised then is printed by cffi.
    """

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


class _Elsewhere(io.BufferedReader):
    """A file that is elsewhere: it keeps to itself what is raised, for cffi would print it.

    Whoever opened the file asks it afterwards what went wrong.
    """

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position; as for `_Bytes`."""
        try:
            return super().seek(offset, whence)
        except Exception:
            return self.tell()

    def readinto(self, buffer: Any) -> int:
        """Read what comes."""
        try:
            return super().readinto(buffer)
        except Exception:
            return 0


class _MemoryFile(SequentialFile):
    """A sound file that stands in memory whole, behind a head."""

    def __init__(self, memory: NDArray[np.uint8]) -> None:
        self._memory = soundfile._ffi.from_buffer(memory)  # kept as long as libsndfile reads it
        super().__init__("<memory>")

    def _open(self, file: Any, mode_int: int, closefd: bool) -> Any:
        """Open the memory in place of a path: soundfile has no public way."""
        opened = soundfile._snd.sf_open_virtual(_callbacks(), mode_int, self._info, self._memory)
        if opened == soundfile._ffi.NULL:
            raise soundfile.LibsndfileError(soundfile._snd.sf_error(opened))
        return opened


def open_sequential(source: Encoded, seconds: float | None = None) -> SequentialFile:
    """Open a file, in memory where that is faster; the samples are the same.

    Parameters
    ----------
    source : str, bytes or Openable
        Path or content of the file, or what opens it.
    seconds : float, optional
        How much of it is needed, from its start.

    Returns
    -------
    SequentialFile
        The open file.

    Raises
    ------
    soundfile.LibsndfileError
        If libsndfile can't read it.
    UnusableError
        If its header can't be true.
    """
    with quiet():
        file = _open(source, seconds)
    try:
        check_format(file.samplerate, file.channels)
    except UnusableError:
        file.close()
        raise
    return file


def _open(source: Encoded, seconds: float | None) -> SequentialFile:
    """Open a file, whatever its header says."""
    if _is_better_whole(source, seconds) and _callbacks() is not None:
        # Without a word: what soundfile keeps to itself may change in any way, and the usual way
        # reports what is wrong with the file.
        with contextlib.suppress(Exception):
            return _MemoryFile(_read_whole(source))
    if isinstance(source, str):
        return SequentialFile(_system_name(source))
    return SequentialFile(
        _Bytes(source) if isinstance(source, bytes) else _Elsewhere(source.open().detach())
    )


def _system_name(path: str) -> str | bytes:
    """A path as the system knows it: soundfile refuses names that are not UTF-8, but not bytes."""
    return path if os.name == "nt" else os.fsencode(path)


def _is_better_whole(source: Encoded, seconds: float | None) -> bool:
    """Whether it would be read in small pieces, and hardly more is in it than is needed."""
    if isinstance(source, bytes):  # libsndfile would get it through a Python object
        size = len(source)
    elif isinstance(source, str) and source.lower().endswith(".mp3"):
        size = os.path.getsize(source)
    else:
        return False
    return size <= (_WHOLE if seconds is None else min(_WHOLE, seconds * _RATE + _TAGS))


def _callbacks() -> Any:
    """Functions that read from memory; None before numba is loaded, as it is for features.

    To import it takes longer than they save.
    """
    return _compiled_callbacks() if "numba" in sys.modules else None


@functools.cache
def _compiled_callbacks() -> Any:
    """The functions as libsndfile knows them; None where they can't be compiled or handed over."""
    try:
        from genrekit.audio._callbacks import ADDRESSES

        ffi = soundfile._ffi
        pointers = {name: ffi.cast(f"sf_vio_{name}", at) for name, at in ADDRESSES.items()}
        return ffi.new("SF_VIRTUAL_IO*", pointers)
    except Exception:
        return None


def _read_whole(source: Encoded) -> NDArray[np.uint8]:
    """The bytes of a file, behind a head."""
    from genrekit.audio._callbacks import HEAD

    with open_binary(source) as file:
        memory = np.empty(HEAD + size_of(file), np.uint8)
        memory[:HEAD].view(np.int64)[:] = 0, file.readinto(memory[HEAD:].data)
    return memory
