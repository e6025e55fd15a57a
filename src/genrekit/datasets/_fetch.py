"""Download of the Free Music Archive data set."""

from __future__ import annotations

import os
from pathlib import Path

from genrekit._tables import make_folder
from genrekit._validation import check_choice

__all__ = ["fetch_fma"]

_BASE_URL = "https://os.unil.cloud.switch.ch/fma"
# Archive → the SHA-1 published at https://github.com/mdeff/fma.
_SHA1 = {
    "fma_metadata": "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    "fma_small": "ade154f733639d52e35e32f5593efe5be76c6d70",
    "fma_medium": "c67b69ea232021025fca9231fc1c7c1a063ab50b",
    "fma_large": "497109f4dd721066b5ce5e5f250ec604dc78939e",
    "fma_full": "0f0ace23fbe9ba30ecb7e95f763e435ea802b8ab",
}


def fetch_fma(
    subset: str = "small",
    root: str | os.PathLike[str] = "fma",
    *,
    base_url: str = _BASE_URL,
    keep_archives: bool = False,
    verbose: int = 1,
) -> Path:
    """Download the metadata and the clips of the FMA data set, as `load_fma` wants them.

    A download that broke off goes on where it stopped, in this call or the next. Each archive is
    checked against its published SHA-1, and unpacked only if all of its members stay inside its
    folder. What is there already is left alone: to get a folder again, delete it.

    Parameters
    ----------
    subset : {"metadata", "small", "medium", "large", "full"}, default="small"
        The tables and published features only (342 MiB to download), or with them the clips: 7.2,
        22 or 93 GiB, or the tracks in full length, 879 GiB. While an archive is unpacked it takes
        about twice that on the disk.
    root : path-like, default="fma"
        The folder to put it in; made if it is not there.
    base_url : str, default="https://os.unil.cloud.switch.ch/fma"
        Where the archives lie, for a mirror.
    keep_archives : bool, default=False
        Whether to keep the archives after they were unpacked.
    verbose : int, default=1
        Above 0: progress bars.

    Returns
    -------
    Path
        `root`.

    Raises
    ------
    ConnectionError
        When the server can't be reached or the connection keeps breaking; what has come is kept.
    OSError
        When the disk is too small.
    ValueError
        When `subset` is not known, a SHA-1 is wrong, or an archive is unsafe.

    See Also
    --------
    load_fma : Load what this fetches.

    References
    ----------
    Defferrard, M., Benzi, K., Vandergheynst, P., Bresson, X. "FMA: a dataset for music analysis."
    ISMIR 2017. https://github.com/mdeff/fma

    Examples
    --------
    >>> from genrekit.datasets import fetch_fma, load_fma
    >>> tracks = load_fma(fetch_fma("small", "fma"), "small")  # doctest: +SKIP
    """
    # Here and not above: listing files for `genrekit extract` does without a web client.
    from genrekit.datasets._download import download, unpack

    check_choice("subset", subset, [name.removeprefix("fma_") for name in _SHA1])
    root = Path(os.path.expanduser(root))
    make_folder(root)
    for name in dict.fromkeys(["fma_metadata", f"fma_{subset}"]):
        if (root / name).is_dir():
            continue
        archive = root / f"{name}.zip"
        url = f"{base_url.rstrip('/')}/{archive.name}"
        download(url, archive, sha1=_SHA1[name], verbose=verbose)
        unpack(archive, root / name, verbose=verbose)
        if not keep_archives:
            archive.unlink()
    return root
