# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from a mirror, a bucket and a secondary boot disk, one deployment that moves from each to the next.

The tests of this file build on each other, in their order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.playbooks.watching import Watcher

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
URI = f"gs://sandbox-project-models/{MODEL}"
BUCKET: dict[str, Any] = {"llmops_weights": "bucket", "llmops_weights_bucket": URI}
DISK: dict[str, Any] = {
    "llmops_engine": "vllm",
    "llmops_weights": "disk",
    "llmops_weights_disk_image": "projects/sandbox-project/global/images/models",
    "llmops_weights_disk_path": MODEL,
    "gpu_nodepool_recreate": True,
}
QUICK = {"verify_latency_samples": 3}
TGI, VLLM = "text-generation-inference", "vLLM"


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def pod(watcher) -> dict[str, Any]:
    return watcher.get("deployment", "mistral-7b")["spec"]["template"]


def environment(watcher) -> dict[str, str]:
    (container,) = pod(watcher)["spec"]["containers"]
    return {one["name"]: one.get("value", "from a Secret") for one in container["env"]}


def runs(sandbox) -> list[tuple[str, str]]:
    """Server and source of the weights of this run and those beside it in the report."""
    report = json.loads(sandbox.report.with_suffix(".json").read_text())
    (pod,) = report["latency"]["pods"]
    beside = [(one["server"].partition(" ")[0], one["weights"]) for one in report["beside"]]
    return [(report["latency"]["info"]["server"], pod["weights"]), *beside]


def hub_requests(sandbox) -> list[str]:
    return [one["path"] for one in sandbox.requests() if one["service"] == "huggingface"]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"llmops_weights_bucket": "gs://no-such-bucket/7b"}, "weights: there is no bucket no-such-bucket"),
        ({"llmops_weights_bucket": URI + "/lora"}, f"weights: {URI}/lora holds no config.json and *.safetensors"),
        (
            {"gke_cluster_fields": {"addons_config": {"gcs_fuse_csi_driver_config": {"enabled": False}}}},
            'llmops_weights: "bucket" is not accepted; it takes hub or disk, or a cluster with the Cloud Storage FUSE',
        ),
    ],
    ids=["absent", "empty", "no driver"],
)
def test_what_cannot_work_is_refused_before_anything_is_made(sandbox, variables, told):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables=BUCKET | variables)
    assert run.code != 0 and told in " ".join(run.output.split()), run.output
    assert sandbox.writes() == []


def test_pods_ask_the_mirror_that_preflight_asks(sandbox, watcher):
    run = sandbox.play("deploy.yml", variables=QUICK)
    assert run.code == 0, run.output
    assert environment(watcher)["HF_ENDPOINT"] == sandbox.endpoints["huggingface"]
    asked = [(TGI, f"{sandbox.endpoints['huggingface']}, as the Hugging Face Hub")]
    assert runs(sandbox) == asked
    again = sandbox.play("deploy.yml", variables=QUICK)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
    assert runs(sandbox) == asked


def test_a_bucket_is_granted_mounted_and_nobody_asks_the_hub(sandbox, watcher):
    sandbox.forget_requests()
    asked = sandbox.play("deploy.yml", "--check", variables=BUCKET | QUICK, HF_TOKEN="")
    assert asked.code == 0, asked.output
    assert sandbox.writes_beside_dry_runs() == []
    run = sandbox.play("deploy.yml", variables=BUCKET | QUICK, HF_TOKEN="")
    assert run.code == 0, run.output
    assert hub_requests(sandbox) == []
    assert asked.recap["changed"] == run.recap["changed"], asked.output + run.output
    assert "whether the model fits the GPU's memory is not known" in " ".join(run.output.split())
    template = pod(watcher)
    assert template["metadata"]["annotations"]["gke-gcsfuse/volumes"] == "true"
    assert template["spec"]["serviceAccountName"] == "mistral-7b"
    (volume,) = [one for one in template["spec"]["volumes"] if one["name"] == "weights"]
    assert volume["csi"]["driver"] == "gcsfuse.csi.storage.gke.io" and volume["csi"]["readOnly"] is True
    attributes = volume["csi"]["volumeAttributes"]
    assert attributes["bucketName"] == "sandbox-project-models"
    assert attributes["gcsfuseMetadataPrefetchOnMount"] == "true"
    options = attributes["mountOptions"].split(",")
    assert {"implicit-dirs", f"only-dir={MODEL}", "file-cache:enable-parallel-downloads:true"} <= set(options)
    assert environment(watcher)["HF_HUB_OFFLINE"] == "1"
    assert not {"HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} & environment(watcher).keys()
    # What it served before was from the Hub, which the report shows beside this start.
    assert [(server, weights.partition(":")[0]) for server, weights in runs(sandbox)] == [(TGI, "gs"), (TGI, "http")]
    assert "Cold start of a pod" in sandbox.report.read_text()
    again = sandbox.play("deploy.yml", variables=BUCKET | QUICK)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_a_pod_that_may_not_read_the_bucket_says_so_in_the_drivers_words(sandbox):
    """Without the looks before, and without the grant: an absent bucket ends the wait at once."""
    wrong = {"llmops_weights_bucket": "gs://no-such-bucket/7b", "model_server_bucket_iam": False}
    blind = {"preflight_skip": ["weights"], "model_server_max_surge": 1, "model_server_max_unavailable": 0}
    run = sandbox.play("deploy.yml", "--tags", "model_server", variables=BUCKET | wrong | blind)
    told = " ".join(run.output.split())
    assert run.code != 0, run.output
    assert "code = NotFound desc = failed to get GCS bucket" in told
    assert "create the bucket, or correct its name" in told
    # The old pod has served all the while, and serves on once the way is right again.
    mended = sandbox.play("deploy.yml", "--tags", "model_server,verify", variables=BUCKET | QUICK)
    assert mended.code == 0, mended.output


def test_the_other_server_has_them_from_a_disk(sandbox, watcher):
    refused = sandbox.play("deploy.yml", variables=DISK | QUICK | {"gpu_nodepool_recreate": False})
    told = " ".join(refused.output.split())
    assert refused.code != 0 and "llmops_weights_disk_image cannot be changed in place" in told, refused.output
    sandbox.forget_requests()
    asked = sandbox.play("deploy.yml", "--check", variables=DISK | QUICK)
    assert asked.code == 0, asked.output
    run = sandbox.play("deploy.yml", variables=DISK | QUICK)
    assert run.code == 0, run.output
    assert hub_requests(sandbox) == []
    assert asked.recap["changed"] == run.recap["changed"], asked.output + run.output
    template = pod(watcher)["spec"]
    assert template["nodeSelector"]["llmops.gke/weights-disk"] == "models"
    assert template["containers"][0]["args"][0] == f"/models/{MODEL}"
    (volume,) = [one for one in template["volumes"] if one["name"] == "weights"]
    path = f"/mnt/disks/gke-secondary-disks/gke-models-disk/{MODEL}"
    assert volume["hostPath"] == {"path": path, "type": "Directory"}
    # The account that read the bucket went with it.
    accounts = [one["metadata"]["name"] for one in watcher.get("serviceaccount")["items"]]
    assert "mistral-7b" not in accounts
    assert [server for server, _weights in runs(sandbox)] == [VLLM, TGI, TGI]
    assert runs(sandbox)[0][1] == "a disk of the image models"
    again = sandbox.play("deploy.yml", variables=DISK | QUICK)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_nothing_is_left(sandbox):
    run = sandbox.play("teardown.yml", variables=DISK)
    assert run.code == 0, run.output
    again = sandbox.play("teardown.yml", variables=DISK)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
