#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks whether a project allows what is planned."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_preflight
short_description: Find what would keep a cluster and its node pools from being made
version_added: 0.1.0
description:
  - Reads the project side by side and returns everything that stands in the way of a plan, each with the way out,
    and what the plan would cost. Nothing is created or changed.
  - It does not fail by its findings, so that a play can refuse them together with whatever else it finds.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  project:
    description: Id of the Google Cloud project.
    type: str
    required: true
  location:
    description: Region or zone of the cluster.
    type: str
    required: true
  cluster:
    description: Name of the cluster, which may be there already.
    type: str
    required: true
  node_pools:
    description:
      - Node pools, in the options of M(llmops.gke.gke_node_pool). Names, locations and whether they are tried in order,
        sizes, machine types, accelerators, disks and local SSDs are looked at.
    type: list
    elements: dict
    default: []
  replicas:
    description:
      - Replicas of the model that is to run on these pools, held against the quota of their GPUs by the check
        V(quota) - an error where O(replicas.min_replicas) do not fit, a warning where O(replicas.max_replicas) do not.
    type: dict
    suboptions:
      accelerator_type:
        description: Type of GPU that they run on.
        type: str
        required: true
      gpus:
        description: Number of GPUs that each replica needs.
        type: int
        default: 1
      min_replicas:
        description: Minimum number of replicas to serve with.
        type: int
        default: 1
      max_replicas:
        description: Replicas that the autoscaler may ask for.
        type: int
        default: 1
  network:
    description: VPC network of the cluster, by name or path.
    type: str
    default: default
  subnetwork:
    description: Subnetwork of the cluster, by name or path.
    type: str
    default: default
  kubernetes_version:
    description: Version that the cluster is to be created with, or its beginning such as V(1.35).
    type: str
  ip_ranges:
    description:
      - Ranges of addresses that the cluster will take, each by what it is for, such as V(pods), in CIDR notation. They
        must not overlap each other or a subnetwork of the network.
    type: dict
    default: {}
  prices:
    description:
      - Prices in US dollars an hour that replace the built-in list prices of us-central1. Names are a machine type for
        the whole machine, a type of accelerator, V(cluster), a family's vCPU and GB of memory such as V(g2.cpu) and
        V(g2.memory_gb), and a GB of disk such as V(pd-balanced) and V(local-ssd).
      - V(spot) is the share of its price that a spot machine costs.
    type: dict
    default: {}
  permissions:
    description:
      - Permissions that are needed beside those of every deployment, for the check V(permissions); such as
        V(resourcemanager.projects.setIamPolicy) where a role is to be given in the project.
    type: list
    elements: str
    default: []
  skip:
    description: Checks that are not wanted.
    type: list
    elements: str
    choices: [apis, permissions, quota, zones, shapes, names, networks, versions, price]
    default: []
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
notes:
  - What a check needs and the caller may not read is a finding of its own; it says which checks to turn off.
seealso:
  - module: llmops.gke.gcp_quota_info
  - module: llmops.gke.gcp_zone_info
  - module: llmops.gke.hf_model_info
"""

EXAMPLES = r"""
- name: Look before anything is paid for
  llmops.gke.gcp_preflight:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    node_pools:
      - name: mistral-gpu-pool
        locations: [us-central1-a]
        initial_node_count: 1
        config:
          machine_type: g2-standard-12
          accelerators:
            - accelerator_type: nvidia-l4
              accelerator_count: 1
    skip: [networks]
  register: looked

- name: Go on only if nothing stands in the way
  ansible.builtin.assert:
    that: looked.findings | selectattr('severity', 'equalto', 'error') | length == 0
    fail_msg: "{{ looked.findings | map(attribute='text') | list }}"
"""

RETURN = r"""
findings:
  description: What was found, in the order of the checks; empty where nothing stands in the way.
  returned: success
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check, by which O(skip) turns it off.
      type: str
    severity:
      description: V(error) where the plan cannot work, V(warning) where it works but not to its full extent.
      type: str
    message:
      description: What is wrong.
      type: str
    fix:
      description: What to do about it.
      type: str
    text:
      description: All of it in one line.
      type: str
price:
  description:
    - Cost in US dollars with the nodes that the pools have at least, at the start and at most. Where the least replicas
      need more GPUs than these have, the nodes that they bring count too. Discounts, network and logs are not in it.
      Empty where it was not asked for.
  returned: success
  type: dict
  contains:
    currency:
      description: Always V(USD).
      type: str
    complete:
      description: Whether every pool's price is known.
      type: bool
    node_hour:
      description: Cost of one node of each pool in an hour.
      type: dict
    least:
      description: Cost at the least, C(hour) and C(month) of 730 hours.
      type: dict
    start:
      description: Cost with the first nodes.
      type: dict
    most:
      description: Cost at the pools' largest size.
      type: dict
checked:
  description: The checks that were made.
  returned: success
  type: list
  elements: str
duration:
  description: Seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Requests that were sent.
  returned: success
  type: int
error:
  description: What failed, for programs to read; C(kind) tells failures apart.
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.google.gcp_preflight import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
