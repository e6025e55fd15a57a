"""
A corrupt MP3 in the collection
===============================

One broken file, and librosa ends a night's run with a traceback. Here a file that can't be read
costs itself: it is named, with the reason and what to do, and everything else goes on.

*Runs in about five seconds, on synthetic tracks.*
"""

# %%
# A folder as they are
# --------------------
#
# Eight tracks, and what large collections hold besides: an empty file, half a file, a web page that
# was saved as a song, a photograph.
import tempfile
from pathlib import Path

from genrekit import make_tracks

folder = Path(tempfile.mkdtemp())
tracks = make_tracks(4, root=folder, genres=["drone", "noise-beat"], duration=3.0)
whole = Path(tracks.paths[0]).read_bytes()
(folder / "empty.wav").write_bytes(b"")
(folder / "half.wav").write_bytes(whole[: len(whole) // 2])
(folder / "page.mp3").write_text("<!DOCTYPE html><html><title>404 Not Found</title></html>")
(folder / "photo.mp3").write_bytes(b"\xff\xd8\xff\xe0" + bytes(5000))
paths = sorted(folder.rglob("*.*"))

# %%
# A table of what can be read
# ---------------------------
#
# ``extract`` goes over all of them. What failed is a row of NaN, and the reason stands in
# ``errors``.
import warnings

from genrekit import extract

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # one that says how many failed
    found = extract(paths, ["rms", "mfcc"], on_error="nan", n_jobs=2)
for error in found.errors:
    print(f"{Path(error.path).name}: {error.reason}\n")

# %%
# The others are there, in order.
import numpy as np

readable = ~np.isnan(found.table).any(axis=1)
print(f"{readable.sum()} of {len(paths)} files have a row of {found.table.shape[1]} features")

# %%
# Training and predicting
# -----------------------
#
# Estimators raise an error, as scikit-learn does, unless ``on_error="nan"`` asks them to leave
# out what can't be read. The files they left out stand in ``fit_errors_``; a prediction for one
# is None.
from genrekit import GenreClassifier

genres = ["drone" if i % 2 else "noise-beat" for i in range(len(paths) - len(tracks.paths))]
y = genres + list(tracks.target)
X = [path for path in paths if path.parent == folder] + list(tracks.paths)
clf = GenreClassifier("logreg", ["rms", "mfcc"], on_error="nan", random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    clf.fit(X, y)
    for path, genre in zip(X, clf.predict(X), strict=True):
        print(f"{Path(path).name}: {genre}")

# %%
# In a shell
# ----------
#
# .. code-block:: console
#
#    $ genrekit extract music -o table.csv      # exit code 3: some could not be read
#    $ genrekit predict music -o genres.csv     # a column says why
#
# :doc:`/reliability` says what was tried: thousands of damaged files of every format.
