#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a role of a project or of a bucket to one more member, or takes it away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_iam_member
short_description: Give a role of a project or of a bucket to a member, or take it away
version_added: 0.2.0
description:
  - Adds one member to one role of a project or of a Cloud Storage bucket, or removes it. Every other binding stays as
    it is, conditional ones too.
  - The policy is written with the etag that it was read with, so that nobody else's change at the same time is lost.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  project:
    description: Id of the Google Cloud project.
    type: str
    required: true
  bucket:
    description:
      - Name of a Cloud Storage bucket, without C(gs://). Only its IAM policy is changed, and the project's is not.
      - O(project) is then the one of the Kubernetes service account. The bucket may be in another one.
    type: str
  role:
    description: The role, such as V(roles/monitoring.viewer).
    type: str
    required: true
  member:
    description: Who is to have it, such as V(user:someone@example.com) or V(principal://...).
    type: str
  kubernetes_service_account:
    description:
      - A service account of the project's clusters that is to have it, by workload identity federation for GKE. No
        Google service account and no key is needed.
    type: dict
    suboptions:
      namespace:
        description: Namespace of the Kubernetes service account.
        type: str
        required: true
      name:
        description: Name of the Kubernetes service account.
        type: str
        required: true
  state:
    description: Whether the member is to have the role.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Let the metrics adapter read Cloud Monitoring
  llmops.gke.gcp_iam_member:
    project: my-project
    role: roles/monitoring.viewer
    kubernetes_service_account:
      namespace: custom-metrics
      name: custom-metrics-stackdriver-adapter

- name: Let the model's pods read the bucket with its weights
  llmops.gke.gcp_iam_member:
    project: my-project
    bucket: my-models
    role: roles/storage.objectViewer
    kubernetes_service_account:
      namespace: default
      name: mistral-7b
"""

RETURN = r"""
role:
  description: The role.
  returned: success
  type: str
member:
  description: The member, in IAM's form.
  returned: success
  type: str
members:
  description: All who have the role without a condition.
  returned: success
  type: list
  elements: str
plan:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: dict
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
from ..module_utils.engines.google.gcp_iam_member import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
