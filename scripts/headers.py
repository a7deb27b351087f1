# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the licence at the head of files that have none: headers.py. `reuse lint` says which are left without.

Files that cannot carry it, or are better without, are described by REUSE.toml.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path, PurePath

import working_copy

TAG = "SPDX-License-Identifier"
LINES = ("Copyright: the llmops.gke engineers", f"{TAG}: GPL-3.0-or-later")
# How a comment of one line is written, by a file's suffix or name.
STYLES = {
    **dict.fromkeys((".py", ".sh", ".toml", ".cfg", ".yml", ".yaml", ".txt"), "# {}"),
    **dict.fromkeys(
        ("Makefile", ".gitignore", ".yamllint", ".ansible-lint", "run", "CODEOWNERS", "Dockerfile"), "# {}"
    ),
    # Jinja leaves nothing of it in what a template becomes.
    ".j2": "{{# {} #}}",
    ".md": "<!-- {} -->",
}
# The texts of licences.
TEXTS = "LICENSES"
# What has to stay the first line.
FIRST = ("#!", "---", "# shellcheck ")


def described() -> list[str]:
    """The patterns of the files whose licence REUSE.toml tells."""
    annotations = tomllib.loads((working_copy.ROOT / "REUSE.toml").read_text())["annotations"]
    paths = [one["path"] for one in annotations if TAG in one]
    return [pattern for path in paths for pattern in ([path] if isinstance(path, str) else path)]


def matches(path: Path, pattern: str) -> bool:
    """Whether a pattern of REUSE.toml names a path: ** is any folders, * is part of a name."""
    if pattern.endswith("/**"):
        return PurePath(pattern[:-3]) in path.parents
    return path.parent == PurePath(pattern).parent and path.match(pattern)


def with_header(text: str, style: str) -> str:
    """The text with the licence in it, below what has to be its first lines."""
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines) and lines[at].startswith(FIRST):
        at += 1
    header = [style.format(line) + "\n" for line in LINES]
    # A document of Markdown begins with its heading, a paragraph of its own.
    return "".join([*lines[:at], *header, *(["\n"] if style.startswith("<!--") else []), *lines[at:]])


def main() -> int:
    """Write the headers that are missing, and name the files."""
    patterns = described()
    for path in working_copy.files():
        file = working_copy.ROOT / path
        style = STYLES.get(path.suffix) or STYLES.get(path.name)
        if (
            style is None
            or path.parts[0] == TEXTS
            or file.is_symlink()
            or any(matches(path, pattern) for pattern in patterns)
        ):
            continue
        text = file.read_text()
        if text and TAG not in text:
            file.write_text(with_header(text, style))
            print(f"the licence was added to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
