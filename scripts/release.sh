# shellcheck shell=bash
# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
# Prepares a release in the work tree: the version, the changelog of the fragments. release.sh VERSION
# Committing, tagging and pushing stay with people; the workflow `release` does the rest.
set -euo pipefail
version=${1:-}
if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    echo "say which: make release VERSION=1.2.3" >&2
    exit 2
fi
sed -i "s/^version: .*/version: $version/" galaxy.yml
antsibull-changelog release --version "$version"
cat <<END
Version $version is in galaxy.yml and CHANGELOG.md. Read them, then:
  make test
  git commit --all --message "Version $version"
  git tag --sign $version
  git push origin main $version
END
