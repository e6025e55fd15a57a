"""The scripts that read tracks, on a miniature of FMA in its published layout."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.datasets import GTZAN_GENRES, load_gtzan, make_tracks

from ..datasets.conftest import fma_metadata

SCRIPTS = ["fma", "grid_search", "rock_hiphop"]
GENRES = {"Rock": 12, "Hip-Hop": 21, "Instrumental": 18}
STYLES = dict(zip(GENRES, ("drone", "noise-beat", "pluck"), strict=True))
PARTS = ["training"] * 4 + ["validation"] * 2 + ["test"] * 2
PER_GENRE = len(PARTS)
# Ids tell genres apart, and with them the features of the table; every track has its own artist.
TRACKS = [
    (number, "small" if i < 6 else "medium", part, number, genre, [id_])
    for genre, id_ in GENRES.items()
    for i, part in enumerate(PARTS)
    for number in [1000 * id_ + i]
]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder of a data set of 24 tracks, of which 18 belong to the small subset."""
    root = tmp_path_factory.mktemp("fma")
    genres = [(id_, title, 0) for title, id_ in GENRES.items()]
    extra = [(100 + i, name, 0) for i, name in enumerate(_twelve()) if name not in GENRES]
    for name, content in fma_metadata(TRACKS, genres + extra).items():
        _path(root, name).write_bytes(content)
    sounds = make_tracks(PER_GENRE, genres=STYLES.values(), duration=1.0)
    by_style = {
        name: iter(np.array(sounds.waveforms)[sounds.target == name]) for name in STYLES.values()
    }
    for number, *_, genre, _ids in TRACKS:
        path = _path(root, f"fma_medium/{number // 1000:03d}/{number:06d}.mp3")
        soundfile.write(path, next(by_style[STYLES[genre]]), sounds.sr)
    return root


def _twelve():
    from genrekit.datasets import FMA_12_GENRES

    return FMA_12_GENRES


def _path(root, name):
    """Make the folder of a file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def root(published, tmp_path):
    """A copy of the data set that may be changed."""
    return Path(shutil.copytree(published, tmp_path / "fma"))


@pytest.fixture
def quick_grids(reproduce, monkeypatch):
    """The grid search with one small grid."""
    module = reproduce("grid_search")
    make, _ = module.GRIDS["KNN"]
    monkeypatch.setattr(module, "GRIDS", {"KNN": (make, {"clf__n_neighbors": [1, 3]})})
    return module


def _spoil(path):
    """Put something else in a file of the same size and time."""
    stat = path.stat()
    path.write_bytes(path.name.encode().ljust(stat.st_size, b"."))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def accuracies(out):
    """The first number in each row of a printed table."""
    rows = [
        line.rsplit("(", 1)[0].split()
        for line in out.splitlines()
        if " to " in line and "(" in line
    ]
    return {" ".join(row[:-1]): float(row[-1]) for row in rows if row[-1][:1] in "01"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_the_data_a_sentence_and_a_clean_end(reproduce, name, tmp_path, capsys):
    options = ["--root", str(tmp_path), *(["--data", "fma"] if name != "fma" else [])]
    assert reproduce(name).script(options) == 0
    out = capsys.readouterr().out
    assert "not run: fma_metadata not in" in out
    assert "fetch_fma" in out


def test_metadata_without_clips_run_on_the_table_only(reproduce, root, capsys):
    shutil.rmtree(root / "fma_medium")
    module = reproduce("fma")
    assert module.script(["--root", str(root)]) == 0
    assert "not run:" in (out := capsys.readouterr().out)
    assert "fetch_fma('small'" in out
    assert module.script(["--root", str(root), "--subset", "medium", "--table"]) == 0
    out = capsys.readouterr().out
    assert "12 train, 6 valid, 6 test tracks" in out
    assert "features: the published table, 518 columns" in out
    for name, number in module.PUBLISHED["medium", None].items():
        (line,) = (line for line in out.splitlines() if line.startswith(f"{name}  "))
        assert f"{number:.3f}  published of the table of 518 features" in line
    assert accuracies(out)["KNN"] == 1.0


def test_features_of_the_clips_and_the_twelve_genres(reproduce, root, capsys):
    module = reproduce("fma")
    options = ["--root", str(root), "--subset", "medium", "--genres", "12", "--n-jobs", "2"]
    assert module.script(options) == 0
    out = capsys.readouterr().out
    assert "FMA-medium, 3 genres: 12 train, 6 valid, 6 test tracks" in out
    assert "ours, of the clips" in out
    assert "95 % Wilson interval" in out
    found = accuracies(out)
    assert set(found) == {"RF", "SVM", "KNN", "most frequent genre"}
    assert found["SVM"] > found["most frequent genre"] == pytest.approx(1 / 3, abs=0.001)
    for number in ("0.640", "0.610", "0.580", "0.300"):
        assert number in out


def test_small_is_a_part_of_medium(reproduce, root):
    # The last two of each genre, its tests, are not in the small subset of the miniature.
    fma = reproduce("fma")
    args = fma._parser.parse_args(["--root", str(root), "--subset", "small"])
    assert fma.sizes(fma.read_fma(args, None, table=True)) == "12 train, 6 valid tracks"


def test_a_damaged_clip_stays_in_the_test(reproduce, root):
    module = reproduce("fma")
    bad = root / "fma_medium/012/012007.mp3"
    bad.write_bytes(b"no audio" * 100)
    args = module._parser.parse_args(["--root", str(root), "--subset", "medium"])
    with pytest.warns(UserWarning, match="1 of 24 tracks could not be decoded"):
        tracks = module.read_fma(args, None)
    assert module.sizes(tracks).endswith("6 test tracks, 1 not decoded")
    models = module.ours(random_state=0)
    report = module.measure(tracks, {"SVM": models["SVM"]}).reports["SVM"]
    assert len(report.y_true) == 6


def test_the_test_part_teaches_nothing(reproduce, root):
    from sklearn.dummy import DummyClassifier

    module = reproduce("fma")
    args = module._parser.parse_args(["--root", str(root), "--subset", "medium"])
    tracks = module.read_fma(args, None, table=True)
    seen = []

    class Recorder(DummyClassifier):
        def fit(self, X, y):
            seen.extend(X.index)
            return super().fit(X, y)

    report = module.measure(tracks, {"recorder": Recorder()}).reports["recorder"]
    split = dict(zip(tracks.track_ids.tolist(), tracks.split, strict=True))
    assert {split[number] for number in seen} == {"train"}
    assert report.tracks == [f"row {n}" for n, part in split.items() if part == "test"]


def test_families_of_the_published_recipes(reproduce, root):
    module = reproduce("fma")
    args = module._parser.parse_args(["--root", str(root), "--subset", "medium"])
    data = module.read_fma(args, None, table=True).data
    sizes = {"mfcc": 140, "spectral_contrast": 49, "spectral_centroid": 7}
    for name, expected in {
        "SVC(C=1), mfcc": {"mfcc": sizes["mfcc"]},
        "SVC(C=1), mfcc + contrast + centroid": sizes,
    }.items():
        chosen = module.theirs(4)[name][0].fit(data).get_feature_names_out()
        families = Counter(column.split("__")[1].rsplit("_", 2)[0] for column in chosen)
        assert families == expected


def test_every_recipe_is_published_for_something(reproduce):
    module = reproduce("fma")
    named = {name for numbers in module.PUBLISHED.values() for name in numbers}
    assert named == {*module.theirs(1), *module.ours(), "most frequent genre"}


def test_a_search_decodes_each_track_once_on_any_backend(quick_grids, root, monkeypatch, capsys):
    from genrekit.audio import _stream

    opened = Counter()
    real = _stream.open_audio

    def counting(source, **options):
        opened[str(source)] += 1
        return real(source, **options)

    monkeypatch.setattr(_stream, "open_audio", counting)
    options = ["--root", str(root), "--data", "fma", "--subset", "medium", "--n-jobs", "2"]
    memory = ["--memory", str(root / "cache")]
    assert quick_grids.script([*options, *memory, "--backend", "threading"]) == 0
    first = capsys.readouterr().out
    assert len(opened) == 24
    assert set(opened.values()) == {1}
    assert "24 tracks, 3 genres, 6 tested" in first
    assert "KNN, tuned" in first
    assert "0.518  published, not tuned" in first
    assert "clf__n_neighbors = " in first
    # Other processes are not counted; but now there is nothing left that could be decoded.
    for path in root.glob("fma_medium/*/*.mp3"):
        _spoil(path)
    assert quick_grids.script([*options, *memory, "--backend", "loky"]) == 0
    assert accuracies(capsys.readouterr().out) == accuracies(first)


def test_a_search_on_fma_chooses_on_the_official_validation_part(quick_grids, root):
    options = ["--root", str(root), "--data", "fma", "--subset", "medium"]
    task = quick_grids.of_fma(quick_grids._parser.parse_args(options))
    ((known, test),) = task.outer
    ((train, valid),) = task.inner.split()
    official = {f"{number:06d}": part for number, _, part, *_ in TRACKS}
    parts = np.array([official[Path(path).stem] for path in task.paths])
    assert set(parts[test]) == {"test"}
    assert set(parts[known][train]) == {"training"}
    assert set(parts[known][valid]) == {"validation"}


def test_a_search_without_dask(quick_grids, root, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    options = ["--root", str(root), "--data", "fma", "--subset", "medium", "--backend", "dask"]
    assert quick_grids.script(options) == 0
    assert "pip install distributed" in capsys.readouterr().out


def test_a_search_on_a_folder_takes_copies_once(quick_grids, tmp_path, capsys):
    make_tracks(8, root=tmp_path, genres=["drone", "pluck"], duration=0.3)
    shutil.copy(tmp_path / "drone/drone.00000.wav", tmp_path / "pluck/copy.wav")
    options = ["--root", str(tmp_path), "--data", "folder", "--backend", "threading"]
    assert quick_grids.script(options) == 0
    out = capsys.readouterr().out
    assert "16 tracks, 2 genres, 16 tested" in out
    assert "0.600  published of 5 other genres" in out
    assert "(5 of 5)" in out or out.count(" of 5)") > 1


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_search_on_gtzan_leaves_its_test_alone(quick_grids, tmp_path):
    for genre in GTZAN_GENRES:
        for i in range(60):
            _path(tmp_path, f"gtzan_clips/{genre}/{genre}.{i:05d}.flac").write_text(f"{genre} {i}")
    clips = load_gtzan(tmp_path / "gtzan_clips")
    assert "test" in clips.split
    task = quick_grids.of_gtzan(quick_grids._parser.parse_args(["--root", str(tmp_path)]))
    allowed = np.array(clips.paths)[np.isin(clips.split, ("train", "valid"))]
    assert task.paths == allowed.tolist()


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_rock_and_hip_hop_on_fma(reproduce, root, tmp_path, capsys, ending, begins):
    pytest.importorskip("matplotlib")
    options = ["--root", str(root), "--data", "fma", "--subset", "medium", "--format", ending]
    assert reproduce("rock_hiphop").script([*options, "--pictures", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "Rock against Hip-Hop, train to test" in out
    assert "12 train, 6 valid, 6 test tracks" in out
    assert out.count("0.940") == out.count("0.840") == 3
    for name in ("rock_hip-hop", "rock_hip-hop_instrumental"):
        assert (tmp_path / f"{name}.{ending}").read_bytes().startswith(begins)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_rock_and_hip_hop_on_gtzan_never_see_the_test(reproduce, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    module = reproduce("rock_hiphop")
    rng = np.random.default_rng(0)
    options = ["--root", str(tmp_path), "--pictures", str(tmp_path)]
    rows = [
        [f"{genre}.{i:05d}", *rng.normal(genre == "rock", size=3).tolist(), genre]
        for genre in ("hiphop", "rock", "jazz")
        for i in range(100)
    ]

    def said():
        lines = [",".join(map(str, row)) for row in [["clip", "a", "b", "c", "label"], *rows]]
        (tmp_path / "gtzan_features_30s.csv").write_text("\n".join(lines) + "\n")
        assert module.script(options) == 0
        return capsys.readouterr().out

    first = said()
    assert "91 train, 42 valid tracks" in first
    assert "GTZAN has no genre 'instrumental'" in first
    assert (tmp_path / "rock_hip-hop.png").stat().st_size > 10_000
    split = module.load_gtzan_features(tmp_path / "gtzan_features_30s.csv", keep_bad=True).split
    assert "test" in split
    for row, part in zip(rows, split, strict=True):
        row[1:4] = row[1:4] if part in ("train", "valid") else [0.0, 0.0, 0.0]
    assert said() == first
