"""The way of one file through the house: short, and never back up.

What runs is one `predict` of a fitted classifier. A hop is a call from one of genrekit's files into
another; going on with a generator counts as one, too.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

import genrekit
from genrekit import GenreClassifier, make_tracks
from genrekit.dsp import kernels
from genrekit.spectra import Part

HOME = Path(genrekit.__file__).parent
# From the bottom, those that a prediction goes through; what is not a room serves all of them.
ROOMS = ["formats", "audio", "dsp", "spectra", "engine"]
ROOMS += ["features", "patches", "networks", "models"]
# The rooms above plug into the engine by these: a part's methods, and which parts there are.
PLUGS = {name for name in vars(Part) if name[0] != "_"} | {"_plan"}


@pytest.fixture(scope="module")
def count(tmp_path_factory):
    """How often each hop is made for a song of some seconds: (from, to, function called)."""
    tracks = make_tracks(10, genres=["drone", "pulse"], duration=2.0)
    classifier = GenreClassifier(random_state=0)
    classifier.fit([(y, tracks.sr) for y in tracks.waveforms], tracks.target)

    def count(seconds):
        song = tmp_path_factory.mktemp("song") / "song.wav"
        y = np.resize(tracks.waveforms[0], int(seconds * tracks.sr))
        soundfile.write(song, y, tracks.sr)
        classifier.predict([song])  # what is made once a process is not on the way of a song
        return _hops(lambda: classifier.predict([song]))

    return count


def _hops(work):
    found = Counter()

    def note(frame, event, _):
        if event == "call" and frame.f_back is not None:
            ends = frame.f_back.f_code.co_filename, frame.f_code.co_filename
            if ends[0] != ends[1] and all(HOME in Path(end).parents for end in ends):
                start, end = (Path(end).relative_to(HOME).as_posix() for end in ends)
                found[start, end, frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


@pytest.fixture(scope="module")
def hops(count):
    return count(2.0)


@pytest.mark.skipif(kernels.FLAVOUR == "numpy", reason="some of its kernels are several functions")
@pytest.mark.filterwarnings("ignore:.*times as long as the median")
def test_a_prediction_is_a_short_way(hops, count):
    assert 100 < hops.total() <= 245, hops.most_common(20)
    # Four blocks more of samples, and two more of frames.
    more = count(10.0) - hops
    assert 20 < more.total() <= 60, more.most_common(20)


def test_no_room_calls_back_up(hops):
    height = {room: place for place, room in enumerate(ROOMS)}
    upward = {
        (start, end, name)
        for start, end, name in hops
        if height.get(end.split("/")[0], -1) > height.get(start.split("/")[0], len(ROOMS))
    }
    assert {name for _, _, name in upward} >= {"describe", "row"}
    assert all(start.startswith("engine/") and name in PLUGS for start, _, name in upward), upward
