"""
Train a CNN on mel spectrograms
===============================

From tracks to a trained network with its curves, its best epoch, its confusions, and the tracks
on which it is wrong and sure of it: those are the ones to listen to.

*Runs in about twenty seconds; training takes* ``pip install "genrekit[train]"``.
"""

# %%
# Music
# -----
#
# Clips of 2 to 3 s of GTZAN where they are at hand, else synthetic tracks. The artists go with
# them: no artist may stand on both sides of a split.
import os
import warnings
from pathlib import Path

from genrekit import load_gtzan, make_tracks

clips = Path(os.environ.get("GENREKIT_TEST_DATA", "none"), "gtzan_short")
if clips.is_dir():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # most of the thousand clips are not there
        music = load_gtzan(clips)
    chosen = [
        i for i, genre in enumerate(music.target) if genre in ("classical", "metal", "reggae")
    ]
    X = [music.paths[i] for i in chosen]
    y, artists = music.target[chosen], music.groups[chosen]
else:
    music = make_tracks(14, duration=3.0, genres=["drone", "pulse", "noise-beat"])
    X, y = [(wave, music.sr) for wave in music.waveforms], music.target
    artists = [f"artist {i}" for i in range(len(y))]
print(f"{len(X)} tracks of {', '.join(sorted(set(y)))}")

# %%
# A network
# ---------
#
# Each track is cut into segments of a second, which the network looks at as pictures of 64 mel
# bands. A part of the tracks, whole ones and by artists apart from the others, decides which
# epoch is kept.
from genrekit import MelSpectrogram, NetworkClassifier

mel = MelSpectrogram(n_mels=64, db=True)
training = {"max_epochs": 12, "batch_size": 8, "mixup": 0.2, "network_params": {"width": 16}}
clf = NetworkClassifier("cnn", inputs=mel, segment_duration=1.0, random_state=0, **training)
clf.fit(X, y, groups=artists)
print(f"the best epoch was {clf.best_epoch_} of {len(clf.history_)}")

# %%
# The curves
# ----------
#
# Where the loss of validation turns up again the network begins to learn its tracks by heart. The
# weights of the best epoch are kept.
from genrekit.displays import TrainingDisplay

TrainingDisplay.from_estimator(clf)

# %%
# How good is it?
# ---------------
#
# The validation part decided something, so that its score flatters. Cross-validation trains anew
# on each fold and asks about artists that were not heard.
from genrekit import cross_validate_genres
from genrekit.displays import GenreConfusionDisplay

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a genre of so few artists that none is left to validate on
    report = cross_validate_genres(clf, X, y, groups=artists, cv=3, random_state=0)
print(f"by track {report.accuracy:.2f}, by segment {report.segment_accuracy:.2f}")
GenreConfusionDisplay.from_report(report)

# %%
# Wrong, and sure of it
# ---------------------
#
# Listen to these: some are labelled wrongly, and some say what the network listens to.
import numpy as np

sure = report.probabilities.max(axis=1)
wrong = np.flatnonzero(report.y_pred != report.y_true)
for i in wrong[np.argsort(-sure[wrong])][:5]:
    name = X[i] if isinstance(X[i], str) else f"track {i}"
    print(f"{Path(name).name}: {report.y_pred[i]} at {sure[i]:.0%}, it is {report.y_true[i]}")

# %%
# Keep it
# -------
#
# ``genrekit.save(clf, "cnn.skops")`` writes the network with all that it needs; ``genrekit.load``
# and ``predict`` run without torch.
#
# The long run
# ------------
#
# The same on 30-second pictures of GTZAN, 433 to learn from, artists apart, three seeds, tested
# once:
#
# .. literalinclude:: /_reproduce_mel_images.txt
#    :language: text
#
# and split at random, which is how such a network gets to look good:
#
# .. literalinclude:: /_reproduce_mel_images_random.txt
#    :language: text
