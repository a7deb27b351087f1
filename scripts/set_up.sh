# shellcheck shell=bash
# Makes the virtual environment of this clone, or brings it up to date: set_up.sh PYTHON VENV
# Nothing is done where the stamp in it still names this clone, this Python and these requirements.
set -euo pipefail
python=${1:?"no Python 3.11 or newer with venv was found: name one with PYTHON=..."}
venv=$2

version=$("$python" -c 'import sys; print(sys.version.split()[0])')
wanted=$(cat requirements.txt requirements-dev.txt sandbox/pyproject.toml <(echo "$version $PWD") | cksum)
stamp=$venv/.set-up
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

echo "Setting up $venv with Python $version"
if [ "$("$venv/bin/python" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)" != "$version" ]; then
    "$python" -m venv --clear "$venv"
fi
# uv does in seconds what takes pip half a minute. It does not read pip's configuration, so a mirror that is set
# there is handed on; where uv can't be had or can't install, pip does it all.
index=$("$venv/bin/python" -m pip config list | sed -n "s/.*\.index-url='\(.*\)'/\1/p" | tail -n 1)
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
if ! { "$venv/bin/python" -m pip install --quiet uv &&
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode --requirement requirements-dev.txt
}; then
    echo "uv did not install everything; going on with pip"
    "$venv/bin/python" -m pip install --quiet --requirement requirements-dev.txt
fi
echo "$wanted" >"$stamp"
