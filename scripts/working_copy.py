# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that make up this repository: all that git would not ignore, whether they lie in a repository or not."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def files() -> list[Path]:
    """Every file that is not ignored, relative to the repository's root, sorted; links to folders are left out."""
    with tempfile.TemporaryDirectory() as index:
        # To an empty index every file is a new one, so tracked or not makes no difference.
        git = ["git", f"--git-dir={index}", f"--work-tree={ROOT}"]
        subprocess.run(["git", "init", "--quiet", "--bare", index], check=True)
        command = [*git, "ls-files", "-z", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (Path(name) for name in sorted(listed.split("\0")) if name)
    return [path for path in paths if (ROOT / path).is_file()]


def copy_to(target: Path) -> None:
    """Copy the repository's files below ``target``, which is made."""
    for path in files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target / path, follow_symlinks=False)
