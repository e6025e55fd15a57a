"""The door to torch."""

import pytest

from genrekit.training import choose_device, need_torch


def test_what_is_missing_is_named_with_the_extra(monkeypatch):
    monkeypatch.setattr(
        "genrekit.training._torch.find_spec", lambda name: None if name == "skorch" else object()
    )
    with pytest.raises(ImportError, match=r"needs skorch: pip install 'genrekit\[train\]'"):
        need_torch()


def test_what_needs_torch_says_so_when_it_is_missing(monkeypatch):
    import genrekit.training

    monkeypatch.delitem(vars(genrekit.training), "build_network", raising=False)
    monkeypatch.setattr("genrekit.training._torch.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs torch, .*: pip install 'genrekit\[train\]'"):
        from genrekit.training import build_network  # noqa: F401


def test_a_device_that_is_not_there_is_refused():
    torch = pytest.importorskip("torch")
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device().type in ("cpu", "cuda", "mps")
    with pytest.raises(ValueError, match="unknown device"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device='cuda': torch finds none here"):
            choose_device("cuda")
