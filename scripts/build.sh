# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the collection's artifact into dist/ and lets galaxy-importer look at it, as Galaxy does on upload.
set -euo pipefail
rm -rf dist
python scripts/artifact.py dist
# It leaves its result as a file where it runs.
cd dist
python -m galaxy_importer.main ./*.tar.gz
echo "The artifact: dist/$(basename ./*.tar.gz)"
