# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from elsewhere than the Hub: what each place needs, and whether it is there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import SERVICES, GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.google.storage.buckets import (
    READ_POLICY,
    WRITE_POLICY,
    Bucket,
    look_at_bucket,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.access import table
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.checks import look_at
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import (
    Deployment,
    read_deployment,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import Plan, read_plan
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.table import check_rules
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.preflight_plans import deployment_plan

from .weights_cases import (
    BROKEN_PLACES,
    BUCKET,
    DISK,
    DISKS,
    DRIVER,
    HOLDS,
    IDENTITY,
    IMAGE,
    METADATA,
    STREAMING,
)

GPU = {
    "machine_type": "g2-standard-12",
    "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
}
PLANNED = {"name": "my-models", "path": "mistral/7b", "iam": True}
FILES = frozenset({"config.json", "model-00001-of-00002.safetensors"})
BOTH = frozenset({READ_POLICY, WRITE_POLICY})
THERE = {"name": "mistral", "location": "us-central1", "addonsConfig": {"gcsFuseCsiDriverConfig": {"enabled": True}}}
THERE |= {"workloadIdentityConfig": {"workloadPool": "demo-project.svc.id.goog"}}


def deployment(
    options: dict[str, Any], config: dict[str, Any] | None = None, *, cluster: Any = None, **model: Any
) -> Deployment:
    """A host with a GPU pool. config: of its nodes, beside what makes them GPU nodes."""
    nodes = {"name": "gpu", "locations": ["us-central1-a"], "initial_node_count": 1}
    nodes |= {"config": {**GPU, **(config or {})}}
    served = {"replicas": {"least": 1, "most": 1}, "shards": 1, **model}
    return read_deployment(deployment_plan(nodes, cluster=cluster, model=served, options=options))


def texts(here: Deployment) -> list[str]:
    return [finding.text for finding in check_rules(here, [])]


def equipped(options: dict[str, Any]) -> Deployment:
    return deployment(options, {**METADATA, **STREAMING, **DISKS}, cluster={**DRIVER, **IDENTITY})


@pytest.mark.parametrize("options", HOLDS, ids=str)
def test_places_that_can_be(options):
    assert texts(equipped(options)) == []


@pytest.mark.parametrize(("options", "told"), BROKEN_PLACES, ids=str)
def test_places_that_cannot_be(options, told):
    found = [text for text in texts(equipped(options)) if not text.startswith("llmops_weights: ")]
    assert len(found) == 1 and found[0].startswith(told), found


@pytest.mark.parametrize(
    ("options", "config", "cluster", "told"),
    [
        (BUCKET, METADATA, IDENTITY, "hub or disk, or a cluster with the Cloud Storage FUSE CSI driver: gke"),
        (BUCKET, METADATA, DRIVER, "hub or disk, or workload identity on cluster and GPU nodes"),
        (BUCKET, {}, {**DRIVER, **IDENTITY}, "hub or disk, or workload identity on cluster and GPU nodes"),
        (DISK, STREAMING, None, "hub or bucket, or GPU node pools that have the disk: gpu_nodepool_fields"),
        (
            DISK,
            {**STREAMING, "secondary_boot_disks": [{"disk_image": IMAGE, "mode": "CONTAINER_IMAGE_CACHE"}]},
            None,
            "hub or bucket, or GPU node pools that have the disk",
        ),
        (DISK, DISKS, None, "hub or bucket, or GPU node pools with image streaming"),
    ],
)
def test_what_a_place_needs_of_the_cluster_and_its_nodes(options, config, cluster, told):
    (text,) = texts(deployment(options, config, cluster=cluster))
    assert text.startswith(f'llmops_weights: "{options["llmops_weights"]}" is not accepted; it takes {told}')


def test_a_cluster_of_somebody_else_is_not_held_against_a_rule():
    assert texts(deployment(BUCKET, METADATA)) == []


def test_a_network_policy_may_shut_all_off_where_the_weights_are_on_the_node():
    shut = {"model_server_network_policy": True, "model_server_network_policy_egress": "none"}
    assert texts(deployment({**DISK, **shut}, {**STREAMING, **DISKS})) == []
    (text,) = texts(deployment({**BUCKET, **shut}, METADATA))
    assert text.startswith('model_server_network_policy_egress: "none" is not accepted; it takes hub, unless')


def plan(options: dict[str, Any] | None = None, *, cluster: Any = None, **planned: Any) -> Plan:
    bucket = {**PLANNED, **planned} if options is None else {}
    return read_plan(deployment(BUCKET if options is None else options, cluster=cluster, bucket=bucket))


def findings(here: Plan, bucket: Bucket | None = None, image: Any = None, clusters: Any = ()) -> list[tuple[str, str]]:
    facts = {"weights_bucket": bucket, "disk_image": image, "clusters": list(clusters)}
    return [(one.severity, one.text) for one in look_at(here, facts, {"weights"})]


def test_a_bucket_with_the_model_that_may_be_granted_is_fine():
    assert findings(plan(), Bucket(permissions=BOTH, files=FILES), clusters=[THERE]) == []


@pytest.mark.parametrize(
    ("planned", "bucket", "said"),
    [
        ({}, Bucket(exists=False), ("error", "weights: there is no bucket my-models (llmops_weights_bucket); gcloud")),
        (
            {},
            Bucket(permissions=BOTH, files=frozenset()),
            ("error", "weights: gs://my-models/mistral/7b holds no config.json and *.safetensors (llmops_weights_"),
        ),
        (
            {},
            Bucket(permissions=BOTH, files=frozenset({"config.json"})),
            ("error", "weights: gs://my-models/mistral/7b holds no *.safetensors ("),
        ),
        (
            {},
            Bucket(permissions=BOTH),
            ("warning", "weights: the caller may not list gs://my-models/mistral/7b, so whether the model's files"),
        ),
        (
            {},
            Bucket(permissions=frozenset({READ_POLICY}), files=FILES),
            ("error", f"weights: the caller lacks {WRITE_POLICY} on bucket my-models, to let the pods read it; gcloud"),
        ),
    ],
)
def test_what_is_wrong_with_a_bucket(planned, bucket, said):
    ((severity, text),) = findings(plan(**planned), bucket)
    assert severity == said[0] and text.startswith(said[1]), text


def test_who_grants_nothing_needs_no_right_to():
    assert findings(plan(iam=False), Bucket(files=FILES)) == []


@pytest.mark.parametrize("missing", ["addonsConfig", "workloadIdentityConfig"])
def test_a_cluster_that_is_there_already_must_have_driver_and_identity(missing):
    there = {**THERE, missing: {}}
    whole = Bucket(permissions=BOTH, files=FILES)
    ((severity, text),) = findings(plan(), whole, clusters=[there])
    assert severity == "error" and "gcloud container clusters update mistral --location us-central1" in text
    # Of the play's own cluster the rules are asked; it may get the driver in this run.
    assert findings(plan(cluster={**DRIVER, **IDENTITY}), whole, clusters=[there]) == []


@pytest.mark.parametrize(
    ("image", "said"),
    [("READY", None), (None, "there is no disk image"), ("PENDING", "is PENDING")],
)
def test_the_disk_image(image, said):
    found = findings(plan(DISK), image=image)
    assert [severity for severity, _text in found] == ["error"] * (said is not None)
    assert all(said in text and "llmops_weights_disk_image" in text for _severity, text in found)


def test_what_is_asked_of_whom():
    assert plan(DISK).disk_image == IMAGE
    assert plan({**DISK, "llmops_weights_disk_image": "global/images/mistral-7b"}).disk_image == IMAGE
    assert plan().hub_mirror and plan(DISK).hub_mirror and not plan({}).hub_mirror
    assert deployment({}).asks_hub and not deployment(BUCKET).asks_hub
    assert table.BUCKET in table.circumstances(plan()) and table.DISK in table.circumstances(plan(DISK))
    assert not {table.BUCKET, table.DISK} & table.circumstances(plan({}))


LIST, TEST = "/b/my-models/o", "/b/my-models/iam/testPermissions"
PREFIX = "prefix=mistral%2F7b%2F&delimiter=%2F&fields=items%28name%29%2CnextPageToken"
ASKED = f"permissions={READ_POLICY}&permissions={WRITE_POLICY}"


def look(answers: dict[tuple[str, str], Any]) -> tuple[Bucket, list[str]]:
    with FakeServer(answers) as server:
        ends = dict.fromkeys(SERVICES.values(), server.url)
        apis = GoogleApis({"access_token": "t", **ends}, Deadline(5))
        try:
            return look_at_bucket(apis, "my-models", "mistral/7b"), [request.path for request in server.requests]
        finally:
            apis.close()


def test_a_bucket_is_listed_and_the_callers_rights_are_asked():
    items = {"items": [{"name": "mistral/7b/config.json"}, {"name": "mistral/7b/a.safetensors"}]}
    answers = {("GET", LIST): items, ("GET", TEST): {"permissions": [READ_POLICY]}}
    bucket, paths = look(answers)
    assert bucket == Bucket(True, frozenset({READ_POLICY}), frozenset({"config.json", "a.safetensors"}))
    assert [path.partition("?")[0] for path in paths] == [LIST, TEST]


def test_a_bucket_that_is_hidden_absent_or_broken():
    refused, absent = google_error(403, "forbidden", "No."), google_error(404, "notFound", "None.")
    assert look({("GET", LIST): refused, ("GET", TEST): refused})[0] == Bucket(True, frozenset(), None)
    assert look({("GET", LIST): absent})[0] == Bucket(exists=False)
    with pytest.raises(HttpError):
        look({("GET", LIST): Reply(400, {"error": {"code": 400, "message": "No."}})})
