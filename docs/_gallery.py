"""How sphinx-gallery makes the tutorials of the scripts in ``examples``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst

# In the order in which people need them. A test asks for the line of a script that is missing here.
ORDER = (
    "classify_my_own_song.py",
    "folder_to_grid_search.py",
    "scores_too_good.py",
    "train_cnn_on_mel_spectrograms.py",
    "inputs_and_networks.py",
    "transfer_learning.py",
    "librosa_mfcc_pipeline.py",
    "corrupt_mp3.py",
    "probabilities_and_novelty.py",
    "a_library_overnight.py",
    "a_cluster.py",
    "tags_into_files.py",
    "fma_official_split.py",
    "your_own_feature.py",
    "your_own_decoder.py",
    "your_own_data_set.py",
    "your_own_network.py",
)

CONFIG = {
    "examples_dirs": "../examples",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "_gallery.InOrder",
    "image_scrapers": ("matplotlib", "_gallery.scrape_display"),
    # Shown as pictures, not as text.
    "ignore_repr_types": r"genrekit\.(displays|views)|matplotlib",
    # What the pages of the reference list as examples of a name.
    "doc_module": ("genrekit",),
    "backreferences_dir": "generated/backreferences",
    "default_thumb_file": str(Path(__file__).with_name("_static") / "logo.png"),
    "download_all_examples": False,
    "show_signature": False,
    # A page that is part of no list.
    "write_computation_times": False,
    "remove_config_comments": True,
}


class InOrder:
    """Sorts the scripts of a folder as `ORDER` names them."""

    def __init__(self, folder: str) -> None:
        pass

    def __call__(self, name: str) -> tuple[int, str]:
        """Where a script stands."""
        name = Path(name).name
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def scrape_display(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the display that a block of code ends with; its figure is known to no pyplot."""
    shown = block_vars["example_globals"].get("___")
    seen = block_vars.setdefault("shown", [])
    is_new = all(shown is not one for one in seen)
    if not (
        type(shown).__module__.startswith("genrekit.") and hasattr(shown, "figure_") and is_new
    ):
        return ""
    seen.append(shown)
    path = next(block_vars["image_path_iterator"])
    shown.figure_.savefig(path, dpi=120)
    return figure_rst([path], gallery_conf["src_dir"])


def forget_what_is_stale(folder: Path, source: Path) -> None:
    """Have all tutorials run again when the library is another than the one they were run with."""
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*.py")):
        digest.update(path.read_bytes())
    stamp = folder / "library.sha256"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        for ran in folder.glob("**/*.md5"):
            ran.unlink()
        folder.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest())
