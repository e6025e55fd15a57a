"""The loop."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from genrekit.exceptions import GenrekitWarning
from genrekit.shards import FrameStore

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

from genrekit.training import (  # noqa: E402
    Segments,
    TrainSettings,
    build_network,
    train_network,
)

from ._material import make_module, make_segments, weights  # noqa: E402

FAST = {"max_epochs": 3, "batch_size": 8, "lr": 0.02}


def _train(module=None, segments=None, checkpoint=None, verbose=0, aggregate=None, **settings):
    return train_network(
        make_module() if module is None else module,
        make_segments() if segments is None else segments,
        TrainSettings(**{**FAST, **settings}),
        device="cpu",
        checkpoint=checkpoint,
        verbose=verbose,
        aggregate=aggregate,
    )


def test_it_learns_and_keeps_the_epoch_with_the_lowest_loss():
    trained = _train(max_epochs=12, patience=None)
    losses = [row["valid_loss"] for row in trained.history]
    assert len(losses) == 12
    assert trained.best_epoch == 1 + int(np.argmin(losses))
    assert trained.history[-1]["train_loss"] < 0.8 * trained.history[0]["train_loss"]
    assert trained.history[-1]["valid_accuracy_tracks"] == 1
    assert not trained.module.training
    assert "lowest loss" in trained.outcome
    assert list(trained.history[0]) == [
        "epoch", "train_loss", "valid_loss", "valid_accuracy", "valid_accuracy_tracks", "lr",
        "seconds",
    ]  # fmt: skip


def test_the_best_weights_give_the_validation_loss_of_the_best_epoch():
    segments = make_segments()
    trained = _train(segments=segments, max_epochs=6, schedule=None, lr=0.3)
    with torch.no_grad():
        logits = trained.module(torch.from_numpy(segments.gather(segments.valid)[0]))
    targets = torch.from_numpy(segments.targets[segments.valid.tracks])
    loss = torch.nn.functional.cross_entropy(logits, targets)
    row = trained.history[trained.best_epoch - 1]
    assert row["valid_loss"] == pytest.approx(float(loss), rel=1e-5)
    right = (logits.argmax(1) == targets).float().mean()
    assert row["valid_accuracy"] == pytest.approx(float(right))


def test_without_validation_the_last_epoch_is_kept_and_said_so():
    trained = _train(segments=make_segments(n_valid=0))
    assert trained.best_epoch == len(trained.history) == 3
    assert trained.history[0]["valid_loss"] is None
    assert trained.history[0]["valid_accuracy_tracks"] is None
    assert "no tracks to validate on" in trained.outcome


def test_accuracy_decides_by_track_and_equal_ones_by_their_loss():
    trained = _train(max_epochs=10, patience=None, monitor="accuracy")
    rows = trained.history
    most = max(row["valid_accuracy_tracks"] for row in rows)
    equal = [row for row in rows if row["valid_accuracy_tracks"] == most]
    assert len(equal) > 1
    assert trained.best_epoch == min(equal, key=lambda row: row["valid_loss"])["epoch"]


def test_it_stops_when_there_is_no_gain_for_a_while():
    trained = _train(max_epochs=50, patience=2, lr=1.0, schedule=None)
    assert len(trained.history) == trained.best_epoch + 2 < 50


def test_the_answer_to_a_track_is_made_by_the_function_given():
    segments = make_segments()
    seen = []

    def aggregate(answers):
        seen.append(answers)
        return np.eye(3)[0]

    trained = _train(segments=segments, max_epochs=1, aggregate=aggregate)
    assert [answers.shape for answers in seen] == [(3, 3)] * 3
    np.testing.assert_allclose(np.sum(seen, axis=2), 1, rtol=1e-6)
    assert trained.history[0]["valid_accuracy_tracks"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("schedule", ["onecycle", "cosine", None])
def test_same_seed_same_weights_and_the_users_draws_and_threads_are_left_alone(schedule):
    how = {"schedule": schedule, "mixup": 0.3, "gain": 0.1, "freq_mask": 2, "time_mask": 4}
    torch.manual_seed(7)
    threads = torch.get_num_threads()
    first = _train(**how)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))
    assert torch.get_num_threads() == threads
    np.testing.assert_array_equal(weights(first.module), weights(_train(**how).module))
    assert np.any(weights(first.module) != weights(_train(seed=1, **how).module))


def test_threads_that_train_side_by_side_do_not_disturb_each_other():
    alone = [weights(_train(seed=seed).module) for seed in range(4)]
    modules = [make_module() for _ in range(4)]  # here: making one draws from torch, too
    with ThreadPoolExecutor(4) as pool:
        trained = list(pool.map(lambda seed: _train(modules[seed], seed=seed), range(4)))
    np.testing.assert_array_equal([weights(each.module) for each in trained], alone)


@pytest.mark.parametrize(("max_epochs", "n"), [(1, 3), (1, 6), (2, 6), (3, 6), (4, 6), (5, 6)])
def test_the_learning_rate_goes_up_and_down_however_few_the_steps_are(max_epochs, n):
    segments = make_segments(n=n, n_valid=0)
    trained = _train(segments=segments, batch_size=32, max_epochs=max_epochs, patience=None)
    assert len(trained.history) == max_epochs
    assert np.any(weights(trained.module) != weights(make_module()))
    assert max(row["lr"] for row in trained.history) <= FAST["lr"]


@pytest.mark.parametrize(("n", "batch_size"), [(3, 8), (5, 14), (5, 7), (4, 1)])
def test_a_single_segment_left_does_not_break_batch_normalisation(n, batch_size):
    segments = make_segments(n=n, n_valid=0)
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.BatchNorm1d(160), torch.nn.Linear(160, 3)
    )
    trained = _train(module, segments, max_epochs=1, batch_size=batch_size)
    assert np.isfinite(trained.history[0]["train_loss"])


class _Broken(torch.nn.Module):
    """Gives no numbers, or stops, from a forward pass on."""

    def __init__(self, last, error=None):
        super().__init__()
        self.net, self.left, self.error = make_module(), last, error

    def forward(self, x):
        self.left -= 1
        if self.left < 0 and self.error:
            raise self.error
        return self.net(x) * (np.nan if self.left < 0 else 1)


def test_a_loss_that_is_no_number_keeps_what_was_good():
    # Four batches to learn from and two to validate on in an epoch.
    with pytest.warns(GenrekitWarning, match="any more in epoch 3.*lr.*epoch 2") as seen:
        trained = _train(_Broken(13), max_epochs=9)
    assert len(seen) == 1
    assert (len(trained.history), trained.best_epoch) == (2, 2)
    assert np.isfinite(weights(trained.module)).all()
    with pytest.raises(ValueError, match="epoch 1: a lower lr may help"):
        _train(_Broken(2), max_epochs=9)


# The last of three batches an epoch and one to validate on; of four and none.
@pytest.mark.parametrize(("n_valid", "last"), [(3, 7), (0, 8)])
def test_weights_that_are_no_numbers_are_not_kept_though_their_loss_was_one(n_valid, last):
    class Last(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = make_module()
            self.scale = torch.nn.Parameter(torch.ones(1))
            self.left = last

        def forward(self, x):
            self.left -= 1
            if self.left == 0:  # the last batch that the second epoch learns from
                self.scale.register_hook(lambda gradient: gradient * np.nan)
            return self.net(x) * self.scale

    with pytest.warns(GenrekitWarning, match="epoch 2.*The weights of epoch 1 are kept"):
        trained = _train(Last(), make_segments(n_valid=n_valid), max_epochs=9, batch_size=9)
    assert np.isfinite(weights(trained.module)).all()


def test_ctrl_c_keeps_the_weights_so_far():
    with pytest.warns(GenrekitWarning, match="Ctrl-C in epoch 3.*epoch 2 are kept") as seen:
        trained = _train(_Broken(14, KeyboardInterrupt()), max_epochs=9)
    assert len(trained.history) == 2
    assert not trained.module.training
    assert len(seen) == 1
    with pytest.raises(KeyboardInterrupt):
        _train(_Broken(3, KeyboardInterrupt()), max_epochs=9)


def test_genres_in_one_part_only_are_named():
    with pytest.warns(GenrekitWarning, match="no track to validate on for metal, jazz:"):
        train_network(
            make_module(),
            make_segments(n=10, n_valid=1),
            TrainSettings(max_epochs=1),
            labels=["blues", "metal", "jazz"],
        )
    with pytest.warns(GenrekitWarning, match="no track to learn from for pop:"):
        train_network(
            make_module(n_classes=4),
            make_segments(n=3, n_valid=0, n_classes=4),
            TrainSettings(max_epochs=1),
            labels=["blues", "metal", "jazz", "pop"],
        )


def test_a_line_an_epoch_says_how_it_goes(capfd):
    _train(max_epochs=2, verbose=1)
    _train(segments=make_segments(n_valid=0), max_epochs=1, verbose=1)
    out, err = capfd.readouterr()
    first, second, without = err.splitlines()
    assert out == ""
    assert first.startswith("epoch 1/2  loss ")
    assert "validation loss" in second
    assert "by track" in second
    assert first.endswith("s left")
    assert "validation" not in without
    assert _train(max_epochs=1).history
    assert capfd.readouterr().err == ""


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_one_line_is_written_again_and_again(monkeypatch, capfd):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    _train(max_epochs=3, verbose=1)
    text = terminal.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    last = text.rpartition("\r")[2]
    assert last.startswith("100%|")
    assert "epoch 3/3, loss " in last
    assert ", right " in last
    _train(max_epochs=1)
    assert terminal.getvalue() == text
    with pytest.raises(ValueError, match="not a number"):
        _train(max_epochs=1, lr=1e30, verbose=1)
    assert terminal.getvalue().endswith("\n")
    assert capfd.readouterr() == ("", "")


def test_without_a_word_the_lines_go_to_a_logger(caplog, capfd):
    with caplog.at_level("INFO", "genrekit.training"):
        _train(max_epochs=2)
    assert [record.message[:10] for record in caplog.records] == ["epoch 1/2 ", "epoch 2/2 "]
    assert capfd.readouterr() == ("", "")


def test_what_is_frozen_stays_and_the_rest_learns_at_its_own_rate():
    before = make_module().state_dict()
    after = _train(freeze="features", lr=0.1).module.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"6.weight", "6.bias"}
    slow = _train(backbone_lr=1e-6, weight_decay=0.0, lr=0.1).module.state_dict()
    assert 0 < (slow["0.weight"] - before["0.weight"]).abs().max() < 1e-4
    assert (slow["6.weight"] - before["6.weight"]).abs().max() > 1e-2


def test_time_left_is_said_as_people_say_it():
    from genrekit.training._callbacks import _duration

    said = [_duration(seconds) for seconds in (0.4, 59.6, 61, 599, 600, 3599, 3661, 90000)]
    assert said == [
        "0 s", "1 min 0 s", "1 min 1 s", "9 min 59 s", "10 min", "1 h 0 min", "1 h 1 min",
        "25 h 0 min",
    ]  # fmt: skip


@pytest.mark.parametrize("network", ["raw", "parallel"])
def test_samples_and_several_inputs_go_to_the_network_as_it_takes_them(network):
    rng = np.random.default_rng(0)
    names = {"raw": ["y"], "parallel": ["mel", "y", "mfcc"]}[network]
    shapes = {"y": (4000,), "mel": (16, 80), "mfcc": (4, 40)}
    patches = {"y": 2000, "mel": 40, "mfcc": 20}
    store = FrameStore(names)
    for _ in range(6):
        store.add({name: rng.standard_normal(shapes[name]) for name in names})
    starts = [np.array([[patches[name] * part for name in names] for part in (0, 1)])] * 6
    segments = Segments(
        store,
        starts,
        np.arange(6) % 2,
        patches={name: patches[name] for name in names},
        n_classes=2,
        valid=np.arange(6) > 3,
    )
    module = build_network(network, segments.shapes, 2, seed=0)
    how = {"gain": 0.2, "freq_mask": 2, "time_mask": 5, "mixup": 0.2, "max_epochs": 1}
    trained = _train(module, segments, **how)
    assert np.isfinite(weights(trained.module)).all()
    assert np.isfinite(trained.history[0]["valid_loss"])
