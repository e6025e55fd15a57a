"""Errors and warnings that genrekit raises, all carrying what a script needs to react."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import NamedTuple

from genrekit._text import printable

__all__ = [
    "AudioContentWarning",
    "AudioDecodeError",
    "AudioDecodeWarning",
    "GenrekitWarning",
    "LeakageWarning",
    "TrackError",
    "TrackNote",
    "UnheardWarning",
    "warn_caller",
]

# Frames between a warning and whoever called: ours, those of what calls us and of what runs both.
_OURS = ("genrekit", "sklearn", "joblib")
_PLUMBING = ("concurrent", "contextlib", "functools", "importlib", "multiprocessing", "threading")


_TRIED = "; tried "


class TrackError(NamedTuple):
    """One track that gave no features.

    Attributes
    ----------
    index : int
        Position of the track in the collection that was passed in.
    path : str
        The file's path, or a description such as ``"<bytes>"`` for a source without one.
    reason : str
        Why it failed, with what each decoder said and what would help.

    Examples
    --------
    >>> import genrekit
    >>> (error,) = genrekit.extract(["no-such-song.mp3"], on_error="nan").errors
    >>> error.index, error.path, error.summary
    (0, 'no-such-song.mp3', 'there is no such file')
    """

    index: int  # type: ignore[assignment]  # not tuple.index: the name says what it is
    path: str
    reason: str

    @property
    def summary(self) -> str:
        """Why it failed, for a column of a table: without what each decoder said."""
        return self.reason.partition(_TRIED)[0]


class AudioDecodeError(ValueError):
    """A source could not be turned into a waveform.

    Parameters
    ----------
    path : str
        The file's path, or a description such as ``"<bytes>"``.
    reason : str
        What went wrong, in one sentence.
    tried : sequence of (str, str), default=()
        The decoders that were tried, in order, each with its own message.
    looks_like : str, default=""
        What the first bytes look like, for example ``"an HTML page"``.
    hint : str, default=""
        What would help, for example an extra to install.

    Examples
    --------
    >>> from genrekit.exceptions import AudioDecodeError
    >>> print(AudioDecodeError("song.mp3", "no decoder could read it", looks_like="an HTML page"))
    song.mp3: no decoder could read it; it looks like an HTML page
    """

    def __init__(
        self,
        path: str,
        reason: str,
        tried: Sequence[tuple[str, str]] = (),
        looks_like: str = "",
        hint: str = "",
    ) -> None:
        # All five go to the base class so that the error survives pickling to and from a worker.
        super().__init__(path, reason, tuple(tried), looks_like, hint)
        self.path = path
        self.reason = reason
        self.tried = tuple(tried)
        self.looks_like = looks_like
        self.hint = hint

    @property
    def explanation(self) -> str:
        """The whole message without the path."""
        text = self.reason
        if self.looks_like:
            text += f"; it looks like {self.looks_like}"
        if self.tried:
            text += _TRIED + ", ".join(f"{name} ({message})" for name, message in self.tried)
        if self.hint:
            text += f". {self.hint}"
        return text

    def __str__(self) -> str:
        return printable(f"{self.path}: {self.explanation}")


class GenrekitWarning(UserWarning):
    """Base class of genrekit's warnings.

    Examples
    --------
    >>> import warnings
    >>> from genrekit import GenrekitWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", GenrekitWarning)  # here any of them stops the work
    """


class AudioDecodeWarning(GenrekitWarning):
    """Some tracks could not be decoded and stand as NaN rows in the result.

    Parameters
    ----------
    message : str
        The summary.
    errors : sequence of TrackError, default=()
        One entry a failed track.

    Examples
    --------
    >>> from genrekit.exceptions import AudioDecodeWarning, TrackError
    >>> warning = AudioDecodeWarning("1 of 2 failed", [TrackError(1, "b.mp3", "it is empty")])
    >>> warning.errors[0].path
    'b.mp3'
    """

    def __init__(self, message: str, errors: Sequence[TrackError] = ()) -> None:
        super().__init__(printable(message))
        self.errors = list(errors)


class TrackNote(NamedTuple):
    """Something to know of one track.

    Attributes
    ----------
    index : int
        Position of the track in the collection that was passed in.
    path : str
        The file's path, or a description such as ``"<bytes>"`` for a source without one.
    note : str
        What it is, such as ``"silent"``.

    Examples
    --------
    >>> from genrekit.exceptions import TrackNote
    >>> TrackNote(3, "song.mp3", "silent").note
    'silent'
    """

    index: int  # type: ignore[assignment]  # not tuple.index: the name says what it is
    path: str
    note: str


class AudioContentWarning(GenrekitWarning):
    """Some tracks hold what is hardly music: silence, too little, channels that cancel each other.

    Parameters
    ----------
    message : str
        The summary.
    notes : sequence of TrackNote, default=()
        One entry a track.

    Examples
    --------
    >>> from genrekit.exceptions import AudioContentWarning, TrackNote
    >>> warning = AudioContentWarning("1 of 2 is silent", [TrackNote(1, "b.mp3", "silent")])
    >>> warning.notes[0].note
    'silent'
    """

    def __init__(self, message: str, notes: Sequence[TrackNote] = ()) -> None:
        super().__init__(message)
        self.notes = list(notes)


class UnheardWarning(AudioContentWarning):
    """Some tracks are silent or too short to be judged, and the answer to them is "unknown".

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from genrekit import GenreClassifier, UnheardWarning
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     genres = GenreClassifier.from_pretrained().predict([np.zeros(5 * 22050)])
    >>> genres.tolist(), caught[0].category is UnheardWarning
    (['unknown'], True)
    """


class LeakageWarning(GenrekitWarning):
    """Tracks of one group, or copies of one recording, stand on both sides of a split.

    A score on such a split is too high: part of the test was seen in training.

    Examples
    --------
    >>> import warnings
    >>> from genrekit import LeakageWarning, check_leakage
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = check_leakage(["a", "b"], [([0], [1])], groups=["Ada", "Ada"])
    >>> caught[0].category is LeakageWarning
    True
    """


def warn_caller(message: str | Warning, category: type[Warning] = GenrekitWarning) -> None:
    """Warn at the line from which genrekit was called, however many calls lie in between.

    Parameters
    ----------
    message : str or Warning
        What there is to say.
    category : type, default=GenrekitWarning
        The kind of warning, where `message` is a string.
    """
    here = frame = sys._getframe(1)
    while _module(frame).partition(".")[0] in _OURS + _PLUMBING:
        if frame.f_back is None:  # in a thread nobody else's line is to be seen
            frame = here
            break
        frame = frame.f_back
    warnings.warn_explicit(
        printable(message) if isinstance(message, str) else message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=_module(frame),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _module(frame: FrameType) -> str:
    """Name of the module that a frame is of."""
    return str(frame.f_globals.get("__name__", ""))
