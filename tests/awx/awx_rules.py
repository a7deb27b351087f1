# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of AWX that OPTIONS does not tell, after the serializers and models of AWX 24.6.1."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from jinja2 import StrictUndefined, UndefinedError, sandbox
from working_copy import ROOT

SURVEY_TYPES = {
    "text": str, "textarea": str, "password": str, "integer": int, "float": (int, float), "multiplechoice": str,
    "multiselect": list,
}  # fmt: skip
PROMPTS = {
    "limit": "ask_limit_on_launch",
    "job_tags": "ask_tags_on_launch",
    "skip_tags": "ask_skip_tags_on_launch",
    "job_type": "ask_job_type_on_launch",
    "inventory": "ask_inventory_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "extra_data": "ask_variables_on_launch",
}
NOTIFIED = {
    "job": {"status": "failed", "name": "LLM verify", "artifacts": {}},
    "url": "https://awx/#/jobs/playbook/7",
    "approval_node_name": "Approve?",
    "workflow_url": "https://awx/#/jobs/workflow/7",
    "approval_status": "running",
}
"""What a notification's text may use, of what AWX gives it."""
PLAYBOOK = re.compile(r"^\s*-?\s*(?:hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)
RRULE = re.compile(r"^DTSTART(;TZID=[^:]+)?:\d{8}T\d{6}Z? RRULE:FREQ=[A-Z]+;INTERVAL=\d+(;[A-Z]+=[^;]+)*$")
FORBIDDEN_VARIABLES = re.compile(r"^(ANSIBLE_|AWX_|TOWER_|PATH$|HOME$|PYTHONPATH$|LD_PRELOAD$)")


class Broken(Exception):
    """A rule that does not hold."""


def check(endpoint: str, values: dict[str, Any], find: Callable[[str, int], dict[str, Any]]) -> None:
    """Raise Broken where AWX would refuse the object. find(endpoint, id): another object."""
    if endpoint == "job_templates" and "playbook" in values:
        path = ROOT / values["playbook"]
        if not path.is_file() or not PLAYBOOK.search(path.read_text()):
            raise Broken(f"AWX would not list {values['playbook']} as a playbook of the project")
    if endpoint == "schedules" and not RRULE.match(values.get("rrule", "")):
        raise Broken(f"not a rule of recurrence that AWX takes: {values.get('rrule')}")
    if endpoint in ("schedules", "workflow_job_template_nodes") and values.get("unified_job_template"):
        template = find("job_templates", values["unified_job_template"])
        unasked = [name for name, ask in PROMPTS.items() if values.get(name) and not template.get(ask)]
        if unasked:
            raise Broken(f"{template['name']} does not ask for {unasked}")
    if endpoint == "credentials" and values.get("inputs"):
        known = find("credential_types", values["credential_type"])["inputs"]["fields"]
        if unknown := set(values["inputs"]) - {field["id"] for field in known}:
            raise Broken(f"{values['name']} has no inputs {unknown}")
    if endpoint == "credential_types":
        _check_injectors(values)
    if endpoint == "notification_templates":
        rendered(values["messages"])


def check_credentials(credentials: list[dict[str, Any]]) -> None:
    """A job takes one credential of each type."""
    types = [one["credential_type"] for one in credentials]
    if len(set(types)) != len(types):
        raise Broken("more than one credential of a type")


def check_survey(survey: dict[str, Any]) -> None:
    """Questions, as JobTemplateSurveySpec validates them."""
    for key, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(key), kind):
            raise Broken(f"survey: {key} is to be a {kind.__name__}")
    for question in survey["spec"]:
        for key, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
            if not isinstance(question.get(key), kind):
                raise Broken(f"survey: {key} of {question} is to be a {kind.__name__}")
        expected = SURVEY_TYPES[question["type"]]
        default = question.get("default", "")
        if default != "" and (not isinstance(default, expected) or isinstance(default, bool)):
            raise Broken(f"survey: the default of {question['variable']} is no {question['type']}")
        if question["type"].startswith("multi") and default not in question["choices"]:
            raise Broken(f"survey: {default} of {question['variable']} is none of the choices")


def rendered(messages: dict[str, Any], artifacts: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The bodies of a webhook's notifications, in their order; AWX would send {} for one that is no JSON."""
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    context = NOTIFIED | {"job": NOTIFIED["job"] | {"artifacts": artifacts or {}}}
    texts = []
    for event, message in messages.items():
        texts += [one["body"] for one in (message.values() if event == "workflow_approval" else [message])]
    try:
        return [json.loads(environment.from_string(text).render(**context)) for text in texts]
    except (UndefinedError, ValueError) as error:
        raise Broken(f"notification: {error}") from error


def _check_injectors(values: dict[str, Any]) -> None:
    known = {field["id"]: "EXAMPLE" for field in values["inputs"]["fields"]}
    environment = sandbox.ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for name, template in values["injectors"].get("env", {}).items():
        if FORBIDDEN_VARIABLES.match(name):
            raise Broken(f"AWX lets no credential set {name}")
        if environment.from_string(template).render(known) != "EXAMPLE":
            raise Broken(f"{values['name']}: {name} does not get the input")
