# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of tasks in check mode as a list of what differs; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
name: differences
short_description: List what differs from the inventory
version_added: 0.2.0
author: The llmops.gke engineers (@llmops)
description:
  - Takes the results of tasks of this collection that ran in check mode, and lists the resources that they would
    create, change or remove.
options:
  _input:
    description:
      - Results of tasks, as they are registered. Those of loops are taken one by one, and those of skipped tasks are
        left out.
    type: list
    elements: raw
    required: true
"""

EXAMPLES = r"""
- name: Compare the cluster with the inventory
  ansible.builtin.import_role:
    name: llmops.gke.gke_cluster
  vars:
    llmops_compare_only: true
  check_mode: true

- name: Show what differs
  ansible.builtin.debug:
    msg: "{{ [gke_cluster_result] | llmops.gke.differences }}"
"""

RETURN = r"""
_value:
  description: One entry for each resource that differs, in the order of the tasks.
  type: list
  elements: dict
  contains:
    resource:
      description: Kind and name of the resource, such as C(Deployment default/mistral-7b).
      type: str
    state:
      description:
        - V(missing) where the resource is not there, V(drifted) where fields differ, V(left over) where the tasks would
          remove it.
        - V(unknown) where a task failed and compared nothing.
      type: str
    changes:
      description: Fields that differ, each with C(field), C(before) (as it is) and C(after) (as the inventory has it).
      type: list
      elements: dict
    message:
      description: What the tasks would do where no field tells it, or why nothing was compared.
      type: str
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.workflows.differences import differences


def _differences(value: Any) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    if not isinstance(value, list):
        raise AnsibleFilterError("differences: the input is no list of results")
    return differences(value)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"differences": _differences}
