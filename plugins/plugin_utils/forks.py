# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the controller has memory for as many hosts at once as it is told to serve."""

from __future__ import annotations

import re
from pathlib import Path

HOST_MIB = 60
"""What a host's process takes beside what it shares with the controller (benchmarks/fleet.py)."""

_LIMIT = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
_MACHINE = Path("/proc/meminfo")


def free_mib() -> float | None:
    """Memory that this machine or its container has left; None where the system does not tell."""
    found = []
    try:
        available = re.search(r"^MemAvailable:\s+(\d+) kB", _MACHINE.read_text(encoding="ascii"), re.MULTILINE)
        found += [int(available[1]) / 1024] if available else []
    except (OSError, ValueError):
        pass
    try:
        most, used = (path.read_text(encoding="ascii").strip() for path in _LIMIT)
        found += [] if most == "max" else [(int(most) - int(used)) / 2**20]
    except (OSError, ValueError):
        pass
    return min(found, default=None)


def advice(forks: int, hosts: int, free: float | None) -> str | None:
    """What to do about processes that may not fit into the memory, in a line; None where they do."""
    at_once = min(forks, hosts)
    if free is None or at_once * HOST_MIB <= free:
        return None
    fits = max(1, int(free // HOST_MIB))
    return (
        f"{at_once} hosts at once may take {at_once * HOST_MIB} MiB of memory, and {int(free)} MiB are free; "
        f"run with --forks {fits} (ANSIBLE_FORKS), or in batches with -e llmops_serial={fits}"
    )
