# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs targets of the Makefile and the demo with other versions than those in requirements.lock:
# try_versions.sh newest|floors|core-VERSION PYTHON TARGET...
# It has an environment and a sandbox of its own, which are made anew, so that nothing of an earlier try is left.
set -euo pipefail
versions=$1
python=$2
shift 2

make=(make --no-print-directory "VERSIONS=$versions" "PYTHON=$python" "VENV=.venv-$versions")
demo=(env "LLMOPS_GKE_SANDBOX_DIR=$PWD/.cache/sandbox-$versions" "${make[@]}")

rm -rf ".venv-$versions"
"${demo[@]}" demo-down
log=$(mktemp)
trap '"${demo[@]}" demo-down; rm "$log"' EXIT
"${make[@]}" "$@"
"${demo[@]}" demo
# Again: nothing changes.
"${demo[@]}" demo | tee "$log"
grep -q ' changed=0 .* failed=0 ' "$log"
