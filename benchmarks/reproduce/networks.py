"""The table everybody wants: MFCC, mel spectrogram and embedding by CNN and LSTM, and in parallel.

Each cell stands twice: on a split at random, as the notebooks do it, which tears the pieces of a
track (or, of embeddings, the tracks of an artist) apart, and on folds that keep artists together.
Each score stands twice as well: by piece of three seconds and by track.

MFCC, mel and YAMNet rows are of the clips in ``--music``, any folder of GTZAN's layout, or several.
YAMNet gives 1024 values every 0.48 s, so that a piece is five of them; ``genrekit models --fetch
yamnet`` fetches it, and without it these rows are left out. Rows of embeddings are of the 50 tag
activations that MSD-MusiCNN gives of the 443 training clips of the fault-filtered split: a track
is one sequence of 28, since three seconds are one answer.

With ``--folds`` what is finished is kept, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.reproduce._common import find, make_parser, run, with_interval
from benchmarks.reproduce._kept import by_segment, by_track, evaluate, gtzan_facts
from genrekit import CNNEmbedding, MelSpectrogram, MFCCStats, NetworkClassifier, load_audio
from genrekit._tables import text_table
from genrekit.datasets import load_gtzan
from genrekit.evaluation import GenreReport, Split
from genrekit.networks import locate

# Of pieces of three seconds, on splits that are not stated.
PUBLISHED = {
    ("YAMNet", "CNN"): 0.81,
    ("YAMNet", "LSTM"): 0.77,
    ("MFCC", "CNN"): 0.75,
    ("mel", "CNN"): 0.32,
    ("embedding", "CNN"): 0.81,
    ("MFCC", "LSTM"): 0.59,
    ("mel", "LSTM"): 0.60,
    ("embedding", "LSTM"): 0.77,
    ("mel + MFCC", "parallel"): 0.81,
}
_INPUTS = {
    "MFCC": MFCCStats(n_mfcc=20),
    "mel": MelSpectrogram(n_mels=64, db=True),
    "YAMNet": CNNEmbedding("yamnet", output="penultimate"),
}
_SR, _SECONDS, _PATCHES = 22050, 3.0, 28


class Music(NamedTuple):
    """Tracks, or sequences of embeddings, with what is known of them."""

    items: list[Any]
    genres: np.ndarray
    artists: np.ndarray
    clips: np.ndarray


def read_clips(folders: list[Path]) -> Music:
    """The clips of folders of GTZAN's layout; a clip may stand in several, as other excerpts."""
    found = []
    for folder in folders:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # clips that are not there
            found.append(load_gtzan(folder))
    names = np.concatenate([clips.clips for clips in found])
    items = [load_audio(path, sr=_SR) for clips in found for path in clips.paths]
    genres = np.concatenate([clips.target for clips in found])
    return Music(items, genres, gtzan_facts(names)[0], names)


def read_embeddings(path: Path) -> Music:
    """A sequence of 28 answers for each clip."""
    with np.load(path) as arrays:
        answers, of, genres = arrays["taggram"], arrays["clip"], arrays["genre"]
    clips, first = np.unique(of, return_index=True)
    items = [answers[of == clip][:_PATCHES].T for clip in clips]
    return Music(items, genres[first], gtzan_facts(clips)[0], clips)


def pieces_of(music: Music) -> Music:
    """Every piece of three seconds as a track of its own; a shorter clip is one."""
    n = int(_SECONDS * _SR)
    cut = [[y[i * n : (i + 1) * n] for i in range(max(1, len(y) // n))] for y in music.items]
    index = np.repeat(np.arange(len(cut)), [len(pieces) for pieces in cut])
    pieces = [piece for those in cut for piece in those]
    return Music(pieces, *(labels[index] for labels in music[1:]))


def make_network(inputs: str, network: str, args: argparse.Namespace) -> NetworkClassifier:
    """The network of one cell."""
    options: dict[str, Any] = {
        "max_epochs": args.epochs, "patience": None, "random_state": 0, "verbose": 1,
    }  # fmt: skip
    if inputs == "embedding":
        name = {"CNN": "cnn1d", "LSTM": "lstm"}[network]
        return NetworkClassifier(name, inputs="frames", segment_duration=_PATCHES, **options)
    heard = [_INPUTS[name] for name in inputs.split(" + ")]
    # A convolution over time: the thousand values have no order of their own.
    name = "cnn1d" if (inputs, network) == ("YAMNet", "CNN") else network.lower()
    return NetworkClassifier(
        name,
        inputs=heard if len(heard) > 1 else heard[0],
        segment_duration=_SECONDS,
        sr=_SR,
        **options,
    )


def fetched() -> bool:
    """Whether YAMNet is on this machine."""
    try:
        return locate("yamnet").is_file()
    except FileNotFoundError:
        return False


def at_random(music: Music, n_splits: int) -> list[Split]:
    """Folds that know nothing of tracks and artists."""
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=0)
    return list(folds.split(music.genres, music.genres))


def by_artist(music: Music, n_splits: int) -> list[Split]:
    """Folds that keep artists, and so tracks, together."""
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=0)
    return list(folds.split(music.genres, music.genres, music.artists))


def pooled(pieces: GenreReport, clips: np.ndarray) -> str:
    """Accuracy by track of pieces that were predicted one by one: the mean of a clip decides."""
    names, first, index = np.unique(clips, return_index=True, return_inverse=True)
    table = np.zeros((len(names), len(pieces.classes)))
    np.add.at(table, index, np.nan_to_num(pieces.probabilities))
    tracks = GenreReport(
        y_true=pieces.y_true[first],
        y_pred=pieces.classes[table.argmax(axis=1)],
        classes=pieces.classes,
        fit_seconds=pieces.fit_seconds,
        predict_seconds=pieces.predict_seconds,
    )
    return by_track(tracks)


def measure(
    inputs: str, network: str, music: Music, folder: Path, args: argparse.Namespace
) -> list[str]:
    """One row: by piece and by track, at random and honestly."""
    model, name = make_network(inputs, network, args), f"{inputs} {network}"
    torn = music if inputs == "embedding" else pieces_of(music)
    random = evaluate(
        f"random {name}", model, torn.items, torn.genres, groups=None,
        splits=at_random(torn, args.n_folds), folder=folder,
    )  # fmt: skip
    honest = evaluate(
        f"honest {name}", model, music.items, music.genres, groups=music.artists,
        splits=by_artist(music, args.n_folds), folder=folder,
    )  # fmt: skip
    piece = with_interval(random.accuracy, random.interval)
    scores = [piece, pooled(random, torn.clips), by_segment(honest), by_track(honest)]
    if inputs == "embedding":
        scores[0] = scores[2] = ""  # a track is one sequence
    return [inputs, network, *scores, f"{PUBLISHED[inputs, network]:.2f}"]


def main(args: argparse.Namespace) -> None:
    """Print the table."""
    music = args.music or find(args.root, "gtzan_short", "gtzan_clips")
    (answers,) = find(args.root, "gtzan_taggrams_train.npz")
    of_clips, of_answers = read_clips(music), read_embeddings(answers)
    rows = []
    with tempfile.TemporaryDirectory() as passing:
        for inputs, network in PUBLISHED:
            if args.only and not {inputs, network} & set(args.only):
                continue
            if inputs == "YAMNet" and not fetched():
                print("left out: YAMNet: genrekit models --fetch yamnet")
                continue
            heard = of_answers if inputs == "embedding" else of_clips
            rows.append(measure(inputs, network, heard, args.folds or Path(passing), args))
    _say_data(of_clips, of_answers)
    head = ["input", "network", "random: piece", "track", "by artist: piece", "track", "published"]
    print(f"\n{args.n_folds} folds, pooled; 95 % intervals, by artist corrected for artists\n")
    print(text_table(head, rows, right=head[2:]))
    print(_CARRIES)


def _say_data(clips: Music, answers: Music) -> None:
    """Say what there was to learn from."""
    n_pieces = len(pieces_of(clips).items)
    print(
        f"data: {len(clips.items)} files of {len(set(clips.clips))} clips by "
        f"{len(set(clips.artists))} artists, {n_pieces} pieces of 3 s (MFCC, mel, YAMNet); "
        f"{len(answers.items)} sequences of {_PATCHES} answers by {len(set(answers.artists))} "
        "artists (embedding)"
    )


_CARRIES = """
How far this carries: the published networks learned from some 8,000 pieces of 800 clips, these
from a tenth of that. An interval of a few hundred clips by a hundred artists is as wide as most
differences between the rows: what the table does show is the gap between its two halves."""

_parser = make_parser(__doc__)
_parser.add_argument("--music", type=Path, nargs="+", metavar="FOLDER", help="GTZAN clips")
_parser.add_argument("--folds", type=Path, metavar="FOLDER", help="keep what is finished there")
_parser.add_argument("--n-folds", type=int, default=5, metavar="N", help="default: 5")
_parser.add_argument("--epochs", type=int, default=30, metavar="N", help="default: 30")
_parser.add_argument("--only", nargs="+", metavar="NAME", help="inputs or networks, such as mel")
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
