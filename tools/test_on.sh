#!/bin/sh
# Run pytest in an environment of its own, one for a Python and a scikit-learn version.
#
#     sh tools/test_on.sh "3.13 3.12" 1.6 tests/features
#
# The first of the Python versions that is here is taken; where none is, that is said and is no
# failure. The scikit-learn version is "1.6" for the newest 1.6.x, or "newest". What follows goes to
# pytest. The environment is kept in .venvs/ and installed again only when pyproject.toml changes.
set -eu

pythons=$1
sklearn=$2
shift 2

# Unquoted on purpose: a list of versions.
if ! python=$(sh tools/find_python.sh $pythons); then
    echo "No Python $pythons on this machine: these tests are left out."
    exit 0
fi

case $sklearn in
    newest) requirement="scikit-learn" ;;
    *) requirement="scikit-learn==$sklearn.*" ;;
esac
version=$("$python" -c "import sys; print('%d.%d' % sys.version_info[:2])")
env=.venvs/python-$version-sklearn-$sklearn
stamp=$env/.installed

if [ ! -e "$stamp" ] || [ -n "$(find pyproject.toml -newer "$stamp")" ]; then
    echo "Installing into $env"
    rm -rf "$env"
    "$python" -m venv "$env"
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint tools/constraints.txt \
        --editable ".[test$(sh tools/train_extra.sh "$env/bin/python")]" "$requirement"
    touch "$stamp"
fi

"$env/bin/python" - <<'END'
import platform
from importlib.metadata import version

packages = ("scikit-learn", "librosa", "numpy")
print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in packages))
END
exec "$env/bin/python" -m pytest "$@"
