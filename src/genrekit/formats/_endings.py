"""The one table of file name endings: what counts as audio, and what may hold sound as well."""

from __future__ import annotations

__all__ = ["AUDIO_SUFFIXES", "VIDEO_SUFFIXES"]

# fmt: off
AUDIO_SUFFIXES = frozenset({
    # what libsndfile reads
    ".aif", ".aifc", ".aiff", ".au", ".avr", ".bwf", ".caf", ".flac", ".mp1", ".mp2", ".mp3",
    ".mpga", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".sph", ".voc", ".w64", ".wav", ".wave",
    # what FFmpeg reads
    ".3ga", ".aac", ".ac3", ".adts", ".amr", ".ape", ".dff", ".dsf", ".dts", ".dtshd",
    ".eac3", ".ec3", ".f4a", ".m2a", ".m4a", ".m4b", ".m4r", ".mlp", ".mp+", ".mpa",
    ".mpc", ".qcp", ".ra", ".shn", ".spx", ".tak", ".thd", ".tta", ".vqf",
    ".weba", ".wma", ".wv",
})
"""Endings of audio files, in lower case: a folder's are listed."""

VIDEO_SUFFIXES = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".f4v", ".flv", ".m2ts", ".m4v", ".mk3d", ".mka", ".mkv",
    ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".ogx", ".rm", ".rmvb", ".ts",
    ".vob", ".webm", ".wmv",
})
"""Endings of containers that hold pictures or only sound: a folder's are counted, not listed."""
# fmt: on
