"""Train the head of "gtzan10" and say how its recipe was chosen.

    python tools/train_gtzan10.py DATA

DATA is a folder with ``gtzan_taggrams_train.npz``: what "msd-musicnn" answers to each second of the
443 clips in the training split of GTZAN that leaves out faults and repeated artists. The test clips
of that split are not read, and nothing here was chosen by them. Run it on genrekit's own
environment; the same versions write the same bytes.

When the head was made no list of artists came with the clips: blocks of clips that follow each
other were never split, for GTZAN's numbers go artist by artist, and each block of a genre counts
the same. It is kept as it was, so that its answers stay what they are. How recipes do is shown by
folds that split no artist, of whom there is a list by now. How kind these folds are can be seen
with ``gtzan_features_30s.csv`` in DATA: 57 features of librosa and an SVM are published with 0.528
on the artist-disjoint test clips of the same split, and the table shows what they make of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from genrekit.displays import ReliabilityDisplay
from genrekit.exceptions import GenrekitWarning
from genrekit.heads import fit_head, fit_novelty
from genrekit.networks import ModelCard, get_card

NETWORK, MODEL = "msd-musicnn", "logreg"
FEATURES = {
    "model": NETWORK,
    "output": "tags",
    "stats": ["mean"],
    "patch_hop": 1.0,
    "max_patches": 60,
}
ROOT = Path(__file__).resolve().parents[1]
HEAD = ROOT / "src/genrekit/networks/data/heads/gtzan10.json"
ARTISTS = ROOT / "src/genrekit/datasets/data/gtzan_artists.csv"

# Clips whose numbers are further apart than this are taken to be of different artists, and as many
# in a row as this to be of more than one.
GAP, LONGEST = 2, 20
FOLDS, REPEATS = 4, 10
DIGITS = 6

TEXTS = {
    "title": "The ten genres of GTZAN",
    "licence": "BSD-3-Clause",
    "trained_on": (
        "443 clips of 30 s, the training part of the split of GTZAN without faults and with no "
        "artist in two parts (Kereliuk, Sturm and Larsen, 2015). GTZAN (Tzanetakis and Cook, 2002) "
        "is a research collection of recordings without a licence, of which nothing but "
        "coefficients is contained here. What the network heard before, see its card."
    ),
    "limits": (
        "Every track gets one of ten genres, though most music has none of them or several: see "
        "reject_below. The genres are those of one collection of 2000 and 2001, each by a handful "
        "of artists, and how well it does on others is not known to it: its probabilities can be "
        "near 1 and wrong. In cross-validation blues with other instruments than guitars goes for "
        "reggae, reggae for disco, and rock for metal or blues. Not for decisions about people or "
        "payments."
    ),
}


class Candidate(NamedTuple):
    """What is compared.

    Attributes
    ----------
    name : str
        What it is.
    table : ndarray of shape (n_clips, n_features)
        What it takes.
    classifier : estimator
        Not fitted.
    weighted : bool
        Whether each block of a genre counts the same, however many clips it has.
    """

    name: str
    table: NDArray[np.float64]
    classifier: Any
    weighted: bool = False


class Clips(NamedTuple):
    """Clips with what the network says of them.

    Attributes
    ----------
    tags : list of ndarray of shape (n_patches, n_tags)
        By clip.
    genres : ndarray of shape (n_clips,)
        The genres.
    blocks : ndarray of shape (n_clips,)
        Clips that count as one in training, and that its calibration does not split.
    names : list of str
        Such as "blues.00029".
    artists : ndarray of shape (n_clips,)
        What folds must not split.
    """

    tags: list[NDArray[np.float64]]
    genres: NDArray[np.str_]
    blocks: NDArray[np.int64]
    names: list[str]
    artists: NDArray[np.str_]

    @property
    def weights(self) -> NDArray[np.float64]:
        """A weight for each clip, by which blocks of a genre count the same."""
        _, which, size = np.unique(self.blocks, return_inverse=True, return_counts=True)
        weights = 1 / size[which]
        for genre in np.unique(self.genres):
            own = self.genres == genre
            weights[own] *= own.sum() / weights[own].sum()
        return weights

    def pooled(self, function: Callable[[NDArray[np.float64]], Any]) -> NDArray[np.float64]:
        """One row a clip."""
        return np.array([function(tags) for tags in self.tags])


def read_clips(path: Path) -> Clips:
    """The training clips."""
    data = np.load(path)
    names, first, which = np.unique(data["clip"], return_index=True, return_inverse=True)
    taggram = data["taggram"].astype(np.float64)
    tags = [taggram[which == i] for i in range(len(names))]
    return Clips(
        tags, data["genre"][first], make_blocks(names), names.tolist(), read_artists(names)
    )


def read_artists(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """The artist of each clip; a clip without one counts as its own."""
    with ARTISTS.open(newline="", encoding="utf-8") as file:
        artists = {row["clip"]: row["artist"] for row in csv.DictReader(file)}
    return np.array([artists.get(name) or name for name in names])


def make_blocks(names: NDArray[np.str_]) -> NDArray[np.int64]:
    """A number for each clip, the same for those that may share an artist."""
    genres, numbers = zip(*(name.split(".") for name in names), strict=True)
    new = [a != b for a, b in zip(genres[1:], genres[:-1], strict=True)]
    run = np.cumsum([0, *((np.diff(np.array(numbers, int)) > GAP) | new)])
    blocks = np.empty(len(names), np.int64)
    count = 0
    for number in np.unique(run):
        members = np.flatnonzero(run == number)
        for part in np.array_split(members, -(-len(members) // LONGEST)):
            blocks[part] = count
            count += 1
    return blocks


def candidates(clips: Clips) -> list[Candidate]:
    """What is compared, the simpler first."""
    mean = clips.pooled(_mean)
    spread = clips.pooled(lambda tags: np.r_[tags.mean(axis=0), tags.std(axis=0)])
    highest = clips.pooled(lambda tags: np.r_[tags.mean(axis=0), tags.max(axis=0)])
    logits = clips.pooled(lambda tags: _logit(tags).mean(axis=0))
    tables = {"mean": mean, "mean, std": spread, "mean, max": highest, "mean logit": logits}
    found = []
    for name, table in tables.items():
        for weighted in (False, True):
            how = f"{name}: logistic regression{', blocks counting the same' * weighted}"
            found += [
                Candidate(f"{how}, C={C:g}", table, _scaled(LogisticRegression(C=C)), weighted)
                for C in (0.01, 0.03, 0.1, 0.3, 1.0)
            ]
    for name, table in tables.items():
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2)
        cosine = KNeighborsClassifier(10, metric="cosine")
        found += [
            Candidate(f"{name}: linear discriminant, shrinkage=0.2", table, lda),
            Candidate(f"{name}: support vectors, C=1", table, _scaled(SVC())),
            Candidate(f"{name}: 10 neighbours by cosine", table, cosine),
        ]
    logs = FunctionTransformer(_log)
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    parts = [("tags", _scaled(LogisticRegression(C=0.1))), ("logs", make_pipeline(logs, lda))]
    both = VotingClassifier(parts, voting="soft")
    return [*found, Candidate("mean: logistic regression beside discriminant of logs", mean, both)]


def evaluate(candidate: Candidate, clips: Clips) -> tuple[list[float], list[float]]:
    """Accuracy and log loss of each repeat; no log loss without probabilities."""
    accuracies, losses = [], []
    table, classes = candidate.table, np.unique(clips.genres)
    for seed in range(REPEATS):
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        found = np.empty_like(clips.genres)
        proba = np.zeros((len(found), len(classes)))
        for train, test in folds.split(table, clips.genres, clips.artists):
            fitted = clone(candidate.classifier)
            weights = {"logisticregression__sample_weight": clips.weights[train]}
            fitted.fit(table[train], clips.genres[train], **(weights if candidate.weighted else {}))
            found[test] = fitted.predict(table[test])
            if hasattr(fitted, "predict_proba"):
                proba[test] = fitted.predict_proba(table[test])
        accuracies.append(accuracy_score(clips.genres, found))
        if proba.any():
            losses.append(log_loss(clips.genres, proba, labels=classes))
    return accuracies, losses


def print_selection(clips: Clips) -> None:
    """Every candidate on folds by artist, and how the one that is shipped was picked."""
    n_artists = len(np.unique(clips.artists))
    print(
        f"{REPEATS} x {FOLDS} folds by artist, {len(clips.names)} clips of {n_artists} artists.\n"
    )
    rows = []
    for candidate in candidates(clips):
        accuracies, losses = evaluate(candidate, clips)
        accuracy, loss = float(np.mean(accuracies)), f"{np.mean(losses):.3f}" if losses else "-"
        rows.append((accuracy, loss, candidate.name))
        print(f"{accuracy:.3f} +- {np.std(accuracies):.3f}  log loss {loss:>5}  {candidate.name}")
    best = max(accuracy for accuracy, _, _ in rows)
    error = float(np.sqrt(best * (1 - best) / len(clips.names)))
    print(f"\nWithin one standard error ({error:.3f}) of the best ({best:.3f}), simplest first:")
    for accuracy, loss, name in rows:
        if accuracy >= best - error:
            print(f"  {accuracy:.3f}  log loss {loss:>5}  {name}")
    print(
        "Shipped is what was chosen by blocks of clip numbers, among the simplest kind of features"
    )
    print("and head that of the least log loss: mean, blocks counting the same, C=0.1.")


def print_protocol(path: Path, clips: Clips) -> None:
    """What the folds make of features whose accuracy on new artists is published."""
    with path.open(newline="") as file:
        by_clip = {row["clip"]: row for row in csv.DictReader(file)}
    skipped = ("clip", "length", "genre", "label")
    columns = [name for name in next(iter(by_clip.values())) if name not in skipped]
    table = np.array([[float(by_clip[name][c]) for c in columns] for name in clips.names])
    accuracies, _ = evaluate(Candidate("librosa", table, _scaled(SVC(C=10))), clips)
    print(f"\n{len(columns)} features of librosa, SVC(C=10): {np.mean(accuracies):.3f} on these "
          "folds, 0.528 published on the test clips.")  # fmt: skip


def draw_reliability(path: Path, clips: Clips) -> None:
    """How often the head is right by how sure it is, on folds by artist, calibrated inside them."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "gtzan10"})
    table, classes = clips.pooled(_mean), np.unique(clips.genres)
    proba = np.empty((len(table), len(classes)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(table, clips.genres, clips.artists):
        proba[test] = _fit(table, clips, train).predict_proba(table[test])
    display = ReliabilityDisplay.from_predictions(clips.genres, proba, classes)
    display.figure_.savefig(path, metadata={"Date": None, "Creator": None})
    right = np.mean(classes[proba.argmax(axis=1)] == clips.genres)
    print(
        f"\nReliability on {FOLDS} folds by artist: right {right:.3f}, mean probability of the "
        f"answer {proba.max(axis=1).mean():.3f}, expected calibration error "
        f"{display.bins.error:.3f}."
    )


def train(clips: Clips, card: ModelCard) -> dict[str, Any]:
    """The head, as what goes into its file."""
    table = clips.pooled(_mean)
    head = _fit(table, clips, np.arange(len(clips.names)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    splits = list(folds.split(table, clips.genres, clips.artists))
    scaled = head["scale"].transform(table)
    novelty = fit_novelty(scaled, clips.genres, splits, clips.weights)
    tempered = head["clf"]
    return {
        "name": "gtzan10",
        **TEXTS,
        "features": FEATURES,
        "sha256": card.sha256,
        "model": MODEL,
        "classes": head.classes_.tolist(),
        "mean": _rounded(head["scale"].mean_),
        "scale": _rounded(head["scale"].scale_),
        "coef": _rounded(tempered.factor_ * tempered.estimator_.coef_),
        "intercept": _rounded(tempered.factor_ * tempered.estimator_.intercept_),
        "novelty": {name: _rounded(values) for name, values in novelty.items()},
    }


def _fit(table: NDArray[np.float64], clips: Clips, train: NDArray[np.int64]) -> Pipeline:
    """The recipe on some of the clips."""
    labels = (clips.genres[train], clips.blocks[train], clips.weights[train])
    with warnings.catch_warnings():
        # Genres have blocks for fewer folds than the usual five.
        warnings.simplefilter("ignore", GenrekitWarning)
        return fit_head(table[train], *labels, model=MODEL, random_state=0)


def _mean(tags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over patches."""
    return tags.mean(axis=0)


def _scaled(classifier: Any) -> Any:
    """A classifier of standardised columns."""
    if isinstance(classifier, LogisticRegression):
        classifier.set_params(max_iter=1000)
    return make_pipeline(StandardScaler(), classifier)


def _logit(tags: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the network says before its last step."""
    return logit(np.clip(tags, 1e-4, 1 - 1e-4))


def _log(tags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm, that of 0 being finite."""
    return np.log(tags + 1e-3)


def _rounded(values: NDArray[np.float64]) -> Any:
    """As lists, of numbers that do not depend on the last bits of a library."""
    return np.round(values, DIGITS).tolist()


def _dump(head: dict[str, Any]) -> str:
    """JSON with a line a field, and a line a row of coefficients."""
    lines = [f' "{name}": {json.dumps(value)}' for name, value in head.items()]
    return "{\n" + ",\n".join(lines).replace("], [", "],\n  [") + "\n}\n"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="Train the head of gtzan10.")
    parser.add_argument("data", type=Path, help="folder with gtzan_taggrams_train.npz")
    parser.add_argument("--output", type=Path, default=HEAD, help="file to write")
    parser.add_argument("--only-train", action="store_true", help="leave out the comparison")
    parser.add_argument("--reliability", type=Path, metavar="FILE", help="draw it, as SVG")
    args = parser.parse_args()
    clips = read_clips(args.data / "gtzan_taggrams_train.npz")
    table = args.data / "gtzan_features_30s.csv"
    if not args.only_train:
        print_selection(clips)
        if table.is_file():
            print_protocol(table, clips)
    if args.reliability:
        draw_reliability(args.reliability, clips)
    args.output.write_text(_dump(train(clips, get_card(NETWORK))))
    print(f"Written: {args.output.name}, {args.output.stat().st_size} bytes.")


if __name__ == "__main__":
    main()
