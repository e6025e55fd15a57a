"""
From a folder of music to a grid search
=======================================

A folder with one sub-folder a genre becomes a table of librosa's features, pictures of it, four
classifiers compared, and one that is tuned: MFCC and scikit-learn pipelines from files to a model
in one go.

*Runs in about fifteen seconds.*
"""

# %%
# The folder
# ----------
#
# Yours is ``folder = "music"``, with ``music/blues/...``, ``music/rock/...`` in it. This page
# takes seventy clips of GTZAN where they are at hand, else synthetic tracks: scores on those say
# nothing about music.
import os
import tempfile
from pathlib import Path

from genrekit import load_folder, make_tracks

folder = Path(os.environ.get("GENREKIT_TEST_DATA", "none"), "gtzan_clips")
if not folder.is_dir():
    folder = tempfile.mkdtemp()
    make_tracks(10, root=folder, duration=4.0)
music = load_folder(folder)
print(len(music.paths), "tracks:", ", ".join(music.target_names))

# %%
# Nine features
# -------------
#
# Each is pooled over time by its mean and standard deviation. All of them come from one reading of
# a file; with ``memory`` it is the last one, whatever is tried from here on.
from genrekit import AudioFeatures

NINE = ["mfcc", "chroma", "spectral_contrast", "spectral_centroid", "spectral_bandwidth"]
NINE += ["spectral_rolloff", "zero_crossing_rate", "rms", "tempo"]
cache = tempfile.mkdtemp()
features = AudioFeatures(NINE, duration=15.0, memory=cache).set_output(transform="pandas")
table = features.fit_transform(music.paths)
table.iloc[:5, :6].round(2)

# %%
# A look at it
# ------------
#
# How bright is each genre? The centroid is the mean frequency of the spectrum.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
bright = [table["spectral_centroid_mean"][music.target == genre] for genre in music.target_names]
ax.boxplot(bright, tick_labels=music.target_names)
ax.set_ylabel("spectral centroid, Hz")

# %%
# A map: tracks that sound alike by these features lie side by side.
from genrekit.displays import PCADisplay

PCADisplay.from_features(table, music.target)

# %%
# Four classifiers on the same folds
# ----------------------------------
#
# Each track is judged by models that have not heard it. A folder does not say who plays: with the
# same artist on both sides, scores are too good. :doc:`/evaluation` shows by how much.
from genrekit import compare, make_genre_pipeline

names = ("svm", "rf", "knn", "logreg")
models = {name: make_genre_pipeline(name, features, random_state=0) for name in names}
print(compare(models, music.paths, music.target, groups=music.groups, random_state=0))

# %%
# A grid search
# -------------
#
# Parameters of the features and of the classifier are searched together. No file is read twice for
# the same features.
#
# The best score of a search is a little too good: it is the best of many.
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

grid = {"features__mfcc__n_mfcc": [13, 20], "clf__C": [1, 10, 100]}
folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
search = GridSearchCV(models["svm"], grid, cv=folds)
search.fit(music.paths, music.target, groups=music.groups)
print(search.best_params_, f"{search.best_score_:.2f}")

# %%
# Keep it
# -------
#
# ``genrekit predict model.skops song.mp3`` takes the file. There is no pickle in it, so it can be
# passed on.
from genrekit import save

save(search, Path(tempfile.mkdtemp(), "model.skops"))

# %%
# The long run
# ------------
#
# The script ``benchmarks/reproduce/grid_search.py`` does this with folds inside of folds, so that
# what is tested had no say in what is chosen. On 62 clips of GTZAN:
#
# .. literalinclude:: /_reproduce_grid_search.txt
#    :language: text
