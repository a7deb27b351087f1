# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the uv of a virtual environment: uv.sh VENV ARGUMENT...
# uv does not read pip's configuration, so an index that is set there is handed on.
set -euo pipefail
venv=$1
shift

index=$("$venv/bin/python" -m pip config list | sed -n "s/.*\.index-url='\(.*\)'/\1/p" | tail -n 1)
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
exec "$venv/bin/uv" "$@"
