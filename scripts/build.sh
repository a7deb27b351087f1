# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the collection's artifact into dist/ and lets galaxy-importer look at it, as Galaxy does on upload.
set -euo pipefail
rm -rf dist
python scripts/artifact.py dist
# It leaves its result as a file where it runs.
cd dist
# Its ansible-lint warns and fails nothing; make lint fails, by the profile production.
printf '[galaxy-importer]\nrun_ansible_lint = False\n' >importer.cfg
export GALAXY_IMPORTER_CONFIG=$PWD/importer.cfg
# It prints a line for each file and module, hundreds in all: they matter where it fails.
if ! python -m galaxy_importer.main ./*.tar.gz >importer.log 2>&1; then
    cat importer.log >&2
    exit 1
fi
grep --extended-regexp '^(WARNING|ERROR)' importer.log || true
echo "Galaxy's importer accepts it (all that it said: dist/importer.log). The artifact:"
echo "dist/$(basename ./*.tar.gz)"
