"""How a network is trained, checked where it is said."""

import numpy as np
import pytest

from genrekit.training import TrainSettings


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("max_epochs", 0),
        ("max_epochs", 2.5),
        ("batch_size", 0),
        ("lr", 0),
        ("lr", float("nan")),
        ("backbone_lr", -1),
        ("weight_decay", -0.1),
        ("schedule", "linear"),
        ("patience", 0),
        ("monitor", "auc"),
        ("label_smoothing", 1.5),
        ("random_crop", "yes"),
        ("gain", -1),
        ("freq_mask", 1.5),
        ("time_mask", -1),
        ("mixup", float("inf")),
        ("seed", -1),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=name):
        TrainSettings(**{name: wrong})


def test_numbers_of_numpy_become_pythons():
    settings = TrainSettings(lr=np.float32(0.5), max_epochs=np.int64(3), random_crop=np.True_)
    assert [type(value) for value in (settings.lr, settings.max_epochs, settings.random_crop)] == [
        float,
        int,
        bool,
    ]
