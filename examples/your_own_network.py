"""
Train a network of your own
===========================

A function that gives a ``torch.nn.Module`` goes through the same door as the networks that come
with genrekit: tracks in, genres out, best epoch kept, and the result runs without torch.

*Runs in about ten seconds, on synthetic tracks; takes* ``pip install "genrekit[train]"``.
"""

# %%
# A network
# ---------
#
# ``shapes`` has the shape of a segment in each input: here rows of MFCC and of chroma by frames.
# What comes out are logits, a row a segment.
import torch
from torch import nn


class TwoEars(nn.Module):
    """A branch of convolutions for each input; what both heard decides."""

    def __init__(self, shapes, n_classes, width):
        super().__init__()
        self.ears = nn.ModuleList(
            nn.Sequential(nn.Conv1d(rows, width, 5, padding=2), nn.BatchNorm1d(width), nn.ReLU())
            for rows, _ in shapes
        )
        self.decide = nn.Linear(2 * width, n_classes)

    def forward(self, mfcc, chroma):
        heard = [ear(x).mean(dim=2) for ear, x in zip(self.ears, (mfcc, chroma), strict=True)]
        return self.decide(torch.cat(heard, dim=1))


def two_ears(shapes, n_classes, *, width=16):
    """A network for this many genres."""
    return TwoEars(shapes, n_classes, width)


# %%
# Train it
# --------
#
# Both inputs come of one decode and one spectrum. ``network_params`` reach the function, and a
# grid search sets them.
from genrekit import MFCCStats, NetworkClassifier, make_tracks

tracks = make_tracks(12, duration=3.0, genres=["drone", "pulse", "noise-beat"])
X = [(y, tracks.sr) for y in tracks.waveforms]
clf = NetworkClassifier(
    two_ears,
    inputs=[MFCCStats(n_mfcc=13), "chroma"],
    network_params={"width": 32},
    segment_duration=1.0,
    max_epochs=8,
    batch_size=8,
    random_state=0,
)
clf.fit(X, tracks.target)
print(f"epoch {clf.best_epoch_} was the best; {clf.predict(X[:2]).tolist()}")

# %%
# Raw audio goes the same way: with ``inputs="waveform"`` the function gets shapes of
# ``(n_samples,)``, and a batch is samples in the place of frames.
#
# It needs no torch any more
# --------------------------
#
# ``export`` writes the network as ONNX with a card that says what it hears. ``genrekit.save(clf,
# path)`` puts both into one model file.
import tempfile
from pathlib import Path

card = clf.export(tempfile.mkdtemp())
for path in sorted(Path(card).parent.iterdir()):
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

# %%
# The networks that come with genrekit, and what each takes: :doc:`/training`.
