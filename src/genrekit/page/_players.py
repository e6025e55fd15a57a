"""Players beside tracks: of the files where they are, or of excerpts that the page holds."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

from genrekit._validation import check_choice
from genrekit.audio import encode_clip, load_audio
from genrekit.exceptions import AudioDecodeError
from genrekit.page._markup import Html, element

__all__ = ["Players"]

_HOW = ("link", "embed", "none")
# Of an excerpt: how long, from where in tracks that are longer than that, and its rate.
_SECONDS, _OFFSET, _RATE = 10.0, 15.0, 22050


class Players:
    """Gives a player for a track, and says at the end what all of them take.

    Parameters
    ----------
    how : {"link", "embed", "none"}
        Whether they play files where they are, what the page holds, or nothing.
    page : Path
        Where the page is going to be.
    """

    def __init__(self, how: str, page: Path) -> None:
        check_choice("audio", how, _HOW)
        self._how, self._folder = how, Path(os.path.abspath(page)).parent
        self._sources: dict[str, str] = {}

    def of(self, track: str) -> Html:
        """A player, or nothing where the track is no file that is there."""
        if self._how == "none" or not os.path.isfile(track):
            return Html("")
        if track not in self._sources:
            make = self._address if self._how == "link" else _excerpt
            self._sources[track] = make(track)
        source = self._sources[track]
        if not source:
            return Html("")
        said = f"Play {Path(track).name}"
        return element("audio", controls="controls", preload="none", src=source, aria_label=said)

    def remark(self) -> str:
        """What there is to be known of them."""
        sources = [source for source in self._sources.values() if source]
        if not sources:
            return ""
        if self._how == "link":
            return (
                "Players play the files where they are now, seen from this page: moved without "
                'them, it is silent. With audio="embed" excerpts are part of it.'
            )
        size = sum(map(len, sources)) / 1e6
        return (
            f"Players hold {_SECONDS:.0f} s of each track, {size:.1f} MB of this page for "
            f"{len(sources)} tracks."
        )

    def _address(self, track: str) -> str:
        """The way from the page to a file."""
        try:
            way = os.path.relpath(os.path.abspath(track), self._folder)
        except ValueError:  # another drive
            return Path(os.path.abspath(track)).as_uri()
        return quote(os.fsencode(way.replace(os.sep, "/")))


def _excerpt(track: str) -> str:
    """A part of a track as an address that holds it; empty where it can't be decoded."""
    for offset in (_OFFSET, 0.0):
        try:
            y = load_audio(track, sr=_RATE, offset=offset, duration=_SECONDS)
        except AudioDecodeError:
            continue
        data, kind = encode_clip(y, _RATE)
        return f"data:{kind};base64,{b64encode(data).decode()}"
    return ""
