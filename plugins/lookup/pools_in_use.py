# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node pools others use, as plain data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pools_in_use
short_description: Find the node pools that others use
version_added: 0.2.0
description:
  - Selects those of a cluster's node pools that other hosts of the inventory have, or on whose nodes pods run that are
    not about to go.
  - What other hosts have is resolved from their variables and the defaults of this collection's roles. A variable that
    cannot be resolved counts as one that may be the same.
  - Pods of DaemonSets, static pods and pods that have ended do not count.
author: The llmops.gke engineers (@llmops)
options:
  _terms:
    description: Names of node pools of the cluster that the variables of this host name.
    type: list
    elements: str
    required: true
  hosts:
    description: The other hosts, by their names in the inventory.
    type: list
    elements: str
    default: []
  objects:
    description: Nodes and pods of the cluster, as M(llmops.gke.k8s_info) gives them.
    type: list
    elements: dict
    default: []
  ours:
    description: Workloads that are about to go, each as C(NAMESPACE/NAME).
    type: list
    elements: str
    default: []
  helpers:
    description: Regular expression that matches, from the start, C(NAMESPACE/NAME) of workloads that do not count.
    type: str
    default: ""
seealso:
  - module: llmops.gke.gke_node_pools
"""

EXAMPLES = r"""
- name: Read nodes and pods
  llmops.gke.k8s_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    kinds:
      - {kind: Node}
      - {kind: Pod}
  register: found

- name: Show who else uses a GPU node pool
  ansible.builtin.debug:
    msg: >-
      {{ query('llmops.gke.pools_in_use', 'mistral-gpu-pool', hosts=groups.all | difference([inventory_hostname]),
               objects=found.resources) }}
"""

RETURN = r"""
_raw:
  description: The pools that are in use, in the order of the terms.
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pool.
      type: str
    hosts:
      description: Hosts of the inventory that have it.
      type: list
    workloads:
      description: What has pods on its nodes, each as C(NAMESPACE/NAME).
      type: list
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template

from ..module_utils.workflows.node_pools.users import pools_in_use
from ..plugin_utils.role_variables import read_roles

_ROLES = Path(__file__).absolute().parents[2] / "roles"
_PLACE = ("llmops_project", "llmops_location", "llmops_cluster")
_POOLS = ("gpu_nodepool_name", "gpu_nodepool_on_demand_name")


class LookupModule(LookupBase):
    """The pools, of those that the terms name."""

    def run(
        self,
        terms: Iterable[str],
        variables: Mapping[str, Any] | None = None,
        hosts: Iterable[str] = (),
        objects: Iterable[Mapping[str, Any]] = (),
        ours: Iterable[str] = (),
        helpers: str = "",
    ) -> list[dict[str, Any]]:
        """See RETURN."""
        variables = variables or {}
        defaults = self._defaults()
        others = {}
        # The filter difference gives them in no order.
        for host in sorted(hosts):
            known = {**defaults, **variables["hostvars"].raw_get(host)}
            told = [[self._value(name, known) for name in names] for names in (_PLACE, _POOLS)]
            others[str(host)] = dict(zip(("place", "pools"), told, strict=True))
        known = {**defaults, **variables}
        place = [self._value(name, known) for name in _PLACE]
        return pools_in_use(map(str, terms), place, others, objects, set(ours), helpers)

    @staticmethod
    def _defaults() -> dict[str, Any]:
        options = [role.options for role in read_roles(_ROLES).values()]
        found = {name: spec["default"] for each in options for name, spec in each.items() if "default" in spec}
        return {name: trust_as_template(value) if isinstance(value, str) else value for name, value in found.items()}

    def _value(self, name: str, variables: Mapping[str, Any]) -> str | None:
        """A variable as text; None where it cannot be resolved."""
        try:
            return str(self._templar.copy_with_new_env(available_variables=variables).template(variables[name]))
        except (AnsibleError, KeyError):
            return None
