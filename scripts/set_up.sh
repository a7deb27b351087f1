# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the virtual environment of this clone, or brings it up to date: set_up.sh PYTHON VENV [locked|newest|floors|core-VERSION]
#   locked   the versions in requirements.lock, each file checked by its hash
#   newest   the newest versions that requirements*.txt allow
#   core-2.20, core-2.19.1
#            the newest patch of that ansible-core, or that very one, with the newest tools that take it
#   floors   the lowest versions that requirements.txt and meta/runtime.yml allow, with the newest tools that take those
# Nothing is done where the stamp in it still names this clone, this Python and these requirements.
set -euo pipefail
python=${1:?"no Python 3.11 or newer with venv was found: name one with PYTHON=..."}
venv=$2
versions=${3:-locked}
case $versions in
locked | newest | floors | core-[0-9]*) ;;
*)
    echo "VERSIONS is locked, newest, floors or core-VERSION, not $versions" >&2
    exit 2
    ;;
esac

version=$("$python" -c 'import sys; print(sys.version.split()[0])')
wanted=$(cat requirements* sandbox/pyproject.toml meta/runtime.yml <(echo "$version $versions $PWD") | cksum)
stamp=$venv/.set-up
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

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
    locked)
        uv install --compile-bytecode --require-hashes --requirement requirements.lock &&
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
    locked)
        pip install --quiet --require-hashes --requirement requirements.lock
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

packages=$(grep -c '^[a-z].*==' requirements.lock)
echo "Setting up $venv with Python $version: once, half a minute to two"
echo "  1 of 2: the virtual environment"
if [ "$("$venv/bin/python" -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)" != "$version" ]; then
    "$python" -m venv --clear "$venv"
fi
echo "  2 of 2: some $packages packages"
# uv does in seconds what takes pip half a minute; where it can't be had or can't install, pip does it all.
if ! {
    pip install --quiet --require-hashes --requirement <(awk '/^[^ #]/ { is_uv = /^uv==/ } is_uv' requirements.lock) &&
        with_uv
}; then
    echo "uv did not install everything; going on with pip"
    with_pip
fi
echo "$wanted" >"$stamp"
echo "Done. ansible-playbook and the like are in $venv/bin; to have them at hand: . $venv/bin/activate"
