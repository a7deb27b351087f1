# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of YAML in the documents can be pasted: its modules, options, roles and variables are there."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import pytest
import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.plugin_utils.plan_values import check
from ansible_collections.llmops.gke.plugins.plugin_utils.role_variables import read_roles
from llmops_gke_sandbox.config import Config
from tests.repo.documents import Shown, blocks

ROLES = read_roles(ROOT / "roles")
OPTIONS = {name: spec for role in ROLES.values() for name, spec in role.options.items()}
# Read by the inventories and playbooks themselves.
OF_PLAYBOOKS = {
    "llmops_google_auth", "llmops_confirm_teardown", "llmops_sandbox_state", "llmops_sandbox_config", "llmops_serial",
    "llmops_status_fail_on_drift",
    "awx_execution_environment_image",
}  # fmt: skip
PLAY = {
    "hosts", "gather_facts", "roles", "vars", "tasks", "name", "module_defaults", "collections", "serial",
    "max_fail_percentage",
}  # fmt: skip
# Variables that hold options of a module.
OF_MODULES = {
    "gke_cluster_fields": "gke_cluster",
    "gke_cluster_pool_fields": "gke_node_pool",
    "gpu_nodepool_fields": "gke_node_pool",
}
COLLECTION = "llmops.gke."


def faults_of_variables(variables: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with variables: their names, and values that are no templates."""
    for name, value in variables.items():
        if name in OPTIONS:
            if "{{" not in str(value):
                yield from check(name, value, OPTIONS[name])[1]
            if name in OF_MODULES and isinstance(value, Mapping):
                yield from faults_of_options(name, value, spec_of(OF_MODULES[name]))
        # Internal ones stand in a role's README where a default names them.
        elif name not in OF_PLAYBOOKS and not name.startswith("__"):
            yield f"no role has the variable {name}"


def spec_of(module: str) -> Mapping[str, Any]:
    path = f"ansible_collections.llmops.gke.plugins.modules.{module}"
    spec: Mapping[str, Any] = importlib.import_module(path).SPEC.argument_spec
    return spec


def faults_of_options(path: str, given: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """Options, at any depth, that a module does not have."""
    for name, value in given.items():
        if name not in spec:
            yield f"{path} has no option {name}"
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping) and "options" in spec[name]:
                yield from faults_of_options(f"{path}.{name}", one, spec[name]["options"])


def faults_of_task(task: Mapping[str, Any]) -> Iterator[str]:
    for name, given in task.items():
        if name.startswith(COLLECTION):
            module = name.removeprefix(COLLECTION)
            if not (ROOT / "plugins" / "modules" / f"{module}.py").exists():
                yield f"no module {name}"
                continue
            yield from faults_of_options(name, given or {}, spec_of(module))
        elif name == "ansible.builtin.import_playbook":
            if not (ROOT / "playbooks" / f"{given.removeprefix(COLLECTION)}.yml").exists():
                yield f"no playbook {given}"
            yield from faults_of_variables(task.get("vars", {}))
        elif name == "ansible.builtin.import_role" or name == "ansible.builtin.include_role":
            yield from faults_of_role(given["name"])


def faults_of_role(role: str | Mapping[str, Any]) -> Iterator[str]:
    name = role if isinstance(role, str) else role["role"]
    if name.removeprefix(COLLECTION) not in ROLES:
        yield f"no role {name}"
    if not isinstance(role, str):
        yield from faults_of_variables(role.get("vars", {}))


def faults_of_play(play: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"no key of a play: {key}" for key in set(play) - PLAY)
    yield from faults_of_variables(play.get("vars", {}))
    for role in play.get("roles", ()):
        yield from faults_of_role(role)
    for task in play.get("tasks", ()):
        yield from faults_of_task(task)


def faults(block: Shown) -> list[str]:
    """What is wrong with a block."""
    found: list[str] = []
    for document in yaml.safe_load_all(block.text):
        if isinstance(document, list):
            for item in document:
                found += faults_of_play(item) if "hosts" in item else faults_of_task(item)
        elif "platforms" in document:
            # A scenario of Molecule, which tests/playbooks/test_ci.py runs.
            found += [] if document["scenario"]["test_sequence"] else ["a scenario without a sequence"]
        elif "apiVersion" in document:
            found += [] if document.get("kind") else ["a manifest without kind"]
        elif set(document) == {"collections"}:
            known = {"name", "version", "source", "type", "signatures"}
            found += [f"a requirement has no {key}" for one in document["collections"] for key in set(one) - known]
        elif block.document.parts[0] == "sandbox":
            known = {field.name for field in fields(Config)} | {"kubernetes"}
            found += [f"the sandbox has no setting {name}" for name in document if name not in known]
        else:
            found += faults_of_variables(document)
    return found


BLOCKS = blocks("yaml")


def test_there_are_blocks():
    assert len(BLOCKS) > 10


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_what_a_block_names_is_there(block):
    assert faults(block) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("gpu_nodepool_max_node_cuont: 4", "no role has the variable gpu_nodepool_max_node_cuont"),
        ("llmops_zones: {a: b}", "llmops_zones"),
        (
            "gke_cluster_fields: {maintenance_policy: {windows: {}}}",
            "gke_cluster_fields.maintenance_policy has no option",
        ),
        ("gke_cluster_pool_fields: {taints: []}", "gke_cluster_pool_fields has no option taints"),
        ("collections: [{nam: llmops.gke}]", "a requirement has no nam"),
        ("- llmops.gke.k8s_infos: {kind: Pod}", "no module llmops.gke.k8s_infos"),
        ("- llmops.gke.k8s_info: {knid: Pod}", "llmops.gke.k8s_info has no option knid"),
        ("- {hosts: all, roles: [llmops.gke.gpu_pool]}", "no role llmops.gke.gpu_pool"),
        ("- {hosts: all, role: [llmops.gke.verify]}", "no key of a play: role"),
    ],
)
def test_a_slip_is_found(text, fault):
    (found,) = faults(BLOCKS[0]._replace(text=text))
    assert fault in found
