# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What status says first: not only whether the inventory is kept, but whether the model serves."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import POOLS, host

DIFFERENCE = {"resource": "Service default/m", "state": "drifted", "changes": [], "message": "it differs"}
SHORT = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: none."
EXCEEDED = 'ReplicaSet "m-1" has timed out progressing.'
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": EXCEEDED}
NO_POD = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: q"}


def deployment(replicas=1, ready=0, *conditions, name="m"):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": "default", "name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [{"name": "c"}]}},
        },
        "status": {"readyReplicas": ready, "conditions": list(conditions)},
    }


def pod(**status):
    metadata = {"namespace": "default", "name": "m-1-a", "labels": {"app": "m"}, "uid": "u"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}, "status": status}


def waiting(reason, message=""):
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(phase="Pending", containerStatuses=[{"name": "c", "state": state, "ready": False}])


UNPLACED = pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": SHORT}])
READY = pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}])


def told(*objects, differences=(), events=(), hosts=1, **given):
    variables = {"status_objects": list(objects), "status_events": list(events), "status_differences": [*differences]}
    variables |= {"llmops_secret_name": "m-credentials", **given}
    there = {"clusters": [{"name": "c", "status": "RUNNING", "nodePools": POOLS}]}
    each = [host(f"h{n}", "status", variables=variables, status_cluster=there) for n in range(hosts)]
    lines, data = summarise(each, 100)
    assert json.loads(json.dumps(data)) == data
    return " ".join(" ".join(lines).split()), data["llmops_summary"]["h0"]


@pytest.mark.parametrize(
    ("objects", "state", "title"),
    [
        ([deployment(1, 1), READY], "as wanted", "as the inventory has it Cluster"),
        ([deployment(1, 0, LATE), UNPLACED], "not serving",
         "as the inventory has it, but it does not serve: no node fits pod m-1-a: "),
        ([deployment(1, 0), waiting("ImagePullBackOff", "not found")], "not serving",
         "but it does not serve: container c of pod m-1-a: ImagePullBackOff: not found"),
        ([deployment(1, 0), waiting("ContainerCreating")], "not serving", "ContainerCreating"),
        ([deployment(1, 0, NO_POD)], "not serving", "but it does not serve: exceeded quota: q"),
        ([deployment(1, 0, LATE)], "not serving", f"but it does not serve: {EXCEEDED}"),
        ([deployment(1, 0)], "not serving", "but it does not serve: it has no pod"),
        ([deployment(2, 1, LATE), READY, UNPLACED], "rollout failed",
         "as the inventory has it, but its rollout failed: no node fits pod m-1-a: "),
        ([deployment(2, 1), READY, UNPLACED], "as wanted", "as the inventory has it Cluster"),
        ([deployment(0, 0)], "asleep", "as the inventory has it: it sleeps, without replicas"),
        ([deployment(1, 0, LATE, name="another"), deployment(1, 1), READY], "as wanted", "as the inventory has it"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_serve_is_told_first(objects, state, title):
    text, data = told(*objects)
    assert title in text
    assert "no drift: everything is as the inventory has it" in text
    assert data["state"] == state
    assert bool(data["reason"]) == (state in ("not serving", "rollout failed"))


def test_a_deployment_that_is_gone_serves_nothing():
    node = {"kind": "Node", "metadata": {"name": "n"}, "status": {}}
    gone = {"resource": "Deployment default/m", "state": "missing", "changes": [], "message": ""}
    text, data = told(node, differences=[gone])
    assert "not as the inventory has it, and it does not serve: there is no Deployment default/m" in text
    assert (data["state"], data["reason"]) == ("drifted", "there is no Deployment default/m")
    assert "verify.yml" not in text and "mend it" in text and "llmops_force_conflicts=true" in text


def test_what_the_inventory_does_not_set_is_told_in_words():
    change = {"field": "spec.x", "before": 1, "after": None}
    drift = {"resource": "Service default/m", "state": "drifted", "changes": [change], "message": ""}
    assert "drift in Service default/m: spec.x is 1, the inventory has nothing" in told(differences=[drift])[0]


@pytest.mark.parametrize("other", [{"namespace": "team-b"}, {"deletionTimestamp": "now"}, {"labels": {"app": "x"}}])
def test_pods_of_others_and_those_that_go_are_no_reason(other):
    elsewhere = {**UNPLACED, "metadata": {**UNPLACED["metadata"], **other}}
    assert told(deployment(1, 0), elsewhere)[1]["reason"] == "it has no pod"


def test_what_events_say_is_a_part_of_the_reason():
    event = {
        "metadata": {"namespace": "default", "name": "e", "uid": "e"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "m-1-a", "uid": "u"},
        "reason": "NotTriggerScaleUp",
        "message": "pod didn't trigger scale-up: 1 max node group size reached",
    }
    _text, data = told(deployment(1, 0), UNPLACED, events=[event])
    assert "no pool grows for it (1 max node group size reached)" in data["reason"]


def test_drift_stays_drift_and_is_not_all_that_is_told():
    text, data = told(deployment(1, 0, LATE), UNPLACED, differences=[DIFFERENCE])
    assert "h0: not as the inventory has it, and it does not serve: no node fits pod m-1-a" in text
    assert (data["state"], "no node fits" in data["reason"]) == ("drifted", True)
    text, data = told(deployment(2, 1, LATE), READY, UNPLACED, differences=[DIFFERENCE])
    assert "h0: not as the inventory has it, and its rollout failed: no node fits pod m-1-a" in text
    text, data = told(differences=[DIFFERENCE])
    assert ("h0: not as the inventory has it Cluster" in text, data["reason"]) == (True, None)


def test_a_key_that_is_missing_here_is_told_from_drift():
    change = {"field": "data.API_KEY", "before": "***", "after": None}
    secret = {"resource": "Secret default/m-credentials", "state": "drifted", "changes": [change], "message": ""}
    hint = "llmops_api_key is empty here, though the model has a key"
    assert hint in told(deployment(1, 1), READY, differences=[secret])[0]
    assert hint not in told(deployment(1, 1), READY, differences=[{**secret, "changes": []}])[0]
    assert hint not in told(deployment(1, 1), READY, differences=[secret], llmops_api_key=True)[0]


def test_in_a_table_the_reason_stands_below_the_host():
    text, _data = told(deployment(1, 0, LATE), UNPLACED, hosts=3)
    assert text.count("no node fits pod m-1-a") == 3
    assert "3 not serving, of 1 cluster" in text


@pytest.mark.parametrize(
    ("objects", "command"),
    [
        ([deployment(1, 1), READY], "ask it ansible-playbook -i mine playbooks/verify.yml"),
        ([deployment(1, 0), UNPLACED], "wait for it ansible-playbook -i mine playbooks/deploy.yml"),
        ([deployment(0, 0)], "wake it ansible-playbook -i mine playbooks/deploy.yml -e llmops_replicas=1"),
    ],
)
def test_what_is_next_fits_what_was_seen(objects, command):
    assert command in told(*objects)[0]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"lastTimestamp": "2026-11-27T11:59:30Z"}, ", 30 s ago"),
        ({"lastTimestamp": "2026-11-27T11:58:01Z"}, ", 119 s ago"),
        ({"lastTimestamp": "2026-11-27T11:58:00Z", "count": 3}, ", 3 times, 2 min ago"),
        ({"eventTime": "2026-11-27T09:30:00.123456Z"}, ", 2 h ago"),
        ({"lastTimestamp": "2026-11-24T12:00:00Z"}, ", 3 days ago"),
        # Clocks differ a little.
        ({"lastTimestamp": "2026-11-27T12:00:02Z"}, ", 0 s ago"),
        ({}, ""),
        ({"lastTimestamp": "yesterday"}, ""),
    ],
)
def test_a_warning_has_its_age(times, words):
    event = {"kind": "Event", "type": "Warning", "reason": "Unhealthy", "message": "refused", "metadata": {}, **times}
    event["involvedObject"] = {"kind": "Pod", "name": "m-1-a"}
    assert f"Warning Pod/m-1-a{words}: Unhealthy: refused" in told(READY, events=[event])[0]
