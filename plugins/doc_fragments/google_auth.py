# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that speaks to a Google API."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/google/options.py for the argument spec that agrees with it."""

    DOCUMENTATION = r"""
options:
  auth_kind:
    description:
      - Which credentials to use. Where it is left out, what is given decides - O(access_token), then
        O(service_account_contents) or O(service_account_file), else C(application).
      - V(application) is Google's application default credentials.
    type: str
    choices: [application, serviceaccount, accesstoken]
  service_account_file:
    description: Path of a service account's key in JSON.
    type: path
  service_account_contents:
    description: A service account's key in JSON, as text or as a dictionary.
    type: jsonarg
  access_token:
    description: An OAuth 2.0 access token. It cannot be refreshed, so it must outlive the task.
    type: str
  impersonate_service_account:
    description:
      - Email of a service account to act as; the credentials need C(roles/iam.serviceAccountTokenCreator) on it.
    type: str
  scopes:
    description: OAuth 2.0 scopes to ask for.
    type: list
    elements: str
    default: [https://www.googleapis.com/auth/cloud-platform]
  container_api_endpoint:
    description: Base URL of the GKE API, for private endpoints and for the sandbox.
    type: str
    default: https://container.googleapis.com/
  compute_api_endpoint:
    description: Base URL of the Compute Engine API.
    type: str
    default: https://compute.googleapis.com/compute/v1/
  resource_manager_api_endpoint:
    description: Base URL of the Resource Manager API.
    type: str
    default: https://cloudresourcemanager.googleapis.com/
  service_usage_api_endpoint:
    description: Base URL of the Service Usage API.
    type: str
    default: https://serviceusage.googleapis.com/
  cloud_quotas_api_endpoint:
    description: Base URL of the Cloud Quotas API.
    type: str
    default: https://cloudquotas.googleapis.com/
  gke_recommender_api_endpoint:
    description: Base URL of the API of GKE Inference Quickstart.
    type: str
    default: https://gkerecommender.googleapis.com/
  iam_api_endpoint:
    description: Base URL of the IAM API.
    type: str
    default: https://iam.googleapis.com/
  storage_api_endpoint:
    description: Base URL of the Cloud Storage API.
    type: str
    default: https://storage.googleapis.com/storage/v1/
notes:
  - Credentials are taken from the environment where the option is left out, by the names that AWX's Google Compute
    Engine credential and the C(google.cloud) collection use.
"""
