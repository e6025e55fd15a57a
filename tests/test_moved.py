"""Names that moved to another room."""

from __future__ import annotations

import importlib

import pytest

import genrekit

MOVED = {
    "genrekit.evaluation": ("genrekit.displays", ["GenreConfusionDisplay", "TrackDisplay"]),
    "genrekit.models": ("genrekit.networks", ["CNNEmbedding", "get_card", "list_models"]),
}


@pytest.mark.parametrize("old", MOVED)
def test_the_old_place_answers_with_a_warning(old):
    new, names = MOVED[old]
    for name in names:
        with pytest.warns(FutureWarning, match=f"{old}.{name} is now {new}.{name}") as caught:
            found = getattr(importlib.import_module(old), name)
        assert found is getattr(importlib.import_module(new), name)
        assert caught[0].filename == __file__


def test_files_of_models_too():
    import genrekit.models

    with pytest.warns(FutureWarning, match="genrekit.persistence.load"):
        assert genrekit.models.load is genrekit.load


@pytest.mark.parametrize("place", ["genrekit", "genrekit.features"])
def test_the_old_name_of_a_class_gives_the_class_with_a_warning(place):
    with pytest.warns(FutureWarning, match=f"{place}.RMSEnergy is now {place}.RMS; the old name"):
        found = importlib.import_module(place).RMSEnergy
    assert found is genrekit.RMS
    with pytest.warns(FutureWarning) as caught:
        from genrekit import RMSEnergy
    assert RMSEnergy is genrekit.RMS
    assert caught[0].filename == __file__
    assert "RMSEnergy" not in dir(genrekit)


def test_other_names_are_errors():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        importlib.import_module("genrekit.models").Nonsense  # noqa: B018
    with pytest.raises(AttributeError, match="'genrekit' has no attribute 'Nonsense'"):
        genrekit.Nonsense  # noqa: B018
