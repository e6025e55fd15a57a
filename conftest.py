"""What is collected for the tests where an extra is missing."""

from importlib.util import find_spec

# The examples of what trains networks need torch, as the modules of that room do.
_TRAINING = [
    "docs/training.rst",
    "src/genrekit/models/_network_classifier.py",
    "src/genrekit/training",
]
collect_ignore = [] if find_spec("torch") else _TRAINING
if not find_spec("distributed"):
    collect_ignore += ["docs/cluster.rst"]
