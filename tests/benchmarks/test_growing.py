"""What is measured of a table that grows is measured on it."""

from __future__ import annotations

import os

import pytest
from benchmarks.growing import cost, make_links, memory

pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")


def test_the_cost_is_that_of_the_same_rows(tmp_path):
    folder, held = cost(tmp_path, 3, 0.1, 1)
    assert min(folder, held) > 0
    assert (tmp_path / "rows0" / "rows-000000.parquet").exists()


def test_links_are_one_file(tmp_path):
    paths = make_links(tmp_path / "links", 5, 0.1)
    assert len(set(paths)) == 5
    assert {os.stat(path).st_nlink for path in paths} == {5}


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc on this system")
def test_memory_is_read_off_the_process(tmp_path):
    first, highest = memory(tmp_path, 5, 0.1)
    assert 20 < first <= highest < 2000
