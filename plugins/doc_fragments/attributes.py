# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module here says about itself: check mode, diff, idempotence, action group."""

from __future__ import annotations


class ModuleDocFragment:
    """A module states its ``support`` of each attribute; the meaning is written once, here."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Runs in check mode and predicts what it would change, without changing it.
  diff_mode:
    description: Returns what has changed, or would change in check mode, field by field.
  idempotent:
    description: Run twice in a row with the same arguments, the second run changes nothing.
"""

    ACTIONGROUP_GCP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/llmops.gke.gcp) in C(module_defaults) to set defaults for all modules that speak to Google APIs.
    support: full
    membership: [llmops.gke.gcp]
"""

    ACTIONGROUP_K8S = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/llmops.gke.k8s) in C(module_defaults) to set defaults for all modules that speak to Kubernetes.
    support: full
    membership: [llmops.gke.k8s]
"""

    ACTIONGROUP_LLM = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/llmops.gke.llm) in C(module_defaults) to set defaults for all modules that send requests to a model
        server.
    support: full
    membership: [llmops.gke.llm]
"""

    ACTIONGROUP_HF = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/llmops.gke.hf) in C(module_defaults) to set defaults for all modules that only speak to the Hugging
        Face Hub.
    support: full
    membership: [llmops.gke.hf]
"""

    ACTIONGROUP_REPORT = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/llmops.gke.report) in C(module_defaults) to set defaults for all modules that write reports.
    support: full
    membership: [llmops.gke.report]
"""
