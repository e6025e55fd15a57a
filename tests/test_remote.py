"""Tracks that are not on this disk, from the top to the bottom of the house."""

import csv
import json
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from genrekit import AudioFeatures, SegmentClassifier, extract, make_genre_pipeline
from genrekit.cli import main
from genrekit.exceptions import AudioDecodeError, AudioDecodeWarning
from genrekit.persistence import save

PARTS = ["rms", "mfcc"]
GENRES = ["a", "b", "a"]
PASSWORD = "me:hidden@"


@pytest.fixture
def tracks(web, files):
    """Addresses, with a password, and the rows of their files."""
    for path in files:
        web.files[Path(path).name] = Path(path).read_bytes()
    urls = [web.url(Path(path).name, PASSWORD, "?Signature=hidden") for path in files]
    return urls, extract(files, PARTS).table


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_one_bad_address_costs_no_other(web, tracks, n_jobs):
    urls, rows = tracks
    web.files["page.mp3"] = b"<!doctype html><p>not found</p>"
    web.faults = {"private.mp3": 403, "broken.mp3": 500}
    bad = [web.url(f"{name}.mp3", PASSWORD) for name in ("page", "private", "gone", "broken")]
    found = extract([bad[0], urls[0], *bad[1:], *urls[1:]], PARTS, on_error="nan", n_jobs=n_jobs)
    np.testing.assert_array_equal(found.table[[1, 5, 6]], rows)
    assert [error.index for error in found.errors] == [0, 2, 3, 4]
    words = ("HTML page", "refused (403)", "no such file", "(status 500)")
    for error, said, url in zip(found.errors, words, bad, strict=True):
        assert error.path == url.replace(PASSWORD, "")
        assert said in error.reason
        assert "hidden" not in str(error)


def test_forked_processes(tracks):
    urls, rows = tracks
    with joblib.parallel_config("multiprocessing"):
        np.testing.assert_array_equal(extract(urls, PARTS, n_jobs=2).table, rows)


@pytest.mark.parametrize("etags", [True, False])
def test_versions_never_mix(web, tracks, tmp_path, etags):
    web.etags = etags
    urls, rows = tracks
    for _ in range(2):
        np.testing.assert_array_equal(extract(urls, PARTS, memory=tmp_path).table, rows)
    web.files["a.wav"], web.files["b.wav"] = web.files["b.wav"], web.files["a.wav"]
    again = extract([url.replace("hidden", "other") for url in urls], PARTS, memory=tmp_path)
    np.testing.assert_array_equal(again.table, rows[[1, 0, 2]])
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hidden" not in kept


def test_rows_that_are_remembered_are_not_fetched(web, tracks, tmp_path):
    urls, rows = tracks
    extract(urls, PARTS, memory=tmp_path)
    web.sent = 0
    np.testing.assert_array_equal(AudioFeatures(PARTS, memory=tmp_path).fit_transform(urls), rows)
    assert web.sent == 0


def test_a_folder_of_rows(web, tracks, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")
    urls, rows = tracks
    table = extract(urls, PARTS, output=tmp_path / "rows").table
    assert table.paths == [web.url(name) for name in ("a.wav", "b.wav", "c.wav")]
    np.testing.assert_array_equal(table.to_numpy(), rows)
    web.sent = 0
    web.files["b.wav"] = web.files["a.wav"]
    signed_anew = [url.replace("hidden", "other") for url in urls]
    table = extract(signed_anew, PARTS, output=tmp_path / "rows").table
    np.testing.assert_array_equal(table.to_numpy(), rows[[0, 0, 2]])
    assert web.sent == len(web.files["a.wav"])
    written = b"".join(path.read_bytes() for path in (tmp_path / "rows").iterdir())
    assert b"hidden" not in written


def test_a_folder_of_rows_must_be_here(tracks):
    urls, _ = tracks
    for parameter in ("output", "memory"):
        with pytest.raises(ValueError, match=f"{parameter}= must be on this machine"):
            extract(urls, PARTS, **{parameter: "s3://bucket/rows"})


def test_segments_and_pipelines(web, tracks):
    urls, _ = tracks
    model = make_genre_pipeline(KNeighborsClassifier(1), features=PARTS).fit(urls, GENRES)
    assert model.predict(urls).tolist() == GENRES
    web.sent = 0
    cut = SegmentClassifier(model, segment_duration=0.25).fit(urls, GENRES)
    size = sum(map(len, web.files.values()))
    assert web.sent <= 2 * size, "a track is read for its length, and then for all its segments"
    assert len(cut.predict(urls)) == 3


def test_errors_are_raised_at_once(web):
    with pytest.raises(AudioDecodeError, match="there is no such file"):
        extract([web.url("gone.mp3")], PARTS, on_error="raise")
    with pytest.warns(AudioDecodeWarning, match="127.0.0.1.*gone.mp3: there is no such file"):
        extract([web.url("gone.mp3", PASSWORD)], PARTS, on_error="nan")


# --- the command line -------------------------------------------------------------------------


def test_extract_by_command(web, tracks, tmp_path, capsys):
    urls, rows = tracks
    output = tmp_path / "table.csv"
    arguments = ["extract", *urls, web.url("gone.mp3", PASSWORD), "--features", ",".join(PARTS)]
    assert main([*arguments, "-o", str(output)]) == 3
    with output.open() as file:
        table = list(csv.DictReader(file))
    assert [row["path"] for row in table[:3]] == [web.url(name) for name in web.files]
    np.testing.assert_allclose([float(row["rms_mean"]) for row in table[:3]], rows[:, 0])
    assert table[3]["error"] == "there is no such file"
    told = output.read_text() + "".join(capsys.readouterr())
    assert "hidden" not in told


def test_predict_by_command(web, tracks, tmp_path, capsys):
    urls, _ = tracks
    model = make_genre_pipeline(KNeighborsClassifier(1), features=PARTS).fit(urls, GENRES)
    save(model, tmp_path / "model.skops")
    assert main(["predict", str(tmp_path / "model.skops"), *urls, "--json"]) == 0
    out, err = capsys.readouterr()
    assert [row["genre"] for row in json.loads(out)] == GENRES
    table = tmp_path / "genres.csv"
    command = ["predict", "--model", str(tmp_path / "model.skops"), "-o", str(table)]
    for i, heard_anew in enumerate([True, False, True]):
        web.sent = 0
        if i == 2:
            web.files["c.wav"] = web.files["b.wav"]
        signed_anew = [url.replace("Signature=hidden", f"Signature={i}") for url in urls]
        assert main([*command, *signed_anew, web.url("gone.mp3", PASSWORD)]) == 3
        assert bool(web.sent) == heard_anew
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [web.url(name) for name in (*web.files, "gone.mp3")]
    assert [row["genre"] for row in rows] == ["a", "b", "b", ""]
    assert "hidden" not in table.read_text() + "".join(capsys.readouterr())
    pytest.importorskip("mutagen", reason="mutagen is in the extra tags")
    assert main(["write-tags", str(tmp_path / "model.skops"), urls[0]]) == 3
    told = "".join(capsys.readouterr())
    assert "a file whose tags are written must be on this machine" in told
    assert "hidden" not in out + err + told


@pytest.mark.parametrize("output", ["s3://bucket/rows/", "s3://me:hidden@bucket/t.csv"])
def test_what_is_written_stays_here(output, capsys):
    with pytest.raises(SystemExit):
        main(["extract", "a.mp3", "-o", output])
    err = capsys.readouterr().err
    assert "what is written must be on this machine" in err
    assert "hidden" not in err
