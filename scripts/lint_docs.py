# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs antsibull-docs lint-collection-docs on a copy of the collection without its action plugins.

They are links to one file, each under a module's name, and antsibull-docs takes a link among action plugins for a
module that was renamed: it would find no module at all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import working_copy


def main() -> int:
    """The exit status of antsibull-docs."""
    with tempfile.TemporaryDirectory() as top:
        copy = Path(top) / "ansible_collections" / "llmops" / "gke"
        working_copy.copy_to(copy)
        shutil.rmtree(copy / "plugins" / "action")
        command = [str(Path(sys.executable).with_name("antsibull-docs")), "lint-collection-docs", "--plugin-docs", "."]
        return subprocess.run(command, cwd=copy, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
