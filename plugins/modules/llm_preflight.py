#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks whether what the roles are about to deploy can work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_preflight
short_description: Refuse a deployment that cannot work, before anything is created
version_added: 0.2.0
description:
  - Holds the plan of a deployment against rules of values and combinations, asks the Google Cloud project whether it
    allows what is planned, and asks the Hugging Face Hub whether the model may be read and fits the GPUs. All of it is
    read side by side. Nothing is created or changed.
  - Fails with everything that stands in the way, one line each, with the variable of the inventory and the way out.
  - Quotas are held against what all hosts of the run need in the project and the region. A cluster that several hosts
    share counts once.
  - Says what the deployment would cost.
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
  plan:
    description:
      - What is about to be deployed for this host, as M(llmops.gke.deployment_plan) returns it.
      - The play must have the roles that deploy it, by C(roles) or C(import_role).
    type: dict
    required: true
  plans:
    description:
      - The plans of all hosts of the run, as mappings or as JSON text. This host's own may be among them.
      - As text they are handed from host to host at a fraction of the cost.
    type: list
    elements: raw
    default: []
  token:
    description:
      - Access token of the Hugging Face Hub. Gated and private models need one.
      - Taken from E(HF_TOKEN) where the option is left out.
    type: str
  endpoint:
    description:
      - Base URL of the Hugging Face Hub.
      - Taken from E(HF_ENDPOINT) where the option is left out.
    type: str
    default: https://huggingface.co
  prices:
    description:
      - Prices in US dollars an hour that replace list prices of us-central1. Names are a machine type for the whole
        machine, a type of accelerator, V(cluster), a family's vCPU and GB of memory such as V(g2.cpu) and
        V(g2.memory_gb), and a GB of disk such as V(pd-balanced) and V(local-ssd).
      - V(spot) is the share of its price that a Spot machine costs.
    type: dict
    default: {}
  skip:
    description:
      - Names of checks to leave out. Rules of values and combinations cannot be left out.
      - V(model) is the question to the Hub and the length of verify's requests, V(targets) the question to Google's
        measurements, V(variables) the search for variables that no role knows and for misspelt ones of the model
        server, V(exposure) the warning of a model that anybody on the internet can use, V(rollout) the one of an update
        that lacks a GPU.
    type: list
    elements: str
    choices:
      - apis
      - permissions
      - accounts
      - quota
      - zones
      - shapes
      - names
      - networks
      - egress
      - weights
      - versions
      - gateway
      - price
      - model
      - targets
      - variables
      - exposure
      - rollout
    default: []
  fail:
    description: Whether to fail where something stands in the way. Otherwise RV(findings) and RV(msg) tell it.
    type: bool
    default: true
  timeout:
    description: Maximum number of seconds for the task.
    type: int
    default: 120
notes:
  - Data that a check needs and that the caller may not read is a finding of its own, with the checks to leave out.
seealso:
  - module: llmops.gke.deployment_plan
  - module: llmops.gke.gcp_quota_info
  - module: llmops.gke.gcp_zone_info
  - module: llmops.gke.gke_inference_quickstart_info
  - module: llmops.gke.hf_model_info
"""

EXAMPLES = r"""
- name: Resolve and validate the options of every role in the play
  llmops.gke.deployment_plan:
  register: planned

- name: Refuse what cannot work
  llmops.gke.llm_preflight:
    plan: "{{ planned.plan }}"
    skip: [networks]

- name: Report what stands in the way
  llmops.gke.llm_preflight:
    plan: "{{ planned.plan }}"
    fail: false
  register: looked
"""

RETURN = r"""
findings:
  description:
    - What was found.
  returned: success
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check, by which O(skip) turns it off; V(rules) for rules.
      type: str
    severity:
      description: V(error) where the plan cannot work, V(warning) where it works but not to its full extent.
      type: str
    variable:
      description: Variable of the inventory that is to blame, or null.
      type: str
    message:
      description: What is wrong.
      type: str
    fix:
      description: What to do about it.
      type: str
msg:
  description: All errors, one line each.
  returned: when something stands in the way
  type: str
price:
  description:
    - Cost in US dollars with the nodes that the pools have at least, at the start and at most. Where the least replicas
      need more GPUs than these have, the nodes that they bring count too. Discounts, network and logs are not in it.
      Null where it was not asked for.
  returned: success
  type: dict
  contains:
    currency:
      description: Always V(USD).
      type: str
    as_of:
      description: Date of the list prices.
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
model:
  description: What M(llmops.gke.hf_model_info) returns for the model. Empty where it was not asked for.
  returned: success
  type: dict
advice:
  description: Whether C(llmops_targets) can be reached, by Google's own measurements. Null where there are no targets.
  returned: success
  type: dict
  contains:
    targets:
      description: The targets in words.
      type: str
    reaches:
      description: Whether the chosen GPU and model server can reach them. Null where it is not known.
      type: bool
    chosen:
      description: What was measured of these, in the form of RV(advice.proposal). Null where they cannot reach them.
      type: dict
    proposal:
      description:
        - What this collection can deploy, reaches the targets and costs least, where the chosen ones do not.
        - As a profile of M(llmops.gke.gke_inference_quickstart_info), with the C(figures) that count, C(replicas) for
          the wanted rate of requests and their price in an hour (C(hour)).
      type: dict
    unknown:
      description: Why it is not known, such as that the API is off, or null.
      type: str
    text:
      description: All of it in a sentence.
      type: str
notes:
  description: The price and reachable targets as sentences, which are also shown while the play runs.
  returned: where they are known
  type: list
  elements: str
checked:
  description: Names of the checks that were made.
  returned: success
  type: list
  elements: str
duration:
  description: Seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Number of requests that were sent.
  returned: success
  type: int
error:
  description: What failed, for programs to read. C(kind) tells failures apart; V(plan_refused) comes with
    C(findings), the C(check) and C(variable) of each line of RV(msg).
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_preflight import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
