# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the GKE modules share: options as a task gives them, and the API's answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.unit.fake_http import Reply, google_error

PROJECT, LOCATION, CLUSTER, POOL = "demo-project", "us-central1", "mistral", "gpu"
PARENT = f"/v1/projects/{PROJECT}/locations/{LOCATION}"
CLUSTER_PATH = f"{PARENT}/clusters/{CLUSTER}"
POOL_PATH = f"{CLUSTER_PATH}/nodePools/{POOL}"
OPERATION_PATH = f"{PARENT}/operations/operation-1"
NOT_FOUND = google_error(404, "NOT_FOUND", "Not found.")
DONE = {"name": "operation-1", "status": "DONE"}


def options(spec: Mapping[str, Any], url: str = "http://127.0.0.1:9", **given: Any) -> dict[str, Any]:
    """A task's options as the engine sees them: checked, with their defaults, and None where not given."""
    place = {"project": PROJECT, "location": LOCATION, "access_token": "token", "container_api_endpoint": url}
    # As Ansible hands them over: no two mappings are the same object, which the validator would fill in twice.
    validated = ArgumentSpecValidator(dict(spec)).validate({**place, **json.loads(json.dumps(given))})
    assert not validated.error_messages, validated.error_messages
    return validated.validated_parameters


def running(resource: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A resource that is settled."""
    return {"name": POOL, "status": "RUNNING", **(resource or {}), **fields}


def operation(status: str = "RUNNING", target: str = CLUSTER_PATH, **fields: Any) -> dict[str, Any]:
    """An operation on a resource, by the path of it; GKE writes the project's number there."""
    link = "https://container.googleapis.com" + target.replace(PROJECT, "123456789012")
    return {"name": "operation-1", "status": status, "targetLink": link, **fields}


def busy(name: str = "operation-7") -> Reply:
    """The refusal of a cluster at work."""
    return google_error(400, "FAILED_PRECONDITION", f"Cluster is running incompatible operation {name}.")
