"""
A library of 100,000 files overnight
====================================

A table of a large library should be on disk as it grows: a night that ends after nine of ten
hours then costs minutes. This page kills a run, goes on, adds new files, and learns from the
table without holding it.

*Runs in about ten seconds, on synthetic tracks.*
"""

# %%
# The library
# -----------
import tempfile
from pathlib import Path

from genrekit import load_folder, make_tracks

home = Path(tempfile.mkdtemp())
make_tracks(20, root=home / "music", duration=1.0)
music = load_folder(home / "music")
print(f"{len(music.paths)} files of {', '.join(music.target_names)}")

# %%
# A run that is killed
# --------------------
#
# A process of its own, which is killed as soon as the first Parquet file is there. No cleaning
# up, as when the power goes.
import subprocess
import sys
import time

command = [sys.executable, "-m", "genrekit", "extract", str(home / "music"), "-o", f"{home}/rows/"]
options = ["--features", "mfcc,spectral_contrast,tempo", "--shard-size", "10"]
run = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)
while run.poll() is None and not list(home.glob("rows/rows-*.parquet")):
    time.sleep(0.01)
run.kill()
run.wait()
there = len(list(home.glob("rows/rows-*.parquet")))
print(f"killed when {there} of {len(music.paths) // 10} files of rows were there")

# %%
# The same again
# --------------
#
# What is whole is kept; the table equals that of a run that nobody killed. ``--n-jobs -1`` takes
# all processors, and ``--log-json`` writes a line of progress a batch for whatever watches over
# it.
done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
print(done.stderr.strip().splitlines()[-1])

# %%
# Next week's files
# -----------------
#
# Once more, and only what is new or changed is decoded. From Python the call is ``extract`` with
# ``output``.
from genrekit import extract

new = make_tracks(2, root=home / "new", duration=1.0, random_state=1).paths
grown = extract(
    music.paths + new,
    ["mfcc", "spectral_contrast", "tempo"],
    output=home / "rows",
    shard_size=10,
    on_error="nan",
)
print(grown.table)

# %%
# Learn from it
# -------------
#
# ``read_rows`` opens the table and reads none of it before it is asked for. scikit-learn takes it
# as it is; what learns in batches never holds more than one.
from sklearn.linear_model import SGDClassifier

from genrekit import read_rows

rows = read_rows(home / "rows").without_errors()
y = [Path(path).parent.name for path in rows.paths]
learner = SGDClassifier(random_state=0)
for tracks, X in rows.batches(32):
    learner.partial_fit(X, y[tracks], classes=music.target_names)
print(f"{rows}: {learner.classes_.size} genres learned")

# %%
# Its genres
# ----------
#
# The ready-made classifier keeps a table of a library in the same way: killed, it goes on, and it
# hears only what is new.
#
# .. code-block:: console
#
#    $ genrekit predict music -o genres.csv
#
# :doc:`/library` says what happens when a disk is full, two runs meet, or a file changes, and
# :doc:`/remote` how to read what lies in S3 or behind HTTP.
