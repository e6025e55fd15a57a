#!/bin/sh
# Print ",test-train" if the tests of an environment train networks: on Python 3.11, for which there is a
# torch without gigabytes for graphics processors. Elsewhere these tests skip and say so.
#
#     sh tools/train_extra.sh .venv/bin/python
set -eu
"$1" -c 'import sys; print(",test-train" if sys.version_info[:2] == (3, 11) else "")'
