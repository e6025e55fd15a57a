"""What is collected for the tests where an extra is missing."""

from importlib.util import find_spec

# The examples of the room that trains networks need torch, as its modules do.
collect_ignore = [] if find_spec("torch") else ["src/genrekit/training"]
