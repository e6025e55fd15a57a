"""Models in files: saved without pickle, checked before anything is built."""

from genrekit.persistence._persistence import load, save

__all__ = ["load", "save"]
