# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the virtual environment of this clone, or brings it up to date: set_up.sh PYTHON VENV [VERSIONS]. VERSIONS is one of
#   locked   the versions in requirements.lock, each file checked by its hash
#   run      those in requirements-run.lock, which is the part of it that running the playbooks takes
#   newest   the newest versions that requirements*.txt allow
#   core-2.20, core-2.19.1
#            the newest patch of that ansible-core, or that very one, with the newest tools that take it
#   floors   the lowest versions that requirements.txt and meta/runtime.yml allow, with the newest tools that take those
# Nothing is done where the stamp in it still names this clone, this Python and these requirements.
set -euo pipefail
python=$1
venv=$2
versions=${3:-locked}
case $versions in
locked | run | newest | floors | core-[0-9]*) ;;
*)
    echo "VERSIONS is locked, run, newest, floors or core-VERSION, not $versions" >&2
    exit 2
    ;;
esac
if [ -z "$python" ]; then
    echo "There is no Python 3.11 or newer with venv. On Debian and Ubuntu: apt install python3-venv;" \
        "for one that is not in the path: make PYTHON=..." >&2
    exit 2
fi

version=$("$python" -c 'import sys; print(sys.version.split()[0])')
stamp=$venv/.set-up
stamped() { [ "$(cat "$stamp" 2>/dev/null)" = "$(stamp_of "$1")" ]; }
stamp_of() { cat requirements* sandbox/pyproject.toml meta/runtime.yml <(echo "$version $1 $PWD") | cksum; }
# What is there for the work on this repository runs the playbooks, too.
if stamped "$versions" || { [ "$versions" = run ] && stamped locked; }; then
    exit 0
fi
lock=requirements.lock
[ "$versions" != run ] || lock=requirements-run.lock

# Whoever watches sees what is done; a log needs no bars.
quietly=()
[ -t 2 ] || quietly=(--quiet)

pip() { "$venv/bin/python" -m pip "$@"; }
uv() { bash scripts/uv.sh "$venv" pip "$1" "${quietly[@]}" --python "$venv/bin/python" "${@:2}"; }

core_requirement() {
    local core=${versions#core-}
    # 2.20 is any 2.20.x, 2.19.1 that one.
    [[ $core == *.*.* ]] || core+=".*"
    echo "ansible-core==$core"
}

with_uv() {
    # It has to be told to compile, and would look at every package again for the sandbox, which stays where it is.
    case $versions in
    locked | run)
        uv install --compile-bytecode --require-hashes --requirement "$lock" &&
            uv install --no-deps --no-build-isolation --editable ./sandbox
        ;;
    newest) uv install --compile-bytecode --upgrade --requirement requirements-dev.txt ;;
    core-*)
        uv install --compile-bytecode --requirement requirements-dev.txt "$(core_requirement)"
        ;;
    floors)
        { cat requirements.txt && sed -n 's/^requires_ansible: "\(.*\)"/ansible-core\1/p' meta/runtime.yml; } |
            uv compile --resolution lowest-direct --no-deps --no-annotate --no-header - \
                --output-file "$venv/floors.txt" &&
            uv install --compile-bytecode --requirement requirements-dev.txt --constraint "$venv/floors.txt" &&
            echo "The lowest versions: $(paste -sd ' ' "$venv/floors.txt")"
        ;;
    esac
}

with_pip() {
    case $versions in
    locked | run)
        pip install --quiet --require-hashes --requirement "$lock" &&
            pip install --quiet --no-deps --no-build-isolation --editable ./sandbox
        ;;
    newest) pip install --quiet --upgrade --upgrade-strategy eager --requirement requirements-dev.txt ;;
    core-*) pip install --quiet --requirement requirements-dev.txt "$(core_requirement)" ;;
    floors)
        echo "pip alone cannot find the lowest versions" >&2
        return 1
        ;;
    esac
}

packages=$(grep -c '^[a-z].*==' "$lock")
echo "Setting up $venv with Python $version: once, half a minute to two"
echo "  1 of 2: the virtual environment"
if [ "$("$venv/bin/python" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)" != "$version" ]; then
    "$python" -m venv --clear "$venv"
fi
echo "  2 of 2: some $packages packages"
# uv does in seconds what takes pip half a minute; where it can't be had or can't install, pip does it all.
if ! {
    pip install --quiet --require-hashes --requirement <(awk '/^[^ #]/ { is_uv = /^uv==/ } is_uv' "$lock") &&
        with_uv
}; then
    echo "uv did not install everything; going on with pip"
    with_pip || {
        echo "The packages could not be installed; pip says above why. Without a way to PyPI, name another index or a proxy:" \
            "PIP_INDEX_URL, HTTPS_PROXY" >&2
        exit 1
    }
fi
stamp_of "$versions" >"$stamp"
echo "Done. ansible-playbook and the like are in $venv/bin; to have them at hand: . $venv/bin/activate"
