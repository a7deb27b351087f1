#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of deployment_summary, which is an action plugin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_summary
short_description: Tell what exists, where, what changed, what it costs and what to do next
version_added: 0.2.0
description:
  - Ends a playbook of this collection with a summary of what its tasks read and did. Two hosts at most have a block
    each; more of them are a table with a row for each host, also for one that failed, and a sum.
  - Runs on the controller and asks nobody. What is not registered by the roles of this collection in the same play is
    not told.
  - The same is data for an automation controller, as C(ansible.builtin.set_stats) leaves it, C(llmops_summary) and
    C(llmops_total), beside what a task had for it that failed after all, such as a verification whose limits were
    exceeded.
options:
  playbook:
    description: The playbook of this collection that it ends.
    type: str
    required: true
    choices: [deploy, verify, benchmark, status, teardown]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
extends_documentation_fragment:
  - llmops.gke.attributes
notes:
  - Give the task C(run_once), because it tells of all hosts. In the C(always) section of a block it tells of those that
    failed.
  - Where the output is not that of a callback that prints every result itself, the text is printed as it is; with
    the C(minimal), C(oneline) or C(json) callback it is in RV(msg) alone.
seealso:
  - module: llmops.gke.llm_report
author: The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Tell what a verification found
  llmops.gke.deployment_summary:
    playbook: verify
  run_once: true

- name: Deploy, and end with a summary whatever comes of it
  block:
    - name: Create or update the cluster
      ansible.builtin.import_role:
        name: llmops.gke.gke_cluster
  always:
    - name: Summary
      llmops.gke.deployment_summary:
        playbook: deploy
      run_once: true
"""

RETURN = r"""
msg:
  description: The text by lines.
  type: list
  elements: str
  returned: always
ansible_stats:
  description: What automation controllers keep of the run.
  type: dict
  returned: always
  contains:
    per_host:
      description: Always V(false). The data are of the whole run.
      type: bool
    aggregate:
      description: Always V(true). What the run has left before is kept.
      type: bool
    data:
      description: C(llmops_summary) and C(llmops_total).
      type: dict
      contains:
        llmops_summary:
          description: One entry for each host, by its name.
          type: dict
          contains:
            playbook:
              description: The playbook.
              type: str
            check:
              description: Whether it was a preview.
              type: bool
            state:
              description:
                - Such as V(serving), V(asleep), V(planned), V(as wanted), V(drifted), V(removed) or V(failed).
                - A status without drift is V(as wanted), V(asleep), V(not serving) if no replica is ready, or
                  V(rollout failed) if only pods of before are.
                - A deployment of which tags left nothing but preflight is V(checked).
              type: str
            project:
              description: Project of the cluster.
              type: str
            location:
              description: Region or zone of the cluster.
              type: str
            cluster:
              description: Name of the cluster.
              type: str
            namespace:
              description: Namespace of the model.
              type: str
            name:
              description: Name of the model's Deployment.
              type: str
            model:
              description: The model, by its name on the Hugging Face Hub.
              type: str
            engine:
              description: The model server.
              type: str
            address:
              description: Where the model answers, null where that was not seen.
              type: str
            exists:
              description: The cluster and its node pools, as far as they were read.
              type: list
              elements: str
            changes:
              description:
                - Resources that were, or would be, C(created), C(changed) and C(removed), and the sum as C(text).
              type: dict
            cost:
              description:
                - US dollars an C(hour) of the cluster with the host's own node pools, with C(least) and C(most) where
                  autoscaling may change it, what that is the cost C(of), and the date of the prices (C(as_of)).
                - C(beside) has the C(node_pools) of others on the cluster, and what they cost an C(hour) more.
                - Null where it is not known.
              type: dict
            latency:
              description:
                - Medians in seconds (C(ttft_seconds), C(tpot_seconds), C(e2e_seconds)), null where none were measured.
              type: dict
            verdict:
              description: Of the report, null where there is none.
              type: str
            kept:
              description:
                - What a teardown left alone, each with its C(resource), C(why), and the C(workloads) of others.
              type: list
              elements: dict
              returned: with O(playbook=teardown)
            reason:
              description: Why a model that status looked at does not serve or has a failed rollout, else null.
              type: str
            error:
              description: The first line of what the host failed with, else null.
              type: str
        llmops_total:
          description:
            - How many C(hosts), how many in each state (C(states)), the sum of all C(changes), and what all C(clusters)
              together cost an C(hour).
          type: dict
"""
