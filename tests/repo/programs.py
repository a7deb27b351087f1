# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's programs, as the tests of what is shipped run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def tool(name: str, *words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of ansible's programs."""
    # ansible refuses to start in the C locale.
    settings = {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", **environment}
    command = [str(Path(sys.executable).with_name(name)), *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | settings)
