"""
Classify my own song
====================

What genre is this song? genrekit comes with a small pretrained network that names thirteen genres.
There is nothing to train and nothing to download.

*Runs in about five seconds.*
"""

# %%
# The songs
# ---------
#
# Put your own here: ``songs = ["song.mp3"]``. MP3, FLAC, WAV, OGG, Opus and AIFF are read at once,
# M4A, AAC and WMA with ``pip install "genrekit[ffmpeg]"``.
#
# This page takes clips of the Free Music Archive where they are at hand, else synthetic tracks.
import os
import tempfile
from pathlib import Path

from genrekit import make_tracks

songs = sorted(Path(os.environ.get("GENREKIT_TEST_DATA", "none"), "fma_clips").glob("*.mp3"))
print(f"{len(songs)} clips of the Free Music Archive" if songs else "synthetic tracks")
songs = songs or make_tracks(1, root=tempfile.mkdtemp(), duration=12.0).paths

# %%
# Their genres
# ------------
#
# ``top_k`` gives the most probable genres of each song, with their probabilities.
from genrekit import GenreClassifier

clf = GenreClassifier.from_pretrained()
for song, genres in zip(songs[:5], clf.top_k(songs[:5]), strict=True):
    answer = ", ".join(f"{genre} {probability:.0%}" for genre, probability in genres)
    print(f"{Path(song).name}: {answer}")

# %%
# What to make of the numbers
# ---------------------------
#
# The probabilities are calibrated: of songs called "jazz" at 70 %, about seven in ten are. But
# that holds for music like the music it learned from. How unlike that a song is, ``novelty`` says:
# 0.5 is as far away as the usual track, and above 0.95 a song is further away than 95 of 100 were.
for song, novelty in zip(songs[:5], clf.novelty(songs[:5]), strict=True):
    print(f"{Path(song).name}: novelty {novelty:.2f}")

# %%
# Which genre, when
# -----------------
#
# Music changes. The timeline tells the genres of every five seconds.
from genrekit.displays import TimelineDisplay

TimelineDisplay.from_estimator(clf, songs[2])

# %%
# What it heard
# -------------
from genrekit.displays import TrackDisplay

TrackDisplay.from_track(songs[2])

# %%
# In a shell
# ----------
#
# .. code-block:: console
#
#    $ genrekit predict song.mp3
#
# Is the answer wrong? Thirteen genres are few, and people do not agree on them either. The
# :doc:`model card </model_cards>` says what the classifier learned from, and where it fails.
# :doc:`folder_to_grid_search` teaches one your own genres.
