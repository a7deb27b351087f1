# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job leaves as data, an automation controller gives to the next job of a workflow as extra variables."""

from __future__ import annotations

import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from ansible_collections.llmops.gke.plugins.plugin_utils.role_variables import JOB_DATA, read_roles, unknown_variables


def test_all_that_a_job_leaves_as_data_may_come_back_as_variables_of_the_next_one():
    left = {"llmops_status", *summarise([], 80, "")[1]}
    for file in ROOT.glob("roles/*/vars/main.yml"):
        left |= {
            name
            for variable, told in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items()
            if variable.endswith("_artifacts")
            for name in told
        }
    for file in ROOT.glob("roles/*/tasks/*.yml"):
        tasks = yaml.safe_load(file.read_text(encoding="utf-8")) or []
        left |= {name for task in tasks for name in (task.get("ansible.builtin.set_stats") or {"data": {}})["data"]}
    assert left == JOB_DATA
    assert unknown_variables(read_roles(ROOT / "roles"), left) == []
