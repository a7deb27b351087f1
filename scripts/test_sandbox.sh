# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the sandbox's wheel, installs it into an environment of its own, without ansible and without the collection,
# starts and stops it there, and runs its tests: test_sandbox.sh [PYTEST ARGUMENT...]
set -euo pipefail
unset PYTHONPATH
here=$PWD/.cache/sandbox
venv=$here/venv

mkdir -p "$here"
# The versions that the repository's own environment has: locked, newest or floors.
python -m pip freeze --exclude-editable >"$here/versions.txt"
wanted=$(cat sandbox/pyproject.toml "$here/versions.txt" | cksum; python --version; pwd)
if [ "$(cat "$venv/.set-up" 2>/dev/null)" != "$wanted" ]; then
    python -m venv --clear "$venv"
    # The dependencies alone: the package is installed anew each time.
    "$venv/bin/pip" install --quiet --constraint "$here/versions.txt" "./sandbox[test]"
    echo "$wanted" >"$venv/.set-up"
fi
# What an earlier build left there would go into the wheel as well, files that are gone included.
rm -rf "$here/wheel" sandbox/build
"$venv/bin/pip" wheel --quiet --no-deps --wheel-dir "$here/wheel" ./sandbox
rm -rf sandbox/build
"$venv/bin/pip" install --quiet --no-deps --force-reinstall "$here"/wheel/*.whl

program=$venv/bin/llmops-gke-sandbox
directory=$(mktemp -d)/sandbox
trap '"$program" stop --directory "$directory" >/dev/null; rmdir "${directory%/*}"' EXIT
"$program" --help >/dev/null
"$program" start --directory "$directory" >/dev/null
"$program" status --directory "$directory" >/dev/null
"$program" stop --directory "$directory" >/dev/null

cd sandbox
"$venv/bin/python" -m pytest "$@"
