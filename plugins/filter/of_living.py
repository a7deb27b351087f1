# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes events about objects that are still there; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
name: of_living
short_description: Select the events of objects that are still there
version_added: 0.2.0
author: The llmops.gke engineers (@llmops)
description:
  - Leaves out the events about objects that are gone, which a cluster keeps for an hour. An object that was made anew
    under the same name is another one.
positional: objects, kinds
options:
  _input:
    description: Events, as M(llmops.gke.k8s_info) gives them.
    type: list
    elements: dict
    required: true
  objects:
    description: The objects that are there.
    type: list
    elements: dict
    required: true
  kinds:
    description: The kinds of which O(objects) has all. Events about others are kept.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the events of pods that are there
  ansible.builtin.debug:
    msg: "{{ events.resources | llmops.gke.of_living(pods.resources, ['Pod']) | map(attribute='message') }}"
"""

RETURN = r"""
_value:
  description: The events of living objects, in their order.
  type: list
  elements: dict
"""

from typing import Any

from ..module_utils.kubernetes.diagnosis.events import of_living


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"of_living": of_living}
