# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection as antsibull-docs can read it: where ansible looks for it, and without its action plugins.

They are links to one file, each under a module's name, and antsibull-docs takes a link among action plugins for a
module that was renamed: it would find no module at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import working_copy


def made(top: Path) -> Path:
    """Make the copy below ``top``; returns the collection's folder."""
    copy = top / "ansible_collections" / "llmops" / "gke"
    working_copy.copy_to(copy)
    shutil.rmtree(copy / "plugins" / "action")
    return copy


def antsibull_docs(copy: Path, *words: str) -> int:
    """Run antsibull-docs on the copy; returns its exit status."""
    command = [str(Path(sys.executable).with_name("antsibull-docs")), *words]
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}
    return subprocess.run(command, cwd=copy, env=environment, check=False).returncode
