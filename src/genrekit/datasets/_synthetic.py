"""A small labelled set of synthetic tracks, so that everything can be tried without music."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genrekit._validation import check_choice, check_integer, check_number

if TYPE_CHECKING:
    from sklearn.utils import Bunch

_SCALE = 2.0 ** (np.array([0, 3, 5, 7, 10, 12, 15, 17]) / 12)  # a minor pentatonic, as ratios
_SCALE.flags.writeable = False

_DESCR = """\
Synthetic tracks
----------------
{n_tracks} SYNTHETIC tracks of {duration:g} s at {sr} Hz, {n_per_genre} of each of {n_genres}
invented styles: {genres}.

They are computed from sine waves and noise by genrekit. They are not music, the styles are not
genres, and a score on them says nothing about a score on music. Tempo, key, timbre, level and
noise differ from track to track, and most tracks hold a second style in the background, so that
some are truly ambiguous.
"""


@dataclass(frozen=True, eq=False)
class _Take:
    """What one track is made with."""

    rng: np.random.Generator
    n_samples: int
    sr: int
    beat: float  # seconds
    root: float  # Hz
    dullness: float  # how fast partials fall with their number


def make_tracks(
    n_per_genre: int = 12,
    *,
    root: str | os.PathLike[str] | None = None,
    genres: Iterable[str] | None = None,
    sr: int = 22050,
    duration: float = 6.0,
    random_state: int | None = 0,
) -> Bunch:
    """Make a small labelled set of synthetic tracks.

    The tracks are computed, not recorded, and their "genres" are invented styles. They serve to
    try, test and show genrekit; a score on them says nothing about a score on music.

    Parameters
    ----------
    n_per_genre : int, default=12
        Number of tracks of each style.
    root : path-like, optional
        Where to write 16-bit mono WAV files, ``root/<genre>/<genre>.00000.wav`` and so on, the
        layout of `load_folder`. None keeps the waveforms in memory.
    genres : iterable of str, optional
        Some of `SYNTHETIC_GENRES`; None means all of them.
    sr : int, default=22050
        Sampling rate in Hz.
    duration : float, default=6.0
        Length of a track in seconds.
    random_state : int or None, default=0
        Seed. A track depends on it, its genre and its number only, not on how many others there
        are. None makes other tracks at every call.

    Returns
    -------
    sklearn.utils.Bunch
        ``waveforms`` (list of float32 arrays of shape (n_samples,)) or, with `root`, ``paths``
        (list of str); ``target`` (str array of shape (n_tracks,)), ``target_names`` (list of str,
        sorted), ``groups`` (int array, one number a track), ``split`` and ``frame`` (None: for
        what `load_folder` has), ``sr`` and ``DESCR``.

    Raises
    ------
    ValueError
        When a genre is unknown or a number is out of range.

    Examples
    --------
    >>> from genrekit.datasets import make_tracks
    >>> tracks = make_tracks(2, duration=1.0)
    >>> len(tracks.waveforms), tracks.waveforms[0].shape
    (10, (22050,))
    >>> tracks.target_names
    ['arpeggio', 'drone', 'noise-beat', 'pluck', 'pulse']
    """
    # Here and not above: listing files for `genrekit extract` does without scikit-learn.
    from genrekit.datasets._shown_bunch import TrackBunch

    names = _checked_genres(genres)
    check_integer("n_per_genre", n_per_genre, minimum=1)
    check_integer("sr", sr, minimum=1)
    check_number("duration", duration, above=0)
    seed = np.random.SeedSequence(random_state).entropy
    n_samples = max(1, round(duration * sr))
    bunch = TrackBunch(
        target=np.repeat(names, n_per_genre),
        target_names=names,
        groups=np.arange(len(names) * n_per_genre),
        split=None,
        frame=None,
        sr=sr,
        DESCR=_DESCR.format(
            n_tracks=len(names) * n_per_genre,
            n_per_genre=n_per_genre,
            n_genres=len(names),
            genres=", ".join(names),
            duration=duration,
            sr=sr,
        ),
    )
    tracks = (
        (name, index, _make_track(name, index, seed, n_samples, sr))
        for name in names
        for index in range(n_per_genre)
    )
    if root is None:
        bunch.waveforms = [waveform for _, _, waveform in tracks]
    else:
        bunch.paths = [
            _write(Path(root, name, f"{name}.{index:05d}.wav"), waveform, sr)
            for name, index, waveform in tracks
        ]
    return bunch


def _checked_genres(genres: Iterable[str] | None) -> list[str]:
    """Sort the asked-for genres, as the folders will be."""
    if isinstance(genres, str):
        raise TypeError(f"genres is a single string: wrap it in a list, [{genres!r}]")
    names = sorted(set(SYNTHETIC_GENRES if genres is None else genres))
    for name in names:
        check_choice("synthetic genre", name, SYNTHETIC_GENRES)
    if not names:
        raise ValueError("genres is empty: name some or pass None for all")
    return names


def _make_track(name: str, index: int, seed: object, n_samples: int, sr: int) -> np.ndarray:
    """Mix one track: its style, another one in the background, noise, a level."""
    key = (SYNTHETIC_GENRES.index(name), index)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))  # type: ignore[arg-type]
    take = _Take(
        rng=rng,
        n_samples=n_samples,
        sr=sr,
        beat=60 / rng.uniform(80, 150),
        root=110 * 2 ** rng.uniform(0, 1.5),
        dullness=rng.uniform(0.8, 2.0),
    )
    guest = rng.choice([other for other in SYNTHETIC_GENRES if other != name])
    mix = _unit(_STYLES[name](take)) + rng.uniform(0, 0.15) * _unit(_STYLES[guest](take))
    mix += 10 ** rng.uniform(-3, -1.3) * rng.standard_normal(n_samples)
    return (10 ** rng.uniform(-1, -0.1) * mix / np.abs(mix).max()).astype(np.float32)


def _unit(y: np.ndarray) -> np.ndarray:
    """Scale to an effective value of 1; a very short track may be silent."""
    rms = np.sqrt(np.mean(y**2))
    return y / rms if rms > 0 else y


def _tone(take: _Take, freq: float, seconds: float) -> np.ndarray:
    """Sum up to 6 partials below half the sampling rate."""
    angle = np.arange(int(seconds * take.sr)) * (2 * np.pi * freq / take.sr)
    # sin((k + 1) x) = 2 cos(x) sin(k x) - sin((k - 1) x): two slow functions instead of six.
    twice_cosine = 2 * np.cos(angle)
    before, partial, out = np.zeros_like(angle), np.sin(angle), np.zeros_like(angle)
    for k in range(1, min(6, int(take.sr / 2 / freq)) + 1):
        out += k**-take.dullness * partial
        before, partial = partial, twice_cosine * partial - before
    return out


def _note(take: _Take, freq: float, decay: float) -> np.ndarray:
    """Give a tone 5 ms of attack and an exponential decay (time constant in seconds)."""
    tone = _tone(take, freq, min(3 * decay, 0.6))
    t = np.arange(len(tone)) / take.sr
    return tone * np.minimum(t / 0.005, 1) * np.exp(-t / decay)


def _place(take: _Take, sounds: list[np.ndarray], onsets: np.ndarray) -> np.ndarray:
    """Add the sounds, in turn, at the onsets (seconds)."""
    out = np.zeros(take.n_samples)
    for i, start in enumerate((onsets * take.sr).astype(int)):
        sound = sounds[i % len(sounds)][: max(0, take.n_samples - start)]
        out[start : start + len(sound)] += sound
    return out


def _grid(take: _Take, step: float) -> np.ndarray:
    """Onsets every `step` seconds from 0 to the end."""
    return np.arange(0, take.n_samples / take.sr, step)


def _drone(take: _Take) -> np.ndarray:
    """Long tones that swell slowly."""
    seconds = take.n_samples / take.sr + 1 / take.sr
    t = np.arange(take.n_samples) / take.sr
    out = np.zeros(take.n_samples)
    for ratio in (0.5, 1.0, take.rng.choice([1.5, 4 / 3, 1.2])):
        swell = 1 + 0.5 * np.sin(
            2 * np.pi * take.rng.uniform(0.1, 0.6) * t + take.rng.uniform(0, 6)
        )
        out += swell * _tone(take, take.root * ratio, seconds)[: take.n_samples]
    return out


def _pulse(take: _Take) -> np.ndarray:
    """A held low tone, opened and closed twice a beat."""
    seconds = take.n_samples / take.sr + 1 / take.sr
    tone = _tone(take, take.root * take.rng.choice([0.5, 1.0]), seconds)[: take.n_samples]
    phase = np.arange(take.n_samples) / take.sr / (take.beat / 2) % 1
    depth = take.rng.uniform(0.4, 1)
    return tone * (1 - depth * (phase > take.rng.uniform(0.4, 0.7)))


def _arpeggio(take: _Take) -> np.ndarray:
    """A chord's notes one after the other, evenly."""
    steps = take.rng.choice(8, size=4, replace=False)
    decay = take.rng.uniform(0.08, 0.3)
    notes = [_note(take, take.root * _SCALE[step], decay) for step in sorted(steps)]
    return _place(take, notes, _grid(take, take.beat / take.rng.choice([2, 4])))


def _pluck(take: _Take) -> np.ndarray:
    """Short notes at uneven moments."""
    decay = take.rng.uniform(0.04, 0.15)
    notes = [_note(take, take.root * 2 * step, decay) for step in take.rng.permutation(_SCALE)]
    onsets = _grid(take, take.beat / 2)
    late = take.rng.uniform(0, take.beat / 4, size=len(onsets))
    return _place(take, notes, (onsets + late)[take.rng.random(len(onsets)) < 0.7])


def _noise_beat(take: _Take) -> np.ndarray:
    """Bursts of noise twice a beat, a low thump on the beat."""
    t = np.arange(int(0.2 * take.sr)) / take.sr
    decay = take.rng.uniform(0.02, 0.08)
    bursts = [take.rng.standard_normal(len(t)) * np.exp(-t / decay) for _ in range(4)]
    thump = 3 * np.sin(2 * np.pi * take.root / 2 * t) * np.exp(-t / 0.08)
    beats = _place(take, [thump], _grid(take, take.beat))
    return beats + _place(take, bursts, _grid(take, take.beat / 2))


_STYLES: dict[str, Callable[[_Take], np.ndarray]] = {
    "arpeggio": _arpeggio,
    "drone": _drone,
    "noise-beat": _noise_beat,
    "pluck": _pluck,
    "pulse": _pulse,
}

SYNTHETIC_GENRES = tuple(_STYLES)
"""The invented styles that `make_tracks` knows."""


def _write(path: Path, waveform: np.ndarray, sr: int) -> str:
    """Write 16-bit mono WAV; a file that holds just that is left alone, so that caches keep it."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sr)
        out.writeframes(np.round(waveform * 32767).astype("<i2").tobytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    if not (path.is_file() and path.read_bytes() == buffer.getvalue()):
        path.write_bytes(buffer.getvalue())
    return str(path)
