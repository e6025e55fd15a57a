"""The synthetic tracks."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from genrekit.datasets import SYNTHETIC_GENRES, load_folder, make_tracks


def test_shapes_and_labels():
    tracks = make_tracks(2, duration=0.5, sr=8000)
    assert len(tracks.waveforms) == 2 * len(SYNTHETIC_GENRES)
    assert tracks.target.tolist() == sorted(tracks.target)
    assert tracks.target_names == sorted(SYNTHETIC_GENRES)
    assert tracks.groups.tolist() == list(range(10))
    assert tracks.sr == 8000
    for y in tracks.waveforms:
        assert y.shape == (4000,)
        assert y.dtype == np.float32
        assert np.isfinite(y).all()
        assert 0.05 < np.abs(y).max() <= 1


def test_they_are_called_synthetic():
    assert "SYNTHETIC" in make_tracks(1, duration=0.1).DESCR
    assert "not recorded" in make_tracks.__doc__


def test_a_seed_gives_the_same_tracks_and_another_one_others():
    first, again, other = (
        make_tracks(1, duration=0.2, random_state=s).waveforms for s in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_without_a_seed_every_call_differs():
    first, second = (
        make_tracks(1, duration=0.1, genres=["drone"], random_state=None) for _ in range(2)
    )
    assert not np.array_equal(first.waveforms[0], second.waveforms[0])


def test_a_track_does_not_depend_on_how_many_others_there_are():
    few = make_tracks(1, duration=0.2, genres=["pulse"])
    many = make_tracks(3, duration=0.2)
    index = many.target.tolist().index("pulse")
    np.testing.assert_array_equal(few.waveforms[0], many.waveforms[index])


def test_tracks_of_a_genre_vary():
    y = np.array(make_tracks(5, duration=0.3, genres=["drone"]).waveforms)
    assert np.abs(np.corrcoef(y) - np.eye(5)).max() < 0.9
    levels = np.abs(y).max(axis=1)
    assert levels.max() / levels.min() > 1.2


@pytest.mark.parametrize("genre", SYNTHETIC_GENRES)
@pytest.mark.parametrize(("sr", "duration"), [(100, 0.005), (100, 1.0), (8000, 0.02), (96000, 0.2)])
def test_odd_rates_and_lengths(genre, sr, duration):
    (y,) = make_tracks(1, genres=[genre], sr=sr, duration=duration).waveforms
    assert y.shape == (max(1, round(duration * sr)),)
    assert np.isfinite(y).all()


def test_files_hold_the_waveforms_in_the_layout_of_load_folder(tmp_path):
    written = make_tracks(2, root=tmp_path, duration=0.2)
    kept = make_tracks(2, duration=0.2)
    assert "waveforms" not in written
    found = load_folder(tmp_path)
    assert found.paths == written.paths
    assert found.target.tolist() == written.target.tolist()
    assert written.paths[0] == str(tmp_path / "arpeggio" / "arpeggio.00000.wav")
    for path, y in zip(written.paths, kept.waveforms, strict=True):
        with wave.open(path) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        np.testing.assert_allclose(samples / 32767, y, atol=0.6 / 32767)


def test_writing_again_leaves_equal_files_alone(tmp_path):
    paths = make_tracks(1, root=tmp_path, duration=0.1).paths
    with open(paths[0], "ab") as file:
        file.write(b"junk")
    times = [(tmp_path / path).stat().st_mtime_ns for path in paths]
    make_tracks(1, root=tmp_path, duration=0.1)
    again = [(tmp_path / path).stat().st_mtime_ns for path in paths]
    assert again[1:] == times[1:]
    assert not (tmp_path / paths[0]).read_bytes().endswith(b"junk")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_per_genre": 0}, "n_per_genre"),
        ({"sr": 0}, "sr"),
        ({"duration": 0.0}, "duration"),
        ({"duration": float("inf")}, "duration"),
        ({"genres": ["drome"]}, "did you mean 'drone'"),
        ({"genres": []}, "genres is empty"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_tracks(**{"n_per_genre": 1, "duration": 0.1, **arguments})


def test_genres_as_one_string():
    with pytest.raises(TypeError, match="wrap it in a list"):
        make_tracks(1, genres="drone")
