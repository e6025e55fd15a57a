"""One track seen through a front end (`Spectra`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import Request, check_once, check_parameters, make_request
from genrekit.dsp.framing import check_samples
from genrekit.exceptions import AudioDecodeError, warn_caller
from genrekit.spectra._frontend import WAVEFORM, Frontend

__all__ = ["Spectra", "check_arguments", "check_finite"]

# Samples in a block of a long array, which is fed as a long file is.
_BLOCK = 1 << 20

# Values that a feature works on at once when it goes through an intermediate: they stay in the
# second-level cache, and a minute of twelve rows is still one step.
_AT_ONCE = 1 << 15


class Spectra:
    """One track through one `Frontend`: what the feature functions read.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,) or iterable of such
        Mono samples at ``frontend.sr``: a waveform, or its blocks as they are decoded, which must
        be finite. Of blocks only what `requests` name is kept; of a waveform anything can be
        computed later.
    frontend : Frontend, optional
        How it becomes spectra; default ``Frontend()``.
    requests : iterable of Request, optional
        What the features will read, computed in one pass.

    Attributes
    ----------
    frontend : Frontend
        As given.
    seconds : float
        Length of the track.

    Raises
    ------
    AudioDecodeError
        If there is no sample, samples are integers or in more than one dimension, or one of a
        waveform is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_centroid
    >>> y = np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050)
    >>> float(spectral_centroid(Spectra(y))[0, 20].round())
    1000.0
    """

    _waveform: NDArray[Any] | None

    def __init__(
        self,
        samples: NDArray[Any] | Iterable[NDArray[Any]],
        frontend: Frontend | None = None,
        requests: Iterable[Request] = (),
    ) -> None:
        self._begin(frontend or Frontend(), requests)
        if isinstance(samples, np.ndarray):
            _check_waveform(samples)
            self._keep = False
        for block in _cut(samples) if isinstance(samples, np.ndarray) else samples:
            self.push(block)
        self.finish()
        if isinstance(samples, np.ndarray):
            self._waveform = samples

    @classmethod
    def begin(cls, frontend: Frontend, requests: Iterable[Request]) -> Spectra:
        """One that still has to be given the track's samples.

        Parameters
        ----------
        frontend : Frontend
            How they become spectra.
        requests : iterable of Request
            What the features will read.

        Returns
        -------
        Spectra
            To be filled with `push` and closed with `finish`.
        """
        spectra = cls.__new__(cls)
        spectra._begin(frontend, requests)
        return spectra

    def _begin(self, frontend: Frontend, requests: Iterable[Request]) -> None:
        """Everything in place for the first samples."""
        if not isinstance(frontend, Frontend):
            raise ValueError(f"frontend must be a Frontend, not a {type(frontend).__name__}")
        self.frontend = frontend
        wanted = dict.fromkeys(requests)
        self._waveform = None
        self._keep = WAVEFORM in wanted
        wanted.pop(WAVEFORM, None)
        self._sweep = frontend.sweep(wanted)
        self._kept: list[NDArray[Any]] = []
        self._n_samples = 0

    def push(self, block: NDArray[Any]) -> None:
        """Take in the next samples.

        Parameters
        ----------
        block : ndarray of shape (n_samples,)
            Mono samples at ``frontend.sr``, finite.

        Raises
        ------
        AudioDecodeError
            If they are no floats, or not in one dimension.
        """
        _check_samples(block)
        self._n_samples += len(block)
        if self._keep:
            self._kept.append(block)
        self._sweep.push(block)

    def finish(self) -> Spectra:
        """The track is over.

        Returns
        -------
        self
            With everything that was requested.

        Raises
        ------
        AudioDecodeError
            If there was no sample.
        """
        if self._n_samples == 0:
            raise AudioDecodeError("<waveform>", "it holds no samples")
        self.seconds = self._n_samples / self.frontend.sr
        self._computed = self._sweep.finish()
        if self._keep:
            self._waveform = np.concatenate(self._kept)
            self._kept.clear()
        return self

    def get(self, name: str, **params: Any) -> NDArray[Any]:
        """An intermediate, as computed in the pass over the track.

        Parameters
        ----------
        name : str
            A key of ``genrekit.dsp.INTERMEDIATES``.
        **params
            Its parameters; those of other intermediates are passed over.

        Returns
        -------
        ndarray of shape (n_rows, n_frames)
            The values, read-only: others get the same.

        Raises
        ------
        KeyError
            If it was not among `requests` and the samples are gone.
        """
        blocks = self._blocks(name, params)
        blocks[:] = [_joined(blocks)]
        blocks[0].flags.writeable = False
        return blocks[0]

    def count_frames(self, name: str, **params: Any) -> int:
        """Number of frames of an intermediate.

        Parameters
        ----------
        name : str
            A key of ``genrekit.dsp.INTERMEDIATES``.
        **params
            Its parameters; those of other intermediates are passed over.

        Returns
        -------
        int
            At least 1.
        """
        return sum(block.shape[1] for block in self._blocks(name, params))

    def blocks(self, name: str, **params: Any) -> Iterator[NDArray[Any]]:
        """An intermediate in blocks of frames, so that a long one need not be copied whole.

        Parameters
        ----------
        name : str
            A key of ``genrekit.dsp.INTERMEDIATES``.
        **params
            Its parameters; those of other intermediates are passed over.

        Returns
        -------
        iterator of ndarray of shape (n_rows, n_frames of the block)
            The values, in order.
        """
        blocks = self._blocks(name, params)
        step = max(_AT_ONCE // blocks[0].size, 1)
        if step == 1 < len(blocks):
            return iter(blocks.copy())
        if step < len(blocks):
            return map(_joined, [blocks[i : i + step] for i in range(0, len(blocks), step)])
        # Joined once, however many features go through it.
        whole = self.get(name, **params)
        width = max(_AT_ONCE // len(whole), 1)
        return iter([whole[:, i : i + width] for i in range(0, whole.shape[1], width)])

    def tiles(self, name: str, **params: Any) -> Iterator[NDArray[Any]]:
        """What `blocks` was called; goes in the next minor version."""
        warn_caller("Spectra.tiles is now Spectra.blocks", FutureWarning)
        return self.blocks(name, **params)

    def _blocks(self, name: str, params: dict[str, Any]) -> list[NDArray[Any]]:
        """The blocks of an intermediate, computed now if the samples are still there."""
        request = _request(name, **params)
        if request not in self._computed:
            if self._waveform is None:
                raise KeyError(f"{request} was not requested before the track was read")
            sweep = self.frontend.sweep([request])
            for block in _cut(self._waveform):
                sweep.push(block)
            self._computed.update(sweep.finish())
        return self._computed[request]

    @property
    def waveform(self) -> NDArray[Any]:
        """All samples, of shape (n_samples,), in the front end's precision; needs `WAVEFORM`."""
        if self._waveform is None:
            raise KeyError("the waveform was not requested before the track was read")
        return np.asarray(self._waveform, dtype=self.frontend.dtype)


@lru_cache(maxsize=256, typed=True)
def _request(name: str, **params: Any) -> Request:
    """An intermediate by name and parameters; every feature of every track asks for some."""
    return make_request(name, params)


def _joined(blocks: list[NDArray[Any]]) -> NDArray[Any]:
    """Blocks of frames as one; a single one as it is."""
    return np.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _cut(y: NDArray[Any]) -> Iterable[NDArray[Any]]:
    """A waveform in blocks."""
    return (y[i : i + _BLOCK] for i in range(0, len(y), _BLOCK))


def check_arguments(spectra: Any, **params: Any) -> None:
    """Refuse what a feature can't be computed of: no `Spectra`, or parameters out of range."""
    if not isinstance(spectra, Spectra):
        raise ValueError(
            f"features read Spectra, not a {type(spectra).__name__}: wrap a waveform, Spectra(y)"
        )
    try:
        check_once(**params)
    except TypeError:
        check_parameters(**params)


def _check_samples(samples: Any) -> None:
    """Refuse what no file gives, in the words of extraction."""
    try:
        check_samples(samples)
    except ValueError as error:
        raise AudioDecodeError("<waveform>", str(error)) from None


def _check_waveform(y: NDArray[Any]) -> None:
    """Refuse what is no waveform."""
    _check_samples(y)
    check_finite(y)


def check_finite(y: NDArray[Any]) -> None:
    """Refuse NaN and infinity here: minima, maxima and clamps further on would swallow them."""
    if not np.isfinite(y).all():
        first = int(np.argmin(np.isfinite(y)))
        raise AudioDecodeError("<waveform>", f"Input contains NaN or infinity (sample {first})")
