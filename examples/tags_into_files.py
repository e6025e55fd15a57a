"""
Write genres into the tags of your files
========================================

Players sort by the genre in a file's tags. genrekit hears the files, shows what it would write,
writes it, and takes it back if you do not like it. The audio is never touched.

*Runs in about ten seconds, on synthetic tracks; takes* ``pip install "genrekit[tags]"``.
"""

# %%
# A folder without genres
# -----------------------
#
# The commands are those of a shell: ``genrekit write-tags music``.
import subprocess
import sys
import tempfile
from pathlib import Path

from genrekit import make_tracks

folder = Path(tempfile.mkdtemp())
make_tracks(2, root=folder / "music", duration=6.0)


def genrekit(*arguments):
    """Run a command in the folder, and print what it prints."""
    command = [sys.executable, "-m", "genrekit", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    print(done.stdout or done.stderr)


# %%
# What would be written
# ---------------------
#
# Nothing is changed before ``--write`` is given. Files whose genre is unknown, or that are unlike
# all that the classifier has learned from, are left alone; here, with synthetic tracks, those
# would be all, so this page asks for them with ``--reject-novel 1``.
genrekit("write-tags", "music", "--reject-novel", "1")

# %%
# Write it
# --------
#
# What a file had is noted before it is changed. A copy gets the tags, and takes the place of the
# file when every decoded sample of it is as it was.
genrekit("write-tags", "music", "--reject-novel", "1", "--write")

# %%
# Read it
# -------
#
# ``load_tags`` reads genres, artists and albums of a folder: a data set that your own tags made,
# with the artists as groups. ``genrekit train music --labels tags`` learns from it.
from genrekit import load_tags

music = load_tags(folder / "music")
for path, genre in zip(music.paths[:4], music.target, strict=False):
    print(f"{Path(path).name}: {genre}")

# %%
# Take it back
# ------------
undo = next(folder.glob("genrekit-undo-*.jsonl"))
genrekit("write-tags", "--undo", undo.name)

# %%
# Copies
# ------
#
# The same sound under other names and tags is found by its samples.
import shutil

shutil.copy(music.paths[0], folder / "music" / "another name.wav")
genrekit("duplicates", "music")
