# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A summary knows by name what the roles' tasks register."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.facts import MADE

ROOT = Path(__file__).parents[4]


def test_what_every_role_does_is_summed_up_and_compared_by_status():
    tasks = "\n".join(path.read_text() for path in ROOT.glob("roles/*/tasks/*.yml"))
    status = (ROOT / "playbooks" / "status.yml").read_text()
    # A kubeconfig is the user's own, and no part of what runs.
    assert {*re.findall(r"{{ (\w+_result) \|", status), "gke_cluster_kubeconfig_result"} == set(MADE)
    # By convention; what is only read has another name.
    assert set(re.findall(r"^ *register: (?!verify_)(\w+_result)$", tasks, re.MULTILINE)) == set(MADE)
