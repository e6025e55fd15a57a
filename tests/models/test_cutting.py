"""How tracks are cut: what is beside `tests/models/test_segments.py`."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.exceptions import GenrekitWarning
from genrekit.models._cutting import Cutter


@pytest.fixture
def starts():
    """Cut silences of some lengths and give the number of segments of each."""

    def cut(*lengths, **options):
        defaults = {"segment_hop": None, "pad": 0.1, "offset": 0.0, "duration": None}
        cutter = Cutter(**{"sr": 1000, "decoder": None, **defaults, **options})
        found, described = cutter.starts([np.zeros(length) for length in lengths], None)
        assert not described.errors
        return [len(some) for some in found]

    return cut


def test_thousands_of_segments_warn(starts):
    reason = (
        r"<waveform, item 1> is cut into 10,001 segments, .*check segment_duration=0\.001 \(sec"
    )
    with pytest.warns(GenrekitWarning, match=reason) as seen:
        assert starts(500, 10_001, segment_duration=0.001) == [500, 10_001]
    assert len(seen) == 1


def test_the_hop_is_named_as_well(starts):
    with pytest.warns(GenrekitWarning, match=r"segment_duration=1\.0 and segment_hop=0\.001 \(sec"):
        starts(20_000, segment_duration=1.0, segment_hop=0.001)


def test_as_many_as_are_sensible_do_not_warn(starts, recwarn):
    assert starts(10_000, 1, segment_duration=0.001) == [10_000, 1]
    assert not recwarn
