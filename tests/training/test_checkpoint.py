"""A training that is cut off goes on."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from genrekit.training import TrainSettings, train_network

from ._material import make_module, make_segments, weights

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

HOW = {"max_epochs": 5, "batch_size": 8, "lr": 0.02, "mixup": 0.2, "patience": None}


def _train(folder, module=None, segments=None, **settings):
    return train_network(
        make_module() if module is None else module,
        make_segments() if segments is None else segments,
        TrainSettings(**{**HOW, **settings}),
        device="cpu",
        checkpoint=folder,
    )


def _told(trained):
    """Its history without what no two trainings share."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in trained.history]


class _Killed(Exception):
    pass


# An epoch has four batches to learn from and two to validate on, or five and none.
@pytest.mark.parametrize(
    ("batches", "schedule", "n_valid"),
    [
        (1, "onecycle", 3),
        (5, "onecycle", 3),
        (7, "cosine", 3),
        (16, None, 3),
        (17, "onecycle", 3),
        (5, "cosine", 0),
        (13, "onecycle", 0),
        (17, None, 0),
    ],
)
def test_killed_and_run_again_it_ends_bit_equal(tmp_path, monkeypatch, batches, schedule, n_valid):
    how = {"schedule": schedule}
    whole = _train(None, segments=make_segments(n_valid=n_valid), **how)
    module, left = make_module(), iter(range(batches))

    def kill(*args):
        if next(left, None) is None:
            raise _Killed

    hook = module.register_forward_pre_hook(kill)
    with pytest.raises(_Killed):
        _train(tmp_path, module, make_segments(n_valid=n_valid), **how)
    hook.remove()
    again = _train(tmp_path, segments=make_segments(n_valid=n_valid), **how)
    assert _told(again) == _told(whole)
    assert again.best_epoch == whole.best_epoch
    np.testing.assert_array_equal(weights(again.module), weights(whole.module))
    assert os.listdir(tmp_path) == ["checkpoint.pt"]


def test_patience_goes_on_where_it_was(tmp_path):
    how = {"max_epochs": 40, "patience": 2, "lr": 1.0, "schedule": None}
    whole = _train(None, **how)
    module = make_module()
    calls = []

    def kill(*args):
        calls.append(1)
        if len(calls) > 6 * (len(whole.history) - 1) + 2:
            raise _Killed

    module.register_forward_pre_hook(kill)
    with pytest.raises(_Killed):
        _train(tmp_path, module, **how)
    assert _told(_train(tmp_path, **how)) == _told(whole)


def test_a_finished_one_is_there_at_once(tmp_path):
    first = _train(tmp_path / "new" / "folder")
    module = make_module()

    def never(*args):
        raise AssertionError("it was trained again")

    hook = module.register_forward_pre_hook(never)
    again = _train(tmp_path / "new" / "folder", module)
    hook.remove()
    assert again.history == first.history
    assert again.best_epoch == first.best_epoch
    assert not again.module.training
    np.testing.assert_array_equal(weights(again.module), weights(first.module))


@pytest.mark.filterwarnings("ignore:no track to validate on")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"module": make_module}, "weights"),
        ({"lr": 0.5, "gain": 0.1}, "it has lr=0.02 where this one has 0.5, gain=0.0 where"),
        ({"segments": lambda: make_segments(seed=1)}, "its tracks, their genres or weights"),
        ({"segments": lambda: make_segments(n_valid=2)}, "which of them validate"),
        ({"module": lambda: make_module(width=5)}, r"its network has 0.weight=\[4, 8, 3\] where"),
    ],
)
def test_one_of_another_training_is_refused_with_what_differs(tmp_path, change, message):
    _train(tmp_path, max_epochs=1)
    made = {key: value() if callable(value) else value for key, value in change.items()}
    if message == "weights":
        with torch.no_grad():
            made["module"][0].bias += 1
        message = "began with other weights"
    with pytest.raises(ValueError, match=message) as raised:
        _train(tmp_path, **{"max_epochs": 1, **made})
    assert str(tmp_path) in str(raised.value)
    assert "delete this one" in str(raised.value)


def test_a_layer_without_weights_is_architecture_too(tmp_path):
    _train(tmp_path, max_epochs=1)
    module = make_module()
    module[5].p = 0.5
    with pytest.raises(ValueError, match="its network has other layers"):
        _train(tmp_path, module, max_epochs=1)


def test_numbers_of_numpy_in_settings_are_as_good_as_pythons(tmp_path):
    first = _train(tmp_path, max_epochs=np.int64(1), lr=np.float64(0.02))
    assert _train(tmp_path, max_epochs=1).history == first.history


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_a_damaged_one_is_named(tmp_path, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(ValueError, match="checkpoint.pt: not a checkpoint that can be read"):
        _train(tmp_path)


def test_one_of_another_version_is_named(tmp_path, monkeypatch):
    _train(tmp_path, max_epochs=1)
    monkeypatch.setattr("genrekit.training._checkpoint._VERSION", 0)
    with pytest.raises(ValueError, match="checkpoint.pt: from another version of genrekit"):
        _train(tmp_path, max_epochs=1)


def test_one_that_would_run_code_runs_none(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    _train(tmp_path, max_epochs=1)
    path = tmp_path / "checkpoint.pt"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    filled = io.BytesIO()
    with zipfile.ZipFile(filled, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, pickle.dumps(Evil(), 2) if name.endswith("data.pkl") else data)
    path.write_bytes(filled.getvalue())
    with pytest.raises(ValueError, match="not a checkpoint that can be read"):
        _train(tmp_path, max_epochs=1)
    assert not (tmp_path / "ran").exists()


def test_a_place_that_can_not_be_written_is_told_before_anything_is_learned(tmp_path):
    (tmp_path / "file").write_text("")
    module = make_module()
    before = weights(module)
    with pytest.raises(OSError, match="file.*the checkpoint can't be written"):
        _train(tmp_path / "file" / "folder", module)
    np.testing.assert_array_equal(weights(module), before)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path):
    resource = pytest.importorskip("resource")
    _train(tmp_path / "size", max_epochs=1)
    size = (tmp_path / "size" / "checkpoint.pt").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    whole = _train(None)
    module, calls = make_module(), []

    def fill(*args):
        calls.append(1)
        if len(calls) == 8:  # in the second epoch
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))

    module.register_forward_pre_hook(fill)
    try:
        with pytest.raises(OSError, match="the checkpoint can't be written"):
            _train(tmp_path / "here", module)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path / "here") == ["checkpoint.pt"]
    np.testing.assert_array_equal(weights(_train(tmp_path / "here").module), weights(whole.module))
