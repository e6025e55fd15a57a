"""What decides on rows: classifiers by name, their calibration, the folds inside them, labels.

It knows nothing of how tracks are read: `genrekit.models` puts both together.
"""

from genrekit.heads._fit import fit_head, inner_splits, probabilities
from genrekit.heads._inner_folds import (
    ask_for_groups,
    ask_for_weights,
    group_folds,
    splits_inside,
)
from genrekit.heads._labels import (
    check_learnt,
    check_lengths,
    check_present,
    read_labels,
    track_groups,
    weigh_tracks,
)
from genrekit.heads._named import MODELS, make_classifier, make_reducer
from genrekit.heads._novelty import fit_novelty, known_novelty, novelty_of
from genrekit.heads._objects import iter_objects, named_children, place
from genrekit.heads._params import check_names, check_settable, check_share
from genrekit.heads._shipped import PRETRAINED, ShippedHead, read_head
from genrekit.heads._tempered import TemperedClassifier, genre_scores
from genrekit.heads._validation_part import check_validation, choose_validation

__all__ = [
    "MODELS",
    "PRETRAINED",
    "ShippedHead",
    "TemperedClassifier",
    "ask_for_groups",
    "ask_for_weights",
    "check_learnt",
    "check_lengths",
    "check_names",
    "check_present",
    "check_settable",
    "check_share",
    "check_validation",
    "choose_validation",
    "fit_head",
    "fit_novelty",
    "genre_scores",
    "group_folds",
    "inner_splits",
    "iter_objects",
    "known_novelty",
    "make_classifier",
    "make_reducer",
    "named_children",
    "novelty_of",
    "place",
    "probabilities",
    "read_head",
    "read_labels",
    "splits_inside",
    "track_groups",
    "weigh_tracks",
]
