"""How fast genrekit is, beside the libraries and scripts it replaces: ``python -m benchmarks``."""

import os

# One thread in everybody's linear algebra. Set here, before the first import of numpy.
for _name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"
