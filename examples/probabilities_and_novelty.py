"""
How sure is it? Probabilities and novelty
=========================================

A classifier that is sure and wrong is worse than one that says "I don't know". This page shows
what a probability is worth, how to hold an answer back, and how to tell music that is like
nothing the classifier has heard.

*Runs in about ten seconds, on synthetic tracks.*
"""

# %%
# Three genres, and a fourth that nobody knows
# --------------------------------------------
from genrekit import make_tracks

known = make_tracks(15, duration=3.0, genres=["pulse", "noise-beat", "pluck"], random_state=0)
new = make_tracks(10, duration=3.0, genres=["pulse", "noise-beat", "pluck"], random_state=1)
unknown = make_tracks(10, duration=3.0, genres=["drone", "arpeggio"], random_state=2)
X, X_new, X_unknown = ([(y, m.sr) for y in m.waveforms] for m in (known, new, unknown))

# %%
# What a probability is worth
# ---------------------------
#
# Probabilities are calibrated on tracks that the model has not heard. Of the answers given at 80
# %, about eight in ten are right: points near the diagonal.
from genrekit import PretrainedCNNClassifier
from genrekit.displays import ReliabilityDisplay

clf = PretrainedCNNClassifier(random_state=0).fit(X, known.target)
ReliabilityDisplay.from_estimator(clf, X_new, new.target)

# %%
# "I don't know"
# --------------
#
# With ``reject_below`` an answer that is less sure is "unknown".
import numpy as np

careful = clf.set_params(reject_below=0.7)
print(f"known genres:   {np.mean(careful.predict(X_new) == 'unknown'):.0%} unknown")
print(f"unknown genres: {np.mean(careful.predict(X_unknown) == 'unknown'):.0%} unknown")

# %%
# Music of another kind
# ---------------------
#
# Probabilities divide one whole among the genres that there are: music of none of them has to go
# somewhere. ``novelty`` is another question, how far a track is from all that was learned: 0.5 is
# as far as the usual track, above 0.95 lies what is further away than 95 of 100. So a classifier
# can be sure of a genre and know all the same that it has heard nothing like it.
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3))
for tracks, label, colour in ((X_new, "known genres", "0.6"), (X_unknown, "unknown genres", "0.1")):
    sure, far = clf.predict_proba(tracks).max(axis=1), clf.novelty(tracks)
    axes.scatter(sure, far, color=colour, label=label)
    print(f"{label}: sure at {np.median(sure):.2f}, novelty {np.median(far):.2f}")
axes.set(xlabel="highest probability", ylabel="novelty", ylim=(0, 1.05))
axes.legend()

# %%
# ``reject_novel`` holds those back, beside ``reject_below``:
both = clf.set_params(reject_below=None, reject_novel=0.95)
print(f"known genres:   {np.mean(both.predict(X_new) == 'unknown'):.0%} unknown")
print(f"unknown genres: {np.mean(both.predict(X_unknown) == 'unknown'):.0%} unknown")

# %%
# On real music
# -------------
#
# How well it tells a genre of GTZAN that it has never heard, each left out in turn, stands in the
# :doc:`model cards </model_cards>`.
