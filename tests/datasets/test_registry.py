"""What every data set of the table keeps to, on miniatures."""

from __future__ import annotations

import inspect
import re

import pytest

from genrekit import datasets
from genrekit.datasets import DATASETS, DataSet, _download

pytestmark = pytest.mark.filterwarnings("ignore:.*left out")

SAME = "target", "target_names", "groups", "split", "frame", "DESCR"


@pytest.fixture
def miniatures(make_fma, make_gtzan, tmp_path):
    """A small copy of each: the folder of its tracks, and where its table of features is."""

    def fma():
        root = make_fma("fma_metadata", "fma_small")
        return root, root

    def gtzan():
        table = tmp_path / "features_30_sec.csv"
        table.write_text(
            "filename,tempo,label\nblues.00029.wav,1,blues\ndisco.00002.wav,2,disco\n"
            "blues.00012.wav,3,blues\n"
        )
        return make_gtzan("genres/", ".wav"), table

    return {"fma": fma, "gtzan": gtzan}


@pytest.fixture(params=DATASETS)
def name(request):
    """Each data set in turn."""
    return request.param


@pytest.fixture
def row(name) -> DataSet:
    """Its row."""
    return DATASETS[name]


def test_its_functions_are_public_and_called_after_it(name, row):
    assert row.loader is getattr(datasets, f"load_{name}")
    assert row.features_loader is getattr(datasets, f"load_{name}_features")
    assert row.fetcher is getattr(datasets, f"fetch_{name}", None)


def test_its_loaders_take_the_same(row):
    for load in (row.loader, row.features_loader):
        parameters = inspect.signature(load).parameters.values()
        assert {"keep_bad", "as_frame", "return_X_y"} <= {
            p.name for p in parameters if p.kind is p.KEYWORD_ONLY
        }
        assert ("subset" in {p.name for p in parameters}) == bool(row.subsets)


def test_its_loaders_give_the_same(name, row, miniatures):
    root, table = miniatures[name]()
    tracks, features = row.loader(root, as_frame=True), row.features_loader(table, as_frame=True)
    assert set(SAME) | {"paths"} <= set(tracks)
    assert set(SAME) | {"data", "feature_names"} <= set(features)
    assert len(tracks.paths) == len(tracks.target) == len(tracks.groups) == len(tracks.frame)
    assert len(features.data) == len(features.target) == len(features.groups)


def test_its_splits_are_what_its_loaders_give(name, row, miniatures):
    root, table = miniatures[name]()
    for found in (row.loader(root), row.features_loader(table)):
        assert set(found.split) - {None} == set(row.splits)


def test_its_groups_are_what_it_says(name, row, miniatures):
    tracks = row.loader(miniatures[name]()[0])
    assert row.unit in ("track", "artist")
    assert (len(set(tracks.groups)) == len(tracks.paths)) == (row.unit == "track")


def test_each_of_its_subsets_can_be_asked_for(row, tmp_path):
    for subset in row.subsets:
        with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))):
            row.loader(tmp_path, subset)
    if row.subsets:
        with pytest.raises(ValueError, match="unknown subset 'tiny'"):
            row.loader(tmp_path, "tiny")


def test_a_missing_folder_is_named(row, tmp_path):
    for load in (row.loader, row.features_loader):
        with pytest.raises(FileNotFoundError, match=r"nowhere.*: no such f.*expected ") as error:
            load(tmp_path / "nowhere")
        assert str(tmp_path / "nowhere") in str(error.value)


def test_its_licence_and_what_to_cite_are_told(name, row, miniatures):
    assert row.title
    assert row.licence
    assert row.citation
    root, table = miniatures[name]()
    for found in (row.loader(root), row.features_loader(table)):
        assert row.licence in found.DESCR
        assert row.citation in found.DESCR


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.fetcher])
def test_what_it_fetches_is_checked(row, tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "_fetch", lambda url, part, verbose: part.write_bytes(b"else"))
    for subset in row.subsets:
        with pytest.raises(ValueError, match=r"its SHA-1 is .*published is"):
            row.fetcher(subset, tmp_path / subset, verbose=0)
        assert not list((tmp_path / subset).iterdir())
