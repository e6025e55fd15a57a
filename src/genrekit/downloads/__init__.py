"""What comes to this machine when it is asked for, whole and right or not at all.

Files of a URL, files in packages of the Python index, and ONNX graphs that are rewritten as cards
of networks need them. Nothing is ever installed, and nothing that was downloaded is run here.
"""

from __future__ import annotations

from genrekit.downloads._folder import make_folder, models_folder
from genrekit.downloads._graph import need_onnx, rewrite_graph
from genrekit.downloads._package import PackageSource, fetch_member
from genrekit.downloads._url import fetch_url

__all__ = [
    "PackageSource",
    "fetch_member",
    "fetch_url",
    "make_folder",
    "models_folder",
    "need_onnx",
    "rewrite_graph",
]
