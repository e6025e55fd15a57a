"""Recordings of the tests of decoding."""

from __future__ import annotations

from ..audio.conftest import encode, encode_av, sound

__all__ = ["encode", "encode_av", "sound"]
