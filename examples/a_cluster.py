"""
A cluster: features of a large library with dask
================================================

What one machine would take a month for, thirty do in a day. This page sends a library to the
workers of a cluster, which write its rows into a folder, and learns from them.

*Runs in about ten seconds, on synthetic tracks and two processes of this machine.*
"""

# %%
# What the workers are asked for
# ------------------------------
#
# It takes ``pip install "genrekit[cluster,table]"``, and a folder that all of them see. The call is
# that of one machine and a client more. Batches of tracks go out and become a file of rows each;
# neither waveforms nor rows pass through the scheduler.
import tempfile
from pathlib import Path

from genrekit import extract, make_tracks


def describe(paths, rows, client=None):
    """Rows of features in a folder: by the workers of a cluster, or without one."""
    return extract(paths, ["mfcc", "tempo"], output=rows, shard_size=20, client=client)


# %%
# A cluster
# ---------
#
# Two processes stand for it here. They start by importing the script, hence the line with
# ``__name__``, which a notebook can do without. On SLURM or Kubernetes only ``LocalCluster`` is
# another; in the end ``with`` closes both.
from dask.distributed import Client, LocalCluster

if __name__ == "__main__":
    home = Path(tempfile.mkdtemp())
    music = make_tracks(16, root=home / "music", duration=1.0, random_state=0)
    started = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with started as cluster, Client(cluster) as client:
        print(f"{len(client.nthreads())} workers")
        print(describe(music.paths, home / "rows", client).table)

# %%
# New music
# ---------
#
# What was computed is known by the folder and not by the cluster. So a call that was killed goes
# on where it was, and this one, without any cluster, hears the new tracks only.
if __name__ == "__main__":
    new = make_tracks(2, root=home / "new", duration=1.0, random_state=1)
    print(describe(music.paths + new.paths, home / "rows").table)

# %%
# Learn from it
# -------------
#
# ``read_rows`` opens the folder on any machine. Each fold of a search takes its rows from there.
if __name__ == "__main__":
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from genrekit import read_rows

    rows = read_rows(home / "rows")
    y = [Path(path).parent.name for path in rows.paths]
    learner = make_pipeline(StandardScaler(), LogisticRegression())
    print(f"accuracy {cross_val_score(learner, np.asarray(rows), y, cv=3).mean():.2f}")

# %%
# :doc:`/cluster` says what happens when a worker, the scheduler or you die, how large batches are,
# and how it is done under SLURM and on Kubernetes.
