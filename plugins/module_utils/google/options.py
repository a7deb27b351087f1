# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs shared by the modules that speak to a Google API; documented in doc_fragments/google_auth.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import env_fallback

GOOGLE_AUTH: dict[str, dict[str, Any]] = {
    "auth_kind": {
        "type": "str",
        "choices": ["application", "serviceaccount", "accesstoken"],
        "fallback": (env_fallback, ["GCP_AUTH_KIND"]),
    },
    "service_account_file": {
        "type": "path",
        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_FILE", "GCE_CREDENTIALS_FILE_PATH"]),
    },
    "service_account_contents": {
        "type": "jsonarg",
        "no_log": True,
        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_CONTENTS"]),
    },
    "access_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GCP_ACCESS_TOKEN"])},
    "impersonate_service_account": {
        "type": "str",
        "fallback": (env_fallback, ["GCP_IMPERSONATE_SERVICE_ACCOUNT", "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"]),
    },
    "scopes": {
        "type": "list",
        "elements": "str",
        "default": ["https://www.googleapis.com/auth/cloud-platform"],
        "fallback": (env_fallback, ["GCP_SCOPES"]),
    },
    "container_api_endpoint": {
        "type": "str",
        "default": "https://container.googleapis.com/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"]),
    },
    "compute_api_endpoint": {
        "type": "str",
        "default": "https://compute.googleapis.com/compute/v1/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"]),
    },
    "resource_manager_api_endpoint": {
        "type": "str",
        "default": "https://cloudresourcemanager.googleapis.com/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER"]),
    },
    "service_usage_api_endpoint": {
        "type": "str",
        "default": "https://serviceusage.googleapis.com/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE"]),
    },
    "cloud_quotas_api_endpoint": {
        "type": "str",
        "default": "https://cloudquotas.googleapis.com/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDQUOTAS"]),
    },
    "gke_recommender_api_endpoint": {
        "type": "str",
        "default": "https://gkerecommender.googleapis.com/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_GKERECOMMENDER"]),
    },
    "iam_api_endpoint": {
        "type": "str",
        "default": "https://iam.googleapis.com/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM"]),
    },
    "storage_api_endpoint": {
        "type": "str",
        "default": "https://storage.googleapis.com/storage/v1/",
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"]),
    },
}


def google_auth_variables(options: Mapping[str, Any]) -> dict[str, str]:
    """What sets each of GOOGLE_AUTH: the inventory's variable, or the environment's where the value is from there.

    options: as they were given, with or without what the environment adds to them.
    """
    found = {}
    for name, option in GOOGLE_AUTH.items():
        value, variables = options.get(name), option["fallback"][1]
        there = next((each for each in variables if each in os.environ), None)
        from_there = there is not None and (value is None or str(value) == os.environ[there])
        found[name] = there if there is not None and from_there else f"llmops_google_auth.{name}"
    return found


PROJECT: dict[str, Any] = {
    "type": "str",
    "fallback": (env_fallback, ["GCP_PROJECT", "GCE_PROJECT", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"]),
}

PROJECT_READER: dict[str, Any] = {
    **GOOGLE_AUTH,
    "project": {**PROJECT, "required": True},
    "timeout": {"type": "int", "default": 120},
}
"""What every module that looks at a project has."""
