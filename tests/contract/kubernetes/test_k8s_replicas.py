# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of replicas passes to an autoscaler and back, and no colleague's number is overridden on the way."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyConflict

SET = {"apply_set": "configmaps/model", "prune": True}
SCALE = ".spec.replicas"


def autoscaler(least: int, name: str = "model-hpa") -> dict:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "model"},
            "minReplicas": least,
            "maxReplicas": 5,
        },
    }


def spec(cluster) -> dict:
    return cluster.info("Deployment", api_version="apps/v1", name="model")[0]["spec"]


def replicas(cluster) -> int:
    return spec(cluster)["replicas"]


def until(holds, what: str) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.02)


def scalings(cluster) -> list[str]:
    """Each change of a number of replicas that the Deployments' controller has seen."""
    return sorted(event["message"] for event in cluster.info("Event") if event["reason"] == "ScalingReplicaSet")


def actions(result) -> dict[str, tuple[str, list]]:
    steps = {step["resource"]: step for step in result["plan"]}
    return {name: (step["action"], step["changes"]) for name, step in steps.items()}


def kubectl(cluster, tmp_path, *command: str) -> str:
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(cluster.kubeconfig))
    command = ("kubectl", "--kubeconfig", str(file), *command)
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def managers(cluster, tmp_path) -> set[tuple[str, str]]:
    """Who owns fields of the model, and by which subresource."""
    told = kubectl(cluster, tmp_path, "get", "deployment", "model", "--show-managed-fields", "--output=json")
    return {(one["manager"], one.get("subresource", "")) for one in json.loads(told)["metadata"]["managedFields"]}


def test_an_autoscaler_that_is_switched_on_finds_the_replicas_that_are_there(cluster, deployment):
    cluster.apply(deployment(replicas=3), wait=True, **SET)
    wanted = [deployment(replicas=None), autoscaler(1)]
    foretold = cluster.apply(*wanted, check=True, **SET)
    before = scalings(cluster)
    cluster.apply(*wanted, wait=True, **SET)
    assert scalings(cluster) == before
    assert replicas(cluster) == 3
    assert actions(foretold)["Deployment default/model"] == (
        "update",
        [{"field": "field manager of spec.replicas", "before": "this one too", "after": "others"}],
    )
    assert not cluster.apply(*wanted, **SET)["changed"]


def test_what_is_foretold_of_the_switch_is_what_happens(cluster, deployment):
    cluster.apply(deployment(replicas=3), **SET)
    wanted = [deployment(replicas=None, image="registry.k8s.io/pause:3.9"), autoscaler(1)]
    foretold = cluster.apply(*wanted, check=True, **SET)
    happened = cluster.apply(*wanted, **SET)
    assert (foretold["plan"], foretold["diff"]) == (happened["plan"], happened["diff"])


def test_an_autoscaler_that_is_there_already_counts_as_well(cluster, deployment):
    cluster.apply(deployment(replicas=3))
    cluster.apply(autoscaler(2))
    cluster.apply(deployment(replicas=None))
    assert replicas(cluster) == 3


def test_without_an_autoscaler_a_number_left_out_is_the_default(cluster, deployment):
    cluster.apply(deployment(replicas=3))
    cluster.apply(deployment(replicas=None))
    assert replicas(cluster) == 1


def test_a_sleeping_model_is_woken_by_the_default(cluster, deployment):
    asleep = [deployment(replicas=0), autoscaler(1)]
    cluster.apply(*asleep, **SET)
    cluster.apply(deployment(replicas=None), autoscaler(1), **SET)
    assert replicas(cluster) == 1


@pytest.mark.parametrize("scaled", [True, False], ids=["after it has scaled", "before it ever did"])
def test_an_autoscaler_that_is_switched_off_leaves_the_number_to_the_manifest(cluster, deployment, tmp_path, scaled):
    least = 4 if scaled else 1
    cluster.apply(deployment(replicas=3), **SET)
    cluster.apply(deployment(replicas=None), autoscaler(least), **SET)
    if scaled:
        until(lambda: replicas(cluster) == 4, "the autoscaler has scaled")
        # As the API server of Kubernetes 1.36 has it.
        assert ("kube-controller-manager", "scale") in managers(cluster, tmp_path)
    foretold = cluster.apply(deployment(replicas=2), check=True, **SET)
    happened = cluster.apply(deployment(replicas=2), **SET)
    assert replicas(cluster) == 2
    assert (foretold["plan"], foretold["diff"]) == (happened["plan"], happened["diff"])
    assert {entry["name"]: entry["action"] for entry in happened["objects"]}["model-hpa"] == "deleted"
    assert not cluster.apply(deployment(replicas=2), **SET)["changed"]
    assert cluster.apply(deployment(replicas=3), **SET)["changed"]
    known = {("llmops.gke", ""), ("kube-controller-manager", "status"), ("kube-controller-manager", "")}
    assert managers(cluster, tmp_path) <= known


def test_a_run_that_was_cut_off_after_the_autoscaler_went_is_taken_up(cluster, deployment):
    cluster.apply(deployment(replicas=None), autoscaler(4))
    until(lambda: replicas(cluster) == 4, "the autoscaler has scaled")
    cluster.apply(autoscaler(4), state="absent")
    cluster.apply(deployment(replicas=2))
    assert replicas(cluster) == 2


def test_a_model_that_goes_to_sleep_takes_the_number_from_its_own_autoscaler(cluster, deployment):
    cluster.apply(deployment(replicas=None), autoscaler(2), **SET)
    until(lambda: replicas(cluster) == 2, "the autoscaler has scaled")
    asleep = [deployment(replicas=0), autoscaler(2)]
    foretold = cluster.apply(*asleep, check=True, **SET)
    happened = cluster.apply(*asleep, **SET)
    assert replicas(cluster) == 0
    assert foretold["plan"] == happened["plan"]


@pytest.mark.parametrize("wanted", [0, 2])
def test_somebody_else_s_autoscaler_that_stays_keeps_its_number(cluster, deployment, wanted):
    cluster.apply(autoscaler(4, "theirs"))
    cluster.apply(deployment(replicas=None), **SET)
    until(lambda: replicas(cluster) == 4, "the autoscaler has scaled")
    for check in (True, False):
        with pytest.raises(ApplyConflict) as error:
            cluster.apply(deployment(replicas=wanted), check=check, **SET)
        assert error.value.fields["conflicts"] == [{"field": SCALE, "manager": "kube-controller-manager"}]
    assert replicas(cluster) == 4


def test_a_number_beside_its_own_autoscaler_is_a_conflict_and_no_fight(cluster, deployment):
    cluster.apply(deployment(replicas=None), autoscaler(4), **SET)
    until(lambda: replicas(cluster) == 4, "the autoscaler has scaled")
    with pytest.raises(ApplyConflict):
        cluster.apply(deployment(replicas=2), autoscaler(4), **SET)


def test_a_colleague_s_number_is_never_overridden_unasked(cluster, deployment, tmp_path):
    cluster.apply(deployment(replicas=None), autoscaler(2), **SET)
    until(lambda: replicas(cluster) == 2, "the autoscaler has scaled")
    # No replicas is how one halts an autoscaler.
    kubectl(cluster, tmp_path, "scale", "deployment/model", "--replicas=0")
    for check in (True, False):
        with pytest.raises(ApplyConflict) as error:
            cluster.apply(deployment(replicas=3), check=check, **SET)
        assert error.value.fields["conflicts"] == [{"field": SCALE, "manager": "kubectl"}]
    assert replicas(cluster) == 0
    cluster.apply(deployment(replicas=3), force_conflicts=True, **SET)
    assert replicas(cluster) == 3


def test_with_the_number_nothing_else_is_taken_over(cluster, deployment, tmp_path):
    cluster.apply(deployment(replicas=None), autoscaler(4), **SET)
    until(lambda: replicas(cluster) == 4, "the autoscaler has scaled")
    kubectl(cluster, tmp_path, "set", "image", "deployment/model", "main=registry.k8s.io/pause:3.9")
    for check in (True, False):
        with pytest.raises(ApplyConflict, match="kubectl-set"):
            cluster.apply(deployment(replicas=2), check=check, **SET)
    (container,) = spec(cluster)["template"]["spec"]["containers"]
    assert container["image"] == "registry.k8s.io/pause:3.9"
