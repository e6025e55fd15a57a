"""The claims that genrekit's documentation rests on, one script each.

Each prints our number beside the published one and says on which data:
``python -m benchmarks.reproduce.gtzan_table``. The data is looked for in ``--root``, else in the
folder that ``GENREKIT_TEST_DATA`` names, else in ``../shared/data`` beside the checkout. What needs
data that is not there says so in a sentence and ends with exit code 0.
"""
