"""What decides on rows: classifiers by name, their calibration, the folds inside them, labels.

It knows nothing of how tracks are read: `genrekit.models` puts both together, and
`ReadyClassifier`, for what ships, without scikit-learn, which the others load when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genrekit.heads._answers import Answering, Answers, level, note_unheard, on_usable
from genrekit.heads._novelty import fit_novelty, known_novelty, novelty_of
from genrekit.heads._objects import iter_objects, named_children, place
from genrekit.heads._params import check_names, check_settable, check_share
from genrekit.heads._ready import ReadyClassifier
from genrekit.heads._shipped import PRETRAINED, ShippedHead, read_head

_LATE = {
    "_fit": ["fit_head", "head_probabilities", "inner_splits", "probabilities"],
    "_in_batches": ["fit_in_batches"],
    "_inner_folds": [
        "ask_for_groups",
        "ask_for_weights",
        "group_folds",
        "splits_inside",
        "takes_groups",
    ],
    "_labels": [
        "check_learnt",
        "check_lengths",
        "check_present",
        "read_labels",
        "track_groups",
        "weigh_tracks",
    ],
    "_named": ["MODELS", "make_classifier", "make_reducer"],
    "_tempered": ["TemperedClassifier", "genre_scores"],
    "_validation_part": ["check_validation", "choose_validation"],
}
_HOME_OF = {name: module for module, names in _LATE.items() for name in names}

__all__ = [
    "Answering",
    "Answers",
    "MODELS",
    "PRETRAINED",
    "ReadyClassifier",
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
    "fit_in_batches",
    "fit_novelty",
    "genre_scores",
    "group_folds",
    "head_probabilities",
    "inner_splits",
    "iter_objects",
    "known_novelty",
    "level",
    "make_classifier",
    "make_reducer",
    "named_children",
    "note_unheard",
    "novelty_of",
    "on_usable",
    "place",
    "probabilities",
    "read_head",
    "read_labels",
    "splits_inside",
    "takes_groups",
    "track_groups",
    "weigh_tracks",
]

if TYPE_CHECKING:
    from genrekit.heads._fit import fit_head, head_probabilities, inner_splits, probabilities
    from genrekit.heads._in_batches import fit_in_batches
    from genrekit.heads._inner_folds import (
        ask_for_groups,
        ask_for_weights,
        group_folds,
        splits_inside,
        takes_groups,
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
    from genrekit.heads._tempered import TemperedClassifier, genre_scores
    from genrekit.heads._validation_part import check_validation, choose_validation
else:  # type checkers would take any name for one that `__getattr__` knows

    def __getattr__(name: str) -> Any:
        """Load what needs scikit-learn when it is first used."""
        if name not in _HOME_OF:
            raise AttributeError(f"module 'genrekit.heads' has no attribute {name!r}")
        value = getattr(importlib.import_module(f"genrekit.heads.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
