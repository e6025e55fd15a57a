"""Patches of a track as a source: for networks that answer, and for those that learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_integer, check_number
from genrekit.patches._inputs import MelInput, WaveformInput
from genrekit.patches._patches import patch_starts
from genrekit.spectra import Spectra

__all__ = ["Patches"]


class Patches:
    """Patches of one track, cut as they are asked for, as often as they are.

    Parameters
    ----------
    spectra : Spectra
        The track, through ``heard.frontend()`` and with what ``heard.requests()`` names.
    heard : MelInput or WaveformInput
        What the network hears, the ``input`` of its card.
    patch_hop : float, default=1.0
        Distance between patches, seconds, rounded down to what the network counts in.
    max_patches : int, optional
        How many of a long track: they are spread evenly over it. None gives every one.

    Attributes
    ----------
    times : ndarray of shape (n_patches,)
        Where each begins, seconds from the beginning of the track.

    See Also
    --------
    iter_batches : Puts them together, those of several tracks too.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra
    >>> from genrekit.networks import Patches, get_card, iter_batches
    >>> heard = get_card("msd-musicnn").input
    >>> y = np.random.default_rng(0).standard_normal(6 * 16000)  # at heard.sr
    >>> patches = Patches(Spectra(y, heard.frontend(), heard.requests()), heard)
    >>> patches.times.tolist()
    [0.0, 0.976, 1.952, 2.928]
    >>> [batch.shape for batch in iter_batches(patches, 3)]
    [(3, 187, 96), (1, 187, 96)]
    """

    def __init__(
        self,
        spectra: Spectra,
        heard: MelInput | WaveformInput,
        *,
        patch_hop: float = 1.0,
        max_patches: int | None = None,
    ) -> None:
        check_number("patch_hop", patch_hop, above=0)
        if max_patches is not None:
            check_integer("max_patches", max_patches, minimum=1)
        self._spectra, self._heard = spectra, heard
        length, step = heard.count(spectra), heard.steps(patch_hop)
        self._starts = patch_starts(length, heard.patch, step, max_patches)
        self.times: NDArray[np.float64] = self._starts / heard.per_second + spectra.frontend.offset

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return self._heard.cut(self._spectra, self._starts)
