"""Models in files: saved without pickle, checked before anything is built."""

from __future__ import annotations

from genrekit.persistence._persistence import load, save

__all__ = ["load", "save"]
