# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation's site in .cache/docs/html: the repository's documents, and a page for each module and role.

Sphinx's warnings are errors, and so is a link within the site that leads nowhere. Nothing is fetched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import docs_copy
import html_links
import working_copy
import yaml

SITE = working_copy.ROOT / ".cache" / "docs"
SOURCES = SITE / "source"
LINK = re.compile(r"(\]\()(?!https?://|#|mailto:)([^)#\s]+)")
REPOSITORY = yaml.safe_load((working_copy.ROOT / "galaxy.yml").read_text())["repository"]
# What antsibull-docs' pages name of ansible's documentation, and where that is.
ANSIBLE_LABELS = {
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
PICTURES = (".png", ".svg")
# Documents for those who read the sources.
LEFT_OUT = (".github", "benchmarks", "docs/site", "tests")


def documents() -> list[Path]:
    """Every document that becomes a page."""
    return [
        path
        for path in working_copy.files()
        if path.suffix == ".md" and not str(path).startswith(LEFT_OUT) and path.name != "CHANGELOG.md"
    ]


def with_links(document: Path, pages: set[str]) -> str:
    """The text of a document, whose links to what is no page of the site lead to the repository."""

    def link(found: re.Match[str]) -> str:
        target = os.path.normpath(document.parent / found[2])
        if target in pages or target.endswith(PICTURES):
            return found[0]
        return f"{found[1]}{REPOSITORY}/blob/main/{target}"

    return LINK.sub(link, (working_copy.ROOT / document).read_text())


def lay_out() -> None:
    """Put all of Sphinx's sources but the pages of modules and roles in place."""
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(working_copy.ROOT / "docs" / "site", SOURCES)
    pages = documents()
    for path in pages:
        (SOURCES / path).parent.mkdir(parents=True, exist_ok=True)
        (SOURCES / path).write_text(with_links(path, {str(page) for page in pages}))
    for picture in (working_copy.ROOT / "docs").iterdir():
        if picture.suffix in PICTURES:
            shutil.copy2(picture, SOURCES / "docs")
    (SOURCES / "ansible.inv").write_bytes(inventory())


def inventory() -> bytes:
    """The labels of ansible's documentation as Sphinx reads those of another project."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version:\n# The rest is compressed using zlib.\n"
    rows = [f"{label} std:label -1 {page}#{label.replace('_', '-')} -\n" for label, page in ANSIBLE_LABELS.items()]
    return head.encode() + zlib.compress("".join(rows).encode())


def main() -> int:
    """0 where the site was built without a warning and all its links lead somewhere."""
    lay_out()
    # antsibull-docs writes into no folder that others can write to.
    pages = SOURCES / "collection"
    pages.mkdir(mode=0o700)
    words = ["--use-current", "--fail-on-error", "--squash-hierarchy", "--dest-dir", str(pages), "llmops.gke"]
    with tempfile.TemporaryDirectory() as top:
        code = docs_copy.antsibull_docs(docs_copy.made(Path(top)), "collection", *words)
    if code:
        return code
    built = SITE / "html"
    sphinx = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "--jobs", "auto"]
    code = subprocess.run([*sphinx, str(SOURCES), str(built)], check=False).returncode
    if code:
        return code
    broken = html_links.broken(built)
    print("\n".join(broken) or f"{len(list(built.rglob('*.html')))} pages, open {built / 'index.html'}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
