# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection's artifact of what belongs to the repository: artifact.py FOLDER.

ansible-galaxy takes all that lies in a folder but what galaxy.yml names, so also an inventory that a user has made
in the clone, with its project, addresses and keys. Here it is given a copy of the files that git does not ignore.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import working_copy


def main() -> int:
    """Build; returns the exit status of ansible-galaxy."""
    target = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as copy:
        working_copy.copy_to(Path(copy))
        command = ["ansible-galaxy", "collection", "build", copy, "--output-path", str(target), "--force"]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
