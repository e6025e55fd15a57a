"""Which decoders there are, in which order they are tried, and what is said when all fail."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genrekit.audio._decoder import NO_SAMPLES, Decoder, UnusableError
from genrekit.audio._sniff import FFMPEG, Look, look_at
from genrekit.audio._source import Source, check_readable, open_binary
from genrekit.exceptions import AudioDecodeError

__all__ = ["available_decoders", "open_audio"]

Blocks: TypeAlias = Generator[NDArray[np.float32], None, None]

_INSTALL_PYAV = "Install PyAV: pip install 'genrekit[ffmpeg]'"
_NO_DECODER = (
    "no audio decoder works here. `python -c 'import soundfile'` says why; mend it with: pip "
    "install --force-reinstall soundfile (where that has no wheel, install libsndfile), or install "
    "PyAV: pip install 'genrekit[ffmpeg]'"
)


class Installed(NamedTuple):
    """A decoder that can be used here."""

    decode: Decoder
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


# The order in which they are tried: the fastest first, the one that can't seek last.
_FINDERS: Mapping[str, Callable[[], Installed]] = {
    "soundfile": _soundfile,
    "pyav": _pyav,
    "audioread": _audioread,
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
        AU; ``"pyav"`` (extra ``ffmpeg``) adds M4A, AAC, WMA and most others; ``"audioread"`` is
        there if a decoder of the system is, for example the program ``ffmpeg``.

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
    # A failure up to the first block lets the next decoder try; after it, samples have been
    # handed on, and another decoder could not take over at the same one.
    check_readable(source)
    tried: list[tuple[str, str]] = []
    for name, decode in _candidates(decoder):
        try:
            decoded = decode(source.data, offset=offset, duration=duration)
            blocks = iter(decoded.blocks)
            first = next((block for block in blocks if len(block)), None)
        except (AudioDecodeError, MemoryError):
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
    raise _undecodable(source, tried)


def _candidates(decoder: Decoder | None) -> Iterator[tuple[str, Decoder]]:
    """The decoders to try, by name."""
    if decoder is None:
        yield from ((name, found.decode) for name, found in installed())
    else:
        yield getattr(decoder, "__name__", type(decoder).__name__), decoder


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
    return (str(text).strip() or type(error).__name__).rstrip(".")


def _undecodable(source: Source, tried: list[tuple[str, str]]) -> AudioDecodeError:
    """The error when no decoder gave a single block."""
    with open_binary(source.data) as file:
        look = look_at(file)
    silent = any(message == NO_SAMPLES for _, message in tried)
    reason = NO_SAMPLES if silent else "no decoder could read it"
    return AudioDecodeError(source.name, reason, tried, look.text, _hint(look))


def _hint(look: Look) -> str:
    """What to do about it."""
    if look.remedy != FFMPEG and look.text:
        return look.remedy
    if "pyav" in available_decoders():
        return ""
    return _INSTALL_PYAV if look.text else f"If FFmpeg reads it: {_INSTALL_PYAV}"
