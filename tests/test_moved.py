"""Names that moved to another room."""

from __future__ import annotations

import importlib

import pytest

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
    import genrekit
    import genrekit.models

    with pytest.warns(FutureWarning, match="genrekit.persistence.load"):
        assert genrekit.models.load is genrekit.load


def test_other_names_are_errors():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        importlib.import_module("genrekit.models").Nonsense  # noqa: B018
