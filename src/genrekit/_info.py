"""What is installed, as rows for ``genrekit info``."""

from __future__ import annotations

import platform
from importlib import metadata

import numpy as np

import genrekit
from genrekit.audio import available_decoders
from genrekit.dsp.kernels import FLAVOUR, cache_folder
from genrekit.engine import Plan
from genrekit.features import FEATURES, SETS, Frontend, extract, resolve
from genrekit.networks import HEADS, ModelCard, list_models, locate

# fmt: off
_PACKAGES = [
    "numpy", "scipy", "scikit-learn", "joblib", "numba", "librosa", "soundfile", "soxr",
    "audioread", "onnxruntime", "pooch", "skops", "tqdm", "av", "matplotlib", "pandas", "pyarrow",
    "torch", "skorch",
]
# fmt: on


def version_rows() -> list[list[str]]:
    """Name genrekit, Python, the kernels that run, and every package genrekit may use.

    Returns
    -------
    list of list of str
        Name and version, or ``"not installed"``.
    """
    own = [
        ["genrekit", genrekit.__version__],
        ["python", f"{platform.python_version()} on {platform.platform(terse=True)}"],
        ["kernels", FLAVOUR],
    ]
    return own + [[name, _version(name)] for name in _PACKAGES]


def compile_kernels() -> str:
    """Describe a second of noise in every way, which compiles whatever is not kept yet.

    Returns
    -------
    str
        Where the kernels are kept, for people.
    """
    if FLAVOUR != "numba":
        return f"the {FLAVOUR} kernels run here: there is nothing to compile"
    noise = np.random.default_rng(0).standard_normal(22050)
    for dtype in ("float32", "float64"):
        for features in (list(FEATURES), *SETS):
            extract([noise], features, dtype=dtype, on_error="raise")
    if folder := cache_folder():
        return f"compiled kernels are kept in {folder}"
    return (
        "no folder to keep compiled kernels in can be written, so that every start compiles them: "
        "let the environment variable NUMBA_CACHE_DIR name one"
    )


def decoder_rows() -> list[list[str]]:
    """Name the decoders that can run here, in the order they are tried.

    Returns
    -------
    list of list of str
        Name and version.
    """
    return [[name, version] for name, version in available_decoders().items()]


def feature_rows() -> list[list[str]]:
    """Name the features, from the one table of them.

    Returns
    -------
    list of list of str
        Name, class and summary.
    """
    return [[name, row.transformer, row.summary] for name, row in FEATURES.items()]


def network_rows() -> list[list[str]]:
    """Name the networks that can be trained.

    Returns
    -------
    list of list of str
        Name, what it takes, and the published network that it follows.
    """
    from genrekit.training import NETWORKS

    return [[name, row.takes, row.follows] for name, row in NETWORKS.items()]


def set_rows() -> list[list[str]]:
    """Name the sets of features.

    Returns
    -------
    list of list of str
        Name, number of columns and features.
    """
    rows = []
    for name in SETS:
        parts = resolve(name)
        columns = Plan.of(parts, Frontend()).columns
        rows.append([name, str(len(columns)), ", ".join(feature for _, feature, _ in SETS[name])])
    return rows


def dataset_rows() -> list[list[str]]:
    """Name the data sets.

    Returns
    -------
    list of list of str
        Name, title, subsets, what a group is, sides of the published split, and licence.
    """
    from genrekit.datasets import DATASETS

    return [
        [name, row.title, ", ".join(row.subsets), row.unit, ", ".join(row.splits), row.licence]
        for name, row in DATASETS.items()
    ]


def classifier_rows() -> list[list[str]]:
    """Name the classifiers that come trained.

    Returns
    -------
    list of list of str
        Name, title, licence and genres.
    """
    from genrekit.models import PRETRAINED, read_head  # scikit-learn

    heads = [read_head(name) for name in PRETRAINED]
    return [[head.name, head.title, head.licence, ", ".join(head.classes)] for head in heads]


def model_rows() -> list[list[str]]:
    """Name the networks that are known.

    Returns
    -------
    list of list of str
        Name, title, licence, size and where it is.
    """
    return [
        [card.name, card.title, card.licence, f"{card.size / 1e6:.1f} MB", _place(card)]
        for card in list_models()
    ]


def _place(card: ModelCard) -> str:
    """Where a network is, in words."""
    try:
        path = locate(card)
    except FileNotFoundError:
        return "not downloaded" if card.origin else "missing"
    return "in genrekit" if path.parent == HEADS.parent else str(path)


def _version(package: str) -> str:
    """Read a version without importing the package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
