"""
Transfer learning from a pretrained network
===========================================

A hundred tracks are few for a network that begins with nothing, and many for one that has heard
music before. Three ways to go on from MSD-MusiCNN, which comes with genrekit: its answers as
features, a new last layer, and fine-tuning.

*Runs in about twenty seconds; training takes* ``pip install "genrekit[train]"``.
"""

# %%
# Music
# -----
#
# Clips of 2 to 3 s of GTZAN where they are at hand, else synthetic tracks.
import os
import warnings
from pathlib import Path

from genrekit import load_gtzan, make_tracks

clips = Path(os.environ.get("GENREKIT_TEST_DATA", "none"), "gtzan_short")
if clips.is_dir():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # most of the thousand clips are not there
        music = load_gtzan(clips)
    chosen = [i for i, genre in enumerate(music.target) if genre in ("country", "disco", "jazz")]
    chosen = chosen[::3]  # some, so that this page is quick
    X = [music.paths[i] for i in chosen]
    y, artists = music.target[chosen], music.groups[chosen]
else:
    music = make_tracks(8, duration=3.0, genres=["drone", "pulse", "noise-beat"])
    X, y = [(wave, music.sr) for wave in music.waveforms], music.target
    artists = [f"artist {i}" for i in range(len(y))]
print(f"{len(X)} tracks of {', '.join(sorted(set(y)))}")

# %%
# Its answers as features
# -----------------------
#
# The network stays as it is; a logistic regression learns from its 50 tags. This trains in a
# second, and few things beat it.
import tempfile

from genrekit import PretrainedCNNClassifier, compare

memory = tempfile.mkdtemp()
frozen = PretrainedCNNClassifier(memory=memory, random_state=0)

# %%
# A new last layer, and fine-tuning
# ---------------------------------
#
# ``network="musicnn"`` is the same network to go on training. With ``freeze="features"`` only a
# new last layer learns. With ``freeze=5`` the five convolutions over bands stay, and what stands
# above them learns slowly, at ``backbone_lr``.
from genrekit import NetworkClassifier

common = {"segment_duration": 3.0, "label_smoothing": 0.1, "memory": memory, "random_state": 0}
head = NetworkClassifier("musicnn", freeze="features", lr=1e-2, max_epochs=3, **common)
tuned = NetworkClassifier("musicnn", freeze=5, lr=1e-2, backbone_lr=3e-4, max_epochs=2, **common)

# %%
# Which is best?
# --------------
#
# All three on the same folds, artists kept together. So few tracks can't tell them apart: see how
# wide the intervals are.
models = {"frozen": frozen, "new last layer": head, "fine-tuned": tuned}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # few tracks of a genre to validate on
    print(compare(models, X, y, groups=artists, cv=2, random_state=0))

# %%
# The long run
# ------------
#
# All 323 clips, ten genres, five folds by artist, with a network from nothing and one that knows
# photographs (``network="image"`` with ImageNet's weights) beside them:
#
# .. literalinclude:: /_reproduce_short_clips.txt
#    :language: text
#
# Other networks
# --------------
#
# ``genrekit models --fetch yamnet`` fetches YAMNet, which knows 521 sounds:
# ``CNNEmbedding(model="yamnet", output="penultimate")`` takes the place of the tags in any
# pipeline. Any ONNX file with a card does, see :doc:`/model_cards`.
