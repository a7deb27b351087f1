# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment in which gcloud, kubectl and Hugging Face's clients use a sandbox, not the user's own set-up."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def variables(directory: Path, endpoints: dict) -> dict[str, str]:
    """Return the environment variables.

    gcloud keeps its state in the sandbox's directory and takes the sandbox's key. It has to be told the token endpoint
    as well: it takes its own default over the key's token_uri.
    """
    key = endpoints["service_account_file"]
    return {
        "CLOUDSDK_CONFIG": str(directory / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": endpoints["project"],
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
        "CLOUDSDK_CORE_SURVEY_PROMPTS": "0",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": key,
        "CLOUDSDK_AUTH_TOKEN_HOST": endpoints["token_uri"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": endpoints["container"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": endpoints["compute"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE": endpoints["service_usage"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER": endpoints["resource_manager"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDQUOTAS": endpoints["cloud_quotas"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_GKERECOMMENDER": endpoints["gke_recommender"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM": endpoints["iam"],
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": endpoints["storage"],
        "GOOGLE_APPLICATION_CREDENTIALS": key,
        "GOOGLE_CLOUD_PROJECT": endpoints["project"],
        "USE_GKE_GCLOUD_AUTH_PLUGIN": "True",
        "KUBECONFIG": str(directory / "kubeconfig"),
        "HF_ENDPOINT": endpoints["huggingface"],
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "LLMOPS_GKE_SANDBOX_DIR": str(directory),
    } | dict.fromkeys(("NO_PROXY", "no_proxy"), _without_proxy())


def exports(directory: Path, endpoints: dict) -> str:
    """Return the variables as lines for a shell to eval."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables(directory, endpoints).items())


def _without_proxy() -> str:
    """Return the hosts that are reached without a proxy: those set already, and loopback."""
    hosts = [host for host in (os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "").split(",") if host]
    return ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost", "127.0.0.0/8"]))
