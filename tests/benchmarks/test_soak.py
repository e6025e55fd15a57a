"""What many tracks take is read off a process, and every row that it wrote is looked at."""

from __future__ import annotations

import os

import numpy as np
import pytest
from benchmarks.large_tables import IN_BATCHES, measure
from benchmarks.soak import check, kill, make_clips, soak

import genrekit

pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc on this system")
def test_a_run_is_measured_and_its_rows_are_right(tmp_path):
    found = soak(tmp_path, 60, 2, small=True)
    assert 20 < found.first <= found.highest < 2000
    assert found.cpu > 0
    assert 3 <= found.fewest <= found.most < 100


def test_wrong_rows_are_noticed(tmp_path):
    clips = make_clips(tmp_path / "clips", 60, small=True)
    assert clips.origins.count(-1) == 1
    with pytest.warns(genrekit.AudioDecodeWarning):
        genrekit.extract(clips.paths, "standard", output=tmp_path / "rows")
    check(tmp_path / "rows", clips)
    others = [*clips.origins[:1], *clips.origins[:-1]]
    with pytest.raises(AssertionError):
        check(tmp_path / "rows", clips._replace(origins=others))


def test_a_run_that_was_killed(tmp_path):
    ((what, before, after),) = kill(tmp_path, 60, 1, False, 5, small=True)
    assert (what, before) == ("client", after)


@pytest.mark.parametrize("name", ["SVC", IN_BATCHES])
def test_learners(name):
    found = measure(name, 500)
    assert found.seconds > 0
    assert np.isclose(found.accuracy, 0.5, atol=0.2)
