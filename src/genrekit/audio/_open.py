"""Which decoders there are, in which order they are tried, and what is said when all fail."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from genrekit.audio._decoder import (
    NO_SAMPLES,
    AnyDecoder,
    Decoder,
    UnusableError,
    check_format,
)
from genrekit.audio._source import Source, open_source, without_pipe
from genrekit.exceptions import AudioDecodeError
from genrekit.formats import Look, look_at
from genrekit.remote import RemoteFile

__all__ = ["available_decoders", "open_audio"]

Blocks: TypeAlias = Generator[NDArray[np.float32], None, None]

_INSTALL_PYAV = "Install PyAV: pip install 'genrekit[ffmpeg]'"
_NO_DECODER = (
    "no audio decoder works here. `python -c 'import soundfile'` says why; mend it with: pip "
    "install --force-reinstall soundfile (where that has no wheel, install libsndfile), or install "
    "PyAV: pip install 'genrekit[ffmpeg]'"
)

# What FFmpeg calls the containers in which it would find no more than libsndfile.
_LIBSNDFILE = ("aiff", "au", "flac", "mp3", "ogg", "wav")
_NUMBER = re.compile(r"Error number (-?\d+) occurred")


class Installed(NamedTuple):
    """A decoder that can be used here."""

    decode: AnyDecoder
    version: str


def _soundfile() -> Installed:
    from genrekit.audio import _soundfile as module

    return Installed(module.decode, module.version())


def _pyav() -> Installed:
    from genrekit.audio import _pyav as module

    return Installed(module.decode, module.version())


def _audioread() -> Installed:
    from genrekit.audio import _audioread as module

    return Installed(module.decode, module.version())


def _ffmpeg() -> Installed:
    from genrekit.audio import _ffmpeg as module

    return Installed(module.decode, module.version())


# The order in which they are tried: the fastest first, the one that starts a program last.
_FINDERS: Mapping[str, Callable[[], Installed]] = {
    "soundfile": _soundfile,
    "pyav": _pyav,
    "audioread": _audioread,
    "ffmpeg": _ffmpeg,
}


@functools.cache
def _look_for(find: Callable[[], Installed]) -> Installed | None:
    """A decoder, or None where it can't be used; found once per process."""
    try:
        return find()
    except (ImportError, OSError):  # OSError: a shared library is missing
        return None


def installed() -> Iterator[tuple[str, Installed]]:
    """The decoders that can be used here, in the order of trying.

    Each is looked for when its turn comes: the last one runs programs to find out.
    """
    for name, find in _FINDERS.items():
        found = _look_for(find)
        if found is not None:
            yield name, found


def available_decoders() -> dict[str, str]:
    """Name the decoders that can be used here, in the order in which they are tried.

    Returns
    -------
    dict of str to str
        Name of a decoder → its version. ``"soundfile"`` reads WAV, FLAC, OGG, Opus, MP3, AIFF and
        AU; ``"pyav"`` (extra ``ffmpeg``) adds M4A, AAC, WMA and most others, and so do
        ``"audioread"``, where the system has Core Audio, and ``"ffmpeg"``, where that program is on
        the PATH.

    Examples
    --------
    >>> from genrekit.audio import available_decoders
    >>> "soundfile" in available_decoders()
    True
    """
    return {name: decoder.version for name, decoder in installed()}


def open_audio(
    source: Source, *, offset: float, duration: float | None, decoder: Decoder | None = None
) -> tuple[int, Blocks]:
    """Open with the first decoder that gives a block."""
    source = without_pipe(source)
    if not isinstance(source.data, RemoteFile):
        return _open_here(source, offset, duration, decoder)
    remote = source.data
    if decoder is None:
        data = remote.wanted(None if duration is None else offset + duration)
    else:  # which knows paths and bytes
        data = remote.read_all()
    with _blaming(remote):
        sr, blocks = _open_here(source._replace(data=data), offset, duration, decoder)
    return sr, _to_the_end(remote, blocks)


@contextmanager
def _blaming(remote: RemoteFile) -> Iterator[None]:
    """Raise what went wrong on the way here, in place of what decoders make of missing bytes."""
    try:
        yield
    except AudioDecodeError:
        remote.check()
        raise
    remote.check()


def _to_the_end(remote: RemoteFile, blocks: Blocks) -> Blocks:
    """All blocks; an error if the file was not the same at their end, and then let go of it."""
    try:
        with _blaming(remote), closing(blocks):
            yield from blocks
        remote.check_same()
    except AudioDecodeError:
        remote.release()
        raise
    remote.release()


def _open_here(
    source: Source, offset: float, duration: float | None, decoder: Decoder | None
) -> tuple[int, Blocks]:
    """Open what is at hand."""
    # A failure up to the first block lets the next decoder try; after it, samples have been
    # handed on, and another decoder could not take over at the same one.
    with open_source(source) as file:
        look = look_at(file)
    if decoder is None and not look.demuxer:
        raise _no_audio(source, look)
    tried: list[tuple[str, str]] = []
    for name, decode in _candidates(decoder):
        try:
            decoded = decode(source.data, offset=offset, duration=duration)
            check_format(decoded.sr)
            blocks = iter(decoded.blocks)
            first = next((block for block in blocks if len(block)), None)
        except AudioDecodeError:
            raise
        except UnusableError as error:
            raise AudioDecodeError(source.name, str(error)) from error
        except Exception as error:
            tried.append((name, _message(error)))
            continue
        if first is not None:
            return decoded.sr, _rest(source, name, first, blocks)
        tried.append((name, NO_SAMPLES))
    if not tried:
        raise ImportError(_NO_DECODER)
    raise _undecodable(source, tried, look)


def _candidates(decoder: Decoder | None) -> Iterator[tuple[str, AnyDecoder]]:
    """The decoders to try, by name."""
    if decoder is None:
        yield from ((name, found.decode) for name, found in installed())
    else:
        # It is given a path or bytes.
        yield getattr(decoder, "__name__", type(decoder).__name__), cast(AnyDecoder, decoder)


def _rest(
    source: Source, name: str, first: NDArray[np.float32], blocks: Iterator[NDArray[np.float32]]
) -> Blocks:
    """All blocks, with failures turned into `AudioDecodeError`, and the file closed at the end."""
    try:
        yield first
        del first
        yield from blocks
    except (AudioDecodeError, MemoryError):
        raise
    except UnusableError as error:
        raise AudioDecodeError(source.name, str(error)) from error
    except Exception as error:
        reason = "it is damaged or truncated: decoding failed on the way"
        raise AudioDecodeError(source.name, reason, [(name, _message(error))]) from error
    finally:
        close: Callable[[], Any] | None = getattr(blocks, "close", None)
        if close is not None:
            close()


def _message(error: Exception) -> str:
    """A decoder's own words, without the path and the numbers that some put around them."""
    for attribute in ("error_string", "strerror"):  # libsndfile's, FFmpeg's
        text = getattr(error, attribute, None)
        if text:
            break
    else:
        text = str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    text = str(text).strip().rstrip(".")
    if number := _NUMBER.fullmatch(text):
        return _in_words(int(number[1]))
    return text or type(error).__name__


def _in_words(number: int) -> str:
    """What a number of the system means; FFmpeg's decoders return others, without a meaning."""
    text = os.strerror(abs(number))
    return "its data make no sense" if text.startswith("Unknown error") else text


def _no_audio(source: Source, look: Look) -> AudioDecodeError:
    """The error for what no decoder need be asked about."""
    if look.text:
        return AudioDecodeError(source.name, "it is no audio file", (), look.text, look.remedy)
    reason = "nothing in it tells of a kind of audio that is known"
    return AudioDecodeError(source.name, reason, hint="If it is one, convert it to WAV or FLAC")


def _undecodable(source: Source, tried: list[tuple[str, str]], look: Look) -> AudioDecodeError:
    """The error when no decoder gave a single block."""
    silent = any(message == NO_SAMPLES for _, message in tried)
    reason = NO_SAMPLES if silent else "no decoder could read it"
    return AudioDecodeError(source.name, reason, tried, look.text, _hint(look))


def _hint(look: Look) -> str:
    """What to install, if there is a decoder that may read more."""
    others = available_decoders()
    if look.demuxer in _LIBSNDFILE or "pyav" in others or "ffmpeg" in others:
        return ""
    return _INSTALL_PYAV
