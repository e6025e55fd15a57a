"""A pipeline that learns from a table on disk learns what it would from one in memory."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrekit import fit_in_batches, read_rows
from genrekit.shards._folder import write_listing
from genrekit.shards._identity import make_schema
from genrekit.shards._parquet import write_whole

pa = pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")

N_ROWS, N_COLUMNS = 1001, 12


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Rows of three genres, one after the other, as folders mostly come."""
    folder = tmp_path_factory.mktemp("rows")
    names = [f"f{i}" for i in range(N_COLUMNS)]
    schema = make_schema(names, {"format": 1, "version": "0", "key": "drawn"})
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b", "c"], [400, 400, 201])
    centres = dict(zip("abc", rng.normal(0, 3, (3, N_COLUMNS)), strict=True))
    X = np.array([centres[genre] for genre in y]) + rng.standard_normal((N_ROWS, N_COLUMNS))
    X *= 10.0 ** np.arange(N_COLUMNS) / 1e6
    paths = [f"{i}.mp3" for i in range(N_ROWS)]
    for shard in range(11):
        some = slice(shard * 100, shard * 100 + 100)
        n = len(paths[some])
        labels = [paths[some], [0] * n, [0] * n, [1.0] * n, [""] * n, [""] * n]
        arrays = [pa.array(column) for column in [*labels, *X[some].T]]
        path = folder / f"rows-{shard:06d}.parquet"
        write_whole(path, pa.Table.from_arrays(arrays, schema=schema))
    write_listing(folder, paths, schema.metadata)
    return folder, X, y


def test_it_learns_what_it_would_in_memory(table):
    folder, X, y = table
    rows = read_rows(folder)
    pipeline = make_pipeline(StandardScaler(), IncrementalPCA(4), SGDClassifier(random_state=0))
    fitted = fit_in_batches(pipeline, rows, y, batch_size=1000)
    scaler, pca, _ = (step for _, step in fitted.steps)
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(scaler.scale_, X.std(axis=0), rtol=1e-9)
    whole = PCA(4).fit(StandardScaler().fit_transform(X))
    shares = whole.explained_variance_ratio_
    np.testing.assert_allclose(pca.explained_variance_ratio_, shares, rtol=0.1)
    assert fitted.score(rows, y) > 0.95
    assert not hasattr(pipeline[0], "mean_")  # it is a copy
    again = fit_in_batches(pipeline, rows, list(y), batch_size=1000)
    np.testing.assert_array_equal(again[-1].coef_, fitted[-1].coef_)


def test_a_few_rows_left_at_the_end_do_no_harm(table):
    folder, _, y = table
    pipeline = make_pipeline(IncrementalPCA(10), "passthrough", SGDClassifier(random_state=0))
    # Ten batches of 100 would leave one row, of which no ten components come.
    fitted = fit_in_batches(pipeline, read_rows(folder), y, batch_size=100, epochs=1)
    assert fitted[0].n_samples_seen_ == N_ROWS


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (
            {"pipeline": make_pipeline(PCA(), SGDClassifier())},
            ValueError,
            "step 'pca', PCA, learns",
        ),
        ({"rows": np.zeros((9, 2))}, TypeError, "must be what read_rows gives, not ndarray"),
        ({"y": ["a"]}, ValueError, "there are 1001 rows and 1 genres"),
        ({"epochs": 0}, ValueError, "epochs must be an integer of at least 1"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer of at least 1"),
    ],
)
def test_wrong_arguments(table, change, error, said):
    folder, _, y = table
    told = {"pipeline": make_pipeline(SGDClassifier()), "rows": read_rows(folder), "y": y}
    with pytest.raises(error, match=said):
        fit_in_batches(**{**told, **change})


def test_rows_of_tracks_that_failed(tmp_path):
    from genrekit import AudioDecodeWarning, extract, make_tracks

    made = make_tracks(2, root=tmp_path / "m", genres=["drone", "pluck"], sr=8000, duration=0.3)
    with pytest.warns(AudioDecodeWarning):
        rows = extract([*made.paths, "missing.wav"], ["rms"], output=tmp_path / "rows").table
    with pytest.raises(ValueError, match=r"pass rows\.without_errors"):
        fit_in_batches(make_pipeline(SGDClassifier()), rows, [*made.target, "a"])
    fitted = fit_in_batches(make_pipeline(SGDClassifier()), rows.without_errors(), made.target)
    assert set(fitted.classes_) == {"drone", "pluck"}
