# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write awx/import.json, which `awx import` takes, from the data in awx/; --check only says whether it is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

AWX = Path(__file__).resolve().parent.parent / "awx"
TARGET = AWX / "import.json"
FILES = ("settings", "credentials", "content", "surveys", "job_templates", "workflows", "schedules")


class _Loader(yaml.SafeLoader):
    """Takes Ansible's !unsafe for what it is: text."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def data() -> dict[str, Any]:
    """All variables of awx/, as the playbook has them."""
    found: dict[str, Any] = {}
    for name in FILES:
        # A SafeLoader with one more tag.
        found |= yaml.load((AWX / f"{name}.yml").read_text(), Loader=_Loader)
    return found


def assets(given: dict[str, Any]) -> dict[str, Any]:
    """The form of `awx export`: resource -> objects, which name each other by natural keys."""
    organization = {"name": given["awx_organization"], "type": "organization"}

    def key(kind: str, name: str) -> dict[str, Any]:
        return {"organization": organization, "name": name, "type": kind}

    environment = {"name": given["awx_execution_environment"]["name"], "type": "execution_environment"}
    project = key("project", given["awx_project"]["name"])
    inventory = key("inventory", given["awx_inventory"]["name"])
    types = {one["name"]: {"name": one["name"], "kind": one["kind"], "type": "credential_type"}
             for one in given["awx_credential_types"]}  # fmt: skip
    types["Google Compute Engine"] = {"name": "Google Compute Engine", "kind": "cloud", "type": "credential_type"}
    credentials = [key("credential", one["name"]) | {"credential_type": types[one["credential_type"]]}
                   for one in given["awx_credentials"]]  # fmt: skip
    alarm = key("notification_template", given["awx_notification"]["name"])

    def named(one: dict[str, Any], natural_key: dict[str, Any]) -> dict[str, Any]:
        return {"name": one["name"], "description": one["description"], "natural_key": natural_key}

    def survey(one: dict[str, Any]) -> dict[str, Any]:
        return {"survey_spec": given["awx_surveys"][one["survey"]]} if "survey" in one else {}

    def job_template(one: dict[str, Any]) -> dict[str, Any]:
        related = {"credentials": credentials, "notification_templates_error": [alarm] if one.get("alarm") else []}
        return named(one, key("job_template", one["name"])) | {
            "project": project,
            "inventory": inventory,
            "execution_environment": environment,
            "playbook": one["playbook"],
            "job_type": "run",
            "job_tags": one.get("job_tags", ""),
            "diff_mode": one.get("diff_mode", False),
            "ask_job_type_on_launch": one.get("ask_job_type_on_launch", False),
            "ask_limit_on_launch": True,
            "ask_skip_tags_on_launch": True,
            "ask_job_slice_count_on_launch": True,
            "survey_enabled": "survey" in one,
            "related": related | survey(one),
        }

    def node(workflow: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
        def node_key(identifier: str) -> dict[str, Any]:
            mine = key("workflow_job_template", workflow["name"])
            return {"workflow_job_template": mine, "identifier": identifier, "type": "workflow_job_template_node"}

        related: dict[str, Any] = {f"{outcome}_nodes": [node_key(name) for name in one.get(outcome, [])]
                                   for outcome in ("success", "failure", "always")}  # fmt: skip
        if "approval" in one:
            related["create_approval_template"] = {"name": one["approval"], "timeout": one["timeout"]}
        return {
            "identifier": one["identifier"],
            "natural_key": node_key(one["identifier"]),
            **({"unified_job_template": key("job_template", one["job_template"])} if "job_template" in one else {}),
            **{prompt: one[prompt] for prompt in ("job_type", "skip_tags") if prompt in one},
            "related": related,
        }

    def workflow(one: dict[str, Any]) -> dict[str, Any]:
        related = {
            "workflow_nodes": [node(one, each) for each in one["nodes"]],
            "notification_templates_error": [alarm] if one.get("alarm") else [],
            "notification_templates_approvals": [alarm],
        }
        return named(one, key("workflow_job_template", one["name"])) | {
            "organization": organization,
            "ask_limit_on_launch": True,
            "survey_enabled": True,
            "related": related | survey(one),
        }

    source = given["awx_inventory_source"]
    notification = given["awx_notification"]
    return {
        "execution_environments": [
            named(given["awx_execution_environment"], environment)
            | {
                "organization": organization,
                "image": given["awx_execution_environment_image"],
                "pull": "missing",
            }
        ],
        "projects": [
            named(given["awx_project"], project)
            | {
                "organization": organization,
                "default_environment": environment,
                "scm_type": "git",
                "scm_url": given["awx_project_url"],
                "scm_branch": given["awx_project_branch"],
                "scm_update_on_launch": True,
            }
        ],
        "credential_types": [
            named(one, types[one["name"]]) | {name: one[name] for name in ("kind", "inputs", "injectors")}
            for one in given["awx_credential_types"]
        ],
        "credentials": [
            named(one, natural_key) | {"organization": organization, "credential_type": types[one["credential_type"]]}
            for one, natural_key in zip(given["awx_credentials"], credentials, strict=True)
        ],
        "inventory": [named(given["awx_inventory"], inventory) | {"organization": organization, "kind": ""}],
        "inventory_sources": [
            named(source, key("inventory_source", source["name"]) | {"inventory": inventory})
            | {
                "inventory": inventory,
                "execution_environment": environment,
                "source": "scm",
                "source_project": project,
                "source_path": given["awx_inventory_path"],
                "overwrite": True,
                "overwrite_vars": True,
                "update_on_launch": True,
            }
        ],
        "notification_templates": [
            named(notification, alarm)
            | {
                "organization": organization,
                "notification_type": notification["notification_type"],
                "notification_configuration": {
                    "url": given["awx_notification_url"],
                    "http_method": "POST",
                    "headers": {},
                    "disable_ssl_verification": False,
                    "username": "",
                    "password": "",
                },
                "messages": notification["messages"],
            }
        ],
        "job_templates": [job_template(one) for one in given["awx_job_templates"]],
        "workflow_job_templates": [workflow(one) for one in given["awx_workflows"]],
        "schedules": [
            {
                "name": one["name"],
                "description": one["description"],
                "natural_key": {
                    "unified_job_template": key("job_template", one["job_template"]),
                    "name": one["name"],
                    "type": "schedule",
                },
                "unified_job_template": key("job_template", one["job_template"]),
                "rrule": one["rrule"],
                "enabled": given["awx_schedules_enabled"],
            }
            for one in given["awx_schedules"]
        ],
    }


def main(arguments: list[str]) -> int:
    """Write the file, or return 1 where --check finds it stale."""
    text = json.dumps(assets(data()), indent=2) + "\n"
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    if "--check" in arguments:
        print(f"{TARGET.relative_to(AWX.parent)} is stale: run scripts/awx_import.py")
        return 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
