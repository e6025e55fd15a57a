"""Models saved before the rooms were divided anew.

The files in `data` were written by the last version before that, with the answers in
`answers.json`, for ``make_tracks(6, genres=["drone", "pulse"], duration=2.0, random_state=0)``.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from genrekit import AudioFeatures, load, make_tracks, save
from genrekit.models import NetworkClassifier
from genrekit.networks import get_card
from genrekit.persistence import _archive, _schema
from genrekit.persistence._moves import MOVED, follow_moves

DATA = Path(__file__).parent / "data"
ANSWERS = json.loads((DATA / "answers.json").read_text())


@pytest.fixture(scope="module")
def tracks():
    made = make_tracks(6, genres=["drone", "pulse"], duration=2.0, random_state=0)
    return [(y, made.sr) for y in made.waveforms[:3]]


@pytest.mark.filterwarnings("ignore:.*was written under:genrekit.exceptions.GenrekitWarning")
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_model_saved_before_answers_as_it_did(name, tracks):
    model = load(DATA / f"{name}.skops")
    answer = getattr(model, "predict_proba", None) or model.decision_function
    np.testing.assert_allclose(answer(tracks), ANSWERS[name], rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*was written under:genrekit.exceptions.GenrekitWarning")
def test_saved_again_it_has_the_new_names(tmp_path):
    save(load(DATA / "embedding.skops"), tmp_path / "again.skops")
    members, _ = _archive.read_archive((tmp_path / "again.skops").read_bytes())
    names = {
        node.type_name for node in _schema.iter_nodes(_schema.parse_schema(members["schema.json"]))
    }
    assert "genrekit.networks._embedding.CNNEmbedding" in names
    assert follow_moves(members) is members


@pytest.mark.filterwarnings("ignore:.*was written under:genrekit.exceptions.GenrekitWarning")
def test_an_embedding_saved_before_has_statistics_of_its_own():
    embedding = load(DATA / "embedding.skops").features_
    assert tuple(embedding.stats) == ("mean", "std")
    names = AudioFeatures([embedding], stats=["max"]).get_feature_names_out().tolist()
    assert names == embedding.get_feature_names_out().tolist()


def test_what_a_network_hears_is_found_where_it_is_now(tmp_path):
    """The file is as it was written when inputs stood among the networks."""
    model = NetworkClassifier(inputs=[("heard", get_card("msd-musicnn").input)])
    save(model, tmp_path / "new.skops")
    members, manifest = _archive.read_archive((tmp_path / "new.skops").read_bytes())
    schema = members[_schema.FILE]
    older = schema.replace(b"genrekit.patches._inputs", b"genrekit.networks._inputs")
    assert older != schema
    members = {**members, _schema.FILE: older}
    (tmp_path / "old.skops").write_bytes(_archive.write_archive(members, manifest))
    assert load(tmp_path / "old.skops").inputs == model.inputs


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_a_moved_class_is_where_the_table_says(old, new):
    module, _, name = new.rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), name), type)
    module, _, name = old.rpartition(".")
    with pytest.raises((ImportError, AttributeError)):
        getattr(importlib.import_module(module), name)
