"""
Write your own feature
======================

A feature is a function from the spectra of a track to numbers, one column a frame. genrekit does
the rest: it reads the files, computes what features share once for all of them, averages over
time, keeps the table, and hands it to scikit-learn. This page adds two features: one in three
lines of numpy, one from librosa.

*Runs in about five seconds, on synthetic tracks.*
"""

# %%
# Music
# -----
#
# Two invented styles, written as files into a folder. With your own music it is
# ``load_folder("music")``.
import tempfile

from genrekit import load_folder, make_tracks

folder = tempfile.mkdtemp()
make_tracks(12, root=folder, genres=["drone", "noise-beat"], duration=3.0)
music = load_folder(folder)

# %%
# A function of the spectra
# -------------------------
#
# How wide is the spectrum, measured by where its centre lies? The argument is one track. Its
# ``get`` hands out what features share, here the sum, the mean and the variance of the spectrum of
# each frame. The result has a row for each value and a column for each frame.
import numpy as np


def relative_bandwidth(spectra):
    """Spread of the spectrum as a share of its centroid."""
    _, centroid, variance = spectra.get("moments")
    return (np.sqrt(variance) / np.where(centroid > 0, centroid, 1))[np.newaxis]


# %%
# A function of librosa
# ---------------------
#
# What needs the samples themselves asks for ``"waveform"``. Keyword arguments are the parameters
# of the feature.
import librosa


def tilt(spectra, *, order=1):
    """Coefficients of a polynomial through the spectrum, the highest power first."""
    sr = spectra.frontend.sr
    return librosa.feature.poly_features(y=spectra.waveform, sr=sr, order=order)


# %%
# Into a table
# ------------
#
# ``Feature`` says what a function reads, and how its rows are named if there are several.
# ``FeaturePart`` is that with its settings. Both stand beside genrekit's own features; the files
# are read once for all.
from genrekit import AudioFeatures
from genrekit.features import Feature, FeaturePart

wide = FeaturePart(Feature(relative_bandwidth, "RelativeBandwidth", needs=["moments"]))
tilted = Feature(tilt, "Tilt", needs=["waveform"], rows=lambda params: ["_slope", "_level"])
parts = [("wide", wide), ("tilt", FeaturePart(tilted)), "spectral_centroid", "tempo"]
features = AudioFeatures(parts).set_output(transform="pandas")
table = features.fit_transform(music.paths)
table.groupby(music.target).mean().T.round(4)

# %%
# Does it help?
# -------------
#
# A classifier takes the same features. Each track is judged by a model that has not heard it, once
# with and once without the new columns.
from genrekit import GenreClassifier, compare

with_it = GenreClassifier("logreg", features, random_state=0)
without = GenreClassifier("logreg", ["spectral_centroid", "tempo"], random_state=0)
models = {"without": without, "with": with_it}
print(compare(models, music.paths, music.target, random_state=0))

# %%
# To make it part of genrekit itself, with a transformer of its own and a place in the command line,
# see "How to add a feature" in ``CONTRIBUTING.md``.
