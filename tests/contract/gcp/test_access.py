# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight in projects where something is off, missing or hidden; each finding gives the command that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import iam_docs
import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_preflight import ARGUMENT_SPEC, run
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.google.iam import ProjectPolicy, converge_member
from ansible_collections.llmops.gke.plugins.module_utils.google.options import PROJECT_READER
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.access import table
from tests.unit.preflight_plans import deployment_plan

from .preflight_cases import POOL, pool

DEFAULT_ACCOUNT = "123456789012-compute@developer.gserviceaccount.com"
PROJECT = "sandbox-project"
WITH_STREAMING = pool(config={"gcfs_config": {"enabled": True}})
IMAGE = f"projects/{PROJECT}/global/images/models"
PRIVATE = {**POOL, "network_config": {"enable_private_nodes": True}}
WHOLE = deployment_plan(
    {**PRIVATE, "config": {**WITH_STREAMING["config"], "secondary_boot_disks": [{"disk_image": IMAGE}]}},
    cluster={},
    model={
        "replicas": {"least": 1, "most": 1},
        "metrics_adapter": "stackdriver",
        "permissions": [name for need in table.NEEDS if need.when == table.ADAPTER_GRANT for name in need.permissions],
        "inference_pool": True,
        "bucket": {"name": f"{PROJECT}-models", "path": "mistralai/Mistral-7B-Instruct-v0.1", "iam": True},
    },
    roles=("llmops", "preflight", "gke_cluster", "gpu_nodepool", "tgi_mistral", "dcgm_exporter"),
    options={
        "llmops_project": PROJECT,
        "llmops_gpu_metrics": "daemonset",
        "llmops_cluster_endpoint": "dns",
        "llmops_weights": "disk",
        "llmops_weights_disk_image": IMAGE,
    },
)
"""A plan that needs everything that the table has."""
PERMISSIONS = list(dict.fromkeys(name for need in table.NEEDS for name in need.permissions))

Look = Callable[..., list[str]]


@pytest.fixture
def look(options_of) -> Look:
    """What a plan's first check of the project finds, a line each."""

    def found(plan: dict[str, Any] | None = None, **given: Any) -> list[str]:
        asked = plan or deployment_plan(POOL, cluster={}, options={"llmops_project": PROJECT})
        options = options_of(ARGUMENT_SPEC, plan=asked, fail=False, **{"skip": ["model"], **given})
        lines = run(options, False, silent).values.get("msg", "").splitlines()
        return [line for line in lines if not line.startswith("If a check is wrong")]

    return found


@pytest.mark.parametrize("api", table.APIS, ids=lambda api: api.service)
def test_an_api_that_is_off_is_told_once_with_the_command_that_enables_it(look, fault, api):
    fault("service_disabled", match={"api": api.service})
    assert look(WHOLE) == [
        f"apis: not enabled in project {PROJECT}: {api.title}; gcloud services enable {api.service} --project {PROJECT}"
    ]


def test_a_fresh_project_is_told_in_one_line(look, fault):
    fault("service_disabled", match={"api": "(?!serviceusage).*"})
    (line,) = look()
    assert line.startswith(f"apis: not enabled in project {PROJECT}: Kubernetes Engine API, Compute Engine API, ")
    assert "containerfilesystem" not in line
    assert line.endswith(
        "gcloud services enable container.googleapis.com compute.googleapis.com iam.googleapis.com "
        "cloudresourcemanager.googleapis.com monitoring.googleapis.com logging.googleapis.com "
        f"--project {PROJECT}"
    )


def test_what_an_api_that_is_off_hides_is_told_where_the_apis_are_not_looked_at(look, fault):
    fault("service_disabled", match={"api": "cloudresourcemanager.*"})
    (line,) = look(skip=["model", "apis"])
    assert line.startswith("permissions: could not be checked: read what the caller may do in project")
    assert line.endswith(
        f"; gcloud services enable cloudresourcemanager.googleapis.com --project {PROJECT}, "
        "or turn off permissions by name (preflight_skip)"
    )


def test_a_module_whose_api_is_off_gives_the_command(options_of, fault):
    fault("service_disabled", match={"api": "cloudresourcemanager.*"})
    apis, deadline = GoogleApis(options_of(PROJECT_READER), Deadline(5)), Deadline(5)
    with pytest.raises(HttpError) as raised:
        converge_member(apis, deadline, ProjectPolicy(PROJECT), "roles/viewer", "user:a@example.com", "present", False)
    assert "Cloud Resource Manager API has not been used in project 123456789012" in raised.value.message
    assert raised.value.message.endswith(
        "; gcloud services enable cloudresourcemanager.googleapis.com --project 123456789012"
    )


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_a_permission_that_is_missing_is_told_with_its_role_and_the_command(look, fault, permission):
    fault("permission_denied", match={"permission": permission.replace(".", "[.]")})
    assert look(WHOLE) == [
        f"permissions: the caller lacks {permission} in project {PROJECT}; gcloud projects add-iam-policy-binding "
        f"{PROJECT} --member=MEMBER --role={table.role_of(permission)}"
    ]


@pytest.mark.parametrize("need", table.NEEDS, ids=lambda need: f"{need.use}: {need.role}")
def test_a_role_gives_the_permissions_for_which_it_is_named(need):
    """By Google's own lists, as they were published on 2026-08-22."""
    lists = json.loads((Path(__file__).parent / "predefined_roles.json").read_text(encoding="utf-8"))
    assert set(need.permissions) <= set(lists[need.role])
    assert table.ACT_AS in lists[table.ACCOUNT_USER]


def test_the_documents_hold_the_table():
    assert iam_docs.PAGE.read_text(encoding="utf-8") == iam_docs.page(), "run scripts/iam_docs.py"
    text = iam_docs.README.read_text(encoding="utf-8")
    assert iam_docs.readme(text) == text, "run scripts/iam_docs.py"
    assert all(api.service in iam_docs.page() for api in table.APIS)
    assert iam_docs.short() in text


def test_many_permissions_of_one_role_are_counted(look, fault):
    fault("permission_denied", match={"permission": "container[.].*"})
    always = [need for need in table.NEEDS if (need.role, need.when) == (table.CONTAINER_ADMIN, table.ALWAYS)]
    more = sum(len(need.permissions) for need in always) - 6
    (line,) = look()
    assert f"container.operations.get and {more} more of roles/container.admin in project {PROJECT}; " in line


def test_the_command_names_the_caller_where_its_credentials_tell(sandbox, look, fault):
    fault("permission_denied", match={"permission": "container.clusters.create"})
    key = {"access_token": None, "service_account_file": sandbox.endpoints["service_account_file"]}
    (line,) = look(**key)
    assert f"--member=serviceAccount:sandbox@{PROJECT}.iam.gserviceaccount.com --role=" in line


def test_acting_as_the_nodes_service_account_is_asked_of_that_account(sandbox, look, fault):
    fault("permission_denied", match={"permission": table.ACT_AS.replace(".", "[.]")})
    assert look() == [
        f"accounts: the caller lacks iam.serviceAccounts.actAs on {DEFAULT_ACCOUNT}, the service account of the nodes; "
        f"gcloud iam service-accounts add-iam-policy-binding {DEFAULT_ACCOUNT} --project {PROJECT} --member=MEMBER "
        "--role=roles/iam.serviceAccountUser"
    ]


def test_a_service_account_that_is_not_there(look):
    named = pool(config={"service_account": f"nodes@{PROJECT}.iam.gserviceaccount.com"})
    (line,) = look(deployment_plan(named, cluster={}, options={"llmops_project": PROJECT}))
    assert line.startswith(
        f"accounts: the service account of the nodes, nodes@{PROJECT}.iam.gserviceaccount.com, does not exist in "
        f"project {PROJECT}; set config.service_account to one that does"
    )


@pytest.mark.parametrize("skip", [["model"], ["model", "permissions", "price"]])
def test_a_wrong_project_is_one_finding(look, skip):
    (line,) = look(deployment_plan(POOL, cluster={}, options={"llmops_project": "somebody-elses"}), skip=skip)
    assert line.startswith(
        "llmops_project: there is no project somebody-elses, or the caller may see nothing of it (Google answers 403 "
        "to both); set llmops_project to the project's ID"
    )
    assert line.endswith("for each ROLE of roles/container.admin and roles/compute.viewer")


def test_a_project_of_which_the_caller_may_see_nothing_is_one_finding(look, fault):
    fault("permission_denied", match={"permission": ".*"})
    (line,) = look()
    assert line.startswith(f"llmops_project: there is no project {PROJECT}, or the caller may see nothing of it")
