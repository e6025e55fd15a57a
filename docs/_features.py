"""Makes what `features.rst` is made of: a picture and the formula of each feature."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from genrekit import extract, make_tracks
from genrekit.displays import SpectrogramDisplay
from genrekit.features import FEATURES

SR = 22050
_SECONDS = 3.0
_UNITS = {
    "spectral_centroid": "Hz",
    "spectral_bandwidth": "Hz",
    "spectral_rolloff": "Hz",
    "spectral_contrast": "band",
    "mel": "mel band",
    "mfcc": "coefficient",
    "chroma": "pitch class, C up",
    "tonnetz": "axis",
}


def formula(name: str) -> str:
    """What stands below the summary in the docstring of a feature: its formula, and its letters."""
    description, _, _ = (inspect.getdoc(FEATURES[name].function) or "").partition("\nParameters\n")
    _, _, below = description.partition("\n\n")
    if not below.startswith(".. math::"):
        raise ValueError(f"the docstring of {name} has no formula below its first line")
    return below.strip() + "\n"


def draw_features(folder: Path) -> None:
    """Write the formulas, and draw each feature of five synthetic styles, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    styles = make_tracks(1, duration=_SECONDS, random_state=2)
    medley = (np.concatenate(styles.waveforms), SR)
    names = [name for name in FEATURES if name != "tempo"]
    frames: dict[str, Any] = extract([medley], names, pooled=False).table[0]
    for name in FEATURES:
        (folder / f"{name}.txt").write_text(formula(name), encoding="utf-8")
    for name in names:
        draw(name, frames[name], styles.target_names).savefig(folder / f"{name}.png", dpi=100)
    figure = Figure(figsize=(9, 2.2), layout="constrained")
    SpectrogramDisplay.from_track(medley, ax=figure.subplots())
    figure.savefig(folder / "sound.png", dpi=100)


def draw(name: str, values: np.ndarray, styles: list[str]) -> Figure:
    """One feature over time: a line for one row, a picture for several."""
    figure = Figure(figsize=(9, 1.9), layout="constrained")
    ax = figure.subplots()
    end = _SECONDS * len(styles)
    if len(values) == 1:
        ax.plot(np.linspace(0, end, values.shape[1]), values[0], linewidth=0.8)
    else:
        shown = (
            {"X": np.log10(values + 1e-6), "cmap": "magma"}
            if name == "mel"
            else {"X": _about_mean(values), "cmap": "RdBu_r", "vmin": -2.5, "vmax": 2.5}
        )
        extent = (0, end, -0.5, len(values) - 0.5)
        ax.imshow(**shown, origin="lower", aspect="auto", extent=extent)
    for i, style in enumerate(styles):
        ax.axvline(i * _SECONDS, color="0.5", linewidth=0.5)
        ax.text((i + 0.5) * _SECONDS, 1.02, style, transform=ax.get_xaxis_transform(), ha="center")
    ax.set(xlim=(0, end), xlabel="time, s", ylabel=_UNITS.get(name, ""))
    return figure


def _about_mean(values: np.ndarray) -> np.ndarray:
    """Each row about its mean, in standard deviations: rows of any size can be seen together."""
    spread = values.std(axis=1, keepdims=True)
    return (values - values.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
