# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the tests of awx/configure.yml with the modules of awx.awx, which only PyPI's bundle of collections, ansible, holds.
set -euo pipefail
folder=.cache/awx
bundle=12.3.0
if [ ! -d "$folder/$bundle" ]; then
    mkdir -p "$folder"
    python -m pip download --quiet --no-deps --dest "$folder" "ansible==$bundle"
    python - "$folder/ansible-$bundle-py3-none-any.whl" "$folder/new" <<'EOF'
import sys, zipfile

wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as opened:
    opened.extractall(target, [name for name in opened.namelist() if name.startswith("ansible_collections/awx/")])
EOF
    rm "$folder"/*.whl
    mv "$folder/new" "$folder/$bundle"
fi
AWX_COLLECTIONS=$PWD/$folder/$bundle pytest tests/awx/test_configure.py
