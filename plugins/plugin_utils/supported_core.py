# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of ansible-core that the collection is tested with. ansible itself only warns of others."""

from __future__ import annotations

import re

from ansible.errors import AnsibleError

LOWEST = "2.19.1"
"""As ``requires_ansible`` in meta/runtime.yml has it."""


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def refuse_older(version: str) -> None:
    """Raise AnsibleError where a version of ansible-core, such as ``2.18.5``, is older than the lowest."""
    if _numbers(version) < _numbers(LOWEST):
        raise AnsibleError(f"llmops.gke needs ansible-core {LOWEST} or newer, and this is {version}")
