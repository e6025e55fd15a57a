"""What can only be measured in a new process: imports, the first row, memory, many tracks.

A script of its own, so that nothing is imported but what is measured. It prints one number.
"""

import contextlib
import ctypes
import gc
import importlib
import io
import sys
import time
from pathlib import Path

MB = 1e6


def import_time(module):
    """CPU time of an import, ms."""
    start = time.process_time()
    importlib.import_module(module)
    return 1e3 * (time.process_time() - start)


def base_imports():
    """CPU time of a process that imports what any such program needs, s."""
    for module in ("sklearn.base", "numba", "scipy.fft", "soundfile"):
        importlib.import_module(module)
    return time.process_time()


def first_row_extract(path):
    """CPU time of a process that computes one row without scikit-learn, s."""
    import genrekit

    genrekit.extract([path])
    assert "sklearn" not in sys.modules, "extract imported scikit-learn"
    return time.process_time()


def first_row_features(path):
    """CPU time of a process that computes one row with the transformer, s."""
    import genrekit

    genrekit.AudioFeatures().fit_transform([path])
    return time.process_time()


def memory_waveform(path):
    """Peak memory for a track that is in memory already, MB."""
    import genrekit

    return peak_over_idle([genrekit.load_audio(path)])


def memory_file(path):
    """Peak memory for a file, MB."""
    return peak_over_idle([path])


def growth_time(count, *paths):
    """CPU time for so many tracks, s."""
    features = make_features()
    tracks = repeat(paths, count)
    gc.collect()  # or the first tracks pay for looking through all that was imported
    start = time.process_time()
    features.transform(tracks)
    return time.process_time() - start


def growth_memory(count, *paths):
    """Peak memory for so many tracks beyond the table of their features, MB."""
    tracks = repeat(paths, count)
    table = int(count) * len(make_features().get_feature_names_out()) * 8
    return peak_over_idle(tracks) - table / MB


def repeat(paths, count):
    """So many paths."""
    return [paths[i % len(paths)] for i in range(int(count))]


def make_features():
    """The features, with everything loaded and compiled, decoders too."""
    import numpy as np
    import soundfile

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from benchmarks._twins import make_features

    file = io.BytesIO()
    soundfile.write(file, np.ones(44100), 44100, format="WAV")
    features = make_features()
    features.transform([file.getvalue()])
    return features


def peak_over_idle(tracks):
    """Peak of the resident memory while computing, over what is resident before, MB."""
    features = make_features()
    give_back_memory()
    idle = status("VmRSS")
    features.transform(tracks)
    return max(status("VmHWM") - idle, 0) / MB


def give_back_memory():
    """Return what was freed, and let the peak begin where we stand; both need Linux."""
    if hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
    # Without this the peak of the imports counts, which is on the safe side.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def status(field):
    """A field of this process's status, bytes.

    Not ``getrusage``: its peak is inherited from the parent process, which is larger.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


if __name__ == "__main__":
    # The tool of our tests: numba imports it wherever it is installed, which it is for few users.
    sys.modules["coverage"] = None
    _, name, *arguments = sys.argv
    print(globals()[name](*arguments))
