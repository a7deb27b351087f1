# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what AWX accepts, for the tests in tests/awx: record_awx.py COLLECTIONS PAYLOADS.

COLLECTIONS: a folder with ansible_collections/awx/awx, which the package ansible on PyPI holds. PAYLOADS: the folder
resources/api/VERSION of the repository ilijamt/terraform-provider-awx, which keeps the OPTIONS that an AWX answered.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "tests" / "awx" / "recorded"
MODULES = (
    "credential", "credential_type", "execution_environment", "inventory", "inventory_source",
    "inventory_source_update", "job_template", "notification_template", "project", "schedule", "workflow_job_template",
    "workflow_job_template_node",
)  # fmt: skip
RESOURCES = {
    "organizations": "organization", "credential_types": "credentialtype", "credentials": "credential",
    "execution_environments": "executionenvironment", "inventory": "inventory", "inventory_sources": "inventorysource",
    "job_templates": "jobtemplate", "notification_templates": "notificationtemplate", "projects": "project",
    "schedules": "schedule", "workflow_job_templates": "workflowjobtemplate",
}  # fmt: skip


class _Captured(Exception):
    """The argument spec of a module, instead of its run."""


def argument_specs(collections: Path) -> dict[str, Any]:
    """Module -> option -> its spec, as the modules hand them to AnsibleModule, beside those of authentication."""

    def capture(argument_spec: dict[str, Any], **_rules: Any) -> None:
        raise _Captured(argument_spec)

    sys.path.insert(0, str(collections))
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
        module.ControllerAPIModule = capture
        try:
            module.main()
        except _Captured as caught:
            found[name] = caught.args[0]
    return found


def post_fields(payloads: Path) -> dict[str, Any]:
    """Resource -> field -> what OPTIONS says of it under POST, without the words for people."""
    found = {}
    for resource, name in RESOURCES.items():
        fields = json.loads((payloads / f"payload/resource_{name}.json").read_text())["actions"]["POST"]
        kept = ("type", "required", "choices", "max_length", "min_value", "max_value")
        found[resource] = {
            field: {key: option[key] for key in kept if key in option} for field, option in fields.items()
        }
    return found


def write(name: str, recorded: dict[str, Any]) -> None:
    """Write one file of recordings."""
    (TARGET / name).write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    collections, payloads = (Path(word) for word in sys.argv[1:])
    manifest = json.loads((collections / "ansible_collections/awx/awx/MANIFEST.json").read_text())
    write("modules.json", {"awx.awx": manifest["collection_info"]["version"], "modules": argument_specs(collections)})
    root = json.loads((payloads / "api.json").read_text())
    write("api.json", {"awx": payloads.name, "root": root, "post": post_fields(payloads)})
