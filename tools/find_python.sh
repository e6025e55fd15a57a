#!/bin/sh
# Print a working Python interpreter of the first of these versions that is here.
#
#     sh tools/find_python.sh 3.11 any
#
# "any" is whatever python3 is, if it is 3.11 or newer. Looks on PATH, then among pyenv's versions.
# Each candidate is run, for a name on PATH may be a shim with nothing behind it.

runs() { # runs INTERPRETER CONDITION
    "$1" -c "import sys; sys.exit(not ($2))" >/dev/null 2>&1
}

for version in "$@"; do
    if [ "$version" = any ]; then
        candidates="python3 python"
        condition="sys.version_info >= (3, 11)"
    else
        candidates="python$version ${PYENV_ROOT:-$HOME/.pyenv}/versions/$version.*/bin/python"
        condition="'%d.%d' % sys.version_info[:2] == '$version'"
    fi
    for candidate in $candidates; do
        if runs "$candidate" "$condition"; then
            command -v "$candidate"
            exit 0
        fi
    done
done
exit 1
