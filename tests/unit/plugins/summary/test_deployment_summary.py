# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deployment_summary tells of hosts, for each playbook, and of many."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.command import Command
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.costs.of_cluster import of_cluster
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import POD, POOLS, PRICE, host, step, verified

FORGED = "\x1b[2J\nok: [one] forged \U0001f431"


def told(*hosts, width=80):
    lines, data = summarise(hosts, width)
    assert json.loads(json.dumps(data)) == data
    assert all(len(line) <= width for line in lines if len(line.split()) > 2), lines
    assert not [line for line in lines if "\x1b" in line or line.startswith("ok: ")]
    return " ".join(" ".join(line.removesuffix("\\") for line in lines).split()), data["llmops_summary"]


def test_a_deployment_tells_where_it_is_what_changed_what_it_costs_and_what_is_next():
    plan = {"plan": [step("create", "Deployment default/m")]}
    text, data = told(
        host(preflight_checked={"price": PRICE}, verify_result=verified(FORGED), model_server_result=plan)
    )
    for part in (
        "one: mistral is served.",
        "address http://203.0.113.9 exposure a load balancer on the internet, without an API key",
        "gpu: g2-standard-12 with 1 x nvidia-l4, 1 to 2 nodes a zone",
        "changed 1 created, 0 changed, 0 removed + Deployment default/m",
        "costs about 1.77 USD an hour with the first nodes 1.36 at the least, 3.23 at the most; list prices",
        "try it curl http://203.0.113.9/v1/chat/completions",
        "ansible-playbook -i mine playbooks/status.yml",
        "-e llmops_confirm_teardown=c",
    ):
        assert part in text, part
    one = data["one"]
    assert (one["state"], one["verdict"], one["error"]) == ("serving", "fit", None)
    assert one["exists"] == ["cluster c", "node pool default-pool", "node pool gpu"]
    assert one["latency"]["ttft_seconds"] == 0.05
    assert one["cost"]["hour"] == 1.77


@pytest.mark.parametrize(
    ("n", "words"), [(1, "over all one request, 64 tokens "), (2, "medians of 2 requests, 64 tokens each")]
)
def test_of_how_many_requests_the_latency_is(n, words):
    result = verified()
    hot = {name: {"median": 0.05, "n": n} for name in result["latency"]["hot"]}
    result["latency"] |= {"hot": hot, "tokens": {"median": 64}}
    assert words in told(host(verify_result=result, preflight_checked={"price": PRICE}))[0]


def test_a_key_is_asked_for_by_the_name_of_its_variable():
    text, _data = told(host(verify_result=verified(), variables={"llmops_api_key": True}))
    assert '-H "Authorization: Bearer $LLMOPS_API_KEY"' in text
    assert "LLMOPS_API_KEY" not in told(host(verify_result=verified()))[0]


@pytest.mark.parametrize(
    ("url", "goes"), [("http://203.0.113.9", True), ("https://m.example.com", False), ("http://127.1.2.3", False)]
)
def test_a_key_is_not_sent_in_the_clear_by_the_request_to_try(url, goes):
    text, _data = told(host(verify_result={**verified(), "url": url}, variables={"llmops_api_key": True}))
    assert ("port-forward service/m-service 8080:80 &" in text) == goes
    assert f"curl {'http://127.0.0.1:8080' if goes else url}/v1/chat/completions" in text


def test_a_model_inside_the_cluster_is_tried_through_a_forwarded_port():
    text, data = told(host(verify_result={**verified(), "url": ""}))
    assert "address in the cluster: m-service.default.svc:80" in text
    assert "port-forward service/m-service 8080:80 &" in text
    assert data["one"]["address"] == "http://m-service.default.svc:80"


def test_replicas_on_equal_nodes_are_told_once():
    pods = [POD, {**POD, "node": "n2"}, {**POD, "node": "n3", "spot": True}]
    text, _data = told(
        host("one", "verify", verify_result={**verified(), "latency": {**verified()["latency"], "pods": pods}})
    )
    assert (
        "runs on 2 x g2-standard-12 of gpu in us-central1-a, on demand g2-standard-12 of gpu in us-central1-a, Spot"
        in text
    )


def test_a_preview_says_what_would_be_done():
    plan = {"plan": [step("create", "cluster c")], "cluster": {"name": "c", "nodePools": POOLS}}
    text, data = told(host(check=True, gke_cluster_result=plan, preflight_checked={"price": PRICE}))
    assert "this was a preview, nothing was changed. to do 1 to create, 0 to change, 0 to remove + cluster c" in text
    assert (data["one"]["state"], data["one"]["exists"]) == ("planned", [])
    # Whoever previewed a value that he gave as an extra variable wants that one.
    assert "do it the same command without --check" in text


def test_a_preview_repeats_what_was_warned_of():
    warned = {"price": PRICE, "warnings": ["no GPU for a rollout"]}
    hosts = host(check=True, preflight_checked=warned, model_server_result={"plan": [], "warnings": [f"w{FORGED}"]})
    text, _data = told(hosts)
    assert "warnings no GPU for a rollout w" in text
    assert "warnings" not in told(host(preflight_checked=warned, verify_result=verified()))[0]


@pytest.mark.parametrize("check", [False, True])
def test_preflight_alone_tells_what_it_checked_and_what_comes_next(check):
    checked = {"price": PRICE, "checked": ["apis", "quota"], "warnings": ["the model is open"]}
    text, data = told(host(check=check, gke_cluster_result=None, preflight_checked=checked))
    assert text.startswith(
        "one: preflight found nothing in the way of mistralai/Mistral-7B-Instruct-v0.1. checked apis,"
    )
    assert "quota warnings the model is open changed nothing: this only checks costs about 1.77 USD" in text
    assert "see the plan ansible-playbook -i mine playbooks/deploy.yml --check --diff" in text
    assert data["one"]["state"] == "checked"


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"gke_cluster_result": None, "verify_result": verified()}, "nothing: this only asks and measures"),
        ({"lb_labels_result": {"plan": []}}, "nothing: what this run compared is as the inventory has it"),
        (
            {f"{role}_result": {"plan": []} for role in ("gke_cluster", "gpu_nodepool", "model_server", "lb_labels")},
            "nothing: all is as the inventory has it",
        ),
    ],
)
def test_a_part_of_a_deployment_does_not_speak_of_all(results, words):
    assert f"changed {words}" in told(host(**results))[0]


@pytest.mark.parametrize("failed", [False, True])
def test_a_sandbox_that_was_started_anew_is_told_of(failed):
    facts = {"failed": failed, "verify_result": verified()}
    for changed in (False, True):
        run = {"sandboxes": [{"directory": "/d", "hosts": ["one"], "changed": changed}]}
        text, _data = told(host(**facts, variables={"llmops_sandbox_run": run}))
        assert ("sandbox none was running: started anew, empty" in text) == changed


def test_a_failure_says_what_is_there_and_what_it_costs_all_the_same():
    failed = {
        "failed": True,
        "msg": f"no GPU is free{FORGED}\nsecond line",
        "error": {"steps_done": [], "node_pools": POOLS[1:]},
    }
    text, data = told(
        host(
            failed=True,
            gpu_nodepool_result=failed,
            gke_cluster_result={
                "plan": [step("create", "cluster c")],
                "cluster": {"name": "c", "status": "RUNNING", "nodePools": POOLS[:1]},
            },
        )
    )
    assert "one: FAILED: no GPU is free" in text and "second line" not in text
    assert "exists cluster c node pool default-pool node pool gpu changed 1 created" in text
    assert "an hour" in text and "run again the same command, once that is mended" in text
    assert data["one"]["state"] == "failed"


@pytest.mark.parametrize("status", ["RUNNING", "RUNNING_WITH_ERROR", "ERROR"])
def test_a_broken_gpu_pool_is_made_anew_by_a_variable_that_the_failure_names(status):
    failed = {"failed": True, "msg": "no stock", "error": {"node_pools": [{**POOLS[1], "status": status}]}}
    text, _data = told(host(failed=True, gpu_nodepool_result=failed))
    assert ("with -e gpu_nodepool_repair=true" in text) == (status != "RUNNING")


@pytest.mark.parametrize("name", ["theirs", "default-pool"])
def test_a_broken_pool_that_is_no_gpu_pool_of_the_host_s_is_not_advised_on(name):
    theirs = {**POOLS[1], "name": name, "status": "ERROR"}
    failed = {"failed": True, "msg": "no stock", "error": {"node_pools": [POOLS[1], theirs]}}
    assert "gpu_nodepool_repair" not in told(host(failed=True, gpu_nodepool_result=failed))[0]


def test_a_task_that_registers_nothing_is_a_failure_too():
    assert "its task's error is above" in told(host(playbook="verify", failed=True))[0]


def test_a_host_that_another_one_s_failure_stopped_is_told_so():
    """By any_errors_fatal or max_fail_percentage, with which Ansible ends the play for all of them."""
    other = host("a", failed=True, gke_cluster_result={"failed": True, "msg": "no stock"})
    for further in ([], [host("b")]):
        text, data = told(other, *further, host("c", failed=True))
        assert "its task's error is above, or it was stopped because of another host's" in text
        assert data["a"]["error"] == "no stock"


def test_in_earnest_it_is_the_users_inventory_alone_and_all_of_its_hosts():
    run = Command(".venv/bin/ansible-playbook", ("models", "sandbox"), limit="m*", extra={"llmops_name": "x"})
    text, _data = told(host(verify_result=verified(), variables={"llmops_sandbox": {"speed": 50}}, command=run))
    assert ".venv/bin/ansible-playbook -i inventories/mine playbooks/deploy.yml All of this was simulated" in text


@pytest.mark.parametrize("check", [True, False])
def test_two_models_of_one_cluster_are_summed_up(check):
    """A node for each model, the cluster and the system's nodes once."""
    models = [{"llmops_name": name} for name in "ab"]
    hosts = [host(one["llmops_name"], check=check, variables=one, preflight_checked={"price": PRICE}) for one in models]
    text, _data = told(*hosts)
    assert "Together: about 2.82 USD an hour, the nodes that they share counted once." in text
    apart = [host(name, variables={"llmops_cluster": name}, preflight_checked={"price": PRICE}) for name in "ab"]
    assert "Together" not in told(*apart)[0] + told(hosts[0])[0]


def test_a_failure_with_several_findings_tells_how_many_there_are():
    findings = [{"message": "no such model"}, {"message": "no such zone"}, {"message": "no quota"}]
    failed = {"failed": True, "msg": "no such model\nno such zone\nno quota", "error": {"findings": findings}}
    text, data = told(host(failed=True, preflight_checked=failed))
    assert "one: FAILED: no such model (and 2 more, above)" in text
    assert data["one"]["error"] == "no such model (and 2 more, above)"


LONG = "no zone has stock: a, b and c were tried; " + "run again later, or name other zones " * 20 + "at last"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no zone has stock; run again later", "FAILED: no zone has stock; run again later exists"),
        (LONG, "FAILED: no zone has stock: a, b and c were tried (in full above) exists"),
        (LONG.replace(";", ""), "zones run again (in full above) exists"),
    ],
)
def test_a_long_error_is_not_repeated_where_it_stands_right_above(message, shown):
    failed = {"gpu_nodepool_result": {"failed": True, "msg": message}}
    text, data = told(host(failed=True, **failed))
    assert shown in text
    assert data["one"]["error"] == message
    # Of many hosts, it may be far above.
    assert message in told(*(host(name, failed=True, **failed) for name in "abc"))[0]


def test_a_teardown_tells_that_a_bucket_stays_with_who_may_read_it():
    bucket = {"llmops_weights": "bucket", "llmops_weights_bucket": "gs://my-models/7b"}
    text, _data = told(host(playbook="teardown", variables=bucket))
    assert "bucket gs://my-models/7b stays, and so does the pods' right to read it" in text
    assert "stays" not in told(host(playbook="teardown"))[0]


@pytest.mark.parametrize(
    ("result", "variables", "words"),
    [
        ({"plan": [step("delete", "cluster c")]}, {}, ["is removed.", "p: removed", "nothing any more"]),
        ({"plan": []}, {}, ["there was nothing to remove."]),
        (
            {"plan": []},
            {"teardown_keeps_cluster": True, "teardown_workloads": ["b/theirs"]},
            ["c stays, because others run on it: b/theirs", "USD an hour"],
        ),
    ],
)  # fmt: skip
def test_a_teardown_tells_what_went_what_stays_and_why(result, variables, words):
    there = {"clusters": [{"name": "c", "status": "RUNNING", "nodePools": POOLS}]}
    one = host(playbook="teardown", variables=variables, gke_cluster_result=result, teardown_clusters=there)
    text, data = told(one)
    for word in words:
        assert word in text
    left = data["one"]["exists"]
    assert left == ([] if result["plan"] else ["cluster c", "node pool default-pool", "node pool gpu"])
    whys = ["others run on it", *["it belongs to the cluster"] * 2]
    assert [part["why"] for part in data["one"]["kept"]] == (whys if variables else [])


def test_many_hosts_are_a_table_with_a_sum():
    shared = {"plan": [step("create", "cluster c")], "cluster": {"name": "c", "status": "RUNNING", "nodePools": POOLS}}
    hosts = [host(f"host-{n}", verify_result=verified(), gke_cluster_result=shared) for n in range(3)]
    broken = host(
        "broken", failed=True, gke_cluster_result={"failed": True, "msg": "no"}, variables={"llmops_cluster": "d"}
    )
    lines, data = summarise([*hosts, broken], 80)
    text = "\n".join(lines)
    assert [line.split()[0] for line in lines if line[0] != " "] == [
        "host", "host-0", "host-1", "host-2", "broken", "total",
    ]  # fmt: skip
    assert "3 serving, 1 failed, of 1 cluster; 1 created, 0 changed, 0 removed" in text
    total = data["llmops_total"]
    # Three replicas need three GPUs, of which the pool may have two.
    assert total["hour"] == of_cluster(POOLS, {}, gpus={"gpu": 3})["hour"] > of_cluster(POOLS, {})["hour"]
    assert all(len(line) <= 80 for line in lines)


def test_what_a_cluster_costs_is_what_preflight_estimates_of_the_same_plan():
    cost = of_cluster(POOLS, {})
    assert (cost["hour"], cost["least"], cost["most"]) == (1.77, 1.36, 3.23)
    assert of_cluster([{"config": None}], {}) is None
    assert of_cluster([{"name": "x", "config": {"machineType": "z9-none-1"}}], {})["complete"] is False
