# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Signs an artifact as ansible-galaxy wants it: a detached signature of its MANIFEST.json, which holds the checksums of
# all else, goes beside it as ARTIFACT.asc. sign.sh ARTIFACT [GPG OPTION...], such as --local-user KEY
set -euo pipefail
artifact=$1
shift
tar --extract --to-stdout --file "$artifact" MANIFEST.json | gpg --batch --yes "$@" --armor --detach-sign --output "$artifact.asc"
echo "$artifact.asc"
